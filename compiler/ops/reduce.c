/* reduce.c - sums: of the elements that a broadcast made of one (seq), and of all elements (lanes8).
 *
 * Reduction undoes a broadcast: where the gradient of a broadcast operand is wanted, each of its elements
 * gets the sum over the places that it went to, in row-major order of the larger tensor. */
#ifndef REAL
#include "ops.h"

#include "sums.h"

#define KERNEL_FILE "reduce.c"
#include "kernel.h"

static const attr_def attrs[] = {{0}};

static void reduce_grad(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    dx[0] = expand(g, dy, *tensor_shape(g, o->in[0]));
}

const op_type op_reduce = {
    .name = "reduce",
    .doc = "the sums of the elements that the result's elements would be broadcast to, in ascending order",
    .attrs = attrs,
    .eval = KERNELS(reduce),
    .grad = reduce_grad,
};

const op_type op_total = {
    .name = "total",
    .doc = "the sum of all elements, in eight lanes",
    .attrs = attrs,
    .eval = KERNELS(total),
    .grad = reduce_grad,
};

tensor_id reduce(graph *g, tensor_id x, shape to)
{
    return shape_equal(tensor_shape(g, x), &to) ? x : op_new(g, &op_reduce, NULL, 0, to, 1, &x);
}

tensor_id total(graph *g, tensor_id x)
{
    return op_new(g, &op_total, NULL, 0, shape_of(1, (int64_t)1), 1, &x);
}

#else

static void R(reduce)(const eval_args *e)
{
    const REAL *x = e->in[0];
    REAL *y = e->out;
    for (int64_t i = 0; i < shape_size(e->out_shape); i++)
        y[i] = 0;
    for (int64_t i = 0; i < shape_size(e->in_shape[0]); i++)
        y[broadcast_index(e->in_shape[0], e->out_shape, i)] += x[i];
}

static void R(total)(const eval_args *e)
{
    REAL *y = e->out;
    y[0] = R(row_sum)(e->in[0], shape_size(e->in_shape[0]));
}

#endif
