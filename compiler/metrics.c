/* metrics.c - how well a model does on samples: loss, accuracy, and the original's table of deviations.
 *
 * Losses are those of training.c, here in binary64: the same number on every machine and from every engine. */
#include "train.h"

#include <math.h>
#include <string.h>

struct evaluator {
    const loom_model *m;
    const training *t;
    const samples *x;
    const int64_t *rows;
    int64_t n_rows;
    precision p;
    int64_t n, row;  /* numbers of an output, and in one row of it */
    bool classifies; /* outputs are right or wrong: */
    bool largest;    /* by the largest number of each row; else each number by being below 0.5 or not */
    char *input, *output;
};
typedef evaluator measure;

/* ---- losses ------------------------------------------------------------------------------------------ */

static double share(double a) { return a < 1e-7 ? 1e-7 : a > 1 - 1e-7 ? 1 - 1e-7 : a; }

static double each_loss(const training *t, double a, double b)
{
    double d = a - b, e = d < 0 ? -d : d, k = t->huber_delta;
    switch (t->loss[0] == 'm' ? t->loss[1] : t->loss[0]) {
    case 's': return d * d;
    case 'a': return e;
    case 'h': return k < e ? k * (e - k / 2) : d * d / 2;
    case 'c': return 0 < b ? -(b * loom_log_f64(share(a))) : 0;
    case 'b': return -(b * loom_log_f64(share(a)) + (1 - b) * loom_log_f64(1 - share(a)));
    default: return a * b; /* gradient */
    }
}

/* The log of the sum of exponentials of a row. */
static double log_sum(const measure *m, const void *y, int64_t first)
{
    double most = -(double)INFINITY, sum = 0;
    for (int64_t i = 0; i < m->row; i++)
        most = fmax(most, real_get(m->p, y, first + i));
    for (int64_t i = 0; i < m->row; i++)
        sum += loom_exp_f64(real_get(m->p, y, first + i) - most);
    return most + loom_log_f64(sum);
}

/* Sum over the numbers of one output. */
static double sample_loss(const measure *m, const void *y, const void *target)
{
    bool logits = strcmp(m->t->loss, "cross_entropy_logits") == 0;
    double sum = 0, log = 0;
    for (int64_t i = 0; i < m->n; i++) {
        if (logits && i % m->row == 0)
            log = log_sum(m, y, i);
        double a = real_get(m->p, y, i), b = real_get(m->p, target, i);
        sum += logits ? (log - a) * b : each_loss(m->t, a, b);
    }
    return sum;
}

/* ---- answers ----------------------------------------------------------------------------------------- */

static int64_t largest(precision p, const void *y, int64_t first, int64_t n)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        best = real_get(p, y, first + i) > real_get(p, y, first + best) ? i : best;
    return best;
}

static void count_answers(const measure *m, const void *y, const void *target, evaluation *e)
{
    for (int64_t i = 0; i < m->n; i += m->largest ? m->row : 1) {
        bool right = m->largest ? largest(m->p, y, i, m->row) == largest(m->p, target, i, m->row)
                                : (real_get(m->p, y, i) >= 0.5) == (real_get(m->p, target, i) >= 0.5);
        e->right += right;
        e->answers++;
    }
}

/* The first number, or the place of the largest one when there are more. */
static double answer(const measure *m, const void *y)
{
    return m->n == 1 ? real_get(m->p, y, 0) : (double)largest(m->p, y, 0, m->n);
}

static void count_deviation(const measure *m, const void *y, const void *target, evaluation *e)
{
    static const double limits[N_DEVIATIONS - 1] = {10, 20, 30, 40, 50, 100};
    double got = answer(m, y), want = answer(m, target);
    double off = fabs(want) < 1e-10 ? fabs(got - want) * 100 : fabs((got - want) / want) * 100;
    off = off - off == 0 ? off : 100;
    int k = 0;
    while (k < N_DEVIATIONS - 1 && !(off <= limits[k]))
        k++;
    e->deviations[k]++;
    e->deviation += off;
    e->score += off < 100 ? 100 - off : 0;
}

static size_t row_of(const measure *m, int64_t i) { return (size_t)(m->rows ? m->rows[i] : i); }
static const char *target_of(const measure *m, int64_t i)
{
    return m->x->targets + row_of(m, i) * m->x->target_bytes;
}

static bool all_zero_or_one(const measure *m, const char *target)
{
    for (int64_t i = 0; i < m->n; i++)
        if (real_get(m->p, target, i) != 0 && real_get(m->p, target, i) != 1)
            return false;
    return true;
}

/* Has each row a single 1? */
static bool is_one_hot(const measure *m, const char *target)
{
    double sum = 0;
    for (int64_t i = 0; i < m->n; i++) {
        sum += real_get(m->p, target, i);
        if ((i + 1) % m->row == 0 && sum != (double)((i + 1) / m->row))
            return false;
    }
    return true;
}

static void find_kind(measure *m)
{
    bool binary = true, one_hot = m->row > 1;
    for (int64_t i = 0; i < m->n_rows && binary; i++) {
        binary = all_zero_or_one(m, target_of(m, i));
        one_hot = one_hot && binary && is_one_hot(m, target_of(m, i));
    }
    m->largest = m->row > 1 && (strncmp(m->t->loss, "cross_entropy", 13) == 0 || (binary && one_hot));
    m->classifies = m->largest || strcmp(m->t->loss, "binary_cross_entropy") == 0 || (m->row == 1 && binary);
}

/* ---- runs -------------------------------------------------------------------------------------------- */

evaluator *evaluator_new(session *s, const loom_model *m, const training *t, const samples *x, const int64_t *rows,
                         int64_t n)
{
    evaluator *e = arena_alloc(&s->arena, sizeof *e);
    *e = (evaluator){.m = m, .t = t, .x = x, .rows = rows, .n_rows = n, .p = m->type == LOOM_F32 ? F32 : F64};
    e->n = (int64_t)m->output_size / m->batch;
    e->row = m->output_rank > 1 ? m->output_dim[m->output_rank - 1] : 1;
    e->input = arena_array(&s->arena, m->batch, x->input_bytes);
    e->output = arena_array(&s->arena, m->batch, x->target_bytes);
    find_kind(e);
    return e;
}

/* One call: samples first.. up to a batch of them; past the last one it starts again. */
static bool run_batch(const evaluator *e, void *instance, int64_t first)
{
    for (int64_t i = 0; i < e->m->batch; i++)
        memcpy(e->input + (size_t)i * e->x->input_bytes,
               e->x->inputs + row_of(e, (first + i) % e->n_rows) * e->x->input_bytes, e->x->input_bytes);
    return e->m->forward(e->m, instance, e->input, e->output) == LOOM_OK;
}

static void measure_batch(const evaluator *e, int64_t first, evaluation *out)
{
    for (int64_t i = 0; i < e->m->batch && first + i < e->n_rows; i++) {
        const char *y = e->output + (size_t)i * e->x->target_bytes, *target = target_of(e, first + i);
        out->loss += sample_loss(e, y, target);
        count_deviation(e, y, target, out);
        if (e->classifies)
            count_answers(e, y, target, out);
    }
}

bool evaluate(const evaluator *e, void *instance, const volatile sig_atomic_t *stop, evaluation *out)
{
    const loom_model *m = e->m;
    uint64_t calls = m->progress(m, instance)->calls;
    bool good = true;
    *out = (evaluation){.n = e->n_rows, .classifies = e->classifies};
    m->reset(m, instance);
    for (int64_t i = 0; good && i < e->n_rows; i += m->batch) {
        good = !*stop && run_batch(e, instance, i);
        if (good)
            measure_batch(e, i, out);
    }
    m->reset(m, instance);
    m->progress(m, instance)->calls = calls;
    out->loss /= (double)e->n_rows * (strcmp(e->t->loss, "gradient") == 0 ? 1 : (double)e->n);
    out->score /= (double)e->n_rows;
    out->deviation /= (double)e->n_rows;
    return good;
}

/* ---- text -------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int from;
    int64_t to;
} bucket[N_DEVIATIONS] = {{"0-10%", 0, 10},   {"10-20%", 10, 20},   {"20-30%", 20, 30},        {"30-40%", 30, 40},
                          {"40-50%", 40, 50}, {"50-100%", 50, 100}, {"100%+", 100, 1000000000}};

const char *deviation_name(int k) { return bucket[k].name; }

void evaluation_json(text *t, const evaluation *e)
{
    static const int by_name[N_DEVIATIONS] = {0, 1, 6, 2, 3, 4, 5};
    char score[40], deviation[40];
    print_real(score, F64, &e->score);
    print_real(deviation, F64, &e->deviation);
    text_printf(t, "{\"buckets\":{");
    for (int i = 0; i < N_DEVIATIONS; i++) {
        int k = by_name[i];
        text_printf(t, "%s\"%s\":{\"range_min\":%d,\"range_max\":%lld,\"count\":%lld}", i ? "," : "", bucket[k].name,
                    bucket[k].from, (long long)bucket[k].to, (long long)e->deviations[k]);
    }
    text_printf(t, "},\"score\":%s,\"total_samples\":%lld,\"failures\":%lld,\"avg_deviation\":%s}", score,
                (long long)e->n, (long long)e->deviations[N_DEVIATIONS - 1], deviation);
}
