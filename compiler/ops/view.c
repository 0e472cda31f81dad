/* view.c - reshape, permute, slice, concat: the same numbers, seen in another shape or order.
 *
 * No arithmetic happens here. The reference kernels copy; the plan places a view in the memory of what
 * it looks at wherever that is possible, so that most of them cost nothing. */
#ifndef REAL
#include "qops.h"

#include <string.h>

/* Elements of one step along `axis`, and how many such runs there are before it. */
static int64_t inner_size(const shape *s, int axis)
{
    int64_t n = 1;
    for (int d = axis + 1; d < s->rank; d++)
        n *= s->dim[d];
    return n;
}

static int64_t outer_size(const shape *s, int axis)
{
    int64_t n = 1;
    for (int d = 0; d < axis; d++)
        n *= s->dim[d];
    return n;
}

/* Where element i of the permuted tensor lies in the original of shape `from`. */
static int64_t permuted_index(const shape *to, const shape *from, const int *perm, int64_t i)
{
    int64_t index = 0;
    for (int d = to->rank - 1; d >= 0; d--) {
        index += i % to->dim[d] * inner_size(from, perm[d]);
        i /= to->dim[d];
    }
    return index;
}

#define KERNEL_FILE "view.c"
#include "kernel.h"

/* Integers are copied, whatever their type. */
static void copy_element(const eval_args *e, int64_t to, const void *in, int64_t from)
{
    size_t n = real_size(e->out_type);
    memcpy((char *)e->out + (size_t)to * n, (const char *)in + (size_t)from * n, n);
}

static void reshape_integer(const eval_args *e)
{
    memcpy(e->out, e->in[0], (size_t)shape_size(e->out_shape) * real_size(e->out_type));
}

static void permute_integer(const eval_args *e)
{
    const permute_attr *at = e->attr;
    for (int64_t i = 0; i < shape_size(e->out_shape); i++)
        copy_element(e, i, e->in[0], permuted_index(e->out_shape, e->in_shape[0], at->perm, i));
}

static void slice_integer(const eval_args *e)
{
    const slice_attr *at = e->attr;
    int64_t inner = inner_size(e->out_shape, at->axis), run = at->length * inner, whole = e->in_shape[0]->dim[at->axis] * inner;
    for (int64_t i = 0; i < shape_size(e->out_shape); i++)
        copy_element(e, i, e->in[0], i / run * whole + at->start * inner + i % run);
}

static void concat_integer(const eval_args *e)
{
    int axis = ((const concat_attr *)e->attr)->axis;
    int64_t inner = inner_size(e->out_shape, axis), whole = e->out_shape->dim[axis] * inner, start = 0;
    for (int k = 0; k < e->n_in; k++) {
        int64_t run = e->in_shape_all[k]->dim[axis] * inner;
        for (int64_t i = 0; i < outer_size(e->out_shape, axis) * run; i++)
            copy_element(e, i / run * whole + start + i % run, e->in_all[k], i);
        start += run;
    }
}

/* Views keep what the integers stand for; parts of a concatenation are brought to its scale. */
tensor_id quantise_view(quantiser *q, const op *o)
{
    precision p = o->type == &op_concat ? q->type[o->out] : type_at(q, q->made[o->in[0]]);
    tensor_id *in = arena_array(q->g->arena, o->n_in, sizeof *in);
    for (int k = 0; k < o->n_in; k++) {
        in[k] = quantised(q, o->in[k]);
        if (o->type == &op_concat)
            in[k] = requantised(q, in[k], p, quant_of(q, o->out));
        if (!in[k])
            return 0;
    }
    size_t size = o->type == &op_permute ? sizeof(permute_attr) : o->type == &op_slice ? sizeof(slice_attr) : sizeof(concat_attr);
    return int_op(q, o->type, o->attr, o->attr ? size : 0, *tensor_shape(q->f, o->out), p, *quant_at(q, in[0]), o->n_in, in);
}

static const attr_def no_attrs[] = {{0}};
static const attr_def permute_attrs[] = {{"perm", ATTR_INT, offsetof(permute_attr, perm), MAX_RANK}, {0}};
static const attr_def slice_attrs[] = {{"axis", ATTR_INT, offsetof(slice_attr, axis), 0}, {0}};
static const attr_def concat_attrs[] = {{"axis", ATTR_INT, offsetof(concat_attr, axis), 0}, {0}};

static void reshape_grad(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    dx[0] = reshape(g, dy, *tensor_shape(g, o->in[0]));
}

static void permute_grad(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    const permute_attr *at = o->attr;
    int back[MAX_RANK] = {0};
    for (int d = 0; d < tensor_shape(g, dy)->rank; d++)
        back[at->perm[d]] = d;
    dx[0] = permute(g, dy, back);
}

static void slice_grad(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    const slice_attr *at = o->attr;
    dx[0] = pad(g, dy, at->axis, at->start, tensor_shape(g, o->in[0])->dim[at->axis]);
}

static void concat_grad(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    int axis = ((const concat_attr *)o->attr)->axis;
    int64_t start = 0;
    for (int i = 0; i < o->n_in; i++) {
        int64_t n = tensor_shape(g, o->in[i])->dim[axis];
        if (needs_gradient(g, o->in[i]))
            dx[i] = slice(g, dy, axis, start, n);
        start += n;
    }
}

const op_type op_reshape = {
    .name = "reshape",
    .doc = "the same elements in row-major order under another shape",
    .flags = OP_VIEW,
    .attrs = no_attrs,
    .eval = KERNELS(reshape),
    .integer = reshape_integer,
    .quantise = quantise_view,
    .grad = reshape_grad,
};

const op_type op_permute = {
    .name = "permute",
    .doc = "dimensions in another order: dimension i of the result is dimension perm[i] of the input",
    .flags = OP_VIEW,
    .attrs = permute_attrs,
    .eval = KERNELS(permute),
    .integer = permute_integer,
    .quantise = quantise_view,
    .grad = permute_grad,
};

const op_type op_slice = {
    .name = "slice",
    .doc = "a range of one axis",
    .flags = OP_VIEW,
    .attrs = slice_attrs,
    .eval = KERNELS(slice),
    .integer = slice_integer,
    .quantise = quantise_view,
    .grad = slice_grad,
};

const op_type op_concat = {
    .name = "concat",
    .doc = "tensors one after another along one axis",
    .flags = OP_VIEW,
    .attrs = concat_attrs,
    .eval = KERNELS(concat),
    .integer = concat_integer,
    .quantise = quantise_view,
    .grad = concat_grad,
};

tensor_id reshape(graph *g, tensor_id x, shape s)
{
    return op_new(g, &op_reshape, NULL, 0, s, 1, &x);
}

tensor_id permute(graph *g, tensor_id x, const int *perm)
{
    permute_attr at = {{0}};
    if (!x)
        return 0; /* perm may have fewer dimensions than the shape of none */
    const shape *from = tensor_shape(g, x);
    shape s = *from;
    for (int d = 0; d < s.rank; d++) {
        at.perm[d] = perm[d];
        s.dim[d] = from->dim[perm[d]];
    }
    return op_new(g, &op_permute, &at, sizeof at, s, 1, &x);
}

tensor_id slice(graph *g, tensor_id x, int axis, int64_t start, int64_t length)
{
    slice_attr at = {axis, start, length};
    shape s = *tensor_shape(g, x);
    s.dim[axis] = length;
    return op_new(g, &op_slice, &at, sizeof at, s, 1, &x);
}

tensor_id concat(graph *g, const tensor_id *parts, int n, int axis)
{
    concat_attr at = {axis};
    shape s = *tensor_shape(g, parts[0]);
    for (int i = 1; i < n; i++) {
        if (!parts[i])
            return 0;
        s.dim[axis] += tensor_shape(g, parts[i])->dim[axis];
    }
    return op_new(g, &op_concat, &at, sizeof at, s, n, parts);
}

#else

static void R(reshape)(const eval_args *e)
{
    const REAL *x = e->in[0];
    REAL *y = e->out;
    int64_t n = shape_size(e->out_shape);
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i];
}

static void R(permute)(const eval_args *e)
{
    const permute_attr *at = e->attr;
    const REAL *x = e->in[0];
    REAL *y = e->out;
    int64_t n = shape_size(e->out_shape);
    for (int64_t i = 0; i < n; i++)
        y[i] = x[permuted_index(e->out_shape, e->in_shape[0], at->perm, i)];
}

/* Copies `rows` runs of n elements; runs start `step_x` apart in x and `step_y` apart in y. */
static void R(copy_runs)(REAL *y, int64_t step_y, const REAL *x, int64_t step_x, int64_t rows, int64_t n)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < n; i++)
            y[r * step_y + i] = x[r * step_x + i];
}

static void R(slice)(const eval_args *e)
{
    const slice_attr *at = e->attr;
    const shape *s = e->in_shape[0];
    int64_t inner = inner_size(s, at->axis), n = at->length * inner;
    const REAL *x = e->in[0];
    R(copy_runs)(e->out, n, x + at->start * inner, s->dim[at->axis] * inner, outer_size(s, at->axis), n);
}

static void R(concat)(const eval_args *e)
{
    const concat_attr *at = e->attr;
    const shape *s = e->out_shape;
    int64_t inner = inner_size(s, at->axis), rows = outer_size(s, at->axis);
    int64_t out_run = s->dim[at->axis] * inner;
    REAL *y = e->out;
    for (int i = 0; i < e->n_in; i++) {
        int64_t n = e->in_shape_all[i]->dim[at->axis] * inner;
        R(copy_runs)(y, out_run, e->in_all[i], n, rows, n);
        y += n;
    }
}

#endif
