/* qaffine.c - each channel of a tensor of integers times a factor plus a number of its own: the normalisation of a batch
 * that no product took in, and whatever else constants do to channels. A sum of products of one number each. */
#include "qops.h"

/* The index along the axis of element i. */
static int64_t channel(const shape *s, int axis, int64_t i)
{
    for (int d = s->rank - 1; d > axis; d--)
        i /= s->dim[d];
    return i % s->dim[axis];
}

static void kernel(const eval_args *e)
{
    const qaffine_attr *at = e->attr;
    for (int64_t i = 0; i < shape_size(e->out_shape); i++) {
        int64_t n = channel(e->out_shape, at->axis, i);
        int64_t x = int_get(e->in_type[0], e->in[0], i) - at->zero[0];
        int64_t sum = int_get(e->in_type[2], e->in[2], n) + x * int_get(e->in_type[1], e->in[1], n);
        sum = at->limit ? loom_narrow(sum, at->limit) : sum;
        int64_t m = int_get(I32, e->in[3], n), shift = int_get(I8, e->in[4], n);
        int_set(e->out_type, e->out, i, loom_cut(loom_scale(sum, (int32_t)m, (int)shift) + at->zero[1], at->low, at->high));
    }
}

static const attr_def attrs[] = {{"axis", ATTR_INT, offsetof(qaffine_attr, axis), 0}, {"limit", ATTR_INT, offsetof(qaffine_attr, limit), 0},
                                 {"zero", ATTR_INT, offsetof(qaffine_attr, zero), 2}, {"low", ATTR_INT, offsetof(qaffine_attr, low), 0},
                                 {"high", ATTR_INT, offsetof(qaffine_attr, high), 0}, {"wide", ATTR_INT, offsetof(qaffine_attr, wide), 0},
                                 {0}};

const op_type op_qaffine = {
    .name = "qaffine",
    .doc = "each channel of integers times a factor plus a number",
    .flags = OP_ELEMENTWISE,
    .attrs = attrs,
    .integer = kernel,
};

/* The axis along which the constant c has different numbers, the last one when there is none; -1: along several. */
static int axis_of(const shape *s, const shape *c)
{
    int axis = -1;
    for (int i = 1; i <= c->rank; i++) {
        if (c->dim[c->rank - i] == 1)
            continue;
        if (axis >= 0)
            return -1;
        axis = s->rank - i;
    }
    return axis < 0 ? s->rank - 1 : axis;
}

tensor_id affine(quantiser *q, const op *o)
{
    int c = q->f->tensors[o->in[0]].kind == TENSOR_CONST ? 0 : 1;
    const shape *s = tensor_shape(q->f, o->out);
    int axis = axis_of(s, tensor_shape(q->f, o->in[c]));
    if (q->f->tensors[o->in[c]].kind != TENSOR_CONST || axis < 0 || !shape_equal(s, tensor_shape(q->f, o->in[1 - c])))
        return 0;
    product m = product_of_channels(q, o, o->in[1 - c], axis);
    if (m.result == o->in[1 - c])
        return 0;
    tensor_id x = quantised(q, o->in[1 - c]);
    integers w = integers_of(q, &m, x);
    if (!w.kernel)
        return 0;
    qaffine_attr at = {axis, w.limit, {quant_at(q, x)->zero, w.to.zero}, w.low, w.high, w.wide};
    tensor_id in[5] = {x, w.kernel, w.bias, w.multiplier, w.shift};
    return q->made[m.result] = int_op(q, &op_qaffine, &at, sizeof at, *s, q->type[m.result], w.to, 5, in);
}
