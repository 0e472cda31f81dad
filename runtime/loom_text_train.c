/* loom_text_train.c - LoomTrain: reads the samples and the settings, all of them before anything is trained, then runs
 * epoch after epoch. */
#if !defined(_WIN32)
#define _POSIX_C_SOURCE 200809L
#endif
#include "loom_text.h"

#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#include <windows.h>
static uint64_t now(void)
{
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return (uint64_t)((double)count.QuadPart / (double)frequency.QuadPart * 1e9);
}
#elif defined(__unix__) || defined(__APPLE__) || defined(LOOM_CLOCK)
#include <time.h>
static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
#else
static uint64_t now(void) { return 0; } /* no clock */
#endif

enum {
    KEY_DATA,
    KEY_EPOCHS,
    KEY_RATE,
    KEY_LOSS,
    KEY_CLIP,
    KEY_SHUFFLE,
    KEY_SEED,
    KEY_INPUTS,
    KEY_TARGETS,
    KEY_MODEL,
    KEY_VERBOSE,
    KEY_GPU,
    KEY_PRINT,
    KEY_EVALUATE,
    N_KEYS
};
static const char *const keys[N_KEYS + 1] = {
    "data|batches", "epochs",  "learning_rate",     "loss_type|loss",     "gradient_clip|clip_norm",
    "shuffle",      "seed",    "validation_inputs", "validation_targets", "model",
    "verbose",      "use_gpu", "print_every_batch", "evaluate_every_n",   NULL};

typedef struct job {
    loom_document d;
    loom_json value[N_KEYS];
    loom_network *net;
    double epochs, rate, clip, seed;
    int shuffle;
    const char *loss;
    char loss_text[32];
    size_t samples, batch, steps; /* steps of one epoch */
    size_t in_bytes, out_bytes;   /* of one sample */
    char *inputs, *targets;       /* [samples] */
    uint64_t done;   /* epochs */
    double *history; /* [epochs] */
} job;

/* ---- settings ----------------------------------------------------------------------------------------------- */

static loom_json description_of(const loom_model *m)
{
    return loom_json_root(m->description, strlen(m->description));
}

static double described(const job *j, const char *section, const char *key, double otherwise)
{
    loom_json root = description_of(j->net->model), at = section ? loom_json_get(root, section) : root;
    loom_json v = loom_json_get(at, key);
    return loom_json_kind(v) == '0' ? loom_json_number(v) : otherwise;
}

/* As descriptions spell it: the original's names have capitals and hyphens nowhere, so only case may differ. */
static int take_loss(job *j)
{
    loom_json v = j->value[KEY_LOSS];
    if (!v.at)
        return LOOM_OK;
    if (loom_json_kind(v) != '"' || loom_json_text(v, j->loss_text, sizeof j->loss_text) >= sizeof j->loss_text)
        return loom_document_fail(&j->d, v, "the loss must be a name, such as \"mse\" or \"cross_entropy\"");
    j->loss = *j->loss_text ? j->loss_text : NULL;
    return LOOM_OK;
}

static int take_settings(job *j)
{
    const loom_document *d = &j->d;
    int ignored = 0;
    double number = 0;
    j->epochs = described(j, "training", "epochs", 10);
    j->seed = described(j, NULL, "seed", 0);
    j->rate = -1;
    if (loom_take_number(d, j->value[KEY_EPOCHS], "epochs", 1, 1e9, 1, &j->epochs) < 0 ||
        loom_take_number(d, j->value[KEY_RATE], "learning_rate", 0, 1e30, 0, &j->rate) < 0 ||
        loom_take_number(d, j->value[KEY_CLIP], "gradient_clip", 0, 1e30, 0, &j->clip) < 0 ||
        loom_take_number(d, j->value[KEY_SEED], "seed", 0, 9007199254740992.0, 1, &j->seed) < 0 ||
        loom_take_flag(d, j->value[KEY_SHUFFLE], "shuffle", &j->shuffle) < 0 ||
        loom_take_flag(d, j->value[KEY_VERBOSE], "verbose", &ignored) < 0 ||
        loom_take_flag(d, j->value[KEY_GPU], "use_gpu", &ignored) < 0 ||
        loom_take_number(d, j->value[KEY_PRINT], "print_every_batch", 0, 1e15, 1, &number) < 0 ||
        loom_take_number(d, j->value[KEY_EVALUATE], "evaluate_every_n", 0, 1e15, 1, &number) < 0)
        return LOOM_E_DESCRIPTION;
    if (!j->value[KEY_INPUTS].at != !j->value[KEY_TARGETS].at)
        return loom_document_fail(d, d->root,
                                  "\"validation_inputs\" and \"validation_targets\" belong together; one is missing");
    return take_loss(j);
}

/* ---- samples ------------------------------------------------------------------------------------------------ */

enum { MEMBER_INPUT, MEMBER_TARGET, N_MEMBERS };
static const char *const sample_names[N_MEMBERS + 1] = {"input", "target", NULL};

static int sample_members(const job *j, loom_json v, loom_json members[N_MEMBERS])
{
    if (loom_json_kind(v) != '{')
        return loom_document_fail(&j->d, v, "a sample must be {\"input\": [...], \"target\": [...]}, not %s",
                                  loom_kind_words(v));
    int status = loom_members(&j->d, v, sample_names, members);
    if (status >= 0 && (!members[MEMBER_INPUT].at || !members[MEMBER_TARGET].at))
        return loom_document_fail(&j->d, v, "a sample needs \"input\" and \"target\"");
    return status;
}

/* How many samples each entry holds: one, or those of a mini-batch; the first entry tells. */
static size_t samples_in_entry(const job *j, loom_json list)
{
    const loom_model *m = j->net->model;
    loom_json key, first, input;
    loom_json_walk w = loom_json_in(list);
    size_t count = 0;
    if (!loom_json_next(&w, &key, &first))
        return 1;
    for (loom_json_walk members = loom_json_in(first); loom_json_next(&members, &key, &input);)
        if (key.at && loom_json_resembles(key, "input") && loom_json_kind(input) == '[')
            loom_json_numbers(input, LOOM_F64, NULL, 0, &count);
    return count == m->input_size ? j->batch : 1;
}

static int read_samples(job *j, loom_json list, size_t each)
{
    const loom_model *m = j->net->model;
    loom_json key, v, members[N_MEMBERS];
    size_t i = 0, in = m->input_size / j->batch * each, out = m->output_size / j->batch * each;
    for (loom_json_walk w = loom_json_in(list); loom_json_next(&w, &key, &v); i += each) {
        int status = sample_members(j, v, members);
        if (status >= 0)
            status = loom_take_numbers(&j->d, members[MEMBER_INPUT], "the input", (int)m->type,
                                       j->inputs + i * j->in_bytes, in);
        if (status >= 0)
            status = loom_take_numbers(&j->d, members[MEMBER_TARGET], "the target", (int)m->type,
                                       j->targets + i * j->out_bytes, out);
        if (status < 0)
            return status;
    }
    return LOOM_OK;
}

static int take_samples(job *j)
{
    const loom_model *m = j->net->model;
    loom_json list = j->value[KEY_DATA];
    size_t real = loom_type_size((int)m->type), entries = loom_json_count(list);
    if (loom_json_kind(list) != '[' || entries == 0)
        return loom_document_fail(&j->d, list.at ? list : j->d.root,
                                  "\"data\" must be a list of samples {\"input\": [...], \"target\": [...]}, "
                                  "with at least one");
    if (m->output_dim[0] != m->batch)
        return loom_fail(j->d.error, LOOM_E_UNSUPPORTED, "", "the network mixes the samples of a batch");
    j->batch = (size_t)m->batch;
    j->in_bytes = m->input_size / j->batch * real;
    j->out_bytes = m->output_size / j->batch * real;
    size_t each = samples_in_entry(j, list);
    j->samples = entries > SIZE_MAX / each ? SIZE_MAX : entries * each;
    j->steps = (j->samples - 1) / j->batch + 1;
    j->inputs = (char *)loom_memory(j->samples, j->in_bytes, j->d.error);
    j->targets = j->inputs ? (char *)loom_memory(j->samples, j->out_bytes, j->d.error) : NULL;
    return j->targets ? read_samples(j, list, each) : LOOM_E_MEMORY;
}

/* ---- the loop ----------------------------------------------------------------------------------------------- */

static int note_loss(void *context, uint64_t epochs, double loss)
{
    job *j = (job *)context;
    j->history[epochs - 1] = loss;
    j->done = epochs;
    return 0;
}

/* A rate of zero too is constant. */
static int run_epochs(job *j)
{
    loom_fit_options o;
    loom_schedule zero;
    memset(&o, 0, sizeof o);
    memset(&zero, 0, sizeof zero);
    o.epochs = (uint64_t)j->epochs;
    o.learning_rate = j->rate > 0 ? j->rate : 0;
    o.shuffle = j->shuffle ? 2 : 0;
    o.seed = (uint64_t)j->seed;
    o.progress = note_loss;
    o.context = j;
    const loom_model *m = j->net->model;
    const loom_schedule before = m->progress(m, j->net->instance)->schedule;
    if (!(j->rate > 0 || j->rate < 0))
        loom_set_schedule(m, j->net->instance, &zero);
    int status = loom_fit(m, j->net->instance, j->inputs, j->targets, j->samples, &o, NULL);
    loom_set_schedule(m, j->net->instance, &before);
    if (status == LOOM_E_NOT_FINITE)
        return loom_fail(j->d.error, status, "",
                         "the loss is no finite number any more in epoch %z, and the weights are spoilt: load "
                         "or create the network again (is the learning rate too large?)",
                         (size_t)j->done);
    return status < 0 ? loom_fail_status(j->d.error, status, "training") : status;
}

static int put_result(job *j, uint64_t time, loom_writer *w)
{
    size_t n = (size_t)j->epochs;
    double best = j->history[0];
    for (size_t i = 1; i < n; i++)
        best = j->history[i] < best ? j->history[i] : best;
    loom_put(w, "{\"FinalLoss\":");
    loom_put_f64(w, j->history[n - 1]);
    loom_put(w, ",\"BestLoss\":");
    loom_put_f64(w, best);
    loom_put(w, ",\"TotalTime\":");
    loom_put_u64(w, time);
    loom_put(w, ",\"AvgThroughput\":");
    loom_put_f64(w, time ? (double)j->steps * (double)j->batch * j->epochs / ((double)time * 1e-9) : 0);
    loom_put(w, ",\"LossHistory\":[");
    for (size_t i = 0; i < n; i++) {
        loom_put(w, i ? "," : "");
        loom_put_f64(w, j->history[i]);
    }
    loom_put(w, "],\"EvalMetrics\":");
    int status = LOOM_OK;
    if (j->value[KEY_INPUTS].at)
        status =
            loom_evaluate_lists(j->net, &j->d, j->value[KEY_INPUTS], &j->d, j->value[KEY_TARGETS], w, j->d.error);
    else
        loom_put(w, "null");
    loom_put(w, "}");
    return status;
}

/* Validation samples are read while they run, which is after training; here only: are they good? */
static int check_validation(job *j)
{
    loom_json key, value, inputs = j->value[KEY_INPUTS], targets = j->value[KEY_TARGETS];
    const loom_model *m = j->net->model;
    size_t n = loom_json_count(inputs);
    if (!inputs.at)
        return LOOM_OK;
    if (loom_json_kind(inputs) != '[' || loom_json_kind(targets) != '[' || loom_json_count(targets) != n)
        return loom_document_fail(
            &j->d, targets, "validation needs a list of inputs and a list of as many numbers (%z inputs, %z targets)",
            n, loom_json_count(targets));
    double *numbers = (double *)loom_memory(n, sizeof *numbers, j->d.error);
    int status =
        numbers ? loom_take_numbers(&j->d, targets, "what is expected", LOOM_F64, numbers, n) : LOOM_E_MEMORY;
    free(numbers);
    void *row = loom_memory(m->input_size, loom_type_size((int)m->type), j->d.error);
    status = row ? status : LOOM_E_MEMORY;
    for (loom_json_walk w = loom_json_in(inputs); status >= 0 && loom_json_next(&w, &key, &value);)
        status = loom_take_numbers(&j->d, value, "an input", (int)m->type, row, m->input_size / j->batch);
    free(row);
    return status;
}

static int train(job *j, loom_network *current, loom_writer *w)
{
    loom_document *d = &j->d;
    if (loom_json_kind(d->root) != '{')
        return loom_document_fail(d, d->root,
                                  "expected {\"epochs\": ..., \"learning_rate\": ..., \"data\": [...]}, not %s",
                                  loom_kind_words(d->root));
    int status = loom_members(d, d->root, keys, j->value);
    if (status < 0)
        return status;
    j->net = loom_current(current, d, j->value[KEY_MODEL], d->error);
    if (!j->net)
        return d->error->status;
    if ((status = take_settings(j)) < 0 || (status = take_samples(j)) < 0 || (status = check_validation(j)) < 0 ||
        (status = loom_network_become(j->net, 1, j->loss, j->clip, d->error)) < 0)
        return status;
    j->history = (double *)loom_memory((size_t)j->epochs, sizeof *j->history, d->error);
    if (!j->history)
        return LOOM_E_MEMORY;
    uint64_t start = now();
    status = run_epochs(j);
    return status < 0 ? status : put_result(j, now() - start, w);
}

const char *LoomTrain(const char *trainingJson)
{
    loom_error e = {0, 0, 0, "", ""};
    loom_writer w = loom_reply();
    job j;
    memset(&j, 0, sizeof j);
    loom_network *current = *loom_lock();
    if (loom_document_open(&j.d, "trainingJson", trainingJson, trainingJson ? strlen(trainingJson) : 0, &e) >= 0)
        train(&j, current, &w);
    loom_unlock();
    free(j.inputs);
    free(j.targets);
    free(j.history);
    return loom_reply_end(&w, &e);
}
