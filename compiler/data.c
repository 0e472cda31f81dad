/* data.c - samples for training and evaluation, from JSON, CSV and NPY files.
 *
 *   file -> table (data_csv.c, data_npy.c) -> columns (data_columns.c) -> class labels as vectors, inputs scaled
 *
 * Every format gives the same numbers: text is rounded once to the model's precision, and all that follows is
 * computed in that. A target of one number per row of the output, where the output has more, is the number of a
 * class. */
#include "train.h"

#include <stdlib.h>
#include <string.h>

/* What the model wants. */
typedef struct wish {
    session *s;
    precision p;
    shape input, target;       /* of one sample */
    int64_t n_input, n_target; /* numbers */
    int64_t classes, labels;   /* in a row of the output; rows of it, 0 when a row is one number */
} wish;

static shape shape_after_batch(const int64_t *dim, int rank)
{
    shape s = {.rank = rank > 0 ? rank - 1 : 0};
    for (int i = 0; i < s.rank; i++)
        s.dim[i] = dim[i + 1];
    return s;
}

static wish wish_of(session *s, const loom_model *m)
{
    wish w = {.s = s, .p = m->type == LOOM_F32 ? F32 : F64};
    w.input = shape_after_batch(m->input_dim, m->input_rank);
    w.target = shape_after_batch(m->output_dim, m->output_rank);
    w.n_input = shape_size(&w.input);
    w.n_target = shape_size(&w.target);
    w.classes = w.target.rank ? w.target.dim[w.target.rank - 1] : 1;
    w.labels = w.classes > 1 ? w.n_target / w.classes : 0;
    return w;
}

static void make_room(const wish *w, samples *x, int64_t n)
{
    size_t real = real_size(w->p);
    *x = (samples){.n = n, .input_bytes = (size_t)w->n_input * real, .target_bytes = (size_t)w->n_target * real};
    x->inputs = arena_array(&w->s->arena, n, x->input_bytes);
    x->targets = arena_array(&w->s->arena, n, x->target_bytes);
}

/* Sets the one of label number i of a row of classes; false when v is no class. */
static bool set_class(const wish *w, void *target, int64_t i, double v)
{
    bool good = v >= 0 && v < (double)w->classes && v == (double)(int64_t)v;
    if (good)
        real_set(w->p, target, i * w->classes + (int64_t)v, 1);
    return good;
}

/* ---- JSON -------------------------------------------------------------------------------------------- */

static const json *either(const json *at, const char *a, const char *b)
{
    const json *j = json_get(at, a);
    return j ? j : json_get(at, b);
}

static bool json_label(const wish *w, const json *at, void *target, int64_t i)
{
    if (at->kind == JSON_NUMBER && set_class(w, target, i, at->number))
        return true;
    diag(w->s, DIAG_ERROR, at, "a class is a whole number from 0 to %lld, not %s", (long long)w->classes - 1,
         json_words(&w->s->arena, at));
    return false;
}

static bool json_target(const wish *w, const json *y, void *target)
{
    bool one = y->kind == JSON_NUMBER && w->labels == 1;
    bool several = y->kind == JSON_ARRAY && w->labels > 1 && y->n == w->labels && y->child->kind == JSON_NUMBER;
    if (one)
        return json_label(w, y, target, 0);
    if (!several)
        return json_reals(w->s, y, w->p, target, &w->target, "the target");
    bool good = true;
    for (const json *j = y->child; j; j = j->next)
        good &= json_label(w, j, target, j->index);
    return good;
}

static bool json_sample(const wish *w, const json *at, samples *x, size_t i)
{
    const json *in = either(at, "input", "Input"), *y = either(at, "target", "Target");
    if (at->kind != JSON_OBJECT || !in || !y) {
        diag(w->s, DIAG_ERROR, at, "a sample must be {\"input\": [...], \"target\": [...]}");
        return false;
    }
    return json_reals(w->s, in, w->p, x->inputs + i * x->input_bytes, &w->input, "the input") &
           json_target(w, y, x->targets + i * x->target_bytes);
}

static bool json_samples(const wish *w, const source *src, samples *x)
{
    json *root = json_read(w->s, src);
    if (!root)
        return false;
    const json *list = root->kind == JSON_OBJECT ? either(root, "data", "Data") : root;
    if (!list || list->kind != JSON_ARRAY || list->n == 0) {
        diag(w->s, DIAG_ERROR, list ? list : root,
             "the data must be {\"data\": [...]}, or a list, with at least one sample");
        return false;
    }
    make_room(w, x, list->n);
    bool good = true;
    for (const json *j = list->child; j && w->s->diags.errors < MAX_ERRORS; j = j->next)
        good &= json_sample(w, j, x, (size_t)j->index);
    return good;
}

/* ---- tables ------------------------------------------------------------------------------------------ */

static const char *target_words(const wish *w)
{
    if (w->labels)
        return arena_printf(&w->s->arena, "%lld numbers or %lld class label%s", (long long)w->n_target,
                            (long long)w->labels, w->labels > 1 ? "s" : "");
    return arena_printf(&w->s->arena, "%lld number%s", (long long)w->n_target, w->n_target > 1 ? "s" : "");
}

static bool check_counts(const wish *w, const table *t, int64_t inputs, int64_t targets)
{
    bool good_input = inputs < 0 || inputs == w->n_input;
    bool good_target = targets < 0 || targets == w->n_target || (w->labels && targets == w->labels);
    if (good_input && good_target)
        return true;
    if (inputs >= 0 && targets >= 0)
        diag(w->s, DIAG_ERROR, NULL,
             "%s: a row has %lld numbers, %lld for the input and %lld for the target; the network takes an input of %lld "
             "and a target of %s (--columns and --target choose columns)",
             t->src.name, (long long)t->cols, (long long)inputs, (long long)targets, (long long)w->n_input, target_words(w));
    else if (inputs >= 0)
        diag(w->s, DIAG_ERROR, NULL, "%s: a row has %lld numbers; the network takes an input of %lld", t->src.name,
             (long long)inputs, (long long)w->n_input);
    else
        diag(w->s, DIAG_ERROR, NULL, "%s: a row has %lld numbers; the network takes a target of %s", t->src.name,
             (long long)targets, target_words(w));
    return false;
}

/* Without the axes of length 1; a flat row fits every shape. */
static bool same_layout(const shape *a, const shape *b)
{
    shape x = {0}, y = {0};
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != 1)
            x.dim[x.rank++] = a->dim[i];
    for (int i = 0; i < b->rank; i++)
        if (b->dim[i] != 1)
            y.dim[y.rank++] = b->dim[i];
    return x.rank <= 1 || y.rank <= 1 || shape_equal(&x, &y);
}

/* The same numbers in another order train without an error, and badly. */
static bool check_layout(const wish *w, const table *t, const shape *want, const char *what)
{
    if (t->cols != shape_size(want) || same_layout(&t->row, want))
        return true;
    diag(w->s, DIAG_ERROR, NULL,
         "%s: a row has the shape %s, but the %s of the network has %s; transpose the axes, or reshape to one axis if "
         "the order is right",
         t->src.name, shape_text(&w->s->arena, &t->row), what, shape_text(&w->s->arena, want));
    return false;
}

static void copy_columns(const wish *w, const table *t, columns c, char *to)
{
    size_t real = real_size(w->p);
    for (int64_t row = 0; row < t->rows; row++) {
        const char *from = t->values + (size_t)(row * t->cols) * real;
        for (int64_t i = 0, n; i < c.n; i += n) {
            for (n = 1; i + n < c.n && c.at[i + n] == c.at[i] + n;)
                n++;
            memcpy(to, from + (size_t)c.at[i] * real, (size_t)n * real);
            to += (size_t)n * real;
        }
    }
}

static void bad_label(const wish *w, const table *t, int64_t row, int64_t col)
{
    char number[40];
    print_real(number, w->p, t->values + (size_t)(row * t->cols + col) * real_size(w->p));
    const char *what = arena_printf(&w->s->arena, "a class is a whole number from 0 to %lld, not %s",
                                    (long long)w->classes - 1, number);
    if (t->row_at)
        diag_span(w->s, DIAG_ERROR, &t->src, csv_field(t, row, col), NULL, "%s", what);
    else
        diag(w->s, DIAG_ERROR, NULL, "%s: row %lld: %s", t->src.name, (long long)row, what);
}

static bool copy_labels(const wish *w, const table *t, columns c, samples *x)
{
    int errors = w->s->diags.errors;
    for (int64_t row = 0; row < t->rows && w->s->diags.errors < MAX_ERRORS; row++)
        for (int64_t i = 0; i < c.n; i++) {
            double v = real_get(w->p, t->values, row * t->cols + c.at[i]);
            if (!set_class(w, x->targets + (size_t)row * x->target_bytes, i, v))
                bad_label(w, t, row, c.at[i]);
        }
    return w->s->diags.errors == errors;
}

static bool copy_targets(const wish *w, const table *t, columns c, samples *x)
{
    if (c.n != w->n_target)
        return copy_labels(w, t, c, x);
    copy_columns(w, t, c, x->targets);
    return true;
}

/* One table with both, or one for each. */
static bool table_samples(const wish *w, const table *t, const table *targets, samples *x)
{
    columns in = columns_new(w->s, 0, t->cols), out = {0};
    if (!targets) {
        if (t->row.rank != 1) {
            diag(w->s, DIAG_ERROR, NULL,
                 "%s: an array with rows of the shape %s holds inputs only; --targets names the file of the targets",
                 t->src.name, shape_text(&w->s->arena, &t->row));
            return false;
        }
        if (!choose_columns(w->s, t, w->n_input, &in, &out) || !check_counts(w, t, in.n, out.n))
            return false;
    } else {
        out = columns_new(w->s, 0, targets->cols);
        if (!check_counts(w, t, in.n, -1) || !check_counts(w, targets, -1, out.n) ||
            !check_layout(w, t, &w->input, "input") || !check_layout(w, targets, &w->target, "output"))
            return false;
        if (targets->rows != t->rows) {
            diag(w->s, DIAG_ERROR, NULL, "%s has %lld samples, but %s has %lld", t->src.name, (long long)t->rows,
                 targets->src.name, (long long)targets->rows);
            return false;
        }
    }
    make_room(w, x, t->rows);
    copy_columns(w, t, in, x->inputs);
    return copy_targets(w, targets ? targets : t, out, x);
}

/* ---- files ------------------------------------------------------------------------------------------- */

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static bool is_npy(const source *src) { return src->len >= 6 && memcmp(src->text, "\x93NUMPY", 6) == 0; }

/* What --format says, else the file's name, else its first character. */
static bool is_json(const session *s, const char *path, const source *src)
{
    const char *format = s->opt->learn.format;
    if (format || ends_with(path, ".json") || ends_with(path, ".csv") || ends_with(path, ".npy"))
        return format ? strcmp(format, "json") == 0 : ends_with(path, ".json");
    size_t i = strspn(src->text, " \t\r\n");
    return src->text[i] == '{' || src->text[i] == '[';
}

static bool read_table(const wish *w, const char *path, source src, table *t)
{
    const char *format = w->s->opt->learn.format;
    bool npy = format ? strcmp(format, "npy") == 0 : is_npy(&src) || ends_with(path, ".npy");
    return npy ? npy_read(w->s, src, w->p, t) : csv_read(w->s, src, w->p, t);
}

/* The factor in the model's precision: first one operation, then the other. */
static bool scale_inputs(const wish *w, samples *x)
{
    const train_options *o = &w->s->opt->learn;
    int64_t n = x->n * w->n_input;
    bool good = true;
    for (int64_t i = 0; (o->multiply != 0 || o->divide != 0) && i < n; i++) {
        if (w->p == F32) {
            float *v = (float *)x->inputs + i;
            *v = o->multiply != 0 ? *v * (float)o->multiply : *v;
            *v = o->divide != 0 ? *v / (float)o->divide : *v;
        } else {
            double *v = (double *)x->inputs + i;
            *v = o->multiply != 0 ? *v * o->multiply : *v;
            *v = o->divide != 0 ? *v / o->divide : *v;
        }
        double v = real_get(w->p, x->inputs, i);
        good &= v - v == 0;
    }
    if (!good)
        diag(w->s, DIAG_ERROR, NULL, "--scale makes inputs too large for %s", precision_names[w->p]);
    return good;
}

bool samples_read(session *s, const loom_model *m, const char *path, const char *targets, samples *out)
{
    wish w = wish_of(s, m);
    source *src = arena_alloc(&s->arena, 2 * sizeof *src);
    table *t = arena_alloc(&s->arena, 2 * sizeof *t);
    if (!file_read(s, path, &src[0]) || (targets && !file_read(s, targets, &src[1])))
        return false;
    if (is_json(s, path, &src[0])) {
        if (targets)
            diag(s, DIAG_ERROR, NULL, "%s is JSON, which holds the targets too; --targets goes with CSV and NPY",
                 src[0].name);
        return !targets && json_samples(&w, &src[0], out) && scale_inputs(&w, out);
    }
    return read_table(&w, path, src[0], &t[0]) && (!targets || read_table(&w, targets, src[1], &t[1])) &&
           table_samples(&w, &t[0], targets ? &t[1] : NULL, out) && scale_inputs(&w, out);
}

uint64_t samples_hash(const samples *x)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    const char *part[] = {x->inputs, x->targets};
    size_t bytes[] = {x->input_bytes * (size_t)x->n, x->target_bytes * (size_t)x->n};
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < bytes[k]; i += sizeof(uint32_t)) { /* numbers have 4 or 8 bytes */
            uint32_t word;
            memcpy(&word, part[k] + i, sizeof word);
            h = (h ^ word) * UINT64_C(0x100000001b3);
            h ^= h >> 29;
        }
    return h;
}
