/* entmax.c - the sparse relatives of softmax, over the last axis (lanes8).
 *
 * y_i = d_i^(1/a) / sum of those, with a = alpha - 1 and d_i = 1 + a * (x_i - max - t), 0 where that is
 * negative; t is such that the sum is 1. alpha = 2 is sparsemax, found exactly: t is the mean excess of
 * the support, which shrinks until it stays. For other alphas t is bisected in a fixed number of steps.
 * Entries are compared with the maximum, so that large inputs lose nothing. */
#ifndef REAL
#include "qops.h"

#include "../../runtime/loom_math.h"
#include "sums.h"

/* Halvings of the interval of t: it is at most ln(n) < 21 long. */
enum { STEPS_f32 = 30, STEPS_f64 = 60 };

#define KERNEL_FILE "entmax.c"
#include "kernel.h"

static const attr_def attrs[] = {
    {"alpha", ATTR_REAL, offsetof(entmax_attr, alpha), 0},
    {"compat", ATTR_INT, offsetof(entmax_attr, compat), 0},
    {0}};

static void entmax_gradient(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    const entmax_attr *at = o->attr;
    if (at->compat)
        layer_error(g, o->layer, NULL, "the original's version of this variant has no gradient");
    else
        dx[0] = entmax_grad(g, o->out, dy, at->alpha);
}

const op_type op_entmax = {
    .name = "entmax",
    .doc = "alpha-entmax over the last axis: softmax with exact zeros; alpha 2 is sparsemax",
    .attrs = attrs,
    .eval = KERNELS(entmax),
    .quantise = quantise_entmax,
    .grad = entmax_gradient,
};

static const attr_def grad_attrs[] = {{"alpha", ATTR_REAL, offsetof(entmax_attr, alpha), 0}, {0}};

const op_type op_entmax_grad = {
    .name = "entmax_grad",
    .doc = "gradient of entmax from its result y: s * (dy - (sum of s * dy) / (sum of s)), s = y^(2 - alpha), 0 where "
           "y is 0; the sums in eight lanes",
    .attrs = grad_attrs,
    .eval = KERNELS(entmax_grad),
};

tensor_id entmax_grad(graph *g, tensor_id y, tensor_id dy, double alpha)
{
    entmax_attr at = {alpha, false};
    return op_new(g, &op_entmax_grad, &at, sizeof at, *tensor_shape(g, y), 2, (tensor_id[]){y, dy});
}

tensor_id entmax(graph *g, tensor_id x, double alpha, bool compat)
{
    entmax_attr at = {alpha, compat};
    return op_new(g, &op_entmax, &at, sizeof at, *tensor_shape(g, x), 1, &x);
}

#else

/* Sum of x[j] - from over the support: the j with x[j] - max > t. *count is how many they are. */
static REAL R(support_sum)(const REAL *x, int64_t n, REAL from, REAL max, REAL t, int64_t *count)
{
    REAL sums[8] = {0};
    *count = 0;
    for (int64_t j = 0; j < n; j++)
        if (x[j] - max > t) {
            sums[j % 8] += x[j] - from;
            ++*count;
        }
    return LANES8(sums);
}

/* The threshold of sparsemax, relative to the maximum. Nothing at or below -1 can be in the support. */
static REAL R(sparse_threshold)(const REAL *x, int64_t n, REAL max)
{
    REAL t = -1;
    for (int64_t last = n + 1;;) {
        int64_t count;
        REAL sum = R(support_sum)(x, n, max, max, t, &count);
        if (count == 0 || count >= last)
            return t;
        t = (sum - 1) / (REAL)count;
        last = count;
    }
}

static void R(sparsemax)(REAL *y, const REAL *x, int64_t n)
{
    REAL max = R(row_max)(x, n), t = R(sparse_threshold)(x, n, max);
    for (int64_t j = 0; j < n; j++) {
        REAL d = x[j] - max - t;
        y[j] = d < 0 ? 0 : d;
    }
}

/* d^(1/a) for d = 1 + w, 0 where d is negative. log(1 + w) is taken as w * (log(d) / (d - 1)), which
 * makes good what the rounding of d lost. */
static REAL R(entmax_power)(REAL w, REAL exponent)
{
    REAL d = 1 + w;
    if (d <= 0)
        return 0;
    if (exponent == 2)
        return d * d;
    REAL log = d == 1 ? w : w * (R(loom_log)(d) / (d - 1));
    return R(loom_exp)(exponent * log);
}

static REAL R(entmax_sum)(const REAL *x, int64_t n, REAL max, REAL t, REAL a, REAL exponent)
{
    REAL sums[8] = {0};
    for (int64_t j = 0; j < n; j++)
        sums[j % 8] += R(entmax_power)(a * (x[j] - max - t), exponent);
    return LANES8(sums);
}

static void R(entmax_bisect)(REAL *y, const REAL *x, int64_t n, REAL a)
{
    REAL max = R(row_max)(x, n), exponent = 1 / a;
    REAL low = 0, high = -R(loom_expm1)(-a * R(loom_log)((REAL)n)) / a;
    for (int i = 0; i < R(STEPS); i++) {
        REAL middle = (low + high) / 2;
        if (R(entmax_sum)(x, n, max, middle, a, exponent) < 1)
            high = middle;
        else
            low = middle;
    }
    REAL sum = R(entmax_sum)(x, n, max, low, a, exponent);
    for (int64_t j = 0; j < n; j++)
        y[j] = R(entmax_power)(a * (x[j] - max - low), exponent) / sum;
}

/* The original's sparsemax counts the sum twice. */
static void R(sparsemax_compat)(REAL *y, const REAL *x, int64_t n)
{
    int64_t count;
    REAL max = R(row_max)(x, n);
    REAL sum = R(support_sum)(x, n, 0, max, R(sparse_threshold)(x, n, max), &count);
    REAL t = count ? (2 * sum - 1) / (REAL)count : 0;
    for (int64_t j = 0; j < n; j++)
        y[j] = x[j] - t < 0 ? 0 : x[j] - t;
}

/* The original between softmax and sparsemax: a mixture of the two, made to sum to 1 again. */
static void R(entmax_compat)(REAL *y, const REAL *x, int64_t n, REAL a)
{
    REAL max = R(row_max)(x, n), sums[8] = {0}, total[8] = {0};
    for (int64_t j = 0; j < n; j++)
        sums[j % 8] += R(loom_exp)(x[j] - max);
    REAL sum = LANES8(sums);
    R(sparsemax_compat)(y, x, n);
    for (int64_t j = 0; j < n; j++) {
        REAL soft = R(loom_exp)(x[j] - max) / sum;
        REAL soft_part = (1 - a) * soft, sparse_part = a * y[j];
        y[j] = soft_part + sparse_part;
        total[j % 8] += y[j];
    }
    sum = LANES8(total);
    for (int64_t j = 0; j < n; j++)
        y[j] = y[j] / sum;
}

static void R(entmax)(const eval_args *e)
{
    const entmax_attr *at = e->attr;
    REAL a = (REAL)(at->alpha - 1);
    int64_t n = e->out_shape->dim[e->out_shape->rank - 1], rows = shape_size(e->out_shape) / n;
    for (int64_t r = 0; r < rows; r++) {
        const REAL *x = (const REAL *)e->in[0] + r * n;
        REAL *y = (REAL *)e->out + r * n;
        if (at->compat && at->alpha >= 2)
            R(sparsemax_compat)(y, x, n);
        else if (at->compat)
            R(entmax_compat)(y, x, n, a);
        else if (a == 1)
            R(sparsemax)(y, x, n);
        else
            R(entmax_bisect)(y, x, n, a);
    }
}

/* y^(2 - alpha), 0 for 0. */
static REAL R(entmax_weight)(REAL y, REAL exponent)
{
    if (!(0 < y))
        return 0;
    if (exponent == 0)
        return 1;
    if (exponent == (REAL)0.5)
        return R(loom_sqrt)(y);
    return R(loom_exp)(exponent * R(loom_log)(y));
}

static void R(entmax_grad)(const eval_args *e)
{
    const entmax_attr *at = e->attr;
    const REAL *y = e->in[0], *dy = e->in[1];
    REAL *dx = e->out, exponent = (REAL)(2 - at->alpha);
    int64_t n = e->out_shape->dim[e->out_shape->rank - 1], rows = shape_size(e->out_shape) / n;
    for (int64_t r = 0; r < rows; r++, y += n, dy += n, dx += n) {
        for (int64_t j = 0; j < n; j++)
            dx[j] = R(entmax_weight)(y[j], exponent);
        REAL mean = R(row_dot)(dx, dy, n) / R(row_sum)(dx, n);
        for (int64_t j = 0; j < n; j++)
            dx[j] = dx[j] * (dy[j] - mean);
    }
}

#endif
