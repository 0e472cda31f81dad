/* max_pool.c - the largest value of a sliding window. */
#include "spatial.h"

static const field fields[] = {
    POOL_FIELDS,
    {0}};

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    return lower_pool(g, l, x, POOL_MAX);
}

const layer_type layer_max_pool = {
    .name = "max_pool",
    .doc = "maximum of a sliding window",
    .shapes = POOL_SHAPES,
    .notes = "m starts at the window's first value and is replaced by each x with m < x, rows before "
             "columns. The border never takes part.",
    .fields = fields,
    .lower = lower,
};
