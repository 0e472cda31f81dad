/* qscan.c - recurrent cells of integers.
 *
 * A gate is s = the sum of w * h (exact) times multiplier / 2^shift of its row, plus x times m / 2^shift, in Q26, within 32
 * bits; an rnn with relu has s in eighths of y's steps. Of s, loom_sigmoid and loom_tanh make numbers in Q30. The cells of
 * an lstm are in Q24. What a step gives is rounded to y's type once, from Q60. A gru blends with its output in Q30, before
 * that is rounded to y's type, so that it can change slowly; the products are those of the rounded h. */
#include "qops.h"

#include <math.h>
#include <string.h>

enum { X, WEIGHTS, MULTIPLIER, SHIFT, BIAS_N, H0, C0, N_INPUTS };

static int gates_of(int cell) { return cell == SCAN_LSTM ? 4 : cell == SCAN_GRU ? 3 : 1; }

static int64_t cut32(int64_t x) { return loom_cut(x, -INT32_MAX, INT32_MAX); }

/* What the output of the step before gives to a row of the gates: at `from` of y, or of h0 in a first step. */
static int64_t recurrent(const eval_args *e, int64_t row, bool first, int64_t from)
{
    const qscan_attr *at = e->attr;
    int64_t n = e->out_shape->dim[2], sum = 0;
    const void *h = first ? e->in[H0] : e->out;
    for (int64_t k = 0; h && k < n; k++)
        sum += int_get(e->in_type[WEIGHTS], e->in[WEIGHTS], row * n + k) * int_get(e->out_type, h, from + k);
    sum = at->limit ? loom_narrow(sum, at->limit) : sum;
    return loom_scale(sum, (int32_t)int_get(I32, e->in[MULTIPLIER], row), (int)int_get(I8, e->in[SHIFT], row));
}

/* Unit j of a step: x the place of its gates, from that of the output before it, kept its cell (or output in Q30).
 * Returns the output in Q60, of an rnn in Q30 (tanh) or in eighths (relu). */
static int64_t unit(const eval_args *e, int64_t x, bool first, int64_t from, int64_t j, int32_t *kept)
{
    const qscan_attr *at = e->attr;
    int64_t n = e->out_shape->dim[2], s[4] = {0}, input[4] = {0};
    for (int g = 0; g < gates_of(at->cell); g++) {
        input[g] = loom_scale(int_get(e->in_type[X], e->in[X], x + g * n + j), at->m, at->shift);
        s[g] = recurrent(e, g * n + j, first, from);
    }
    if (at->cell == SCAN_RNN_RELU)
        return cut32(input[0] + s[0]);
    if (at->cell == SCAN_RNN_TANH)
        return loom_tanh(cut32(input[0] + s[0]));
    int64_t a = loom_sigmoid(cut32(input[0] + s[0])), b = loom_sigmoid(cut32(input[1] + s[1]));
    if (at->cell == SCAN_GRU) {
        int64_t inner = cut32(s[2] + (e->in[BIAS_N] ? int_get(I32, e->in[BIAS_N], j) : 0));
        int64_t u = loom_tanh(cut32(input[2] + loom_scale(inner, (int32_t)a, 30)));
        int64_t y = (((int64_t)1 << 30) - b) * u + b * *kept;
        *kept = (int32_t)loom_scale(y, 1, 30);
        return y;
    }
    int64_t added = a * loom_tanh(cut32(input[2] + s[2])) >> 6;
    *kept = (int32_t)cut32(loom_scale(b * *kept + added, 1, 30));
    return (int64_t)loom_sigmoid(cut32(input[3] + s[3])) * loom_tanh(cut32((int64_t)*kept * 4));
}

static void kernel(const eval_args *e)
{
    const qscan_attr *at = e->attr;
    const shape *s = e->out_shape;
    int64_t steps = s->dim[1], n = s->dim[2], gates = gates_of(at->cell);
    for (int64_t b = 0; b < s->dim[0]; b++) {
        int32_t *kept = e->state[C0] ? (int32_t *)e->state[C0] + b * n : e->scratch;
        if (!e->state[C0])
            memset(e->scratch, 0, (size_t)n * sizeof *e->scratch);
        for (int64_t t = 0; t < steps; t++)
            for (int64_t j = 0, to = (b * steps + t) * n; j < n; j++) {
                int64_t v = unit(e, to * gates, t == 0, t ? to - n : b * n, j, &kept[j]);
                int_set(e->out_type, e->out, to + j, loom_cut(loom_scale(v, 1, at->places), at->low, at->high));
            }
        for (int64_t j = 0; e->state[H0] && j < n; j++)
            int_set(e->out_type, e->state[H0], b * n + j, int_get(e->out_type, e->out, (b * steps + steps - 1) * n + j));
    }
}

static int64_t count_macs(const graph *g, const op *o)
{
    return shape_size(tensor_shape(g, o->in[X])) * tensor_shape(g, o->in[WEIGHTS])->dim[1];
}

/* Cells, and the output of the step before. */
static int64_t scratch(const graph *g, const op *o) { return 2 * tensor_shape(g, o->out)->dim[2]; }

static const attr_def attrs[] = {{"cell", ATTR_INT, offsetof(qscan_attr, cell), 0}, {"wide", ATTR_INT, offsetof(qscan_attr, wide), 0},
                                 {"limit", ATTR_INT, offsetof(qscan_attr, limit), 0}, {"m", ATTR_INT, offsetof(qscan_attr, m), 0},
                                 {"shift", ATTR_INT, offsetof(qscan_attr, shift), 0},
                                 {"places", ATTR_INT, offsetof(qscan_attr, places), 0},
                                 {"low", ATTR_INT, offsetof(qscan_attr, low), 0},
                                 {"high", ATTR_INT, offsetof(qscan_attr, high), 0},
                                 {0}};

const op_type op_qscan = {
    .name = "qscan",
    .doc = "recurrent cell (rnn, lstm, gru) of integers over time",
    .attrs = attrs,
    .integer = kernel,
    .macs = count_macs,
    .scratch = scratch,
};

/* ---- from reals ------------------------------------------------------------------------------------------------------ */

precision scan_wants(const graph *f, const op *o, int k, precision own)
{
    (void)f, (void)o;
    return k == 0 && own < I16 ? I16 : own;
}

/* The weights in integers, symmetric, with a scale for each row; h_scale goes to one step of s. False after an error. */
static bool make_weights(quantiser *q, const op *o, double h_scale, precision h_type, tensor_id in[N_INPUTS], qscan_attr *at)
{
    graph *g = q->g;
    const tensor *w = &q->f->tensors[o->in[1]];
    precision p = q->type[o->in[1]];
    int64_t rows = w->shape.dim[0], n = w->shape.dim[1];
    double most = most_weight(p, n), largest = 0, *scale = arena_array(g->arena, rows, sizeof *scale);
    in[WEIGHTS] = int_const(g, p, w->shape, w->name, NULL);
    in[MULTIPLIER] = int_const(g, I32, shape_of(1, rows), layer_word(q, o, "multiplier"), NULL);
    in[SHIFT] = int_const(g, I8, shape_of(1, rows), layer_word(q, o, "shift"), NULL);
    if (!in[WEIGHTS] || !in[MULTIPLIER] || !in[SHIFT])
        return false;
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0;
        for (int64_t k = 0; k < n; k++)
            scale[r] = fmax(scale[r], fabs(const_value(q->f, o->in[1], r * n + k)) / most);
        for (int64_t k = 0; k < n && scale[r] > 0; k++) {
            double v = floor(const_value(q->f, o->in[1], r * n + k) / scale[r] + 0.5);
            int_set(p, g->tensors[in[WEIGHTS]].data, r * n + k, (int64_t)fmax(-most, fmin(v, most)));
            sum += fabs(v);
        }
        largest = fmax(largest, sum * (double)(type_high(h_type) + 1));
    }
    int bits;
    frexp(largest, &bits);
    at->wide = bits > 31;
    for (int64_t r = 0; r < rows; r++) /* s has 3 bits more than numbers of int32 */
        at->limit = (int)fmax(at->limit, narrow_of(scale[r] * h_scale / 8, bits, I32));
    for (int64_t r = 0; r < rows; r++) {
        multiplier k = multiplier_with(scale[r] * h_scale, at->limit);
        int_set(I32, g->tensors[in[MULTIPLIER]].data, r, k.m);
        int_set(I8, g->tensors[in[SHIFT]].data, r, k.shift);
    }
    return true;
}

static tensor_id bias_of(quantiser *q, tensor_id bias)
{
    const tensor *x = &q->f->tensors[bias];
    tensor_id t = int_const(q->g, I32, x->shape, x->name, NULL);
    for (int64_t j = 0; t && j < shape_size(&x->shape); j++)
        int_set(I32, q->g->tensors[t].data, j, cut32((int64_t)floor(const_value(q->f, bias, j) * 0x1p26 + 0.5)));
    return t;
}

static tensor_id state_of(quantiser *q, shape s, const char *name, precision p, quant of)
{
    tensor_id t = tensor_new(q->g, TENSOR_STATE, s, name);
    if (t) {
        q->g->tensors[t].type = p;
        q->g->tensors[t].q = of;
    }
    return t;
}

tensor_id quantise_scan(quantiser *q, const op *o)
{
    tensor_id in[N_INPUTS] = {quantised(q, o->in[0])}, h0 = o->n_in > 3 ? o->in[3] : 0;
    if (!in[X])
        return 0;
    int cell = ((const scan_attr *)o->attr)->cell;
    bool relu = cell == SCAN_RNN_RELU, rnn = relu || cell == SCAN_RNN_TANH;
    precision p = q->type[o->out];
    quant to = relu ? quant_of(q, o->out) : quant_fixed(-1, 1, p);
    if (relu && p == I8) /* zero must be 0: h starts with it */
        to = (quant){q->ranges[o->out].high > 0 ? q->ranges[o->out].high / 127 : 1, 0};
    double steps = relu ? 8 / to.scale : 0x1p26; /* of s in 1 */
    multiplier k = multiplier_with(quant_at(q, in[X])->scale * steps, 0);
    int places = places_of(to.scale);
    qscan_attr at = {.cell = cell, .m = k.m, .shift = k.shift, .places = relu ? 3 : (rnn ? 30 : 60) - places,
                     .low = relu ? 0 : (int)type_low(p), .high = (int)type_high(p)};
    if (!make_weights(q, o, to.scale * steps, p, in, &at))
        return 0;
    if (o->n_in > 2 && o->in[2] && !(in[BIAS_N] = bias_of(q, o->in[2])))
        return 0;
    if (h0) {
        shape s = *tensor_shape(q->f, h0);
        in[H0] = state_of(q, s, q->f->tensors[h0].name, p, to);
        if (!rnn)
            in[C0] = state_of(q, s, layer_word(q, o, "kept"), I32, (quant){cell == SCAN_LSTM ? 0x1p-24 : 0x1p-30, 0});
    }
    return int_op(q, &op_qscan, &at, sizeof at, *tensor_shape(q->f, o->out), p, to, N_INPUTS, in);
}
