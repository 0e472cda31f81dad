/* network.c - from the JSON tree to the tree of layers, and the weights to their layers.
 *
 * Reads a description, or a bundle that holds one. Every problem found is reported, not only the first. */
#include "loomc.h"
#include "weights.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "layer_types.h" /* made by CMake from the files in layers/ */

static const field network_fields[] = {
    {"id", FIELD_STRING, 0, 0, "the file's name", 0, "name of the model and prefix of its symbols"},
    {"dtype", FIELD_ENUM, 0, 0, "float32", "float32|float64|int8|int16|int32|f32|f64|i8|i16|i32",
     "precision, unless --precision says another"},
    {"batch_size", FIELD_INT, 1, 1 << 20, "1", 0, "samples in one call"},
    {"grid_rows", FIELD_INT, 0, 1 << 20, 0, 0,
     "with the next two: their product must be the number of layers"},
    {"grid_cols", FIELD_INT, 0, 1 << 20, 0, 0, "see grid_rows"},
    {"layers_per_cell", FIELD_INT, 0, 1 << 20, 0, 0, "see grid_rows"},
    {"seed", FIELD_INT, 0, 9007199254740992.0, "0", 0, "of the initial weights and of every random choice"},
    {"input", FIELD_OBJECT, 0, 0, "told by the first layer", 0,
     "{\"shape\": [...]}, the shape of one sample"},
    {"compat", FIELD_ENUM, 0, 0, 0, "loom-0.0.7",
     "read the description as version 0.0.7 of the original did"},
    {"training", FIELD_OBJECT, 0, 0, 0, 0, "how the network is trained, see below"},
    {"quantisation", FIELD_OBJECT, 0, 0, 0, 0, "ranges for integer arithmetic, see below"},
    {"layers", FIELD_LAYERS, 0, 0, 0, 0, "the layers, in order"},
    {0}};
const field *const network_field_table = network_fields;

static const field input_fields[] = {{"shape", FIELD_INTS, 1, 1 << 24, 0, 0, "the shape of one sample"}, {0}};

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
    for (int i = 0; i < n_layer_types; i++) {
        text_printf(&names, "%s%s", i ? "|" : "", layer_types[i]->name);
        if (layer_types[i]->aliases)
            text_printf(&names, "|%s", layer_types[i]->aliases);
    }
    const char *near = nearest(&s->arena, type->string, names.s);
    if (near)
        diag(s, DIAG_ERROR, type, "unknown layer type '%s', did you mean '%s'?", type->string, near);
    else
        diag(s, DIAG_ERROR, type, "unknown layer type '%s'; 'loomc docs' lists them", type->string);
}

static bool is_identifier(const char *s)
{
    for (const char *p = s; *p; p++)
        if (!is_alnum(*p) && *p != '_')
            return false;
    return *s && !is_digit(*s);
}

/* A name given, or else the type with the place among its siblings. */
static const char *layer_name(session *s, const json *at, const layer_type *type, const char *prefix)
{
    const json *name = json_get(at, "name");
    if (!name && at->key) /* the value of a key, not one of a list */
        return arena_printf(&s->arena, "%s%s", prefix, at->key);
    if (!name)
        return arena_printf(&s->arena, "%s%s%d", prefix, type->name, at->index);
    if (name->kind != JSON_STRING)
        return "unnamed"; /* fields_check_layer reports it */
    if (!is_identifier(name->string) || strlen(name->string) > 60) {
        diag(s, DIAG_ERROR, name, "a layer's name must be an identifier of at most 60 letters, digits and _");
        return "unnamed";
    }
    return arena_printf(&s->arena, "%s%s", prefix, name->string);
}

static bool read_layer(session *s, network *net, const json *at, const char *prefix, int depth, layer *l);
static bool read_layers(session *s, network *net, const json *list, const char *prefix, int depth,
                        layer **first, int *n);

/* The layers within l, where they are in order; what is not, fields_check_layer has reported. */
static bool read_inner(session *s, network *net, int depth, layer *l)
{
    bool good = true;
    const char *prefix = arena_printf(&s->arena, "%s_", l->name);
    for (const field *f = l->type->fields; f->names; f++) {
        if (f->kind != FIELD_LAYERS && f->kind != FIELD_LAYER)
            continue;
        const json *child = layer_json(l, arena_strndup(&s->arena, f->names, strcspn(f->names, "|")));
        if (child && f->kind == FIELD_LAYERS && child->kind == JSON_ARRAY)
            good &= read_layers(s, net, child, prefix, depth + 1, &l->children, &l->n_children);
        if (child && f->kind == FIELD_LAYER && child->kind == JSON_OBJECT) {
            l->gate = arena_alloc(&s->arena, sizeof *l->gate);
            good &= read_layer(s, net, child, prefix, depth + 1, l->gate);
        }
    }
    return good;
}

static bool read_layer(session *s, network *net, const json *at, const char *prefix, int depth, layer *l)
{
    if (at->kind != JSON_OBJECT) {
        diag(s, DIAG_ERROR, at, "a layer must be an object, not %s", json_words(&s->arena, at));
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
    bool good = fields_check_layer(s, l);
    const json *dtype = json_get(at, "dtype");
    l->dtype = dtype && dtype->kind == JSON_STRING ? precision_of(dtype->string) : N_PRECISIONS;
    l->dtype_given = is_integer(l->dtype) && l->dtype < N_PRECISIONS;
    return read_inner(s, net, depth, l) && good;
}

static bool read_layers(session *s, network *net, const json *list, const char *prefix, int depth,
                        layer **first, int *n)
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

static int count_layers(const layer *first)
{
    int n = 0;
    for (const layer *l = first; l; l = l->next)
        n += 1 + count_layers(l->children) + (l->gate ? count_layers(l->gate) : 0);
    return n;
}

static const layer **list_layers(const layer *first, const layer **out)
{
    for (const layer *l = first; l; l = l->next) {
        *out++ = l;
        out = list_layers(l->children, out);
        out = l->gate ? list_layers(l->gate, out) : out;
    }
    return out;
}

static int by_name(const void *a, const void *b)
{
    const layer *x = *(const layer *const *)a, *y = *(const layer *const *)b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->at->at.at < y->at->at.at ? -1 : 1;
}

static const json *name_place(const layer *l)
{
    const json *name = json_get(l->at, "name"), *type = json_get(l->at, "type");
    return name ? name : type;
}

/* Names must differ in the whole network: a layer within `block` is called block_<its name>. */
static void check_names(session *s, const network *net)
{
    int n = count_layers(net->layers);
    const layer **all = arena_array(&s->arena, n, sizeof *all);
    list_layers(net->layers, all);
    qsort(all, (size_t)n, sizeof *all, by_name);
    for (int i = 1; i < n; i++)
        if (strcmp(all[i - 1]->name, all[i]->name) == 0) {
            diag(s, DIAG_ERROR, name_place(all[i]), "two layers are called '%s'; give one another \"name\"",
                 all[i]->name);
            diag(s, DIAG_NOTE, name_place(all[i - 1]), "this is the first one");
        }
}

/* What is within a layer has its type, where it says no other. */
static void inherit_dtype(layer *first, const layer *outer)
{
    for (layer *l = first; l; l = l->next) {
        if (!l->dtype_given && outer) {
            l->dtype = outer->dtype;
            l->dtype_given = outer->dtype_given;
        }
        inherit_dtype(l->children, l);
        inherit_dtype(l->gate, l);
    }
}

/* What is within a frozen layer is frozen too. */
static void mark_frozen(layer *first, bool outer)
{
    for (layer *l = first; l; l = l->next) {
        const json *frozen = json_get(l->at, "frozen");
        l->frozen = outer || (frozen && frozen->kind == JSON_BOOL && frozen->flag);
        mark_frozen(l->children, l->frozen);
        mark_frozen(l->gate, l->frozen);
    }
}

static void check_grid(session *s, const network *net)
{
    static const char *const keys[] = {"grid_rows", "grid_cols", "layers_per_cell"};
    int64_t cells = 1;
    const json *at = NULL;
    for (int i = 0; i < COUNT(keys); i++) {
        const json *j = json_get(net->at, keys[i]);
        int64_t n = j && j->kind == JSON_NUMBER ? json_int(j) : 0;
        if (n < 1)
            continue;
        cells = n > INT_MAX || cells * n > INT_MAX ? INT_MAX : cells * n;
        at = j;
    }
    if (at && cells != net->n_layers)
        diag(s, DIAG_ERROR, at,
             "the grid has %s%lld cells (grid_rows x grid_cols x layers_per_cell), but 'layers' has %d",
             cells == INT_MAX ? "at least " : "", (long long)cells, net->n_layers);
}

/* Words of C and C++ and their headers: no structure and no file can be called so. */
static const char reserved_names[] =
    "alignas|alignof|and|and_eq|asm|auto|bitand|bitor|bool|break|case|catch|char|class|compl|concept|"
    "const|constexpr|continue|co_await|co_return|co_yield|decltype|default|delete|do|double|else|enum|"
    "explicit|export|extern|false|float|for|friend|goto|if|inline|int|long|mutable|namespace|new|"
    "noexcept|not|not_eq|nullptr|operator|or|or_eq|private|protected|public|register|requires|restrict|"
    "return|short|signed|sizeof|static|static_assert|struct|switch|template|this|thread_local|throw|"
    "true|try|typedef|typeid|typename|typeof|union|unsigned|using|virtual|void|volatile|wchar_t|while|"
    "xor|xor_eq|assert|complex|ctype|errno|fenv|inttypes|iso646|limits|locale|math|setjmp|signal|"
    "stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|tgmath|threads|"
    "time|uchar|wchar|wctype";

static bool is_reserved(const char *name)
{
    size_t n = strlen(name);
    for (const char *p = reserved_names; *p;) {
        size_t len = strcspn(p, "|");
        if (len == n && memcmp(p, name, n) == 0)
            return true;
        p += len + (p[len] == '|');
    }
    return strcmp(name, "loom") == 0 || strncmp(name, "loom_", 5) == 0; /* the runtime's */
}

/* Symbols of C are made from the id: "2-bit" gives net_2_bit. */
static const char *symbol_of(session *s, const char *from, size_t n)
{
    char *name = arena_strndup(&s->arena, from, n < 60 ? n : 60);
    for (char *p = name; *p; p++)
        if (!is_alnum(*p))
            *p = '_';
    bool good = is_alpha(*name) && !is_reserved(name);
    return good ? name : arena_printf(&s->arena, "net_%s", name + strspn(name, "_"));
}

/* The file's name stands in for a missing id. */
static const char *model_id(session *s, const json *id, const source *src)
{
    bool given = id && id->kind == JSON_STRING && *id->string;
    const char *slash = strrchr(src->name, '/'), *from = given ? id->string : slash ? slash + 1 : src->name;
    return symbol_of(s, from, given ? strlen(from) : strcspn(from, "."));
}

bool network_rename(session *s, network *net, const char *id)
{
    net->id = symbol_of(s, id, strlen(id));
    if (strcmp(net->id, id) != 0)
        diag(s, DIAG_ERROR, NULL, "--id must be a name that C and C++ take, of at most 60 characters, not '%s'; '%s' would do",
             id, net->id);
    return strcmp(net->id, id) == 0;
}

static void read_input(session *s, network *net)
{
    const json *input = json_get(net->at, "input"), *sh;
    if (!input || input->kind != JSON_OBJECT)
        return; /* absent, or reported */
    if (!(sh = json_get(input, "shape"))) {
        diag(s, DIAG_ERROR, input, "'input' needs a \"shape\", such as {\"shape\": [3, 32, 32]}");
        return;
    }
    if (!fields_check(s, input, input_fields, "input"))
        return;
    if (sh->n < 1 || sh->n > MAX_RANK - 2) {
        diag(s, DIAG_ERROR, sh, "'shape' has %d sizes, expected 1 to %d", sh->n, MAX_RANK - 2);
        return;
    }
    net->has_input = true;
    for (const json *j = sh->child; j; j = j->next)
        net->input.dim[net->input.rank++] = json_int(j);
}

/* Everything in the description; what is wrong is reported. `id` stands in for a missing one. */
static void read_description(session *s, network *net, const json *id)
{
    const json *compat = json_get(net->at, "compat");
    net->compat |= compat && compat->kind == JSON_STRING && strcmp(compat->string, "loom-0.0.7") == 0;
    if (net->compat)
        fields_check_compat(s, net->at, network_fields);
    else
        fields_check(s, net->at, network_fields, "the description");
    const json *batch = json_get(net->at, "batch_size"), *seed = json_get(net->at, "seed");
    const json *dtype = json_get(net->at, "dtype"), *layers = json_get(net->at, "layers");
    net->batch = s->opt->batch ? s->opt->batch : batch && batch->kind == JSON_NUMBER && batch->number >= 1 ? json_int(batch) : 1;
    net->seed = seed && seed->kind == JSON_NUMBER && seed->number > 0 ? (uint64_t)json_int(seed) : 0;
    precision p = dtype && dtype->kind == JSON_STRING ? precision_of(dtype->string) : F32;
    net->precision = p == N_PRECISIONS || (net->compat && is_integer(p)) ? F32 : p; /* the original computes in float32 */
    net->id = model_id(s, json_get(net->at, "id") ? json_get(net->at, "id") : id, net->src);
    read_input(s, net);
    const json *how = json_get(net->at, "training");
    if (how && how->kind == JSON_OBJECT)
        fields_check(s, how, training_field_table, "'training'");
    const json *quantisation = json_get(net->at, "quantisation");
    if (quantisation && quantisation->kind == JSON_OBJECT)
        fields_check(s, quantisation, quantisation_field_table, "'quantisation'");
    if (!layers)
        diag(s, DIAG_ERROR, net->at, "a description needs \"layers\", a list of layers");
    else if (layers->kind == JSON_ARRAY)
        read_layers(s, net, layers, "", 1, &net->layers, &net->n_layers);
    if (s->diags.errors)
        return;
    mark_frozen(net->layers, false);
    inherit_dtype(net->layers, NULL);
    check_names(s, net);
    check_grid(s, net);
}

/* A bundle has the description of its model, which may lack the id, within. The original's files have its meaning. */
static const json *bundle_description(session *s, network *net, const json *root, const json **model)
{
    *model = bundle_model(s, root, s->opt->model, NULL);
    const json *at = json_get(*model, "cfg");
    if (*model && !at)
        diag(s, DIAG_ERROR, *model, "the model has no description (\"cfg\")");
    net->compat = !is_producer(root);
    return at;
}

static network *read_network_at(session *s, const json *root, const source *src)
{
    const json *at = root, *model = NULL;
    network *net = arena_alloc(&s->arena, sizeof *net);
    if (is_bundle(root) && !(at = bundle_description(s, net, root, &model)))
        return NULL;
    if (at->kind != JSON_OBJECT) {
        diag(s, DIAG_ERROR, at, "a description must be an object with \"layers\", not %s",
             json_words(&s->arena, at));
        return NULL;
    }
    net->at = at;
    net->src = src;
    read_description(s, net, json_get(model, "id"));
    if (s->diags.errors)
        return NULL;
    if (!model)
        return net;
    if (!attach_weights(s, net, model))
        return NULL;
    if (net->saved_as && is_producer(root)) /* a network that was saved goes on in the precision it had */
        net->precision = strcmp(net->saved_as, "float64") == 0 ? F64 : F32;
    return net;
}

/* A binary file has the description as text, when it was asked for. */
static network *read_binary(session *s, const source *src)
{
    const loom_file *f = binary_open(s, src);
    if (!f)
        return NULL;
    if (f->description_size == 0) {
        diag(s, DIAG_ERROR, NULL, "%s holds weights without the description; give the network, and this file with --weights",
             src->name);
        return NULL;
    }
    source *inner = arena_alloc(&s->arena, sizeof *inner);
    *inner = (source){arena_printf(&s->arena, "%s (description)", src->name),
                      arena_strndup(&s->arena, f->description, f->description_size), f->description_size};
    const json *at = json_read(s, inner);
    network *net = at ? read_network_at(s, at, inner) : NULL;
    if (net) {
        attach_binary(s, net, f, src);
        net->precision = f->type == LOOM_F64 ? F64 : F32;
    }
    return net;
}

network *network_read(session *s, const source *src)
{
    if (is_binary(src))
        return read_binary(s, src);
    const json *root = json_read(s, src);
    return root ? read_network_at(s, root, src) : NULL;
}
