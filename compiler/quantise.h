/* quantise.h - from a graph of reals to one of integers: what the files share that take part (quantise.c walks over the
 * graph, ranges.c knows the ranges, ops/ has the ops).
 *
 * A tensor of integers has a type (int8, int16, int32) and stands for scale * (q - zero):
 *
 *   int8   any scale and zero: the range's ends are -128 and 127; weights [-127, 127], zero 0, a scale for each output
 *   int16  zero 0, any scale: the range's ends are at most 2^14, what goes beyond it is cut at 32767; weights [-32767, 32767]
 *   int32  zero 0, the scale a power of two: the range's ends are at most 2^26, what goes beyond it is cut at 2^27; weights
 *          have as many bits as leave room for the sum in 62 bits
 *
 * An op's real arithmetic becomes sums of products in 32 or 64 bits and one multiplication by m / 2^s at its end, rounded
 * half up (runtime/loom_int.h). */
#ifndef LOOMC_QUANTISE_H
#define LOOMC_QUANTISE_H

#include "loomc.h"

/* The range of a tensor of reals, zero included. */
typedef struct range { double low, high; } range;

typedef struct quantiser {
    session *s;
    const graph *f;        /* of reals, constants folded */
    graph *g;              /* of integers, being made */
    const range *ranges;   /* per tensor of f */
    precision base;
    bool reals;            /* input and output are float32 */
    tensor_id *made;       /* per tensor of f: the tensor of g, 0 not yet */
    precision *type;       /* per tensor of f: what it becomes */
    bool *done;            /* per op of f: part of an op before it */
    int *reader;           /* per tensor of f: the last op that reads it, -1 none */
} quantiser;

/* The factor of reals r as m / 2^shift, |m| < 2^31, for numbers that loom_narrow(x, limit) has brought to 31 bits first (limit
 * 0: that have no more anyway). */
typedef struct multiplier { int32_t m; int shift, limit; } multiplier;

/* For numbers of acc_bits bits whose products with r go to a tensor of a type: the limit, and all three. Of several factors
 * that share one limit it is the largest. */
int narrow_of(double r, int acc_bits, precision to);
multiplier multiplier_with(double r, int limit);
multiplier multiplier_of(double r, int acc_bits, precision to);

int64_t type_low(precision p);  /* what tensors of a type hold: -128 .. 127, -32767 .. 32767, -2^27 .. 2^27 */
int64_t type_high(precision p);
int type_bits(precision p);     /* of a difference of two such numbers, sign aside: 8, 16, 28 */
int places_of(double scale); /* of a power of two: n, when it is 2^-n */
quant quant_of_range(range r, precision p);
quant quant_fixed(double low, double high, precision p); /* the same for ranges that are known: sigmoid, softmax */
/* v as an integer: to nearest, halves up, cut to the type's range. */
int64_t quantise_number(double v, quant q, precision p);

/* The tensor of integers that stands for t, a constant or one whose op was seen. */
tensor_id quantised(quantiser *q, tensor_id t);
/* The same in another type or with another scale: as it is where nothing changes. */
tensor_id requantised(quantiser *q, tensor_id x, precision p, quant to);
/* A constant tensor of integers: values[i], or (values NULL) zeros to be filled in. */
tensor_id int_const(graph *g, precision p, shape s, const char *name, const int64_t *values);
/* The result of an op for the tensor t of f: of its type, with the quant that its range gives (or that is given). */
tensor_id int_op(quantiser *q, const op_type *type, const void *attr, size_t attr_size, shape out, precision p, quant to, int n_in,
                 const tensor_id *in);
quant quant_of(const quantiser *q, tensor_id t); /* by its range and type */
const quant *quant_at(const quantiser *q, tensor_id x); /* of a tensor of g */
precision type_at(const quantiser *q, tensor_id x);
/* The op that alone reads t, NULL when there is none or it is the result. */
const op *only_reader(const quantiser *q, tensor_id t);
/* A name for a constant of the layer whose op is being made. */
const char *layer_word(const quantiser *q, const op *o, const char *word);
double const_value(const graph *f, tensor_id t, int64_t i);

/* The network in float64 with constants folded, whose arithmetic integers stand for. NULL after an error. */
graph *real_twin(session *s, const network *net);
/* The graph of integers for f; `reals`: its input and output are float32. NULL after an error. */
graph *quantise(session *s, const graph *f, const range *ranges, precision base, bool reals);
/* v[n] as integers. */
void quantise_numbers(const double *v, int64_t n, const tensor *like, void *out);

/* ---- ranges.c: what values the tensors of f take */
/* As the description says ("quantisation"), else as random inputs show. NULL after an error. */
range *ranges_of(session *s, const graph *f);
bool has_range(const graph *f, tensor_id t); /* one of its own: no constant, no view */
const char **range_names(const graph *f);    /* per tensor, in the description: "input", "fc1", "fc1.1"; NULL: it has none */
/* Numbers in [-2, 2), or, where the input is looked up in a table, places in that. */
void random_input(const graph *f, double *x, uint64_t run);
void range_see(range *r, const double *v, int64_t n);
void ranges_finish(const graph *f, range *r); /* constants and views, when the others are known */

/* ---- fidelity.c: how much the integers differ from the reals they stand for */
typedef struct fidelity fidelity;
fidelity *fidelity_new(session *s, const graph *f, const graph *g);
/* Runs both on one input of float64 numbers. */
void fidelity_see(fidelity *d, const double *input);
void fidelity_text(const fidelity *d, text *t);
void fidelity_json(const fidelity *d, text *t); /* a member of an object */
void fidelity_svg(const fidelity *d, text *t);

#endif
