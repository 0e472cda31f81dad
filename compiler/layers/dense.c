/* dense.c - y = activation(x W + b) on the last axis. */
#include "../ops/ops.h"

#include <math.h>

static const field fields[] = {
    {"input_size|width|input_height", FIELD_INT, 1, 1 << 24, "the last axis of the input", 0, "inputs"},
    {"output_size|height|output_height", FIELD_INT, 1, 1 << 24, 0, 0, "outputs"},
    {"bias", FIELD_BOOL, 0, 0, "true", 0, "whether there is a bias"},
    ACTIVATION_FIELDS,
    {0}};

static bool infer(const layer *l, shape *s)
{
    *s = shape_of(1, layer_int(l, "input_size", 0));
    return layer_has(l, "input_size");
}

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    shape s = sample_shape(g, x);
    int64_t last = s.rank ? s.dim[s.rank - 1] : 1;
    int64_t in = layer_int(l, "input_size", last), out = layer_int(l, "output_size", 0);
    if (!layer_has(l, "output_size")) {
        layer_error(g, l, NULL, "'output_size' is missing");
        return 0;
    }
    if (in != last && in == shape_size(&s))
        x = reshape(g, x, shape_of(2, tensor_shape(g, x)->dim[0], in));
    else if (in != last) {
        shape_error(g, l, "input_size", "input_size is %lld, but the input is %s", (long long)in,
                    shape_text(g->arena, &s));
        return 0;
    }
    tensor_id w = param(g, l, "kernel", NULL, shape_of(2, in, out), sqrt(6.0 / (double)(in + out)), 0);
    tensor_id b = layer_bool(l, "bias", true) ? param(g, l, "biases", NULL, shape_of(1, out), 0, 0) : 0;
    tensor_id y = matmul(g, x, w, 0, false);
    return activation(g, l, b ? map2(g, FN_add, y, b) : y);
}

const layer_type layer_dense = {
    .name = "dense",
    .doc = "fully connected layer",
    .shapes = "[.., input_size] -> [.., output_size]",
    .weights = "kernel [input_size][output_size], biases [output_size]",
    .notes =
        "y = activation(sum over i of x_i W[i][o], i ascending, then + b_o). An input whose whole size is "
        "input_size is flattened first.",
    .fields = fields,
    .infer = infer,
    .lower = lower,
};
