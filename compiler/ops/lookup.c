/* lookup.c - any function of one integer: a table of 256 results, or a cubic for each part of a wider range. */
#include "qops.h"

#include <math.h>

static void lookup_kernel(const eval_args *e)
{
    for (int64_t i = 0; i < shape_size(e->out_shape); i++)
        int_set(e->out_type, e->out, i, int_get(e->out_type, e->in[1], int_get(I8, e->in[0], i) + 128));
}

static void spline_kernel(const eval_args *e)
{
    const spline_attr *at = e->attr;
    for (int64_t i = 0; i < shape_size(e->out_shape); i++) {
        int64_t x = loom_cut(int_get(e->in_type[0], e->in[0], i), -((int64_t)1 << (at->bits - 1)), ((int64_t)1 << (at->bits - 1)) - 1);
        int64_t y = at->zero + loom_spline((int32_t)x, e->in[1], at->bits, at->k, at->fraction);
        int_set(e->out_type, e->out, i, loom_cut(y, at->low, at->high));
    }
}

static const attr_def no_attrs[] = {{0}};
static const attr_def attrs[] = {{"bits", ATTR_INT, offsetof(spline_attr, bits), 0}, {"k", ATTR_INT, offsetof(spline_attr, k), 0},
                                 {"fraction", ATTR_INT, offsetof(spline_attr, fraction), 0},
                                 {"zero", ATTR_INT, offsetof(spline_attr, zero), 0},
                                 {"low", ATTR_INT, offsetof(spline_attr, low), 0}, {"high", ATTR_INT, offsetof(spline_attr, high), 0},
                                 {0}};

const op_type op_lookup = {
    .name = "lookup",
    .doc = "a function of one int8 number, from a table",
    .flags = OP_ELEMENTWISE,
    .attrs = no_attrs,
    .integer = lookup_kernel,
};

const op_type op_spline = {
    .name = "spline",
    .doc = "a function of one integer, a cubic for each part of its range",
    .flags = OP_ELEMENTWISE,
    .attrs = attrs,
    .integer = spline_kernel,
};

/* ---- tables ------------------------------------------------------------------------------------------------------- */

static tensor_id table_of(quantiser *q, const op *o, real_fn *f, double param, quant from, precision p, quant to)
{
    tensor_id t = int_const(q->g, p, shape_of(1, (int64_t)256), layer_word(q, o, "table"), NULL);
    for (int64_t i = 0; t && i < 256; i++)
        int_set(p, q->g->tensors[t].data, i, quantise_number(f(from.scale * (double)(i - 128 - from.zero), param), to, p));
    return t;
}

/* A segment from x0 of width h: the cubic through the function at its ends and thirds, in units of y. */
static void segment(real_fn *f, double param, double x0, double h, double scale, double c[4])
{
    double g[4];
    for (int j = 0; j < 4; j++)
        g[j] = f(x0 + h * j / 3, param) / scale;
    c[0] = g[0];
    c[1] = -5.5 * g[0] + 9 * g[1] - 4.5 * g[2] + g[3];
    c[2] = 9 * g[0] - 22.5 * g[1] + 18 * g[2] - 4.5 * g[3];
    c[3] = -4.5 * g[0] + 13.5 * g[1] - 13.5 * g[2] + 4.5 * g[3];
}

/* How far 2^k segments are off, in units of y, between the places where they are exact; and the largest coefficient. */
static double spline_error(real_fn *f, double param, double low, double width, int k, double scale, double *most)
{
    double worst = 0, h = width / (double)(1 << k), c[4];
    *most = 0;
    for (int i = 0; i < 1 << k; i++) {
        segment(f, param, low + h * i, h, scale, c);
        for (int j = 0; j < 4; j++)
            *most = fabs(c[j]) > *most ? fabs(c[j]) : *most;
        for (int j = 1; j < 6; j += 2) {
            double t = j / 6.0, d = fabs(c[0] + t * (c[1] + t * (c[2] + t * c[3])) - f(low + h * (i + t), param) / scale);
            worst = d > worst ? d : worst;
        }
    }
    return worst;
}

/* Wide enough segments that their error is below a quarter of the last place, as far as the table stays small. */
static tensor_id spline_of(quantiser *q, const op *o, tensor_id x, real_fn *f, double param, precision p, quant to)
{
    precision from = type_at(q, x);
    quant fq = *quant_at(q, x);
    spline_attr at = {type_bits(from), 4, 0, to.zero, (int)type_low(p), (int)type_high(p)};
    double width = ldexp(fq.scale, at.bits), low = -width / 2, most, c[4];
    int most_k = from == I16 && p == I16 ? 7 : 10;
    while (spline_error(f, param, low, width, at.k, to.scale, &most) > 0.25 && at.k < most_k)
        at.k++;
    at.fraction = p == I32 ? 3 : 12;
    while (at.fraction > 0 && ldexp(most, at.fraction) >= 2147483647)
        at.fraction--;
    int64_t n = (int64_t)1 << at.k;
    tensor_id t = int_const(q->g, I32, shape_of(2, n, (int64_t)4), layer_word(q, o, "spline"), NULL);
    for (int64_t i = 0; t && i < n; i++) {
        segment(f, param, low + ldexp(width, -at.k) * (double)i, ldexp(width, -at.k), to.scale, c);
        for (int j = 0; j < 4; j++)
            int_set(I32, q->g->tensors[t].data, i * 4 + j, loom_cut((int64_t)floor(ldexp(c[j], at.fraction) + 0.5), -INT32_MAX, INT32_MAX));
    }
    return t ? int_op(q, &op_spline, &at, sizeof at, *tensor_shape(q->g, x), p, to, 2, (tensor_id[]){x, t}) : 0;
}

tensor_id lookup(quantiser *q, const op *o, tensor_id x, real_fn *f, double param, precision p, quant to)
{
    if (!x || type_at(q, x) != I8)
        return x ? spline_of(q, o, x, f, param, p, to) : 0;
    tensor_id t = table_of(q, o, f, param, *quant_at(q, x), p, to);
    return t ? int_op(q, &op_lookup, NULL, 0, *tensor_shape(q->g, x), p, to, 2, (tensor_id[]){x, t}) : 0;
}
