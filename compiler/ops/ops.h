/* ops.h - the vocabulary of the graph: one builder per op, with its attributes.
 *
 * A builder checks nothing that a user could get wrong (layers do that, with a place to point at); it
 * computes the output's shape and appends the op. Shapes include the batch. An absent input is 0. */
#ifndef LOOMC_OPS_H
#define LOOMC_OPS_H

#include "../loomc.h"

/* ---- map.c: y = fn(a) or fn(a, b), shapes broadcast as in NumPy ------------------------------------ */

typedef enum map_fn {
#define MAP(name, arity, doc) FN_##name,
#include "map.def"
#undef MAP
    N_MAP_FNS
} map_fn;
extern const char *const map_fn_names[N_MAP_FNS];
extern const int map_fn_arity[N_MAP_FNS];

typedef struct map_attr { int fn; double param; } map_attr;
extern const op_type op_map;
tensor_id map1(graph *g, map_fn fn, tensor_id a, double param);
tensor_id map2(graph *g, map_fn fn, tensor_id a, tensor_id b);
tensor_id map2p(graph *g, map_fn fn, tensor_id a, tensor_id b, double param);
/* x, whose shape broadcasts to s, in that shape. */
tensor_id expand(graph *g, tensor_id x, shape s);

/* Index into a tensor of shape `from` for the flat index i into `to`, to which `from` broadcasts. */
int64_t broadcast_index(const shape *to, const shape *from, int64_t i);

/* ---- reduce.c: the sums that undo a broadcast; the sum of everything ------------------------------------ */
extern const op_type op_reduce, op_total;
tensor_id reduce(graph *g, tensor_id x, shape to); /* x itself when it has that shape */
tensor_id total(graph *g, tensor_id x);            /* [1] */

/* ---- matmul.c: y[..,m,n] = init[..,m,n] + sum_k a[..,m,k] * b[..,k,n], k ascending --------------------- */
/* Leading dimensions: those of a. b has none, or the same number, each equal to a's or dividing it
 * (index = a's index / (a's size / b's size), which is how query heads share key heads); init broadcasts. */
typedef struct matmul_attr { int trans_b; /* b is [..,n,k] */ } matmul_attr;
extern const op_type op_matmul;
/* Which matrix of b goes with the i-th of the result, whose leading dimensions are those of s. */
int64_t matrix_index(const shape *s, const shape *b, int64_t i);
tensor_id matmul(graph *g, tensor_id a, tensor_id b, tensor_id init, bool trans_b);

/* ---- conv.c: x [B,C,H,W] or [B,C,L], w [F,C/groups,kh,kw] ([F,C/groups,k]), bias [F] first ------------- */
typedef struct conv_attr { int stride[2], pad[4] /* top bottom left right */, dilation[2], groups; } conv_attr;
extern const op_type op_conv;
tensor_id conv(graph *g, tensor_id x, tensor_id w, tensor_id bias, conv_attr a);
/* Its gradients from dy, by an x of the shape sx and by a w of the shape sw. */
extern const op_type op_conv_grad_input, op_conv_grad_weight;
tensor_id conv_grad_input(graph *g, tensor_id dy, tensor_id w, shape sx, conv_attr a);
tensor_id conv_grad_weight(graph *g, tensor_id dy, tensor_id x, shape sw, conv_attr a);

/* ---- pool.c: x [B,C,H,W] or [B,C,L] -------------------------------------------------------------------- */
typedef enum pool_kind { POOL_MAX, POOL_AVG } pool_kind;
typedef struct pool_attr { int kind, kernel[2], stride[2], pad[4], count_include_pad; } pool_attr;
extern const op_type op_pool;
tensor_id pool(graph *g, tensor_id x, pool_attr a);
extern const op_type op_pool_grad; /* a mean's does not read x */
tensor_id pool_grad(graph *g, tensor_id x, tensor_id dy, pool_attr a);

/* ---- view.c: the same numbers, seen in another shape or order ------------------------------------------- */
typedef struct permute_attr { int perm[MAX_RANK]; } permute_attr;   /* out dim i is in dim perm[i] */
typedef struct slice_attr { int axis; int64_t start, length; } slice_attr;
typedef struct concat_attr { int axis; } concat_attr;
extern const op_type op_reshape, op_permute, op_slice, op_concat;
tensor_id reshape(graph *g, tensor_id x, shape s);
tensor_id permute(graph *g, tensor_id x, const int *perm);
tensor_id slice(graph *g, tensor_id x, int axis, int64_t start, int64_t length);
tensor_id concat(graph *g, const tensor_id *parts, int n, int axis);

/* ---- pad.c: x at `start` of an axis that has `length`, zeros beside it; the gradient of slice ------------- */
typedef struct pad_attr { int axis, start; } pad_attr;
extern const op_type op_pad;
tensor_id pad(graph *g, tensor_id x, int axis, int64_t start, int64_t length);

/* ---- softmax.c: over the last axis --------------------------------------------------------------------- */
/* mask: optional [n] constant, entries 0 are left out and give exactly 0. causal: entry j of row i (the
 * last but one axis) is left out when j > i. */
typedef struct softmax_attr { int causal; } softmax_attr;
extern const op_type op_softmax;
tensor_id softmax(graph *g, tensor_id x, tensor_id mask, bool causal);
extern const op_type op_softmax_grad;
tensor_id softmax_grad(graph *g, tensor_id y, tensor_id dy);

/* ---- log_softmax.c: log(softmax(x)) over the last axis ---------------------------------------------------- */
extern const op_type op_log_softmax, op_log_softmax_grad;
tensor_id log_softmax(graph *g, tensor_id x);
tensor_id log_softmax_grad(graph *g, tensor_id y, tensor_id dy);

/* ---- entmax.c: over the last axis, alpha > 1; 2 is sparsemax. compat: the original's threshold ----------- */
typedef struct entmax_attr { double alpha; int compat; } entmax_attr;
extern const op_type op_entmax;
tensor_id entmax(graph *g, tensor_id x, double alpha, bool compat);
extern const op_type op_entmax_grad;
tensor_id entmax_grad(graph *g, tensor_id y, tensor_id dy, double alpha);

/* ---- norm.c: over the last axis; gamma and beta have its length or are 0 ----------------------------------- */
typedef enum norm_kind { NORM_LAYER, NORM_RMS } norm_kind;
typedef struct norm_attr { int kind; double epsilon; } norm_attr;
extern const op_type op_norm;
tensor_id norm(graph *g, tensor_id x, tensor_id gamma, tensor_id beta, norm_kind kind, double epsilon);
/* By x, where gamma is 1: dy times gamma is what it takes. */
extern const op_type op_norm_grad;
tensor_id norm_grad(graph *g, tensor_id x, tensor_id dy, norm_attr a);

/* ---- gather.c: ids [...] -> [..., dim], rows of table [vocab, dim]; ids truncate, outside gives zeros -------- */
extern const op_type op_gather;
tensor_id gather(graph *g, tensor_id ids, tensor_id table);
extern const op_type op_scatter; /* adds the rows of dy to the rows of zeros that the ids name: [vocab, dim] */
tensor_id scatter_rows(graph *g, tensor_id ids, tensor_id dy, int64_t vocab);

/* ---- rope.c: x [.., S, H, hd], cos and sin [S, hd/2]: rotates (j, j + hd/2) -------------------------------- */
extern const op_type op_rope;
tensor_id rope(graph *g, tensor_id x, tensor_id cos, tensor_id sin);

/* ---- scan.c: a recurrence over time ------------------------------------------------------------------------ */
/* x [B,T,G*h] holds each gate's bias and input part already; w [G*h, h] ([gate][out][in]); bias_n [h] only
 * for SCAN_GRU; h0 (and c0) [B,h] are states that are read and written, or 0: start at zero, keep nothing.
 * Gates: rnn 1 (act), lstm 4 (i,f,g,o), gru 3 (r,z,n). Result [B,T,h]. */
typedef enum scan_cell { SCAN_RNN_TANH, SCAN_RNN_RELU, SCAN_LSTM, SCAN_GRU } scan_cell;
typedef struct scan_attr { int cell; } scan_attr;
extern const op_type op_scan;
tensor_id scan(graph *g, scan_cell cell, tensor_id x, tensor_id w, tensor_id bias_n, tensor_id h0, tensor_id c0);
/* What the steps of a scan that starts at zero were made of, from its input, weights and result y. Of lstm
 * i, f, g, o, c: [B,T,5*h]; of gru r, z, n and bias_n + W_n h: [B,T,4*h]. An rnn needs none. */
extern const op_type op_scan_gates;
tensor_id scan_gates(graph *g, scan_cell cell, tensor_id x, tensor_id w, tensor_id bias_n, tensor_id y);
/* Gradients by each gate's sum, from the last step to the first. rnn [B,T,h]; lstm [B,T,5*h]: i, f, g, o and by
 * c; gru [B,T,5*h]: r, z, n, by bias_n + W_n h, and by the step's output. gates is 0 for an rnn. */
extern const op_type op_scan_grad;
tensor_id scan_grad(graph *g, scan_cell cell, tensor_id gates, tensor_id w, tensor_id y, tensor_id dy);

/* ---- random.c: uniform in (0, 1), from the seed, a stream number and the count of calls --------------------- */
typedef struct random_attr { int64_t seed; int stream; } random_attr;
extern const op_type op_random;
tensor_id random_uniform(graph *g, shape s, uint64_t seed, int stream);

/* ---- average.c: m = m * (1 - share) + x * share, m a parameter; no result ------------------------------------ */
typedef struct average_attr { double share; } average_attr;
extern const op_type op_average;
void average(graph *g, tensor_id m, tensor_id x, double share);

/* ---- accumulate.c: sum = sum + x; sum = 0. The sum is kept from run to run; no result ---------------------------- */
extern const op_type op_accumulate, op_clear;
void accumulate(graph *g, tensor_id sum, tensor_id x);
void clear(graph *g, tensor_id sum);

/* ---- optimise.c: one step of an optimiser for the parameter w with the gradient dw; no result --------------- */
/* rates [4]: the learning rate, of adam 1 / (1 - beta1^t) and 1 / (1 - beta2^t) in step t, and (unused here) how many
 * mini-batches the step is made of. */
typedef enum optimizer { OPT_SGD, OPT_NESTEROV, OPT_ADAM, OPT_ADAMW, OPT_RMSPROP } optimizer;
typedef struct optimise_attr {
    int kind;
    double momentum, dampening, beta1, beta2, alpha, epsilon, decay;
} optimise_attr;
extern const op_type op_optimise;
void optimise(graph *g, tensor_id w, tensor_id dw, tensor_id rates, optimise_attr a);

#endif
