/* train.c - `loomc train`: the samples, and the loop over epochs and mini-batches.
 *
 * A mini-batch has the description's batch_size. Each epoch takes the samples in an order of its own; the last
 * mini-batch is filled up with the first samples of that order. */
#include "ops/ops.h"

#include "../runtime/loom_random.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

typedef struct trainer {
    session *s;
    const loom_model *m;
    void *instance;
    precision p;
    training t;
    int64_t samples, batch, steps;  /* steps: of one epoch */
    char *inputs, *targets;         /* [samples][numbers of one] */
    size_t in_bytes, target_bytes;  /* of one sample */
    char *x, *y;                    /* one mini-batch */
    int64_t *order;
    uint64_t seed;
    FILE *log;
} trainer;

/* ---- samples ------------------------------------------------------------------------------------------------- */

static const json *either(const json *at, const char *a, const char *b)
{
    const json *j = json_get(at, a);
    return j ? j : json_get(at, b);
}

static shape one_sample(int rank, const int64_t *dim)
{
    shape s = {.rank = rank - 1};
    memcpy(s.dim, dim + 1, (size_t)s.rank * sizeof *dim);
    return s;
}

static bool read_sample(trainer *tr, const json *at, int64_t i)
{
    session *s = tr->s;
    shape in = one_sample(tr->m->input_rank, tr->m->input_dim), out = one_sample(tr->m->output_rank, tr->m->output_dim);
    const json *x = either(at, "input", "Input"), *y = either(at, "target", "Target");
    if (at->kind != JSON_OBJECT || !x || !y) {
        diag(s, DIAG_ERROR, at, "a sample must be {\"input\": [...], \"target\": [...]}");
        return false;
    }
    return json_reals(s, x, tr->p, tr->inputs + (size_t)i * tr->in_bytes, &in, "the input")
         & json_reals(s, y, tr->p, tr->targets + (size_t)i * tr->target_bytes, &out, "the target");
}

static bool read_samples(trainer *tr)
{
    session *s = tr->s;
    source *src = arena_alloc(&s->arena, sizeof *src);
    json *root = file_read(s, s->opt->data, src) ? json_read(s, src) : NULL;
    if (!root)
        return false;
    const json *list = root->kind == JSON_OBJECT ? either(root, "data", "Data") : root;
    if (!list || list->kind != JSON_ARRAY || list->n == 0) {
        diag(s, DIAG_ERROR, list ? list : root, "the data must be {\"data\": [...]}, or a list, with at least one sample");
        return false;
    }
    tr->samples = list->n;
    tr->inputs = arena_array(&s->arena, list->n, tr->in_bytes);
    tr->targets = arena_array(&s->arena, list->n, tr->target_bytes);
    tr->order = arena_array(&s->arena, list->n, sizeof *tr->order);
    bool good = true;
    for (const json *j = list->child; j && s->diags.errors < MAX_ERRORS; j = j->next)
        good &= read_sample(tr, j, j->index);
    return good;
}

/* ---- the loop ------------------------------------------------------------------------------------------------ */

/* The samples' own order, or that of the epoch: each place from the last on gets one of those up to it. */
static void make_order(trainer *tr, int64_t epoch)
{
    for (int64_t i = 0; i < tr->samples; i++)
        tr->order[i] = i;
    for (int64_t i = tr->samples - 1; tr->t.shuffle && i > 0; i--) {
        int64_t k = (int64_t)(loom_random_u64(tr->seed, 0x6f72646572, (uint64_t)epoch, (uint64_t)i) % (uint64_t)(i + 1));
        int64_t was = tr->order[i];
        tr->order[i] = tr->order[k];
        tr->order[k] = was;
    }
}

/* One step on the mini-batch that starts at `first` of the order. Returns its loss. */
static double run_step(trainer *tr, int64_t first)
{
    double loss[1] = {0};
    for (int64_t i = 0; i < tr->batch; i++) {
        size_t from = (size_t)tr->order[(first + i) % tr->samples], to = (size_t)i;
        memcpy(tr->x + to * tr->in_bytes, tr->inputs + from * tr->in_bytes, tr->in_bytes);
        memcpy(tr->y + to * tr->target_bytes, tr->targets + from * tr->target_bytes, tr->target_bytes);
    }
    tr->m->train(tr->m, tr->instance, tr->x, tr->y, loss);
    return real_get(tr->p, loss, 0);
}

static void show_progress(const trainer *tr, int64_t epoch, int64_t at)
{
    if (isatty(2) && at % 16 == 0)
        fprintf(stderr, "\repoch %lld: %lld of %lld steps\033[K\r", (long long)epoch + 1, (long long)at, (long long)tr->steps);
}

static void tell(trainer *tr, int64_t epoch, double loss)
{
    char number[40], rate[40];
    const loom_progress *done = tr->m->progress(tr->m, tr->instance);
    double r = loom_rate(&done->schedule, (double)done->steps - 1);
    print_real(number, F64, &loss);
    print_real(rate, F64, &r);
    if (isatty(2))
        fprintf(stderr, "\033[K");
    if (tr->s->opt->json)
        fprintf(tr->log, "{\"epoch\":%lld,\"loss\":%s,\"learning_rate\":%s}\n", (long long)epoch + 1, number, rate);
    else
        fprintf(tr->log, "epoch %lld/%lld  loss %.9g\n", (long long)epoch + 1, (long long)tr->t.epochs, loss);
    fflush(tr->log);
}

static bool run_epoch(trainer *tr, int64_t epoch)
{
    double sum = 0;
    make_order(tr, epoch);
    for (int64_t i = 0; i < tr->steps; i++) {
        show_progress(tr, epoch, i);
        sum += run_step(tr, i * tr->batch);
    }
    if (!isfinite(sum)) {
        diag(tr->s, DIAG_ERROR, NULL,
             "the loss is no finite number any more in epoch %lld; nothing is written (is the learning rate too large?)",
             (long long)epoch + 1);
        return false;
    }
    tell(tr, epoch, sum / (double)tr->steps);
    return true;
}

/* What was learned, as the value of the parameters of a graph. */
static graph *learned(trainer *tr, const network *net)
{
    graph *g = network_lower(tr->s, net, tr->p, LOWER_MUTABLE);
    int i = 0;
    for (int t = 1; g && t < g->n_tensors; t++)
        if (g->tensors[t].kind == TENSOR_PARAM) {
            while (strcmp(tr->m->tensors[i].name, g->tensors[t].name) != 0)
                i++;
            memcpy(g->tensors[t].data, tr->m->data(tr->m, tr->instance, i), tr->m->tensors[i].size * real_size(tr->p));
        }
    return g;
}

static bool make_step(trainer *tr, network *net)
{
    session *s = tr->s;
    tr->t = training_read(s, net);
    if (s->diags.errors)
        return false;
    tr->p = s->opt->has_precision ? s->opt->precision : net->precision;
    tr->m = engine_model(s, net, tr->p, &tr->t);
    if (!tr->m)
        return false;
    tr->batch = net->batch;
    tr->seed = net->seed;
    size_t real = real_size(tr->p), batch = (size_t)tr->batch;
    tr->in_bytes = tr->m->input_size / batch * real;
    tr->target_bytes = tr->m->output_size / batch * real;
    tr->x = arena_array(&s->arena, tr->batch, tr->in_bytes);
    tr->y = arena_array(&s->arena, tr->batch, tr->target_bytes);
    tr->instance = arena_alloc(&s->arena, tr->m->instance_size);
    return true;
}

static bool run_training(trainer *tr)
{
    tr->steps = (tr->samples + tr->batch - 1) / tr->batch;
    loom_schedule *schedule = &tr->m->progress(tr->m, tr->instance)->schedule;
    int64_t updates = tr->steps * tr->t.epochs / (tr->t.accumulate ? tr->t.accumulate : 1);
    if (schedule->steps == 0)
        schedule->steps = (double)updates - schedule->warmup;
    for (int64_t epoch = 0; epoch < tr->t.epochs; epoch++)
        if (!run_epoch(tr, epoch))
            return false;
    return true;
}

int command_train(session *s)
{
    source net_src, weights_src;
    trainer tr = {.s = s, .log = strcmp(s->opt->out, "-") == 0 ? stderr : stdout};
    network *net = read_network(s, &net_src, &weights_src);
    if (!net || !make_step(&tr, net) || !read_samples(&tr))
        return 1;
    if (tr.m->init(tr.m, tr.instance) != LOOM_OK)
        arena_fail(&s->arena);
    graph *g = run_training(&tr) ? learned(&tr, net) : NULL;
    tr.m->end(tr.m, tr.instance);
    return g && model_write(s, g, s->opt->out) ? 0 : 1;
}
