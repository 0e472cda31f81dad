/* accumulate.c - sums that are kept from run to run, and how they become zero again. */
#ifndef REAL
#include "ops.h"

#include <string.h>

#define KERNEL_FILE "accumulate.c"
#include "kernel.h"

const op_type op_accumulate = {
    .name = "accumulate",
    .doc = "adds to a sum that is kept: sum = sum + x",
    .flags = OP_UPDATE,
    .eval = KERNELS(accumulate),
};

const op_type op_clear = {
    .name = "clear",
    .doc = "a sum that is kept becomes zero",
    .flags = OP_UPDATE,
    .eval = KERNELS(clear),
};

void accumulate(graph *g, tensor_id sum, tensor_id x)
{
    op_new(g, &op_accumulate, NULL, 0, *tensor_shape(g, sum), 2, (tensor_id[]){sum, x});
}

void clear(graph *g, tensor_id sum) { op_new(g, &op_clear, NULL, 0, *tensor_shape(g, sum), 1, &sum); }

#else

static void R(accumulate)(const eval_args *e)
{
    REAL *sum = e->state[0];
    const REAL *x = e->in[1];
    for (int64_t i = 0; i < shape_size(e->in_shape[0]); i++)
        sum[i] = sum[i] + x[i];
}

static void R(clear)(const eval_args *e) { memset(e->state[0], 0, (size_t)shape_size(e->in_shape[0]) * sizeof(REAL)); }

#endif
