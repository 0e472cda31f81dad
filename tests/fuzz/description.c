/* description.c - libFuzzer: any bytes as a description, from the text to the plan and the interpreter. After
 * a byte 0x1e comes, if there is one, a file of weights. Nothing may crash, leak, hang or be undefined;
 * errors are the expected end. tests/fuzz/run builds and runs it.
 *
 * Networks that are merely large are no find: beyond a budget of memory there is none left. */
#include "budget.h"

#include "../../compiler/plan.h"

enum { MAX_RUN = 1 << 18 };

/* Small networks are run too, on numbers of all kinds. */
static void interpret(session *s, const graph *g)
{
    const double kinds[] = {0, 1, -1.5, 3, 1e30, -1e300, 0.0 / 0.0, 1.0 / 0.0, 1e-310};
    int64_t n_in = shape_size(tensor_shape(g, g->input)), n_out = shape_size(tensor_shape(g, g->output));
    void *in = arena_array(&s->arena, n_in, sizeof(double)),
         *out = arena_array(&s->arena, n_out, sizeof(double));
    for (int64_t i = 0; i < n_in; i++)
        real_set(g->precision, in, i, kinds[i % COUNT(kinds)]);
    interp *it = interp_new(&s->arena, g);
    interp_run(it, in, out, 0);
    interp_run(it, in, out, 0);
}

static void compile_training(session *s, const network *net, const plan *p)
{
    const training t = training_read(s, net);
    graph *g = s->diags.errors ? NULL : training_graph(s, net, real_of(net->precision), &t);
    if (g)
        graph_compile(s, g, p);
}

/* The stages of compile_network, from memory instead of files. */
static void compile(session *s, const source *src, const source *weights)
{
    network *net = network_read(s, src);
    if (!net)
        return;
    if (weights->text && !network_weights(s, net, weights))
        return;
    graph *reference = network_lower(s, net, real_of(net->precision), LOWER_FIXED);
    if (!reference)
        return;
    const plan *p = graph_compile(s, network_lower(s, net, real_of(net->precision), LOWER_FIXED), NULL);
    if (p->macs < MAX_RUN && used < BUDGET / 8)
        interpret(s, reference);
    if (used < BUDGET / 8)
        compile_training(s, net, p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const options none;
    static session s;
    jmp_buf no_memory;
    if (n > MAX_TEXT)
        return 0;
    used = 0;
    s = (session){.diags = {.sink = nowhere()}, .opt = &none};
    s.arena.out_of_memory = &no_memory;
    if (setjmp(no_memory) == 0) {
        const char *text = arena_strndup(&s.arena, (const char *)data, n), *rest = memchr(text, SEPARATOR, n);
        size_t first = rest ? (size_t)(rest - text) : n;
        source src = {"net.json", arena_strndup(&s.arena, text, first), first}, weights = {0};
        if (rest)
            weights = (source){"weights.json", rest + 1, n - first - 1};
        compile(&s, &src, &weights);
    }
    arena_free(&s.arena);
    return 0;
}
