/* pool.c - the maximum or the mean of a window that slides over [B,C,H,W] or [B,C,L].
 *
 * The window is clipped to the input: border positions never take part in a maximum, and count in a
 * mean only as part of the area (count_include_pad). */
#ifndef REAL
#include "qops.h"
#include "window.h"

#define KERNEL_FILE "pool.c"
#include "kernel.h"

static const attr_def attrs[] = {
    {"kind", ATTR_INT, offsetof(pool_attr, kind), 0},
    {"kernel", ATTR_INT, offsetof(pool_attr, kernel), 2},
    {"stride", ATTR_INT, offsetof(pool_attr, stride), 2},
    {"pad", ATTR_INT, offsetof(pool_attr, pad), 4},
    {"count_include_pad", ATTR_INT, offsetof(pool_attr, count_include_pad), 0},
    {0}};

static void pool_gradient(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    dx[0] = pool_grad(g, o->in[0], dy, *(const pool_attr *)o->attr);
}

const op_type op_pool = {
    .name = "pool",
    .doc = "maximum or mean of a sliding window, rows before columns in ascending order",
    .flags = OP_CHANNELS_LAST,
    .attrs = attrs,
    .eval = KERNELS(pool),
    .grad = pool_gradient,
    .quantise = quantise_pool,
};

const op_type op_pool_grad = {
    .name = "pool_grad",
    .doc = "gradient of a pooling: each window's goes to its maximum (the first one), or in equal parts to all; "
           "windows are added in ascending order",
    .flags = OP_CHANNELS_LAST,
    .attrs = attrs,
    .eval = KERNELS(pool_grad),
};

tensor_id pool_grad(graph *g, tensor_id x, tensor_id dy, pool_attr a)
{
    return op_new(g, &op_pool_grad, &a, sizeof a, *tensor_shape(g, x), 2, (tensor_id[]){dy, a.kind == POOL_MAX ? x : 0});
}

static int64_t out_size(int64_t in, const int *pad, int64_t kernel, int64_t stride)
{
    return (in + pad[0] + pad[1] - kernel) / stride + 1;
}

tensor_id pool(graph *g, tensor_id x, pool_attr a)
{
    shape s = *tensor_shape(g, x);
    int last = s.rank - 1;
    if (s.rank == 3) {
        a.kernel[0] = a.stride[0] = 1;
        a.pad[0] = a.pad[1] = 0;
    } else {
        s.dim[2] = out_size(s.dim[2], a.pad, a.kernel[0], a.stride[0]);
    }
    s.dim[last] = out_size(s.dim[last], a.pad + 2, a.kernel[1], a.stride[1]);
    return op_new(g, &op_pool, &a, sizeof a, s, 1, &x);
}

#else

static REAL R(pool_max)(const REAL *x, int64_t width, const window *w)
{
    REAL m = x[w->top * width + w->left];
    for (int64_t i = w->top; i < w->bottom; i++)
        for (int64_t j = w->left; j < w->right; j++)
            m = m < x[i * width + j] ? x[i * width + j] : m;
    return m;
}

static REAL R(pool_sum)(const REAL *x, int64_t width, const window *w)
{
    REAL sum = 0;
    for (int64_t i = w->top; i < w->bottom; i++)
        for (int64_t j = w->left; j < w->right; j++)
            sum += x[i * width + j];
    return sum;
}

static void R(pool)(const eval_args *e)
{
    const pool_attr *at = e->attr;
    const shape *in = e->in_shape[0], *out = e->out_shape;
    int64_t height = in->rank == 3 ? 1 : in->dim[2], width = in->dim[in->rank - 1];
    int64_t oh = in->rank == 3 ? 1 : out->dim[2], ow = out->dim[out->rank - 1];
    REAL *y = e->out;
    for (int64_t plane = 0; plane < in->dim[0] * in->dim[1]; plane++)
        for (int64_t row = 0; row < oh; row++)
            for (int64_t col = 0; col < ow; col++) {
                const REAL *x = (const REAL *)e->in[0] + plane * height * width;
                window w = pool_window(at, height, width, row, col);
                *y++ = at->kind == POOL_MAX ? R(pool_max)(x, width, &w)
                                            : R(pool_sum)(x, width, &w) / (REAL)pool_area(at, &w);
            }
}

/* Adds to dx what one window with the gradient dy brings: to its largest element, */
static void R(pool_back_max)(REAL *dx, const REAL *x, int64_t width, const window *w, REAL dy)
{
    int64_t best = w->top * width + w->left;
    for (int64_t i = w->top; i < w->bottom; i++)
        for (int64_t j = w->left; j < w->right; j++)
            best = x[best] < x[i * width + j] ? i * width + j : best;
    dx[best] += dy;
}

/* or an equal part to each. */
static void R(pool_back_avg)(REAL *dx, int64_t width, const window *w, REAL part)
{
    for (int64_t i = w->top; i < w->bottom; i++)
        for (int64_t j = w->left; j < w->right; j++)
            dx[i * width + j] += part;
}

static void R(pool_grad)(const eval_args *e)
{
    const pool_attr *at = e->attr;
    const shape *in = e->out_shape, *out = e->in_shape[0];
    int64_t height = in->rank == 3 ? 1 : in->dim[2], width = in->dim[in->rank - 1];
    int64_t oh = in->rank == 3 ? 1 : out->dim[2], ow = out->dim[out->rank - 1];
    const REAL *dy = e->in[0], *all = e->in[1];
    REAL *dx = e->out;
    for (int64_t i = 0; i < shape_size(in); i++)
        dx[i] = 0;
    for (int64_t plane = 0; plane < in->dim[0] * in->dim[1]; plane++, dx += height * width)
        for (int64_t row = 0; row < oh; row++)
            for (int64_t col = 0; col < ow; col++, dy++) {
                window w = pool_window(at, height, width, row, col);
                if (at->kind == POOL_MAX)
                    R(pool_back_max)(dx, all + plane * height * width, width, &w, *dy);
                else
                    R(pool_back_avg)(dx, width, &w, *dy / (REAL)pool_area(at, &w));
            }
}

#endif
