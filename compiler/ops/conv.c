/* conv.c - convolution of [B,C,H,W] or [B,C,L], with groups, stride, dilation and a zero border (seq).
 *
 * A one-dimensional input is an image of one row: its length, kernel, stride and dilation are those of
 * the columns. */
#ifndef REAL
#include "qops.h"
#include "window.h"

/* Tap i of the kernel reaches input position `at` from the output position *out; false where the stride
 * skips that. It may lie outside the output. */
static bool reached_from(int64_t at, int64_t i, int pad, int dilation, int stride, int64_t *out)
{
    int64_t from = at + pad - i * dilation;
    *out = from / stride;
    return from % stride == 0;
}

#define KERNEL_FILE "conv.c"
#include "kernel.h"

static int64_t count_macs(const graph *g, const op *o)
{
    const shape *w = tensor_shape(g, o->in[1]);
    return shape_size(tensor_shape(g, o->out)) * (shape_size(w) / w->dim[0]);
}

static bool depthwise(const conv_attr *at, const shape *w) { return w->dim[1] == 1 && w->dim[0] == at->groups; }

/* The groups that go through a kernel one after another; those of a depthwise convolution go together. */
static int64_t groups_of(const conv_attr *at, const shape *w) { return depthwise(at, w) ? 1 : at->groups; }

static int64_t whole_panels(const graph *g, int64_t n)
{
    int64_t width = panel_width(g);
    return (n + width - 1) / width * width;
}

/* Panels hold the filters of one group side by side; those of a depthwise convolution are one group. */
static bool pack_weights(const graph *g, const op *o, int input, pack *p)
{
    if (input != 1 || g->tensors[o->in[1]].kind != TENSOR_CONST)
        return false;
    const conv_attr *at = o->attr;
    const shape *w = tensor_shape(g, o->in[1]);
    int64_t k = shape_size(w) / w->dim[0];
    p->groups = groups_of(at, w);
    p->n = w->dim[0] / p->groups;
    p->k = k;
    p->sg = p->n * k;
    p->sn = k;
    p->sk = 1;
    p->wide = depthwise(at, w) ? 1 : pack_wide(g, p->n, false);
    return true;
}

/* A kernel that changes is brought into panels first, one group at a time. */
static int64_t scratch(const graph *g, const op *o)
{
    const shape *w = tensor_shape(g, o->in[1]);
    if (g->tensors[o->in[1]].kind == TENSOR_CONST)
        return 0;
    return whole_panels(g, w->dim[0] / groups_of(o->attr, w)) * (shape_size(w) / w->dim[0]);
}

static void halo(const graph *g, const op *o, int input, int64_t pad[4])
{
    (void)g;
    const conv_attr *at = o->attr;
    for (int i = 0; i < 4 && input == 0; i++)
        pad[i] = at->pad[i];
}

static const attr_def attrs[] = {
    {"stride", ATTR_INT, offsetof(conv_attr, stride), 2},
    {"pad", ATTR_INT, offsetof(conv_attr, pad), 4},
    {"dilation", ATTR_INT, offsetof(conv_attr, dilation), 2},
    {"groups", ATTR_INT, offsetof(conv_attr, groups), 0},
    {0}};

static void conv_grad(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    const conv_attr *at = o->attr;
    shape sx = *tensor_shape(g, o->in[0]), sw = *tensor_shape(g, o->in[1]);
    if (needs_gradient(g, o->in[0]))
        dx[0] = conv_grad_input(g, dy, o->in[1], sx, *at);
    if (needs_gradient(g, o->in[1]))
        dx[1] = conv_grad_weight(g, dy, o->in[0], sw, *at);
    if (o->n_in > 2 && needs_gradient(g, o->in[2])) {
        shape per_filter = {.rank = sx.rank - 1, .dim = {sw.dim[0], 1, 1}};
        dx[2] = reshape(g, reduce(g, dy, per_filter), shape_of(1, sw.dim[0]));
    }
}

const op_type op_conv = {
    .name = "conv",
    .doc = "convolution; the sum starts at the bias and takes channel, row and column in ascending order",
    .flags = OP_EPILOGUE | OP_CHANNELS_LAST,
    .attrs = attrs,
    .eval = KERNELS(conv),
    .macs = count_macs,
    .pack = pack_weights,
    .scratch = scratch,
    .halo = halo,
    .grad = conv_grad,
    .quantise = quantise_conv,
};

static int64_t count_macs_grad(const graph *g, const op *o)
{
    const shape *dy = tensor_shape(g, o->in[0]), *y = tensor_shape(g, o->out), *other = tensor_shape(g, o->in[1]);
    const shape *w = o->type == &op_conv_grad_input ? other : y;
    return shape_size(dy) * (shape_size(w) / w->dim[0]);
}

/* How far the taps of one axis reach before the first and behind the last place of the output, counted in places. */
static void reach(int64_t size, int64_t out, int64_t kernel, int stride, int pad, int dilation, int64_t border[2])
{
    int64_t first = pad - (kernel - 1) * dilation, last = (size - 1 + pad) / stride;
    border[0] = first < 0 ? -first / stride : 0;
    border[1] = last >= out ? last - (out - 1) : 0;
}

static void grad_input_halo(const graph *g, const op *o, int input, int64_t pad[4])
{
    const conv_attr *at = o->attr;
    conv_dims d = conv_sizes(tensor_shape(g, o->out), tensor_shape(g, o->in[1]), tensor_shape(g, o->in[0]));
    if (input != 0)
        return;
    reach(d.height, d.oh, d.kh, at->stride[0], at->pad[0], at->dilation[0], pad);
    reach(d.width, d.ow, d.kw, at->stride[1], at->pad[2], at->dilation[1], pad + 2);
}

/* The most taps of one axis that reach one place of the input. */
static int64_t most_taps(int64_t kernel, int stride, int dilation)
{
    int64_t a = stride, b = dilation;
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    int64_t every = stride / a;
    return (kernel + every - 1) / every;
}

/* Places of the input whose index has one remainder by the stride are reached by the same taps. These taps' part of
 * the kernel is brought into panels, columns are channels, for one group and one remainder at a time. */
static int64_t grad_input_scratch(const graph *g, const op *o)
{
    const conv_attr *at = o->attr;
    const shape *w = tensor_shape(g, o->in[1]), *x = tensor_shape(g, o->out);
    int64_t groups = groups_of(at, w), filters = depthwise(at, w) ? 1 : w->dim[0] / groups;
    conv_dims d = conv_sizes(x, w, tensor_shape(g, o->in[0]));
    return whole_panels(g, d.channels / groups) * filters * most_taps(d.kh, at->stride[0], at->dilation[0]) *
           most_taps(d.kw, at->stride[1], at->dilation[1]);
}

const op_type op_conv_grad_input = {
    .name = "conv_grad_input",
    .doc = "gradient of a convolution by its input: filter, row and column of the kernel in ascending order",
    .flags = OP_EPILOGUE | OP_CHANNELS_LAST,
    .attrs = attrs,
    .eval = KERNELS(conv_grad_input),
    .macs = count_macs_grad,
    .scratch = grad_input_scratch,
    .halo = grad_input_halo,
};

/* Sums of one group gather in rows of whole vectors, one row for each channel and tap. */
static int64_t grad_weight_scratch(const graph *g, const op *o)
{
    const shape *w = tensor_shape(g, o->out);
    return whole_panels(g, w->dim[0] / groups_of(o->attr, w)) * (shape_size(w) / w->dim[0]);
}

static void grad_weight_halo(const graph *g, const op *o, int input, int64_t pad[4])
{
    halo(g, o, 1 - input, pad);
}

const op_type op_conv_grad_weight = {
    .name = "conv_grad_weight",
    .doc = "gradient of a convolution by its kernel: sample, row and column of the output in ascending order",
    .attrs = attrs,
    .eval = KERNELS(conv_grad_weight),
    .macs = count_macs_grad,
    .scratch = grad_weight_scratch,
    .halo = grad_weight_halo,
};

tensor_id conv_grad_input(graph *g, tensor_id dy, tensor_id w, shape sx, conv_attr a)
{
    return op_new(g, &op_conv_grad_input, &a, sizeof a, sx, 2, (tensor_id[]){dy, w});
}

tensor_id conv_grad_weight(graph *g, tensor_id dy, tensor_id x, shape sw, conv_attr a)
{
    return op_new(g, &op_conv_grad_weight, &a, sizeof a, sw, 2, (tensor_id[]){dy, x});
}

static int64_t out_size(int64_t in, const int *pad, int64_t kernel, int64_t dilation, int64_t stride)
{
    return (in + pad[0] + pad[1] - (dilation * (kernel - 1) + 1)) / stride + 1;
}

tensor_id conv(graph *g, tensor_id x, tensor_id w, tensor_id bias, conv_attr a)
{
    shape s = *tensor_shape(g, x);
    const shape *sw = tensor_shape(g, w);
    int last = s.rank - 1;
    s.dim[1] = sw->dim[0];
    if (s.rank == 3) {
        a.stride[0] = a.dilation[0] = 1;
        a.pad[0] = a.pad[1] = 0;
    } else {
        s.dim[2] = out_size(s.dim[2], a.pad, sw->dim[2], a.dilation[0], a.stride[0]);
    }
    s.dim[last] = out_size(s.dim[last], a.pad + 2, sw->dim[last], a.dilation[1], a.stride[1]);
    return op_new(g, &op_conv, &a, sizeof a, s, 3, (tensor_id[]){x, w, bias});
}

#else

/* Channel plane x at (row, col); what is outside is a border of zeros. */
static REAL R(pixel)(const REAL *x, const conv_dims *d, int64_t row, int64_t col)
{
    bool inside = row >= 0 && row < d->height && col >= 0 && col < d->width;
    return inside ? x[row * d->width + col] : 0;
}

/* One output: x is the group's first channel of the sample, w the filter. */
static REAL R(conv_sum)(const REAL *x, const REAL *w, REAL sum, const conv_dims *d, const conv_attr *at,
                        int64_t row, int64_t col)
{
    int64_t top = row * at->stride[0] - at->pad[0], left = col * at->stride[1] - at->pad[2];
    for (int64_t c = 0; c < d->per_group; c++, x += d->height * d->width)
        for (int64_t i = 0; i < d->kh; i++)
            for (int64_t j = 0; j < d->kw; j++)
                sum += R(pixel)(x, d, top + i * at->dilation[0], left + j * at->dilation[1]) * *w++;
    return sum;
}

static void R(conv)(const eval_args *e)
{
    const conv_attr *at = e->attr;
    conv_dims d = conv_sizes(e->in_shape[0], e->in_shape[1], e->out_shape);
    const REAL *x = e->in[0], *w = e->in[1], *bias = e->in[2];
    REAL *y = e->out;
    int64_t plane = d.height * d.width, taps = d.per_group * d.kh * d.kw, per_group = d.filters / at->groups;
    for (int64_t b = 0; b < d.batch; b++)
        for (int64_t f = 0; f < d.filters; f++) {
            const REAL *first = x + (b * d.channels + f / per_group * d.per_group) * plane;
            REAL start = bias ? bias[f] : 0;
            for (int64_t row = 0; row < d.oh; row++)
                for (int64_t col = 0; col < d.ow; col++)
                    *y++ = R(conv_sum)(first, w + f * taps, start, &d, at, row, col);
        }
}

/* One input position; dy is the group's first channel of the sample, w the group's first filter, c the
 * channel within the group. What lies outside dy is +0, and its product is added. */
static REAL R(conv_back_sum)(const REAL *dy, const REAL *w, int64_t c, const conv_dims *d, const conv_attr *at,
                             int64_t row, int64_t col)
{
    REAL sum = 0;
    int64_t taps = d->kh * d->kw, r, q;
    for (int64_t f = 0; f < d->filters / at->groups; f++, dy += d->oh * d->ow)
        for (int64_t i = 0; i < d->kh; i++)
            for (int64_t j = 0; j < d->kw; j++) {
                if (!reached_from(row, i, at->pad[0], at->dilation[0], at->stride[0], &r) ||
                    !reached_from(col, j, at->pad[2], at->dilation[1], at->stride[1], &q))
                    continue;
                bool inside = r >= 0 && r < d->oh && q >= 0 && q < d->ow;
                sum += (inside ? dy[r * d->ow + q] : 0) * w[(f * d->per_group + c) * taps + i * d->kw + j];
            }
    return sum;
}

static void R(conv_grad_input)(const eval_args *e)
{
    const conv_attr *at = e->attr;
    conv_dims d = conv_sizes(e->out_shape, e->in_shape[1], e->in_shape[0]);
    const REAL *dy = e->in[0], *w = e->in[1];
    REAL *dx = e->out;
    int64_t filters = d.filters / at->groups, plane = d.oh * d.ow, taps = d.per_group * d.kh * d.kw;
    for (int64_t b = 0; b < d.batch; b++)
        for (int64_t c = 0; c < d.channels; c++) {
            int64_t first = c / d.per_group * filters;
            for (int64_t row = 0; row < d.height; row++)
                for (int64_t col = 0; col < d.width; col++)
                    *dx++ = R(conv_back_sum)(dy + (b * d.filters + first) * plane, w + first * taps,
                                             c % d.per_group, &d, at, row, col);
        }
}

/* One tap (i, j) of filter f and its channel c of the input. */
static REAL R(conv_weight_sum)(const REAL *dy, const REAL *x, const conv_dims *d, const conv_attr *at, int64_t f,
                               int64_t c, int64_t i, int64_t j)
{
    REAL sum = 0;
    for (int64_t b = 0; b < d->batch; b++)
        for (int64_t row = 0; row < d->oh; row++)
            for (int64_t col = 0; col < d->ow; col++) {
                const REAL *plane = x + (b * d->channels + c) * d->height * d->width;
                REAL v = R(pixel)(plane, d, row * at->stride[0] - at->pad[0] + i * at->dilation[0],
                                  col * at->stride[1] - at->pad[2] + j * at->dilation[1]);
                sum += dy[((b * d->filters + f) * d->oh + row) * d->ow + col] * v;
            }
    return sum;
}

static void R(conv_grad_weight)(const eval_args *e)
{
    const conv_attr *at = e->attr;
    conv_dims d = conv_sizes(e->in_shape[1], e->out_shape, e->in_shape[0]);
    REAL *dw = e->out;
    for (int64_t f = 0; f < d.filters; f++)
        for (int64_t c = 0; c < d.per_group; c++)
            for (int64_t i = 0; i < d.kh; i++)
                for (int64_t j = 0; j < d.kw; j++)
                    *dw++ = R(conv_weight_sum)(e->in[0], e->in[1], &d, at, f,
                                               f / (d.filters / at->groups) * d.per_group + c, i, j);
}

#endif
