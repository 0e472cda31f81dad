/* train.c - `loomc train`: the loop over epochs and mini-batches.
 *
 * It knows the model only through runtime/loom.h. A mini-batch has the description's batch_size. Each epoch takes the
 * samples in an order of its own, which depends on the seed and the epoch only; the last mini-batch is filled up with
 * the first samples of that order. Where a training stands follows from the count of mini-batches: so it can stop
 * after any of them and go on with the same bits. */
#include "train.h"

#include <math.h>
#include <string.h>

#define NO_EPOCH UINT64_MAX /* whose order says which samples are kept back */

/* Set by SIGINT and SIGTERM: the loop ends after the step that it is in. A second signal ends the program. */
static volatile sig_atomic_t stopped;
static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static void listen_to(int number)
{
    struct sigaction now = {.sa_handler = stop, .sa_flags = SA_RESTART | (int)SA_RESETHAND}, before;
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &now, NULL);
}

/* ---- samples ----------------------------------------------------------------------------------------- */

/* Keeps a share of the samples back, at random; both parts stay in the file's order. */
static bool split_samples(trainer *tr)
{
    arena *a = &tr->s->arena;
    int64_t n = tr->data.n, keep = (int64_t)floor((double)n * tr->s->opt->learn.split + 0.5);
    uint64_t *order = arena_array(a, n, sizeof *order);
    bool *kept = arena_array(a, n, sizeof *kept);
    keep = tr->s->opt->learn.split > 0 && keep == 0 ? 1 : keep;
    if (keep >= n) {
        diag(tr->s, DIAG_ERROR, NULL, "--split keeps %lld of %lld samples back, and leaves none to train with",
             (long long)keep, (long long)n);
        return false;
    }
    loom_epoch_order(tr->seed, NO_EPOCH, order, (size_t)n);
    for (int64_t i = 0; i < keep; i++)
        kept[order[i]] = true;
    tr->rows = arena_array(a, n - keep, sizeof *tr->rows);
    tr->kept = arena_array(a, keep, sizeof *tr->kept);
    for (int64_t i = 0; i < n; i++)
        *(kept[i] ? &tr->kept[tr->n_kept++] : &tr->rows[tr->n++]) = i;
    return true;
}

/* Would no step ever be made? */
static bool check_accumulate(const trainer *tr)
{
    if (tr->t.accumulate <= tr->steps * tr->t.epochs)
        return true;
    diag(tr->s, DIAG_ERROR, NULL, "\"accumulate\" asks for %lld mini-batches for a step, but all epochs together have %lld, so that "
         "nothing would be learned", (long long)tr->t.accumulate, (long long)(tr->steps * tr->t.epochs));
    return false;
}

static bool read_samples(trainer *tr)
{
    session *s = tr->s;
    const train_options *o = &s->opt->learn;
    if (!samples_read(s, tr->m, s->opt->data, o->targets, &tr->data) || !split_samples(tr))
        return false;
    if (o->validation && !samples_read(s, tr->m, o->validation, o->validation_targets, &tr->other))
        return false;
    tr->hash = samples_hash(&tr->data);
    tr->validation_hash = tr->other.n ? samples_hash(&tr->other) : 0;
    tr->steps = (tr->n - 1) / tr->batch + 1;
    tr->order = arena_array(&s->arena, tr->n, sizeof *tr->order);
    tr->x = arena_array(&s->arena, tr->batch, tr->data.input_bytes);
    tr->y = arena_array(&s->arena, tr->batch, tr->data.target_bytes);
    return check_accumulate(tr);
}

/* ---- the loop ---------------------------------------------------------------------------------------- */

static loom_progress *progress_of(const trainer *tr) { return tr->m->progress(tr->m, tr->instance); }

/* Steps done in the epoch that is not over. */
static int64_t steps_done(const trainer *tr) { return (int64_t)progress_of(tr)->batches - tr->n_epochs * tr->steps; }

static void make_order(trainer *tr)
{
    if (tr->ordered == tr->n_epochs)
        return;
    tr->ordered = tr->n_epochs;
    if (tr->t.shuffle)
        loom_epoch_order(tr->seed, (uint64_t)tr->n_epochs, tr->order, (size_t)tr->n);
    for (int64_t i = 0; i < tr->n; i++)
        tr->order[i] = (uint64_t)tr->rows[tr->t.shuffle ? tr->order[i] : (uint64_t)i];
}

/* One step on the mini-batch that starts at `first` of the order. False after an error. */
static bool run_step(trainer *tr, int64_t first)
{
    double loss[1] = {0};
    const samples *d = &tr->data;
    for (int64_t i = 0; i < tr->batch; i++) {
        size_t from = (size_t)tr->order[(first + i) % tr->n], to = (size_t)i;
        memcpy(tr->x + to * d->input_bytes, d->inputs + from * d->input_bytes, d->input_bytes);
        memcpy(tr->y + to * d->target_bytes, d->targets + from * d->target_bytes, d->target_bytes);
    }
    int status = tr->m->train(tr->m, tr->instance, tr->x, tr->y, loss);
    tr->sum += real_get(tr->p, loss, 0);
    if (status == LOOM_OK && isfinite(tr->sum))
        return true;
    show_clear();
    if (status != LOOM_OK)
        diag(tr->s, DIAG_ERROR, NULL, "the training step failed with status %d", status);
    else
        diag(tr->s, DIAG_ERROR, NULL,
             "the loss is no finite number any more in epoch %lld; nothing is written (is the learning rate too "
             "large?)",
             (long long)tr->n_epochs + 1);
    return false;
}

static bool model_failed(trainer *tr)
{
    show_clear();
    diag(tr->s, DIAG_ERROR, NULL, "the model cannot run");
    return false;
}

static epoch_result *add_epoch(trainer *tr)
{
    if (tr->n_epochs == tr->most_epochs) {
        size_t each = sizeof *tr->epochs, old = (size_t)tr->n_epochs * each;
        tr->most_epochs = tr->n_epochs < 32 ? 64 : 2 * tr->n_epochs;
        tr->epochs = arena_grow(&tr->s->arena, tr->epochs, old, (size_t)tr->most_epochs * each);
    }
    return &tr->epochs[tr->n_epochs++];
}

/* Measures, and keeps the weights when they are the best so far. False when it was stopped, or after an error. */
static bool end_epoch(trainer *tr)
{
    evaluation e = {0};
    if (tr->validation && !evaluate(tr->validation, tr->instance, &stopped, &e))
        return stopped ? false : model_failed(tr);
    const loom_progress *done = progress_of(tr);
    epoch_result *now = add_epoch(tr);
    *now = (epoch_result){tr->sum / (double)tr->steps, NAN, NAN, NAN};
    if (done->steps)
        now->learning_rate = loom_rate(&done->schedule, (double)done->steps - 1);
    if (tr->validation)
        now->validation_loss = e.loss;
    if (tr->validation && e.answers)
        now->accuracy = (double)e.right / (double)e.answers;
    if (tr->validation && isfinite(e.loss) && (tr->best < 0 || e.loss < tr->epochs[tr->best].validation_loss)) {
        tr->best = tr->n_epochs - 1;
        best_keep(tr);
    }
    tr->sum = 0;
    return show_epoch(tr) && (!tr->checkpoint || checkpoint_write(tr, tr->checkpoint));
}

static bool run_epoch(trainer *tr)
{
    int every = tr->s->opt->learn.checkpoint_every;
    make_order(tr);
    for (int64_t i = steps_done(tr); i < tr->steps && !stopped; i++) {
        if (!run_step(tr, i * tr->batch))
            return false;
        show_step(tr, i + 1);
        if (every && tr->checkpoint && progress_of(tr)->batches % (uint64_t)every == 0 &&
            !checkpoint_write(tr, tr->checkpoint))
            return false;
    }
    return !stopped && end_epoch(tr);
}

/* Has the validation loss had its time to get better? */
static bool out_of_patience(const trainer *tr)
{
    int patience = tr->s->opt->learn.patience;
    return patience && tr->n_epochs - 1 - tr->best >= patience;
}

static bool interrupted(trainer *tr)
{
    const char *path = tr->checkpoint ? tr->checkpoint : tr->last_checkpoint;
    show_clear();
    if (!path)
        fprintf(stderr, "loomc: interrupted; nothing is written, for want of --checkpoint\n");
    else if (checkpoint_write(tr, path))
        fprintf(
            stderr,
            "loomc: interrupted after epoch %lld, step %lld; the same command with --resume %s goes on from there\n",
            (long long)tr->n_epochs, (long long)steps_done(tr), path);
    return false;
}

static void start_schedule(trainer *tr)
{
    loom_schedule *schedule = &progress_of(tr)->schedule;
    int64_t updates = tr->steps * tr->t.epochs / (tr->t.accumulate ? tr->t.accumulate : 1);
    if (schedule->steps == 0)
        schedule->steps = (double)updates - schedule->warmup;
}

static bool start_training(trainer *tr)
{
    const char *resume = tr->s->opt->learn.resume;
    start_schedule(tr);
    for (int i = 0; i < tr->m->n_tensors; i++)
        if (tr->m->tensors[i].role == LOOM_PARAM)
            tr->weights_size += tr->m->tensors[i].size * real_size(tr->p);
    if (tr->other.n)
        tr->validation = evaluator_new(tr->s, tr->m, &tr->t, &tr->other, NULL, tr->other.n);
    else if (tr->n_kept)
        tr->validation = evaluator_new(tr->s, tr->m, &tr->t, &tr->data, tr->kept, tr->n_kept);
    tr->best_weights = tr->validation ? arena_alloc(&tr->s->arena, tr->weights_size) : NULL;
    if (resume && !checkpoint_read(tr, resume))
        return false;
    tr->batches_before = (int64_t)progress_of(tr)->batches;
    return show_start(tr);
}

static bool run_training(trainer *tr)
{
    if (!start_training(tr))
        return false;
    listen_to(SIGINT);
    listen_to(SIGTERM);
    bool early = out_of_patience(tr);
    while (tr->n_epochs < tr->t.epochs && !early) {
        if (!run_epoch(tr))
            return stopped && tr->s->diags.errors == 0 ? interrupted(tr) : false;
        early = out_of_patience(tr);
    }
    static const volatile sig_atomic_t never = 0;
    evaluation e;
    const evaluator *last =
        tr->validation ? tr->validation : evaluator_new(tr->s, tr->m, &tr->t, &tr->data, tr->rows, tr->n);
    if (tr->best >= 0 && !tr->s->opt->learn.last)
        best_restore(tr);
    if (!evaluate(last, tr->instance, &never, &e))
        return model_failed(tr);
    show_end(tr, early ? "patience" : "epochs", &e);
    return true;
}

/* ---- files --------------------------------------------------------------------------------------------- */

/* Is one of the files that are written another one, or one of those with samples? */
static bool check_names(const trainer *tr)
{
    const options *o = tr->s->opt;
    const train_options *l = &o->learn;
    const char *all[] = {o->out, l->log, l->curve, l->checkpoint, l->resume, o->data, l->targets, l->validation, l->validation_targets};
    enum { WRITTEN = 4, CHECKPOINT = 3, RESUME = 4 };
    for (int i = 0; i < WRITTEN; i++)
        for (int k = i + 1; all[i] && k < COUNT(all); k++)
            if (all[k] && !(i == CHECKPOINT && k == RESUME) && strcmp(all[i], "-") != 0 && same_file(all[i], all[k])) {
                diag(tr->s, DIAG_ERROR, NULL, "'%s' would be written over '%s'; give each file a name of its own", all[i], all[k]);
                return false;
            }
    return true;
}

/* A training may take hours: what would go wrong at its end shall go wrong now. */
static bool check_files(const trainer *tr)
{
    const options *o = tr->s->opt;
    return check_names(tr) && file_can_write(tr->s, o->out) && (!tr->checkpoint || file_can_write(tr->s, tr->checkpoint)) &&
           (!o->learn.curve || file_can_write(tr->s, o->learn.curve));
}

/* ---- the command ------------------------------------------------------------------------------------- */

/* What was learned, as the value of the parameters of a graph. */
static graph *learned(trainer *tr, const network *net)
{
    graph *g = network_lower(tr->s, net, tr->p, LOWER_MUTABLE);
    int i = 0;
    for (int t = 1; g && t < g->n_tensors; t++)
        if (g->tensors[t].kind == TENSOR_PARAM) {
            while (strcmp(tr->m->tensors[i].name, g->tensors[t].name) != 0)
                i++;
            memcpy(g->tensors[t].data, tr->m->data(tr->m, tr->instance, i),
                   tr->m->tensors[i].size * real_size(tr->p));
        }
    return g;
}

/* Roughly the operations of the whole training. */
static double work_of(trainer *tr, const network *net)
{
    const graph *g = network_lower(tr->s, net, tr->p, LOWER_MUTABLE);
    double each = 0;
    for (int i = 0; g && i < g->n_ops; i++) {
        const op *o = &g->ops[i];
        each += o->type->macs ? (double)o->type->macs(g, o) : o->out ? (double)shape_size(tensor_shape(g, o->out)) : 0;
    }
    return 3 * each * (double)tr->steps * (double)tr->t.epochs;
}

/* Takes the model as compiled C where that pays. False when it was asked for and cannot be. */
static bool choose_engine(trainer *tr, const compiled *c)
{
    static const double enough = 1e9; /* some seconds of the interpreter, and the time of a build */
    const options *o = tr->s->opt;
    const char *why = NULL;
    tr->engine = "interpreted";
    if (o->learn.interpret || (!o->learn.compile && work_of(tr, c->net) < enough))
        return true;
    const loom_model *m = native_model(tr->s, c, &why);
    if (m) {
        tr->m = m;
        tr->engine = "compiled";
    } else if (o->learn.compile) {
        diag(tr->s, DIAG_ERROR, NULL, "the network cannot run as C: %s", why);
        return false;
    } else {
        tr->engine = arena_printf(&tr->s->arena, "interpreted (%s)", why);
    }
    return true;
}

static bool find_model(trainer *tr, const network *net)
{
    session *s = tr->s;
    const train_options *o = &s->opt->learn;
    tr->t = training_read(s, net);
    if (s->diags.errors)
        return false;
    if (!choose_reals(s, net, &tr->p))
        return false;
    tr->m = engine_model(s, net, tr->p, &tr->t);
    tr->batch = net->batch;
    tr->seed = net->seed;
    tr->best = tr->ordered = -1;
    tr->checkpoint = o->checkpoint ? o->checkpoint : o->resume;
    if (!tr->checkpoint && strcmp(s->opt->out, "-") != 0)
        tr->last_checkpoint = arena_printf(&s->arena, "%s.checkpoint", s->opt->out);
    return tr->m != NULL;
}

typedef struct job {
    trainer *tr;
    const network *net;
    bool good;
} job;

static void run_job(void *arg)
{
    job *j = arg;
    graph *g = run_training(j->tr) ? learned(j->tr, j->net) : NULL;
    j->good = g && model_write(j->tr->s, g, j->tr->s->opt->out);
}

int command_train(session *s)
{
    compiled c = {0};
    trainer tr = {.s = s, .out = strcmp(s->opt->out, "-") == 0 ? stderr : stdout};
    c.net = read_network(s, &c.src, &c.weights_src);
    if (!c.net || !find_model(&tr, c.net) || !read_samples(&tr) || !check_files(&tr))
        return 1;
    c.precision = tr.p;
    if (!choose_engine(&tr, &c))
        return 1;
    tr.instance = arena_alloc(&s->arena, tr.m->instance_size + 63);
    tr.instance = (char *)tr.instance + (64 - (uintptr_t)tr.instance % 64) % 64;
    int status = tr.m->init(tr.m, tr.instance);
    if (status == LOOM_E_MEMORY)
        arena_fail(&s->arena);
    if (status != LOOM_OK) {
        diag(s, DIAG_ERROR, NULL, "the model cannot run: status %d", status);
        return 1;
    }
    job j = {&tr, c.net, false};
    bool memory_left = arena_protect(&s->arena, run_job, &j);
    if (tr.m->end)
        tr.m->end(tr.m, tr.instance);
    if (tr.log)
        fclose(tr.log);
    if (!memory_left)
        arena_fail(&s->arena);
    return j.good ? 0 : stopped && s->diags.errors == 0 ? 130 : 1;
}
