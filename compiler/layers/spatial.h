/* spatial.h - what convolution and pooling layers share: windows that slide over [C,H,W] or [C,L].
 *
 * Arrays have one entry per direction, rows then columns; one-dimensional data is an image of one row. */
#ifndef LOOMC_SPATIAL_H
#define LOOMC_SPATIAL_H

#include "../ops/ops.h"

#include <math.h>
#include <string.h>

enum { MAX_KERNEL = 1 << 16, MAX_PADDING = 1 << 16, MAX_DILATION = 1 << 12 };

typedef struct sliding {
    int kernel[2], stride[2], dilation[2];
    int pad[4]; /* top, bottom, left, right */
} sliding;

#define KERNEL_FIELD {"kernel_size", FIELD_SIZES, 1, MAX_KERNEL, 0, 0, "size of the window, or [rows, columns]"}
#define PADDING_FIELD                                                                                        \
    {"padding", FIELD_PAD, 0, MAX_PADDING, "0", 0,                                                           \
     "border: n, one per direction, all sides ([top, left, bottom, right] or [left, right]), \"same\" or \"valid\""}
#define POOL_FIELDS                                                                                          \
    KERNEL_FIELD,                                                                                            \
    {"stride", FIELD_SIZES, 1, MAX_KERNEL, "kernel_size", 0, "step of the window, or [rows, columns]"},      \
    PADDING_FIELD
#define POOL_SHAPES "[C, H, W] -> [C, OH, OW] or [C, L] -> [C, OL], OH = (H + top + bottom - kernel) / stride + 1"

/* Reads sizes for n directions into out[2-n .. 1]; one number stands for all. */
static inline bool read_sizes(graph *g, const layer *l, const char *name, int n, int64_t max, int def[2],
                              int out[2])
{
    int64_t v[2] = {0, 0};
    int count = layer_sizes(l, name, v, 2);
    out[0] = 1;
    for (int i = 0; i < n; i++)
        out[2 - n + i] = count ? 0 : def[2 - n + i];
    if (!count && !layer_has(l, name))
        return true;
    if (count != 1 && count != n) {
        layer_error(g, l, name, "'%s' has %d entries, expected one number%s", name, count,
                    n == 2 ? " or two (rows, columns)" : "");
        return false;
    }
    for (int i = 0; i < n; i++) {
        int64_t x = v[count == 1 ? 0 : i];
        if (x < 1 || x > max) {
            layer_error(g, l, name, "'%s' is %lld, expected 1 to %lld", name, (long long)x, (long long)max);
            return false;
        }
        out[2 - n + i] = (int)x;
    }
    return true;
}

/* The smallest border with which the output has ceil(in / stride) positions; the smaller half is first. */
static inline void pad_same(const shape *s, int n, sliding *w)
{
    for (int d = 2 - n; d < 2; d++) {
        int64_t in = s->dim[s->rank - 2 + d], stride = w->stride[d];
        int64_t reach = (int64_t)w->dilation[d] * (w->kernel[d] - 1) + 1;
        int64_t total = ((in + stride - 1) / stride - 1) * stride + reach - in;
        total = total < 0 ? 0 : total;
        w->pad[2 * d] = (int)(total / 2);
        w->pad[2 * d + 1] = (int)(total - total / 2);
    }
}

static inline bool read_padding(graph *g, const layer *l, const shape *s, int n, sliding *w)
{
    const char *word = layer_string(l, "padding", NULL);
    if (word && strcmp(word, "same") == 0)
        pad_same(s, n, w);
    if (word || !layer_has(l, "padding"))
        return true;
    int64_t v[4] = {0};
    int count = layer_sizes(l, "padding", v, 4);
    if (count != 1 && count != n && count != 2 * n) {
        layer_error(g, l, "padding", "'padding' has %d entries, expected %s", count,
                    n == 2 ? "1, 2 (rows, columns) or 4 (top, left, bottom, right)" : "1 or 2 (left, right)");
        return false;
    }
    for (int i = 0; i < n; i++) {
        int d = 2 - n + i;
        int64_t before = v[count == 1 ? 0 : i], after = v[count == 1 ? 0 : count == n ? i : n + i];
        if (before < 0 || after < 0 || before > MAX_PADDING || after > MAX_PADDING) {
            layer_error(g, l, "padding", "'padding' must be 0 to %d", MAX_PADDING);
            return false;
        }
        w->pad[2 * d] = (int)before;
        w->pad[2 * d + 1] = (int)after;
    }
    return true;
}

/* Fits the window into the input with its border, and is the bordered input of a size that can be? */
static inline bool check_window(graph *g, const layer *l, const shape *s, int n, const sliding *w)
{
    int64_t size = s->dim[0];
    for (int d = 2 - n; d < 2; d++) {
        int64_t in = s->dim[s->rank - 2 + d], all = in + w->pad[2 * d] + w->pad[2 * d + 1];
        int64_t reach = (int64_t)w->dilation[d] * (w->kernel[d] - 1) + 1;
        if (reach > all) {
            shape_error(g, l, "kernel_size",
                        "the window covers %lld %s, but the input %s has %lld with its padding; make the "
                        "kernel smaller or the padding larger",
                        (long long)reach,
                        d == 0   ? "rows"
                        : n == 2 ? "columns"
                                 : "positions",
                        shape_text(g->arena, s), (long long)all);
            return false;
        }
        if (size > MAX_ELEMENTS / all) {
            shape_error(g, l, "padding", "the input %s is too large with its padding",
                        shape_text(g->arena, s));
            return false;
        }
        size *= all;
    }
    return true;
}

/* All that says how the window moves over a sample of shape s: [C,H,W] or [C,L]. A pooling window moves
 * by its own size when no stride is given, and has no dilation. */
static inline bool read_window(graph *g, const layer *l, const shape *s, bool pooling, sliding *w)
{
    int n = s->rank - 1, ones[2] = {1, 1};
    memset(w, 0, sizeof *w);
    w->dilation[0] = w->dilation[1] = 1;
    if (!layer_has(l, "kernel_size")) {
        layer_error(g, l, NULL, "'kernel_size' is missing");
        return false;
    }
    return read_sizes(g, l, "kernel_size", n, MAX_KERNEL, ones, w->kernel) &&
           read_sizes(g, l, "stride", n, MAX_KERNEL, pooling ? w->kernel : ones, w->stride) &&
           (pooling || read_sizes(g, l, "dilation", n, MAX_DILATION, ones, w->dilation)) &&
           read_padding(g, l, s, n, w) && check_window(g, l, s, n, w);
}

/* The layer's size `name`, when it is given, must be `is`, which is one of the input's. */
static inline bool check_size(graph *g, const layer *l, const char *name, int64_t is, const shape *input)
{
    int64_t said = layer_int(l, name, is);
    if (said != is)
        shape_error(g, l, name, "%s is %lld, but the input %s has %lld", name, (long long)said,
                    shape_text(g->arena, input), (long long)is);
    return said == is;
}

/* The same for one of the output's. */
static inline bool check_output(graph *g, const layer *l, const char *name, int64_t is)
{
    int64_t said = layer_int(l, name, is);
    if (said != is)
        layer_error(g, l, name, "%s is %lld, but it comes out as %lld", name, (long long)said, (long long)is);
    return said == is;
}

static inline bool check_groups(graph *g, const layer *l, int64_t channels, int64_t filters, int64_t groups)
{
    if (channels % groups == 0 && filters % groups == 0)
        return true;
    shape_error(g, l, "groups",
                "groups is %lld, which must divide the %lld channels of the input and the %lld filters",
                (long long)groups, (long long)channels, (long long)filters);
    return false;
}

/* The convolution of x, [B,C,H,W] or [B,C,L], by the layer's own kernel and bias. */
static inline tensor_id lower_conv(graph *g, const layer *l, tensor_id x)
{
    if (!layer_has(l, "filters")) {
        layer_error(g, l, NULL, "'filters' is missing");
        return 0;
    }
    shape s = sample_shape(g, x);
    sliding w;
    int64_t filters = layer_int(l, "filters", 0), groups = layer_int(l, "groups", 1);
    if (!x || !read_window(g, l, &s, false, &w) || !check_groups(g, l, s.dim[0], filters, groups))
        return 0;
    conv_attr a = {.groups = (int)groups};
    memcpy(a.stride, w.stride, sizeof a.stride);
    memcpy(a.dilation, w.dilation, sizeof a.dilation);
    memcpy(a.pad, w.pad, sizeof a.pad);
    int64_t per_group = s.dim[0] / groups, kh = s.rank == 3 ? w.kernel[0] : 1, kw = w.kernel[1];
    shape sk = s.rank == 3 ? shape_of(4, filters, per_group, kh, kw) : shape_of(3, filters, per_group, kw);
    tensor_id kernel = param(g, l, "kernel", NULL, sk, sqrt(6.0 / (double)(per_group * kh * kw)), 0);
    tensor_id bias =
        layer_bool(l, "bias", true) ? param(g, l, "conv_bias", "biases", shape_of(1, filters), 0, 0) : 0;
    return kernel ? conv(g, x, kernel, bias, a) : 0;
}

/* Pooling, for max_pool and avg_pool. */
static inline tensor_id lower_pool(graph *g, const layer *l, tensor_id x, pool_kind kind)
{
    shape s = sample_shape(g, x);
    if (s.rank != 2 && s.rank != 3) {
        shape_error(g, l, NULL,
                    "the input is %s, expected [channels, height, width] or [channels, length]; "
                    "put a reshape before it",
                    shape_text(g->arena, &s));
        return 0;
    }
    sliding w;
    if (!read_window(g, l, &s, true, &w))
        return 0;
    pool_attr a = {.kind = (int)kind, .count_include_pad = 1};
    for (int d = 0; d < 2; d++) {
        if (w.pad[2 * d] >= w.kernel[d] || w.pad[2 * d + 1] >= w.kernel[d]) {
            layer_error(g, l, "padding",
                        "the padding must be smaller than the kernel (%d), or some windows would lie "
                        "outside the input",
                        w.kernel[d]);
            return 0;
        }
        a.kernel[d] = w.kernel[d];
        a.stride[d] = w.stride[d];
        a.pad[2 * d] = w.pad[2 * d];
        a.pad[2 * d + 1] = w.pad[2 * d + 1];
    }
    if (kind == POOL_AVG)
        a.count_include_pad = layer_bool(l, "count_include_pad", true);
    return pool(g, x, a);
}

/* One number per channel: a window as large as the input. */
static inline tensor_id lower_global_pool(graph *g, const layer *l, tensor_id x, pool_kind kind)
{
    shape s = sample_shape(g, x);
    if (s.rank < 2) {
        shape_error(g, l, NULL, "the input is %s, expected [channels, ...] with at least two dimensions",
                    shape_text(g->arena, &s));
        return 0;
    }
    int64_t batch = tensor_shape(g, x)->dim[0], channels = s.dim[0], rest = shape_size(&s) / channels;
    if (s.rank > 3)
        x = reshape(g, x, shape_of(3, batch, channels, rest));
    bool image = s.rank == 3;
    pool_attr a = {.kind = (int)kind,
                   .stride = {1, 1},
                   .count_include_pad = 1,
                   .kernel = {image ? (int)s.dim[1] : 1, image ? (int)s.dim[2] : (int)rest}};
    return reshape(g, pool(g, x, a), shape_of(2, batch, channels));
}

#endif
