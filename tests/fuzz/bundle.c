/* bundle.c - libFuzzer: any bytes as a network with weights. Before a byte 0x1e stands the description, after it the JSON of
 * the weights, which the harness puts into a bundle as base64 or as it is; without that byte all is a bundle. The first
 * byte says which, and whether the original made it.
 *
 * What is read is written in some format and storage type and read again: exact ones must give the same bits. */
#include "budget.h"

#include "../../compiler/store.h"

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode(text *t, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = 0;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (i + k < n ? (unsigned char)s[i + k] : 0);
        char four[4] = {base64[v >> 18], base64[v >> 12 & 63], base64[v >> 6 & 63], base64[v & 63]};
        for (size_t k = n - i; k < 3; k++)
            four[k + 1] = '=';
        text_add(t, four, 4);
    }
}

static source make_bundle(session *s, const char *head, size_t n, const char *weights, size_t n_weights, unsigned kind)
{
    text t = {.arena = &s->arena};
    text_printf(&t, "{\"type\":\"modelhost/bundle\",\"version\":%u,%s\"models\":[{\"id\":\"q\",\"cfg\":", 1 + kind % 2,
                kind & 4 ? "\"producer\":\"loom-c\"," : "");
    text_add(&t, head, n);
    text_printf(&t, ",\"weights\":");
    if (kind % 3 == 2 && n_weights > 1 && *weights == '{') {
        text_printf(&t, "{\"fmt\":\"json\",");
        text_add(&t, weights + 1, n_weights - 1);
    } else {
        text_printf(&t, "{\"fmt\":\"%s\",\"data\":\"", kind % 3 ? "multiPrecisionB64" : "jsonModelB64");
        encode(&t, weights, n_weights);
        text_printf(&t, "\"}");
    }
    text_printf(&t, "}]}");
    return (source){"bundle.json", t.s, t.n};
}

static void check_same(const graph *a, const graph *b)
{
    if (a->n_tensors != b->n_tensors)
        abort();
    for (int i = 1; i < a->n_tensors; i++) {
        const tensor *x = &a->tensors[i], *y = &b->tensors[i];
        for (int64_t k = 0; x->is_param && k < shape_size(&x->shape); k++) {
            double v = real_get(a->precision, x->data, k), w = real_get(b->precision, y->data, k);
            if (v == v || w == w ? v != w : false)
                abort();
        }
    }
}

static bool is_small(const graph *g)
{
    int64_t n = 0;
    for (int i = 1; i < g->n_tensors; i++)
        n += shape_size(&g->tensors[i].shape);
    return n < 1 << 16;
}

static void read_and_write(session *s, const source *src, unsigned kind)
{
    network *net = network_read(s, src);
    graph *g = net ? network_lower(s, net, real_of(net->precision), LOWER_FIXED) : NULL;
    storage how = {.type = (int)(kind / 8 % 6), .scales = (store_scales)(kind / 3 % 3), .binary = kind % 5 < 2};
    source file;
    if (!g || !is_small(g) || !model_bytes(s, g, &how, &file))
        return;
    file.name = "again";
    network *again = network_read(s, &file);
    graph *h = again ? network_lower(s, again, g->precision, LOWER_FIXED) : NULL;
    bool exact = how.type == 0 || how.type == LOOM_F64 || (how.type == LOOM_F32 && g->precision == F32);
    if (exact && !h)
        abort();
    if (exact)
        check_same(g, h);
}

static void run(session *s, const uint8_t *data, size_t n)
{
    const char *all = arena_strndup(&s->arena, (const char *)data + 1, n - 1), *rest = memchr(all, SEPARATOR, n - 1);
    source src = {"bundle.json", all, n - 1};
    if (rest)
        src = make_bundle(s, all, (size_t)(rest - all), rest + 1, n - 2 - (size_t)(rest - all), data[0]);
    read_and_write(s, &src, data[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const options none;
    static session s;
    jmp_buf no_memory;
    if (n < 1 || n > MAX_TEXT)
        return 0;
    used = 0;
    s = (session){.diags = {.sink = nowhere()}, .opt = &none};
    s.arena.out_of_memory = &no_memory;
    if (setjmp(no_memory) == 0)
        run(&s, data, n);
    arena_free(&s.arena);
    return 0;
}
