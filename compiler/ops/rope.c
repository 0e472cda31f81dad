/* rope.c - rotary position embedding: turns each pair (j, j + hd/2) of a head by an angle that depends
 * on the position. */
#ifndef REAL
#include "qops.h"

#define KERNEL_FILE "rope.c"
#include "kernel.h"

static const attr_def attrs[] = {{0}};

/* Turns back. */
static void rope_grad(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    dx[0] = rope(g, dy, o->in[1], map1(g, FN_neg, o->in[2], 0));
}

const op_type op_rope = {
    .name = "rope",
    .doc = "rotates the pairs (j, j + hd/2) of [.., S, H, hd] by the angles whose cos and sin are given",
    .attrs = attrs,
    .eval = KERNELS(rope),
    .quantise = quantise_rope,
    .grad = rope_grad,
};

tensor_id rope(graph *g, tensor_id x, tensor_id cos, tensor_id sin)
{
    return op_new(g, &op_rope, NULL, 0, *tensor_shape(g, x), 3, (tensor_id[]){x, cos, sin});
}

#else

static void R(rope)(const eval_args *e)
{
    const shape *s = e->out_shape;
    int64_t hd = s->dim[s->rank - 1], heads = s->dim[s->rank - 2], positions = s->dim[s->rank - 3];
    int64_t half = hd / 2;
    for (int64_t i = 0; i < shape_size(s) / hd; i++) {
        int64_t position = i / heads % positions;
        const REAL *x = (const REAL *)e->in[0] + i * hd;
        const REAL *c = (const REAL *)e->in[1] + position * half;
        const REAL *z = (const REAL *)e->in[2] + position * half;
        REAL *y = (REAL *)e->out + i * hd;
        for (int64_t j = 0; j < half; j++) {
            y[j] = x[j] * c[j] - x[j + half] * z[j];
            y[j + half] = x[j + half] * c[j] + x[j] * z[j];
        }
    }
}

#endif
