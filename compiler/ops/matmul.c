/* matmul.c - y[..,m,n] = init[..,m,n] + sum over k of a[..,m,k] * b[..,k,n], k ascending (seq). */
#ifndef REAL
#include "ops.h"

#include "../../runtime/loom_math.h"

/* Which matrix of b goes with the i-th of a: each leading dimension of b divides a's. */
static int64_t operand_index(const shape *a, const shape *b, int64_t i)
{
    int64_t index = 0, size = 1;
    for (int d = a->rank - 3, e = b->rank - 3; d >= 0; d--, e--) {
        int64_t at = i % a->dim[d];
        i /= a->dim[d];
        if (e >= 0) {
            index += at / (a->dim[d] / b->dim[e]) * size;
            size *= b->dim[e];
        }
    }
    return index;
}

#define KERNEL_FILE "matmul.c"
#include "kernel.h"

static int64_t count_macs(const graph *g, const op *o)
{
    const shape *a = tensor_shape(g, o->in[0]);
    return shape_size(tensor_shape(g, o->out)) * a->dim[a->rank - 1];
}

/* Up to here a product is bound by reading the weights. */
enum { FEW_ROWS = 3 };

static bool is_const(const graph *g, tensor_id t) { return g->tensors[t].kind == TENSOR_CONST; }

static bool pack_b(const graph *g, const op *o, int input, struct pack *p)
{
    const matmul_attr *at = o->attr;
    if (input != 1 || !is_const(g, o->in[1]))
        return false;
    const shape *b = tensor_shape(g, o->in[1]);
    int64_t rows = b->dim[b->rank - 2], cols = b->dim[b->rank - 1];
    p->groups = shape_size(b) / (rows * cols);
    p->sg = rows * cols;
    p->k = at->trans_b ? cols : rows;
    p->n = at->trans_b ? rows : cols;
    p->sk = at->trans_b ? 1 : cols;
    p->sn = at->trans_b ? cols : 1;
    const shape *y = tensor_shape(g, o->out);
    int64_t products = p->groups == 1 ? shape_size(y) / p->n : y->dim[y->rank - 2];
    p->wide = products <= FEW_ROWS ? pack_wide(g->precision, p->n) : 1;
    return true;
}

/* b that is computed at run time is brought into panels first, one matrix at a time, unless its rows are
 * whole panels side by side already. */
static int64_t scratch(const graph *g, const op *o)
{
    if (is_const(g, o->in[1]))
        return 0;
    const matmul_attr *at = o->attr;
    const shape *b = tensor_shape(g, o->in[1]);
    int64_t rows = b->dim[b->rank - 2], cols = b->dim[b->rank - 1], w = panel_width(g->precision);
    if (!at->trans_b)
        return cols % w == 0 ? 0 : (cols + w - 1) / w * w * rows;
    return (rows + w - 1) / w * w * cols;
}

static const attr_def attrs[] = {{"trans_b", ATTR_INT, offsetof(matmul_attr, trans_b), 0}, {0}};

const op_type op_matmul = {
    .name = "matmul",
    .doc = "matrix product; the sum starts at init and takes k in ascending order",
    .flags = OP_EPILOGUE,
    .attrs = attrs,
    .eval = KERNELS(matmul),
    .macs = count_macs,
    .pack = pack_b,
    .scratch = scratch,
};

tensor_id matmul(graph *g, tensor_id a, tensor_id b, tensor_id init, bool trans_b)
{
    shape s = *tensor_shape(g, a);
    const shape *sb = tensor_shape(g, b);
    s.dim[s.rank - 1] = sb->dim[sb->rank - (trans_b ? 2 : 1)];
    matmul_attr at = {trans_b};
    return op_new(g, &op_matmul, &at, sizeof at, s, 3, (tensor_id[]){a, b, init});
}

#else

static void R(matmul)(const eval_args *e)
{
    const matmul_attr *at = e->attr;
    const shape *sa = e->in_shape[0], *sb = e->in_shape[1];
    const REAL *a = e->in[0], *b = e->in[1];
    REAL *y = e->out;
    int64_t K = sa->dim[sa->rank - 1], M = sa->dim[sa->rank - 2], N = e->out_shape->dim[sa->rank - 1];
    int64_t matrices = shape_size(sa) / (M * K);
    for (int64_t i = 0; i < matrices; i++) {
        const REAL *bi = b + operand_index(e->out_shape, sb, i) * K * N;
        for (int64_t m = 0; m < M; m++)
            for (int64_t n = 0; n < N; n++) {
                int64_t at_y = (i * M + m) * N + n;
                REAL sum = e->in[2] ? ((const REAL *)e->in[2])[broadcast_index(e->out_shape, e->in_shape[2], at_y)] : 0;
                for (int64_t k = 0; k < K; k++)
                    sum += a[(i * M + m) * K + k] * bi[at->trans_b ? n * K + k : k * N + n];
                y[at_y] = sum;
            }
    }
}

#endif
