/* layer_norm.c - normalisation of each row by its own mean and variance. */
#include "compat.h"
#include "rows.h"

static const field fields[] = {
    {"norm_size", FIELD_INT, 1, 1 << 30, "the last axis of the input", 0,
     "numbers that are normalised together"},
    {"epsilon", FIELD_NUMBER, 0, 1e6, "1e-5", 0, "added to the variance"},
    {0}};

static bool infer(const layer *l, shape *s)
{
    *s = shape_of(1, layer_int(l, "norm_size", 0));
    return layer_has(l, "norm_size");
}

/* The original adds the stream first and does as many rows as there are samples; the rest becomes 0. */
static tensor_id lower_compat(graph *g, const layer *l, tensor_id x, tensor_id gamma, tensor_id beta,
                              double epsilon)
{
    shape s = *tensor_shape(g, x);
    int64_t n = tensor_shape(g, gamma)->dim[0], all = shape_size(&s) / n;
    int64_t rows = l->net->batch < all ? l->net->batch : all;
    if (rows < 1) {
        shape_error(g, l, "norm_size", "norm_size is %lld, more than the input has", (long long)n);
        return 0;
    }
    x = has_stream(l) ? add_stream(g, x) : x;
    tensor_id y = norm(g, first_rows(g, x, rows, n), gamma, beta, NORM_LAYER, epsilon);
    y = fill_zeros(g, l, y, s);
    if (has_stream(l) && g->stream)
        g->stream = y;
    return y;
}

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    int64_t n = layer_int(l, "norm_size", last_axis(g, x));
    double epsilon = layer_number(l, "epsilon", 1e-5);
    tensor_id rows = l->net->compat ? x : as_rows(g, l, "norm_size", x, n);
    if (!rows)
        return 0;
    tensor_id gamma = param(g, l, "gamma", NULL, shape_of(1, n), 0, 1),
              beta = param(g, l, "beta", NULL, shape_of(1, n), 0, 0);
    if (!gamma || !beta)
        return 0;
    if (l->net->compat)
        return lower_compat(g, l, x, gamma, beta, epsilon);
    tensor_id y = norm(g, rows, gamma, beta, NORM_LAYER, epsilon);
    return rows == x ? y : reshape(g, y, *tensor_shape(g, x));
}

const layer_type layer_layer_norm = {
    .name = "layer_norm",
    .aliases = "layernorm",
    .doc = "normalisation of each row by its mean and variance",
    .shapes = "[...] -> [...]",
    .weights = "gamma [norm_size], beta [norm_size]",
    .notes = "Each run of norm_size consecutive numbers: y = (x - mean) * (1 / sqrt(variance + epsilon)) * "
             "gamma + beta, variance = the mean of (x - mean)^2; both means are summed in eight lanes.",
    .fields = fields,
    .infer = infer,
    .lower = lower,
};
