/* compile.c - the pipeline, and the commands that are little more than it. */
#include "loomc.h"

#include <string.h>

static bool dumps(session *s, const char *stage) { return s->opt->dump && strcmp(s->opt->dump, stage) == 0; }

/* One pass over the graph, checked, and printed when --dump names it. */
#define PASS(name)                         \
    do {                                   \
        pass_##name(s, g);                 \
        graph_check(g);                    \
        if (dumps(s, #name))               \
            graph_dump(g, stderr);         \
    } while (0)

/* From text to plan. *reference gets the graph as it was lowered, which the interpreter runs. */
plan *compile_network(session *s, const options *o, graph **reference, source *net_src, source *weights_src)
{
    if (!file_read(s, o->net, net_src))
        return NULL;
    network *net = network_read(s, net_src);
    if (!net)
        return NULL;
    if (o->weights && !(file_read(s, o->weights, weights_src) && network_weights(s, net, weights_src)))
        return NULL;
    precision p = o->has_precision ? o->precision : net->precision;
    *reference = network_lower(s, net, p, false);
    if (!*reference)
        return NULL;
    graph *g = network_lower(s, net, p, false);
    if (dumps(s, "lower"))
        graph_dump(g, stderr);
    PASS(fold);
    PASS(fuse);
    PASS(pad);
    plan *pl = plan_build(s, g);
    pl->params = 0;
    for (int t = 1; t < (*reference)->n_tensors; t++)
        if ((*reference)->tensors[t].is_param)
            pl->params += shape_size(&(*reference)->tensors[t].shape);
    if (dumps(s, "plan"))
        plan_dump(pl, stderr);
    return pl;
}

int command_compile(session *s)
{
    source net, weights = {0};
    graph *reference;
    plan *p = compile_network(s, s->opt, &reference, &net, &weights);
    return p && emit_model(s, p, &net, s->opt->weights ? &weights : NULL) ? 0 : 1;
}

static bool read_input(session *s, const graph *g, const char *path, void *out)
{
    source src;
    if (!file_read(s, path, &src))
        return false;
    json *j = json_read(s, &src);
    const json *values = j && j->kind == JSON_OBJECT ? json_get(j, "input") : j;
    if (j && !values)
        diag(s, DIAG_ERROR, j, "the input must be a list of numbers, or {\"input\": [...]}");
    return values && json_reals(s, values, g->precision, out, tensor_shape(g, g->input), "the input");
}

static void print_output(text *t, const graph *g, const void *data)
{
    const shape *sh = tensor_shape(g, g->output);
    text_printf(t, "{\"shape\":%s,\"output\":[", shape_text(t->arena, sh));
    for (int64_t i = 0; i < shape_size(sh); i++) {
        char number[40];
        print_real(number, g->precision, (const char *)data + (size_t)i * real_size(g->precision));
        bool finite = number[0] != 'N' && number[0] != 'I' && number[1] != 'I';
        text_printf(t, finite ? "%s%s" : "%s\"%s\"", i ? "," : "", number);
    }
    text_printf(t, "]}\n");
}

int command_run(session *s)
{
    source net, weights;
    graph *g;
    if (!compile_network(s, s->opt, &g, &net, &weights))
        return 1;
    void *in = arena_array(&s->arena, shape_size(tensor_shape(g, g->input)), real_size(g->precision));
    void *out = arena_array(&s->arena, shape_size(tensor_shape(g, g->output)), real_size(g->precision));
    if (!read_input(s, g, s->opt->input, in))
        return 1;
    interp *it = interp_new(s, g);
    interp_run(it, in, out);
    text t = {.arena = &s->arena};
    print_output(&t, g, out);
    return file_write(s, s->opt->out ? s->opt->out : "-", t.s, t.n) ? 0 : 1;
}

/* ---- init: a bundle with the weights that the seed gives --------------------------------------------------- */

static void base64_add(text *t, const char *data, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned b = (unsigned char)data[i] * 65536u + (i + 1 < n ? (unsigned char)data[i + 1] * 256u : 0) +
                     (i + 2 < n ? (unsigned char)data[i + 2] : 0);
        char four[4] = {digits[b >> 18], digits[b >> 12 & 63], i + 1 < n ? digits[b >> 6 & 63] : '=', i + 2 < n ? digits[b & 63] : '='};
        text_add(t, four, 4);
    }
}

/* Parameters were named path_key, in the order in which their layer asked for them. */
static void weights_of(text *t, const graph *g, const layer *l)
{
    size_t n = strlen(l->path);
    const char *comma = "";
    text_printf(t, "{");
    for (int i = 1; i < g->n_tensors; i++) {
        const tensor *x = &g->tensors[i];
        if (x->kind != TENSOR_CONST || !x->is_param || x->owner != l)
            continue;
        text_printf(t, "%s\"%s\":[", comma, x->name + n + 1);
        for (int64_t k = 0; k < shape_size(&x->shape); k++) {
            char number[40];
            print_real(number, g->precision, (const char *)x->data + (size_t)k * real_size(g->precision));
            text_printf(t, k ? ",%s" : "%s", number);
        }
        text_printf(t, "]");
        comma = ",";
    }
    if (l->gate) {
        text_printf(t, "%s\"filter_gate\":", comma);
        weights_of(t, g, l->gate);
        comma = ",";
    }
    if (l->n_children) {
        text_printf(t, "%s\"branch_weights\":[", comma);
        for (const layer *c = l->children; c; c = c->next) {
            weights_of(t, g, c);
            text_printf(t, c->next ? "," : "]");
        }
    }
    text_printf(t, "}");
}

int command_init(session *s)
{
    source net, weights;
    graph *g;
    if (!compile_network(s, s->opt, &g, &net, &weights))
        return 1;
    text inner = {.arena = &s->arena}, t = {.arena = &s->arena};
    text_printf(&inner, "{\"type\":\"%s\",\"dtype\":\"\",\"layers\":[", g->precision == F32 ? "float32" : "float64");
    for (const layer *l = g->net->layers; l; l = l->next) {
        weights_of(&inner, g, l);
        text_printf(&inner, l->next ? "," : "");
    }
    text_printf(&inner, "]}");
    text_printf(&t, "{\n  \"type\": \"modelhost/bundle\",\n  \"version\": 1,\n  \"producer\": \"loom-c\",\n  \"models\": [\n    {\n"
                    "      \"id\": \"%s\",\n      \"cfg\": ", g->net->id);
    text_add(&t, g->net->at->src->text + g->net->at->at.at, g->net->at->at.len);
    text_printf(&t, ",\n      \"weights\": {\n        \"fmt\": \"jsonModelB64\",\n        \"data\": \"");
    base64_add(&t, inner.s, inner.n);
    text_printf(&t, "\"\n      }\n    }\n  ]\n}\n");
    return file_write(s, s->opt->out ? s->opt->out : "-", t.s, t.n) ? 0 : 1;
}
