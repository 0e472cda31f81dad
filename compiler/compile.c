/* compile.c - the pipeline, and the commands that are little more than it. */
#include "loomc.h"

#include <string.h>

static bool dumps(session *s, const char *stage) { return s->opt->dump && strcmp(s->opt->dump, stage) == 0; }

/* One pass over the graph, checked, and printed when --dump names it. */
#define PASS(name)                         \
    do {                                   \
        pass_##name(g);                    \
        graph_check(g);                    \
        if (dumps(s, #name))               \
            graph_dump(g, stderr);         \
    } while (0)

network *read_network(session *s, source *net_src, source *weights_src)
{
    const options *o = s->opt;
    if (!file_read(s, o->net, net_src))
        return NULL;
    network *net = network_read(s, net_src);
    if (!net)
        return NULL;
    if (o->weights && !(file_read(s, o->weights, weights_src) && network_weights(s, net, weights_src)))
        return NULL;
    return net;
}

/* From text to plan. *reference gets the graph as it was lowered, which the interpreter runs. */
plan *compile_network(session *s, const options *o, graph **reference, source *net_src, source *weights_src)
{
    network *net = read_network(s, net_src, weights_src);
    if (!net)
        return NULL;
    precision p = o->has_precision ? o->precision : net->precision;
    *reference = network_lower(s, net, p, LOWER_FIXED);
    if (!*reference)
        return NULL;
    graph *g = network_lower(s, net, p, LOWER_FIXED);
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
    interp *it = interp_new(&s->arena, g);
    interp_run(it, in, out);
    text t = {.arena = &s->arena};
    print_output(&t, g, out);
    return file_write(s, s->opt->out ? s->opt->out : "-", t.s, t.n) ? 0 : 1;
}

int command_init(session *s)
{
    source net, weights;
    graph *g;
    if (!compile_network(s, s->opt, &g, &net, &weights))
        return 1;
    return bundle_write(s, g, s->opt->out ? s->opt->out : "-") ? 0 : 1;
}
