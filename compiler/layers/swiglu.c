/* swiglu.c - the gated feed-forward block of transformers. */
#include "compat.h"
#include "rows.h"

static const field fields[] = {
    {"input_size|input_height", FIELD_INT, 1, 1 << 24, "the last axis of the input", 0, "inputs and outputs"},
    {"hidden_size|output_height|intermediate_size", FIELD_INT, 1, 1 << 24, 0, 0, "numbers in between"},
    {"bias", FIELD_BOOL, 0, 0, "true", 0, "whether the three projections have biases"},
    {0}};

static bool infer(const layer *l, shape *s)
{
    *s = shape_of(1, layer_int(l, "input_size", 0));
    return layer_has(l, "input_size");
}

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    if (!layer_has(l, "hidden_size")) {
        layer_error(g, l, NULL, "'hidden_size' is missing");
        return 0;
    }
    int64_t in = layer_int(l, "input_size", last_axis(g, x)), mid = layer_int(l, "hidden_size", 0);
    tensor_id rows = as_rows(g, l, "input_size", x, in);
    if (!rows)
        return 0;
    tensor_id gate = project(g, l, rows, "gate_weights", "gate_bias", mid);
    tensor_id up = project(g, l, rows, "up_weights", "up_bias", mid);
    if (!gate || !up)
        return 0;
    tensor_id y =
        project(g, l, map2(g, FN_mul, map1(g, FN_silu, gate, 0), up), "down_weights", "down_bias", in);
    if (rows != x && y)
        y = reshape(g, y, *tensor_shape(g, x));
    return join_stream(g, l, y);
}

const layer_type layer_swiglu = {
    .name = "swiglu",
    .doc = "gated feed-forward block",
    .shapes = "[.., n] -> [.., n]",
    .weights = "gate_weights and up_weights [n][hidden_size], down_weights [hidden_size][n], gate_bias, "
               "up_bias [hidden_size], down_bias [n]",
    .notes = "y = (silu(x G + bg) * (x U + bu)) D + bd, each sum starting at its bias; n = input_size, and "
             "each run of n numbers of the sample is a row.",
    .fields = fields,
    .infer = infer,
    .lower = lower,
};
