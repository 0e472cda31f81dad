/* description.c - libFuzzer: any bytes as a description, from the text to the plan. After a byte 0x1e comes,
 * if there is one, a file of weights. Nothing may crash, leak, hang or be undefined; errors are the expected
 * end. tests/fuzz/run builds and runs it.
 *
 * Networks that are merely large are no find: beyond a budget of memory there is none left. */
#include <stddef.h>
#include <stdlib.h>

enum { BUDGET = 64 << 20, MAX_TEXT = 1 << 16, SEPARATOR = 0x1e };

static size_t used;

static void *limited_realloc(void *p, size_t n)
{
    used += n;
    return used > BUDGET ? NULL : realloc(p, n);
}

#define realloc limited_realloc
#include "../../compiler/arena.c"
#undef realloc

static FILE *nowhere(void)
{
    static FILE *f;
    if (!f)
        f = fopen("/dev/null", "w");
    return f;
}

/* The stages of compile_network, from memory instead of files. */
static void compile(session *s, const source *src, const source *weights)
{
    network *net = network_read(s, src);
    if (net && weights->text && !network_weights(s, net, weights))
        return;
    graph *g = net ? network_lower(s, net, net->precision) : NULL;
    if (!g)
        return;
    pass_fold(s, g);
    graph_check(g);
    pass_fuse(s, g);
    graph_check(g);
    pass_pad(s, g);
    graph_check(g);
    plan_build(s, g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const options none;
    static session s;
    jmp_buf no_memory;
    if (n > MAX_TEXT)
        return -1;
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
