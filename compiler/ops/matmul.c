/* matmul.c - y[..,m,n] = init[..,m,n] + sum over k of a[..,m,k] * b[..,k,n], k ascending (seq). */
#ifndef REAL
#include "qops.h"

#include "../../runtime/loom_math.h"

/* Which matrix of b goes with the i-th of a: each leading dimension of b divides a's. */
int64_t matrix_index(const shape *a, const shape *b, int64_t i)
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
    p->wide = pack_wide(g, p->n, products <= FEW_ROWS);
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
    int64_t rows = b->dim[b->rank - 2], cols = b->dim[b->rank - 1], w = panel_width(g);
    if (!at->trans_b)
        return cols % w == 0 ? 0 : (cols + w - 1) / w * w * rows;
    return (rows + w - 1) / w * w * cols;
}

static const attr_def attrs[] = {{"trans_b", ATTR_INT, offsetof(matmul_attr, trans_b), 0}, {0}};

/* The last two dimensions exchanged. */
static tensor_id transposed(graph *g, tensor_id x)
{
    int rank = tensor_shape(g, x)->rank, perm[MAX_RANK] = {0, 1, 2, 3, 4, 5};
    perm[rank - 1] = rank - 2;
    perm[rank - 2] = rank - 1;
    return permute(g, x, perm);
}

/* x with all dimensions but the last in one. */
static tensor_id as_matrix(graph *g, tensor_id x)
{
    const shape *s = tensor_shape(g, x);
    int64_t n = s->dim[s->rank - 1];
    return s->rank == 2 ? x : reshape(g, x, shape_of(2, shape_size(s) / n, n));
}

/* d, which has a's leading dimensions, summed to those of b, each of which divides a's: neighbours shared
 * one matrix of b. */
static tensor_id shared_sum(graph *g, tensor_id d, const shape *b)
{
    for (int i = 0; i < b->rank - 2; i++) {
        shape s = *tensor_shape(g, d), split = s, sums;
        if (s.dim[i] == b->dim[i])
            continue;
        for (int k = s.rank; k > i + 1; k--)
            split.dim[k] = s.dim[k - 1];
        split.rank++;
        split.dim[i] = s.dim[i] = b->dim[i];
        split.dim[i + 1] = tensor_shape(g, d)->dim[i] / b->dim[i];
        sums = split;
        sums.dim[i + 1] = 1;
        d = reshape(g, reduce(g, reshape(g, d, split), sums), s);
    }
    return d;
}

static void matmul_grad(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    const matmul_attr *at = o->attr;
    tensor_id a = o->in[0], b = o->in[1];
    shape sb = *tensor_shape(g, b);
    if (needs_gradient(g, a))
        dx[0] = matmul(g, dy, b, 0, !at->trans_b);
    if (needs_gradient(g, b)) {
        tensor_id left = at->trans_b ? dy : a, right = at->trans_b ? a : dy;
        if (sb.rank == 2)
            dx[1] = matmul(g, transposed(g, as_matrix(g, left)), as_matrix(g, right), 0, false);
        else
            dx[1] = shared_sum(g, matmul(g, transposed(g, left), right, 0, false), &sb);
    }
    if (o->n_in > 2 && needs_gradient(g, o->in[2]))
        dx[2] = reduce(g, dy, *tensor_shape(g, o->in[2]));
}

const op_type op_matmul = {
    .name = "matmul",
    .doc = "matrix product; the sum starts at init and takes k in ascending order",
    .flags = OP_EPILOGUE | OP_OPTIMISES,
    .attrs = attrs,
    .eval = KERNELS(matmul),
    .macs = count_macs,
    .pack = pack_b,
    .scratch = scratch,
    .grad = matmul_grad,
    .quantise = quantise_matmul,
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
        const REAL *bi = b + matrix_index(e->out_shape, sb, i) * K * N;
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
