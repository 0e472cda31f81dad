/* loom_fit.c - training on a set of samples, epoch after epoch (loom.h): the one loop of all languages and of LoomTrain. */
#include "loom_json.h"

#include "loom.h"
#include "loom_train.h"

#include <stdlib.h>
#include <string.h>

typedef struct fitting {
    const loom_model *m;
    void *instance;
    const char *inputs, *targets;
    size_t samples, batch, steps; /* steps of one epoch */
    size_t in_bytes, out_bytes;   /* of one sample */
    char *x, *y;                  /* one mini-batch */
    uint64_t *order;
} fitting;

/* The description's number of that name, in "training" or outside. */
static double described(const loom_model *m, const char *section, const char *key, double otherwise)
{
    loom_json v = loom_json_root(m->description, strlen(m->description));
    if (section)
        v = loom_json_get(v, section);
    v = loom_json_get(v, key);
    return loom_json_kind(v) == '0' ? loom_json_number(v) : otherwise;
}

/* The samples of one mini-batch, in the epoch's order; the first ones fill up the last mini-batch. */
static void fill_batch(fitting *f, size_t first)
{
    for (size_t i = 0; i < f->batch; i++) {
        size_t from = (size_t)f->order[(first + i) % f->samples];
        memcpy(f->x + i * f->in_bytes, f->inputs + from * f->in_bytes, f->in_bytes);
        memcpy(f->y + i * f->out_bytes, f->targets + from * f->out_bytes, f->out_bytes);
    }
}

static int run_epoch(fitting *f, double *loss)
{
    double sum = 0;
    for (size_t i = 0; i < f->steps; i++) {
        double one;
        fill_batch(f, i * f->batch);
        int status = loom_train(f->m, f->instance, f->x, f->y, f->batch, &one);
        if (status < 0)
            return status;
        sum = sum + one;
    }
    *loss = sum / (double)f->steps;
    return sum - sum != 0 ? LOOM_E_NOT_FINITE : LOOM_OK;
}

/* A rate given here is constant; else the schedule, which ends with the last step when it does not say where. */
static void set_schedule(const fitting *f, const loom_fit_options *o, uint64_t epochs)
{
    loom_progress *p = f->m->progress(f->m, f->instance);
    double accumulate = described(f->m, "training", "accumulate", 1);
    double batches = (double)p->pending + (double)f->steps * (double)epochs;
    loom_begin(&p->schedule, o->learning_rate, (double)p->steps + (double)(uint64_t)(batches / (accumulate > 1 ? accumulate : 1)));
}

static int run(fitting *f, const loom_fit_options *o, double *loss)
{
    const loom_model *m = f->m;
    const loom_schedule before = m->progress(m, f->instance)->schedule;
    uint64_t n = o->epochs ? o->epochs : (uint64_t)described(m, "training", "epochs", 10);
    uint64_t seed = o->shuffle == 2 ? o->seed : (uint64_t)described(m, NULL, "seed", 0);
    int status = LOOM_OK;
    set_schedule(f, o, n);
    for (size_t i = 0; i < f->samples; i++)
        f->order[i] = i;
    for (uint64_t epoch = o->first_epoch; status >= 0 && epoch - o->first_epoch < n; epoch++) {
        if (o->shuffle)
            loom_epoch_order(seed, epoch, f->order, f->samples);
        status = run_epoch(f, loss);
        if (o->progress && (status >= 0 || status == LOOM_E_NOT_FINITE) && o->progress(o->context, epoch + 1, *loss) != 0)
            break;
    }
    m->progress(m, f->instance)->schedule = before;
    return status;
}

static void *room(size_t n, size_t size)
{
    size_t bytes = n * size;
    return size && n > SIZE_MAX / size ? NULL : malloc(bytes ? bytes : 1);
}

int loom_fit(const loom_model *m, void *instance, const void *inputs, const void *targets, size_t samples,
             const loom_fit_options *options, double *loss)
{
    static const loom_fit_options none = {0, 0, 0, 0, 0, NULL, NULL};
    double ignored;
    if (!m || !instance || !inputs || !targets || samples == 0)
        return LOOM_E_ARGUMENT;
    const loom_fit_options *o = options ? options : &none;
    if (!(o->learning_rate >= 0 && o->learning_rate <= 1e30) || o->shuffle < 0 || o->shuffle > 2)
        return LOOM_E_ARGUMENT;
    if (!loom_can_train(m) || m->output_dim[0] != m->batch)
        return LOOM_E_UNSUPPORTED;
    size_t real = loom_type_size((int)m->type), batch = (size_t)m->batch;
    fitting f = {m, instance, (const char *)inputs, (const char *)targets, samples, batch, (samples - 1) / batch + 1,
                 m->input_size / batch * real, m->output_size / batch * real, NULL, NULL, NULL};
    f.x = (char *)room(batch, f.in_bytes);
    f.y = (char *)room(batch, f.out_bytes);
    f.order = (uint64_t *)room(samples, sizeof *f.order);
    int status = f.x && f.y && f.order ? run(&f, o, loss ? loss : &ignored) : LOOM_E_MEMORY;
    free(f.x);
    free(f.y);
    free(f.order);
    return status;
}
