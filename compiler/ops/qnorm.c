/* qnorm.c - layer normalisation and root-mean-square normalisation of integers.
 *
 * Along a row of n: d_j = n * x_j - sum of x (layer), x_j - zero (rms), exact. e_j = d_j / 2^s, s such that the squares of e
 * fill 61 bits; T = sum of e^2, exact, plus n * epsilon in the same steps, epsilon * 2^30 / 4^(s - least). Then
 * z_j = e_j / sqrt(T) in Q30, and y_j = zero + (z_j * gamma_j / 2^shift + beta_j) / 2^places, each quotient rounded half up:
 * gamma has sqrt(n) and the scale of y in it. A row of zeros without epsilon gives beta. */
#include "qops.h"

#include <math.h>

static int64_t deviation(const eval_args *e, int64_t row, int64_t j, int64_t n, int64_t sum)
{
    const qnorm_attr *at = e->attr;
    int64_t x = int_get(e->in_type[0], e->in[0], row * n + j);
    return at->kind == NORM_LAYER ? n * x - sum : x - at->zero[0];
}

static void normalise(const eval_args *e, int64_t row, int64_t n)
{
    const qnorm_attr *at = e->attr;
    int64_t sum = 0, most = 0;
    for (int64_t j = 0; j < n && at->kind == NORM_LAYER; j++)
        sum += int_get(e->in_type[0], e->in[0], row * n + j);
    for (int64_t j = 0; j < n; j++) {
        int64_t d = deviation(e, row, j, n, sum);
        most = d > most ? d : -d > most ? -d : most;
    }
    int s = loom_norm_shift(most, at->bits, at->least), shift = 61;
    int64_t squares = ((int64_t)at->epsilon << 30) >> loom_cut(2 * (s - at->least), 0, 62);
    for (int64_t j = 0; j < n; j++) {
        int64_t v = loom_norm_place(deviation(e, row, j, n, sum), s);
        squares += v * v;
    }
    int32_t inverse = squares ? loom_norm_inverse(squares, &shift) : 0;
    bool each = e->in[1] && shape_size(e->in_shape[1]) > 1;
    for (int64_t j = 0; j < n; j++) {
        int64_t z = loom_scale(loom_norm_place(deviation(e, row, j, n, sum), s), inverse, shift - 30);
        int64_t y = loom_scale(z, (int32_t)int_get(e->in_type[1], e->in[1], each ? j : 0), at->shift);
        y = loom_scale(y + (e->in[2] ? int_get(I32, e->in[2], j) : 0), 1, at->places);
        int_set(e->out_type, e->out, row * n + j, loom_cut(y + at->zero[1], at->low, at->high));
    }
}

static void kernel(const eval_args *e)
{
    int64_t n = e->out_shape->dim[e->out_shape->rank - 1];
    for (int64_t row = 0; row < shape_size(e->out_shape) / n; row++)
        normalise(e, row, n);
}

static const attr_def attrs[] = {{"kind", ATTR_INT, offsetof(qnorm_attr, kind), 0}, {"bits", ATTR_INT, offsetof(qnorm_attr, bits), 0},
                                 {"least", ATTR_INT, offsetof(qnorm_attr, least), 0},
                                 {"epsilon", ATTR_INT, offsetof(qnorm_attr, epsilon), 0},
                                 {"shift", ATTR_INT, offsetof(qnorm_attr, shift), 0},
                                 {"places", ATTR_INT, offsetof(qnorm_attr, places), 0},
                                 {"zero", ATTR_INT, offsetof(qnorm_attr, zero), 2},
                                 {"low", ATTR_INT, offsetof(qnorm_attr, low), 0},
                                 {"high", ATTR_INT, offsetof(qnorm_attr, high), 0},
                                 {0}};

const op_type op_qnorm = {
    .name = "qnorm",
    .doc = "normalises integers along the last axis: by mean and variance, or by the root of the mean square",
    .attrs = attrs,
    .integer = kernel,
};

/* The squares of d are real^2 * n^3 (layer), real^2 * n (rms): epsilon in these steps, and from which s on it has room. */
static void set_epsilon(qnorm_attr *at, double epsilon, double scale, int64_t n)
{
    double steps = (double)n * epsilon / (scale * scale) * (at->kind == NORM_LAYER ? (double)n * (double)n : 1);
    int e = 0;
    if (steps > 0)
        frexp(steps, &e); /* steps < 2^e */
    at->least = (int)loom_cut((e - 60 + (e & 1)) / 2, -30, 60);
    at->epsilon = (int)fmin(floor(ldexp(steps, -2 * at->least - 30) + 0.5), 0x1p30);
}

/* gamma * factor as integers with one shift for all: as many bits as the type has. */
static tensor_id gamma_of(quantiser *q, const op *o, tensor_id gamma, double factor, precision p, int *shift)
{
    shape s = gamma ? *tensor_shape(q->f, gamma) : shape_of(1, (int64_t)1);
    double most = 0, high = p == I16 ? 32767 : 2147483647;
    for (int64_t j = 0; j < shape_size(&s); j++)
        most = fmax(most, fabs(gamma ? const_value(q->f, gamma, j) * factor : factor));
    int e = 0;
    frexp(most, &e);
    *shift = (int)loom_cut((p == I16 ? 15 : 31) - e, 0, 62);
    tensor_id t = int_const(q->g, p, s, gamma ? q->f->tensors[gamma].name : layer_word(q, o, "factor"), NULL);
    for (int64_t j = 0; t && j < shape_size(&s); j++) {
        double v = floor(ldexp(gamma ? const_value(q->f, gamma, j) * factor : factor, *shift) + 0.5);
        int_set(p, q->g->tensors[t].data, j, (int64_t)fmax(-high, fmin(v, high)));
    }
    return t;
}

static tensor_id beta_of(quantiser *q, tensor_id beta, double fine)
{
    const tensor *x = &q->f->tensors[beta];
    tensor_id t = int_const(q->g, I32, x->shape, x->name, NULL);
    for (int64_t j = 0; t && j < shape_size(&x->shape); j++)
        int_set(I32, q->g->tensors[t].data, j, (int64_t)fmax(-0x1p30, fmin(floor(const_value(q->f, beta, j) / fine + 0.5), 0x1p30)));
    return t;
}

tensor_id quantise_norm(quantiser *q, const op *o)
{
    const norm_attr *old = o->attr;
    tensor_id x = quantised(q, o->in[0]), beta = o->n_in > 2 ? o->in[2] : 0;
    if (!x)
        return 0;
    precision p = q->type[o->out];
    quant from = *quant_at(q, x), to = quant_of(q, o->out);
    const shape *s = tensor_shape(q->f, o->out);
    int64_t n = s->dim[s->rank - 1];
    qnorm_attr at = {.kind = old->kind, .bits = (61 - bits_of(n)) / 2, .places = p == I32 ? 3 : 14, .zero = {from.zero, to.zero},
                     .low = (int)type_low(p), .high = (int)type_high(p)};
    set_epsilon(&at, old->epsilon, from.scale, n);
    double fine = ldexp(to.scale, -at.places);
    tensor_id in[3] = {x, gamma_of(q, o, o->n_in > 1 ? o->in[1] : 0, ldexp(sqrt((double)n) / fine, -30), p == I8 ? I16 : I32, &at.shift)};
    in[2] = beta ? beta_of(q, beta, fine) : 0;
    return in[1] && (in[2] || !beta) ? int_op(q, &op_qnorm, &at, sizeof at, *s, p, to, 3, in) : 0;
}
