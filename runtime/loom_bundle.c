/* loom_bundle.c - the weights of an instance as a bundle (JSON), and back: works from the descriptor of a model alone.
 *
 *   {"type": "modelhost/bundle", "version": 1, "producer": "loom-c", "models": [
 *     {"id": ..., "cfg": <the description>, "weights": {"fmt": "jsonModelB64", "data": <base64 of
 *       {"type": "float32", "dtype": "", "layers": [{"kernel": [...], "biases": [...]}, ...]}>}}]}
 *
 * One object for each layer of the description; the weights of layers within a layer are in its "branch_weights" and
 * "filter_gate". loom_tensor.place says where a tensor belongs. Read is the same, and "fmt": "json" without base64. */
#include "loom_number.h"
#include "loom_text.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_PLACE = 4096 };

typedef struct saving {
    const loom_model *m;
    void *instance;
    loom_writer *w;
    char place[MAX_PLACE];
    int too_deep;
} saving;

static int is_weight(const loom_tensor *t) { return t->role == LOOM_PARAM || t->role == LOOM_FROZEN; }

static size_t count_weights(const loom_model *m)
{
    size_t n = 0;
    for (int i = 0; i < m->n_tensors; i++)
        n += (size_t)is_weight(&m->tensors[i]);
    return n;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

/* As text that reads back; JSON has no word for what is not finite. */
static void put_weight(loom_writer *w, int type, const void *data, size_t i)
{
    double x = type == LOOM_F32 ? (double)((const float *)data)[i] : type == LOOM_F64 ? ((const double *)data)[i] : 0;
    int finite = x - x == 0;
    loom_put(w, finite ? "" : "\"");
    loom_put_real(w, type, data, i);
    loom_put(w, finite ? "" : "\"");
}

static void put_tensors(saving *s, const char **comma)
{
    const loom_model *m = s->m;
    for (int i = 0; i < m->n_tensors; i++) {
        const loom_tensor *t = &m->tensors[i];
        if (!is_weight(t) || strcmp(t->place, s->place) != 0)
            continue;
        const void *data = m->data(m, s->instance, i);
        loom_put(s->w, *comma);
        loom_put_string(s->w, t->key);
        loom_put(s->w, ":[");
        for (size_t k = 0; k < t->size; k++) {
            loom_put(s->w, k ? "," : "");
            put_weight(s->w, (int)m->type, data, k);
        }
        loom_put(s->w, "]");
        *comma = ",";
    }
}

static int is_layer(loom_json v) { return loom_json_kind(loom_json_get(v, "type")) == '"'; }

/* The list of layers within a layer, and the layer of a key: whatever their keys are called. */
static void find_inner(loom_json layer, loom_json *children, loom_json *gate)
{
    loom_json key, value, item;
    children->at = gate->at = NULL;
    for (loom_json_walk w = loom_json_in(layer); loom_json_next(&w, &key, &value);) {
        loom_json_walk list = loom_json_in(value);
        if (loom_json_kind(value) == '[' && loom_json_next(&list, &key, &item) && is_layer(item))
            *children = value;
        else if (loom_json_kind(value) == '{' && is_layer(value))
            *gate = value;
    }
}

/* Appends to the place, and returns the length that it had. */
static size_t enter(saving *s, const char *name, size_t index)
{
    size_t n = strlen(s->place);
    loom_writer w = {s->place + n, 0, MAX_PLACE - 1 - n, 0, NULL};
    loom_put(&w, name);
    if (index != SIZE_MAX)
        loom_put_u64(&w, index);
    s->place[n + w.n] = 0;
    s->too_deep |= w.failed;
    return n;
}

static void put_layers(saving *s, loom_json list, const char *prefix);

static void put_layer(saving *s, loom_json layer)
{
    loom_json children, gate;
    const char *comma = "";
    find_inner(layer, &children, &gate);
    loom_put(s->w, "{");
    put_tensors(s, &comma);
    if (gate.at) {
        loom_put(s->w, comma);
        loom_put(s->w, "\"filter_gate\":");
        size_t was = enter(s, "/filter_gate", SIZE_MAX);
        put_layer(s, gate);
        s->place[was] = 0;
        comma = ",";
    }
    if (children.at) {
        loom_put(s->w, comma);
        loom_put(s->w, "\"branch_weights\":");
        put_layers(s, children, "/branch_weights/");
    }
    loom_put(s->w, "}");
}

static void put_layers(saving *s, loom_json list, const char *prefix)
{
    loom_json key, layer;
    size_t i = 0;
    loom_put(s->w, "[");
    for (loom_json_walk w = loom_json_in(list); !s->too_deep && loom_json_next(&w, &key, &layer); i++) {
        loom_put(s->w, i ? "," : "");
        size_t was = enter(s, prefix, i);
        put_layer(s, layer);
        s->place[was] = 0;
    }
    loom_put(s->w, "]");
}

/* Makes base64 of everything from byte `from` on, in its place: from the end, where the text is longer than the bytes. */
static void encode(loom_writer *w, size_t from)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = w->n - from, groups = (n + 2) / 3;
    for (size_t room = n; room < groups * 4 && !w->failed; room++)
        loom_put_bytes(w, "=", 1);
    char *s = w->s + from;
    for (size_t g = groups; g-- > 0 && !w->failed;) {
        size_t left = n - 3 * g;
        uint32_t b0 = (unsigned char)s[3 * g], b1 = left > 1 ? (unsigned char)s[3 * g + 1] : 0,
                 b2 = left > 2 ? (unsigned char)s[3 * g + 2] : 0;
        uint32_t bits = b0 << 16 | b1 << 8 | b2;
        s[4 * g] = digits[bits >> 18];
        s[4 * g + 1] = digits[bits >> 12 & 63];
        s[4 * g + 2] = left > 1 ? digits[bits >> 6 & 63] : '=';
        s[4 * g + 3] = left > 2 ? digits[bits & 63] : '=';
    }
}

static const char *type_word(int type)
{
    static const char *const words[] = {"", "float32", "float64", "int8", "int16", "int32"};
    return words[type];
}

int loom_bundle_write(const loom_model *m, void *instance, const char *id, loom_writer *w, loom_error *e)
{
    size_t n = strlen(m->description);
    loom_json_problem p;
    if (count_weights(m) == 0 && !m->context)
        return loom_fail(e, LOOM_E_UNSUPPORTED, "",
                         "the weights of '%s' are part of its code; compile it with --train to save them", m->id);
    if (!loom_json_check(m->description, n, &p))
        return loom_fail(e, LOOM_E_FORMAT, "", "the description of '%s' is not JSON", m->id);
    saving *s = (saving *)loom_memory(1, sizeof *s, e);
    if (!s)
        return LOOM_E_MEMORY;
    s->m = m;
    s->instance = instance;
    s->w = w;
    loom_put(w, "{\n  \"type\": \"modelhost/bundle\",\n  \"version\": 1,\n  \"producer\": \"loom-c\",\n  \"models\": "
                "[\n    {\n      \"id\": ");
    loom_put_string(w, id);
    loom_put(w, ",\n      \"cfg\": ");
    loom_put_bytes(w, m->description, n);
    loom_put(w, ",\n      \"weights\": {\n        \"fmt\": \"jsonModelB64\",\n        \"data\": \"");
    size_t from = w->n;
    loom_put(w, "{\"type\":\"");
    loom_put(w, type_word((int)m->type));
    loom_put(w, "\",\"dtype\":\"\",\"layers\":");
    put_layers(s, loom_json_get(loom_json_root(m->description, n), "layers"), "");
    loom_put(w, "}");
    encode(w, from);
    loom_put(w, "\"\n      }\n    }\n  ]\n}\n");
    int deep = s->too_deep;
    free(s);
    return deep ? loom_fail(e, LOOM_E_UNSUPPORTED, "", "the layers of '%s' are nested too deeply for a bundle", m->id)
                : LOOM_OK;
}

/* ---- reading: the bundle ------------------------------------------------------------------------------------ */

static int find_model(const loom_document *d, const char *id, loom_json *model)
{
    loom_json models = loom_json_get(d->root, "models"), key, value;
    loom_json version = loom_json_get(d->root, "version");
    if (!loom_json_is(loom_json_get(d->root, "type"), "modelhost/bundle"))
        return loom_document_fail(d, d->root, "not a bundle: its \"type\" must be \"modelhost/bundle\"");
    if (loom_json_kind(version) == '0' && loom_json_number(version) > 2)
        return loom_document_fail(d, version, "this bundle has a later format; versions 1 and 2 are known");
    if (loom_json_kind(models) != '[')
        return loom_document_fail(d, models.at ? models : d->root,
                                  "a bundle needs \"models\", a list with at least one model");
    model->at = NULL;
    for (loom_json_walk w = loom_json_in(models); loom_json_next(&w, &key, &value);)
        if (!id || loom_json_is(loom_json_get(value, "id"), id)) {
            *model = value;
            return LOOM_OK;
        }
    return loom_document_fail(d, models, id ? "model %s not found in bundle" : "the list of models is empty",
                              id ? id : "");
}

static int base64_digit(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* Decodes a text in its own place. Returns the count of bytes, or SIZE_MAX when it is not base64. */
static size_t decode(char *s, size_t n)
{
    size_t m = 0, end = n;
    uint32_t bits = 0;
    int have = 0;
    while (end && n - end < 2 && s[end - 1] == '=')
        end--;
    for (size_t i = 0; i < end; i++) {
        int digit = base64_digit(s[i]);
        if (digit < 0)
            return SIZE_MAX;
        bits = (bits << 6 | (uint32_t)digit) & 0xffffff;
        if ((have += 6) >= 8)
            s[m++] = (char)(bits >> (have -= 8) & 255);
    }
    return n % 4 ? SIZE_MAX : m;
}

/* The document of the weights: within the bundle, or decoded into *text, which the caller frees. */
static int open_weights(const loom_document *d, loom_json model, loom_document *inner, char **text)
{
    loom_json weights = loom_json_get(model, "weights"), fmt = loom_json_get(weights, "fmt"),
              data = loom_json_get(weights, "data");
    *text = NULL;
    *inner = *d;
    inner->root = weights;
    if (loom_json_is(fmt, "json"))
        return LOOM_OK;
    if (!loom_json_is(fmt, "jsonModelB64"))
        return loom_document_fail(
            d,
            fmt.at       ? fmt
            : weights.at ? weights
                         : model,
            "weights are read with \"fmt\": \"jsonModelB64\" or \"json\" here; 'loomc convert' changes the format");
    if (loom_json_kind(data) != '"')
        return loom_document_fail(d, data.at ? data : weights, "these weights need \"data\", a base64 text");
    size_t size = loom_json_text(data, NULL, 0);
    *text = (char *)loom_memory(size + 1, 1, d->error);
    if (!*text)
        return LOOM_E_MEMORY;
    loom_json_text(data, *text, size + 1);
    size_t n = decode(*text, size);
    if (n == SIZE_MAX)
        return loom_document_fail(d, data, "not base64 (is the text cut short?)");
    return loom_document_open(inner, "the decoded weights", *text, n, d->error);
}

/* ---- reading: the weights ----------------------------------------------------------------------------------- */

static loom_json item(loom_json list, size_t index)
{
    loom_json key, value = {NULL, NULL};
    loom_json_walk w = loom_json_in(list);
    for (size_t i = 0; loom_json_next(&w, &key, &value); i++)
        if (i == index)
            return value;
    value.at = NULL;
    return value;
}

/* The object at a place such as "3/branch_weights/0". */
static loom_json at_place(loom_json layers, const char *place)
{
    loom_json v = layers;
    for (const char *p = place; *p && v.at;) {
        char part[64];
        size_t n = 0, index = 0;
        for (; *p && *p != '/'; p++) {
            part[n < sizeof part - 1 ? n++ : n] = *p;
            index = index * 10 + (size_t)(*p - '0');
        }
        part[n] = 0;
        p += *p == '/';
        v = loom_json_kind(v) == '[' ? item(v, index) : loom_json_get(v, part);
    }
    return v;
}

/* One number, or a word for what JSON has no number for. */
static int take_value(loom_json v, int type, void *out)
{
    static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
    size_t n;
    if (loom_json_kind(v) == '0')
        return !loom_json_numbers(v, type, out, 1, &n).at;
    for (int i = 0; i < 3; i++)
        if (loom_json_is(v, words[i])) {
            double infinity;
            loom_read_f64("1e999", 5, &infinity);
            double x = i == 0 ? infinity - infinity : i == 1 ? infinity : -infinity;
            if (type == LOOM_F32)
                *(float *)out = (float)x;
            else
                *(double *)out = x;
            return type == LOOM_F32 || type == LOOM_F64;
        }
    return 0;
}

static int take_weight(const loom_document *d, loom_json list, const loom_model *m, const loom_tensor *t, char *out)
{
    loom_json key, value;
    size_t i = 0, bytes = loom_type_size((int)m->type);
    if (loom_json_kind(list) != '[' || loom_json_numbers(list, (int)m->type, out, t->size, &i).at == NULL)
        return loom_take_numbers(d, list, t->name, (int)m->type, out, t->size);
    i = 0;
    for (loom_json_walk w = loom_json_in(list); loom_json_next(&w, &key, &value) && i < t->size; i++)
        if (!take_value(value, (int)m->type, out + i * bytes))
            break;
    if (i == t->size && loom_json_count(list) == i)
        return LOOM_OK;
    return loom_take_numbers(d, list, t->name, (int)m->type, out, t->size);
}

/* All weights into one block, tensor after tensor; nothing of the instance is touched. */
static int take_all(const loom_document *d, const loom_model *m, char *block)
{
    size_t bytes = loom_type_size((int)m->type),
           layers = loom_json_count(loom_json_get(loom_json_root(m->description, strlen(m->description)), "layers"));
    loom_json list = loom_json_get(d->root, "layers");
    if (loom_json_kind(list) != '[')
        return loom_document_fail(d, list.at ? list : d->root, "the weights need \"layers\", a list of objects");
    if (loom_json_count(list) != layers)
        return loom_document_fail(d, list, "these are the weights of %z layers, but '%s' has %z",
                                  loom_json_count(list), m->id, layers);
    for (int i = 0; i < m->n_tensors; i++) {
        const loom_tensor *t = &m->tensors[i];
        if (!is_weight(t))
            continue;
        loom_json layer = at_place(list, t->place), value = loom_json_get(layer, t->key);
        if (!value.at)
            return loom_document_fail(d, layer.at ? layer : list, "the weights of %s lack '%s', %z numbers", t->layer,
                                      t->key, t->size);
        int status = take_weight(d, value, m, t, block);
        if (status < 0)
            return status;
        block += t->size * bytes;
    }
    return LOOM_OK;
}

/* From the block to the instance, or (write 0) only: could it be? */
static int give_all(const loom_model *m, void *instance, const char *block, int write, loom_error *e)
{
    for (int i = 0; i < m->n_tensors; i++) {
        const loom_tensor *t = &m->tensors[i];
        size_t bytes = t->size * loom_type_size((int)m->type);
        if (!is_weight(t))
            continue;
        void *data = m->data(m, instance, i);
        if (t->role == LOOM_FROZEN && (!data || memcmp(data, block, bytes) != 0))
            return loom_fail(e, LOOM_E_CONSTANT, "",
                             "'%s' is constant in this program, and other numbers are in the bundle; "
                             "compile the network with these weights",
                             t->name);
        if (write && t->role == LOOM_PARAM)
            memcpy(data, block, bytes);
        block += bytes;
    }
    return LOOM_OK;
}

static size_t size_of_weights(const loom_model *m)
{
    size_t n = 0;
    for (int i = 0; i < m->n_tensors; i++)
        n += is_weight(&m->tensors[i]) ? m->tensors[i].size : 0;
    return n;
}

int loom_bundle_read(const loom_model *m, void *instance, const char *json, size_t size, const char *id,
                     loom_error *e)
{
    loom_document d, inner;
    loom_json model;
    char *text = NULL, *block = NULL;
    if (count_weights(m) == 0 && !m->context)
        return loom_fail(e, LOOM_E_CONSTANT, "",
                         "the weights of '%s' are part of its code; compile it with --train, or with --weights "
                         "and this bundle",
                         m->id);
    int status = loom_document_open(&d, "jsonData", json, size, e);
    if (status >= 0)
        status = find_model(&d, id, &model);
    if (status >= 0)
        status = open_weights(&d, model, &inner, &text);
    if (status >= 0 && !(block = (char *)loom_memory(size_of_weights(m), loom_type_size((int)m->type), e)))
        status = LOOM_E_MEMORY;
    if (status >= 0)
        status = take_all(&inner, m, block);
    if (status >= 0)
        status = give_all(m, instance, block, 0, e);
    if (status >= 0)
        give_all(m, instance, block, 1, e);
    free(text);
    free(block);
    return status;
}

/* ---- the public names --------------------------------------------------------------------------------------- */

const char *loom_bundle_save(const loom_model *m, void *instance, const char *id, loom_error *error)
{
    loom_error ignored, *e = error ? error : &ignored;
    memset(e, 0, sizeof *e);
    if (!m || !instance) {
        loom_fail(e, LOOM_E_ARGUMENT, m ? "instance" : "m", "'%s' is NULL", m ? "instance" : "m");
        return NULL;
    }
    loom_writer w = loom_reply();
    loom_bundle_write(m, instance, id && *id ? id : m->id, &w, e);
    loom_put_bytes(&w, "", 1);
    if (e->status == LOOM_OK && w.failed)
        loom_fail(e, LOOM_E_MEMORY, "", "out of memory");
    if (e->status == LOOM_OK)
        return w.s;
    free(w.s);
    return NULL;
}

int loom_bundle_load(const loom_model *m, void *instance, const char *json, size_t size, const char *id,
                     loom_error *error)
{
    loom_error ignored, *e = error ? error : &ignored;
    memset(e, 0, sizeof *e);
    const char *null = !m ? "m" : !instance ? "instance" : !json ? "json" : NULL;
    if (null)
        return loom_fail(e, LOOM_E_ARGUMENT, null, "'%s' is NULL", null);
    return loom_bundle_read(m, instance, json, size, id && *id ? id : NULL, e);
}
