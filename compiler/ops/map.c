/* map.c - element-wise functions of one or two tensors, whose shapes broadcast as in NumPy. */
#ifndef REAL
#include "qops.h"

#include "../../runtime/loom_map.h"

#define KERNEL_FILE "map.c"
#include "kernel.h"

/* Of integers there is only FN_copy; other functions have ops of their own. */
static void copy_integer(const eval_args *e)
{
    for (int64_t i = 0; i < shape_size(e->out_shape); i++)
        int_set(e->out_type, e->out, i, int_get(e->in_type[0], e->in[0], broadcast_index(e->out_shape, e->in_shape[0], i)));
}

const char *const map_fn_names[N_MAP_FNS] = {
#define MAP(name, arity, doc) #name,
#include "map.def"
#undef MAP
};
const int map_fn_arity[N_MAP_FNS] = {
#define MAP(name, arity, doc) arity,
#include "map.def"
#undef MAP
};

static const attr_def attrs[] = {
    {"fn", ATTR_FN, offsetof(map_attr, fn), 0}, {"param", ATTR_REAL, offsetof(map_attr, param), 0}, {0}};

/* Functions of one operand whose gradient is a function of it (or of the result) and dy. */
typedef struct derivative { int fn, grad; bool of_result; } derivative;
static const derivative derivatives[] = {
    {FN_relu, FN_relu_grad, true}, {FN_leaky_relu, FN_leaky_relu_grad, false}, {FN_sigmoid, FN_sigmoid_grad, true},
    {FN_tanh, FN_tanh_grad, true}, {FN_softplus, FN_softplus_grad, false}, {FN_gelu, FN_gelu_grad, false},
    {FN_silu, FN_silu_grad, false}, {FN_elu, FN_elu_grad, false}, {FN_hard_sigmoid, FN_hard_sigmoid_grad, false},
    {FN_hard_swish, FN_hard_swish_grad, false}, {FN_exp, FN_mul, true}, {FN_sqrt, FN_sqrt_grad, true}};

static tensor_id grad1(graph *g, const op *o, tensor_id dy)
{
    const map_attr *at = o->attr;
    for (int i = 0; i < COUNT(derivatives); i++)
        if (derivatives[i].fn == at->fn)
            return map2p(g, (map_fn)derivatives[i].grad, derivatives[i].of_result ? o->out : o->in[0], dy, at->param);
    switch ((map_fn)at->fn) {
    case FN_copy: case FN_shift: return dy;
    case FN_scale: case FN_divide_by: return map1(g, (map_fn)at->fn, dy, at->param);
    case FN_neg: return map1(g, FN_neg, dy, 0);
    case FN_log: return map2(g, FN_div, dy, o->in[0]);
    default: return 0;
    }
}

/* Losses are functions of their first operand only; the target gets no gradient. */
static const derivative losses[] = {
    {FN_squared_error, FN_squared_error_grad, false}, {FN_absolute_error, FN_absolute_error_grad, false},
    {FN_huber, FN_huber_grad, false}, {FN_cross_entropy, FN_cross_entropy_grad, false},
    {FN_binary_cross_entropy, FN_binary_cross_entropy_grad, false}};

static tensor_id grad_first(graph *g, const op *o, tensor_id dy)
{
    const map_attr *at = o->attr;
    for (int i = 0; i < COUNT(losses); i++)
        if (losses[i].fn == at->fn)
            return map2(g, FN_mul, dy, map2p(g, (map_fn)losses[i].grad, o->in[0], o->in[1], at->param));
    switch ((map_fn)at->fn) {
    case FN_add: case FN_sub: return dy;
    case FN_mul: case FN_div: return map2(g, (map_fn)at->fn, dy, o->in[1]);
    case FN_drop: return map2p(g, FN_drop, dy, o->in[1], at->param);
    default: return 0;
    }
}

static tensor_id grad_second(graph *g, const op *o, tensor_id dy)
{
    switch ((map_fn)((const map_attr *)o->attr)->fn) {
    case FN_add: return dy;
    case FN_sub: return map1(g, FN_neg, dy, 0);
    case FN_mul: return map2(g, FN_mul, dy, o->in[0]);
    case FN_div: return map1(g, FN_neg, map2(g, FN_div, map2(g, FN_mul, dy, o->out), o->in[1]), 0);
    default: return 0;
    }
}

static void map_grad(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    for (int k = 0; k < o->n_in; k++) {
        if (!needs_gradient(g, o->in[k]))
            continue;
        tensor_id d = o->n_in == 1 ? grad1(g, o, dy) : k == 0 ? grad_first(g, o, dy) : grad_second(g, o, dy);
        dx[k] = d ? reduce(g, d, *tensor_shape(g, o->in[k])) : 0;
    }
}

const op_type op_map = {
    .name = "map",
    .doc = "an element-wise function of one tensor, or of two that broadcast",
    .flags = OP_EPILOGUE | OP_ELEMENTWISE,
    .attrs = attrs,
    .eval = KERNELS(map),
    .grad = map_grad,
    .integer = copy_integer,
    .quantise = quantise_map,
};

int64_t broadcast_index(const shape *to, const shape *from, int64_t i)
{
    int64_t index = 0, size = 1;
    for (int d = to->rank - 1, e = from->rank - 1; e >= 0; d--, e--) {
        if (from->dim[e] > 1)
            index += i % to->dim[d] * size;
        size *= from->dim[e];
        i /= to->dim[d];
    }
    return index;
}

tensor_id map1(graph *g, map_fn fn, tensor_id a, double param)
{
    map_attr at = {(int)fn, param};
    return op_new(g, &op_map, &at, sizeof at, *tensor_shape(g, a), 1, &a);
}

tensor_id expand(graph *g, tensor_id x, shape s)
{
    map_attr at = {FN_copy, 0};
    return shape_equal(tensor_shape(g, x), &s) ? x : op_new(g, &op_map, &at, sizeof at, s, 1, &x);
}

tensor_id map2(graph *g, map_fn fn, tensor_id a, tensor_id b) { return map2p(g, fn, a, b, 0); }

tensor_id map2p(graph *g, map_fn fn, tensor_id a, tensor_id b, double param)
{
    map_attr at = {(int)fn, param};
    const shape *sa = tensor_shape(g, a), *sb = tensor_shape(g, b);
    shape s = sa->rank >= sb->rank ? *sa : *sb;
    for (int i = 1; i <= sa->rank && i <= sb->rank; i++) {
        int64_t da = sa->dim[sa->rank - i], db = sb->dim[sb->rank - i];
        s.dim[s.rank - i] = da > db ? da : db;
    }
    return op_new(g, &op_map, &at, sizeof at, s, 2, (tensor_id[]){a, b});
}

#else

static void R(map)(const eval_args *e)
{
    const map_attr *at = e->attr;
    const REAL *a = e->in[0], *b = e->n_in > 1 ? e->in[1] : NULL;
    REAL *y = e->out, p = (REAL)at->param;
    int64_t n = shape_size(e->out_shape);
    for (int64_t i = 0; i < n; i++) {
        REAL u = a[broadcast_index(e->out_shape, e->in_shape[0], i)];
        REAL v = b ? b[broadcast_index(e->out_shape, e->in_shape[1], i)] : 0;
        switch ((map_fn)at->fn) {
#define MAP(name, arity, doc) \
    case FN_##name: y[i] = R(loom_map_##name)(u, v, p); break;
#include "map.def"
#undef MAP
        case N_MAP_FNS: break;
        }
    }
}

#endif
