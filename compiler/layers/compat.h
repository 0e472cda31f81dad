/* compat.h - what only descriptions of the original, version 0.0.7, need.
 *
 * The original keeps one hidden tensor through a run, the residual stream (graph.stream): rms_norm leaves
 * its input there, mha and swiglu add it to their result and leave that, layer_norm adds it to its input.
 * Only layers at the top level take part. A layer with `norm_size` and the like treats all samples of a
 * call as one buffer. */
#ifndef LOOMC_COMPAT_H
#define LOOMC_COMPAT_H

#include "../ops/ops.h"

static inline bool has_stream(const layer *l)
{
    if (!l->net->compat)
        return false;
    for (const layer *top = l->net->layers; top; top = top->next)
        if (top == l)
            return true;
    return false;
}

/* x + the stream, where there is one of the same size. */
static inline tensor_id add_stream(graph *g, tensor_id x)
{
    const shape *s = tensor_shape(g, x);
    if (!x || !g->stream || shape_size(tensor_shape(g, g->stream)) != shape_size(s))
        return x;
    return map2(g, FN_add, x, reshape(g, g->stream, *s));
}

/* y with the stream added, which it then becomes: the end of mha and swiglu. */
static inline tensor_id join_stream(graph *g, const layer *l, tensor_id y)
{
    if (has_stream(l))
        y = g->stream = add_stream(g, y);
    return y;
}

/* x as rows of n numbers that fill `rows` rows; what lies beyond is left out. */
static inline tensor_id first_rows(graph *g, tensor_id x, int64_t rows, int64_t n)
{
    tensor_id flat = reshape(g, x, shape_of(1, shape_size(tensor_shape(g, x))));
    return reshape(g, slice(g, flat, 0, 0, rows * n), shape_of(2, rows, n));
}

/* y followed by zeros, in the shape s. */
static inline tensor_id fill_zeros(graph *g, const layer *l, tensor_id y, shape s)
{
    int64_t n = shape_size(tensor_shape(g, y)), missing = shape_size(&s) - n;
    if (!y || missing == 0)
        return reshape(g, y, s);
    double *zeros = arena_array(g->arena, missing, sizeof *zeros);
    tensor_id parts[2] = {
        reshape(g, y, shape_of(1, n)),
        tensor_const(g, shape_of(1, missing), arena_printf(g->arena, "%s_zeros", l->path), zeros)};
    return reshape(g, concat(g, parts, 2, 0), s);
}

#endif
