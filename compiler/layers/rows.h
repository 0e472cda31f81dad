/* rows.h - what layers that work on rows of a sample share. */
#ifndef LOOMC_ROWS_H
#define LOOMC_ROWS_H

#include "../ops/ops.h"

#include <math.h>

/* x as [B, rows, n], where a row is n consecutive numbers; as it is when the last axis has n. Says what is
 * wrong, at the field `name` that gives n, when rows do not come out even. */
static inline tensor_id as_rows(graph *g, const layer *l, const char *name, tensor_id x, int64_t n)
{
    shape s = sample_shape(g, x);
    if (s.rank && s.dim[s.rank - 1] == n)
        return x;
    int64_t size = shape_size(&s);
    if (n < 1 || size % n != 0) {
        shape_error(g, l, name, "%s is %lld, which does not divide the %lld numbers of the input %s", name,
                    (long long)n, (long long)size, shape_text(g->arena, &s));
        return 0;
    }
    return reshape(g, x, shape_of(3, tensor_shape(g, x)->dim[0], size / n, n));
}

/* x as a sequence [B, T, n]: it is one already, or a flat sample that holds a whole number of steps of n
 * (as many as `steps` says, when given). */
static inline tensor_id as_sequence(graph *g, const layer *l, const char *size_name, const char *steps_name,
                                    tensor_id x, int64_t n)
{
    shape s = sample_shape(g, x);
    int64_t size = shape_size(&s), steps = layer_int(l, steps_name, s.rank == 2 ? s.dim[0] : size / n);
    if (s.rank == 1 && size % n == 0 && steps == size / n)
        return reshape(g, x, shape_of(3, tensor_shape(g, x)->dim[0], steps, n));
    if (s.rank != 2)
        shape_error(g, l, NULL, "the input is %s, expected [steps, numbers]; put a reshape before it",
                    shape_text(g->arena, &s));
    else if (s.dim[1] != n)
        shape_error(g, l, size_name, "%s is %lld, but the input %s has %lld numbers in a step", size_name,
                    (long long)n, shape_text(g->arena, &s), (long long)s.dim[1]);
    else if (s.dim[0] != steps)
        shape_error(g, l, steps_name, "%s is %lld, but the input %s has %lld steps", steps_name,
                    (long long)steps, shape_text(g->arena, &s), (long long)s.dim[0]);
    else
        return x;
    return 0;
}

static inline int64_t last_axis(const graph *g, tensor_id x)
{
    shape s = sample_shape(g, x);
    return s.rank ? s.dim[s.rank - 1] : 1;
}

/* bias + x W on the last axis, the bias first. */
static inline tensor_id project(graph *g, const layer *l, tensor_id x, const char *weights, const char *bias,
                                int64_t out)
{
    int64_t in = last_axis(g, x);
    tensor_id w = param(g, l, weights, NULL, shape_of(2, in, out), sqrt(6.0 / (double)(in + out)), 0);
    tensor_id b = layer_bool(l, "bias", true) ? param(g, l, bias, NULL, shape_of(1, out), 0, 0) : 0;
    return w ? matmul(g, x, w, b, false) : 0;
}

#endif
