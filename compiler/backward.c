/* backward.c - reverse-mode differentiation: appends to a graph the ops that make its gradients.
 *
 * Ops are gone through from the last to the first; each one's `grad` makes the gradients of its inputs from that
 * of its output. A tensor that is read several times gets the sum of what its readers bring, in the order in
 * which they are gone through (the last reader first; of one op, its inputs in order). Only what lies between the
 * loss and something that trains takes part, so a frozen beginning of a network costs nothing. */
#include "ops/ops.h"

bool needs_gradient(const graph *g, tensor_id t) { return t && t < g->n_needs && g->needs[t]; }

/* Which tensors depend on a parameter that trains, or on the input when that is wanted. */
static void mark_needs(graph *g, bool input)
{
    g->n_needs = g->n_tensors;
    g->needs = arena_array(g->arena, g->n_tensors, sizeof *g->needs);
    for (int t = 1; t < g->n_tensors; t++)
        g->needs[t] = (g->tensors[t].kind == TENSOR_PARAM && g->tensors[t].trains) || (input && t == g->input);
    for (int i = 0; i < g->n_ops; i++)
        for (int k = 0; k < g->ops[i].n_in; k++)
            if (g->ops[i].out && needs_gradient(g, g->ops[i].in[k]))
                g->needs[g->ops[i].out] = true;
}

/* The gradients that one op brings to its inputs, added to what they have already. */
static void back_step(graph *g, const op *o, tensor_id *d)
{
    tensor_id *dx = arena_array(g->arena, o->n_in, sizeof *dx);
    g->layer = o->layer;
    if (o->type->grad)
        o->type->grad(g, o, d[o->out], dx);
    else if (o->layer)
        layer_error(g, o->layer, NULL, "'%s' has no gradient: the layer cannot be trained through", o->type->name);
    for (int k = 0; k < o->n_in; k++) {
        tensor_id x = o->in[k];
        if (needs_gradient(g, x) && dx[k])
            d[x] = d[x] ? map2(g, FN_add, d[x], dx[k]) : dx[k];
    }
    g->layer = NULL;
}

tensor_id *backward(graph *g, tensor_id loss, bool input, int *n)
{
    static const double one = 1;
    mark_needs(g, input);
    *n = g->n_needs;
    tensor_id *d = arena_array(g->arena, g->n_needs, sizeof *d);
    int errors = graph_session(g)->diags.errors;
    d[loss] = tensor_const(g, *tensor_shape(g, loss), "one", &one);
    for (int i = g->n_ops - 1; i >= 0; i--) {
        op o = g->ops[i]; /* a copy: the array grows */
        if (o.out && o.out < *n && g->needs[o.out] && d[o.out])
            back_step(g, &o, d);
    }
    return graph_session(g)->diags.errors > errors ? NULL : d;
}
