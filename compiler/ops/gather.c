/* gather.c - rows of a table, chosen by numbers. */
#ifndef REAL
#include "ops.h"

#define KERNEL_FILE "gather.c"
#include "kernel.h"

static const attr_def attrs[] = {{0}};

const op_type op_gather = {
    .name = "gather",
    .doc = "row id of a table, the id truncated toward zero; zeros for NaN and ids outside the table",
    .attrs = attrs,
    .eval = KERNELS(gather),
};

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

#endif
