/* sequential.c - layers one after another, as one layer. */
#include "../ops/ops.h"

extern const layer_type layer_dense, layer_softmax;

static const field fields[] = {
    {"branches|layers", FIELD_LAYERS, 0, 0, 0, 0, "the layers, in order; none is the identity"}, {0}};

static bool infer(const layer *l, shape *s)
{
    return infer_sequence(l->children, s);
}

/* The original runs dense and softmax layers only and passes over all others. */
static tensor_id lower_compat(graph *g, const layer *l, tensor_id x)
{
    for (const layer *c = l->children; c && x; c = c->next)
        if (c->type == &layer_dense || c->type == &layer_softmax)
            x = lower_layer(g, c, x);
    return x;
}

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    return l->net->compat ? lower_compat(g, l, x) : lower_layers(g, l->children, x);
}

const layer_type layer_sequential = {
    .name = "sequential",
    .doc = "layers one after another",
    .shapes = "that of the first layer -> that of the last",
    .weights = "branch_weights: those of the layers",
    .notes = "Groups layers into one, such as a branch of a parallel layer.",
    .fields = fields,
    .infer = infer,
    .lower = lower,
};
