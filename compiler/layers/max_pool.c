/* max_pool.c - the largest value of a sliding window. */
#include "spatial.h"

static const field fields[] = {
    KERNEL_FIELD,
    {"stride", FIELD_SIZES, 1, MAX_KERNEL, "kernel_size", 0, "step of the window, or [rows, columns]"},
    PADDING_FIELD,
    {0}};

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    return lower_pool(g, l, x, POOL_MAX);
}

const layer_type layer_max_pool = {
    .name = "max_pool",
    .doc = "maximum of a sliding window",
    .shapes = "[C, H, W] -> [C, OH, OW] or [C, L] -> [C, OL], OH = (H + top + bottom - kernel) / stride + "
              "1",
    .notes = "m starts at the window's first value and is replaced by each x with m < x, rows before "
             "columns. The border never takes part.",
    .fields = fields,
    .lower = lower,
};
