/* bundle.c - writes a network with its weights as a bundle, the JSON that weights.c reads.
 *
 * The weights are those in the graph's tensors, written as the layers asked for them, which is the order in which they
 * are read. Three ways: as decimal text (version 1, as the original); as base64 in any storage type, each tensor with
 * its scales (version 2, ours); and as the original's multi-precision (version 2, one fixed scale). */
#include "store.h"
#include "weights.h"

#include <math.h>
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

/* ---- the description ------------------------------------------------------------------------------------------- */

static bool has_key(const network *net, const char *key) { return json_get(net->at, key); }

const char *network_description(session *s, const network *net)
{
    text t = {.arena = &s->arena};
    const char *from = net->at->src->text + net->at->at.at;
    bool id = !has_key(net, "id"), compat = net->compat && !has_key(net, "compat");
    text_printf(&t, "{");
    if (id)
        text_printf(&t, "\"id\": \"%s\", ", net->id);
    if (compat)
        text_printf(&t, "\"compat\": \"loom-0.0.7\", ");
    text_add(&t, from + 1, net->at->at.len - 1);
    return t.s;
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

typedef struct bundle {
    session *s;
    const graph *g;
    const storage *how;
    const loom_file *file; /* of the same weights, stored as `how` says; NULL for decimal text and the original's */
    text *t;
} bundle;

/* As text that reads back; JSON has no word for what is not finite. */
static void add_decimal(bundle *b, const tensor *x)
{
    text_printf(b->t, "[");
    for (int64_t k = 0; k < shape_size(&x->shape); k++) {
        char number[40];
        print_real(number, b->g->precision, (const char *)x->data + (size_t)k * real_size(b->g->precision));
        bool finite = isfinite(real_get(b->g->precision, x->data, k));
        text_printf(b->t, finite ? "%s%s" : "%s\"%s\"", k ? "," : "", number);
    }
    text_printf(b->t, "]");
}

static void put_code(char *out, int64_t v, int n)
{
    for (int i = 0; i < n; i++)
        out[i] = (char)((uint64_t)v >> (8 * i) & 255);
}

/* The original's: weight x scale, cut off, within the symmetric codes. */
static int64_t original_code(double w, double scale)
{
    double v = w * scale;
    return (int64_t)(v > scale ? scale : v < -scale ? -scale : v);
}

static void add_original(bundle *b, const tensor *x)
{
    int64_t n = shape_size(&x->shape);
    int type = b->how->type, size = type == LOOM_F64 ? 8 : type == LOOM_I16 ? 2 : type == LOOM_I8 ? 1 : 4;
    char *data = arena_array(&b->s->arena, n, (size_t)size);
    for (int64_t k = 0; k < n; k++) {
        double w = real_get(b->g->precision, x->data, k);
        float single = (float)w;
        uint32_t u32;
        int64_t v;
        memcpy(&u32, &single, sizeof u32);
        memcpy(&v, &w, sizeof v);
        v = type == LOOM_F32 ? (int64_t)u32 : type == LOOM_F64 ? v : original_code(w, original_scale(type));
        put_code(data + k * size, v, size);
    }
    text_printf(b->t, "\"");
    base64_add(b->t, data, (size_t)(n * size));
    text_printf(b->t, "\"");
}

static void add_scales(bundle *b, const loom_stored *t)
{
    bool list = t->axis >= 0;
    text_printf(b->t, list ? ",\"axis\":%d,\"scale\":[" : ",\"scale\":", t->axis);
    for (size_t i = 0; i < t->n_scales; i++) {
        char number[40];
        double scale = loom_stored_scale(t, i);
        float single = (float)scale;
        print_real(number, t->type == LOOM_I32 ? F64 : F32, t->type == LOOM_I32 ? (const void *)&scale : &single);
        text_printf(b->t, "%s%s", i ? "," : "", number);
    }
    text_printf(b->t, list ? "]" : "");
}

static void add_stored(bundle *b, const tensor *x)
{
    loom_stored t;
    size_t at = 0, n = strlen(x->name);
    while (loom_file_next(b->file, &at, &t))
        if (t.name_size == n && memcmp(t.name, x->name, n) == 0)
            break;
    size_t size = t.type == LOOM_F64 ? 8 : t.type == LOOM_I16 ? 2 : t.type == LOOM_I8 ? 1 : 4;
    text_printf(b->t, "{\"dtype\":\"%s\"", dtype_word(t.type));
    if (t.n_scales)
        add_scales(b, &t);
    text_printf(b->t, ",\"data\":\"");
    base64_add(b->t, (const char *)t.data, t.size * size);
    text_printf(b->t, "\"}");
}

/* ---- layers ---------------------------------------------------------------------------------------------------- */

static bool is_original(const bundle *b) { return b->how->type && b->how->scales == STORE_ORIGINAL; }

/* The original calls the bias of a convolution otherwise in its multi-precision format. */
static const char *key_of(const bundle *b, const tensor *x)
{
    const char *key = x->name + strlen(x->owner->path) + 1;
    return is_original(b) && strcmp(key, "conv_bias") == 0 ? "biases" : key;
}

/* Parameters were named path_key, in the order in which their layer asked for them. */
static void add_layer(bundle *b, const layer *l)
{
    text *t = b->t;
    const char *comma = "";
    text_printf(t, "{");
    if (is_original(b)) {
        text_printf(t, "\"dtype\":\"%s\"", dtype_word(b->how->type));
        comma = ",";
    }
    for (int i = 1; i < b->g->n_tensors; i++) {
        const tensor *x = &b->g->tensors[i];
        if (!x->is_param || x->owner != l)
            continue;
        text_printf(t, "%s\"%s\":", comma, key_of(b, x));
        (is_original(b) ? add_original : b->file ? add_stored : add_decimal)(b, x);
        comma = ",";
    }
    if (l->gate) {
        text_printf(t, "%s\"filter_gate\":", comma);
        add_layer(b, l->gate);
        comma = ",";
    }
    if (l->n_children) {
        text_printf(t, "%s\"branch_weights\":[", comma);
        for (const layer *c = l->children; c; c = c->next) {
            add_layer(b, c);
            text_printf(t, c->next ? "," : "]");
        }
    }
    text_printf(t, "}");
}

static void add_layers(bundle *b)
{
    text_printf(b->t, "\"layers\":[");
    for (const layer *l = b->g->net->layers; l; l = l->next) {
        add_layer(b, l);
        text_printf(b->t, l->next ? "," : "");
    }
    text_printf(b->t, "]}");
}

/* ---- the file -------------------------------------------------------------------------------------------------- */

/* The weights as JSON, then as base64. */
static void add_encoded(bundle *b, const char *fmt)
{
    text inner = {.arena = &b->s->arena}, *outer = b->t;
    char scale[40];
    double fixed = original_scale(b->how->type);
    print_real(scale, F64, &fixed);
    b->t = &inner;
    if (is_original(b))
        text_printf(&inner, "{\"dtype\":\"%s\",\"scale\":%s,", dtype_word(b->how->type), scale);
    else
        text_printf(&inner, "{\"type\":\"%s\",\"dtype\":\"\",", b->g->precision == F32 ? "float32" : "float64");
    add_layers(b);
    b->t = outer;
    text_printf(outer, "{\n        \"fmt\": \"%s\",\n        \"data\": \"", fmt);
    base64_add(outer, inner.s, inner.n);
    text_printf(outer, "\"\n      }");
}

static void add_weights(bundle *b)
{
    if (!b->file) {
        add_encoded(b, is_original(b) ? "multiPrecisionB64" : "jsonModelB64");
        return;
    }
    text_printf(b->t, "{\"fmt\": \"json\", \"type\": \"%s\", ", b->g->precision == F32 ? "float32" : "float64");
    add_layers(b);
}

text bundle_text(session *s, const graph *g, const storage *how, const loom_file *file)
{
    text t = {.arena = &s->arena};
    bundle b = {s, g, how, file, &t};
    text_printf(&t, "{\n  \"type\": \"modelhost/bundle\",\n  \"version\": %d,\n  \"producer\": \"" PRODUCER "\",\n  \"models\": [\n    {\n"
                    "      \"id\": \"%s\",\n      \"cfg\": ", how->type ? 2 : 1, g->net->id);
    const char *description = network_description(s, g->net);
    text_add(&t, description, strlen(description));
    text_printf(&t, ",\n      \"weights\": ");
    add_weights(&b);
    text_printf(&t, "\n    }\n  ]\n}\n");
    return t;
}
