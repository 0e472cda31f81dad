/* lower.c - from layers to ops: the walk over the layers, and what a layer's `lower` calls.
 *
 * A layer checks its fields and the shape that it gets, and appends ops; errors point at its place in
 * the description. Weights come from the bundle or, without one, from the generator of the seed. */
#include "target.h"
#include "weights.h"

#include "ops/ops.h"

#include "../runtime/loom_random.h"

#include <string.h>

/* The graph is made for one session; it is kept in front of it so that layers need not carry it. */
typedef struct lowering {
    graph g;
    session *s;
} lowering;

session *graph_session(const graph *g) { return ((const lowering *)(const void *)g)->s; }

static const char *layer_words(const graph *g, const layer *l)
{
    const json *name = json_get(l->at, "name");
    bool named = name && name->kind == JSON_STRING;
    return named ? arena_printf(g->arena, "%s '%s'", l->type->name, l->name) : l->type->name;
}

static const json *layer_place(const layer *l)
{
    const json *type = json_get(l->at, "type");
    return type ? type : l->at;
}

static void print_error(graph *g, const layer *l, const json *at, const char *fmt, va_list ap)
{
    char message[512];
    vsnprintf(message, sizeof message, fmt, ap);
    diag(graph_session(g), DIAG_ERROR, at ? at : layer_place(l), "%s: %s", layer_words(g, l), message);
}

void layer_error_at(graph *g, const layer *l, const json *at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    print_error(g, l, at, fmt, ap);
    va_end(ap);
}

void layer_error(graph *g, const layer *l, const char *key, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    print_error(g, l, key ? layer_json(l, key) : NULL, fmt, ap);
    va_end(ap);
}

/* Where the shape that the layer got comes from. */
static void input_note(graph *g)
{
    const tensor *x = &g->tensors[g->layer_input];
    const layer *from = x->kind == TENSOR_VALUE ? g->ops[x->op].layer : NULL;
    shape s = sample_shape(g, g->layer_input);
    const json *given = json_get(json_get(g->net->at, "input"), "shape");
    if (from)
        diag(graph_session(g), DIAG_NOTE, layer_place(from), "%s comes from %s", shape_text(g->arena, &s),
             from == g->layer ? "here" : layer_words(g, from));
    else if (given)
        diag(graph_session(g), DIAG_NOTE, given, "%s is the network's input", shape_text(g->arena, &s));
}

void shape_error(graph *g, const layer *l, const char *key, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    print_error(g, l, key ? layer_json(l, key) : NULL, fmt, ap);
    va_end(ap);
    input_note(g);
}

shape sample_shape(const graph *g, tensor_id x)
{
    shape s = *tensor_shape(g, x), out = {.rank = s.rank - 1};
    memcpy(out.dim, s.dim + 1, (size_t)out.rank * sizeof *out.dim);
    return out;
}

static uint64_t name_hash(const char *s)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3u;
    return h;
}

/* Uniform in [-scale, scale], from the seed and the parameter's name: independent of all others. */
static void initialise(const graph *g, const char *name, void *data, int64_t n, double scale, double fill)
{
    uint64_t stream = name_hash(name);
    for (int64_t i = 0; i < n; i++) {
        double v = fill;
        if (scale > 0) {
            double u = (double)(loom_random_u64(g->net->seed, stream, 0, (uint64_t)i) >> 11) * 0x1p-53;
            v = (2 * u - 1) * scale;
        }
        real_set(g->precision, data, i, v);
    }
}

tensor_id param(graph *g, const layer *l, const char *key, const char *alias, shape sh, double scale, double fill)
{
    const char *name = arena_printf(g->arena, "%s_%s", l->path, key);
    tensor_id t = tensor_new(g, g->mode == LOWER_FIXED ? TENSOR_CONST : TENSOR_PARAM, sh, name);
    if (!t)
        return 0;
    g->tensors[t].is_param = true;
    g->tensors[t].owner = l;
    g->tensors[t].trains = g->mode == LOWER_TRAINING && !l->frozen;
    g->tensors[t].decays = scale > 0;
    int64_t n = shape_size(&sh);
    void *data = g->tensors[t].data = arena_array(g->arena, n, real_size(g->precision));
    if (!weight_read(graph_session(g), l, key, alias, name, g->precision, &sh, data))
        initialise(g, name, data, n, scale, fill);
    return t;
}

tensor_id statistic(graph *g, const layer *l, const char *key, shape sh, double fill)
{
    tensor_id t = param(g, l, key, NULL, sh, 0, fill);
    g->tensors[t].trains = false;
    return t;
}

int layer_stream(const layer *l)
{
    uint32_t stream = 1;
    for (const char *p = l->path; *p; p++)
        stream = stream * 31 + (unsigned char)*p;
    return (int)(stream >> 1);
}

tensor_id state(graph *g, const layer *l, const char *key, shape sh)
{
    return tensor_new(g, TENSOR_STATE, sh, arena_printf(g->arena, "%s_%s", l->path, key));
}

static map_fn activation_fn(const layer *l)
{
    static const struct { const char *name; map_fn fn; } table[] = {
        {"linear", FN_copy}, {"identity", FN_copy}, {"relu", FN_relu}, {"leaky_relu", FN_leaky_relu},
        {"sigmoid", FN_sigmoid}, {"tanh", FN_tanh}, {"softplus", FN_softplus}, {"gelu", FN_gelu}, {"silu", FN_silu},
        {"elu", FN_elu}, {"hard_sigmoid", FN_hard_sigmoid}, {"hard_swish", FN_hard_swish}};
    const char *name = layer_string(l, "activation", "linear");
    for (int i = 0; i < COUNT(table); i++)
        if (strcmp(table[i].name, name) == 0)
            return table[i].fn;
    return N_MAP_FNS; /* scaled_relu, which is two ops */
}

static bool is_any(const char *word, const char *a, const char *b, const char *c, const char *d, const char *e)
{
    const char *const list[] = {a, b, c, d, e};
    for (int i = 0; i < COUNT(list); i++)
        if (strcmp(word, list[i]) == 0)
            return true;
    return false;
}

tensor_id activation(graph *g, const layer *l, tensor_id x)
{
    map_fn fn = activation_fn(l);
    /* The original knows four functions; every other word, "relu" and "linear" among them, is its scaled relu. */
    if (l->net->compat && !is_any(layer_string(l, "activation", "relu"), "sigmoid", "tanh", "softplus", "leaky_relu", "identity"))
        fn = N_MAP_FNS;
    if (fn == N_MAP_FNS)
        return map1(g, FN_relu, map1(g, FN_scale, x, 1.1), 0);
    if (fn == FN_copy)
        return x;
    return map1(g, fn, x, layer_number(l, "alpha", fn == FN_leaky_relu ? 0.1 : 1.0));
}

tensor_id lower_layer(graph *g, const layer *l, tensor_id x)
{
    const json *disabled = json_get(l->at, "disabled");
    if (!x || (disabled && disabled->kind == JSON_BOOL && disabled->flag))
        return x;
    const layer *outer = g->layer;
    tensor_id outer_input = g->layer_input;
    g->layer = l;
    g->layer_input = x;
    tensor_id y = l->type->lower(g, l, x);
    g->layer = outer;
    g->layer_input = outer_input;
    return y;
}

tensor_id lower_layers(graph *g, const layer *first, tensor_id x)
{
    for (const layer *l = first; l && x; l = l->next)
        x = lower_layer(g, l, x);
    return x;
}

bool infer_sequence(const layer *first, shape *s)
{
    return first && first->type->infer && first->type->infer(first, s);
}

graph *graph_new(session *s, const network *net, precision p)
{
    lowering *low = arena_alloc(&s->arena, sizeof *low);
    graph *g = &low->g;
    low->s = s;
    g->arena = &s->arena;
    g->precision = p;
    int64_t panel = s->target && s->target->panel_bytes ? s->target->panel_bytes : 64, real = is_integer(p) ? 4 : (int64_t)real_size(p);
    g->panel = panel > real ? panel / real : 1;
    g->net = net;
    return g;
}

graph *network_lower(session *s, const network *net, precision p, lower_mode mode)
{
    graph *g = graph_new(s, net, p);
    g->mode = mode;
    shape in = net->input;
    if (!net->has_input && !infer_sequence(net->layers, &in)) {
        const json *layers = json_get(net->at, "layers");
        diag(s, DIAG_ERROR, layers && layers->child ? layers->child : net->at,
             "the shape of the input is not known: give \"input\": {\"shape\": [...]} beside \"layers\"%s",
             net->layers ? arena_printf(&s->arena, " (a %s layer alone cannot tell it)", net->layers->type->name) : "");
        return NULL;
    }
    shape full = {.rank = in.rank + 1, .dim = {net->batch}};
    memcpy(full.dim + 1, in.dim, (size_t)in.rank * sizeof *in.dim);
    g->input = tensor_new(g, TENSOR_INPUT, full, "input");
    g->output = lower_layers(g, net->layers, g->input);
    if (s->diags.errors || !g->output || !weights_check(s, g))
        return NULL;
    graph_uses(g);
    graph_check(g);
    return g;
}
