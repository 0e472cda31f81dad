/* qops.h - the vocabulary of graphs of integers: attributes and builders, beside ops.h. Builders take the quantiser, in
 * whose graph of integers they append; numbers that stand for reals are tensors with a quant. */
#ifndef LOOMC_QOPS_H
#define LOOMC_QOPS_H

#include "../quantise.h"
#include "ops.h"

#include "../../runtime/loom_fixed.h"

/* Scratch memory of one row of the result: for ops along the last axis. */
static inline int64_t row_scratch(const graph *g, const op *o)
{
    const shape *s = tensor_shape(g, o->out);
    return s->dim[s->rank - 1];
}

/* ---- requantise.c: x times factor (between integers), plus offset (a real), cut to [low, high] --------------------- */
typedef struct requantise_attr { int m, shift, limit, from, to, low, high; } requantise_attr;
extern const op_type op_requantise;
tensor_id requantise(quantiser *q, tensor_id x, double factor, double offset, precision p, quant to, int64_t low, int64_t high);

/* ---- border.c: from float32 and to float32 --------------------------------------------------------------------------- */
typedef struct border_attr { double scale; int zero, low, high; } border_attr;
extern const op_type op_from_real, op_to_real;
tensor_id from_real(quantiser *q, tensor_id x, precision p, quant to);
tensor_id to_real(quantiser *q, tensor_id x);

/* ---- lookup.c: any function of one number ------------------------------------------------------------------------------ */
/* int8: y = table[x + 128]. int16 and int32: cubics (loom_spline), table [2^k][4]; then y = cut(zero_y + that). */
typedef struct spline_attr { int bits, k, fraction, zero, low, high; } spline_attr;
extern const op_type op_lookup, op_spline;
typedef double real_fn(double x, double param);
tensor_id lookup(quantiser *q, const op *o, tensor_id x, real_fn *f, double param, precision p, quant to);

/* ---- qbinary.c: functions of two tensors, whose shapes broadcast ---------------------------------------------------- */
/* a and b, zeros off, times 2^left, are brought to one scale, added, and brought to y's: three roundings, as TensorFlow
 * Lite's ADD has them. mul: one. */
typedef struct qadd_attr { int left, m[3], shift[3], limit[3], zero[3], low, high; } qadd_attr;
typedef struct qmul_attr { int m, shift, limit, zero[3], low, high; } qmul_attr;
extern const op_type op_qadd, op_qmul;

/* ---- qmatmul.c, qconv.c: sums of products ----------------------------------------------------------------------------- */
/* y[.., m, n] = cut(zero_y + (bias[n] + sum over k of (a - zero_a) * (b - zero_b)) * multiplier[n] / 2^shift[n]).
 * bias [n] has the type of the sum, int32 or int64; multiplier int32 and shift int8 are [n] or [1]. */
typedef struct qmatmul_attr { int trans_b, limit, zero[3], low, high, wide, least /* of the shifts */; } qmatmul_attr;
extern const op_type op_qmatmul;
typedef struct qconv_attr { conv_attr window; int limit, zero[2], low, high, wide, least; } qconv_attr;
extern const op_type op_qconv;

/* ---- qpool.c: maximum or mean of a window; result and input have one quant --------------------------------------------- */
/* A mean is the sum divided by the area, to nearest, halves away from zero, as in TensorFlow Lite; what counts of the
 * border is the input's zero. */
typedef struct qpool_attr { pool_attr window; int zero, wide; } qpool_attr;
extern const op_type op_qpool;
/* ---- qsoftmax.c: exp(x - max) over their sum, along the last axis ---------------------------------------------------- */
typedef struct qsoftmax_attr { int causal, m, shift, bits, places, zero, low, high; } qsoftmax_attr;
extern const op_type op_qsoftmax;

/* ---- qrope.c: pairs (j, j + hd/2) turned by angles --------------------------------------------------------------------- */
/* y = cut(zero[1] + ((x_j - zero[0]) * cos - (x_k - zero[0]) * sin) * m / 2^shift), cos and sin in Q14 (int16) or Q30 (int32). */
typedef struct qrope_attr { int m, shift, limit, zero[2], low, high; } qrope_attr;
extern const op_type op_qrope;

/* ---- qnorm.c: layer and rms normalisation along the last axis ----------------------------------------------------------- */
typedef struct qnorm_attr { int kind, bits, least, epsilon, shift, places, zero[2], low, high; } qnorm_attr;
extern const op_type op_qnorm;

/* ---- qscan.c: recurrent cells -------------------------------------------------------------------------------------------- */
typedef struct qscan_attr { int cell, wide, limit, m, shift, places, low, high; } qscan_attr;
extern const op_type op_qscan;

/* ---- qentmax.c: the sparse relatives of softmax, along the last axis ----------------------------------------------------- */
typedef struct qentmax_attr { int m, shift, power, exponent, exponent_shift, most, places, zero, low, high; } qentmax_attr;
extern const op_type op_qentmax;

/* ---- gumbel.c: log(-log(u)) of uniform random u ----------------------------------------------------------------------- */
typedef struct gumbel_attr { random_attr random; int m, shift; } gumbel_attr;
extern const op_type op_gumbel;

/* ---- product.c: what sums of products of reals become --------------------------------------------------------------- */

/* A product with the functions behind it that it can take in: scales, sums with constants, relu. Output n is bias[n] + sum
 * over k of x * kernel[n * sn + k * sk]; they are along `axis` of the result. kernel and bias are NULL when the second
 * operand is no constant: then only `factor` and relu are taken in. */
typedef struct product {
    const op *o;
    double *kernel, *bias;
    int64_t n, k, sn, sk;
    int axis;
    double factor;
    bool relu;
    tensor_id result;         /* of the last op that was taken in */
} product;
product product_of(quantiser *q, const op *o, int axis);
/* The same for the functions of x and constants that begin with o: products of one number each, with as many outputs as
 * the axis is long. Its result is x when there is none. */
product product_of_channels(quantiser *q, const op *o, tensor_id x, int axis);

/* The same in integers: tensors of g, and what the op's attributes need. */
typedef struct integers {
    tensor_id kernel, bias, multiplier, shift; /* kernel 0 after an error */
    quant to;
    int limit, low, high, wide, least;
} integers;
integers integers_of(quantiser *q, const product *m, tensor_id x);
int bits_of(int64_t n); /* 2^bits_of(n) >= n */
double most_weight(precision p, int64_t k); /* the largest integer for a weight in a sum of k products */

/* ---- qaffine.c: y = cut(zero_y + (bias[n] + (x - zero_x) * w[n]) * multiplier[n] / 2^shift[n]), n along an axis ---------- */
typedef struct qaffine_attr { int axis, limit, zero[2], low, high, wide; } qaffine_attr;
extern const op_type op_qaffine;
/* For a function of one tensor and a constant for each channel; 0 when it is none, without an error. */
tensor_id affine(quantiser *q, const op *o);

/* ---- panels of products (product.c) ------------------------------------------------------------------------------------ */
/* Does the op, of the inputs x, kernel, bias, multiplier, shift, run in vectors of pairs (runtime/loom_ivec.h)? */
bool in_pairs(const graph *g, const op *o, int64_t k);
/* Its bias, multiplier, shift: a number for each output, filled up to whole panels. */
void pack_outputs(pack *p, int64_t groups, int64_t n);
int64_t terms_together(const graph *g, const op *o); /* 2, or 4 int8 where there are no vectors */
int64_t pair_scratch(int64_t n); /* for n terms as int16 */

/* ---- the functions that op types of reals have as `quantise` ------------------------------------------------------------ */
tensor_id quantise_map(quantiser *q, const op *o);
tensor_id quantise_matmul(quantiser *q, const op *o);
tensor_id quantise_conv(quantiser *q, const op *o);
tensor_id quantise_pool(quantiser *q, const op *o);
tensor_id quantise_entmax(quantiser *q, const op *o);
tensor_id quantise_norm(quantiser *q, const op *o);
tensor_id quantise_random(quantiser *q, const op *o);
tensor_id quantise_rope(quantiser *q, const op *o);
tensor_id quantise_scan(quantiser *q, const op *o);
precision scan_wants(const graph *f, const op *o, int k, precision own);
tensor_id quantise_softmax(quantiser *q, const op *o);
tensor_id quantise_view(quantiser *q, const op *o);

#endif
