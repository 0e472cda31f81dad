/* batch_norm.c - normalisation of each channel by stored mean and variance. */
#include "../ops/ops.h"

static const field fields[] = {
    {"epsilon", FIELD_NUMBER, 0, 1e6, "1e-5", 0, "added to the variance"}, {0}};

/* In training: by the mean and variance of the batch itself, which the stored ones follow slowly. The stored
 * variance is that of which the batch is a sample, with n - 1. */
static tensor_id by_batch(graph *g, const layer *l, tensor_id x, tensor_id gamma, tensor_id beta, tensor_id mean,
                          tensor_id variance)
{
    shape s = *tensor_shape(g, gamma);
    double n = (double)(shape_size(tensor_shape(g, x)) / s.dim[0]);
    if (n == 1)
        diag(graph_session(g), DIAG_WARNING, json_get(l->at, "type"),
             "a batch has one number for each channel, so nothing but beta comes out in training; raise batch_size");
    tensor_id centre = map1(g, FN_divide_by, reduce(g, x, s), n);
    tensor_id d = map2(g, FN_sub, x, centre);
    tensor_id spread = map1(g, FN_divide_by, reduce(g, map2(g, FN_mul, d, d), s), n);
    average(g, mean, centre, 0.1);
    average(g, variance, map1(g, FN_scale, spread, n > 1 ? n / (n - 1) : 1), 0.1);
    tensor_id deviation = map1(g, FN_sqrt, map1(g, FN_shift, spread, layer_number(l, "epsilon", 1e-5)), 0);
    return map2(g, FN_add, map2(g, FN_mul, d, map2(g, FN_div, gamma, deviation)), beta);
}

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
    tensor_id mean = statistic(g, l, "mean", s, 0), variance = statistic(g, l, "variance", s, 1);
    if (!gamma || !beta || !mean || !variance)
        return 0;
    if (g->mode == LOWER_TRAINING && !l->frozen)
        return by_batch(g, l, x, gamma, beta, mean, variance);
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
             "* scale, which are computed once. In training y = (x - m) * (gamma / sqrt(v + epsilon)) + beta with the mean m and "
             "the variance v of the batch; the stored mean becomes 0.9 * mean + 0.1 * m, the variance likewise with v * n / "
             "(n - 1). A frozen layer uses the stored ones.",
    .fields = fields,
    .lower = lower,
};
