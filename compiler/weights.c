/* weights.c - the weights that a network is given: finds them in a file, and reads the values of each parameter.
 *
 * A file is a bundle (JSON; those of the original too) or our binary file (runtime/FILES.md). Weights of a bundle go to
 * the layers as objects, the values are read when `lower.c` asks for them. A value is a list of numbers; an object
 * {"dtype", "scale", "axis", "data"}, whose data is base64; or, in the original's multi-precision bundles, base64 alone,
 * with dtype and scale of the whole file. Nothing in a file is trusted. */
#include "loomc.h"
#include "weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- bundles ------------------------------------------------------------------------------------------------- */

/* The ids in a bundle, for messages: "a, b" */
static const char *model_ids(session *s, const json *models)
{
    text t = {.arena = &s->arena};
    for (const json *m = models->child; m; m = m->next) {
        const json *name = json_get(m, "id");
        text_printf(&t, "%s'%s'", t.n ? ", " : "", name && name->kind == JSON_STRING ? name->string : "");
    }
    return t.s;
}

static bool has_id(const json *model, const char *id)
{
    const json *name = json_get(model, "id");
    return id && name && name->kind == JSON_STRING && strcmp(name->string, id) == 0;
}

const json *bundle_model(session *s, const json *root, const char *id, const char *written)
{
    const json *models = json_get(root, "models"), *version = json_get(root, "version");
    if (version && version->kind == JSON_NUMBER && version->number > 2) {
        diag(s, DIAG_ERROR, version, "this bundle has a later format, %s; versions 1 and 2 are known", json_words(&s->arena, version));
        return NULL;
    }
    if (!models || models->kind != JSON_ARRAY || !models->child) {
        diag(s, DIAG_ERROR, models ? models : root,
             "a bundle needs \"models\", a list with at least one model");
        return NULL;
    }
    for (const json *m = models->child; m; m = m->next)
        if (has_id(m, id) || has_id(m, written))
            return m;
    if (!id || models->n == 1)
        return models->child;
    diag(s, DIAG_ERROR, models, "the bundle has no model '%s', but %s", id, model_ids(s, models));
    return NULL;
}

bool is_bundle(const json *root)
{
    const json *type = json_get(root, "type");
    return type && type->kind == JSON_STRING && strcmp(type->string, "modelhost/bundle") == 0;
}

bool is_producer(const json *root)
{
    const json *producer = json_get(root, "producer");
    return producer && producer->kind == JSON_STRING && strcmp(producer->string, PRODUCER) == 0;
}

/* ---- base64 -------------------------------------------------------------------------------------------------- */

static int base64_value(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* Character i of a string that was written without escapes, else the whole string. */
static span character(const json *from, size_t i, size_t n)
{
    return from->at.len == n + 2 ? (span){from->at.at + 1 + i, 1} : from->at;
}

static bool base64_decode(session *s, const json *from, source *out)
{
    size_t n = strlen(from->string), m = 0, end = n;
    char *bytes = arena_alloc(&s->arena, n / 4 * 3 + 4);
    unsigned bits = 0;
    int have = 0;
    while (end && n - end < 2 && from->string[end - 1] == '=')
        end--;
    for (size_t i = 0; i < end; i++) {
        int v = base64_value(from->string[i]);
        if (v < 0) {
            diag_span(s, DIAG_ERROR, from->src, character(from, i, n), json_pointer(&s->arena, from),
                      "not base64: unexpected character");
            return false;
        }
        bits = (bits << 6 | (unsigned)v) & 0xffffff;
        if ((have += 6) >= 8)
            bytes[m++] = (char)(bits >> (have -= 8) & 255);
    }
    if (n % 4 != 0) {
        diag(s, DIAG_ERROR, from,
             "not base64: %zu characters, which is no multiple of 4 (is the file cut short?)", n);
        return false;
    }
    *out = (source){arena_printf(&s->arena, "%s (decoded weights)", from->src->name), bytes, m};
    return true;
}

/* ---- from the file to the layers ------------------------------------------------------------------------------- */

static bool attach_list(session *s, layer *first, int n, const json *list, const char *whose);

/* The object j to layer l, and what it holds to the layers within l. In files of the original it may lack
 * them. */
static bool attach_layer(session *s, layer *l, const json *j)
{
    if (j->kind != JSON_OBJECT) {
        diag(s, DIAG_ERROR, j, "the weights of %s must be an object, not %s", l->name,
             json_words(&s->arena, j));
        return false;
    }
    l->weights = j;
    bool good = true;
    const json *inner = json_get(j, "branch_weights"), *gate = json_get(j, "filter_gate");
    if ((l->n_children && !inner) || (l->gate && !gate)) {
        good = l->net->compat;
        if (!good)
            diag(s, DIAG_ERROR, j, "the weights of %s lack '%s'", l->name,
                 l->n_children && !inner ? "branch_weights" : "filter_gate");
    }
    if (l->n_children && inner)
        good &= attach_list(s, l->children, l->n_children, inner, l->name);
    if (l->gate && gate)
        good &= attach_layer(s, l->gate, gate);
    return good;
}

static bool attach_list(session *s, layer *first, int n, const json *list, const char *whose)
{
    if (list->kind != JSON_ARRAY) {
        diag(s, DIAG_ERROR, list, "the weights of %s must be a list of objects, not %s", whose,
             json_words(&s->arena, list));
        return false;
    }
    if (list->n != n) {
        diag(s, DIAG_ERROR, list, "these are the weights of %d layers, but %s has %d", list->n, whose, n);
        return false;
    }
    bool good = true;
    const json *j = list->child;
    for (layer *l = first; l; l = l->next, j = j->next)
        good &= attach_layer(s, l, j);
    return good;
}

/* The JSON that a bundle holds as base64, or NULL after an error. */
static const json *encoded(session *s, const json *weights)
{
    const json *data = json_get(weights, "data");
    if (!data || data->kind != JSON_STRING) {
        diag(s, DIAG_ERROR, data ? data : weights, "these weights need \"data\", a base64 text");
        return NULL;
    }
    source *decoded = arena_alloc(&s->arena, sizeof *decoded);
    return base64_decode(s, data, decoded) ? json_read(s, decoded) : NULL;
}

bool attach_weights(session *s, network *net, const json *model)
{
    const json *weights = json_get(model, "weights"), *fmt = json_get(weights, "fmt"), *data = weights;
    if (!fmt || fmt->kind != JSON_STRING) {
        diag(s, DIAG_ERROR, weights ? weights : model,
             "the model needs \"weights\" with a \"fmt\": \"jsonModelB64\" or \"json\"");
        return false;
    }
    bool multi = strcmp(fmt->string, "multiPrecisionB64") == 0;
    if (multi || strcmp(fmt->string, "jsonModelB64") == 0) {
        data = encoded(s, weights);
        if (!data)
            return false;
    } else if (strcmp(fmt->string, "json") != 0) {
        diag(s, DIAG_ERROR, fmt, "unknown format of weights '%s', expected 'jsonModelB64', 'multiPrecisionB64' or 'json'",
             fmt->string);
        return false;
    }
    const json *list = json_get(data, "layers");
    if (!list) {
        diag(s, DIAG_ERROR, data, "the weights have no \"layers\"");
        return false;
    }
    const json *type = json_get(data, "type");
    net->saved_as = type && type->kind == JSON_STRING ? type->string : NULL;
    net->multi_precision = multi ? data : NULL;
    net->file = NULL;
    return attach_list(s, net->layers, net->n_layers, list, "the network");
}

/* ---- binary files ---------------------------------------------------------------------------------------------- */

static uint64_t little_endian(const char *p, int n)
{
    uint64_t v = 0;
    while (n-- > 0)
        v = v << 8 | (unsigned char)p[n];
    return v;
}

bool is_binary(const source *src) { return src->len >= 5 && memcmp(src->text, "\x89LOOM", 5) == 0; }

/* A checkpoint of `loomc train` goes on after the file, with what the loop knows and a mark at its end. */
static size_t file_length(const source *src)
{
    static const char mark[] = "LOOMLOOP";
    const size_t n = sizeof mark - 1;
    if (src->len < 20 + n || memcmp(src->text + src->len - n, mark, n) != 0)
        return src->len;
    uint64_t length = little_endian(src->text + 12, 8);
    return length < src->len ? (size_t)length : src->len;
}

const loom_file *binary_open(session *s, const source *src)
{
    loom_file *f = arena_alloc(&s->arena, sizeof *f);
    int status = loom_file_open(src->text, file_length(src), f);
    if (status == LOOM_E_CHECKSUM)
        diag(s, DIAG_ERROR, NULL, "%s is damaged: its checksum is not that of its %zu bytes", src->name, src->len);
    else if (status != LOOM_OK)
        diag(s, DIAG_ERROR, NULL, "%s is no whole loom file of version 1 (%zu bytes; is it cut short, or of a later loomc?)",
             src->name, src->len);
    return status == LOOM_OK ? f : NULL;
}

/* Layers have no objects of their own then; an empty one says that there are weights. */
static void attach_empty(layer *first, const json *empty)
{
    for (layer *l = first; l; l = l->next) {
        l->weights = empty;
        attach_empty(l->children, empty);
        attach_empty(l->gate, empty);
    }
}

void attach_binary(session *s, network *net, const loom_file *f, const source *src)
{
    json *empty = arena_alloc(&s->arena, sizeof *empty);
    empty->kind = JSON_OBJECT;
    empty->src = src;
    attach_empty(net->layers, empty);
    net->file = f;
    net->file_name = src->name;
}

bool network_weights(session *s, network *net, const source *src)
{
    if (is_binary(src)) {
        const loom_file *f = binary_open(s, src);
        if (f)
            attach_binary(s, net, f, src);
        return f;
    }
    json *root = json_read(s, src);
    if (!root)
        return false;
    if (!is_bundle(root)) {
        const json *type = json_get(root, "type");
        diag(s, DIAG_ERROR, type ? type : root,
             "not a file of weights: its \"type\" must be \"modelhost/bundle\"");
        return false;
    }
    const json *id = json_get(net->at, "id");
    const json *model = bundle_model(s, root, net->id, id && id->kind == JSON_STRING ? id->string : NULL);
    return model && attach_weights(s, net, model);
}

/* ---- values: binary -------------------------------------------------------------------------------------------- */

static bool is_weight(const loom_stored *t) { return t->role == LOOM_PARAM || t->role == LOOM_FROZEN; }

static const char *stored_name(session *s, const loom_stored *t) { return arena_strndup(&s->arena, t->name, t->name_size); }

static shape stored_shape(const loom_stored *t)
{
    shape sh = {.rank = t->rank};
    memcpy(sh.dim, t->dim, (size_t)t->rank * sizeof *sh.dim);
    return sh;
}

static void read_binary(session *s, const network *net, const char *name, precision p, const shape *sh, void *out)
{
    size_t at = 0, n = strlen(name);
    loom_stored t;
    bool found = false;
    while (!found && loom_file_next(net->file, &at, &t))
        found = is_weight(&t) && t.name_size == n && memcmp(t.name, name, n) == 0;
    if (!found) {
        diag(s, DIAG_ERROR, NULL, "%s has no '%s', %s; is it of another network?", net->file_name, name, shape_text(&s->arena, sh));
        return;
    }
    shape stored = stored_shape(&t);
    if (!shape_equal(&stored, sh))
        diag(s, DIAG_ERROR, NULL, "'%s' in %s has the shape %s, expected %s", name, net->file_name,
             shape_text(&s->arena, &stored), shape_text(&s->arena, sh));
    else if (loom_stored_read(&t, p == F32 ? LOOM_F32 : LOOM_F64, out) != LOOM_OK)
        diag(s, DIAG_ERROR, NULL, "'%s' in %s holds a number that is too large for %s", name, net->file_name, precision_names[p]);
}

bool weights_check(session *s, const graph *g)
{
    size_t at = 0;
    loom_stored t;
    while (g->net->file && loom_file_next(g->net->file, &at, &t)) {
        bool known = !is_weight(&t);
        for (int i = 1; !known && i < g->n_tensors; i++)
            known = g->tensors[i].is_param && strlen(g->tensors[i].name) == t.name_size &&
                    memcmp(g->tensors[i].name, t.name, t.name_size) == 0;
        if (known)
            continue;
        diag(s, DIAG_ERROR, NULL, "%s has weights '%s', which this network does not", g->net->file_name, stored_name(s, &t));
        return false;
    }
    return true;
}

/* ---- values: base64 -------------------------------------------------------------------------------------------- */

/* How numbers are stored: type, and what a code is worth. */
typedef struct coding {
    int type; /* a loom_type */
    double *scales;
    int64_t n_scales;
    int axis;
    bool divide; /* the original's: code / scale, rounded to binary32 */
} coding;

static const struct {
    const char *word;
    int type, size;
    double scale; /* the original's */
} dtypes[] = {{"float32", LOOM_F32, 4, 1},
              {"float64", LOOM_F64, 8, 1},
              {"int32", LOOM_I32, 4, 2147483647},
              {"int16", LOOM_I16, 2, 32767},
              {"int8", LOOM_I8, 1, 127}};

static int find_dtype(const json *word)
{
    for (int i = 0; word && word->kind == JSON_STRING && i < COUNT(dtypes); i++)
        if (strcmp(word->string, dtypes[i].word) == 0)
            return i;
    return -1;
}

const char *dtype_word(int type)
{
    for (int i = 0; i < COUNT(dtypes); i++)
        if (dtypes[i].type == type)
            return dtypes[i].word;
    return NULL;
}

double original_scale(int type)
{
    for (int i = 0; i < COUNT(dtypes); i++)
        if (dtypes[i].type == type)
            return dtypes[i].scale;
    return 1;
}

static double code_value(const char *p, int type)
{
    uint64_t u = little_endian(p, type == LOOM_F64 ? 8 : type == LOOM_I16 ? 2 : type == LOOM_I8 ? 1 : 4);
    uint32_t u32 = (uint32_t)u;
    float f;
    double d;
    switch (type) {
    case LOOM_F32: memcpy(&f, &u32, sizeof f); return (double)f;
    case LOOM_F64: memcpy(&d, &u, sizeof d); return d;
    case LOOM_I8: return (double)u - (u > 127 ? 256 : 0);
    case LOOM_I16: return (double)u - (u > 32767 ? 65536 : 0);
    default: return (double)u - (u > 2147483647 ? 4294967296.0 : 0);
    }
}

static int64_t inner_size(const shape *sh, int axis)
{
    int64_t n = 1;
    for (int i = axis + 1; i < sh->rank; i++)
        n *= sh->dim[i];
    return n;
}

/* Number k of the data, in the precision. */
static double coded_value(const coding *c, const char *data, int size, int64_t k, int64_t inner)
{
    double v = code_value(data + k * size, c->type);
    if (c->type == LOOM_F32 || c->type == LOOM_F64)
        return v;
    if (c->divide)
        return (double)(float)(v / c->scales[0]);
    return v * c->scales[c->n_scales == 1 ? 0 : k / inner % c->n_scales];
}

static bool read_coded(session *s, const json *data, const coding *c, precision p, const shape *sh, void *out, const char *what)
{
    source bytes;
    int size = c->type == LOOM_F64 ? 8 : c->type == LOOM_I16 ? 2 : c->type == LOOM_I8 ? 1 : 4;
    int64_t n = shape_size(sh), inner = inner_size(sh, c->axis);
    if (!base64_decode(s, data, &bytes))
        return false;
    if (bytes.len != (size_t)n * (size_t)size) {
        diag(s, DIAG_ERROR, data, "%s has %zu bytes, expected %lld: %lld numbers %s of type %s", what, bytes.len,
             (long long)n * size, (long long)n, shape_text(&s->arena, sh), dtype_word(c->type));
        return false;
    }
    for (int64_t k = 0; k < n; k++) {
        double v = coded_value(c, bytes.text, size, k, inner);
        bool finite = isfinite(v) || c->scales; /* an infinity may be stored as one */
        if (finite && !isfinite(p == F32 ? (double)(float)v : v)) {
            diag(s, DIAG_ERROR, data, "%s holds a number that is too large for %s", what, precision_names[p]);
            return false;
        }
        real_set(p, out, k, v);
    }
    return true;
}

/* The original's: base64 alone. A dtype that it did not know it stored as float32. */
static void read_multi(session *s, const layer *l, const json *given, precision p, const shape *sh, void *out, const char *what)
{
    const json *root = l->net->multi_precision, *dtype = json_get(l->weights, "dtype"), *scale = json_get(root, "scale");
    int d = find_dtype(dtype ? dtype : json_get(root, "dtype"));
    d = d < 0 ? 0 : d;
    double one = dtypes[d].scale;
    if (scale && scale->kind == JSON_NUMBER && dtypes[d].scale != 1)
        one = scale->number;
    if (!(one > 0) || !isfinite(one)) {
        diag(s, DIAG_ERROR, scale, "'scale' must be a number above 0");
        return;
    }
    coding c = {.type = dtypes[d].type, .scales = &one, .n_scales = 1, .divide = true};
    read_coded(s, given, &c, p, sh, out, what);
}

/* "scale": one number, or one for each index of "axis". */
static bool read_scales(session *s, const json *given, const shape *sh, coding *c, const char *what)
{
    const json *scale = json_get(given, "scale"), *axis = json_get(given, "axis");
    if (!scale) {
        diag(s, DIAG_ERROR, given, "%s needs a \"scale\", for its type is an integer", what);
        return false;
    }
    bool list = scale->kind == JSON_ARRAY;
    if (list && (!axis || axis->kind != JSON_NUMBER || !json_is_int(axis) || json_int(axis) < 0 || json_int(axis) >= sh->rank)) {
        diag(s, DIAG_ERROR, axis ? axis : given, "%s has a list of scales and needs an \"axis\" from 0 to %d", what, sh->rank - 1);
        return false;
    }
    c->axis = list ? (int)json_int(axis) : 0;
    c->n_scales = list ? sh->dim[c->axis] : 1;
    if (list && scale->n != c->n_scales) {
        diag(s, DIAG_ERROR, scale, "%s has %d scales, expected %lld, the size of axis %d", what, scale->n, (long long)c->n_scales,
             c->axis);
        return false;
    }
    c->scales = arena_array(&s->arena, c->n_scales, sizeof *c->scales);
    const json *j = list ? scale->child : scale;
    for (int64_t i = 0; i < c->n_scales; i++, j = j->next) {
        if (j->kind != JSON_NUMBER || !(j->number >= 0) || !isfinite(c->type == LOOM_I32 ? j->number : (double)(float)j->number)) {
            diag(s, DIAG_ERROR, j, "a scale must be a number from 0 on, not %s", json_words(&s->arena, j));
            return false;
        }
        c->scales[i] = c->type == LOOM_I32 ? j->number : (double)strtof(j->src->text + j->at.at, NULL);
    }
    return true;
}

/* Ours: {"dtype": "int8", "scale": 0.01, "data": "..."}. */
static void read_object(session *s, const json *given, precision p, const shape *sh, void *out, const char *what)
{
    const json *dtype = json_get(given, "dtype"), *data = json_get(given, "data");
    int d = find_dtype(dtype);
    if (d < 0) {
        diag(s, DIAG_ERROR, dtype ? dtype : given, "%s needs a \"dtype\": float32, float64, int32, int16 or int8", what);
        return;
    }
    if (!data || data->kind != JSON_STRING) {
        diag(s, DIAG_ERROR, data ? data : given, "%s needs \"data\", a base64 text", what);
        return;
    }
    coding c = {.type = dtypes[d].type};
    if (dtypes[d].scale == 1 || read_scales(s, given, sh, &c, what))
        read_coded(s, data, &c, p, sh, out, what);
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

/* Multi-precision bundles of the original lack whole kinds of layers: then zeros are a surprise. */
static void warn_missing(session *s, const layer *l, const char *key)
{
    if (l->net->multi_precision)
        diag(s, DIAG_WARNING, l->weights, "the weights of %s lack '%s', which become zero: the original does not keep those of every "
             "layer in this format", l->name, key);
}

static void missing(session *s, const layer *l, const char *key, const shape *sh)
{
    diag(s, DIAG_ERROR, l->weights, "the weights of %s lack '%s', %lld numbers %s", l->name, key, (long long)shape_size(sh),
         shape_text(&s->arena, sh));
}

bool weight_read(session *s, const layer *l, const char *key, const char *alias, const char *name, precision p, const shape *sh,
                 void *out)
{
    if (!l->weights)
        return false;
    const json *given = json_get(l->weights, key);
    const char *what = arena_printf(&s->arena, "'%s' of %s", key, l->name);
    if (!given && alias)
        given = json_get(l->weights, alias);
    if (l->net->file)
        read_binary(s, l->net, name, p, sh, out);
    else if (given && given->kind == JSON_OBJECT)
        read_object(s, given, p, sh, out, what);
    else if (given && given->kind == JSON_STRING && l->net->multi_precision)
        read_multi(s, l, given, p, sh, out, what);
    else if (given)
        json_reals(s, given, p, out, sh, what);
    else if (l->net->compat)
        warn_missing(s, l, key); /* zeros, as in the original */
    else
        missing(s, l, key, sh);
    return true;
}
