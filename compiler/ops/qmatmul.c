/* qmatmul.c - matrix products of integers, each sum brought to the result's scale once.
 *
 * Sums are exact: their order does not matter, and kernels may split them as they like. */
#include "qops.h"

static void kernel(const eval_args *e)
{
    const qmatmul_attr *at = e->attr;
    const shape *sa = e->in_shape[0], *sb = e->in_shape[1];
    int64_t K = sa->dim[sa->rank - 1], M = sa->dim[sa->rank - 2], N = e->out_shape->dim[sa->rank - 1];
    int64_t matrices = shape_size(sa) / (M * K);
    bool each = shape_size(e->in_shape[3]) > 1; /* output has factors of its own */
    for (int64_t i = 0; i < matrices * M * N; i++) {
        int64_t n = i % N, row = i / N, first = matrix_index(e->out_shape, sb, row / M) * K * N;
        int64_t sum = e->in[2] ? int_get(e->in_type[2], e->in[2], n) : 0;
        for (int64_t k = 0; k < K; k++)
            sum += (int_get(e->in_type[0], e->in[0], row * K + k) - at->zero[0]) *
                   (int_get(e->in_type[1], e->in[1], first + (at->trans_b ? n * K + k : k * N + n)) - at->zero[1]);
        sum = at->limit ? loom_narrow(sum, at->limit) : sum;
        int64_t m = int_get(I32, e->in[3], each ? n : 0), shift = int_get(I8, e->in[4], each ? n : 0);
        int_set(e->out_type, e->out, i, loom_cut(loom_scale(sum, (int32_t)m, (int)shift) + at->zero[2], at->low, at->high));
    }
}

static int64_t count_macs(const graph *g, const op *o)
{
    const shape *a = tensor_shape(g, o->in[0]);
    return shape_size(tensor_shape(g, o->out)) * a->dim[a->rank - 1];
}

/* A constant matrix times rows. */
static bool rows_in_pairs(const graph *g, const op *o, int64_t *k, int64_t *n)
{
    const shape *b = tensor_shape(g, o->in[1]), *y = tensor_shape(g, o->out);
    *n = y->dim[y->rank - 1];
    *k = shape_size(b) / *n;
    return b->rank == 2 && in_pairs(g, o, *k);
}

/* Up to here a product is bound by reading the weights. */
enum { FEW_ROWS = 3 };

static bool pack_operand(const graph *g, const op *o, int input, pack *p)
{
    int64_t k, n;
    if (input == 0 || !rows_in_pairs(g, o, &k, &n))
        return false;
    pack_outputs(p, 1, n);
    if (input > 1)
        return true;
    bool columns = !((const qmatmul_attr *)o->attr)->trans_b;
    p->k = p->run = k;
    p->sn = columns ? 1 : k;
    p->sk = columns ? n : 1;
    p->together = terms_together(g, o);
    p->wide = panel_width(g) == 1 ? 1 : pack_wide(g, n, shape_size(tensor_shape(g, o->out)) / n <= FEW_ROWS);
    return true;
}

/* The rows of a as int16, each of whole groups. */
static int64_t scratch(const graph *g, const op *o)
{
    int64_t k, n, t = terms_together(g, o);
    return rows_in_pairs(g, o, &k, &n) ? pair_scratch(shape_size(tensor_shape(g, o->out)) / n * ((k + t - 1) / t * t)) : 0;
}

static const attr_def attrs[] = {{"trans_b", ATTR_INT, offsetof(qmatmul_attr, trans_b), 0},
                                 {"limit", ATTR_INT, offsetof(qmatmul_attr, limit), 0},
                                 {"zero", ATTR_INT, offsetof(qmatmul_attr, zero), 3}, {"low", ATTR_INT, offsetof(qmatmul_attr, low), 0},
                                 {"high", ATTR_INT, offsetof(qmatmul_attr, high), 0}, {"wide", ATTR_INT, offsetof(qmatmul_attr, wide), 0},
                                 {"least", ATTR_INT, offsetof(qmatmul_attr, least), 0},
                                 {0}};

const op_type op_qmatmul = {
    .name = "qmatmul",
    .doc = "matrix product of integers, each sum brought to the result's scale",
    .attrs = attrs,
    .integer = kernel,
    .macs = count_macs,
    .pack = pack_operand,
    .scratch = scratch,
};

/* ---- from reals ------------------------------------------------------------------------------------------------------ */

/* Both operands are computed: one factor for all sums. */
static tensor_id product_of_two(quantiser *q, const op *o)
{
    const matmul_attr *old = o->attr;
    product m = product_of(q, o, -1);
    tensor_id a = quantised(q, o->in[0]), b = quantised(q, o->in[1]);
    if (!a || !b)
        return 0;
    const shape *sa = tensor_shape(q->f, o->in[0]);
    precision p = q->type[m.result];
    quant qa = *quant_at(q, a), qb = *quant_at(q, b), to = quant_of(q, m.result);
    int bits = type_bits(type_at(q, a)) + type_bits(type_at(q, b)) + bits_of(sa->dim[sa->rank - 1]);
    multiplier k = multiplier_of(m.factor * qa.scale * qb.scale / to.scale, bits, p);
    int low = m.relu ? to.zero : (int)type_low(p);
    qmatmul_attr at = {old->trans_b, k.limit, {qa.zero, qb.zero, to.zero}, low, (int)type_high(p), bits > 31, k.shift};
    tensor_id in[5] = {a, b, 0, int_const(q->g, I32, shape_of(1, (int64_t)1), layer_word(q, o, "multiplier"), (int64_t[]){k.m}),
                       int_const(q->g, I8, shape_of(1, (int64_t)1), layer_word(q, o, "shift"), (int64_t[]){k.shift})};
    return q->made[m.result] = int_op(q, &op_qmatmul, &at, sizeof at, *tensor_shape(q->f, o->out), p, to, 5, in);
}

tensor_id quantise_matmul(quantiser *q, const op *o)
{
    const tensor *b = &q->f->tensors[o->in[1]];
    if (b->kind != TENSOR_CONST || b->shape.rank != 2)
        return product_of_two(q, o);
    const matmul_attr *old = o->attr;
    product m = product_of(q, o, tensor_shape(q->f, o->out)->rank - 1);
    integers w = integers_of(q, &m, quantised(q, o->in[0]));
    if (!w.kernel)
        return 0;
    qmatmul_attr at = {old->trans_b, w.limit, {quant_at(q, q->made[o->in[0]])->zero, 0, w.to.zero}, w.low, w.high, w.wide, w.least};
    tensor_id in[5] = {q->made[o->in[0]], w.kernel, w.bias, w.multiplier, w.shift};
    return q->made[m.result] = int_op(q, &op_qmatmul, &at, sizeof at, *tensor_shape(q->f, o->out), q->type[m.result], w.to, 5, in);
}
