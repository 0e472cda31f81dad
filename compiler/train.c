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
    graph *g;
    interp *it;
    training t;
    int64_t samples, batch, steps;  /* steps: of one epoch */
    char *inputs, *targets;         /* [samples][numbers of one] */
    size_t in_bytes, target_bytes;  /* of one sample */
    int64_t *order;
    double done;                    /* steps so far */
    FILE *log;
} trainer;

/* ---- samples ------------------------------------------------------------------------------------------------- */

static const json *either(const json *at, const char *a, const char *b)
{
    const json *j = json_get(at, a);
    return j ? j : json_get(at, b);
}

static bool read_sample(trainer *tr, const json *at, int64_t i)
{
    session *s = tr->s;
    shape in = sample_shape(tr->g, tr->g->input), out = sample_shape(tr->g, tr->g->output);
    const json *x = either(at, "input", "Input"), *y = either(at, "target", "Target");
    if (at->kind != JSON_OBJECT || !x || !y) {
        diag(s, DIAG_ERROR, at, "a sample must be {\"input\": [...], \"target\": [...]}");
        return false;
    }
    precision p = tr->g->precision;
    return json_reals(s, x, p, tr->inputs + (size_t)i * tr->in_bytes, &in, "the input")
         & json_reals(s, y, p, tr->targets + (size_t)i * tr->target_bytes, &out, "the target");
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
        int64_t k = (int64_t)(loom_random_u64(tr->g->net->seed, 0x6f72646572, (uint64_t)epoch, (uint64_t)i) % (uint64_t)(i + 1));
        int64_t was = tr->order[i];
        tr->order[i] = tr->order[k];
        tr->order[k] = was;
    }
}

/* One step on the mini-batch that starts at `first` of the order. Returns its loss. */
static double run_step(trainer *tr, int64_t first)
{
    graph *g = tr->g;
    double rates[3];
    char *x = interp_value(tr->it, g->input), *y = interp_value(tr->it, g->target);
    for (int64_t i = 0; i < tr->batch; i++) {
        size_t from = (size_t)tr->order[(first + i) % tr->samples], to = (size_t)i;
        memcpy(x + to * tr->in_bytes, tr->inputs + from * tr->in_bytes, tr->in_bytes);
        memcpy(y + to * tr->target_bytes, tr->targets + from * tr->target_bytes, tr->target_bytes);
    }
    training_rates(&tr->t, tr->done++, rates);
    for (int i = 0; i < 3; i++)
        real_set(g->precision, interp_value(tr->it, g->rates), i, rates[i]);
    interp_steps(tr->it, 0, g->n_ops);
    interp_count(tr->it);
    return real_get(g->precision, interp_value(tr->it, g->loss), 0);
}

static void show_progress(const trainer *tr, int64_t epoch, int64_t at)
{
    if (isatty(2) && at % 16 == 0)
        fprintf(stderr, "\repoch %lld: %lld of %lld steps\033[K\r", (long long)epoch + 1, (long long)at, (long long)tr->steps);
}

static void tell(trainer *tr, int64_t epoch, double loss)
{
    char number[40], rate[40];
    double r = loom_rate(&tr->t.schedule, tr->done - 1);
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

/* What was learned becomes the parameters' value in the graph. */
static void keep_weights(trainer *tr)
{
    graph *g = tr->g;
    for (int t = 1; t < g->n_tensors; t++)
        if (g->tensors[t].kind == TENSOR_PARAM)
            memcpy(g->tensors[t].data, interp_value(tr->it, t), (size_t)shape_size(&g->tensors[t].shape) * real_size(g->precision));
}

static bool make_step(trainer *tr, network *net)
{
    session *s = tr->s;
    tr->t = training_read(s, net);
    if (s->diags.errors)
        return false;
    tr->g = network_lower(s, net, s->opt->has_precision ? s->opt->precision : net->precision, true);
    if (!tr->g || !training_loss(tr->g, &tr->t) || !training_step(tr->g, &tr->t))
        return false;
    tr->batch = net->batch;
    if (tensor_shape(tr->g, tr->g->output)->dim[0] != tr->batch) {
        diag(s, DIAG_ERROR, json_get(net->at, "layers"),
             "the network mixes the samples of a batch, so it cannot be trained with batch_size %lld", (long long)tr->batch);
        return false;
    }
    size_t real = real_size(tr->g->precision), batch = (size_t)tr->batch;
    tr->in_bytes = (size_t)shape_size(tensor_shape(tr->g, tr->g->input)) / batch * real;
    tr->target_bytes = (size_t)shape_size(tensor_shape(tr->g, tr->g->output)) / batch * real;
    return true;
}

int command_train(session *s)
{
    source net_src, weights_src;
    trainer tr = {.s = s, .log = strcmp(s->opt->out, "-") == 0 ? stderr : stdout};
    network *net = read_network(s, &net_src, &weights_src);
    if (!net || !make_step(&tr, net) || !read_samples(&tr))
        return 1;
    tr.it = interp_new(s, tr.g);
    tr.steps = (tr.samples + tr.batch - 1) / tr.batch;
    if (tr.t.schedule.steps == 0)
        tr.t.schedule.steps = (double)(tr.steps * tr.t.epochs) - tr.t.schedule.warmup;
    for (int64_t epoch = 0; epoch < tr.t.epochs; epoch++)
        if (!run_epoch(&tr, epoch))
            return 1;
    keep_weights(&tr);
    return bundle_write(s, tr.g, s->opt->out) ? 0 : 1;
}
