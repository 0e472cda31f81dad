/* calibrate.c - which values the tensors of a network take, from runs of it in float64. */
#include "quantise.h"

#include "ops/ops.h"

#include "../runtime/loom_random.h"

#include <string.h>

static void see(range *r, const double *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (v[i] < r->low)
            r->low = v[i];
        if (v[i] > r->high && v[i] <= 1.7e308)
            r->high = v[i];
    }
}

/* How many rows the table has in which the input is looked up, 0 when it is none. */
static int64_t input_rows(const graph *f)
{
    for (int i = 0; i < f->n_ops; i++)
        if (f->ops[i].type == &op_gather && f->ops[i].in[0] == f->input)
            return tensor_shape(f, f->ops[i].in[1])->dim[0];
    return 0;
}

/* Without data: numbers in [-2, 2), or places in the table. */
static void random_input(const graph *f, double *x, int64_t n, uint64_t run)
{
    int64_t rows = input_rows(f);
    for (int64_t i = 0; i < n; i++) {
        double u = (double)(loom_random_u64(1, 2, run, (uint64_t)i) >> 11) * 0x1p-53;
        x[i] = rows ? u * (double)rows : u * 4 - 2;
    }
}

enum { RUNS = 8 };

range *ranges_of(session *s, const graph *f)
{
    range *r = arena_array(&s->arena, f->n_tensors, sizeof *r);
    interp *it = interp_new(&s->arena, f);
    int64_t n = shape_size(tensor_shape(f, f->input));
    double *x = arena_array(&s->arena, n, sizeof *x), *y = arena_array(&s->arena, shape_size(tensor_shape(f, f->output)), sizeof *y);
    for (int run = 0; run < RUNS; run++) {
        random_input(f, x, n, (uint64_t)run);
        interp_run(it, x, y, (uint64_t)run);
        for (int t = 1; t < f->n_tensors; t++)
            see(&r[t], interp_value(it, t), shape_size(tensor_shape(f, t)));
    }
    return r;
}
