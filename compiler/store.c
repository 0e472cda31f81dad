/* store.c - writes a network with its weights to a file, as a bundle or as our binary file, in any storage type; and
 * `loomc convert`, which does that for a network from anywhere and says what it costs.
 *
 * Integer codes and scales are made in one place, runtime/loom_file.c: a bundle takes them from the binary file. Only the
 * original's fixed scale is the bundle's own. */
#include "store.h"
#include "weights.h"

#include <math.h>
#include <string.h>

/* ---- the weights of a graph as a model of the C-ABI -------------------------------------------------------------- */

static void *weight_data(const loom_model *m, void *instance, int i)
{
    (void)m;
    return i >= 0 && i < m->n_tensors ? ((void **)instance)[i] : NULL;
}

/* A model that only has weights; *instance gets its memory, which is that of the graph. */
static const loom_model *weights_model(session *s, const graph *g, void ***instance)
{
    loom_model *m = arena_alloc(&s->arena, sizeof *m);
    loom_tensor *tensors = arena_array(&s->arena, g->n_tensors, sizeof *tensors);
    *instance = arena_array(&s->arena, g->n_tensors, sizeof **instance);
    *m = (loom_model){.abi = LOOM_ABI, .type = g->precision == F32 ? LOOM_F32 : LOOM_F64, .id = g->net->id, .tensors = tensors,
                      .description = network_description(s, g->net), .data = weight_data};
    for (int t = 1; t < g->n_tensors; t++) {
        const tensor *x = &g->tensors[t];
        if (!x->is_param)
            continue;
        loom_tensor *y = &tensors[m->n_tensors];
        *y = (loom_tensor){.name = x->name, .role = LOOM_PARAM, .rank = x->shape.rank, .size = (size_t)shape_size(&x->shape)};
        memcpy(y->dim, x->shape.dim, sizeof y->dim);
        (*instance)[m->n_tensors++] = x->data;
    }
    return m;
}

bool save_binary(session *s, const loom_model *m, void *instance, const loom_save_options *o, source *out)
{
    size_t size;
    int status = loom_save(m, instance, o, NULL, 0, &size);
    if (status == LOOM_OK) {
        char *bytes = arena_alloc(&s->arena, size);
        status = loom_save(m, instance, o, bytes, size, &size);
        *out = (source){.name = "", .text = bytes, .len = size};
    }
    if (status == LOOM_E_RANGE)
        diag(s, DIAG_ERROR, NULL, "a weight is too large for %s, or is no finite number", dtype_word(o->type));
    else if (status != LOOM_OK)
        diag(s, DIAG_ERROR, NULL, "the weights cannot be stored: a name or a size is too large for the format");
    return status == LOOM_OK;
}

/* ---- what was asked for -------------------------------------------------------------------------------------------- */

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

storage storage_of(const options *o)
{
    storage how = {.type = o->to, .scales = o->scales};
    how.binary = o->format ? strcmp(o->format, "binary") == 0 : o->out && ends_with(o->out, ".loom");
    return how;
}

static bool finite_weights(const graph *g)
{
    for (int t = 1; t < g->n_tensors; t++)
        for (int64_t k = 0; g->tensors[t].is_param && k < shape_size(&g->tensors[t].shape); k++)
            if (!isfinite(real_get(g->precision, g->tensors[t].data, k)))
                return false;
    return true;
}

bool model_bytes(session *s, const graph *g, const storage *how, source *out)
{
    void **instance;
    bool original = how->type && how->scales == STORE_ORIGINAL;
    loom_save_options o = {.type = how->type, .scales = how->scales == STORE_CHANNEL, .description = how->binary};
    if (original && how->binary) {
        diag(s, DIAG_ERROR, NULL, "the original's scales are for bundles; a binary file has a scale for each tensor or channel");
        return false;
    }
    if (original && original_scale(how->type) != 1 && !finite_weights(g)) {
        diag(s, DIAG_ERROR, NULL, "a weight is no finite number, which %s cannot hold", dtype_word(how->type));
        return false;
    }
    const loom_model *m = weights_model(s, g, &instance);
    bool coded = how->binary || (how->type && !original);
    if (coded && !save_binary(s, m, instance, &o, out))
        return false;
    if (how->binary)
        return true;
    loom_file f;
    if (coded && loom_file_open(out->text, out->len, &f) != LOOM_OK)
        return false;
    text t = bundle_text(s, g, how, coded ? &f : NULL);
    *out = (source){.name = "", .text = t.s, .len = t.n};
    return true;
}

bool model_write(session *s, const graph *g, const char *path)
{
    storage how = storage_of(s->opt);
    source file;
    return model_bytes(s, g, &how, &file) && file_write(s, path, file.text, file.len);
}

/* ---- convert --------------------------------------------------------------------------------------------------------- */

typedef struct comparison {
    int64_t numbers;
    double weight_error, output_error; /* largest */
    const char *where;                 /* the tensor with the first */
} comparison;

/* Infinities and NaNs that are kept are no error. */
static double difference(double a, double b) { return a == b || (a != a && b != b) ? 0 : fabs(a - b); }

static void compare_weights(const graph *a, const graph *b, comparison *c)
{
    for (int t = 1; t < a->n_tensors; t++) {
        const tensor *x = &a->tensors[t];
        if (!x->is_param)
            continue;
        int64_t n = shape_size(&x->shape);
        c->numbers += n;
        for (int64_t k = 0; k < n; k++) {
            double d = difference(real_get(a->precision, x->data, k), real_get(b->precision, b->tensors[t].data, k));
            if (!c->where || d > c->weight_error) {
                c->weight_error = d;
                c->where = x->name;
            }
        }
    }
}

/* One call, on numbers from -2 to 2. */
static void *outputs(session *s, const graph *g)
{
    int64_t n = shape_size(tensor_shape(g, g->input)), m = shape_size(tensor_shape(g, g->output));
    void *in = arena_array(&s->arena, n, real_size(g->precision)), *out = arena_array(&s->arena, m, real_size(g->precision));
    for (int64_t i = 0; i < n; i++)
        real_set(g->precision, in, i, (double)((29 * i + 7) % 41 - 20) / 10);
    interp_run(interp_new(&s->arena, g), in, out, 0);
    return out;
}

static void compare_outputs(session *s, const graph *a, const graph *b, comparison *c)
{
    void *x = outputs(s, a), *y = outputs(s, b);
    for (int64_t i = 0; i < shape_size(tensor_shape(a, a->output)); i++) {
        double d = difference(real_get(a->precision, x, i), real_get(b->precision, y, i));
        c->output_error = d > c->output_error ? d : c->output_error;
    }
}

/* Reads the file again, as any reader would. */
static const graph *read_again(session *s, const source *file, const graph *g)
{
    source *again = arena_alloc(&s->arena, sizeof *again);
    *again = *file;
    again->name = s->opt->out && strcmp(s->opt->out, "-") != 0 ? s->opt->out : "the written file";
    network *net = network_read(s, again);
    return net ? network_lower(s, net, g->precision, LOWER_FIXED) : NULL;
}

static const char *number_text(arena *a, double v)
{
    char number[40];
    print_real(number, F64, &v);
    return arena_printf(a, isfinite(v) ? "%s" : "\"%s\"", number);
}

static void report_json(session *s, const graph *g, const storage *how, size_t bytes, const comparison *c, FILE *f)
{
    static const char *const scales[] = {"tensor", "channel", "original"};
    fprintf(f, "{\"id\":\"%s\",\"format\":\"%s\",\"dtype\":\"%s\",\"scales\":\"%s\",\"weights\":%lld,\"bytes\":%zu,\"weight_error\":%s,"
               "\"tensor\":\"%s\",\"output_error\":%s}\n",
            g->net->id, how->binary ? "binary" : "bundle",
            how->type ? dtype_word(how->type) : g->precision == F32 ? "float32" : "float64", scales[how->scales],
            (long long)c->numbers, bytes, number_text(&s->arena, c->weight_error), c->where ? c->where : "",
            number_text(&s->arena, c->output_error));
}

static void report(session *s, const graph *g, const storage *how, size_t bytes, const comparison *c)
{
    const char *path = s->opt->out && strcmp(s->opt->out, "-") != 0 ? s->opt->out : NULL;
    FILE *f = path ? stdout : stderr;
    if (s->opt->json) {
        report_json(s, g, how, bytes, c, f);
        return;
    }
    fprintf(f, "%s: %zu bytes for %lld weights\n", path ? path : g->net->id, bytes, (long long)c->numbers);
    if (c->weight_error == 0)
        fprintf(f, "every weight is as it was\n");
    else
        fprintf(f, "largest error of a weight: %.3g, in %s; of an output: %.3g\n", c->weight_error, c->where, c->output_error);
}

int command_convert(session *s)
{
    source net_src, weights_src, file;
    storage how = storage_of(s->opt);
    comparison c = {0};
    network *net = read_network(s, &net_src, &weights_src);
    precision p;
    graph *g = net && choose_reals(s, net, &p) ? network_lower(s, net, p, LOWER_FIXED) : NULL;
    if (!g || !model_bytes(s, g, &how, &file))
        return 1;
    const graph *again = read_again(s, &file, g);
    if (!again || !file_write(s, s->opt->out ? s->opt->out : "-", file.text, file.len))
        return 1;
    compare_weights(g, again, &c);
    compare_outputs(s, g, again, &c);
    report(s, g, &how, file.len, &c);
    return 0;
}
