/* log_softmax.c - y_j = (x_j - max) - log(sum of exp(x - max)), over the last axis (lanes8). Exact where
 * softmax itself underflows: what a loss on logits is made of. */
#ifndef REAL
#include "ops.h"

#include "../../runtime/loom_math.h"
#include "sums.h"

#define KERNEL_FILE "log_softmax.c"
#include "kernel.h"

static const attr_def attrs[] = {{0}};

static void log_softmax_gradient(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    dx[0] = log_softmax_grad(g, o->out, dy);
}

const op_type op_log_softmax = {
    .name = "log_softmax",
    .doc = "logarithm of softmax over the last axis",
    .attrs = attrs,
    .eval = KERNELS(log_softmax),
    .grad = log_softmax_gradient,
};

const op_type op_log_softmax_grad = {
    .name = "log_softmax_grad",
    .doc = "gradient of log_softmax from its result y: dy - exp(y) * sum of dy, the sum in eight lanes",
    .attrs = attrs,
    .eval = KERNELS(log_softmax_grad),
};

tensor_id log_softmax(graph *g, tensor_id x)
{
    return op_new(g, &op_log_softmax, NULL, 0, *tensor_shape(g, x), 1, &x);
}

tensor_id log_softmax_grad(graph *g, tensor_id y, tensor_id dy)
{
    return op_new(g, &op_log_softmax_grad, NULL, 0, *tensor_shape(g, y), 2, (tensor_id[]){y, dy});
}

#else

static void R(log_softmax)(const eval_args *e)
{
    const REAL *x = e->in[0];
    REAL *y = e->out;
    int64_t n = e->out_shape->dim[e->out_shape->rank - 1], rows = shape_size(e->out_shape) / n;
    for (int64_t r = 0; r < rows; r++, x += n, y += n) {
        REAL m = R(row_max)(x, n);
        for (int64_t j = 0; j < n; j++)
            y[j] = R(loom_exp)(x[j] - m);
        REAL log = R(loom_log)(R(row_sum)(y, n));
        for (int64_t j = 0; j < n; j++)
            y[j] = (x[j] - m) - log;
    }
}

static void R(log_softmax_grad)(const eval_args *e)
{
    const REAL *y = e->in[0], *dy = e->in[1];
    REAL *dx = e->out;
    int64_t n = e->out_shape->dim[e->out_shape->rank - 1], rows = shape_size(e->out_shape) / n;
    for (int64_t r = 0; r < rows; r++, y += n, dy += n, dx += n) {
        REAL sum = R(row_sum)(dy, n);
        for (int64_t j = 0; j < n; j++) {
            REAL part = R(loom_exp)(y[j]) * sum;
            dx[j] = dy[j] - part;
        }
    }
}

#endif
