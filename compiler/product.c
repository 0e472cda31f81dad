/* product.c - sums of products of reals with constants, and the integers that stand for them: what matrix products and
 * convolutions share in quantise.
 *
 * Scales and constants behind a product (the normalisation of a batch, 1 / sqrt(d), a bias) go into its kernel and bias
 * before these become integers; a relu becomes the lower end of the result's range. So each sum is rounded once. */
#include "ops/qops.h"

#include <math.h>
#include <string.h>

int bits_of(int64_t n)
{
    int bits = 0;
    while (((int64_t)1 << bits) < n)
        bits++;
    return bits;
}

/* Does the constant c have one value for each output n (or one for all)? s: the shape of the result. */
static bool per_output(const shape *s, const shape *c, int axis)
{
    for (int i = 1; i <= c->rank; i++)
        if (c->dim[c->rank - i] != 1 && s->rank - i != axis)
            return false;
    return c->rank <= s->rank;
}

static double value_for(const quantiser *q, tensor_id c, int64_t n)
{
    return const_value(q->f, c, shape_size(tensor_shape(q->f, c)) == 1 ? 0 : n);
}

static void scale_output(product *m, int64_t n, double by)
{
    for (int64_t k = 0; k < m->k; k++)
        m->kernel[n * m->sn + k * m->sk] *= by;
    m->bias[n] *= by;
}

/* Takes in a function of one number. */
static bool take_one(product *m, const map_attr *at)
{
    double by = 1;
    switch ((map_fn)at->fn) {
    case FN_copy: break;
    case FN_scale: by = at->param; break;
    case FN_divide_by: by = 1 / at->param; break;
    case FN_neg: by = -1; break;
    case FN_relu: m->relu = true; return true;
    case FN_shift:
        for (int64_t n = 0; m->kernel && n < m->n; n++)
            m->bias[n] += at->param;
        return m->kernel != NULL;
    default: return false;
    }
    m->factor *= by;
    for (int64_t n = 0; m->kernel && n < m->n; n++)
        scale_output(m, n, by);
    return true;
}

/* Takes in a function of the result and a constant. */
static bool take_two(const quantiser *q, product *m, const op *o, tensor_id before)
{
    tensor_id c = o->in[0] == before ? o->in[1] : o->in[0];
    map_fn fn = (map_fn)((const map_attr *)o->attr)->fn;
    bool turned = o->in[1] == before;
    if (!m->kernel || q->f->tensors[c].kind != TENSOR_CONST || !per_output(tensor_shape(q->f, o->out), tensor_shape(q->f, c), m->axis))
        return false;
    if (fn != FN_add && fn != FN_mul && (turned || (fn != FN_sub && fn != FN_div)))
        return false;
    for (int64_t n = 0; n < m->n; n++) {
        double v = value_for(q, c, n);
        if (fn == FN_mul || fn == FN_div)
            scale_output(m, n, fn == FN_mul ? v : 1 / v);
        else
            m->bias[n] += fn == FN_add ? v : -v;
    }
    return true;
}

static bool take(const quantiser *q, product *m, const op *o)
{
    if (o->type != &op_map || m->relu || !shape_equal(tensor_shape(q->f, o->out), tensor_shape(q->f, m->result)))
        return false;
    return o->n_in == 1 ? take_one(m, o->attr) : take_two(q, m, o, m->result);
}

/* Strides of output and place in the sum in the constant operand. */
static void read_kernel(quantiser *q, product *m, tensor_id w, tensor_id bias)
{
    int64_t size = shape_size(tensor_shape(q->f, w));
    m->k = size / m->n;
    m->kernel = arena_array(q->g->arena, size, sizeof *m->kernel);
    m->bias = arena_array(q->g->arena, m->n, sizeof *m->bias);
    for (int64_t i = 0; i < size; i++)
        m->kernel[i] = const_value(q->f, w, i);
    for (int64_t n = 0; bias && n < m->n; n++)
        m->bias[n] = value_for(q, bias, n);
}

product product_of(quantiser *q, const op *o, int axis)
{
    product m = {.o = o, .axis = axis, .factor = 1, .result = o->out};
    tensor_id bias = o->n_in > 2 ? o->in[2] : 0;
    if (axis >= 0) {
        m.n = tensor_shape(q->f, o->out)->dim[axis];
        read_kernel(q, &m, o->in[1], bias);
        bool columns = o->type == &op_matmul && !((const matmul_attr *)o->attr)->trans_b;
        m.sn = columns ? 1 : m.k;
        m.sk = columns ? m.n : 1;
    }
    for (const op *next = only_reader(q, m.result); next && take(q, &m, next); next = only_reader(q, m.result)) {
        q->done[next - q->f->ops] = true;
        m.result = next->out;
    }
    return m;
}

product product_of_channels(quantiser *q, const op *o, tensor_id x, int axis)
{
    product m = {.o = o, .axis = axis, .factor = 1, .result = x, .n = tensor_shape(q->f, x)->dim[axis], .k = 1, .sn = 1, .sk = 1};
    m.kernel = arena_array(q->g->arena, m.n, sizeof *m.kernel);
    m.bias = arena_array(q->g->arena, m.n, sizeof *m.bias);
    for (int64_t n = 0; n < m.n; n++)
        m.kernel[n] = 1;
    for (const op *next = o; next && take(q, &m, next); next = only_reader(q, m.result)) {
        q->done[next - q->f->ops] = true;
        m.result = next->out;
    }
    return m;
}

/* ---- integers -------------------------------------------------------------------------------------------------------- */

/* The largest weight of a type. That of int32 leaves room for a sum of k products in 60 bits. */
double most_weight(precision p, int64_t k)
{
    int bits = 60 - 28 - bits_of(k);
    return p == I32 ? ldexp(1, bits > 30 ? 30 : bits < 1 ? 1 : bits) - 1 : (double)type_high(p);
}

/* One step of the weights of output n: its largest weight is the largest integer. A bias must not become too large in
 * steps of it. */
static double weight_scale(const product *m, int64_t n, double x_scale, precision p)
{
    double most = 0, bias = fabs(m->bias[n]) / x_scale;
    for (int64_t k = 0; k < m->k; k++) {
        double w = fabs(m->kernel[n * m->sn + k * m->sk]);
        most = w > most ? w : most;
    }
    double scale = most / most_weight(p, m->k), least = ldexp(bias, p == I8 ? -30 : -58);
    if (scale < least)
        scale = least;
    if (scale <= 0)
        scale = 1;
    int e;
    if (p == I32)
        return frexp(scale, &e) == 0.5 ? scale : ldexp(1, e);
    return scale;
}

static int64_t cut_round(double v, double most)
{
    v = floor(v + 0.5);
    return (int64_t)(v > most ? most : v < -most ? -most : v);
}

integers integers_of(quantiser *q, const product *m, tensor_id x)
{
    integers w = {0};
    if (!x)
        return w;
    const op *o = m->o;
    graph *g = q->g;
    bool channels = o->type == &op_map; /* no kernel of its own */
    tensor_id from = channels ? 0 : o->in[1];
    shape kernel_shape = channels ? shape_of(1, m->n) : *tensor_shape(q->f, from);
    precision p = channels ? q->type[o->out] : q->type[from], out = q->type[m->result], px = type_at(q, x);
    double x_scale = quant_at(q, x)->scale, most = most_weight(p, m->k), sum = 0;
    w.to = quant_of(q, m->result);
    w.low = m->relu ? w.to.zero : (int)type_low(out);
    w.high = (int)type_high(out);
    shape outputs = shape_of(1, m->n);
    const char *name = channels ? layer_word(q, o, "factor") : q->f->tensors[from].name;
    tensor_id kernel = int_const(g, p, kernel_shape, name, NULL);
    double *scale = arena_array(g->arena, m->n, sizeof *scale);
    for (int64_t n = 0; kernel && n < m->n; n++) {
        double b = fabs(m->bias[n]);
        scale[n] = weight_scale(m, n, x_scale, p);
        sum = b / (x_scale * scale[n]) > sum ? b / (x_scale * scale[n]) : sum;
        for (int64_t k = 0; k < m->k; k++) {
            int64_t i = n * m->sn + k * m->sk;
            int_set(p, g->tensors[kernel].data, i, cut_round(m->kernel[i] / scale[n], most));
        }
    }
    sum += (double)m->k * most * ldexp(1, type_bits(px));
    int bits;
    frexp(sum, &bits);
    w.wide = bits > 31;
    w.bias = int_const(g, w.wide ? I64 : I32, outputs, layer_word(q, o, "bias"), NULL);
    w.multiplier = int_const(g, I32, outputs, layer_word(q, o, "multiplier"), NULL);
    w.shift = int_const(g, I8, outputs, layer_word(q, o, "shift"), NULL);
    if (!kernel || !w.bias || !w.multiplier || !w.shift)
        return w;
    for (int64_t n = 0; n < m->n; n++) {
        int limit = narrow_of(x_scale * scale[n] / w.to.scale, bits, out);
        w.limit = limit > w.limit ? limit : w.limit;
    }
    for (int64_t n = 0; n < m->n; n++) {
        multiplier k = multiplier_with(x_scale * scale[n] / w.to.scale, w.limit);
        w.least = n == 0 || k.shift < w.least ? k.shift : w.least;
        int_set(w.wide ? I64 : I32, g->tensors[w.bias].data, n, cut_round(m->bias[n] / (x_scale * scale[n]), w.wide ? 0x1p60 : 0x1p31 - 1));
        int_set(I32, g->tensors[w.multiplier].data, n, k.m);
        int_set(I8, g->tensors[w.shift].data, n, k.shift);
    }
    w.kernel = kernel;
    return w;
}

/* ---- panels ---------------------------------------------------------------------------------------------------------- */

/* More terms than loom_ivec.h adds up. */
enum { MOST_TERMS = 65534 };

bool in_pairs(const graph *g, const op *o, int64_t k)
{
    const tensor *x = &g->tensors[o->in[0]], *w = &g->tensors[o->in[1]];
    return w->kind == TENSOR_CONST && w->type != I32 && x->type != I32 && k + 4 <= MOST_TERMS;
}

void pack_outputs(pack *p, int64_t groups, int64_t n)
{
    *p = (pack){.groups = groups, .n = n, .k = 1, .sg = n, .sn = 1, .wide = 1};
}

int64_t terms_together(const graph *g, const op *o) { return panel_width(g) == 1 && g->tensors[o->in[1]].type == I8 ? 4 : 2; }

int64_t pair_scratch(int64_t n) { return (n + 4) / 2 + 1; }
