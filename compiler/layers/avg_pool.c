/* avg_pool.c - the mean of a sliding window. */
#include "spatial.h"

static const field fields[] = {
    POOL_FIELDS,
    {"count_include_pad", FIELD_BOOL, 0, 0, "true", 0,
     "whether the border counts in the number that is divided by"},
    {0}};

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    return lower_pool(g, l, x, POOL_AVG);
}

const layer_type layer_avg_pool = {
    .name = "avg_pool",
    .doc = "mean of a sliding window",
    .shapes = POOL_SHAPES,
    .notes = "The sum of the window's values, rows before columns, divided by the kernel's area; with "
             "\"count_include_pad\": false by the number of values.",
    .fields = fields,
    .lower = lower,
};
