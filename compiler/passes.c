/* passes.c - what happens between the reference graph and the plan.
 *
 * No pass may change a bit of the result. fold evaluates with the reference kernels, fuse only moves
 * work in time, pad only copies. */
#include "ops/ops.h"

#include <string.h>

/* Drops the dead ops and renumbers. */
static void compact(graph *g)
{
    int n = 0;
    for (int i = 0; i < g->n_ops; i++)
        if (!g->ops[i].dead) {
            g->ops[n] = g->ops[i];
            if (g->ops[n].out)
                g->tensors[g->ops[n].out].op = n;
            n++;
        }
    g->n_ops = n;
    graph_uses(g);
    graph_check(g);
}

/* ---- fold ----------------------------------------------------------------------------------------------- */

/* A few constants that become many are better made when they are needed. */
static bool grows(const graph *g, const op *o)
{
    int64_t in = 64;
    for (int k = 0; k < o->n_in; k++)
        in += o->in[k] ? shape_size(tensor_shape(g, o->in[k])) : 0;
    return shape_size(tensor_shape(g, o->out)) > 2 * in;
}

static bool all_const(const graph *g, const op *o)
{
    if (o->type->flags & (OP_RANDOM | OP_UPDATE) || is_integer(g->precision))
        return false;
    for (int k = 0; k < o->n_in; k++)
        if (o->in[k] && g->tensors[o->in[k]].kind != TENSOR_CONST)
            return false;
    return o->n_in > 0 && !grows(g, o);
}

static void evaluate(graph *g, op *o)
{
    tensor *y = &g->tensors[o->out];
    eval_args a = {.n_in = o->n_in, .out_shape = &y->shape, .attr = o->attr};
    const void **in = arena_array(g->arena, o->n_in, sizeof *in);
    const shape **in_shape = arena_array(g->arena, o->n_in, sizeof *in_shape);
    for (int k = 0; k < o->n_in; k++) {
        in[k] = o->in[k] ? g->tensors[o->in[k]].data : NULL;
        in_shape[k] = tensor_shape(g, o->in[k]);
        if (k < MAX_INPUTS) {
            a.in[k] = in[k];
            a.in_shape[k] = in_shape[k];
        }
    }
    a.in_all = in;
    a.in_shape_all = in_shape;
    a.out = y->data = arena_array(g->arena, shape_size(&y->shape), real_size(y->type));
    op_kernel(o->type, y->type)(&a);
    y->kind = TENSOR_CONST;
    y->op = -1;
    y->name = arena_printf(g->arena, "%s_c%d", o->layer ? o->layer->path : "net", o->out);
    o->dead = true;
}

/* Establishes: an op with only constant inputs makes more numbers than it reads. */
void pass_fold(graph *g)
{
    for (int i = 0; i < g->n_ops; i++)
        if (all_const(g, &g->ops[i]))
            evaluate(g, &g->ops[i]);
    compact(g);
}

/* ---- dead ----------------------------------------------------------------------------------------------- */

/* Establishes: every op changes something, or has a result that is read. */
void pass_dead(graph *g)
{
    graph_uses(g);
    for (int i = g->n_ops - 1; i >= 0; i--) {
        op *o = &g->ops[i];
        if (!o->out || g->tensors[o->out].uses > 0)
            continue;
        o->dead = true;
        for (int k = 0; k < o->n_in; k++)
            g->tensors[o->in[k]].uses--;
    }
    compact(g);
}

/* ---- broadcast ------------------------------------------------------------------------------------------ */

/* What an op that only repeats its input reads, or 0. */
static tensor_id repeated(const graph *g, tensor_id t)
{
    const tensor *x = &g->tensors[t];
    const op *o = x->kind == TENSOR_VALUE ? &g->ops[x->op] : NULL;
    bool copy = o && o->type == &op_map && ((const map_attr *)o->attr)->fn == FN_copy && !o->n_chain;
    return copy && !shape_equal(tensor_shape(g, o->in[0]), &x->shape) ? o->in[0] : 0;
}

/* Functions of two tensors read what was repeated for them where it stands, as long as the other operand has the
 * result's shape. Establishes nothing that others need; leaves dead ops. */
void pass_broadcast(graph *g)
{
    for (int i = 0; i < g->n_ops; i++) {
        op *o = &g->ops[i];
        if (!(o->type->flags & OP_ELEMENTWISE) || o->n_in != 2)
            continue;
        for (int k = 0; k < 2; k++)
            if (repeated(g, o->in[k]) && shape_equal(tensor_shape(g, o->in[1 - k]), tensor_shape(g, o->out)))
                o->in[k] = repeated(g, o->in[k]);
    }
}

/* ---- update --------------------------------------------------------------------------------------------- */

/* The op that makes the gradient which u uses up, if it can take the optimiser's step itself: nobody reads the
 * weight after it. */
static op *gradient_maker(const graph *g, const op *u, const int *last_read)
{
    const tensor *d = &g->tensors[u->in[1]];
    if (u->type != &op_optimise || d->kind != TENSOR_VALUE || d->uses != 1)
        return NULL;
    op *p = &g->ops[d->op];
    return p->type->flags & OP_OPTIMISES && last_read[u->in[0]] < d->op ? p : NULL;
}

/* Needs: uses counted. Establishes: a gradient for which there is such an op is not stored. */
void pass_update(graph *g)
{
    int *last_read = arena_array(g->arena, g->n_tensors, sizeof *last_read);
    for (int i = 0; i < g->n_ops; i++) {
        const op *o = &g->ops[i];
        for (int k = 0; k < o->n_in && !(o->type->flags & OP_UPDATE); k++)
            last_read[o->in[k]] = i;
        for (int k = 0; k < o->n_chain; k++)
            last_read[o->chain[k].operand] = i;
    }
    for (int i = 0; i < g->n_ops; i++) {
        op *u = &g->ops[i], *p = u->type->flags & OP_UPDATE ? gradient_maker(g, u, last_read) : NULL;
        if (!p)
            continue;
        p->update = memcpy(arena_alloc(g->arena, sizeof *u), u, sizeof *u);
        u->dead = true;
    }
    compact(g);
}

/* ---- schedule ------------------------------------------------------------------------------------------- */

/* The last op before `until` that makes or reads one of the inputs of o, -1 none. What o changes must have been read. */
static int last_before(const graph *g, const op *o, const int *last_read)
{
    int at = -1;
    for (int k = 0; k < o->n_in; k++) {
        const tensor *x = &g->tensors[o->in[k]];
        int need = x->kind == TENSOR_VALUE ? x->op : x->kind >= TENSOR_STATE ? last_read[o->in[k]] : -1;
        at = need > at ? need : at;
    }
    return at;
}

/* Needs: ops that change something stand after all that read it. Establishes: they stand right behind the last one
 * that does, so that a gradient is forgotten as soon as it has been used. */
void pass_schedule(graph *g)
{
    int n = g->n_ops, m = 0, *last_read = arena_array(g->arena, g->n_tensors, sizeof *last_read);
    int *after = arena_array(g->arena, n, sizeof *after), *next = arena_array(g->arena, n, sizeof *next);
    int *first = arena_array(g->arena, (int64_t)n + 1, sizeof *first);
    for (int t = 0; t < g->n_tensors; t++)
        last_read[t] = -1;
    for (int i = 0; i <= n; i++)
        first[i] = -1;
    for (int i = 0; i < n; i++) {
        const op *o = &g->ops[i];
        after[i] = o->type->flags & OP_UPDATE && !o->later ? last_before(g, o, last_read) : i;
        for (int k = 0; k < o->n_in; k++)
            last_read[o->in[k]] = after[i] == i ? i : last_read[o->in[k]];
        for (int k = 0; k < o->n_chain; k++)
            last_read[o->chain[k].operand] = i;
    }
    for (int i = n - 1; i >= 0; i--)
        if (after[i] != i) { /* first[j + 1]: those that follow op j, in their order */
            next[i] = first[after[i] + 1];
            first[after[i] + 1] = i;
        }
    op *ops = arena_array(g->arena, n + 1, sizeof *ops);
    for (int j = -1; j < n; j++) {
        if (j >= 0 && after[j] == j)
            ops[m++] = g->ops[j];
        for (int i = first[j + 1]; i >= 0; i = next[i])
            ops[m++] = g->ops[i];
    }
    memcpy(g->ops, ops, (size_t)n * sizeof *ops);
    compact(g);
}

/* ---- fuse ----------------------------------------------------------------------------------------------- */

static bool ready_before(const graph *g, tensor_id t, int at)
{
    return !t || g->tensors[t].kind != TENSOR_VALUE || g->tensors[t].op < at;
}

/* The op that makes t, if a function of its result can be computed as part of it. */
static op *producer(const graph *g, tensor_id t, const shape *out)
{
    const tensor *x = &g->tensors[t];
    if (x->kind != TENSOR_VALUE || x->uses != 1 || !shape_equal(&x->shape, out))
        return NULL;
    op *p = &g->ops[x->op];
    return p->type->flags & OP_EPILOGUE ? p : NULL;
}

static void append(graph *g, op *p, const op *map, tensor_id operand, bool swapped)
{
    const map_attr *at = map->attr;
    p->chain = arena_grow(g->arena, p->chain, (size_t)p->n_chain * sizeof *p->chain, (size_t)(p->n_chain + 1) * sizeof *p->chain);
    p->chain[p->n_chain++] = (chain_item){at->fn, at->param, operand, swapped, map};
}

static bool fuse_one(graph *g, int i)
{
    op *m = &g->ops[i];
    const shape *out = tensor_shape(g, m->out);
    for (int k = 0; k < m->n_in; k++) {
        op *p = producer(g, m->in[k], out);
        tensor_id other = m->n_in == 2 ? m->in[1 - k] : 0;
        int at = p ? (int)(p - g->ops) : 0;
        if (!p || other == m->in[k] || !ready_before(g, other, at))
            continue;
        append(g, p, m, other, k == 1);
        for (int c = 0; c < m->n_chain; c++) {
            p->chain = arena_grow(g->arena, p->chain, (size_t)p->n_chain * sizeof *p->chain, (size_t)(p->n_chain + 1) * sizeof *p->chain);
            p->chain[p->n_chain++] = m->chain[c];
        }
        p->out = m->out;
        g->tensors[m->out].op = at;
        m->dead = true;
        return true;
    }
    return false;
}

/* Needs: uses counted. Establishes: an element-wise op follows an op only where it could not become a
 * part of it (used twice, other shape, operand not ready). */
void pass_fuse(graph *g)
{
    graph_uses(g);
    for (int i = 0; i < g->n_ops && !is_integer(g->precision); i++) /* of integers, products took in what they can */
        if (g->ops[i].type->flags & OP_ELEMENTWISE)
            fuse_one(g, i);
    compact(g);
}

/* ---- pad ------------------------------------------------------------------------------------------------ */

/* Can the tensor be stored with a zero border by whoever makes it? */
static bool takes_border(const graph *g, tensor_id t)
{
    const tensor *x = &g->tensors[t];
    return x->kind == TENSOR_VALUE && t != graph_result(g) && !(g->ops[x->op].type->flags & OP_VIEW);
}

static bool wants_border(const graph *g, const op *o, int input)
{
    int64_t pad[4] = {0};
    o->type->halo(g, o, input, pad);
    return pad[0] | pad[1] | pad[2] | pad[3];
}

/* Appends a copy of x for o to ops, and takes it off the graph. */
static tensor_id copied(graph *g, const op *o, tensor_id x, op *ops, int *m)
{
    g->layer = o->layer;
    tensor_id copy = map1(g, FN_copy, x, 0);
    g->layer = NULL;
    g->tensors[copy].type = g->tensors[x].type;
    g->tensors[copy].q = g->tensors[x].q;
    ops[(*m)++] = g->ops[--g->n_ops];
    return copy;
}

/* Establishes: every op that reads a zero border reads a tensor that can have one. Inputs, views and the
 * graph's result are copied for that, once each. */
void pass_pad(graph *g)
{
    int n = g->n_ops, known = g->n_tensors;
    tensor_id *copy = arena_array(g->arena, known, sizeof *copy);
    op *ops = arena_array(g->arena, (int64_t)n * (1 + MAX_INPUTS) + 1, sizeof *ops);
    int m = 0;
    for (int i = 0; i < n; i++) {
        op o = g->ops[i];
        for (int k = 0; o.type->halo && k < o.n_in; k++) {
            tensor_id x = o.in[k];
            if (!x || !wants_border(g, &o, k) || takes_border(g, x))
                continue;
            if (!copy[x])
                copy[x] = copied(g, &o, x, ops, &m);
            o.in[k] = copy[x];
        }
        ops[m++] = o;
    }
    g->ops = ops;
    g->n_ops = m;
    compact(g);
}
