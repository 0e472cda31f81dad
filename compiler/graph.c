/* graph.c - tensors and ops: building, checking, printing. */
#include "loomc.h"

#include <assert.h>
#include <string.h>

shape shape_of(int rank, ...)
{
    shape s = {.rank = rank};
    va_list ap;
    va_start(ap, rank);
    for (int i = 0; i < rank; i++)
        s.dim[i] = va_arg(ap, int64_t);
    va_end(ap);
    return s;
}

/* Tensor 0 stands for "none, after an error": builders may look at its shape without harm. */
const shape *tensor_shape(const graph *g, tensor_id t)
{
    static const shape none = {4, {1, 1, 1, 1}};
    return t ? &g->tensors[t].shape : &none;
}

/* What tells the shape of the network's input. */
static const json *input_place(const network *net)
{
    const json *given = json_get(json_get(net->at, "input"), "shape");
    return given ? given : net->layers->at;
}

static bool size_is_sane(graph *g, const shape *s)
{
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++) {
        if (s->dim[i] < 1 || s->dim[i] > MAX_ELEMENTS || n > MAX_ELEMENTS / s->dim[i]) {
            if (g->layer)
                layer_error(g, g->layer, NULL, "a tensor of shape %s is too large (at most 2^30 elements)",
                            shape_text(g->arena, s));
            else
                diag(graph_session(g), DIAG_ERROR, input_place(g->net), "the input of shape %s is too large (at most 2^30 elements)",
                     shape_text(g->arena, s));
            return false;
        }
        n *= s->dim[i];
    }
    return true;
}

tensor_id tensor_new(graph *g, tensor_kind k, shape s, const char *name)
{
    if (!size_is_sane(g, &s))
        return 0;
    if (g->n_tensors == g->cap_tensors) {
        int cap = g->cap_tensors * 2 + 64;
        g->tensors = arena_grow(g->arena, g->tensors, (size_t)g->n_tensors * sizeof *g->tensors, (size_t)cap * sizeof *g->tensors);
        g->cap_tensors = cap;
    }
    if (g->n_tensors == 0)
        g->n_tensors = 1;
    g->tensors[g->n_tensors] = (tensor){.kind = k, .type = g->precision, .stored = g->precision, .shape = s, .name = name, .op = -1};
    return g->n_tensors++;
}

size_t tensor_bytes(const graph *g, tensor_id t) { return (size_t)shape_size(tensor_shape(g, t)) * real_size(g->tensors[t].type); }

tensor_id tensor_const(graph *g, shape s, const char *name, const double *values)
{
    tensor_id t = tensor_new(g, TENSOR_CONST, s, name);
    if (t) {
        int64_t n = shape_size(&s);
        g->tensors[t].data = arena_array(g->arena, n, real_size(g->precision));
        for (int64_t i = 0; i < n; i++)
            real_set(g->precision, g->tensors[t].data, i, values[i]);
    }
    return t;
}

tensor_id op_new(graph *g, const op_type *type, const void *attr, size_t attr_size, shape out, int n_in, const tensor_id *in)
{
    if (!in || (n_in > 0 && !in[0]))
        return 0;
    bool update = type->flags & OP_UPDATE;
    tensor_id y = update ? 0 : tensor_new(g, TENSOR_VALUE, out, NULL);
    if (!y && !update)
        return 0;
    while (n_in > 1 && !in[n_in - 1])
        n_in--;
    if (g->n_ops == g->cap_ops) {
        int cap = g->cap_ops * 2 + 64;
        g->ops = arena_grow(g->arena, g->ops, (size_t)g->n_ops * sizeof *g->ops, (size_t)cap * sizeof *g->ops);
        g->cap_ops = cap;
    }
    op *o = &g->ops[g->n_ops];
    *o = (op){.type = type, .n_in = n_in, .out = y, .layer = g->layer};
    o->in = arena_array(g->arena, n_in, sizeof *o->in);
    memcpy(o->in, in, (size_t)n_in * sizeof *in);
    if (attr)
        o->attr = memcpy(arena_alloc(g->arena, attr_size), attr, attr_size);
    if (y)
        g->tensors[y].op = g->n_ops;
    g->n_ops++;
    return y;
}

tensor_id graph_result(const graph *g) { return g->loss ? g->loss : g->output; }

/* Counts how often each tensor is read by ops that are alive, or is a result. */
void graph_uses(graph *g)
{
    for (int t = 1; t < g->n_tensors; t++)
        g->tensors[t].uses = t == graph_result(g);
    for (int i = 0; i < g->n_ops; i++) {
        const op *o = &g->ops[i];
        if (o->dead)
            continue;
        for (int k = 0; k < o->n_in; k++)
            g->tensors[o->in[k]].uses++;
        for (int k = 0; k < o->n_chain; k++)
            g->tensors[o->chain[k].operand].uses++;
        for (int k = 0; o->update && k < o->update->n_in; k++)
            g->tensors[o->update->in[k]].uses++;
    }
}

void graph_check(const graph *g)
{
    for (int i = 0; i < g->n_ops; i++) {
        const op *o = &g->ops[i];
        if (o->dead)
            continue;
        for (int k = 0; k < o->n_in; k++) {
            const tensor *t = &g->tensors[o->in[k]];
            assert(o->in[k] >= 0 && o->in[k] < g->n_tensors);
            assert(!o->in[k] || t->kind != TENSOR_VALUE || t->op < i);
            (void)t;
        }
        for (int k = 0; k < o->n_chain; k++)
            assert(!o->chain[k].operand || g->tensors[o->chain[k].operand].op < i);
        assert(!o->out || g->tensors[o->out].op == i);
    }
}

static const char *tensor_text(const graph *g, tensor_id t)
{
    const tensor *x = &g->tensors[t];
    if (!t)
        return "-";
    return x->name ? x->name : arena_printf(g->arena, "%%%d", t);
}

static void dump_attrs(const op *o, FILE *out)
{
    for (const attr_def *a = o->type->attrs; a && a->name; a++) {
        const char *at = (const char *)o->attr + a->offset;
        fprintf(out, " %s=", a->name);
        for (int i = 0; i < (a->n ? a->n : 1); i++)
            if (a->kind == ATTR_REAL)
                fprintf(out, i ? ",%.9g" : "%.9g", ((const double *)(const void *)at)[i]);
            else
                fprintf(out, i ? ",%d" : "%d", ((const int *)(const void *)at)[i]);
    }
}

void graph_dump(const graph *g, FILE *out)
{
    for (int i = 0; i < g->n_ops; i++) {
        const op *o = &g->ops[i];
        if (o->dead)
            continue;
        if (o->out)
            fprintf(out, "%%%d %s = ", o->out, shape_text(g->arena, tensor_shape(g, o->out)));
        fprintf(out, "%s", o->type->name);
        for (int k = 0; k < o->n_in; k++)
            fprintf(out, " %s", tensor_text(g, o->in[k]));
        dump_attrs(o, out);
        for (int k = 0; k < o->n_chain; k++)
            fprintf(out, " +fn%d(%s)", o->chain[k].fn, tensor_text(g, o->chain[k].operand));
        if (o->update)
            fprintf(out, " +%s %s", o->update->type->name, tensor_text(g, o->update->in[0]));
        fprintf(out, "   ; %s\n", o->layer ? o->layer->name : "");
    }
    fprintf(out, "output %s\n", tensor_text(g, g->output));
}
