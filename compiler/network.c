/* network.c - from the JSON tree to the tree of layers, and the weights to their layers.
 *
 * Reads a description, or a bundle that holds one. Every problem found is reported, not only the first. */
#include "loomc.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "layer_types.h" /* made by CMake from the files in layers/ */

static const field network_fields[] = {
    {"id", FIELD_STRING, 0, 0, "the file's name", 0, "name of the model and prefix of its symbols"},
    {"dtype", FIELD_ENUM, 0, 0, "float32", "float32|float64|f32|f64", "precision, unless --precision says another"},
    {"batch_size", FIELD_INT, 1, 1 << 20, "1", 0, "samples in one call"},
    {"grid_rows", FIELD_INT, 0, 1 << 20, 0, 0, "with the next two: their product must be the number of layers"},
    {"grid_cols", FIELD_INT, 0, 1 << 20, 0, 0, "see grid_rows"},
    {"layers_per_cell", FIELD_INT, 0, 1 << 20, 0, 0, "see grid_rows"},
    {"seed", FIELD_INT, 0, 9007199254740992.0, "0", 0, "of the initial weights and of every random choice"},
    {"input", FIELD_OBJECT, 0, 0, "told by the first layer", 0, "{\"shape\": [...]}, the shape of one sample"},
    {"compat", FIELD_ENUM, 0, 0, 0, "loom-0.0.7", "read the description as version 0.0.7 of the original did"},
    {"layers", FIELD_LAYERS, 0, 0, 0, 0, "the layers, in order"},
    {0}};
const field *const network_field_table = network_fields;

static const field input_fields[] = {
    {"shape", FIELD_INTS, 1, 1 << 24, 0, 0, "the shape of one sample"}, {0}};

static bool named(const layer_type *t, const char *name)
{
    size_t n = strlen(name);
    if (strcmp(t->name, name) == 0)
        return true;
    for (const char *p = t->aliases ? t->aliases : ""; *p;) {
        size_t len = strcspn(p, "|");
        if (len == n && memcmp(p, name, n) == 0)
            return true;
        p += len + (p[len] == '|');
    }
    return false;
}

const layer_type *layer_type_find(const char *name)
{
    for (int i = 0; i < n_layer_types; i++)
        if (named(layer_types[i], name))
            return layer_types[i];
    return NULL;
}

static void unknown_type(session *s, const json *type)
{
    text names = {.arena = &s->arena};
    for (int i = 0; i < n_layer_types; i++)
        text_printf(&names, "%s%s", i ? "|" : "", layer_types[i]->name);
    const char *near = nearest(&s->arena, type->string, names.s);
    if (near)
        diag(s, DIAG_ERROR, type, "unknown layer type '%s', did you mean '%s'?", type->string, near);
    else
        diag(s, DIAG_ERROR, type, "unknown layer type '%s'; 'loomc docs' lists them", type->string);
}

static bool is_identifier(const char *s)
{
    for (const char *p = s; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_')
            return false;
    return *s && !isdigit((unsigned char)*s);
}

/* A name given, or else the type with the place among its siblings. */
static const char *layer_name(session *s, const json *at, const layer_type *type, const char *prefix)
{
    const json *name = json_get(at, "name");
    if (!name)
        return arena_printf(&s->arena, "%s%s%d", prefix, type->name, at->index);
    if (name->kind != JSON_STRING || !is_identifier(name->string) || strlen(name->string) > 60) {
        diag(s, DIAG_ERROR, name, "a layer's name must be an identifier of at most 60 letters, digits and _");
        return "unnamed";
    }
    return arena_printf(&s->arena, "%s%s", prefix, name->string);
}

static bool read_layers(session *s, network *net, const json *list, const char *prefix, int depth, layer **first, int *n);

static bool read_layer(session *s, network *net, const json *at, const char *prefix, int depth, layer *l)
{
    if (at->kind != JSON_OBJECT) {
        diag(s, DIAG_ERROR, at, "a layer must be an object");
        return false;
    }
    if (depth > MAX_NESTING) {
        diag(s, DIAG_ERROR, at, "layers are nested more than %d deep", MAX_NESTING);
        return false;
    }
    const json *type = json_get(at, "type");
    if (!type || type->kind != JSON_STRING) {
        diag(s, DIAG_ERROR, type ? type : at, "a layer needs a \"type\", such as \"dense\"");
        return false;
    }
    l->type = layer_type_find(type->string);
    if (!l->type) {
        unknown_type(s, type);
        return false;
    }
    l->at = at;
    l->net = net;
    l->name = layer_name(s, at, l->type, prefix);
    l->path = l->name;
    bool good = net->compat || fields_check(s, at, l->type->fields, l->type->name);
    const char *inner = arena_printf(&s->arena, "%s_", l->name);
    for (const field *f = l->type->fields; good && f->names; f++) {
        if (f->kind != FIELD_LAYERS && f->kind != FIELD_LAYER)
            continue;
        char *name = arena_strndup(&s->arena, f->names, strcspn(f->names, "|"));
        const json *child = layer_json(l, name);
        if (child && f->kind == FIELD_LAYERS)
            good &= read_layers(s, net, child, inner, depth + 1, &l->children, &l->n_children);
        if (child && f->kind == FIELD_LAYER) {
            l->gate = arena_alloc(&s->arena, sizeof *l->gate);
            good &= read_layer(s, net, child, inner, depth + 1, l->gate);
        }
    }
    return good;
}

static bool read_layers(session *s, network *net, const json *list, const char *prefix, int depth, layer **first, int *n)
{
    bool good = true;
    layer **tail = first;
    for (const json *j = list->child; j; j = j->next) {
        layer *l = arena_alloc(&s->arena, sizeof *l);
        good &= read_layer(s, net, j, prefix, depth, l);
        *tail = l;
        tail = &l->next;
        ++*n;
    }
    return good;
}

static void check_names(session *s, const layer *a, const layer *first)
{
    for (; a; a = a->next)
        for (const layer *b = first; b != a; b = b->next)
            if (strcmp(a->name, b->name) == 0) {
                const json *name = json_get(a->at, "name");
                diag(s, DIAG_ERROR, name ? name : a->at, "two layers are called '%s'", a->name);
                break;
            }
}

static void check_grid(session *s, const network *net)
{
    static const char *const keys[] = {"grid_rows", "grid_cols", "layers_per_cell"};
    int64_t cells = 1;
    const json *at = NULL;
    for (int i = 0; i < COUNT(keys); i++) {
        const json *j = json_get(net->at, keys[i]);
        if (j && j->kind == JSON_NUMBER && j->number > 0) {
            cells *= (int64_t)j->number;
            at = j;
        }
    }
    if (at && cells != net->n_layers)
        diag(s, DIAG_ERROR, at, "the grid has %lld cells (grid_rows x grid_cols x layers_per_cell), but there are %d layers",
             (long long)cells, net->n_layers);
}

/* Symbols of C are made from the id; the file's name stands in for a missing one. */
static const char *model_id(session *s, const json *id, const source *src)
{
    const char *from = id && id->kind == JSON_STRING && *id->string ? id->string : src->name;
    if (from == src->name) {
        const char *slash = strrchr(from, '/');
        from = slash ? slash + 1 : from;
    }
    size_t n = from == src->name || !id ? strcspn(from, ".") : strlen(from);
    char *name = arena_printf(&s->arena, "%s%.*s", n && !isdigit((unsigned char)*from) ? "" : "net", (int)(n > 60 ? 60 : n), from);
    for (char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p))
            *p = '_';
    if (*name == '_')
        *name = 'n';
    return name;
}

static void read_input(session *s, network *net)
{
    const json *input = json_get(net->at, "input"), *sh;
    if (!input)
        return;
    if (input->kind != JSON_OBJECT || !(sh = json_get(input, "shape"))) {
        diag(s, DIAG_ERROR, input, "'input' must be an object such as {\"shape\": [3, 32, 32]}");
        return;
    }
    if (!fields_check(s, input, input_fields, "input"))
        return;
    if (sh->n < 1 || sh->n > MAX_RANK - 2) {
        diag(s, DIAG_ERROR, sh, "the input's shape has %d dimensions, expected 1 to %d", sh->n, MAX_RANK - 2);
        return;
    }
    net->has_input = true;
    for (const json *j = sh->child; j; j = j->next)
        net->input.dim[net->input.rank++] = (int64_t)j->number;
}

/* One entry of a bundle's models. */
static const json *bundle_model(session *s, const json *root, const char *id)
{
    const json *models = json_get(root, "models");
    if (!models || models->kind != JSON_ARRAY || !models->child) {
        diag(s, DIAG_ERROR, models ? models : root, "a bundle needs \"models\", a list with at least one model");
        return NULL;
    }
    for (const json *m = models->child; m; m = m->next) {
        const json *name = json_get(m, "id");
        if (id && name && name->kind == JSON_STRING && strcmp(name->string, id) == 0)
            return m;
    }
    return models->child;
}

static bool is_bundle(const json *root)
{
    const json *type = json_get(root, "type");
    return type && type->kind == JSON_STRING && strcmp(type->string, "modelhost/bundle") == 0;
}

static bool attach_weights(session *s, network *net, const json *model);

network *network_read(session *s, const source *src)
{
    json *root = json_read(s, src);
    if (!root)
        return NULL;
    const json *at = root, *model = NULL;
    network *net = arena_alloc(&s->arena, sizeof *net);
    if (is_bundle(root)) {
        model = bundle_model(s, root, NULL);
        at = model ? json_get(model, "cfg") : NULL;
        if (!at) {
            diag(s, DIAG_ERROR, model ? model : root, "the bundle holds no description (\"cfg\")");
            return NULL;
        }
        net->compat = !json_get(root, "producer");
    }
    if (at->kind != JSON_OBJECT) {
        diag(s, DIAG_ERROR, at, "a description must be an object with \"layers\"");
        return NULL;
    }
    net->at = at;
    net->src = src;
    net->compat |= json_get(at, "compat") != NULL;
    if (!net->compat)
        fields_check(s, at, network_fields, "the description");
    const json *batch = json_get(at, "batch_size"), *seed = json_get(at, "seed"), *layers = json_get(at, "layers");
    const json *dtype = json_get(at, "dtype");
    net->batch = batch && batch->kind == JSON_NUMBER && batch->number >= 1 ? (int64_t)batch->number : 1;
    net->seed = seed && seed->kind == JSON_NUMBER && seed->number > 0 ? (uint64_t)seed->number : 0;
    net->precision = dtype && dtype->kind == JSON_STRING && strstr(dtype->string, "64") ? F64 : F32;
    net->id = model_id(s, json_get(at, "id"), src);
    read_input(s, net);
    if (!layers)
        diag(s, DIAG_ERROR, at, "a description needs \"layers\"");
    else if (layers->kind == JSON_ARRAY && read_layers(s, net, layers, "", 1, &net->layers, &net->n_layers)) {
        check_names(s, net->layers, net->layers);
        check_grid(s, net);
    }
    if (s->diags.errors)
        return NULL;
    return !model || attach_weights(s, net, model) ? net : NULL;
}

/* ---- weights ------------------------------------------------------------------------------------------- */

static int base64_value(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52
         : c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool base64_decode(session *s, const json *from, source *out)
{
    size_t n = strlen(from->string), m = 0;
    char *bytes = arena_alloc(&s->arena, n / 4 * 3 + 4);
    unsigned bits = 0;
    int have = 0;
    size_t end = n;
    while (end && from->string[end - 1] == '=')
        end--;
    for (size_t i = 0; i < end; i++) {
        int v = base64_value(from->string[i]);
        if (v < 0) {
            diag(s, DIAG_ERROR, from, "not base64: unexpected character at position %zu", i);
            return false;
        }
        bits = (bits << 6 | (unsigned)v) & 0xffffff;
        if ((have += 6) >= 8)
            bytes[m++] = (char)(bits >> (have -= 8) & 255);
    }
    if (n % 4 != 0) {
        diag(s, DIAG_ERROR, from, "not base64: %zu characters, which is no multiple of 4 (is the file cut short?)", n);
        return false;
    }
    *out = (source){arena_printf(&s->arena, "%s (decoded weights)", from->src->name), bytes, m};
    return true;
}

static bool attach_list(session *s, layer *first, int n, const json *list, const char *what)
{
    if (!list || list->kind != JSON_ARRAY || list->n != n) {
        if (list && list->kind == JSON_ARRAY)
            diag(s, DIAG_ERROR, list, "%s: the weights have %d layers, the description has %d", what, list->n, n);
        else if (list)
            diag(s, DIAG_ERROR, list, "%s: expected a list of objects", what);
        return !list;
    }
    bool good = true;
    const json *j = list->child;
    for (layer *l = first; l; l = l->next, j = j->next) {
        if (j->kind != JSON_OBJECT) {
            diag(s, DIAG_ERROR, j, "the weights of a layer must be an object");
            return false;
        }
        l->weights = j;
        if (l->n_children)
            good &= attach_list(s, l->children, l->n_children, json_get(j, "branch_weights"), l->name);
        if (l->gate)
            l->gate->weights = json_get(j, "filter_gate");
    }
    return good;
}

static bool attach_weights(session *s, network *net, const json *model)
{
    const json *weights = json_get(model, "weights");
    const json *fmt = json_get(weights, "fmt"), *data = json_get(weights, "data");
    if (!fmt || fmt->kind != JSON_STRING) {
        diag(s, DIAG_ERROR, weights ? weights : model, "the bundle's \"weights\" need a \"fmt\"");
        return false;
    }
    if (strcmp(fmt->string, "json") == 0) {
        data = weights;
    } else if (strcmp(fmt->string, "jsonModelB64") == 0) {
        if (!data || data->kind != JSON_STRING) {
            diag(s, DIAG_ERROR, weights, "the bundle's \"weights\" need \"data\", a base64 text");
            return false;
        }
        source *decoded = arena_alloc(&s->arena, sizeof *decoded);
        data = base64_decode(s, data, decoded) ? json_read(s, decoded) : NULL;
        if (!data)
            return false;
    } else {
        diag(s, DIAG_ERROR, fmt, "weights in the format '%s' cannot be read, expected 'jsonModelB64' or 'json'", fmt->string);
        return false;
    }
    const json *list = json_get(data, "layers");
    if (!list) {
        diag(s, DIAG_ERROR, data, "the weights have no \"layers\"");
        return false;
    }
    return attach_list(s, net->layers, net->n_layers, list, "the network");
}

bool network_weights(session *s, network *net, const source *src)
{
    json *root = json_read(s, src);
    if (!root)
        return false;
    if (!is_bundle(root)) {
        diag(s, DIAG_ERROR, root, "not a bundle: \"type\" must be \"modelhost/bundle\"");
        return false;
    }
    const json *model = bundle_model(s, root, net->id);
    return model && attach_weights(s, net, model);
}
