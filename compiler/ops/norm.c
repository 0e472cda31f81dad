/* norm.c - layer normalisation and root-mean-square normalisation over the last axis (lanes8). */
#ifndef REAL
#include "ops.h"

#include "../../runtime/loom_math.h"
#include "sums.h"

#define KERNEL_FILE "norm.c"
#include "kernel.h"

static const attr_def attrs[] = {
    {"kind", ATTR_INT, offsetof(norm_attr, kind), 0},
    {"epsilon", ATTR_REAL, offsetof(norm_attr, epsilon), 0},
    {0}};

const op_type op_norm = {
    .name = "norm",
    .doc = "normalises the last axis: by mean and variance, or by the root of the mean square",
    .attrs = attrs,
    .eval = KERNELS(norm),
};

tensor_id norm(graph *g, tensor_id x, tensor_id gamma, tensor_id beta, norm_kind kind, double epsilon)
{
    norm_attr at = {(int)kind, epsilon};
    return op_new(g, &op_norm, &at, sizeof at, *tensor_shape(g, x), 3, (tensor_id[]){x, gamma, beta});
}

#else

static REAL R(mean)(const REAL *x, int64_t n)
{
    REAL sums[8] = {0};
    for (int64_t j = 0; j < n; j++)
        sums[j % 8] += x[j];
    return LANES8(sums) / (REAL)n;
}

static REAL R(mean_square)(const REAL *x, REAL mean, int64_t n)
{
    REAL sums[8] = {0};
    for (int64_t j = 0; j < n; j++) {
        REAL d = x[j] - mean;
        sums[j % 8] += d * d;
    }
    return LANES8(sums) / (REAL)n;
}

static void R(norm)(const eval_args *e)
{
    const norm_attr *at = e->attr;
    const REAL *gamma = e->in[1], *beta = e->in[2];
    int64_t n = e->out_shape->dim[e->out_shape->rank - 1], rows = shape_size(e->out_shape) / n;
    for (int64_t row = 0; row < rows; row++) {
        const REAL *x = (const REAL *)e->in[0] + row * n;
        REAL *y = (REAL *)e->out + row * n;
        REAL mean = at->kind == NORM_LAYER ? R(mean)(x, n) : 0;
        REAL r = 1 / R(loom_sqrt)(R(mean_square)(x, mean, n) + (REAL)at->epsilon);
        for (int64_t j = 0; j < n; j++) {
            REAL v = (x[j] - mean) * r;
            v = gamma ? v * gamma[j] : v;
            y[j] = beta ? v + beta[j] : v;
        }
    }
}

#endif
