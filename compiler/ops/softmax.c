/* softmax.c - y_j = exp(x_j - max) / sum of those, over the last axis (lanes8). */
#ifndef REAL
#include "qops.h"

#include "../../runtime/loom_math.h"
#include "sums.h"

#define KERNEL_FILE "softmax.c"
#include "kernel.h"

static const attr_def attrs[] = {{"causal", ATTR_INT, offsetof(softmax_attr, causal), 0}, {0}};

static void softmax_gradient(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    dx[0] = softmax_grad(g, o->out, dy);
}

const op_type op_softmax = {
    .name = "softmax",
    .doc = "softmax over the last axis; entries that the mask or causality leaves out give exactly 0",
    .attrs = attrs,
    .eval = KERNELS(softmax),
    .quantise = quantise_softmax,
    .grad = softmax_gradient,
};

static const attr_def no_attrs[] = {{0}};

const op_type op_softmax_grad = {
    .name = "softmax_grad",
    .doc = "gradient of softmax from its result y: y * (dy - sum of dy * y), the sum in eight lanes",
    .attrs = no_attrs,
    .eval = KERNELS(softmax_grad),
};

tensor_id softmax_grad(graph *g, tensor_id y, tensor_id dy)
{
    return op_new(g, &op_softmax_grad, NULL, 0, *tensor_shape(g, y), 2, (tensor_id[]){y, dy});
}

tensor_id softmax(graph *g, tensor_id x, tensor_id mask, bool causal)
{
    softmax_attr at = {causal};
    return op_new(g, &op_softmax, &at, sizeof at, *tensor_shape(g, x), 2, (tensor_id[]){x, mask});
}

#else

/* One row: entries from `seen` on, and those that the mask has 0 for, do not exist. */
static void R(softmax_row)(REAL *y, const REAL *x, const REAL *mask, int64_t seen, int64_t n)
{
    REAL m = 0;
    bool any = false;
    for (int64_t j = 0; j < seen; j++)
        if (!mask || mask[j] != 0) {
            m = any && !(m < x[j]) ? m : x[j];
            any = true;
        }
    for (int64_t j = 0; j < n; j++)
        y[j] = j < seen && (!mask || mask[j] != 0) ? R(loom_exp)(x[j] - m) : 0;
    REAL sum = R(row_sum)(y, n);
    for (int64_t j = 0; j < n; j++)
        y[j] = any ? y[j] / sum : 0;
}

static void R(softmax)(const eval_args *e)
{
    const softmax_attr *at = e->attr;
    const shape *s = e->out_shape;
    const REAL *x = e->in[0];
    REAL *y = e->out;
    int64_t n = s->dim[s->rank - 1], rows = shape_size(s) / n;
    for (int64_t r = 0; r < rows; r++) {
        int64_t seen = n;
        if (at->causal && r % s->dim[s->rank - 2] < n)
            seen = r % s->dim[s->rank - 2] + 1;
        R(softmax_row)(y + r * n, x + r * n, e->in[1], seen, n);
    }
}

static void R(softmax_grad)(const eval_args *e)
{
    const REAL *y = e->in[0], *dy = e->in[1];
    REAL *dx = e->out;
    int64_t n = e->out_shape->dim[e->out_shape->rank - 1], rows = shape_size(e->out_shape) / n;
    for (int64_t r = 0; r < rows; r++, y += n, dy += n, dx += n) {
        REAL sum = R(row_dot)(dy, y, n);
        for (int64_t j = 0; j < n; j++)
            dx[j] = y[j] * (dy[j] - sum);
    }
}

#endif
