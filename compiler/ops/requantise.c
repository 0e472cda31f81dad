/* requantise.c - integers of another type or scale: y = cut(zero_y + (x - zero_x) * m / 2^shift + offset). */
#include "../quantise.h"
#include "qops.h"

static const attr_def attrs[] = {{"m", ATTR_INT, offsetof(requantise_attr, m), 0}, {"shift", ATTR_INT, offsetof(requantise_attr, shift), 0},
                                 {"limit", ATTR_INT, offsetof(requantise_attr, limit), 0},
                                 {"from", ATTR_INT, offsetof(requantise_attr, from), 0},
                                 {"to", ATTR_INT, offsetof(requantise_attr, to), 0},
                                 {"low", ATTR_INT, offsetof(requantise_attr, low), 0},
                                 {"high", ATTR_INT, offsetof(requantise_attr, high), 0},
                                 {0}};

static void kernel(const eval_args *e)
{
    const requantise_attr *at = e->attr;
    for (int64_t i = 0; i < shape_size(e->out_shape); i++) {
        int64_t x = int_get(e->in_type[0], e->in[0], broadcast_index(e->out_shape, e->in_shape[0], i)) - at->from;
        x = at->limit ? loom_narrow(x, at->limit) : x;
        int_set(e->out_type, e->out, i, loom_cut(loom_scale(x, at->m, at->shift) + at->to, at->low, at->high));
    }
}

const op_type op_requantise = {
    .name = "requantise",
    .doc = "integers of another type or scale",
    .flags = OP_ELEMENTWISE,
    .attrs = attrs,
    .integer = kernel,
};

tensor_id requantise(quantiser *q, tensor_id x, double factor, double offset, precision p, quant to, int64_t low, int64_t high)
{
    const quant *from = quant_at(q, x);
    multiplier k = multiplier_of(factor, type_bits(type_at(q, x)), p);
    int moved = (int)quantise_number(offset, (quant){to.scale, 0}, I32);
    requantise_attr at = {k.m, k.shift, k.limit, from->zero, to.zero + moved, (int)low, (int)high};
    return int_op(q, &op_requantise, &at, sizeof at, *tensor_shape(q->g, x), p, to, 1, &x);
}
