/* norm.c - layer normalisation and root-mean-square normalisation over the last axis (lanes8). */
#ifndef REAL
#include "qops.h"

#include "../../runtime/loom_math.h"
#include "sums.h"

#define KERNEL_FILE "norm.c"
#include "kernel.h"

static const attr_def attrs[] = {
    {"kind", ATTR_INT, offsetof(norm_attr, kind), 0},
    {"epsilon", ATTR_REAL, offsetof(norm_attr, epsilon), 0},
    {0}};

static void norm_gradient(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    const norm_attr *at = o->attr;
    tensor_id gamma = o->n_in > 1 ? o->in[1] : 0, beta = o->n_in > 2 ? o->in[2] : 0;
    if (needs_gradient(g, o->in[0]))
        dx[0] = norm_grad(g, o->in[0], gamma ? map2(g, FN_mul, dy, gamma) : dy, *at);
    if (needs_gradient(g, gamma)) {
        tensor_id plain = norm(g, o->in[0], 0, 0, (norm_kind)at->kind, at->epsilon);
        dx[1] = reduce(g, map2(g, FN_mul, dy, plain), *tensor_shape(g, gamma));
    }
    if (needs_gradient(g, beta))
        dx[2] = reduce(g, dy, *tensor_shape(g, beta));
}

const op_type op_norm = {
    .name = "norm",
    .doc = "normalises the last axis: by mean and variance, or by the root of the mean square",
    .attrs = attrs,
    .eval = KERNELS(norm),
    .quantise = quantise_norm,
    .grad = norm_gradient,
};

const op_type op_norm_grad = {
    .name = "norm_grad",
    .doc = "gradient of a normalisation by its input: (dy - mean(dy) - z * mean(dy * z)) * r, z = (x - mean) * r; "
           "without mean(dy) for the root of the mean square",
    .attrs = attrs,
    .eval = KERNELS(norm_grad),
};

tensor_id norm_grad(graph *g, tensor_id x, tensor_id dy, norm_attr a)
{
    return op_new(g, &op_norm_grad, &a, sizeof a, *tensor_shape(g, x), 2, (tensor_id[]){x, dy});
}

tensor_id norm(graph *g, tensor_id x, tensor_id gamma, tensor_id beta, norm_kind kind, double epsilon)
{
    norm_attr at = {(int)kind, epsilon};
    return op_new(g, &op_norm, &at, sizeof at, *tensor_shape(g, x), 3, (tensor_id[]){x, gamma, beta});
}

#else

static REAL R(mean)(const REAL *x, int64_t n) { return R(row_sum)(x, n) / (REAL)n; }

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

/* The mean of dy * z, z = (x - mean) * r. */
static REAL R(mean_along)(const REAL *dy, const REAL *x, REAL mean, REAL r, int64_t n)
{
    REAL sums[8] = {0};
    for (int64_t j = 0; j < n; j++)
        sums[j % 8] += dy[j] * ((x[j] - mean) * r);
    return LANES8(sums) / (REAL)n;
}

static void R(norm_grad)(const eval_args *e)
{
    const norm_attr *at = e->attr;
    int64_t n = e->out_shape->dim[e->out_shape->rank - 1], rows = shape_size(e->out_shape) / n;
    for (int64_t row = 0; row < rows; row++) {
        const REAL *x = (const REAL *)e->in[0] + row * n, *dy = (const REAL *)e->in[1] + row * n;
        REAL *dx = (REAL *)e->out + row * n;
        REAL mean = at->kind == NORM_LAYER ? R(mean)(x, n) : 0;
        REAL r = 1 / R(loom_sqrt)(R(mean_square)(x, mean, n) + (REAL)at->epsilon);
        REAL level = at->kind == NORM_LAYER ? R(mean)(dy, n) : 0, along = R(mean_along)(dy, x, mean, r, n);
        for (int64_t j = 0; j < n; j++) {
            REAL z = (x[j] - mean) * r, less = z * along;
            dx[j] = (dy[j] - level - less) * r;
        }
    }
}

#endif
