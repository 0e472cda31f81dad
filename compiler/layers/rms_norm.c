/* rms_norm.c - normalisation of each row by the root of its mean square. */
#include "compat.h"
#include "rows.h"

static const field fields[] = {
    {"norm_size", FIELD_INT, 1, 1 << 30, "the last axis of the input", 0,
     "numbers that are normalised together"},
    {"epsilon", FIELD_NUMBER, 0, 1e6, "1e-5", 0, "added to the mean square"},
    {0}};

static bool infer(const layer *l, shape *s)
{
    *s = shape_of(1, layer_int(l, "norm_size", 0));
    return layer_has(l, "norm_size");
}

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    int64_t n = layer_int(l, "norm_size", last_axis(g, x));
    /* Saved models of the original leave out an epsilon of 0, which then counts as 1e-6. */
    double epsilon = layer_number(l, "epsilon", l->net->compat && l->weights ? 1e-6 : 1e-5);
    tensor_id rows = as_rows(g, l, "norm_size", x, n);
    tensor_id gamma = rows ? param(g, l, "gamma", NULL, shape_of(1, n), 0, 1) : 0;
    if (!gamma)
        return 0;
    if (has_stream(l))
        g->stream = x;
    tensor_id y = norm(g, rows, gamma, 0, NORM_RMS, epsilon);
    return rows == x ? y : reshape(g, y, *tensor_shape(g, x));
}

const layer_type layer_rms_norm = {
    .name = "rms_norm",
    .aliases = "rmsnorm",
    .doc = "normalisation of each row by the root of its mean square",
    .shapes = "[...] -> [...]",
    .weights = "gamma [norm_size]",
    .notes = "Each run of norm_size consecutive numbers: y = x * (1 / sqrt(mean of x^2 + epsilon)) * "
             "gamma; the mean is summed in eight lanes.",
    .fields = fields,
    .infer = infer,
    .lower = lower,
};
