/* panels.c - the weights of a plan, and how matrices are stored for the kernels that read them. */
#include "plan.h"

#include <string.h>

/* ---- panels ------------------------------------------------------------------------------------------------ */

int64_t panel_width(const graph *g) { return g->panel; }

int64_t plan_align(const graph *g) { return !is_integer(g->precision) ? g->panel : g->panel == 1 ? 8 : 64; }

/* With `together` panels are [k / together][column][together], and each `run` terms are filled up with zeros to whole groups.
 * With `inner` term k is taken from k / inner * sk + k % inner * si. Where term k goes among them: */
static int64_t term_place(const pack *p, int64_t k)
{
    int64_t t = p->together;
    return t ? k / p->run * ((p->run + t - 1) / t * t) + k % p->run : k;
}

/* And where within its group: of four the even ones come first, as one instruction of ARM widens them. */
static int64_t in_group(int64_t at, int64_t t)
{
    return t == 4 ? at % 4 % 2 * 2 + at % 4 / 2 : at % t;
}

int64_t pack_terms(const pack *p)
{
    int64_t t = p->together;
    return t ? p->k / p->run * ((p->run + t - 1) / t * t) : p->k;
}

int64_t pack_size(const graph *g, const pack *k)
{
    int64_t w = panel_width(g);
    return k->groups * ((k->n + w - 1) / w) * pack_terms(k) * w;
}

/* Where element (g, k, n) goes. */
static int64_t pack_index(const pack *p, int64_t w, int64_t g, int64_t k, int64_t n)
{
    int64_t panels = (p->n + w - 1) / w;
    if (p->interleaved)
        return ((n / w * p->k + k) * p->groups + g) * w + n % w;
    int64_t width = w * p->wide, terms = pack_terms(p), t = p->together ? p->together : 1, at = term_place(p, k);
    return g * panels * w * terms + n / width * width * terms + at / t * t * width + n % width * t + in_group(at, t);
}

static int64_t pack_source(const pack *p, int64_t g, int64_t k, int64_t n)
{
    return g * p->sg + n * p->sn + (p->inner ? k / p->inner * p->sk + k % p->inner * p->si : k * p->sk);
}

void pack_fill(const graph *g, precision p, const pack *k, const void *from, void *to)
{
    int64_t w = panel_width(g);
    for (int64_t b = 0; b < k->groups; b++)
        for (int64_t i = 0; i < k->k; i++)
            for (int64_t n = 0; n < k->n; n++) {
                int64_t at = pack_index(k, w, b, i, n), first = pack_source(k, b, i, n);
                if (is_integer(p))
                    int_set(p, to, at, int_get(p, from, first));
                else
                    real_set(p, to, at, real_get(p, from, first));
            }
}

int64_t pack_wide(const graph *g, int64_t n, bool few_rows)
{
    int64_t panels = (n + panel_width(g) - 1) / panel_width(g), wide = few_rows || g->panel == 1 ? 8 : 1;
    while (panels % wide)
        wide /= 2;
    return wide;
}

/* ---- the list of weights ------------------------------------------------------------------------------------ */

static bool same_weight(const weight *w, const tensor *t, const pack *k)
{
    if (w->packed != (k != NULL) || (k && memcmp(&w->pack, k, sizeof *k) != 0))
        return false;
    return w->tensor == t || (strcmp(w->tensor->name, t->name) == 0 && shape_equal(&w->tensor->shape, &t->shape) &&
                              w->tensor->stored == t->stored &&
                              memcmp(w->tensor->data, t->data, (size_t)shape_size(&t->shape) * real_size(t->type)) == 0);
}

const weight *plan_weight(const plan *p, const tensor *t, const pack *k)
{
    for (int i = 0; i < p->n_weights; i++)
        if (same_weight(&p->weights[i], t, k))
            return &p->weights[i];
    return NULL;
}

static void add_weight(plan *p, tensor_id id, const pack *k)
{
    arena *a = p->g->arena;
    const tensor *t = &p->g->tensors[id];
    if (plan_weight(p, t, k))
        return;
    int64_t n = shape_size(&t->shape), real = (int64_t)real_size(t->stored);
    int64_t align = is_integer(p->g->precision) ? 8 / real : panel_width(p->g);
    align = align * real < p->unit ? p->unit / real : align;
    weight w = {.tensor = t, .packed = k != NULL, .name = t->name, .size = k ? pack_size(p->g, k) : n};
    if (k)
        w.pack = *k;
    for (int i = 0; i < p->n_weights; i++)
        if (strcmp(p->weights[i].name, w.name) == 0)
            w.name = arena_printf(a, "%s_%d", w.name, p->n_weights);
    w.size = (w.size + align - 1) / align * align;
    w.offset = p->weights_size;
    p->weights_size += (w.size * real + p->unit - 1) / p->unit;
    p->weights[p->n_weights++] = w;
}

static void step_weights(plan *p, const step *st)
{
    const graph *g = p->g;
    if (st->is_copy) {
        const buffer *from = &p->buffers[st->copy_from.buffer];
        if (from->kind == BUFFER_CONST)
            add_weight(p, from->tensor, NULL);
        return;
    }
    const op *o = st->op;
    p->macs += o->type->macs ? o->type->macs(g, o) : 0;
    for (int k = 0; k < o->n_in; k++) {
        pack pk = {0};
        if (o->in[k] && g->tensors[o->in[k]].kind == TENSOR_CONST)
            add_weight(p, o->in[k], o->type->pack && o->type->pack(g, o, k, &pk) ? &pk : NULL);
    }
    for (int k = 0; k < o->n_chain; k++)
        if (o->chain[k].operand && g->tensors[o->chain[k].operand].kind == TENSOR_CONST)
            add_weight(p, o->chain[k].operand, NULL);
}

/* Establishes p->weights. Weights that can change are among them: what an instance starts with. */
void plan_weights(plan *p, session *s, const plan *first)
{
    const graph *g = p->g;
    int64_t most = g->n_tensors + (first ? first->n_weights : 0);
    for (int i = 0; i < g->n_ops; i++)
        most += g->ops[i].n_in + g->ops[i].n_chain;
    p->weights = arena_array(&s->arena, most, sizeof *p->weights);
    for (int i = 0; first && i < first->n_weights; i++)
        p->weights[p->n_weights++] = first->weights[i];
    p->weights_size = first ? first->weights_size : 0;
    for (int t = 1; t < g->n_tensors; t++)
        if (g->tensors[t].kind == TENSOR_PARAM)
            add_weight(p, t, NULL);
    for (int i = 0; i < p->n_steps; i++)
        step_weights(p, &p->steps[i]);
}

