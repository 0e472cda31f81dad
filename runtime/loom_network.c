/* loom_network.c - the current network of the text interface: how it is made, what it remembers, and its lock. */
#if !defined(_WIN32)
#define _POSIX_C_SOURCE 200809L
#endif
#include "loom_text.h"

#include <stdlib.h>
#include <string.h>

/* ---- the lock: of the system where there are threads, else none --------------------------------------------- */

#if defined(LOOM_NO_THREADS)
static void lock(void) {}
static void unlock(void) {}
#elif defined(_WIN32)
#include <windows.h>
static SRWLOCK guard = SRWLOCK_INIT;
static void lock(void) { AcquireSRWLockExclusive(&guard); }
static void unlock(void) { ReleaseSRWLockExclusive(&guard); }
#elif defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static void lock(void) { pthread_mutex_lock(&guard); }
static void unlock(void) { pthread_mutex_unlock(&guard); }
#else
static void lock(void) {}
static void unlock(void) {}
#endif

static loom_network *current;

loom_network **loom_lock(void)
{
    lock();
    return &current;
}

void loom_unlock(void) { unlock(); }

/* ---- memory ------------------------------------------------------------------------------------------------- */

void *loom_memory(size_t n, size_t size, loom_error *e)
{
    size_t bytes = size && n > SIZE_MAX / size ? 0 : n * size;
    void *p = n && size && !bytes ? NULL : calloc(1, bytes ? bytes : 1);
    if (!p)
        loom_fail(e, LOOM_E_MEMORY, "", "out of memory");
    return p;
}

static char *copy_text(const char *text, size_t n, loom_error *e)
{
    char *copy = (char *)loom_memory(n + 1, 1, e);
    if (copy)
        memcpy(copy, text, n);
    return copy;
}

/* ---- the network -------------------------------------------------------------------------------------------- */

static void drop_optimisers(loom_network *net)
{
    for (int i = 0; i <= LOOM_RMSPROP; i++) {
        free(net->memory[i]);
        net->memory[i] = NULL;
    }
    memset(net->optimiser, 0, sizeof net->optimiser);
}

void loom_network_free(loom_network *net)
{
    if (!net)
        return;
    loom_instance_free(net->model, net->instance);
    loom_model_free(net->model);
    drop_optimisers(net);
    free(net->source);
    free(net->bundle_id);
    free(net->input);
    free(net->next_input);
    free(net->output);
    free(net);
}

static int is_bundle(const char *json, size_t n)
{
    loom_json_problem p;
    return loom_json_check(json, n, &p) &&
           loom_json_is(loom_json_get(loom_json_root(json, n), "type"), "modelhost/bundle");
}

/* A model and an instance as the options say. */
static int make(const loom_network *net, const loom_options *o, const loom_model **m, void **instance, loom_error *e)
{
    int status = loom_model_from_json(net->source, net->source_size, o, m, e);
    if (status < 0)
        return status;
    status = loom_instance_new(*m, instance);
    if (status >= 0)
        return status;
    loom_model_free(*m);
    *m = NULL;
    return loom_fail_status(e, status, "the network cannot start");
}

static int fill(loom_network *net, loom_error *e)
{
    int status = make(net, &net->options, &net->model, &net->instance, e);
    if (status < 0)
        return status;
    size_t real = loom_type_size((int)net->model->type);
    net->input = loom_memory(net->model->input_size, real, e);
    net->next_input = loom_memory(net->model->input_size, real, e);
    net->output = loom_memory(net->model->output_size, real, e);
    if (!net->input || !net->next_input || !net->output)
        return LOOM_E_MEMORY;
    if (loom_models_have_weights || !is_bundle(net->source, net->source_size))
        return LOOM_OK;
    return loom_bundle_read(net->model, net->instance, net->source, net->source_size, net->bundle_id, e);
}

loom_network *loom_network_new(const char *name, const char *json, const char *bundle_id, loom_error *e)
{
    if (!json) {
        loom_fail(e, LOOM_E_ARGUMENT, name, "'%s' is NULL, expected a JSON text", name);
        return NULL;
    }
    loom_network *net = (loom_network *)loom_memory(1, sizeof *net, e);
    if (!net)
        return NULL;
    int has_id = bundle_id && *bundle_id;
    net->source_size = strlen(json);
    net->source = copy_text(json, net->source_size, e);
    net->bundle_id = has_id ? copy_text(bundle_id, strlen(bundle_id), e) : NULL;
    net->options.id = net->bundle_id;
    if (net->source && (net->bundle_id || !has_id) && fill(net, e) >= 0)
        return net;
    loom_network_free(net);
    return NULL;
}

loom_network *loom_current(loom_network *net, const loom_document *d, loom_json model, loom_error *e)
{
    if (!net) {
        loom_fail(e, LOOM_E_NOT_FOUND, "", "no network created; call CreateLoomNetwork or LoomLoadModel first");
        return NULL;
    }
    if (model.at && !loom_json_is(model, net->model->id)) {
        loom_document_fail(d, model, "the current network is '%s'; create this one first, or leave out \"model\"",
                           net->model->id);
        return NULL;
    }
    return net;
}

/* ---- from one model to another of the same network ---------------------------------------------------------- */

/* What both instances have: weights, the optimiser's memory, states. */
static void copy_tensors(const loom_model *from, void *old, const loom_model *to, void *fresh)
{
    for (int i = 0; i < to->n_tensors; i++) {
        const loom_tensor *t = &to->tensors[i];
        int k = t->role == LOOM_FROZEN || t->role == LOOM_GRADIENT ? -1 : loom_tensor_find(from, t->name);
        if (k >= 0 && from->tensors[k].size == t->size)
            memcpy(to->data(to, fresh, i), from->data(from, old, k), t->size * loom_type_size((int)to->type));
    }
}

static void copy_progress(const loom_network *net, const loom_model *to, void *fresh)
{
    const loom_progress *old = net->model->progress(net->model, net->instance);
    loom_progress *p = to->progress(to, fresh);
    loom_schedule schedule = net->options.train ? old->schedule : p->schedule;
    *p = *old;
    p->schedule = schedule;
    p->pending = 0;
}

static int same_loss(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

int loom_network_become(loom_network *net, int train, const char *loss, double clip_norm, loom_error *e)
{
    loom_options o = net->options;
    const loom_model *m;
    void *instance;
    if (o.train == train && same_loss(o.loss, loss) && !(o.clip_norm < clip_norm) && !(o.clip_norm > clip_norm))
        return LOOM_OK;
    if (loss && strlen(loss) >= sizeof net->loss)
        return loom_fail(e, LOOM_E_ARGUMENT, "", "there is no loss '%s'", loss);
    o.train = train;
    o.loss = loss;
    o.clip_norm = clip_norm;
    int status = make(net, &o, &m, &instance, e);
    if (status < 0)
        return status;
    copy_tensors(net->model, net->instance, m, instance);
    copy_progress(net, m, instance);
    loom_instance_free(net->model, net->instance);
    loom_model_free(net->model);
    drop_optimisers(net);
    net->model = m;
    net->instance = instance;
    if (loss && loss != net->loss)
        strcpy(net->loss, loss);
    o.loss = loss ? net->loss : NULL;
    net->options = o;
    return LOOM_OK;
}
