/* engine.c - a network behind the C-ABI (runtime/loom.h), run by the interpreter.
 *
 * The model holds one graph that infers and, when it trains, one of a training step. An instance has an arena of its own
 * with both interpreters; the weights of the two are the same memory. */
#include "quantise.h"

#include <string.h>

/* Where a tensor of the model is in the two graphs; 0 where it is not. */
typedef struct place {
    tensor_id infer, train;
} place;

typedef struct engine {
    loom_model model;
    const graph *infer, *train; /* train is NULL when it does not */
    training t;
    loom_tensor *tensors;
    place *places;
} engine;

typedef struct instance {
    arena arena;
    const engine *e;
    interp *infer, *train;
    void **data; /* per tensor of the model */
    loom_progress progress;
} instance;

static instance *self(void *at) { return *(instance **)at; }

/* ---- instances ----------------------------------------------------------------------------------------------- */

static void build_instance(void *arg)
{
    instance *x = arg;
    const engine *e = x->e;
    x->infer = interp_new(&x->arena, e->infer);
    x->train = e->train ? interp_new(&x->arena, e->train) : NULL;
    x->data = arena_array(&x->arena, e->model.n_tensors, sizeof *x->data);
    for (int i = 0; i < e->model.n_tensors; i++) {
        place p = e->places[i];
        x->data[i] = p.infer ? interp_value(x->infer, p.infer) : interp_value(x->train, p.train);
        if (p.infer && p.train)
            interp_share(x->train, p.train, x->data[i]);
    }
    x->progress.schedule = e->t.schedule;
}

static int start(const loom_model *m, void *at)
{
    instance *x = memory(NULL, sizeof *x);
    *(instance **)at = x;
    if (!x)
        return LOOM_E_MEMORY;
    *x = (instance){.e = m->context};
    if (arena_protect(&x->arena, build_instance, x))
        return LOOM_OK;
    m->end(m, at);
    return LOOM_E_MEMORY;
}

static void end(const loom_model *m, void *at)
{
    instance *x = self(at);
    (void)m;
    if (x) {
        arena_free(&x->arena);
        memory(x, 0);
    }
    *(instance **)at = NULL;
}

static void reset(const loom_model *m, void *at)
{
    (void)m;
    interp_reset(self(at)->infer);
}

static void *data(const loom_model *m, void *at, int i)
{
    return i >= 0 && i < m->n_tensors ? self(at)->data[i] : NULL;
}

static loom_progress *progress(const loom_model *m, void *at)
{
    (void)m;
    return &self(at)->progress;
}

/* ---- runs ---------------------------------------------------------------------------------------------------- */

static int forward(const loom_model *m, void *at, const void *input, void *output)
{
    (void)m;
    instance *x = self(at);
    interp_run(x->infer, input, output, x->progress.calls);
    x->progress.calls++;
    return LOOM_OK;
}

static void run_backward(instance *x, const void *input, const void *target, void *loss)
{
    const graph *g = x->e->train;
    memcpy(interp_value(x->train, g->input), input, tensor_bytes(g, g->input));
    memcpy(interp_value(x->train, g->target), target, tensor_bytes(g, g->target));
    interp_steps(x->train, 0, g->n_backward, x->progress.batches);
    memcpy(loss, interp_value(x->train, g->loss), real_size(g->precision));
    x->progress.batches++;
    x->progress.pending++;
}

static void run_update(instance *x)
{
    const graph *g = x->e->train;
    double rates[4];
    loom_rates(&x->progress, x->e->t.beta1, x->e->t.beta2, rates);
    for (int i = 0; i < 4; i++)
        real_set(g->precision, interp_value(x->train, g->rates), i, rates[i]);
    interp_steps(x->train, g->n_backward, g->n_ops, 0);
    x->progress.pending = 0;
    x->progress.steps++;
}

static int train(const loom_model *m, void *at, const void *input, const void *target, void *loss)
{
    (void)m;
    instance *x = self(at);
    run_backward(x, input, target, loss);
    if (x->progress.pending >= (uint64_t)x->e->t.accumulate)
        run_update(x);
    return LOOM_OK;
}

static int keep_gradient(const loom_model *m, void *at, const void *input, const void *target, void *loss)
{
    (void)m;
    run_backward(self(at), input, target, loss);
    return LOOM_OK;
}

static int update(const loom_model *m, void *at)
{
    (void)m;
    run_update(self(at));
    return LOOM_OK;
}

const void *engine_value(void *at, tensor_id t) { return interp_value(self(at)->train, t); }

/* ---- the model ----------------------------------------------------------------------------------------------- */

/* Where the weights of `wanted` stand in a bundle, when it is l, whose weights stand `here`, or within it; else NULL. */
static const char *place_within(arena *a, const layer *l, const layer *wanted, const char *here)
{
    if (l == wanted)
        return here;
    const char *found = l->gate ? place_within(a, l->gate, wanted, arena_printf(a, "%s/filter_gate", here)) : NULL;
    int i = 0;
    for (const layer *c = l->children; c && !found; c = c->next)
        found = place_within(a, c, wanted, arena_printf(a, "%s/branch_weights/%d", here, i++));
    return found;
}

static const char *bundle_place(arena *a, const layer *first, const layer *wanted)
{
    const char *found = NULL;
    int i = 0;
    for (const layer *l = first; l && !found; l = l->next)
        found = place_within(a, l, wanted, arena_printf(a, "%d", i++));
    return found;
}

static int role_of(const engine *e, const tensor *x)
{
    if (x->kind == TENSOR_PARAM)
        return e->train && x->owner->frozen ? LOOM_FROZEN : LOOM_PARAM;
    return x->kind == TENSOR_STATE ? LOOM_STATE : x->kind == TENSOR_MEMORY ? LOOM_MEMORY : LOOM_GRADIENT;
}

static void add_tensor(engine *e, const graph *g, tensor_id t, place p)
{
    const tensor *x = &g->tensors[t];
    int i = e->model.n_tensors++;
    loom_tensor *y = &e->tensors[i];
    size_t skip = x->owner ? strlen(x->owner->path) + 1 : 0;
    *y = (loom_tensor){.name = x->name, .layer = "", .key = x->name + skip, .place = "", .role = role_of(e, x), .rank = x->shape.rank,
                       .size = (size_t)shape_size(&x->shape)};
    if (x->owner) {
        y->layer = x->owner->path;
        y->place = bundle_place(g->arena, g->net->layers, x->owner);
    }
    memcpy(y->dim, x->shape.dim, sizeof y->dim);
    e->places[i] = p;
}

/* Parameters have the same order in both graphs, since the same layers ask for them. */
static void list_tensors(engine *e)
{
    tensor_id u = 1;
    for (int t = 1; t < e->infer->n_tensors; t++) {
        tensor_kind kind = e->infer->tensors[t].kind;
        if ((kind != TENSOR_PARAM && kind != TENSOR_STATE) || is_integer(e->infer->tensors[t].type))
            continue;
        while (e->train && kind == TENSOR_PARAM && e->train->tensors[u].kind != TENSOR_PARAM)
            u++;
        add_tensor(e, e->infer, t, (place){t, e->train && kind == TENSOR_PARAM ? u++ : 0});
    }
    for (int t = 1; e->train && t < e->train->n_tensors; t++)
        if (e->train->tensors[t].kind == TENSOR_MEMORY || e->train->tensors[t].kind == TENSOR_GRADIENT)
            add_tensor(e, e->train, t, (place){0, t});
}

static void fill_model(session *s, engine *e, const network *net)
{
    loom_model *m = &e->model;
    const shape *in = tensor_shape(e->infer, e->infer->input), *out = tensor_shape(e->infer, e->infer->output);
    m->abi = LOOM_ABI;
    m->type = e->infer->precision == F64 ? LOOM_F64 : LOOM_F32; /* integers are fed with float32 */
    m->id = net->id;
    m->description = network_description(s, net);
    m->batch = net->batch;
    m->input_rank = in->rank;
    m->output_rank = out->rank;
    memcpy(m->input_dim, in->dim, sizeof m->input_dim);
    memcpy(m->output_dim, out->dim, sizeof m->output_dim);
    m->input_size = (size_t)shape_size(in);
    m->output_size = (size_t)shape_size(out);
    m->instance_size = sizeof(instance *);
    m->tensors = e->tensors;
    m->context = e;
    m->init = start;
    m->end = end;
    m->reset = reset;
    m->forward = forward;
    m->data = data;
    m->progress = progress;
    m->train = e->train ? train : NULL;
    m->backward = e->train && e->t.accumulate ? keep_gradient : NULL;
    m->update = m->backward ? update : NULL;
}

/* A network of integers, with float32 as input and output. */
static const graph *integer_graph(session *s, const network *net, precision p)
{
    const graph *f = real_twin(s, net);
    const range *ranges = f ? ranges_of(s, f) : NULL;
    return ranges ? quantise(s, f, ranges, p, true) : NULL;
}

const loom_model *engine_model(session *s, const network *net, precision p, const training *t)
{
    engine *e = arena_alloc(&s->arena, sizeof *e);
    e->infer = is_integer(p) ? integer_graph(s, net, p) : network_lower(s, net, p, LOWER_MUTABLE);
    e->train = e->infer && t ? training_graph(s, net, p, t) : NULL;
    if (!e->infer || (t && !e->train))
        return NULL;
    if (t)
        e->t = *t;
    int most = e->infer->n_tensors + (e->train ? e->train->n_tensors : 0);
    e->tensors = arena_array(&s->arena, most, sizeof *e->tensors);
    e->places = arena_array(&s->arena, most, sizeof *e->places);
    list_tensors(e);
    fill_model(s, e, net);
    return &e->model;
}
