/* narrow.c - weights in int8 or int16, arithmetic in reals: --store.
 *
 * A product with constant weights becomes one with whole numbers, q[n] = weight / scale[n] to nearest, each output then times
 * its scale, its bias last. The whole numbers are reals for the interpreter and in every kernel; only where they are stored
 * (tensor.stored) are they integers. What is looked up, and the recurrent weights of rnn, lstm and gru, stay reals. */
#include "plan.h"

#include "ops/ops.h"

#include <math.h>
#include <string.h>

/* Outputs of a product, and which elements of its constant belong to output n: n * sn + k * sk. */
typedef struct columns_of {
    int64_t n, k, sn, sk;
    shape beside; /* of a constant with one number for each output, beside the result */
} columns_of;

/* False for other ops, and for weights that are no constant matrix. */
static bool product_columns(const graph *g, const op *o, columns_of *c)
{
    if ((o->type != &op_matmul && o->type != &op_conv) || g->tensors[o->in[1]].kind != TENSOR_CONST)
        return false;
    const shape *w = tensor_shape(g, o->in[1]), *y = tensor_shape(g, o->out);
    bool matrix = o->type == &op_matmul;
    if (matrix && w->rank != 2)
        return false;
    bool columns = matrix && !((const matmul_attr *)o->attr)->trans_b;
    c->n = columns ? w->dim[1] : w->dim[0];
    c->k = shape_size(w) / c->n;
    c->sn = columns ? 1 : c->k;
    c->sk = columns ? c->n : 1;
    c->beside = shape_of(1, c->n);
    if (!matrix) {
        c->beside.rank = y->rank - 1;
        for (int d = 1; d < c->beside.rank; d++)
            c->beside.dim[d] = 1;
    }
    return true;
}

/* The whole numbers of the weights w, and their scales. */
static tensor_id whole_numbers(graph *g, tensor_id w, const columns_of *c, precision p, double *scale)
{
    const tensor *x = &g->tensors[w];
    double most = p == I8 ? 127 : 32767, *v = arena_array(g->arena, shape_size(&x->shape), sizeof *v);
    for (int64_t n = 0; n < c->n; n++) {
        double largest = 0;
        for (int64_t k = 0; k < c->k; k++)
            largest = fmax(largest, fabs(real_get(g->precision, x->data, n * c->sn + k * c->sk)));
        real_set(g->precision, &scale[n], 0, largest > 0 ? largest / most : 1);
        scale[n] = real_get(g->precision, &scale[n], 0); /* as the precision has it */
        for (int64_t k = 0; k < c->k; k++) {
            int64_t i = n * c->sn + k * c->sk;
            v[i] = fmax(fmin(floor(real_get(g->precision, x->data, i) / scale[n] + 0.5), most), -most);
        }
    }
    tensor_id q = tensor_const(g, x->shape, x->name, v);
    if (q)
        g->tensors[q].stored = p;
    return q;
}

/* What stands for o, appended to the graph: its last op has o's result. */
static void append_narrow(graph *g, const op *o, const columns_of *c, precision p)
{
    double *scale = arena_array(g->arena, c->n, sizeof *scale);
    tensor_id q = whole_numbers(g, o->in[1], c, p, scale), x = o->in[0], bias = o->n_in > 2 ? o->in[2] : 0;
    g->layer = o->layer;
    const char *name = arena_printf(g->arena, "%s_scale", g->tensors[o->in[1]].name);
    tensor_id y = o->type == &op_conv ? conv(g, x, q, 0, *(const conv_attr *)o->attr)
                                      : matmul(g, x, q, 0, ((const matmul_attr *)o->attr)->trans_b);
    y = map2(g, FN_mul, y, tensor_const(g, c->beside, name, scale));
    if (bias && o->type == &op_conv) {
        tensor b = g->tensors[bias];
        tensor_id beside = tensor_new(g, b.kind, c->beside, b.name);
        g->tensors[beside].data = b.data;
        g->tensors[beside].owner = b.owner;
        g->tensors[beside].is_param = b.is_param;
        bias = beside;
    }
    if (bias)
        map2(g, FN_add, y, bias);
    g->layer = NULL;
    g->ops[g->n_ops - 1].out = o->out;
}

void narrow_weights(graph *g, precision p)
{
    int n = g->n_ops, m = 0;
    op *ops = arena_array(g->arena, 3 * (int64_t)n + 1, sizeof *ops);
    for (int i = 0; i < n; i++) {
        op o = g->ops[i];
        columns_of c;
        int before = g->n_ops;
        if (product_columns(g, &o, &c))
            append_narrow(g, &o, &c, p);
        else
            ops[m++] = o;
        for (int k = before; k < g->n_ops; k++)
            ops[m++] = g->ops[k];
        g->n_ops = before;
    }
    g->ops = ops;
    g->n_ops = g->cap_ops = m;
    for (int i = 0; i < m; i++)
        if (ops[i].out)
            g->tensors[ops[i].out].op = i;
    graph_uses(g);
    graph_check(g);
}
