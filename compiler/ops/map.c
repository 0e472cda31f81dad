/* map.c - element-wise functions of one or two tensors, whose shapes broadcast as in NumPy. */
#ifndef REAL
#include "ops.h"

#include "../../runtime/loom_map.h"

#define KERNEL_FILE "map.c"
#include "kernel.h"

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

const op_type op_map = {
    .name = "map",
    .doc = "an element-wise function of one tensor, or of two that broadcast",
    .flags = OP_EPILOGUE | OP_ELEMENTWISE,
    .attrs = attrs,
    .eval = KERNELS(map),
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
    map_attr at = {fn, param};
    return op_new(g, &op_map, &at, sizeof at, *tensor_shape(g, a), 1, &a);
}

tensor_id map2(graph *g, map_fn fn, tensor_id a, tensor_id b)
{
    map_attr at = {fn, 0};
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
