/* reshape.c - the same numbers in another shape. */
#include "../ops/ops.h"

static const field fields[] = {{"shape", FIELD_INTS, -1, 1 << 30, 0, 0,
                                "the new shape of a sample; one entry may be -1: whatever is left"},
                               {0}};

/* Reads the shape, -1 resolved; false after an error. */
static bool read_shape(graph *g, const layer *l, const shape *from, shape *to)
{
    int64_t size = shape_size(from), known = 1, v[MAX_RANK];
    int open = -1, n = layer_sizes(l, "shape", v, MAX_RANK);
    if (n < 1 || n > MAX_RANK - 2) {
        layer_error(g, l, "shape",
                    layer_has(l, "shape") ? "'shape' has %d sizes, expected 1 to %d" : "'shape' is missing",
                    n, MAX_RANK - 2);
        return false;
    }
    *to = shape_of(0);
    to->rank = n;
    for (int i = 0; i < n; i++) {
        bool bad = v[i] == -1 ? open >= 0 : v[i] < 1;
        if (bad) {
            layer_error(g, l, "shape",
                        v[i] == -1 ? "only one entry of 'shape' may be -1"
                                   : "the sizes in 'shape' must be positive, or -1 once");
            return false;
        }
        if (v[i] == -1)
            open = i;
        else
            known = known > MAX_ELEMENTS / v[i] ? MAX_ELEMENTS + 1 : known * v[i];
        to->dim[i] = v[i];
    }
    if (open >= 0 && size % known == 0)
        to->dim[open] = size / known;
    if (open >= 0 ? size % known == 0 : size == known)
        return true;
    shape_error(g, l, "shape", "the input %s has %lld numbers, which do not fill the shape %s",
                shape_text(g->arena, from), (long long)size, shape_text(g->arena, to));
    return false;
}

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    shape from = sample_shape(g, x), to;
    if (!read_shape(g, l, &from, &to))
        return 0;
    shape full = {.rank = to.rank + 1, .dim = {tensor_shape(g, x)->dim[0]}};
    for (int i = 0; i < to.rank; i++)
        full.dim[i + 1] = to.dim[i];
    return reshape(g, x, full);
}

const layer_type layer_reshape = {
    .name = "reshape",
    .doc = "the same numbers in another shape",
    .shapes = "[...] -> shape",
    .notes = "The order of the numbers stays: the last axis runs fastest.",
    .fields = fields,
    .lower = lower,
};
