/* plan.c - from the graph to the frozen plan: where every tensor lies, and the order of steps.
 *
 * 1. Placing, from the last op to the first. A tensor gets a buffer of its own, or lies inside the buffer
 *    of what it becomes part of (a concatenation, the network's output, a reshape). Images (the tensors of
 *    ops that prefer it) have their channels innermost; a tensor that a convolution reads with padding has
 *    a border of zeros in memory.
 * 2. Views, from the first op to the last: reshape, permute and slice cost nothing where strides can
 *    express them, else a copy step.
 * 3. Lifetimes, sharing in place, and offsets in one arena: largest buffer first, at the lowest offset
 *    that is free while it lives.
 *
 * Nothing here changes a value; the generated code reads and writes through the views. */
#include "plan.h"

#include "ops/ops.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *const buffer_kind_names[] = {"arena", "input", "output", "const", "state", "kept"};

typedef struct planner {
    session *s;
    const graph *g;
    plan *p;
    bool *channels_last; /* per tensor */
    int64_t (*halo)[4];  /* per tensor */
    int cap_buffers;
    const char *named, *named_what; /* what the last step was named after, */
    int number;                     /* and its number */
} planner;

static const tensor *get(const planner *pl, tensor_id t) { return &pl->g->tensors[t]; }
static bool has_halo(const planner *pl, tensor_id t)
{
    const int64_t *h = pl->halo[t];
    return h[0] | h[1] | h[2] | h[3];
}

/* ---- buffers and strides ---------------------------------------------------------------------------------- */

/* A buffer for n numbers. */
static int buffer_new(planner *pl, buffer_kind kind, precision type, int64_t n, tensor_id t)
{
    plan *p = pl->p;
    int64_t size = n * (int64_t)real_size(type) / p->unit;
    if (p->n_buffers == pl->cap_buffers) {
        int cap = pl->cap_buffers * 2 + 64;
        p->buffers = arena_grow(&pl->s->arena, p->buffers, (size_t)p->n_buffers * sizeof *p->buffers, (size_t)cap * sizeof *p->buffers);
        pl->cap_buffers = cap;
    }
    p->buffers[p->n_buffers] = (buffer){.kind = kind, .type = type, .size = size, .tensor = t, .first = -1, .last = -1,
                                        .zero_step = -1, .into = -1};
    return p->n_buffers++;
}

static view row_major(int of, const shape *s)
{
    view v = {.buffer = of};
    int64_t size = 1;
    for (int i = s->rank - 1; i >= 0; i--) {
        v.stride[i] = size;
        size *= s->dim[i];
    }
    return v;
}

/* [B,C,H,W] or [B,C,L] with a border around each image, channels innermost or one plane after another. */
static void own_image(planner *pl, tensor_id t)
{
    const shape *s = &get(pl, t)->shape;
    const int64_t *h = pl->halo[t];
    bool flat = s->rank == 3, last = pl->channels_last[t];
    int64_t C = s->dim[1], rows = (flat ? 1 : s->dim[2]) + h[0] + h[1], cols = s->dim[s->rank - 1] + h[2] + h[3];
    int64_t inner = last ? C : 1, images = last ? s->dim[0] : s->dim[0] * C;
    int b = buffer_new(pl, BUFFER_ARENA, get(pl, t)->type, images * rows * cols * inner, t);
    buffer *buf = &pl->p->buffers[b];
    memcpy(buf->halo, h, sizeof buf->halo);
    memcpy(buf->halo_dims, (int64_t[]){images, rows, cols, inner}, sizeof buf->halo_dims);
    view *v = &pl->p->views[t];
    v->buffer = b;
    v->offset = (h[0] * cols + h[2]) * inner;
    v->stride[0] = rows * cols * C;
    v->stride[1] = last ? 1 : rows * cols;
    v->stride[2] = flat ? inner : cols * inner;
    if (!flat)
        v->stride[3] = inner;
}

static void own_buffer(planner *pl, tensor_id t)
{
    const tensor *x = get(pl, t);
    static const buffer_kind kinds[] = {BUFFER_ARENA, BUFFER_INPUT, BUFFER_CONST, BUFFER_STATE, BUFFER_KEPT, BUFFER_KEPT, BUFFER_KEPT};
    buffer_kind kind = x->kind == TENSOR_PARAM && x->owner->frozen ? BUFFER_CONST : kinds[x->kind];
    if (x->kind == TENSOR_VALUE && (pl->channels_last[t] || has_halo(pl, t)))
        own_image(pl, t);
    else
        pl->p->views[t] = row_major(buffer_new(pl, kind, kind == BUFFER_CONST ? x->stored : x->type, shape_size(&x->shape), t), &x->shape);
}

/* ---- views ------------------------------------------------------------------------------------------------- */

/* Is dim[lo..hi] one contiguous run? Its unit stride goes to *unit (0 when it has one element). */
static bool contiguous_run(const shape *s, const int64_t *stride, int lo, int hi, int64_t *unit)
{
    int64_t next = 0;
    *unit = 0;
    for (int k = hi; k >= lo; k--) {
        if (s->dim[k] == 1)
            continue;
        if (*unit == 0)
            *unit = stride[k];
        else if (stride[k] != next)
            return false;
        next = stride[k] * s->dim[k];
    }
    return true;
}

/* The strides of shape `to` over the elements of (`from`, strides), or false when no strides can do it. */
static bool reshape_strides(const shape *from, const int64_t *stride, const shape *to, int64_t *out)
{
    int64_t result[MAX_RANK] = {0};
    for (int i = from->rank - 1, j = to->rank - 1; i >= 0 || j >= 0;) {
        /* the smallest runs of dimensions, from the right, that have equal sizes */
        int i0 = i, j0 = j;
        int64_t a = i >= 0 ? from->dim[i--] : 1, b = j >= 0 ? to->dim[j--] : 1, unit;
        while (a != b)
            if (a < b)
                a *= from->dim[i--];
            else
                b *= to->dim[j--];
        if (!contiguous_run(from, stride, i + 1, i0, &unit))
            return false;
        for (int k = j0; k > j; k--) {
            result[k] = unit;
            unit *= to->dim[k];
        }
    }
    memcpy(out, result, sizeof result);
    return true;
}

/* The view of a view op's output, given its input's, or the other way round with `inverse`. */
static bool view_through(const planner *pl, const op *o, const view *from, view *to, bool inverse)
{
    const shape *in = tensor_shape(pl->g, o->in[0]), *out = tensor_shape(pl->g, o->out);
    *to = *from;
    if (o->type == &op_reshape)
        return inverse ? reshape_strides(out, from->stride, in, to->stride) : reshape_strides(in, from->stride, out, to->stride);
    if (o->type == &op_permute) {
        const permute_attr *at = o->attr;
        for (int i = 0; i < out->rank; i++)
            if (inverse)
                to->stride[at->perm[i]] = from->stride[i];
            else
                to->stride[i] = from->stride[at->perm[i]];
        return true;
    }
    if (o->type == &op_slice && !inverse) {
        const slice_attr *at = o->attr;
        to->offset += at->start * from->stride[at->axis];
        return true;
    }
    return false;
}

/* ---- placing ------------------------------------------------------------------------------------------------- */

static bool placed(const planner *pl, tensor_id t) { return pl->p->views[t].buffer >= 0; }
static bool placeable(const planner *pl, tensor_id t)
{
    return get(pl, t)->kind == TENSOR_VALUE && !placed(pl, t) && !has_halo(pl, t);
}

static void place_concat(planner *pl, const op *o)
{
    const concat_attr *at = o->attr;
    if (!placed(pl, o->out))
        own_buffer(pl, o->out);
    view part = pl->p->views[o->out];
    for (int k = 0; k < o->n_in; k++) {
        bool again = false;
        for (int m = 0; m < k && o->n_in < 64; m++)
            again |= o->in[m] == o->in[k];
        if (placeable(pl, o->in[k]) && !again)
            pl->p->views[o->in[k]] = part;
        part.offset += part.stride[at->axis] * tensor_shape(pl->g, o->in[k])->dim[at->axis];
    }
}

static void place_view(planner *pl, const op *o)
{
    tensor_id x = o->in[0];
    if (!placed(pl, o->out)) {
        if (o->type != &op_reshape || get(pl, x)->uses != 1 || !placeable(pl, x))
            return; /* becomes a view of x */
        own_buffer(pl, o->out);
    }
    view v;
    if (placeable(pl, x) && view_through(pl, o, &pl->p->views[o->out], &v, true))
        pl->p->views[x] = v;
}

static void place_all(planner *pl)
{
    const graph *g = pl->g;
    for (int t = 0; t < g->n_tensors; t++)
        pl->p->views[t].buffer = -1;
    tensor_id result = graph_result(g);
    int out = buffer_new(pl, BUFFER_OUTPUT, get(pl, result)->type, shape_size(tensor_shape(g, result)), result);
    if (placeable(pl, result))
        pl->p->views[result] = row_major(out, tensor_shape(g, result));
    for (int i = 0; i < g->n_ops; i++)
        if (g->ops[i].update) { /* the gradient has no place: the weight changes instead */
            own_buffer(pl, g->ops[i].update->in[0]);
            pl->p->views[g->ops[i].out] = pl->p->views[g->ops[i].update->in[0]];
        }
    for (int i = g->n_ops - 1; i >= 0; i--) {
        const op *o = &g->ops[i];
        if (o->type == &op_concat)
            place_concat(pl, o);
        else if (o->type->flags & OP_VIEW)
            place_view(pl, o);
        else if (o->out && !placed(pl, o->out))
            own_buffer(pl, o->out);
    }
    for (int t = 1; t < g->n_tensors; t++)
        if (!placed(pl, t) && get(pl, t)->kind != TENSOR_VALUE && get(pl, t)->uses)
            own_buffer(pl, t);
}

/* ---- which tensors are images, and their borders -------------------------------------------------------------- */

static bool image_like(const op *o, const planner *pl)
{
    const shape *s = tensor_shape(pl->g, o->out);
    if (s->rank != 3 && s->rank != 4)
        return false;
    if (o->type->flags & OP_CHANNELS_LAST)
        return true;
    if (!(o->type->flags & OP_ELEMENTWISE) && o->type != &op_concat)
        return false;
    for (int k = 0; k < o->n_in; k++)
        if (pl->channels_last[o->in[k]] && tensor_shape(pl->g, o->in[k])->rank == s->rank)
            return true;
    return false;
}

/* A plane after another costs nothing to copy from the network's input; with few channels, nothing is
 * gained by bringing them together. */
enum { FEW_CHANNELS = 8 };

static void choose_border(planner *pl, const op *o, int input)
{
    tensor_id x = o->in[input];
    int64_t pad[4] = {0};
    o->type->halo(pl->g, o, input, pad);
    for (int k = 0; k < 4; k++)
        if (pad[k] > pl->halo[x][k])
            pl->halo[x][k] = pad[k];
    if (has_halo(pl, x) && tensor_shape(pl->g, x)->dim[1] >= FEW_CHANNELS)
        pl->channels_last[x] = true;
}

static void choose_layouts(planner *pl)
{
    const graph *g = pl->g;
    for (int i = 0; i < g->n_ops; i++) {
        const op *o = &g->ops[i];
        if (o->out)
            pl->channels_last[o->out] = image_like(o, pl);
        for (int k = 0; o->type->halo && k < o->n_in; k++)
            if (o->in[k])
                choose_border(pl, o, k);
    }
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

/* Would <id>_<name> be a function of the model, or a part of another step? */
static bool is_model_name(const char *name)
{
    static const char *const words[] = {"init", "forward", "reset", "load", "weights", "train", "model", "trace", "get", "start",
                                        "crc32", "run", "run_avx2", "run_avx512", "backward", "update", "gradients",
                                        "differentiate", "optimise", "batch", "rates"};
    static const char *const parts[] = {"_tile", "_columns", "_units", "_rows", "_residue"};
    size_t n = strlen(name);
    for (int i = 0; i < COUNT(words); i++)
        if (strcmp(name, words[i]) == 0)
            return true;
    for (int i = 0; i < COUNT(parts); i++)
        if (n > strlen(parts[i]) && strcmp(name + n - strlen(parts[i]), parts[i]) == 0)
            return true;
    return false;
}

/* The layer's name, or the model's. The same pointer for the same layer each time, unless it is a word of ours. */
static const char *base_name(planner *pl, const op *o)
{
    const char *name = o->layer ? o->layer->path : pl->g->loss ? "loss" : pl->g->net->id;
    return is_model_name(name) ? arena_printf(&pl->s->arena, "%s_layer", name) : name;
}

static const char *step_name(planner *pl, const op *o, const char *what)
{
    const char *base = base_name(pl, o);
    const char *name = base;
    /* Many steps alike go on from the last one's number. */
    bool again = base == pl->named && what == pl->named_what;
    for (int n = again ? pl->number : 0;; n++) {
        bool taken = again && n == pl->number;
        for (int i = 0; i < pl->p->n_steps && !taken; i++)
            taken = strcmp(pl->p->steps[i].name, name) == 0;
        if (!taken) {
            pl->named = base;
            pl->named_what = what;
            pl->number = n;
            return name;
        }
        name = n == 0 ? arena_printf(&pl->s->arena, "%s_%s", base, what)
                      : arena_printf(&pl->s->arena, "%s_%s%d", base, what, n + 1);
    }
}

static void add_copy(planner *pl, const op *o, view from, view to, const shape *s)
{
    if (memcmp(&from, &to, sizeof from) == 0)
        return;
    step *st = &pl->p->steps[pl->p->n_steps];
    *st = (step){.op = o, .is_copy = true, .shape = *s, .copy_from = from, .copy_to = to, .scratch = -1};
    st->name = step_name(pl, o, "copy");
    pl->p->n_steps++;
}

static void concat_steps(planner *pl, const op *o)
{
    const concat_attr *at = o->attr;
    view part = pl->p->views[o->out];
    for (int k = 0; k < o->n_in; k++) {
        const shape *s = tensor_shape(pl->g, o->in[k]);
        const view *v = &pl->p->views[o->in[k]];
        bool there = v->buffer == part.buffer && v->offset == part.offset;
        if (!there)
            add_copy(pl, o, *v, part, s);
        part.offset += part.stride[at->axis] * s->dim[at->axis];
    }
}

static void view_steps(planner *pl, const op *o)
{
    const shape *in = tensor_shape(pl->g, o->in[0]), *out = tensor_shape(pl->g, o->out);
    const view *x = &pl->p->views[o->in[0]];
    view *y = &pl->p->views[o->out], v;
    bool can = view_through(pl, o, x, &v, false);
    if (!placed(pl, o->out) && can) {
        *y = v;
        return;
    }
    if (!placed(pl, o->out)) { /* a reshape that strides cannot express */
        own_buffer(pl, o->out);
        can = false;
    }
    if (can) {
        if (v.buffer != y->buffer || v.offset != y->offset)
            add_copy(pl, o, v, *y, out);
        return;
    }
    /* The copy runs over the input's shape, so the output must be expressible in it. */
    bool back = view_through(pl, o, y, &v, true);
    if (!back) { /* neither way: through a plain buffer */
        view middle = row_major(buffer_new(pl, BUFFER_ARENA, get(pl, o->out)->type, shape_size(in), o->out), in);
        add_copy(pl, o, *x, middle, in);
        view_through(pl, o, &middle, &v, false);
        add_copy(pl, o, v, pl->p->views[o->out], out);
        return;
    }
    add_copy(pl, o, *x, v, in);
}

static void build_steps(planner *pl)
{
    const graph *g = pl->g;
    int64_t most = 2 * (int64_t)g->n_ops + 2;
    for (int i = 0; i < g->n_ops; i++)
        most += g->ops[i].type == &op_concat ? g->ops[i].n_in : 1;
    pl->p->steps = arena_array(&pl->s->arena, most, sizeof *pl->p->steps);
    for (int i = 0; i < g->n_ops; i++) {
        const op *o = &g->ops[i];
        if (o->type == &op_concat)
            concat_steps(pl, o);
        else if (o->type->flags & OP_VIEW)
            view_steps(pl, o);
        else {
            int64_t scratch = o->type->scratch ? o->type->scratch(g, o) : 0;
            step *st = &pl->p->steps[pl->p->n_steps];
            precision type = is_integer(g->precision) ? I32 : g->precision;
            *st = (step){.op = o, .scratch = scratch ? buffer_new(pl, BUFFER_ARENA, type, scratch, 0) : -1};
            st->name = step_name(pl, o, o->type->name);
            pl->p->n_steps++;
        }
    }
    tensor_id result = graph_result(g);
    const view *out = &pl->p->views[result];
    if (pl->p->buffers[out->buffer].kind != BUFFER_OUTPUT) {
        static const op last = {.type = &op_map};
        add_copy(pl, &last, *out, row_major(0, tensor_shape(g, result)), tensor_shape(g, result));
    }
}

/* ---- lifetimes -------------------------------------------------------------------------------------------------- */

static void touch(planner *pl, int b, int i)
{
    buffer *x = &pl->p->buffers[b];
    if (x->first < 0)
        x->first = i;
    x->last = i;
}

static void touch_tensor(planner *pl, tensor_id t, int i)
{
    if (t)
        touch(pl, pl->p->views[t].buffer, i);
}

static void find_lifetimes(planner *pl)
{
    for (int i = 0; i < pl->p->n_steps; i++) {
        const step *st = &pl->p->steps[i];
        const op *o = st->op;
        if (st->scratch >= 0)
            touch(pl, st->scratch, i);
        if (st->is_copy) {
            touch(pl, st->copy_from.buffer, i);
            touch(pl, st->copy_to.buffer, i);
            continue;
        }
        touch_tensor(pl, o->out, i);
        for (int k = 0; k < o->n_in; k++)
            touch_tensor(pl, o->in[k], i);
        for (int k = 0; k < o->n_chain; k++)
            touch_tensor(pl, o->chain[k].operand, i);
    }
    for (int b = 0; b < pl->p->n_buffers; b++) {
        buffer *x = &pl->p->buffers[b];
        if (x->halo[0] | x->halo[1] | x->halo[2] | x->halo[3])
            x->zero_step = x->first;
    }
}

/* An element-wise step may write where it read, when nobody reads that later and the layouts agree. */
static bool in_place(const planner *pl, int i)
{
    const step *st = &pl->p->steps[i];
    const op *o = st->op;
    if (st->is_copy || !(o->type->flags & OP_ELEMENTWISE))
        return false;
    const view *y = &pl->p->views[o->out], *x = &pl->p->views[o->in[0]];
    const buffer *by = &pl->p->buffers[y->buffer], *bx = &pl->p->buffers[x->buffer];
    if (bx->kind != BUFFER_ARENA || by->kind != BUFFER_ARENA || x->buffer == y->buffer || bx->last != i || by->first != i)
        return false;
    if (by->zero_step >= 0 || bx->type != by->type || bx->size != by->size || x->offset || y->offset)
        return false;
    if (!shape_equal(tensor_shape(pl->g, o->in[0]), tensor_shape(pl->g, o->out)) || memcmp(x->stride, y->stride, sizeof x->stride))
        return false;
    for (int k = 1; k < o->n_in; k++)
        if (o->in[k] && pl->p->views[o->in[k]].buffer == x->buffer)
            return false;
    for (int k = 0; k < o->n_chain; k++)
        if (o->chain[k].operand && pl->p->views[o->chain[k].operand].buffer == x->buffer)
            return false;
    return true;
}

static int root(const plan *p, int b)
{
    while (p->buffers[b].into >= 0)
        b = p->buffers[b].into;
    return b;
}

static void share_in_place(planner *pl)
{
    for (int i = 0; i < pl->p->n_steps; i++) {
        if (!in_place(pl, i))
            continue;
        const op *o = pl->p->steps[i].op;
        int from = root(pl->p, pl->p->views[o->in[0]].buffer), to = pl->p->views[o->out].buffer;
        pl->p->buffers[to].into = from;
        pl->p->buffers[from].last = pl->p->buffers[to].last;
    }
}

/* ---- the arena ---------------------------------------------------------------------------------------------------- */

/* A buffer in the order in which places are given: largest first. */
typedef struct sized { int64_t size; int buffer; } sized;

static int by_size(const void *a, const void *b)
{
    const sized *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? 1 : -1;
    return x->buffer - y->buffer;
}

static int64_t lowest_offset(const plan *p, const sized *done, int n, const buffer *b)
{
    int64_t at = 0;
    bool moved = true;
    while (moved) {
        moved = false;
        for (int i = 0; i < n; i++) {
            const buffer *x = &p->buffers[done[i].buffer];
            bool together = x->first <= b->last && b->first <= x->last;
            if (together && at < x->offset + x->size && x->offset < at + b->size) {
                at = x->offset + x->size;
                moved = true;
            }
        }
    }
    return at;
}

static void lay_out_arena(planner *pl)
{
    plan *p = pl->p;
    int64_t align = plan_align(pl->g);
    sized *order = arena_array(&pl->s->arena, p->n_buffers, sizeof *order);
    int n = 0;
    for (int b = 0; b < p->n_buffers; b++) {
        buffer *x = &p->buffers[b];
        if (x->kind == BUFFER_ARENA && x->into < 0 && x->first >= 0) {
            x->size = (x->size + align - 1) / align * align;
            order[n++] = (sized){x->size, b};
        } else if (x->kind == BUFFER_STATE) {
            x->offset = p->state_size;
            p->state_size += (x->size + align - 1) / align * align;
        }
    }
    qsort(order, (size_t)n, sizeof *order, by_size);
    for (int i = 0; i < n; i++) {
        buffer *x = &p->buffers[order[i].buffer];
        x->offset = lowest_offset(p, order, i, x);
        if (x->offset + x->size > p->arena_size)
            p->arena_size = x->offset + x->size;
    }
    for (int b = 0; b < p->n_buffers; b++)
        if (p->buffers[b].into >= 0)
            p->buffers[b].offset = p->buffers[root(p, b)].offset;
}

plan *plan_build(session *s, const graph *g, const plan *first)
{
    planner pl = {.s = s, .g = g, .p = arena_alloc(&s->arena, sizeof(plan))};
    pl.p->g = g;
    pl.p->unit = is_integer(g->precision) ? 1 : (int64_t)real_size(g->precision);
    pl.p->views = arena_array(&s->arena, g->n_tensors, sizeof *pl.p->views);
    pl.channels_last = arena_array(&s->arena, g->n_tensors, sizeof *pl.channels_last);
    pl.halo = arena_array(&s->arena, g->n_tensors, sizeof *pl.halo);
    choose_layouts(&pl);
    place_all(&pl);
    build_steps(&pl);
    find_lifetimes(&pl);
    share_in_place(&pl);
    lay_out_arena(&pl);
    plan_weights(pl.p, s, first);
    while (pl.p->n_backward < pl.p->n_steps && !pl.p->steps[pl.p->n_backward].op->later)
        pl.p->n_backward++;
    return pl.p;
}

/* What a step writes: its result, or what it changes. */
const view *step_result(const plan *p, const step *st)
{
    return st->is_copy ? &st->copy_to : &p->views[st->op->out ? st->op->out : st->op->in[0]];
}

void plan_dump(const plan *p, FILE *out)
{
    for (int i = 0; i < p->n_steps; i++) {
        const step *st = &p->steps[i];
        const view *y = step_result(p, st);
        const buffer *b = &p->buffers[y->buffer];
        fprintf(out, "%3d %-40s %-8s -> %s+%lld", i, st->name, st->is_copy ? "copy" : st->op->type->name, buffer_kind_names[b->kind],
                (long long)(b->offset + y->offset));
        fprintf(out, "  buffer %d (%lld, alive %d-%d)\n", y->buffer, (long long)b->size, b->first, b->last);
    }
    fprintf(out, "arena %lld, state %lld, weights %lld units\n", (long long)p->arena_size, (long long)p->state_size,
            (long long)p->weights_size);
}
