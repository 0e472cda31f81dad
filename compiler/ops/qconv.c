/* qconv.c - convolution of integers, each sum brought to the result's scale once.
 *
 * The border stands for zero, so it adds nothing. Sums are exact: their order does not matter. */
#include "qops.h"
#include "window.h"

/* One sum: x is the group's first channel of the sample, w the filter, both of element i0 of their tensor. */
static int64_t one_sum(const eval_args *e, const conv_dims *d, int64_t x, int64_t w, int64_t row, int64_t col)
{
    const qconv_attr *at = e->attr;
    const conv_attr *a = &at->window;
    int64_t top = row * a->stride[0] - a->pad[0], left = col * a->stride[1] - a->pad[2], sum = 0;
    for (int64_t c = 0; c < d->per_group; c++, x += d->height * d->width)
        for (int64_t i = 0; i < d->kh; i++)
            for (int64_t j = 0; j < d->kw; j++, w++) {
                int64_t r = top + i * a->dilation[0], q = left + j * a->dilation[1];
                if (r >= 0 && r < d->height && q >= 0 && q < d->width)
                    sum += (int_get(e->in_type[0], e->in[0], x + r * d->width + q) - at->zero[0]) * int_get(e->in_type[1], e->in[1], w);
            }
    return sum;
}

static void kernel(const eval_args *e)
{
    const qconv_attr *at = e->attr;
    conv_dims d = conv_sizes(e->in_shape[0], e->in_shape[1], e->out_shape);
    int64_t plane = d.height * d.width, taps = d.per_group * d.kh * d.kw, per_group = d.filters / at->window.groups, y = 0;
    for (int64_t b = 0; b < d.batch; b++)
        for (int64_t f = 0; f < d.filters; f++) {
            int64_t x = (b * d.channels + f / per_group * d.per_group) * plane, bias = int_get(e->in_type[2], e->in[2], f);
            int32_t m = (int32_t)int_get(I32, e->in[3], f);
            int shift = (int)int_get(I8, e->in[4], f);
            for (int64_t row = 0; row < d.oh; row++)
                for (int64_t col = 0; col < d.ow; col++) {
                    int64_t sum = bias + one_sum(e, &d, x, f * taps, row, col);
                    sum = at->limit ? loom_narrow(sum, at->limit) : sum;
                    int_set(e->out_type, e->out, y++, loom_cut(loom_scale(sum, m, shift) + at->zero[1], at->low, at->high));
                }
        }
}

static int64_t count_macs(const graph *g, const op *o)
{
    const shape *w = tensor_shape(g, o->in[1]);
    return shape_size(tensor_shape(g, o->out)) * (shape_size(w) / w->dim[0]);
}

/* One filter for each channel. */
static bool is_depthwise(const op *o, const shape *w)
{
    int groups = ((const qconv_attr *)o->attr)->window.groups;
    return w->dim[1] == 1 && w->dim[0] == groups;
}

static bool conv_in_pairs(const graph *g, const op *o)
{
    const shape *w = tensor_shape(g, o->in[1]);
    return in_pairs(g, o, shape_size(w) / w->dim[0] * 2);
}

/* Filters side by side, their terms in the order of an image with channels innermost: row, column, channel. Of one group, what
 * lies side by side in a row of the image is one run. Those of a depthwise convolution are one group, a pair is two columns. */
static bool pack_operand(const graph *g, const op *o, int input, pack *p)
{
    if (input == 0 || !conv_in_pairs(g, o))
        return false;
    const conv_attr *a = &((const qconv_attr *)o->attr)->window;
    const shape *w = tensor_shape(g, o->in[1]);
    bool depthwise = is_depthwise(o, w);
    int64_t taps = shape_size(w) / (w->dim[0] * w->dim[1]), groups = depthwise ? 1 : a->groups, n = w->dim[0] / groups;
    pack_outputs(p, groups, n);
    if (input > 1)
        return true;
    p->inner = w->dim[1];
    p->k = p->inner * taps;
    p->sn = p->k;
    p->sg = n * p->k;
    p->sk = 1;
    p->si = taps;
    p->together = terms_together(g, o);
    p->run = depthwise || (groups == 1 && a->dilation[1] == 1) ? p->inner * w->dim[w->rank - 1] : p->inner;
    return true;
}

/* One sample as int16, channels innermost, with its border (without vectors, where memory counts: the rows that one row of the
 * result needs); of a depthwise convolution before that each number with the one to
 * its right, and what vectors read behind the last. */
enum { BEHIND = 16 };

static int64_t scratch(const graph *g, const op *o)
{
    const conv_attr *a = &((const qconv_attr *)o->attr)->window;
    conv_dims d = conv_sizes(tensor_shape(g, o->in[0]), tensor_shape(g, o->in[1]), tensor_shape(g, o->out));
    if (!conv_in_pairs(g, o))
        return 0;
    int64_t rows = panel_width(g) == 1 ? (d.kh - 1) * a->dilation[0] + 1 : d.height + a->pad[0] + a->pad[1];
    int64_t image = rows * (d.width + a->pad[2] + a->pad[3]) * d.channels;
    bool depthwise = is_depthwise(o, tensor_shape(g, o->in[1]));
    return depthwise ? image + BEHIND + pair_scratch(image + d.channels * a->dilation[1] * 2) : pair_scratch(image);
}

static void halo(const graph *g, const op *o, int input, int64_t pad[4])
{
    const qconv_attr *at = o->attr;
    for (int i = 0; i < 4 && input == 0 && !conv_in_pairs(g, o); i++)
        pad[i] = at->window.pad[i];
}

static const attr_def attrs[] = {{"stride", ATTR_INT, offsetof(qconv_attr, window.stride), 2},
                                 {"pad", ATTR_INT, offsetof(qconv_attr, window.pad), 4},
                                 {"dilation", ATTR_INT, offsetof(qconv_attr, window.dilation), 2},
                                 {"groups", ATTR_INT, offsetof(qconv_attr, window.groups), 0},
                                 {"limit", ATTR_INT, offsetof(qconv_attr, limit), 0},
                                 {"zero", ATTR_INT, offsetof(qconv_attr, zero), 2},
                                 {"low", ATTR_INT, offsetof(qconv_attr, low), 0},
                                 {"high", ATTR_INT, offsetof(qconv_attr, high), 0},
                                 {"wide", ATTR_INT, offsetof(qconv_attr, wide), 0},
                                 {"least", ATTR_INT, offsetof(qconv_attr, least), 0},
                                 {0}};

const op_type op_qconv = {
    .name = "qconv",
    .doc = "convolution of integers, each sum brought to the result's scale",
    .flags = OP_CHANNELS_LAST,
    .attrs = attrs,
    .integer = kernel,
    .macs = count_macs,
    .pack = pack_operand,
    .scratch = scratch,
    .halo = halo,
};

tensor_id quantise_conv(quantiser *q, const op *o)
{
    product m = product_of(q, o, 1);
    integers w = integers_of(q, &m, quantised(q, o->in[0]));
    if (!w.kernel)
        return 0;
    tensor_id x = q->made[o->in[0]];
    qconv_attr at = {*(const conv_attr *)o->attr, w.limit, {quant_at(q, x)->zero, w.to.zero}, w.low, w.high, w.wide, w.least};
    tensor_id in[5] = {x, w.kernel, w.bias, w.multiplier, w.shift};
    return q->made[m.result] = int_op(q, &op_qconv, &at, sizeof at, *tensor_shape(q->f, o->out), q->type[m.result], w.to, 5, in);
}
