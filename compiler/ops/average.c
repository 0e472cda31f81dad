/* average.c - a parameter that follows a number of each run slowly: the statistics of batches. */
#ifndef REAL
#include "ops.h"

#define KERNEL_FILE "average.c"
#include "kernel.h"

static const attr_def attrs[] = {{"share", ATTR_REAL, offsetof(average_attr, share), 0}, {0}};

const op_type op_average = {
    .name = "average",
    .doc = "a running average: m = m * (1 - share) + x * share",
    .flags = OP_UPDATE,
    .attrs = attrs,
    .eval = KERNELS(average),
};

void average(graph *g, tensor_id m, tensor_id x, double share)
{
    average_attr at = {share};
    op_new(g, &op_average, &at, sizeof at, *tensor_shape(g, m), 2, (tensor_id[]){m, x});
}

#else

static void R(average)(const eval_args *e)
{
    const average_attr *at = e->attr;
    const REAL *x = e->in[1];
    REAL *m = e->state[0], share = (REAL)at->share, rest = (REAL)(1 - at->share);
    for (int64_t i = 0; i < shape_size(e->in_shape[0]); i++) {
        REAL kept = m[i] * rest, added = x[i] * share;
        m[i] = kept + added;
    }
}

#endif
