/* border.c - reals to integers and back, for networks of integers that are fed with reals. */
#include "qops.h"

#include <math.h>

static const attr_def attrs[] = {{"scale", ATTR_REAL, offsetof(border_attr, scale), 0}, {"zero", ATTR_INT, offsetof(border_attr, zero), 0},
                                 {"low", ATTR_INT, offsetof(border_attr, low), 0}, {"high", ATTR_INT, offsetof(border_attr, high), 0},
                                 {0}};

/* In float32: x times 1 / scale, to nearest, half up, plus zero, cut. NaN becomes zero. */
static void to_integers(const eval_args *e)
{
    const border_attr *at = e->attr;
    for (int64_t i = 0; i < shape_size(e->out_shape); i++)
        int_set(e->out_type, e->out, i, loom_from_real(((const float *)e->in[0])[i], (float)at->scale, at->zero, at->low, at->high));
}

/* In float32: q - zero, times scale. */
static void to_reals(const eval_args *e)
{
    const border_attr *at = e->attr;
    for (int64_t i = 0; i < shape_size(e->out_shape); i++)
        ((float *)e->out)[i] = (float)(int32_t)(int_get(e->in_type[0], e->in[0], i) - at->zero) * (float)at->scale;
}

const op_type op_from_real = {
    .name = "from_real",
    .doc = "reals as integers",
    .flags = OP_ELEMENTWISE,
    .attrs = attrs,
    .integer = to_integers,
};

const op_type op_to_real = {
    .name = "to_real",
    .doc = "integers as reals",
    .flags = OP_ELEMENTWISE,
    .attrs = attrs,
    .eval = {to_reals, NULL},
};

tensor_id from_real(quantiser *q, tensor_id x, precision p, quant to)
{
    border_attr at = {1 / to.scale, to.zero, (int)type_low(p), (int)type_high(p)};
    return int_op(q, &op_from_real, &at, sizeof at, *tensor_shape(q->g, x), p, to, 1, &x);
}

tensor_id to_real(quantiser *q, tensor_id x)
{
    quant from = *quant_at(q, x);
    border_attr at = {from.scale, from.zero, 0, 0};
    return int_op(q, &op_to_real, &at, sizeof at, *tensor_shape(q->g, x), F32, (quant){0, 0}, 1, &x);
}
