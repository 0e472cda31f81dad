/* flatten.c - a sample as one row of numbers. */
#include "../ops/ops.h"

static const field fields[] = {{0}};

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    (void)l;
    shape s = sample_shape(g, x);
    return s.rank == 1 ? x : reshape(g, x, shape_of(2, tensor_shape(g, x)->dim[0], shape_size(&s)));
}

const layer_type layer_flatten = {
    .name = "flatten",
    .doc = "the sample as one row of numbers",
    .shapes = "[...] -> [n]",
    .notes = "The order of the numbers stays: the last axis runs fastest.",
    .fields = fields,
    .lower = lower,
};
