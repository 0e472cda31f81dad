/* global_avg_pool.c - the mean of each channel. */
#include "spatial.h"

static const field fields[] = {{0}};

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    return lower_global_pool(g, l, x, POOL_AVG);
}

const layer_type layer_global_avg_pool = {
    .name = "global_avg_pool",
    .doc = "mean of each channel",
    .shapes = "[C, ...] -> [C]",
    .notes = "y_c = the sum of channel c's values in order, divided by their number.",
    .fields = fields,
    .lower = lower,
};
