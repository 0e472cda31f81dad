/* qsoftmax.c - softmax of integers.
 *
 * Along a row: e_j = 2^-t in Q30, t = (max - x_j) * m / 2^shift in steps of 2^-bits, so that e_j = exp of the difference of
 * the reals. The sum of e is exact. y_j = zero + e_j / sum in steps of 2^-places, by the inverse of the sum, rounded half
 * up; entries that the mask or causality leaves out give exactly zero. */
#include "qops.h"

#include <math.h>

/* e = the terms of one row, those from `seen` on and those that the mask has 0 for being 0. Returns their sum. */
static int64_t terms(const eval_args *e, int64_t row, int64_t seen, int64_t n)
{
    const qsoftmax_attr *at = e->attr;
    int64_t max = INT64_MIN, sum = 0;
    for (int64_t j = 0; j < seen; j++) {
        int64_t x = int_get(e->in_type[0], e->in[0], row * n + j);
        if ((!e->in[1] || int_get(I8, e->in[1], j)) && x > max)
            max = x;
    }
    for (int64_t j = 0; j < n; j++) {
        bool there = j < seen && (!e->in[1] || int_get(I8, e->in[1], j));
        int64_t x = int_get(e->in_type[0], e->in[0], row * n + j);
        e->scratch[j] = there ? loom_exp2(loom_scale(max - x, at->m, at->shift), at->bits) : 0;
        sum += e->scratch[j];
    }
    return sum;
}

static void kernel(const eval_args *e)
{
    const qsoftmax_attr *at = e->attr;
    const shape *s = e->out_shape;
    int64_t n = s->dim[s->rank - 1], rows = shape_size(s) / n;
    for (int64_t r = 0; r < rows; r++) {
        int64_t seen = n;
        if (at->causal && r % s->dim[s->rank - 2] < n)
            seen = r % s->dim[s->rank - 2] + 1;
        int64_t sum = terms(e, r, seen, n);
        int shift = 0;
        int32_t inverse = sum ? loom_inverse(sum, &shift) : 0;
        shift = (int)loom_cut(shift - at->places, 0, 62);
        for (int64_t j = 0; j < n; j++)
            int_set(e->out_type, e->out, r * n + j, loom_cut(loom_scale(e->scratch[j], inverse, shift) + at->zero, at->low, at->high));
    }
}

static const attr_def attrs[] = {{"causal", ATTR_INT, offsetof(qsoftmax_attr, causal), 0}, {"m", ATTR_INT, offsetof(qsoftmax_attr, m), 0},
                                 {"shift", ATTR_INT, offsetof(qsoftmax_attr, shift), 0},
                                 {"bits", ATTR_INT, offsetof(qsoftmax_attr, bits), 0},
                                 {"places", ATTR_INT, offsetof(qsoftmax_attr, places), 0},
                                 {"zero", ATTR_INT, offsetof(qsoftmax_attr, zero), 0},
                                 {"low", ATTR_INT, offsetof(qsoftmax_attr, low), 0},
                                 {"high", ATTR_INT, offsetof(qsoftmax_attr, high), 0},
                                 {0}};

const op_type op_qsoftmax = {
    .name = "qsoftmax",
    .doc = "softmax of integers over the last axis",
    .attrs = attrs,
    .integer = kernel,
    .scratch = row_scratch,
};

/* The entries of a mask as 0 and 1. */
static tensor_id mask_of(quantiser *q, tensor_id mask)
{
    const tensor *x = &q->f->tensors[mask];
    tensor_id t = int_const(q->g, I8, x->shape, x->name, NULL);
    for (int64_t j = 0; t && j < shape_size(&x->shape); j++)
        int_set(I8, q->g->tensors[t].data, j, const_value(q->f, mask, j) != 0);
    return t;
}

tensor_id quantise_softmax(quantiser *q, const op *o)
{
    tensor_id x = quantised(q, o->in[0]), mask = o->n_in > 1 ? mask_of(q, o->in[1]) : 0;
    if (!x)
        return 0;
    precision p = q->type[o->out];
    quant to = quant_fixed(0, 1, p);
    double factor = quant_at(q, x)->scale / 0x1.62e42fefa39efp-1; /* ln 2 */
    int bits = 30;
    while (bits > 0 && ldexp(factor, bits) >= 0x1p30)
        bits--;
    multiplier k = multiplier_with(ldexp(factor, bits), 0);
    qsoftmax_attr at = {.causal = ((const softmax_attr *)o->attr)->causal, .m = k.m, .shift = k.shift, .bits = bits, .zero = to.zero,
                        .places = places_of(to.scale), .low = (int)type_low(p), .high = (int)type_high(p)};
    return int_op(q, &op_qsoftmax, &at, sizeof at, *tensor_shape(q->f, o->out), p, to, 2, (tensor_id[]){x, mask});
}
