/* batch_norm.c - normalisation of each channel by stored mean and variance. */
#include "../ops/ops.h"

static const field fields[] = {
    {"epsilon", FIELD_NUMBER, 0, 1e6, "1e-5", 0, "added to the variance"}, {0}};

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    shape s = sample_shape(g, x);
    if (s.rank < 1) {
        shape_error(g, l, NULL, "the input has no channels");
        return 0;
    }
    for (int i = 1; i < s.rank; i++)
        s.dim[i] = 1; /* [C, 1, 1] stands beside every position of a channel */
    tensor_id gamma = param(g, l, "gamma", NULL, s, 0, 1), beta = param(g, l, "beta", NULL, s, 0, 0);
    tensor_id mean = param(g, l, "mean", NULL, s, 0, 0), variance = param(g, l, "variance", NULL, s, 0, 1);
    if (!gamma || !beta || !mean || !variance)
        return 0;
    tensor_id deviation = map1(g, FN_sqrt, map1(g, FN_shift, variance, layer_number(l, "epsilon", 1e-5)), 0);
    tensor_id scale = map2(g, FN_div, gamma, deviation);
    tensor_id shift = map2(g, FN_sub, beta, map2(g, FN_mul, mean, scale));
    return map2(g, FN_add, map2(g, FN_mul, x, scale), shift);
}

const layer_type layer_batch_norm = {
    .name = "batch_norm",
    .aliases = "batchnorm",
    .doc = "normalisation of each channel by stored mean and variance",
    .shapes = "[C, ...] -> [C, ...]",
    .weights = "gamma [C], beta [C], mean [C], variance [C]",
    .notes = "y = x * scale + shift with scale = gamma / sqrt(variance + epsilon) and shift = beta - mean "
             "* scale, which are computed once.",
    .fields = fields,
    .lower = lower,
};
