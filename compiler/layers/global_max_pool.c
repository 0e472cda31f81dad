/* global_max_pool.c - the largest value of each channel. */
#include "spatial.h"

static const field fields[] = {{0}};

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    return lower_global_pool(g, l, x, POOL_MAX);
}

const layer_type layer_global_max_pool = {
    .name = "global_max_pool",
    .doc = "maximum of each channel",
    .shapes = "[C, ...] -> [C]",
    .notes = "y_c = the largest value of channel c.",
    .fields = fields,
    .lower = lower,
};
