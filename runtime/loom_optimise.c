/* loom_optimise.c - steps with the gradients that a model keeps (loom.h): sgd with momentum, adamw, rmsprop.
 *
 * The memory holds two numbers for each weight that has a gradient, tensor by tensor in the model's order: all the first
 * ones of a tensor, then all the second ones. The file includes itself once per precision, with REAL and R(name). */
#ifndef REAL
#include "loom.h"

#include "loom_train.h"

/* What is the same for all weights of a step, rounded to the precision once. */
typedef struct step {
    const loom_optimiser *o;
    double rate, correct1, correct2; /* 1 / (1 - beta^step) */
    int decays;
} step;

#define REAL float
#define R(name) name##_f32
#include "loom_optimise.c"
#undef REAL
#undef R
#define REAL double
#define R(name) name##_f64
#include "loom_optimise.c"
#undef REAL
#undef R

/* The parameter that gradient i belongs to: the one whose name its name begins with; of several the longest. -1 when there
 * is none. */
static int parameter_of(const loom_model *m, int i)
{
    const loom_tensor *g = &m->tensors[i];
    int found = -1;
    size_t longest = 0;
    for (int k = 0; k < m->n_tensors; k++) {
        const loom_tensor *p = &m->tensors[k];
        size_t n = 0;
        if (p->role != LOOM_PARAM || p->size != g->size)
            continue;
        while (p->name[n] && p->name[n] == g->name[n])
            n++;
        if (!p->name[n] && n >= longest) {
            longest = n;
            found = k;
        }
    }
    return found;
}

size_t loom_apply_size(const loom_model *m)
{
    size_t n = 0;
    for (int i = 0; m && i < m->n_tensors; i++)
        n += m->tensors[i].role == LOOM_GRADIENT ? m->tensors[i].size : 0;
    return m ? 2 * n * loom_type_size((int)m->type) : 0;
}

static int good(double x, double most) { return x >= 0 && x <= most; }

static int check(const loom_model *m, const loom_optimiser *o, size_t size)
{
    const double any = 1.7976931348623157e308;
    size_t need = loom_apply_size(m);
    if (need == 0 || (m->type != LOOM_F32 && m->type != LOOM_F64))
        return LOOM_E_UNSUPPORTED;
    if (o->kind < LOOM_SGD || o->kind > LOOM_RMSPROP || !good(o->rate, any) || !good(o->momentum, any) ||
        !good(o->dampening, any) || !good(o->beta1, 1) || !good(o->beta2, 1) || !good(o->alpha, 1) ||
        !good(o->epsilon, any) || !good(o->decay, any))
        return LOOM_E_ARGUMENT;
    return size < need ? LOOM_E_SPACE : LOOM_OK;
}

static double correction(double beta, uint64_t n)
{
    return beta < 1 ? 1 / (1 - loom_integer_power(beta, (double)n)) : 1;
}

int loom_apply(const loom_model *m, void *instance, loom_optimiser *o, void *memory, size_t size)
{
    if (!m || !instance || !o || !memory)
        return LOOM_E_ARGUMENT;
    int status = check(m, o, size);
    if (status < 0)
        return status;
    step s = {o, o->rate, correction(o->beta1, o->step + 1), correction(o->beta2, o->step + 1), 0};
    char *at = (char *)memory;
    for (int i = 0; i < m->n_tensors; i++) {
        int k = m->tensors[i].role == LOOM_GRADIENT ? parameter_of(m, i) : -1;
        size_t n = m->tensors[i].size, bytes = n * loom_type_size((int)m->type);
        if (k < 0)
            continue;
        s.decays = m->tensors[k].rank > 1;
        if (m->type == LOOM_F32)
            apply_f32(&s, m->data(m, instance, k), m->data(m, instance, i), at, at + bytes, n);
        else
            apply_f64(&s, m->data(m, instance, k), m->data(m, instance, i), at, at + bytes, n);
        at += 2 * bytes;
    }
    o->step++;
    return LOOM_OK;
}

#else

static REAL R(sgd)(const loom_optimiser *o, REAL g, REAL *v)
{
    if (o->momentum == 0)
        return g;
    REAL kept = (REAL)o->momentum * *v, added = (REAL)(1 - o->dampening) * g;
    *v = kept + added;
    REAL ahead = (REAL)o->momentum * *v;
    return o->nesterov ? g + ahead : *v;
}

static REAL R(adamw)(const step *s, REAL w, REAL g, REAL *m, REAL *v)
{
    const loom_optimiser *o = s->o;
    REAL kept = (REAL)o->beta1 * *m, added = (REAL)(1 - o->beta1) * g;
    *m = kept + added;
    kept = (REAL)o->beta2 * *v;
    added = (REAL)(1 - o->beta2) * (g * g);
    *v = kept + added;
    REAL u = *m * (REAL)s->correct1 / (R(loom_sqrt)(*v * (REAL)s->correct2) + (REAL)o->epsilon);
    REAL decay = (REAL)o->decay * w;
    return s->decays ? u + decay : u;
}

static REAL R(rmsprop)(const loom_optimiser *o, REAL g, REAL *v, REAL *b)
{
    REAL kept = (REAL)o->alpha * *v, added = (REAL)(1 - o->alpha) * (g * g);
    *v = kept + added;
    REAL u = g / R(loom_sqrt)(*v + (REAL)o->epsilon);
    if (o->momentum == 0)
        return u;
    kept = (REAL)o->momentum * *b;
    return *b = kept + u;
}

static void R(apply)(const step *s, void *weights, const void *gradients, void *first, void *second, size_t n)
{
    REAL *w = (REAL *)weights, *a = (REAL *)first, *b = (REAL *)second;
    const REAL *g = (const REAL *)gradients;
    for (size_t i = 0; i < n; i++) {
        REAL u = s->o->kind == LOOM_SGD     ? R(sgd)(s->o, g[i], a + i)
                 : s->o->kind == LOOM_ADAMW ? R(adamw)(s, w[i], g[i], a + i, b + i)
                                            : R(rmsprop)(s->o, g[i], a + i, b + i);
        REAL less = (REAL)s->rate * u;
        w[i] = w[i] - less;
    }
}

#endif
