/* window.h - the sizes of convolutions and poolings, for the ops on reals and on integers. */
#ifndef LOOMC_WINDOW_H
#define LOOMC_WINDOW_H

#include "ops.h"

/* A convolution's sizes, with the missing row dimension of one-dimensional data filled in. */
typedef struct conv_dims {
    int64_t batch, channels, height, width, filters, per_group, kh, kw, oh, ow;
} conv_dims;

static inline conv_dims conv_sizes(const shape *x, const shape *w, const shape *y)
{
    bool flat = x->rank == 3;
    conv_dims d = {
        .batch = x->dim[0], .channels = x->dim[1],
        .height = flat ? 1 : x->dim[2], .width = x->dim[x->rank - 1],
        .filters = w->dim[0], .per_group = w->dim[1],
        .kh = flat ? 1 : w->dim[2], .kw = w->dim[w->rank - 1],
        .oh = flat ? 1 : y->dim[2], .ow = y->dim[y->rank - 1],
    };
    return d;
}

/* The part of a pooling's window that lies inside the input. */
typedef struct window {
    int64_t top, bottom, left, right; /* rows top .. bottom-1 */
} window;

static inline window pool_window(const pool_attr *at, int64_t height, int64_t width, int64_t row, int64_t col)
{
    int64_t top = row * at->stride[0] - at->pad[0], left = col * at->stride[1] - at->pad[2];
    int64_t bottom = top + at->kernel[0], right = left + at->kernel[1];
    window w = {top > 0 ? top : 0, bottom < height ? bottom : height, left > 0 ? left : 0, right < width ? right : width};
    return w;
}

/* What a mean divides by. */
static inline int64_t pool_area(const pool_attr *at, const window *w)
{
    if (at->count_include_pad)
        return (int64_t)at->kernel[0] * at->kernel[1];
    return (w->bottom - w->top) * (w->right - w->left);
}

#endif
