/* pad.c - a tensor within zeros along one axis: the gradient of a slice. No arithmetic. */
#ifndef REAL
#include "ops.h"

#define KERNEL_FILE "pad.c"
#include "kernel.h"

static const attr_def attrs[] = {{"axis", ATTR_INT, offsetof(pad_attr, axis), 0}, {"start", ATTR_INT, offsetof(pad_attr, start), 0}, {0}};

static void pad_grad(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    const pad_attr *at = o->attr;
    dx[0] = slice(g, dy, at->axis, at->start, tensor_shape(g, o->in[0])->dim[at->axis]);
}

const op_type op_pad = {
    .name = "pad",
    .doc = "a tensor at a place of a longer axis, zeros before and after it",
    .attrs = attrs,
    .eval = KERNELS(pad),
    .grad = pad_grad,
};

tensor_id pad(graph *g, tensor_id x, int axis, int64_t start, int64_t length)
{
    pad_attr at = {axis, (int)start};
    shape s = *tensor_shape(g, x);
    s.dim[axis] = length;
    return op_new(g, &op_pad, &at, sizeof at, s, 1, &x);
}

#else

static void R(pad)(const eval_args *e)
{
    const pad_attr *at = e->attr;
    const shape *from = e->in_shape[0], *to = e->out_shape;
    int64_t inner = 1, n = from->dim[at->axis], all = to->dim[at->axis];
    for (int d = at->axis + 1; d < to->rank; d++)
        inner *= to->dim[d];
    const REAL *x = e->in[0];
    REAL *y = e->out;
    for (int64_t i = 0; i < shape_size(to); i++) {
        int64_t k = i / inner % all - at->start, run = i / inner / all;
        y[i] = k >= 0 && k < n ? x[(run * n + k) * inner + i % inner] : 0;
    }
}

#endif
