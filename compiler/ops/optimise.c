/* optimise.c - one step of an optimiser: changes a parameter and what the optimiser remembers of it.
 *
 * With g the gradient, r the learning rate, m and v the memory (zeros at first), products rounded before they
 * are added:
 *     sgd       m = momentum * m + (1 - dampening) * g;  w = w - r * m      (without momentum w - r * g)
 *     nesterov  the same m;                              w = w - r * (g + momentum * m)
 *     adam      m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * (g * g)
 *               u = (m * c1) / (sqrt(v * c2) + epsilon), c = 1 / (1 - beta^t);  w = w - r * u
 *     adamw     the same u;  w = w - r * (u + decay * w)
 *     rmsprop   v = alpha * v + (1 - alpha) * (g * g);  u = g / sqrt(v + epsilon);  w = w - r * u
 *               with momentum m = momentum * m + u;  w = w - r * m
 * Weight decay, other than adamw's: g = g + decay * w first. Constants such as 1 - beta1 are computed in
 * binary64 and rounded once. */
#ifndef REAL
#include "ops.h"

#include "../../runtime/loom_math.h"

#define KERNEL_FILE "optimise.c"
#include "kernel.h"

static const attr_def attrs[] = {
    {"kind", ATTR_INT, offsetof(optimise_attr, kind), 0},
    {"momentum", ATTR_REAL, offsetof(optimise_attr, momentum), 0},
    {"dampening", ATTR_REAL, offsetof(optimise_attr, dampening), 0},
    {"beta1", ATTR_REAL, offsetof(optimise_attr, beta1), 0},
    {"beta2", ATTR_REAL, offsetof(optimise_attr, beta2), 0},
    {"alpha", ATTR_REAL, offsetof(optimise_attr, alpha), 0},
    {"epsilon", ATTR_REAL, offsetof(optimise_attr, epsilon), 0},
    {"decay", ATTR_REAL, offsetof(optimise_attr, decay), 0},
    {0}};

const op_type op_optimise = {
    .name = "optimise",
    .doc = "one step of an optimiser for one parameter",
    .flags = OP_UPDATE,
    .attrs = attrs,
    .eval = KERNELS(optimise),
};

static tensor_id memory_of(graph *g, tensor_id w, const char *what)
{
    tensor_id t = tensor_new(g, TENSOR_MEMORY, *tensor_shape(g, w), arena_printf(g->arena, "%s_%s", g->tensors[w].name, what));
    g->tensors[t].owner = g->tensors[w].owner;
    return t;
}

void optimise(graph *g, tensor_id w, tensor_id dw, tensor_id rates, optimise_attr a)
{
    bool adam = a.kind == OPT_ADAM || a.kind == OPT_ADAMW;
    tensor_id m = adam || a.momentum != 0 ? memory_of(g, w, "m") : 0;
    tensor_id v = adam || a.kind == OPT_RMSPROP ? memory_of(g, w, "v") : 0;
    op_new(g, &op_optimise, &a, sizeof a, *tensor_shape(g, w), 5, (tensor_id[]){w, dw, rates, m, v});
}

#else

/* What the learning rate is multiplied with; w is the parameter, d its gradient. */
static REAL R(sgd_step)(const optimise_attr *at, REAL d, REAL *m)
{
    if (!m)
        return d;
    REAL kept = (REAL)at->momentum * *m, added = (REAL)(1 - at->dampening) * d;
    *m = kept + added;
    if (at->kind != OPT_NESTEROV)
        return *m;
    REAL ahead = (REAL)at->momentum * *m;
    return d + ahead;
}

static REAL R(adam_step)(const optimise_attr *at, const REAL *rates, REAL w, REAL d, REAL *m, REAL *v)
{
    REAL kept = (REAL)at->beta1 * *m, added = (REAL)(1 - at->beta1) * d;
    *m = kept + added;
    kept = (REAL)at->beta2 * *v;
    added = (REAL)(1 - at->beta2) * (d * d);
    *v = kept + added;
    REAL u = *m * rates[1] / (R(loom_sqrt)(*v * rates[2]) + (REAL)at->epsilon);
    if (at->kind == OPT_ADAM)
        return u;
    REAL decay = (REAL)at->decay * w;
    return u + decay;
}

static REAL R(rmsprop_step)(const optimise_attr *at, REAL d, REAL *m, REAL *v)
{
    REAL kept = (REAL)at->alpha * *v, added = (REAL)(1 - at->alpha) * (d * d);
    *v = kept + added;
    REAL u = d / R(loom_sqrt)(*v + (REAL)at->epsilon);
    if (!m)
        return u;
    kept = (REAL)at->momentum * *m;
    return *m = kept + u;
}

static void R(optimise)(const eval_args *e)
{
    const optimise_attr *at = e->attr;
    const REAL *dw = e->in[1], *rates = e->in[2];
    REAL *w = e->state[0], *m = e->state[3], *v = e->state[4];
    for (int64_t i = 0; i < shape_size(e->in_shape[0]); i++) {
        REAL d = dw[i], more = (REAL)at->decay * w[i], u;
        if (at->decay != 0 && at->kind != OPT_ADAMW)
            d = d + more;
        if (at->kind == OPT_ADAM || at->kind == OPT_ADAMW)
            u = R(adam_step)(at, rates, w[i], d, m + i, v + i);
        else if (at->kind == OPT_RMSPROP)
            u = R(rmsprop_step)(at, d, m ? m + i : NULL, v + i);
        else
            u = R(sgd_step)(at, d, m ? m + i : NULL);
        REAL less = rates[0] * u;
        w[i] = w[i] - less;
    }
}

#endif
