/* gather.c - rows of a table, chosen by numbers. */
#ifndef REAL
#include "qops.h"

#define KERNEL_FILE "gather.c"
#include "kernel.h"

static const attr_def attrs[] = {{0}};

/* Ids are places, not numbers: nothing flows back to them. */
static void gather_grad(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    if (needs_gradient(g, o->in[1]))
        dx[1] = scatter_rows(g, o->in[0], dy, tensor_shape(g, o->in[1])->dim[0]);
}

/* Ids as they are, integers with the scale 1; what is outside the table gives the number that stands for zero. */
static void gather_integer(const eval_args *e)
{
    int64_t vocab = e->in_shape[1]->dim[0], n = e->in_shape[1]->dim[1];
    for (int64_t i = 0; i < shape_size(e->out_shape); i++) {
        int64_t id = int_get(e->in_type[0], e->in[0], i / n);
        bool known = id >= 0 && id < vocab;
        int_set(e->out_type, e->out, i, known ? int_get(e->out_type, e->in[1], id * n + i % n) : e->out_quant.zero);
    }
}

/* Ids need a type that holds the table's places and one beyond. */
static precision id_type(int64_t vocab) { return vocab < 32767 ? I16 : I32; }

static precision gather_wants(const graph *f, const op *o, int k, precision own)
{
    precision p = id_type(tensor_shape(f, o->in[1])->dim[0]);
    return k == 0 && p > own ? p : own;
}

static tensor_id gather_quantise(quantiser *q, const op *o)
{
    tensor_id ids = requantised(q, quantised(q, o->in[0]), id_type(tensor_shape(q->f, o->in[1])->dim[0]), (quant){1, 0});
    tensor_id table = quantised(q, o->in[1]);
    if (!ids || !table)
        return 0;
    tensor_id in[2] = {ids, table};
    return int_op(q, &op_gather, NULL, 0, *tensor_shape(q->f, o->out), type_at(q, table), *quant_at(q, table), 2, in);
}

const op_type op_gather = {
    .name = "gather",
    .doc = "row id of a table, the id truncated toward zero; zeros for NaN and ids outside the table",
    .attrs = attrs,
    .eval = KERNELS(gather),
    .integer = gather_integer,
    .quantise = gather_quantise,
    .wants = gather_wants,
    .grad = gather_grad,
};

const op_type op_scatter = {
    .name = "scatter",
    .doc = "gradient of gather by its table: zeros, to whose rows the rows of dy are added in ascending order",
    .attrs = attrs,
    .eval = KERNELS(scatter),
};

tensor_id scatter_rows(graph *g, tensor_id ids, tensor_id dy, int64_t vocab)
{
    const shape *s = tensor_shape(g, dy);
    shape table = shape_of(2, vocab, s->dim[s->rank - 1]);
    return op_new(g, &op_scatter, NULL, 0, table, 2, (tensor_id[]){ids, dy});
}

tensor_id gather(graph *g, tensor_id ids, tensor_id table)
{
    shape s = *tensor_shape(g, ids);
    s.dim[s.rank++] = tensor_shape(g, table)->dim[1];
    return op_new(g, &op_gather, NULL, 0, s, 2, (tensor_id[]){ids, table});
}

#else

static void R(gather)(const eval_args *e)
{
    const REAL *ids = e->in[0], *table = e->in[1];
    REAL *y = e->out;
    int64_t vocab = e->in_shape[1]->dim[0], n = e->in_shape[1]->dim[1], rows = shape_size(e->in_shape[0]);
    for (int64_t r = 0; r < rows; r++) {
        bool known = ids[r] > -1 && ids[r] < (REAL)vocab; /* false for NaN */
        const REAL *row = known ? table + (int64_t)ids[r] * n : NULL;
        for (int64_t j = 0; j < n; j++)
            *y++ = row ? row[j] : 0;
    }
}

static void R(scatter)(const eval_args *e)
{
    const REAL *ids = e->in[0], *dy = e->in[1];
    REAL *table = e->out;
    int64_t vocab = e->out_shape->dim[0], n = e->out_shape->dim[1], rows = shape_size(e->in_shape[0]);
    for (int64_t i = 0; i < vocab * n; i++)
        table[i] = 0;
    for (int64_t r = 0; r < rows; r++, dy += n) {
        bool known = ids[r] > -1 && ids[r] < (REAL)vocab; /* false for NaN */
        for (int64_t j = 0; known && j < n; j++)
            table[(int64_t)ids[r] * n + j] += dy[j];
    }
}

#endif
