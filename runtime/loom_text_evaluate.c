/* loom_text_evaluate.c - LoomEvaluateNetwork, and the metrics of predictions as JSON. */
#include "loom_text.h"

#include <stdlib.h>
#include <string.h>

/* The buckets as loom_bucket numbers them, and the order of their names. */
static const struct {
    const char *name, *range;
} buckets[LOOM_BUCKETS] = {
    {"0-10%", "\"range_min\":0,\"range_max\":10"},          {"10-20%", "\"range_min\":10,\"range_max\":20"},
    {"20-30%", "\"range_min\":20,\"range_max\":30"},        {"30-40%", "\"range_min\":30,\"range_max\":40"},
    {"40-50%", "\"range_min\":40,\"range_max\":50"},        {"50-100%", "\"range_min\":50,\"range_max\":100"},
    {"100%+", "\"range_min\":100,\"range_max\":1000000000"}};
static const int by_name[LOOM_BUCKETS] = {0, 1, 6, 2, 3, 4, 5};

static void put_bucket(loom_writer *w, int b, size_t count, const double *expected, const double *actual, size_t n)
{
    const char *comma = "";
    loom_put(w, "\"");
    loom_put(w, buckets[b].name);
    loom_put(w, "\":{");
    loom_put(w, buckets[b].range);
    loom_put(w, ",\"count\":");
    loom_put_u64(w, count);
    loom_put(w, ",\"samples\":[");
    for (size_t i = 0; count && i < n; i++)
        if (loom_bucket(loom_deviation(expected[i], actual[i])) == b) {
            loom_put(w, comma);
            loom_put_u64(w, i);
            comma = ",";
        }
    loom_put(w, "]}");
}

/* A number, or null where JSON has none. */
static void put_number(loom_writer *w, const char *key, double x)
{
    loom_put(w, key);
    if (x - x == 0)
        loom_put_f64(w, x);
    else
        loom_put(w, "null");
}

static void put_result(loom_writer *w, size_t i, double expected, double actual)
{
    double d = loom_deviation(expected, actual);
    loom_put(w, i ? ",{\"sample_index\":" : "{\"sample_index\":");
    loom_put_u64(w, i);
    put_number(w, ",\"expected\":", expected);
    put_number(w, ",\"actual\":", actual);
    put_number(w, ",\"deviation\":", d);
    loom_put(w, ",\"bucket\":\"");
    loom_put(w, buckets[loom_bucket(d)].name);
    loom_put(w, "\"}");
}

void loom_put_metrics(loom_writer *w, const double *expected, const double *actual, size_t n)
{
    loom_metrics m;
    memset(&m, 0, sizeof m);
    for (size_t i = 0; i < n; i++)
        loom_metrics_add(&m, expected[i], actual[i]);
    loom_put(w, "{\"buckets\":{");
    for (int k = 0; k < LOOM_BUCKETS; k++) {
        loom_put(w, k ? "," : "");
        put_bucket(w, by_name[k], m.bucket[by_name[k]], expected, actual, n);
    }
    put_number(w, "},\"score\":", m.score);
    loom_put(w, ",\"total_samples\":");
    loom_put_u64(w, n);
    loom_put(w, ",\"failures\":");
    loom_put_u64(w, m.bucket[LOOM_BUCKETS - 1]);
    loom_put(w, ",\"results\":[");
    for (size_t i = 0; i < n; i++)
        put_result(w, i, expected[i], actual[i]);
    put_number(w, "],\"avg_deviation\":", m.deviation);
    loom_put(w, "}");
}

/* What a run needs: one call's numbers, and the predictions. */
typedef struct evaluation {
    loom_network *net;
    size_t batch, n; /* samples in a call, in all */
    char *inputs;    /* of one call */
    double *expected, *actual;
} evaluation;

static int run_call(evaluation *v, size_t first, loom_error *e)
{
    const loom_model *m = v->net->model;
    size_t row = m->output_size / v->batch, bytes = row * loom_type_size((int)m->type);
    int status = m->forward(m, v->net->instance, v->inputs, v->net->output);
    for (size_t k = 0; k < v->batch && first + k < v->n; k++)
        v->actual[first + k] = loom_prediction((int)m->type, (char *)v->net->output + k * bytes, row);
    return status < 0 ? loom_fail_status(e, status, "evaluation") : status;
}

/* Sample by sample; the last call's places that are left keep the samples of the call before. */
static int run_all(evaluation *v, const loom_document *d, loom_json inputs)
{
    const loom_model *m = v->net->model;
    size_t size = m->input_size / v->batch, bytes = size * loom_type_size((int)m->type), i = 0;
    loom_json key, value;
    for (loom_json_walk w = loom_json_in(inputs); loom_json_next(&w, &key, &value); i++) {
        int status = loom_take_numbers(d, value, "an input", (int)m->type, v->inputs + i % v->batch * bytes, size);
        if (status >= 0 && (i % v->batch == v->batch - 1 || i == v->n - 1))
            status = run_call(v, i - i % v->batch, d->error);
        if (status < 0)
            return status;
    }
    return LOOM_OK;
}

static int check_inputs(const loom_network *net, const loom_document *a, loom_json inputs, size_t n,
                        const loom_document *b, loom_json expected)
{
    const loom_model *m = net->model;
    if (loom_json_kind(inputs) != '[')
        return loom_document_fail(a, inputs, "expected a list of inputs [[...], ...], not %s",
                                  loom_kind_words(inputs));
    if (loom_json_kind(expected) != '[')
        return loom_document_fail(b, expected, "expected a list of numbers, not %s", loom_kind_words(expected));
    if (loom_json_count(expected) != n)
        return loom_document_fail(b, expected, "mismatched inputs (%z) vs expected outputs (%z)", n,
                                  loom_json_count(expected));
    if (m->output_dim[0] != m->batch)
        return loom_fail(a->error, LOOM_E_UNSUPPORTED, "", "the network mixes the samples of a batch");
    return LOOM_OK;
}

int loom_evaluate_lists(loom_network *net, const loom_document *a, loom_json inputs, const loom_document *b,
                        loom_json expected, loom_writer *w, loom_error *e)
{
    evaluation v = {net, (size_t)net->model->batch, loom_json_count(inputs), NULL, NULL, NULL};
    int status = check_inputs(net, a, inputs, v.n, b, expected);
    if (status < 0)
        return status;
    v.inputs = (char *)loom_memory(net->model->input_size, loom_type_size((int)net->model->type), e);
    v.expected = (double *)loom_memory(v.n, sizeof *v.expected, e);
    v.actual = (double *)loom_memory(v.n, sizeof *v.actual, e);
    status = v.inputs && v.expected && v.actual ? LOOM_OK : LOOM_E_MEMORY;
    if (status >= 0)
        status = loom_take_numbers(b, expected, "what is expected", LOOM_F64, v.expected, v.n);
    if (status >= 0)
        status = run_all(&v, a, inputs);
    if (status >= 0)
        loom_put_metrics(w, v.expected, v.actual, v.n);
    free(v.inputs);
    free(v.expected);
    free(v.actual);
    return status;
}

static int evaluate(loom_network *current, const char *inputs, const char *expected, loom_writer *w, loom_error *e)
{
    const loom_json none = {NULL, NULL};
    loom_document a, b;
    loom_network *net = loom_current(current, NULL, none, e);
    if (!net || loom_document_open(&a, "inputsJson", inputs, inputs ? strlen(inputs) : 0, e) < 0 ||
        loom_document_open(&b, "expectedJson", expected, expected ? strlen(expected) : 0, e) < 0)
        return e->status;
    return loom_evaluate_lists(net, &a, a.root, &b, b.root, w, e);
}

const char *LoomEvaluateNetwork(const char *inputsJson, const char *expectedJson)
{
    loom_error e = {0, 0, 0, "", ""};
    loom_writer w = loom_reply();
    evaluate(*loom_lock(), inputsJson, expectedJson, &w, &e);
    loom_unlock();
    return loom_reply_end(&w, &e);
}
