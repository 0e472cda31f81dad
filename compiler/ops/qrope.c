/* qrope.c - rotary position embedding of integers: exact products with cos and sin, rounded once. */
#include "qops.h"

#include <math.h>

static int64_t rounded(const qrope_attr *at, int64_t sum)
{
    return loom_cut(loom_scale(at->limit ? loom_narrow(sum, at->limit) : sum, at->m, at->shift) + at->zero[1], at->low, at->high);
}

static void kernel(const eval_args *e)
{
    const qrope_attr *at = e->attr;
    const shape *s = e->out_shape;
    int64_t hd = s->dim[s->rank - 1], heads = s->dim[s->rank - 2], positions = s->dim[s->rank - 3], half = hd / 2;
    for (int64_t i = 0; i < shape_size(s) / hd * half; i++) {
        int64_t row = i / half, j = i % half, angle = row / heads % positions * half + j;
        int64_t c = int_get(e->in_type[1], e->in[1], angle), z = int_get(e->in_type[2], e->in[2], angle);
        int64_t u = int_get(e->in_type[0], e->in[0], row * hd + j) - at->zero[0];
        int64_t v = int_get(e->in_type[0], e->in[0], row * hd + j + half) - at->zero[0];
        int_set(e->out_type, e->out, row * hd + j, rounded(at, u * c - v * z));
        int_set(e->out_type, e->out, row * hd + j + half, rounded(at, v * c + u * z));
    }
}

static const attr_def attrs[] = {{"m", ATTR_INT, offsetof(qrope_attr, m), 0}, {"shift", ATTR_INT, offsetof(qrope_attr, shift), 0},
                                 {"limit", ATTR_INT, offsetof(qrope_attr, limit), 0},
                                 {"zero", ATTR_INT, offsetof(qrope_attr, zero), 2},
                                 {"low", ATTR_INT, offsetof(qrope_attr, low), 0},
                                 {"high", ATTR_INT, offsetof(qrope_attr, high), 0},
                                 {0}};

const op_type op_qrope = {
    .name = "qrope",
    .doc = "turns pairs of integers by the angles whose cos and sin are given",
    .attrs = attrs,
    .integer = kernel,
};

/* A table of cos or sin: Q14, or Q30 for int32. */
static tensor_id angles(quantiser *q, tensor_id t, precision p, int places)
{
    const tensor *x = &q->f->tensors[t];
    tensor_id c = int_const(q->g, p, x->shape, x->name, NULL);
    for (int64_t i = 0; c && i < shape_size(&x->shape); i++)
        int_set(p, q->g->tensors[c].data, i, (int64_t)floor(ldexp(const_value(q->f, t, i), places) + 0.5));
    return c;
}

tensor_id quantise_rope(quantiser *q, const op *o)
{
    tensor_id x = quantised(q, o->in[0]);
    if (!x)
        return 0;
    precision p = q->type[o->out], table = p > type_at(q, x) ? p : type_at(q, x);
    int places = table == I32 ? 30 : 14;
    tensor_id in[3] = {x};
    for (int k = 1; k < 3; k++)
        in[k] = angles(q, o->in[k], table == I32 ? I32 : I16, places);
    quant from = *quant_at(q, x), to = quant_of(q, o->out);
    multiplier k = multiplier_of(ldexp(from.scale / to.scale, -places), type_bits(type_at(q, x)) + places + 1, p);
    qrope_attr at = {k.m, k.shift, k.limit, {from.zero, to.zero}, (int)type_low(p), (int)type_high(p)};
    return in[1] && in[2] ? int_op(q, &op_qrope, &at, sizeof at, *tensor_shape(q->f, o->out), p, to, 3, in) : 0;
}
