/* qpool.c - the maximum or the mean of a window of integers that slides over [B,C,H,W] or [B,C,L].
 *
 * Result and input have the same scale and zero, so a maximum is the integers' own. */
#include "qops.h"
#include "window.h"

static int64_t window_max(const eval_args *e, int64_t x, int64_t width, const window *w)
{
    int64_t m = int_get(e->in_type[0], e->in[0], x + w->top * width + w->left);
    for (int64_t i = w->top; i < w->bottom; i++)
        for (int64_t j = w->left; j < w->right; j++) {
            int64_t v = int_get(e->in_type[0], e->in[0], x + i * width + j);
            m = m < v ? v : m;
        }
    return m;
}

static int64_t window_mean(const eval_args *e, int64_t x, int64_t width, const window *w)
{
    const qpool_attr *at = e->attr;
    int64_t area = pool_area(&at->window, w), inside = (w->bottom - w->top) * (w->right - w->left);
    int64_t sum = (area - inside) * at->zero;
    for (int64_t i = w->top; i < w->bottom; i++)
        for (int64_t j = w->left; j < w->right; j++)
            sum += int_get(e->in_type[0], e->in[0], x + i * width + j);
    return loom_mean(sum, area);
}

static void kernel(const eval_args *e)
{
    const pool_attr *at = &((const qpool_attr *)e->attr)->window;
    const shape *in = e->in_shape[0], *out = e->out_shape;
    int64_t height = in->rank == 3 ? 1 : in->dim[2], width = in->dim[in->rank - 1];
    int64_t oh = in->rank == 3 ? 1 : out->dim[2], ow = out->dim[out->rank - 1], y = 0;
    for (int64_t plane = 0; plane < in->dim[0] * in->dim[1]; plane++)
        for (int64_t row = 0; row < oh; row++)
            for (int64_t col = 0; col < ow; col++) {
                window w = pool_window(at, height, width, row, col);
                int64_t x = plane * height * width;
                int_set(e->out_type, e->out, y++, at->kind == POOL_MAX ? window_max(e, x, width, &w) : window_mean(e, x, width, &w));
            }
}

static const attr_def attrs[] = {{"kind", ATTR_INT, offsetof(qpool_attr, window.kind), 0},
                                 {"kernel", ATTR_INT, offsetof(qpool_attr, window.kernel), 2},
                                 {"stride", ATTR_INT, offsetof(qpool_attr, window.stride), 2},
                                 {"pad", ATTR_INT, offsetof(qpool_attr, window.pad), 4},
                                 {"count_include_pad", ATTR_INT, offsetof(qpool_attr, window.count_include_pad), 0},
                                 {"zero", ATTR_INT, offsetof(qpool_attr, zero), 0},
                                 {"wide", ATTR_INT, offsetof(qpool_attr, wide), 0},
                                 {0}};

const op_type op_qpool = {
    .name = "qpool",
    .doc = "maximum or mean of a sliding window of integers; a mean rounds halves away from zero",
    .flags = OP_CHANNELS_LAST,
    .attrs = attrs,
    .integer = kernel,
};

tensor_id quantise_pool(quantiser *q, const op *o)
{
    tensor_id x = quantised(q, o->in[0]);
    if (!x)
        return 0;
    const pool_attr *old = o->attr;
    precision p = type_at(q, x);
    qpool_attr at = {*old, quant_at(q, x)->zero, type_bits(p) + bits_of((int64_t)old->kernel[0] * old->kernel[1]) >= 31};
    return int_op(q, &op_qpool, &at, sizeof at, *tensor_shape(q->f, o->out), p, *quant_at(q, x), 1, &x);
}
