/* compile.c - the pipeline, and the commands that are little more than it. */
#include "quantise.h"
#include "weights.h"
#include "target.h"

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

plan *graph_compile(session *s, graph *g, const plan *first)
{
    PASS(fold);
    PASS(broadcast);
    PASS(dead);
    PASS(fuse);
    PASS(pad);
    PASS(update);
    PASS(schedule);
    plan *p = plan_build(s, g, first);
    if (dumps(s, "plan"))
        plan_dump(p, stderr);
    return p;
}

bool choose_reals(session *s, const network *net, precision *p)
{
    bool given = s->opt->has_precision;
    *p = given ? s->opt->precision : real_of(net->precision);
    if (is_integer(*p))
        diag(s, DIAG_ERROR, NULL, "'%s' computes in reals: --precision takes f32 or f64 here, not %s", s->opt->command,
             precision_names[*p]);
    return !is_integer(*p);
}

static graph *lower_inference(session *s, const compiled *c)
{
    graph *g = network_lower(s, c->net, c->precision, s->opt->train ? LOWER_MUTABLE : LOWER_FIXED);
    if (g && s->opt->store)
        narrow_weights(g, s->opt->store);
    if (g && dumps(s, "lower"))
        graph_dump(g, stderr);
    return g;
}

/* Numbers in all weights. */
static int64_t count_params(const graph *g)
{
    int64_t n = 0;
    for (int t = 1; t < g->n_tensors; t++)
        n += g->tensors[t].is_param ? shape_size(&g->tensors[t].shape) : 0;
    return n;
}

/* The graph of reals that integers stand for, its ranges, and the graph of integers: the reference, and one for the passes. */
static bool compile_integers(session *s, compiled *c)
{
    if (s->opt->train) {
        diag(s, DIAG_ERROR, NULL, "networks of integers do not train: train in f32 or f64 and quantise the result");
        return false;
    }
    bool reals = s->opt->reals || s->opt->abi;
    c->twin = real_twin(s, c->net);
    const range *ranges = c->twin ? ranges_of(s, c->twin) : NULL;
    c->infer = ranges ? quantise(s, c->twin, ranges, c->precision, reals) : NULL;
    if (!c->infer)
        return false;
    c->params = count_params(c->twin);
    if (dumps(s, "quantise"))
        graph_dump(c->infer, stderr);
    c->infer_plan = graph_compile(s, quantise(s, c->twin, ranges, c->precision, reals), NULL);
    c->model = s->opt->abi ? engine_model(s, c->net, c->precision, NULL) : NULL;
    return s->diags.errors == 0;
}

static bool compile_training(session *s, compiled *c)
{
    c->training = training_read(s, c->net);
    c->train = s->diags.errors ? NULL : training_graph(s, c->net, c->precision, &c->training);
    if (!c->train)
        return false;
    c->train_plan = graph_compile(s, training_graph(s, c->net, c->precision, &c->training), c->infer_plan);
    return true;
}

/* From layers to plan. */
bool compile_layers(session *s, compiled *c)
{
    c->precision = s->opt->has_precision ? s->opt->precision : c->net->precision;
    if (is_integer(c->precision))
        return compile_integers(s, c);
    c->infer = lower_inference(s, c);
    if (!c->infer)
        return false;
    c->params = count_params(c->infer);
    c->infer_plan = graph_compile(s, lower_inference(s, c), NULL);
    if (s->opt->train && !compile_training(s, c))
        return false;
    c->model = s->opt->abi || s->opt->verify ? engine_model(s, c->net, c->precision, c->train ? &c->training : NULL) : NULL;
    return s->diags.errors == 0;
}

/* From text to plan. */
bool compile_network(session *s, compiled *c)
{
    c->net = read_network(s, &c->src, &c->weights_src);
    return c->net && (!s->opt->id || network_rename(s, c->net, s->opt->id)) && compile_layers(s, c);
}

/* What the target builds of its files. Without the tools for that the files are all there is, which is no error. */
static bool build_target(session *s)
{
    int code = s->script ? run_script(s, s->opt->out, -1) : 0;
    if (code == 3)
        diag(s, DIAG_NOTE, NULL, "nothing was built: later, 'sh %s' in %s does it", s->script, s->opt->out);
    else if (code != 0)
        diag(s, DIAG_ERROR, NULL, "the generated code does not build: 'sh %s' in %s ended with code %d", s->script, s->opt->out, code);
    return code == 0 || code == 3;
}

int command_compile(session *s)
{
    compiled c = {0};
    return compile_network(s, &c) && limits_check(s, &c) && emit_model(s, &c) && build_target(s) ? 0 : 1;
}

static bool read_input(session *s, const graph *g, const char *path, void *out)
{
    source src;
    precision p = g->tensors[g->input].type;
    if (!file_read(s, path, &src))
        return false;
    json *j = json_read(s, &src);
    const json *values = j && j->kind == JSON_OBJECT ? json_get(j, "input") : j;
    if (j && !values)
        diag(s, DIAG_ERROR, j, "the input must be a list of numbers, or {\"input\": [...]}");
    return values && json_reals(s, values, p, out, tensor_shape(g, g->input), "the input");
}

static void print_output(text *t, const graph *g, const void *data)
{
    const shape *sh = tensor_shape(g, g->output);
    text_printf(t, "{\"shape\":%s,\"output\":[", shape_text(t->arena, sh));
    for (int64_t i = 0; i < shape_size(sh); i++) {
        char number[40];
        precision p = g->tensors[g->output].type;
        print_real(number, p, (const char *)data + (size_t)i * real_size(p));
        bool finite = number[0] != 'N' && number[0] != 'I' && number[1] != 'I';
        text_printf(t, finite ? "%s%s" : "%s\"%s\"", i ? "," : "", number);
    }
    text_printf(t, "]}\n");
}

int command_run(session *s)
{
    compiled c = {0};
    if (!compile_network(s, &c))
        return 1;
    const graph *g = c.infer;
    void *in = arena_array(&s->arena, 1, tensor_bytes(g, g->input));
    void *out = arena_array(&s->arena, 1, tensor_bytes(g, g->output));
    if (!read_input(s, g, s->opt->input, in))
        return 1;
    interp *it = interp_new(&s->arena, g);
    interp_run(it, in, out, 0);
    text t = {.arena = &s->arena};
    print_output(&t, g, out);
    return file_write(s, s->opt->out ? s->opt->out : "-", t.s, t.n) ? 0 : 1;
}

int command_init(session *s)
{
    source src, weights;
    precision p;
    const network *net = read_network(s, &src, &weights);
    const graph *g = net && choose_reals(s, net, &p) ? network_lower(s, net, p, LOWER_FIXED) : NULL;
    return g && model_write(s, g, s->opt->out ? s->opt->out : "-") ? 0 : 1;
}
