/* activation.c - an activation function as a layer of its own. */
#include "../ops/ops.h"

static const field fields[] = {ACTIVATION_FIELDS, {0}};

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    return activation(g, l, x);
}

const layer_type layer_activation = {
    .name = "activation",
    .doc = "an activation function, applied to each number",
    .shapes = "[...] -> [...]",
    .notes = "relu max(0, x); scaled_relu max(0, 1.1 x); leaky_relu x, or alpha x below 0; sigmoid 1 / (1 "
             "+ exp(-x)); tanh; softplus log(1 + exp(x)); gelu x Phi(x), with the exact Phi; silu x "
             "sigmoid(x); elu x, or alpha (exp(x) - 1) below 0; hard_sigmoid min(max(x / 6 + 1/2, 0), 1); "
             "hard_swish x hard_sigmoid(x); linear x.",
    .fields = fields,
    .lower = lower,
};
