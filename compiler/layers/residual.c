/* residual.c - the input added to what layers make of it. */
#include "../ops/ops.h"

extern const layer_type layer_parallel;

static const field fields[] = {
    {"branches|layers", FIELD_LAYERS, 0, 0, "none", 0,
     "the layers, in order; without any, the layer before is what they are"},
    ACTIVATION_FIELDS,
    {0}};

static bool infer(const layer *l, shape *s)
{
    return infer_sequence(l->children, s);
}

/* The layer before l in its sequence, or NULL. Branches and gates of a parallel layer have none. */
static const layer *layer_before(const layer *first, const layer *l, bool sequence)
{
    for (const layer *p = first; p; p = p->next) {
        if (sequence && p->next == l)
            return p;
        const layer *found = layer_before(p->children, l, p->type != &layer_parallel);
        if (!found && p->gate)
            found = layer_before(p->gate, l, false);
        if (found)
            return found;
    }
    return NULL;
}

static bool is_within(const layer *l, const layer *outer)
{
    if (l == outer || (outer->gate && is_within(l, outer->gate)))
        return true;
    for (const layer *c = outer->children; c; c = c->next)
        if (is_within(l, c))
            return true;
    return false;
}

/* What layer p, whose ops are the last ones so far, got: the latest tensor that its ops read and did not
 * make. x, when it has no ops: it passed its input on. */
static tensor_id input_of(const graph *g, const layer *p, tensor_id x)
{
    int first = g->n_ops, latest = -2;
    while (first > 0 && is_within(g->ops[first - 1].layer, p))
        first--;
    for (int i = first; i < g->n_ops; i++)
        for (int k = 0; k < g->ops[i].n_in; k++) {
            const tensor *t = &g->tensors[g->ops[i].in[k]];
            bool made_before = t->kind == TENSOR_INPUT || (t->kind == TENSOR_VALUE && t->op < first);
            if (g->ops[i].in[k] && made_before && t->op > latest) {
                latest = t->op;
                x = g->ops[i].in[k];
            }
        }
    return x;
}

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    if (l->net->compat) /* the original adds nothing here */
        return activation(g, l, x);
    const layer *before = layer_before(l->net->layers, l, true);
    if (!l->children && !before) {
        layer_error(g, l, NULL, "there is nothing to add: give it 'branches', or a layer before it");
        return 0;
    }
    tensor_id y = l->children ? lower_layers(g, l->children, x) : input_of(g, before, x);
    if (!y)
        return 0;
    if (!shape_equal(tensor_shape(g, x), tensor_shape(g, y))) {
        shape a = sample_shape(g, x), b = sample_shape(g, y);
        shape_error(g, l, NULL,
                    l->children ? "the input is %s, but the branches make it %s; they must keep the shape"
                                : "the input is %s, but the layer before got %s; it must keep the shape",
                    shape_text(g->arena, &a), shape_text(g->arena, &b));
        return 0;
    }
    return activation(g, l, map2(g, FN_add, x, y));
}

const layer_type layer_residual = {
    .name = "residual",
    .doc = "the input added to what layers make of it",
    .shapes = "[...] -> [...]",
    .weights = "branch_weights: those of the layers",
    .notes = "y = activation(x + f(x)), f = the layers in \"branches\". Without branches y = activation(x "
             "+ the input of the layer before).",
    .fields = fields,
    .infer = infer,
    .lower = lower,
};
