/* qentmax.c - alpha-entmax of integers; alpha 2 is sparsemax.
 *
 * Along a row, with a = alpha - 1: v_j = a * (max - x_j) in Q30, cut at 1, and p_j(u) = (1 - v_j - u)^(1/a) in Q30, 0 where
 * that is negative. u is bisected in 30 steps from [0, 1 - n^-a]: the largest found for which the sum of p (exact) is at
 * least 1. y_j = zero + p_j / sum in steps of 2^-places, by the inverse of the sum, rounded half up. */
#include "qops.h"

#include "../../runtime/loom_math.h"

#include <math.h>

static int64_t power(const qentmax_attr *at, int64_t d) { return loom_entmax_power(d, at->power, at->exponent, at->exponent_shift); }

static int64_t power_sum(const eval_args *e, int64_t n, int64_t u)
{
    int64_t sum = 0;
    for (int64_t j = 0; j < n; j++)
        sum += power(e->attr, ((int64_t)1 << 30) - e->scratch[j] - u);
    return sum;
}

static void entmax_row(const eval_args *e, int64_t row, int64_t n)
{
    const qentmax_attr *at = e->attr;
    int64_t max = INT64_MIN, low = 0, high = at->most;
    for (int64_t j = 0; j < n; j++) {
        int64_t x = int_get(e->in_type[0], e->in[0], row * n + j);
        max = x > max ? x : max;
    }
    for (int64_t j = 0; j < n; j++) {
        int64_t x = int_get(e->in_type[0], e->in[0], row * n + j);
        e->scratch[j] = (int32_t)loom_cut(loom_scale(max - x, at->m, at->shift), 0, (int64_t)1 << 30);
    }
    for (int i = 0; i < 30; i++) {
        int64_t middle = (low + high) >> 1;
        if (power_sum(e, n, middle) < (int64_t)1 << 30)
            high = middle;
        else
            low = middle;
    }
    int shift;
    int32_t inverse = loom_inverse(power_sum(e, n, low), &shift);
    for (int64_t j = 0; j < n; j++) {
        int64_t y = loom_scale(power(at, ((int64_t)1 << 30) - e->scratch[j] - low), inverse, shift - at->places);
        int_set(e->out_type, e->out, row * n + j, loom_cut(y + at->zero, at->low, at->high));
    }
}

static void kernel(const eval_args *e)
{
    int64_t n = e->out_shape->dim[e->out_shape->rank - 1];
    for (int64_t row = 0; row < shape_size(e->out_shape) / n; row++)
        entmax_row(e, row, n);
}

static const attr_def attrs[] = {{"m", ATTR_INT, offsetof(qentmax_attr, m), 0}, {"shift", ATTR_INT, offsetof(qentmax_attr, shift), 0},
                                 {"power", ATTR_INT, offsetof(qentmax_attr, power), 0},
                                 {"exponent", ATTR_INT, offsetof(qentmax_attr, exponent), 0},
                                 {"exponent_shift", ATTR_INT, offsetof(qentmax_attr, exponent_shift), 0},
                                 {"most", ATTR_INT, offsetof(qentmax_attr, most), 0},
                                 {"places", ATTR_INT, offsetof(qentmax_attr, places), 0},
                                 {"zero", ATTR_INT, offsetof(qentmax_attr, zero), 0},
                                 {"low", ATTR_INT, offsetof(qentmax_attr, low), 0},
                                 {"high", ATTR_INT, offsetof(qentmax_attr, high), 0},
                                 {0}};

const op_type op_qentmax = {
    .name = "qentmax",
    .doc = "alpha-entmax of integers over the last axis",
    .attrs = attrs,
    .integer = kernel,
    .scratch = row_scratch,
};

tensor_id quantise_entmax(quantiser *q, const op *o)
{
    const entmax_attr *old = o->attr;
    tensor_id x = quantised(q, o->in[0]);
    if (old->compat) {
        diag(q->s, DIAG_ERROR, o->layer ? o->layer->at : NULL, "there is no integer arithmetic for the original's version of this variant");
        return 0;
    }
    if (!x)
        return 0;
    precision p = q->type[o->out];
    quant to = quant_fixed(0, 1, p);
    const shape *s = tensor_shape(q->f, o->out);
    double a = old->alpha - 1;
    multiplier by = multiplier_with(quant_at(q, x)->scale * a * 0x1p30, 0), exponent = multiplier_with(1 / a, 0);
    qentmax_attr at = {.m = by.m, .shift = by.shift, .power = a == 1 ? 1 : a == 0.5 ? 2 : 0, .exponent = exponent.m,
                       .exponent_shift = exponent.shift, .zero = to.zero, .places = places_of(to.scale),
                       .low = (int)type_low(p), .high = (int)type_high(p)};
    at.most = (int)floor((1 - loom_exp_f64(-a * loom_log_f64((double)s->dim[s->rank - 1]))) * 0x1p30 + 0.5);
    return int_op(q, &op_qentmax, &at, sizeof at, *s, p, to, 1, &x);
}
