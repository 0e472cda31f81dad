/* parallel.c - layers side by side: each gets the input, and their results are put together. */
#include "compat.h"

#include <math.h>
#include <string.h>

static const field fields[] = {
    {"branches|layers", FIELD_LAYERS, 0, 0, 0, 0, "the layers"},
    {"combine_mode", FIELD_ENUM, 0, 0, "concat", "concat|add|avg|average|filter|grid_scatter",
     "how results are combined"},
    {"axis", FIELD_INT, 0, MAX_RANK - 2, "0", 0, "concat: axis of the sample along which results are joined"},
    {"filter_gate", FIELD_LAYER, 0, 0, "equal shares", 0,
     "filter: a layer that gives one number for each branch"},
    {"filter_temperature", FIELD_NUMBER, 1e-6, 1e6, "1", 0, "filter: what the gate's numbers are divided by"},
    {"grid_positions", FIELD_OBJECTS, 0, 0, 0, 0,
     "grid_scatter: {branch_index, target_row, target_col, target_layer} of each branch"},
    {"grid_output_rows", FIELD_INT, 1, 1 << 20, "1", 0, "grid_scatter: rows of the grid"},
    {"grid_output_cols", FIELD_INT, 1, 1 << 20, "1", 0, "grid_scatter: columns of the grid"},
    {"grid_output_layers", FIELD_INT, 1, 1 << 20, "1", 0, "grid_scatter: layers of the grid"},
    ACTIVATION_FIELDS,
    {0}};

static const field position_fields[] = {
    {"branch_index", FIELD_INT, 0, 1 << 20, "the entry's own place", 0, "which branch"},
    {"target_row", FIELD_INT, 0, 1 << 20, "0", 0, "its row"},
    {"target_col", FIELD_INT, 0, 1 << 20, "0", 0, "its column"},
    {"target_layer", FIELD_INT, 0, 1 << 20, "0", 0, "its layer"},
    {0}};

static bool infer(const layer *l, shape *s)
{
    for (const layer *c = l->children; c; c = c->next)
        if (c->type->infer && c->type->infer(c, s))
            return true;
    return false;
}

static tensor_id flat(graph *g, tensor_id x)
{
    shape s = sample_shape(g, x);
    return s.rank == 1 ? x : reshape(g, x, shape_of(2, tensor_shape(g, x)->dim[0], shape_size(&s)));
}

/* ---- concat -------------------------------------------------------------------------------------------- */

static bool fits(const shape *a, const shape *b, int axis)
{
    if (a->rank != b->rank || axis >= a->rank)
        return false;
    for (int d = 0; d < a->rank; d++)
        if (d != axis && a->dim[d] != b->dim[d])
            return false;
    return true;
}

/* Results whose shapes do not fit are joined as rows of numbers. */
static tensor_id join(graph *g, const layer *l, tensor_id *parts, int n)
{
    int axis = (int)layer_int(l, "axis", 0) + 1;
    bool fit = true;
    for (int i = 0; i < n; i++)
        fit = fit && fits(tensor_shape(g, parts[0]), tensor_shape(g, parts[i]), axis);
    for (int i = 0; i < n && !fit; i++)
        parts[i] = flat(g, parts[i]);
    return n == 1 ? parts[0] : concat(g, parts, n, fit ? axis : 1);
}

/* The original puts the whole batch of one branch before that of the next. */
static tensor_id join_compat(graph *g, const layer *l, tensor_id *parts, int n)
{
    int64_t size = 0;
    for (int i = 0; i < n; i++) {
        int64_t part = shape_size(tensor_shape(g, parts[i]));
        parts[i] = reshape(g, parts[i], shape_of(1, part));
        size += part;
    }
    return reshape(g, concat(g, parts, n, 0), shape_of(2, l->net->batch, size / l->net->batch));
}

/* ---- add, avg, filter ---------------------------------------------------------------------------------- */

static bool same_shapes(graph *g, const layer *l, const tensor_id *parts, int n)
{
    for (int i = 1; i < n; i++)
        if (!shape_equal(tensor_shape(g, parts[0]), tensor_shape(g, parts[i]))) {
            shape a = sample_shape(g, parts[0]), b = sample_shape(g, parts[i]);
            layer_error(g, l, "combine_mode",
                        "branch 0 gives %s, but branch %d gives %s; to %s them their shapes must be equal",
                        shape_text(g->arena, &a), i, shape_text(g->arena, &b),
                        layer_string(l, "combine_mode", "combine"));
            return false;
        }
    return true;
}

static tensor_id sum(graph *g, const tensor_id *parts, int n)
{
    tensor_id y = parts[0];
    for (int i = 1; i < n; i++)
        y = map2(g, FN_add, y, parts[i]);
    return y;
}

/* The gate's numbers, [B, n], or [1, n] from the original's gate: a dense layer with its kernel as
 * [n][inputs], on the first sample, without activation. */
static tensor_id gate_compat(graph *g, const layer *gate, tensor_id x, int n)
{
    shape s = sample_shape(g, x);
    int64_t in = shape_size(&s);
    tensor_id first = first_rows(g, x, 1, in);
    tensor_id kernel =
        param(g, gate, "kernel", NULL, shape_of(2, (int64_t)n, in), sqrt(6.0 / (double)(in + n)), 0);
    tensor_id bias = param(g, gate, "biases", NULL, shape_of(1, (int64_t)n), 0, 0);
    return kernel && bias ? map2(g, FN_add, matmul(g, first, kernel, 0, true), bias) : 0;
}

static tensor_id gate_numbers(graph *g, const layer *l, tensor_id x, int n)
{
    if (l->net->compat)
        return gate_compat(g, l->gate, x, n);
    tensor_id logits = lower_layer(g, l->gate, x);
    if (!logits)
        return 0;
    logits = flat(g, logits);
    if (tensor_shape(g, logits)->dim[1] == n)
        return logits;
    layer_error(g, l, "filter_gate", "the gate gives %lld numbers, but there are %d branches",
                (long long)tensor_shape(g, logits)->dim[1], n);
    return 0;
}

/* Share i of the branches, [B, 1], beside each number of a result with this rank. */
static tensor_id share(graph *g, tensor_id shares, int i, int rank)
{
    shape s = {.rank = rank, .dim = {tensor_shape(g, shares)->dim[0], 1, 1, 1, 1, 1}};
    return reshape(g, slice(g, shares, 1, i, 1), s);
}

static tensor_id filter(graph *g, const layer *l, tensor_id x, tensor_id *parts, int n)
{
    double t = layer_number(l, "filter_temperature", 1);
    tensor_id shares = 0;
    if (l->gate) {
        shares = gate_numbers(g, l, x, n);
        if (!shares)
            return 0;
        shares = softmax(g, t > 0 && t != 1 ? map1(g, FN_divide_by, shares, t) : shares, 0, false);
    }
    for (int i = 0; i < n; i++)
        parts[i] = shares ? map2(g, FN_mul, parts[i], share(g, shares, i, tensor_shape(g, parts[i])->rank))
                          : map1(g, FN_scale, parts[i], 1.0 / n);
    return sum(g, parts, n);
}

/* The original fills shorter results with zeros. */
static void pad_compat(graph *g, const layer *l, tensor_id *parts, int n)
{
    int64_t longest = 0, batch = l->net->batch;
    for (int i = 0; i < n; i++) {
        int64_t size = shape_size(tensor_shape(g, parts[i]));
        longest = size > longest ? size : longest;
    }
    for (int i = 0; i < n; i++) {
        double *zeros = arena_array(g->arena, longest, sizeof *zeros);
        int64_t missing = longest - shape_size(tensor_shape(g, parts[i]));
        tensor_id both[2] = {reshape(g, parts[i], shape_of(1, longest - missing)), 0};
        if (missing) {
            const char *name = arena_printf(g->arena, "%s_zeros%d", l->path, i);
            both[1] = tensor_const(g, shape_of(1, missing), name, zeros);
        }
        parts[i] = reshape(g, missing ? concat(g, both, 2, 0) : both[0], shape_of(2, batch, longest / batch));
    }
}

/* ---- grid_scatter -------------------------------------------------------------------------------------- */

static int64_t position_int(const json *position, const char *key, int64_t def)
{
    const json *j = json_get(position, key);
    return j && json_is_int(j) && j->number >= 0 && j->number <= 1 << 20 ? json_int(j) : def;
}

/* A number of an entry, or -1 when it is not below the limit. */
static int64_t entry_int(graph *g, const layer *l, const json *entry, const char *key, int64_t def,
                         int64_t limit)
{
    int64_t v = position_int(entry, key, def);
    const json *at = json_get(entry, key);
    if (v < limit)
        return v;
    layer_error_at(g, l, at ? at : entry, "%s is %lld, expected 0 to %lld", key, (long long)v,
                   (long long)limit - 1);
    return -1;
}

/* The cell of each branch in *cells, -1 where it has none. In the original entry i is that of branch i. */
static bool read_positions(graph *g, const layer *l, int64_t *cells, int n)
{
    int64_t rows = layer_int(l, "grid_output_rows", 1), cols = layer_int(l, "grid_output_cols", 1);
    int64_t layers = layer_int(l, "grid_output_layers", 1);
    const json *list = layer_json(l, "grid_positions");
    for (const json *p = list ? list->child : NULL; p; p = p->next) {
        if (!l->net->compat && !fields_check(graph_session(g), p, position_fields, "a grid position"))
            return false;
        int64_t branch = entry_int(g, l, p, l->net->compat ? "the entry" : "branch_index", p->index, n);
        int64_t row = entry_int(g, l, p, "target_row", 0, rows),
                col = entry_int(g, l, p, "target_col", 0, cols);
        int64_t depth = entry_int(g, l, p, "target_layer", 0, layers);
        if (branch < 0 || row < 0 || col < 0 || depth < 0)
            return false;
        if (cells[branch] >= 0) {
            layer_error_at(g, l, p, "branch %lld has a place already", (long long)branch);
            return false;
        }
        cells[branch] = (row * cols + col) * layers + depth;
    }
    return true;
}

static bool check_cells(graph *g, const layer *l, const int64_t *cells, int n)
{
    for (int i = 0; i < n; i++) {
        if (cells[i] < 0) {
            layer_error(g, l, "grid_positions", "branch %d has no entry in 'grid_positions'", i);
            return false;
        }
        for (int k = 0; k < i && !l->net->compat; k++)
            if (cells[k] == cells[i]) {
                layer_error(g, l, "grid_positions", "the branches %d and %d have the same place", k, i);
                return false;
            }
    }
    return true;
}

/* Results in the order of their cells; of two in one cell (the original) the last one stays. */
static tensor_id scatter(graph *g, const layer *l, tensor_id *parts, int n)
{
    int64_t *cells = arena_array(g->arena, n, sizeof *cells);
    tensor_id *ordered = arena_array(g->arena, n, sizeof *ordered);
    memset(cells, -1, (size_t)n * sizeof *cells);
    if (!read_positions(g, l, cells, n) || !check_cells(g, l, cells, n))
        return 0;
    int placed = 0;
    for (int64_t last = -1;;) {
        int next = -1;
        for (int i = 0; i < n; i++)
            if (cells[i] > last && (next < 0 || cells[i] <= cells[next]))
                next = i;
        if (next < 0)
            break;
        last = cells[next];
        ordered[placed++] = flat(g, parts[next]);
    }
    return placed == 1 ? ordered[0] : concat(g, ordered, placed, 1);
}

/* ---- all of them --------------------------------------------------------------------------------------- */

static tensor_id combine(graph *g, const layer *l, tensor_id x, tensor_id *parts, int n)
{
    const char *mode = layer_string(l, "combine_mode", "concat");
    if (strcmp(mode, "concat") == 0 || !*mode)
        return l->net->compat ? join_compat(g, l, parts, n) : join(g, l, parts, n);
    if (strcmp(mode, "grid_scatter") == 0)
        return scatter(g, l, parts, n);
    bool filtered = strcmp(mode, "filter") == 0;
    if (filtered && l->net->compat)
        pad_compat(g, l, parts, n);
    if (!same_shapes(g, l, parts, n))
        return 0;
    if (filtered)
        return filter(g, l, x, parts, n);
    tensor_id y = sum(g, parts, n);
    return strcmp(mode, "add") == 0 ? y : map1(g, FN_scale, y, 1.0 / n);
}

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    int n = 0;
    tensor_id *parts = arena_array(g->arena, l->n_children, sizeof *parts);
    for (const layer *c = l->children; c; c = c->next) {
        parts[n] = lower_layer(g, c, x);
        if (!parts[n++])
            return 0;
    }
    if (n == 0) {
        layer_error(g, l, NULL, "'branches' %s", layer_has(l, "branches") ? "is empty" : "is missing");
        return 0;
    }
    tensor_id y = combine(g, l, x, parts, n);
    return l->net->compat || !y ? y : activation(g, l, y);
}

const layer_type layer_parallel = {
    .name = "parallel",
    .doc = "layers side by side, whose results are combined",
    .shapes = "concat: joined along axis; add, avg, filter: that of the branches, which must be equal; "
              "grid_scatter: [n]",
    .weights = "branch_weights: those of the branches; filter_gate: those of the gate",
    .notes = "concat: the results one after another along \"axis\"; when their shapes do not fit, as rows "
             "of numbers. add: their sum in order. avg: the sum times 1/n. filter: the sum of s_i * "
             "branch_i with s = softmax(gate(x) / filter_temperature), or 1/n without a gate. "
             "grid_scatter: the results as rows of numbers, in the order of their cells (row * cols + col) "
             "* layers + layer. Then the activation.",
    .fields = fields,
    .infer = infer,
    .lower = lower,
};
