/* softmax.c - softmax and its relatives: over groups, masked, sparse, mixed, noisy. */
#include "compat.h"

#include <string.h>

static const field fields[] = {
    {"softmax_variant", FIELD_ENUM, 0, 0, "standard",
     "standard|temperature|grid|hierarchical|gumbel|masked|sparse|entmax|adaptive|mixture", "which one"},
    {"temperature", FIELD_NUMBER, 1e-6, 1e6, "1", 0, "what the input is divided by first"},
    {"softmax_rows", FIELD_INT, 1, 1 << 30, "what is left", 0, "grid: number of groups"},
    {"softmax_cols", FIELD_INT, 1, 1 << 30, "what is left", 0, "grid: numbers in a group"},
    {"hierarchy_levels", FIELD_INTS, 1, 1 << 30, 0, 0, "hierarchical: sizes, whose product is the sample's"},
    {"gumbel_noise", FIELD_BOOL, 0, 0, "false", 0, "gumbel: whether noise is added, new in each call"},
    {"mask", FIELD_BOOLS, 0, 0, 0, 0, "masked: for each entry of the last axis, whether it takes part"},
    {"entmax_alpha", FIELD_NUMBER, 1, 16, "1.5", 0, "entmax: 1 is softmax, 2 is sparsemax"},
    {"adaptive_clusters", FIELD_INT_LISTS, 0, 1 << 30, 0, 0,
     "adaptive: lists of classes, each class in one of them"},
    {"mixture_weights", FIELD_NUMBERS, 0, 1e30, 0, 0,
     "mixture: one weight for each group, scaled to the sum 1"},
    {0}};

static int64_t last_dim(const graph *g, tensor_id x)
{
    const shape *s = tensor_shape(g, x);
    return s->dim[s->rank - 1];
}

/* Softmax over each run of n consecutive numbers of a sample. */
static tensor_id grouped(graph *g, tensor_id x, int64_t n)
{
    shape s = *tensor_shape(g, x);
    x = reshape(g, x, shape_of(3, s.dim[0], shape_size(&s) / s.dim[0] / n, n));
    return reshape(g, softmax(g, x, 0, false), s);
}

static tensor_id grid(graph *g, const layer *l, tensor_id x)
{
    shape s = sample_shape(g, x);
    int64_t size = shape_size(&s);
    int64_t cols = layer_int(l, "softmax_cols", size / layer_int(l, "softmax_rows", 1));
    int64_t rows = layer_int(l, "softmax_rows", cols ? size / cols : 0);
    bool has_rows = layer_has(l, "softmax_rows"), has_cols = layer_has(l, "softmax_cols");
    if (!has_rows && !has_cols) {
        layer_error(g, l, "softmax_variant", "grid needs 'softmax_rows' or 'softmax_cols'");
        return 0;
    }
    if (cols > 0 && rows <= size && rows * cols == size)
        return grouped(g, x, cols);
    if (has_rows && has_cols)
        shape_error(g, l, "softmax_rows",
                    "softmax_rows x softmax_cols is %lld x %lld, but the input %s has %lld numbers",
                    (long long)rows, (long long)cols, shape_text(g->arena, &s), (long long)size);
    else
        shape_error(g, l, has_rows ? "softmax_rows" : "softmax_cols",
                    "%s is %lld, which does not divide the %lld numbers of the input %s",
                    has_rows ? "softmax_rows" : "softmax_cols", (long long)(has_rows ? rows : cols),
                    (long long)size, shape_text(g->arena, &s));
    return 0;
}

/* The product of the levels (at most MAX_ELEMENTS + 1) and the last of them. */
static int64_t level_product(const layer *l, int64_t *last)
{
    int64_t product = 1;
    const json *list = layer_json(l, "hierarchy_levels");
    for (const json *j = list && list->kind == JSON_ARRAY ? list->child : NULL; j; j = j->next) {
        *last = j->number >= 1 && j->number <= (double)MAX_ELEMENTS ? (int64_t)j->number : MAX_ELEMENTS;
        product = product > MAX_ELEMENTS / *last ? MAX_ELEMENTS + 1 : product * *last;
    }
    return product;
}

static tensor_id hierarchical(graph *g, const layer *l, tensor_id x)
{
    shape s = sample_shape(g, x);
    int64_t last = 0, product = level_product(l, &last);
    if (last && product == shape_size(&s))
        return grouped(g, x, last);
    if (!last)
        layer_error(g, l, "softmax_variant",
                    "hierarchical needs 'hierarchy_levels', sizes whose product is that of the input");
    else
        shape_error(g, l, "hierarchy_levels",
                    "the product of 'hierarchy_levels' is not that of the input %s, %lld",
                    shape_text(g->arena, &s), (long long)shape_size(&s));
    return 0;
}

/* The mask as a constant of 0 and 1, or 0 when there is none of n entries. */
static tensor_id mask_const(graph *g, const layer *l, int64_t n)
{
    const json *list = layer_json(l, "mask");
    if (!list || list->kind != JSON_ARRAY || list->n != n)
        return 0;
    double *v = arena_array(g->arena, n, sizeof *v);
    for (const json *j = list->child; j; j = j->next)
        v[j->index] = j->flag;
    return tensor_const(g, shape_of(1, n), arena_printf(g->arena, "%s_mask", l->path), v);
}

static bool any_true(const json *list)
{
    for (const json *j = list->child; j; j = j->next)
        if (j->flag)
            return true;
    return false;
}

static tensor_id masked(graph *g, const layer *l, tensor_id x)
{
    int64_t n = last_dim(g, x);
    tensor_id mask = mask_const(g, l, n);
    if (mask && !any_true(layer_json(l, "mask")))
        layer_error(g, l, "mask", "no entry of 'mask' is true");
    if (mask)
        return softmax(g, x, mask, false);
    const json *list = layer_json(l, "mask");
    if (!list)
        layer_error(g, l, "softmax_variant", "masked needs 'mask', a list of %lld times true or false",
                    (long long)n);
    else
        shape_error(g, l, "mask", "'mask' has %d entries, but the last axis has %lld numbers", list->n,
                    (long long)n);
    return 0;
}

/* softmax(x + noise), noise = -log(-log(u)); the temperature divides both. */
static tensor_id add_noise(graph *g, const layer *l, tensor_id x)
{
    tensor_id u = random_uniform(g, *tensor_shape(g, x), g->net->seed, layer_stream(l));
    tensor_id inner = map1(g, FN_neg, map1(g, FN_log, u, 0), 0);
    return map2(g, FN_sub, x, map1(g, FN_log, inner, 0));
}

static bool check_clusters(graph *g, const layer *l, int64_t n)
{
    const json *list = layer_json(l, "adaptive_clusters");
    bool *seen = arena_array(g->arena, n, sizeof *seen);
    int64_t count = 0;
    for (const json *c = list ? list->child : NULL; c; c = c->next)
        for (const json *j = c->kind == JSON_ARRAY ? c->child : NULL; j; j = j->next, count++) {
            int64_t k = json_int(j);
            if (k >= n || seen[k]) {
                layer_error_at(g, l, j,
                               k < n ? "class %lld is in two clusters"
                                     : "class %lld is not below %lld, the size of the last axis",
                               (long long)k, (long long)n);
                return false;
            }
            seen[k] = true;
        }
    if (!list || count == n)
        return true;
    shape_error(g, l, "adaptive_clusters", "the clusters hold %lld classes, but the last axis has %lld",
                (long long)count, (long long)n);
    return false;
}

/* sum over k of w_k softmax(group k), k ascending. */
static tensor_id mixture(graph *g, const layer *l, tensor_id x)
{
    const json *list = layer_json(l, "mixture_weights");
    int64_t n = last_dim(g, x);
    double sum = 0;
    for (const json *j = list ? list->child : NULL; j; j = j->next)
        sum += j->number;
    if (!list || !(sum > 0)) {
        layer_error(g, l, list ? "mixture_weights" : "softmax_variant",
                    list ? "'mixture_weights' needs a weight that is not 0"
                         : "mixture needs 'mixture_weights', a weight for each group of the last axis");
        return 0;
    }
    if (n % list->n != 0) {
        shape_error(g, l, "mixture_weights", "%d groups cannot be made of the %lld numbers of the last axis",
                    list->n, (long long)n);
        return 0;
    }
    tensor_id y = 0;
    int axis = tensor_shape(g, x)->rank - 1;
    for (const json *j = list->child; j; j = j->next) {
        tensor_id group = softmax(g, slice(g, x, axis, j->index * (n / list->n), n / list->n), 0, false);
        group = map1(g, FN_scale, group, j->number / sum);
        y = y ? map2(g, FN_add, y, group) : group;
    }
    return y;
}

static tensor_id entmax_or_softmax(graph *g, tensor_id x, double alpha)
{
    return alpha > 1 ? entmax(g, x, alpha, false) : softmax(g, x, 0, false);
}

static bool is(const char *variant, const char *name) { return strcmp(variant, name) == 0; }

/* The original: one distribution over the whole call, wrong thresholds, and the standard variant where
 * something is odd. */
static tensor_id lower_compat(graph *g, const layer *l, tensor_id x)
{
    const char *variant = layer_string(l, "softmax_variant", "standard");
    shape s = *tensor_shape(g, x);
    int64_t n = shape_size(&s), cols = layer_int(l, "softmax_cols", 0),
            rows = layer_int(l, "softmax_rows", 0), last = 0;
    double t = layer_number(l, "temperature", 1), alpha = layer_number(l, "entmax_alpha", 0);
    tensor_id all = reshape(g, x, shape_of(2, (int64_t)1, n)), y = 0;
    tensor_id mask = is(variant, "masked") ? mask_const(g, l, n) : 0;
    tensor_id cooled = t != 1 ? map1(g, FN_divide_by, all, t) : all;
    if (is(variant, "grid") && rows > 0 && cols > 0 && rows <= n / cols)
        return fill_zeros(g, l, softmax(g, first_rows(g, cooled, rows, cols), 0, false), s);
    if (is(variant, "hierarchical") && level_product(l, &last) == n && last)
        y = softmax(g, first_rows(g, all, n / last, last), 0, false);
    else if (is(variant, "gumbel"))
        y = softmax(g, map1(g, FN_divide_by, add_noise(g, l, all), t), 0, false);
    else if (mask)
        y = softmax(g, cooled, mask, false);
    else if (is(variant, "sparse") || (is(variant, "entmax") && alpha > 1))
        y = entmax(g, all, is(variant, "sparse") || alpha > 2 ? 2 : alpha, true);
    else
        y = softmax(g, is(variant, "standard") || is(variant, "temperature") ? cooled : all, 0, false);
    return reshape(g, y, s);
}

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    if (l->net->compat)
        return lower_compat(g, l, x);
    const char *variant = layer_string(l, "softmax_variant", "standard");
    double t = layer_number(l, "temperature", 1);
    if (is(variant, "gumbel") && layer_bool(l, "gumbel_noise", false))
        x = add_noise(g, l, x);
    if (t != 1)
        x = map1(g, FN_divide_by, x, t);
    if (is(variant, "grid"))
        return grid(g, l, x);
    if (is(variant, "hierarchical"))
        return hierarchical(g, l, x);
    if (is(variant, "masked"))
        return masked(g, l, x);
    if (is(variant, "mixture"))
        return mixture(g, l, x);
    if (is(variant, "sparse"))
        return entmax(g, x, 2, false);
    if (is(variant, "entmax"))
        return entmax_or_softmax(g, x, layer_number(l, "entmax_alpha", 1.5));
    if (is(variant, "adaptive") && !check_clusters(g, l, last_dim(g, x)))
        return 0;
    return softmax(g, x, 0, false);
}

const layer_type layer_softmax = {
    .name = "softmax",
    .doc = "softmax over the last axis, and its relatives",
    .shapes = "[.., n] -> [.., n]; mixture [.., K * n] -> [.., n]",
    .notes = "y_j = exp(z_j - max) / sum of those, with z = x / temperature, summed in eight lanes. grid: "
             "over each group of softmax_cols consecutive numbers of the sample. hierarchical: over the "
             "groups of the last level. masked: entries whose mask is false give exactly 0 (all of them, "
             "if all are). sparse: sparsemax, max(z - tau, 0). entmax: alpha-entmax. adaptive: as "
             "standard; the clusters are checked. mixture: sum over k of w_k softmax(group k), the last "
             "axis being K groups. gumbel: as standard, and with gumbel_noise of x - log(-log(u)), u "
             "uniform.",
    .fields = fields,
    .lower = lower,
};
