/* qbinary.c - sums and products of two tensors of integers, and which ops of integers stand for the functions of map.c. */
#include "qops.h"

#include "../../runtime/loom_map.h"

#include <math.h>

static int64_t operand(const eval_args *e, int k, int64_t i)
{
    return int_get(e->in_type[k], e->in[k], broadcast_index(e->out_shape, e->in_shape[k], i));
}

static int64_t scaled(int64_t x, int m, int shift, int limit) { return loom_scale(limit ? loom_narrow(x, limit) : x, m, shift); }

static void add_kernel(const eval_args *e)
{
    const qadd_attr *at = e->attr;
    for (int64_t i = 0; i < shape_size(e->out_shape); i++) {
        int64_t up = (int64_t)1 << at->left, a = (operand(e, 0, i) - at->zero[0]) * up, b = (operand(e, 1, i) - at->zero[1]) * up;
        int64_t sum = scaled(a, at->m[0], at->shift[0], at->limit[0]) + scaled(b, at->m[1], at->shift[1], at->limit[1]);
        int_set(e->out_type, e->out, i, loom_cut(scaled(sum, at->m[2], at->shift[2], at->limit[2]) + at->zero[2], at->low, at->high));
    }
}

static void mul_kernel(const eval_args *e)
{
    const qmul_attr *at = e->attr;
    for (int64_t i = 0; i < shape_size(e->out_shape); i++) {
        int64_t z = (operand(e, 0, i) - at->zero[0]) * (operand(e, 1, i) - at->zero[1]);
        int_set(e->out_type, e->out, i, loom_cut(scaled(z, at->m, at->shift, at->limit) + at->zero[2], at->low, at->high));
    }
}

static const attr_def add_attrs[] = {{"left", ATTR_INT, offsetof(qadd_attr, left), 0}, {"m", ATTR_INT, offsetof(qadd_attr, m), 3},
                                     {"shift", ATTR_INT, offsetof(qadd_attr, shift), 3}, {"limit", ATTR_INT, offsetof(qadd_attr, limit), 3},
                                     {"zero", ATTR_INT, offsetof(qadd_attr, zero), 3}, {"low", ATTR_INT, offsetof(qadd_attr, low), 0},
                                     {"high", ATTR_INT, offsetof(qadd_attr, high), 0}, {0}};
static const attr_def mul_attrs[] = {{"m", ATTR_INT, offsetof(qmul_attr, m), 0}, {"shift", ATTR_INT, offsetof(qmul_attr, shift), 0},
                                     {"limit", ATTR_INT, offsetof(qmul_attr, limit), 0}, {"zero", ATTR_INT, offsetof(qmul_attr, zero), 3},
                                     {"low", ATTR_INT, offsetof(qmul_attr, low), 0}, {"high", ATTR_INT, offsetof(qmul_attr, high), 0},
                                     {0}};

const op_type op_qadd = {
    .name = "qadd",
    .doc = "the sum or difference of two tensors of integers that broadcast",
    .flags = OP_ELEMENTWISE,
    .attrs = add_attrs,
    .integer = add_kernel,
};

const op_type op_qmul = {
    .name = "qmul",
    .doc = "the product of two tensors of integers that broadcast",
    .flags = OP_ELEMENTWISE,
    .attrs = mul_attrs,
    .integer = mul_kernel,
};

/* ---- what stands for the functions of map.c -------------------------------------------------------------------------- */

/* The last function of a sum or product can be a relu: it is the lower end of the range. */
static const op *taken_relu(quantiser *q, const op *o)
{
    const op *next = only_reader(q, o->out);
    if (!next || next->type != &op_map || ((const map_attr *)next->attr)->fn != FN_relu || q->type[next->out] != q->type[o->out])
        return NULL;
    q->done[next - q->f->ops] = true;
    return next;
}

static tensor_id sum(quantiser *q, const op *o, tensor_id a, tensor_id b, double sign)
{
    const op *relu = taken_relu(q, o);
    tensor_id result = relu ? relu->out : o->out;
    precision p = q->type[result], pa = type_at(q, a), pb = type_at(q, b), widest = pa > pb ? pa : pb;
    quant qa = *quant_at(q, a), qb = *quant_at(q, b), to = quant_of(q, result);
    double twice = 2 * (qa.scale > qb.scale ? qa.scale : qb.scale);
    qadd_attr at = {.left = widest == I8 ? 20 : widest == I16 ? 15 : 2, .zero = {qa.zero, qb.zero, to.zero}, .high = (int)type_high(p)};
    at.low = relu ? to.zero : (int)type_low(p);
    multiplier k[3] = {multiplier_of(qa.scale / twice, type_bits(pa) + at.left, I32),
                       multiplier_of(sign * qb.scale / twice, type_bits(pb) + at.left, I32),
                       multiplier_of(twice / to.scale / (double)(1 << at.left), type_bits(widest) + at.left, p)};
    for (int i = 0; i < 3; i++) {
        at.m[i] = k[i].m;
        at.shift[i] = k[i].shift;
        at.limit[i] = k[i].limit;
    }
    tensor_id y = int_op(q, &op_qadd, &at, sizeof at, *tensor_shape(q->f, o->out), p, to, 2, (tensor_id[]){a, b});
    return q->made[result] = y;
}

static tensor_id times(quantiser *q, const op *o, tensor_id a, tensor_id b)
{
    precision p = q->type[o->out];
    quant qa = *quant_at(q, a), qb = *quant_at(q, b), to = quant_of(q, o->out);
    multiplier k = multiplier_of(qa.scale * qb.scale / to.scale, type_bits(type_at(q, a)) + type_bits(type_at(q, b)), p);
    qmul_attr at = {k.m, k.shift, k.limit, {qa.zero, qb.zero, to.zero}, (int)type_low(p), (int)type_high(p)};
    return int_op(q, &op_qmul, &at, sizeof at, *tensor_shape(q->f, o->out), p, to, 2, (tensor_id[]){a, b});
}

/* One over a constant. */
static tensor_id inverse(quantiser *q, tensor_id b)
{
    const tensor *x = &q->f->tensors[b];
    int64_t n = shape_size(&x->shape);
    range r = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        double v = 1 / const_value(q->f, b, i);
        r.low = v < r.low ? v : r.low;
        r.high = v > r.high ? v : r.high;
    }
    tensor_id t = int_const(q->g, q->type[b], x->shape, arena_printf(q->g->arena, "%s_inverse", x->name), NULL);
    if (!t)
        return 0;
    q->g->tensors[t].q = quant_of_range(r, q->type[b]);
    for (int64_t i = 0; i < n; i++)
        int_set(q->type[b], q->g->tensors[t].data, i, quantise_number(1 / const_value(q->f, b, i), q->g->tensors[t].q, q->type[b]));
    return t;
}

#define MAP(name, arity, doc) \
    static double real_##name(double x, double p) { return loom_map_##name##_f64(x, x, p); }
#include "map.def"
#undef MAP
static real_fn *const real_functions[N_MAP_FNS] = {
#define MAP(name, arity, doc) real_##name,
#include "map.def"
#undef MAP
};

static tensor_id hard_sigmoid_of(quantiser *q, tensor_id x, precision p)
{
    quant to = quant_fixed(0, 1, p);
    return requantise(q, x, quant_at(q, x)->scale / 6 / to.scale, 0.5, p, to, quantise_number(0, to, p), quantise_number(1, to, p));
}

static tensor_id function(quantiser *q, const op *o, tensor_id x)
{
    const map_attr *at = o->attr;
    precision p = q->type[o->out];
    quant to = quant_of(q, o->out);
    double scale = quant_at(q, x)->scale / to.scale;
    switch ((map_fn)at->fn) {
    case FN_copy: case FN_shift: case FN_scale: case FN_divide_by: case FN_neg: {
        double factor = at->fn == FN_scale ? at->param : at->fn == FN_divide_by ? 1 / at->param : at->fn == FN_neg ? -1 : 1;
        return requantise(q, x, scale * factor, at->fn == FN_shift ? at->param : 0, p, to, type_low(p), type_high(p));
    }
    case FN_relu: return requantise(q, x, scale, 0, p, to, to.zero, type_high(p));
    case FN_hard_sigmoid: return hard_sigmoid_of(q, x, p);
    case FN_hard_swish:
        if (type_at(q, x) != I8)
            return times(q, o, x, hard_sigmoid_of(q, x, type_at(q, x)));
        return lookup(q, o, x, real_hard_swish, 0, p, to);
    case FN_sigmoid: return lookup(q, o, x, real_sigmoid, 0, p, quant_fixed(0, 1, p));
    case FN_tanh: return lookup(q, o, x, real_tanh, 0, p, quant_fixed(-1, 1, p));
    default: return lookup(q, o, x, real_functions[at->fn], at->param, p, to);
    }
}

tensor_id quantise_map(quantiser *q, const op *o)
{
    const map_attr *at = o->attr;
    tensor_id y = o->n_in == 2 ? affine(q, o) : 0;
    if (y || q->s->diags.errors)
        return y;
    tensor_id a = quantised(q, o->in[0]), b = o->n_in > 1 ? quantised(q, o->in[1]) : 0;
    if (!a || (o->n_in > 1 && !b))
        return 0;
    if (o->n_in == 1)
        return function(q, o, a);
    switch ((map_fn)at->fn) {
    case FN_add: return sum(q, o, a, b, 1);
    case FN_sub: return sum(q, o, a, b, -1);
    case FN_mul: return times(q, o, a, b);
    case FN_div:
        if (q->f->tensors[o->in[1]].kind == TENSOR_CONST)
            return times(q, o, a, inverse(q, o->in[1]));
        break;
    default: break;
    }
    diag(q->s, DIAG_ERROR, o->layer ? o->layer->at : NULL, "there is no integer arithmetic for '%s' of two tensors", map_fn_names[at->fn]);
    return 0;
}
