/* show.c - what a training tells: a line for each epoch (text or JSON), a bar on a terminal, the log, the picture. */
#include "train.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 24 };

double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static const loom_progress *progress_of(const trainer *tr) { return tr->m->progress(tr->m, tr->instance); }

void show_clear(void)
{
    if (isatty(2))
        fprintf(stderr, "\r\033[K");
}

/* ---- the bar ----------------------------------------------------------------------------------------- */

static void clock_words(char out[40], double s)
{
    long long n = s > 0 && s < 1e12 ? (long long)(s + 0.5) : 0;
    if (n >= 3600)
        snprintf(out, 40, "%lld:%02lld:%02lld", n / 3600, n / 60 % 60, n % 60);
    else
        snprintf(out, 40, "%lld:%02lld", n / 60, n % 60);
}

/* After so many steps of the epoch; ten times a second at most. */
void show_step(trainer *tr, int64_t at)
{
    static double last;
    double now = seconds(), done = (double)((int64_t)progress_of(tr)->batches - tr->batches_before);
    if (now - last < 0.1 || !isatty(2))
        return;
    last = now;
    char bar[BAR + 1], left[40];
    int full = (int)(at * BAR / tr->steps);
    for (int i = 0; i < BAR; i++)
        bar[i] = i < full ? '=' : i == full ? '>' : ' ';
    bar[BAR] = 0;
    double ahead = (double)(tr->steps * tr->t.epochs) - (double)progress_of(tr)->batches;
    clock_words(left, done > 0 ? (now - tr->started) / done * ahead : 0);
    fprintf(stderr, "\repoch %lld/%lld [%s] %lld/%lld  loss %.4g  %s left\033[K", (long long)tr->n_epochs + 1,
            (long long)tr->t.epochs, bar, (long long)at, (long long)tr->steps, tr->sum / (double)at, left);
}

/* ---- epochs ------------------------------------------------------------------------------------------ */

/* ,"key":number, when there is one */
static void json_number(text *t, const char *key, double v)
{
    char number[40];
    print_real(number, F64, &v);
    if (v - v == 0)
        text_printf(t, ",\"%s\":%s", key, number);
}

static void epoch_json(text *t, const trainer *tr, int64_t i)
{
    const epoch_result *e = &tr->epochs[i];
    text_printf(t, "{\"epoch\":%lld", (long long)i + 1);
    json_number(t, "loss", e->loss);
    json_number(t, "learning_rate", e->learning_rate);
    json_number(t, "validation_loss", e->validation_loss);
    json_number(t, "accuracy", e->accuracy);
    text_printf(t, "}\n");
}

static void epoch_text(text *t, const trainer *tr, int64_t i)
{
    const epoch_result *e = &tr->epochs[i];
    text_printf(t, "epoch %lld/%lld  loss %.9g", (long long)i + 1, (long long)tr->t.epochs, e->loss);
    if (tr->validation)
        text_printf(t, "  validation %.9g", e->validation_loss);
    if (e->accuracy == e->accuracy)
        text_printf(t, "  accuracy %.2f %%", 100 * e->accuracy);
    text_printf(t, tr->best == i ? " *\n" : "\n");
}

static bool put(session *s, FILE *f, const text *t, const char *name)
{
    if (fwrite(t->s, 1, t->n, f) == t->n && fflush(f) == 0)
        return true;
    int why = errno;
    show_clear();
    diag(s, DIAG_ERROR, NULL, "cannot write '%s': %s", name, strerror(why));
    return false;
}

static bool draw(trainer *tr)
{
    text *t = &tr->scratch;
    t->n = 0;
    curve_svg(t, tr->m->id, tr->epochs, tr->n_epochs, tr->best);
    return file_write(tr->s, tr->s->opt->learn.curve, t->s, t->n);
}

bool show_epoch(trainer *tr)
{
    const options *o = tr->s->opt;
    text *t = &tr->scratch;
    t->n = 0;
    (o->json ? epoch_json : epoch_text)(t, tr, tr->n_epochs - 1);
    show_clear();
    if (!put(tr->s, tr->out, t, "standard output"))
        return false;
    t->n = 0;
    epoch_json(t, tr, tr->n_epochs - 1);
    if (tr->log && !put(tr->s, tr->log, t, o->learn.log))
        return false;
    return !o->learn.curve || draw(tr);
}

/* ---- start and end ----------------------------------------------------------------------------------- */

static void head_line(const trainer *tr)
{
    const training *t = &tr->t;
    fprintf(tr->out, "%s: %lld samples", tr->m->id, (long long)tr->n);
    if (tr->validation)
        fprintf(tr->out, " and %lld to try it on", (long long)(tr->n_kept ? tr->n_kept : tr->other.n));
    fprintf(tr->out, "; %lld step%s of %lld an epoch, %s, %s, %s, %s\n", (long long)tr->steps,
            tr->steps > 1 ? "s" : "", (long long)tr->batch, t->loss, t->optimizer, precision_names[tr->p],
            tr->engine);
    if (tr->n_epochs || tr->batches_before)
        fprintf(tr->out, "going on after epoch %lld, step %lld\n", (long long)tr->n_epochs,
                (long long)(tr->batches_before - tr->n_epochs * tr->steps));
    fflush(tr->out);
}

bool show_start(trainer *tr)
{
    const options *o = tr->s->opt;
    tr->scratch.arena = &tr->s->arena;
    tr->started = seconds();
    if (!o->json)
        head_line(tr);
    if (!o->learn.log)
        return true;
    tr->log = fopen(o->learn.log, "wb");
    if (!tr->log) {
        diag(tr->s, DIAG_ERROR, NULL, "cannot write '%s': %s", o->learn.log, strerror(errno));
        return false;
    }
    text *t = &tr->scratch;
    t->n = 0;
    for (int64_t i = 0; i < tr->n_epochs; i++)
        epoch_json(t, tr, i);
    return t->n == 0 || put(tr->s, tr->log, t, o->learn.log);
}

static void end_json(const trainer *tr, text *t, const char *why, const evaluation *e, double time)
{
    text_printf(t, "{\"summary\":{\"epochs\":%lld,\"steps\":%llu,\"end\":\"%s\"", (long long)tr->n_epochs,
                (unsigned long long)progress_of(tr)->steps, why);
    if (tr->best >= 0)
        text_printf(t, ",\"best_epoch\":%lld", (long long)tr->best + 1);
    text_printf(t, ",\"samples\":\"%s\"", tr->validation ? "validation" : "training");
    json_number(t, "loss", e->loss);
    if (e->answers)
        text_printf(t, ",\"right\":%lld,\"answers\":%lld", (long long)e->right, (long long)e->answers);
    text_printf(t, ",\"deviation\":");
    evaluation_json(t, e);
    json_number(t, "seconds", time);
    text_printf(t, "}}\n");
}

static void end_text(const trainer *tr, text *t, const evaluation *e, double time)
{
    double seen = (double)((int64_t)progress_of(tr)->batches - tr->batches_before) * (double)tr->batch;
    text_printf(t, "%lld epochs in %.1f s, %.0f samples a second", (long long)tr->n_epochs, time,
                seen / (time > 1e-9 ? time : 1e-9));
    if (tr->best >= 0)
        text_printf(t, "; the best one was %lld", (long long)tr->best + 1);
    text_printf(t, "\non the %s samples: loss %.9g", tr->validation ? "validation" : "training", e->loss);
    if (e->answers)
        text_printf(t, ", %lld of %lld right (%.2f %%)", (long long)e->right, (long long)e->answers,
                    100.0 * (double)e->right / (double)e->answers);
    text_printf(t, "\ndeviation:");
    for (int k = 0; k < N_DEVIATIONS; k++)
        text_printf(t, "  %s %lld", deviation_name(k), (long long)e->deviations[k]);
    text_printf(t, "; score %.1f\n", e->score);
}

void show_end(trainer *tr, const char *why, const evaluation *e)
{
    text *t = &tr->scratch;
    double time = seconds() - tr->started;
    show_clear();
    t->n = 0;
    end_json(tr, t, why, e, time);
    if (tr->log)
        put(tr->s, tr->log, t, tr->s->opt->learn.log);
    if (!tr->s->opt->json) {
        t->n = 0;
        end_text(tr, t, e, time);
    }
    put(tr->s, tr->out, t, "standard output");
}
