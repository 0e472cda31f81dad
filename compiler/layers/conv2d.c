/* conv2d.c - two-dimensional convolution: strides, padding, dilation, groups. */
#include "spatial.h"

static const field fields[] = {
    {"input_channels", FIELD_INT, 1, 1 << 24, "the first axis of the input", 0, "channels of the input"},
    {"input_height", FIELD_INT, 1, 1 << 24, "the second axis of the input", 0, "rows of the input"},
    {"input_width", FIELD_INT, 1, 1 << 24, "the third axis of the input", 0, "columns of the input"},
    {"filters", FIELD_INT, 1, 1 << 20, 0, 0, "channels of the output"},
    KERNEL_FIELD,
    {"stride", FIELD_SIZES, 1, MAX_KERNEL, "1", 0, "step of the window, or [rows, columns]"},
    PADDING_FIELD,
    {"dilation", FIELD_SIZES, 1, MAX_DILATION, "1", 0,
     "distance between the window's positions, or [rows, columns]"},
    {"groups", FIELD_INT, 1, 1 << 20, "1", 0, "parts that channels and filters are divided into"},
    {"bias", FIELD_BOOL, 0, 0, "true", 0, "whether there is a bias"},
    {"output_height", FIELD_INT, 1, 1 << 24, "computed", 0, "rows of the output, checked when given"},
    {"output_width", FIELD_INT, 1, 1 << 24, "computed", 0, "columns of the output, checked when given"},
    ACTIVATION_FIELDS,
    {0}};

static bool infer(const layer *l, shape *s)
{
    *s = shape_of(3, layer_int(l, "input_channels", 0), layer_int(l, "input_height", 0),
                  layer_int(l, "input_width", 0));
    return layer_has(l, "input_channels") && layer_has(l, "input_height") && layer_has(l, "input_width");
}

/* x as [B,C,H,W]. An input of another shape is read as the one that the fields give, if the size is right. */
static tensor_id image(graph *g, const layer *l, tensor_id x)
{
    shape s = sample_shape(g, x), said;
    bool known = infer(l, &said);
    if (known && !shape_equal(&s, &said) && shape_size(&s) == shape_size(&said))
        return reshape(g, x, shape_of(4, tensor_shape(g, x)->dim[0], said.dim[0], said.dim[1], said.dim[2]));
    if (s.rank != 3) {
        shape_error(g, l, NULL,
                    "the input is %s, expected [channels, height, width]; put a reshape before it",
                    shape_text(g->arena, &s));
        return 0;
    }
    bool fits = check_size(g, l, "input_channels", s.dim[0], &s) &&
                check_size(g, l, "input_height", s.dim[1], &s) &&
                check_size(g, l, "input_width", s.dim[2], &s);
    return fits ? x : 0;
}

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    tensor_id y = lower_conv(g, l, image(g, l, x));
    if (!y || !check_output(g, l, "output_height", tensor_shape(g, y)->dim[2]) ||
        !check_output(g, l, "output_width", tensor_shape(g, y)->dim[3]))
        return 0;
    return activation(g, l, y);
}

const layer_type layer_conv2d = {
    .name = "conv2d",
    .doc = "two-dimensional convolution",
    .shapes = "[C, H, W] -> [filters, OH, OW], OH = (H + top + bottom - dilation * (kernel - 1) - 1) / "
              "stride + 1",
    .weights = "kernel [filters][C / groups][rows][columns], conv_bias [filters]",
    .notes = "y = activation(b_f + sum over c, i, j of x[c][row * stride - top + i * dilation][...] * "
             "W[f][c][i][j]): the bias is first, then channel, kernel row and kernel column ascending; "
             "what lies outside is 0. \"same\" gives ceil(in / stride) positions, with the smaller half of "
             "the border first. groups = channels is a depthwise convolution. An input of another shape is "
             "read as [input_channels, input_height, input_width] when these are given and the size is "
             "right.",
    .fields = fields,
    .infer = infer,
    .lower = lower,
};
