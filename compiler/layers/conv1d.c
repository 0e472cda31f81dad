/* conv1d.c - one-dimensional convolution: strides, padding (also causal), dilation, groups. */
#include "spatial.h"

static const field fields[] = {
    {"input_channels", FIELD_INT, 1, 1 << 24, "the first axis of the input, 1 when it has only one", 0,
     "channels of the input"},
    {"input_length|input_height", FIELD_INT, 1, 1 << 24, "the last axis of the input", 0,
     "positions of the input"},
    {"filters", FIELD_INT, 1, 1 << 20, 0, 0, "channels of the output"},
    KERNEL_FIELD,
    {"stride", FIELD_SIZES, 1, MAX_KERNEL, "1", 0, "step of the window"},
    PADDING_FIELD,
    {"dilation", FIELD_SIZES, 1, MAX_DILATION, "1", 0, "distance between the window's positions"},
    {"groups", FIELD_INT, 1, 1 << 20, "1", 0, "parts that channels and filters are divided into"},
    {"bias", FIELD_BOOL, 0, 0, "true", 0, "whether there is a bias"},
    ACTIVATION_FIELDS,
    {0}};

static bool infer(const layer *l, shape *s)
{
    *s = shape_of(2, layer_int(l, "input_channels", 1), layer_int(l, "input_length", 0));
    return layer_has(l, "input_length");
}

/* x as [B,C,L]. A flat input is read as the shape that the fields give, if the size is right. */
static tensor_id series(graph *g, const layer *l, tensor_id x)
{
    shape s = sample_shape(g, x);
    int64_t channels = layer_int(l, "input_channels", 1), size = shape_size(&s);
    if (s.rank == 1 && size % channels == 0 &&
        layer_int(l, "input_length", size / channels) == size / channels)
        return reshape(g, x, shape_of(3, tensor_shape(g, x)->dim[0], channels, size / channels));
    if (s.rank != 2) {
        shape_error(g, l, NULL, "the input is %s, expected [channels, length]; put a reshape before it",
                    shape_text(g->arena, &s));
        return 0;
    }
    bool fits =
        check_size(g, l, "input_channels", s.dim[0], &s) && check_size(g, l, "input_length", s.dim[1], &s);
    return fits ? x : 0;
}

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    tensor_id y = lower_conv(g, l, series(g, l, x));
    return y ? activation(g, l, y) : 0;
}

const layer_type layer_conv1d = {
    .name = "conv1d",
    .doc = "one-dimensional convolution",
    .shapes = "[C, L] -> [filters, OL], OL = (L + left + right - dilation * (kernel - 1) - 1) / stride + 1",
    .weights = "kernel [filters][C / groups][kernel_size], conv_bias [filters]",
    .notes = "y = activation(b_f + sum over c, j of x[c][at * stride - left + j * dilation] * W[f][c][j]): "
             "the bias is first, then channel and kernel position ascending; what lies outside is 0. "
             "\"padding\": [kernel - 1, 0] is causal. groups = channels is a depthwise convolution.",
    .fields = fields,
    .infer = infer,
    .lower = lower,
};
