/* bundle.c - writes a network with its weights, in the format that loomc reads with --weights.
 *
 * The weights are those in the graph's tensors. They are written as the layers asked for them, which is the
 * order in which they are read. */
#include "loomc.h"

#include <string.h>

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
        if ((x->kind != TENSOR_CONST && x->kind != TENSOR_PARAM) || !x->is_param || x->owner != l)
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

bool bundle_write(session *s, const graph *g, const char *path)
{
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
    return file_write(s, path, t.s, t.n);
}
