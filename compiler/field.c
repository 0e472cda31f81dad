/* field.c - the keys of a layer: checking an object against a table of fields, and reading values.
 *
 * The table is the only description of what a layer takes; the checks here and the reference in
 * `loomc docs` both come from it. After fields_check found no error the readers cannot fail. */
#include "loomc.h"

#include <assert.h>
#include <string.h>

/* Keys that every layer may have; "type" and "name" are read elsewhere. */
static const field common_fields[] = {
    {"type", FIELD_STRING, 0, 0, 0, 0, "which layer"},
    {"name", FIELD_STRING, 0, 0, 0, 0, "an identifier, unique"},
    {"disabled", FIELD_BOOL, 0, 0, "false", 0, "whether the layer is left out"},
    {"frozen", FIELD_BOOL, 0, 0, "false", 0, "whether training leaves its weights as they are"},
    {"dtype", FIELD_ENUM, 0, 0, 0, "int8|int16|int32|i8|i16|i32", "in a network of integers: the type of this layer"},
    {0}};

static bool in_list(const char *names, const char *word, size_t n)
{
    for (const char *p = names; *p;) {
        size_t len = strcspn(p, "|");
        if (len == n && memcmp(p, word, n) == 0)
            return true;
        p += len + (p[len] == '|');
    }
    return false;
}

static const field *find_field(const field *fields, const char *key)
{
    for (; fields->names; fields++)
        if (in_list(fields->names, key, strlen(key)))
            return fields;
    return NULL;
}

/* The key as it was written; the entry of a list goes by the list's. */
static const char *label(session *s, const json *j)
{
    if (j->key)
        return arena_printf(&s->arena, "'%s'", j->key);
    while (j->parent && !j->key)
        j = j->parent;
    return j->key ? arena_printf(&s->arena, "an entry of '%s'", j->key) : "this";
}

static bool wrong(session *s, const json *j, const char *expected)
{
    diag(s, DIAG_ERROR, j, "%s must be %s, not %s", label(s, j), expected, json_words(&s->arena, j));
    return false;
}

static bool in_range(session *s, const field *f, const json *j)
{
    if (j->number >= f->min && j->number <= f->max)
        return true;
    char least[40], most[40];
    print_real(least, F64, &f->min);
    print_real(most, F64, &f->max);
    diag(s, DIAG_ERROR, j, "%s is %s, expected %s to %s", label(s, j), json_words(&s->arena, j), least, most);
    return false;
}

static bool check_int(session *s, const field *f, const json *j)
{
    return json_is_int(j) ? in_range(s, f, j) : wrong(s, j, "a whole number");
}

static bool check_number(session *s, const field *f, const json *j)
{
    return j->kind == JSON_NUMBER ? in_range(s, f, j) : wrong(s, j, "a number");
}

static bool check_bool(session *s, const field *f, const json *j)
{
    (void)f;
    return j->kind == JSON_BOOL || wrong(s, j, "true or false");
}

static bool check_list(session *s, const field *f, const json *j,
                       bool check(session *, const field *, const json *), const char *expected)
{
    if (j->kind != JSON_ARRAY)
        return wrong(s, j, expected);
    bool good = true;
    for (const json *c = j->child; c; c = c->next)
        good &= check(s, f, c);
    return good;
}

static bool check_ints(session *s, const field *f, const json *j)
{
    return check_list(s, f, j, check_int, "a list of whole numbers");
}

static bool check_sizes(session *s, const field *f, const json *j)
{
    if (j->kind != JSON_ARRAY && j->kind != JSON_NUMBER)
        return wrong(s, j, "a whole number or a list of them");
    return j->kind == JSON_ARRAY ? check_ints(s, f, j) : check_int(s, f, j);
}

static bool check_padding(session *s, const field *f, const json *j)
{
    if (j->kind == JSON_STRING && in_list("same|valid", j->string, strlen(j->string)))
        return true;
    if (j->kind == JSON_ARRAY || j->kind == JSON_NUMBER)
        return check_sizes(s, f, j);
    return wrong(s, j, "a whole number, a list of them, \"same\" or \"valid\"");
}

/* "a|b|c" as "a, b or c" */
static const char *word_list(session *s, const char *values)
{
    text t = {.arena = &s->arena};
    for (const char *p = values; *p; p++)
        text_printf(&t, *p != '|' ? "%c" : strchr(p + 1, '|') ? ", " : " or ", *p);
    return t.s;
}

static bool check_object(session *s, const field *f, const json *j)
{
    (void)f;
    return j->kind == JSON_OBJECT || wrong(s, j, "an object");
}

static bool check_enum(session *s, const field *f, const json *j)
{
    if (j->kind != JSON_STRING)
        return wrong(s, j, "a string");
    if (in_list(f->values, j->string, strlen(j->string)))
        return true;
    const char *near = nearest(&s->arena, j->string, f->values);
    if (near)
        diag(s, DIAG_ERROR, j, "unknown %s '%s', did you mean '%s'?", j->key, j->string, near);
    else
        diag(s, DIAG_ERROR, j, "unknown %s '%s', expected %s", j->key, j->string, word_list(s, f->values));
    return false;
}

static bool check_kind(session *s, const field *f, const json *j)
{
    switch (f->kind) {
    case FIELD_INT: return check_int(s, f, j);
    case FIELD_NUMBER: return check_number(s, f, j);
    case FIELD_BOOL: return check_bool(s, f, j);
    case FIELD_STRING: return j->kind == JSON_STRING || wrong(s, j, "a string");
    case FIELD_ENUM: return check_enum(s, f, j);
    case FIELD_INTS: return check_ints(s, f, j);
    case FIELD_NUMBERS: return check_list(s, f, j, check_number, "a list of numbers");
    case FIELD_BOOLS: return check_list(s, f, j, check_bool, "a list of true and false");
    case FIELD_INT_LISTS: return check_list(s, f, j, check_ints, "a list of lists of whole numbers");
    case FIELD_SIZES: return check_sizes(s, f, j);
    case FIELD_PAD: return check_padding(s, f, j);
    case FIELD_OBJECT:
    case FIELD_LAYER: return check_object(s, f, j);
    case FIELD_LAYERS: return j->kind == JSON_ARRAY || wrong(s, j, "a list of layers");
    case FIELD_OBJECTS: return check_list(s, f, j, check_object, "a list of objects");
    }
    return false;
}

/* Adds the names of fields to those that may stand in an object, for suggestions. */
static void add_names(text *t, const field *fields)
{
    for (; fields && fields->names; fields++)
        text_printf(t, "%s%s", t->n ? "|" : "", fields->names);
}

static bool unknown_key(session *s, const json *j, const field *fields, const field *more, const char *what)
{
    if (s->diags.errors > MAX_ERRORS)
        return false;
    text names = {.arena = &s->arena};
    add_names(&names, fields);
    add_names(&names, more);
    const char *near = names.n ? nearest(&s->arena, j->key, names.s) : NULL;
    if (near)
        diag_key(s, DIAG_ERROR, j, "unknown key '%s' in %s, did you mean '%s'?", j->key, what, near);
    else
        diag_key(s, DIAG_ERROR, j, "unknown key '%s' in %s; 'loomc docs' lists the keys", j->key, what);
    return false;
}

/* Is the same field there before, under another spelling? */
static bool said_before(session *s, const field *f, const field *fields, const json *j)
{
    for (const json *b = j->parent->child; b != j; b = b->next)
        if (find_field(fields, b->key) == f) {
            diag_key(s, DIAG_ERROR, j, "'%s' and '%s' are the same; give one of them", j->key, b->key);
            return true;
        }
    return false;
}

static bool check_fields(session *s, const json *object, const field *fields, const field *more,
                         const char *what)
{
    bool good = true;
    for (const json *j = object->child; j; j = j->next) {
        const field *f = find_field(fields, j->key);
        if (!f && more)
            f = find_field(more, j->key);
        good &=
            f ? check_kind(s, f, j) && !said_before(s, f, fields, j) : unknown_key(s, j, fields, more, what);
    }
    return good;
}

bool fields_check(session *s, const json *object, const field *fields, const char *what)
{
    return check_fields(s, object, fields, NULL, what);
}

/* The original ignores keys and words that it does not know, and takes 0 as absent. */
bool fields_check_compat(session *s, const json *object, const field *fields)
{
    bool good = true;
    for (const json *j = object->child; j; j = j->next) {
        const field *f = find_field(fields, j->key);
        bool zero = j->kind == JSON_NULL || (j->kind == JSON_NUMBER && j->number == 0);
        if (f && f->kind != FIELD_ENUM && !zero)
            good &= check_kind(s, f, j);
    }
    return good;
}

bool fields_check_layer(session *s, const layer *l)
{
    if (l->net->compat)
        return fields_check_compat(s, l->at, l->type->fields);
    return check_fields(s, l->at, l->type->fields, common_fields, l->type->name);
}

/* The value of a field under any of its spellings. In descriptions of the original 0 means absent, and
 * the last spelling that is there counts. */
const json *layer_json(const layer *l, const char *name)
{
    const field *f = find_field(l->type->fields, name);
    assert(f && "a layer reads a field that its table lacks");
    const json *found = NULL;
    for (const char *p = f->names; *p;) {
        size_t len = strcspn(p, "|");
        for (const json *j = l->at->child; j; j = j->next)
            if (strlen(j->key) == len && memcmp(j->key, p, len) == 0 && j->kind != JSON_NULL) {
                bool zero = l->net->compat && j->kind == JSON_NUMBER && j->number == 0;
                if (!zero && (!found || l->net->compat))
                    found = j;
            }
        p += len + (p[len] == '|');
    }
    return found;
}

bool layer_has(const layer *l, const char *name) { return layer_json(l, name) != NULL; }

int64_t layer_int(const layer *l, const char *name, int64_t def)
{
    const json *j = layer_json(l, name);
    return j && j->kind == JSON_NUMBER ? json_int(j) : def;
}

double layer_number(const layer *l, const char *name, double def)
{
    const json *j = layer_json(l, name);
    return j && j->kind == JSON_NUMBER ? j->number : def;
}

bool layer_bool(const layer *l, const char *name, bool def)
{
    const json *j = layer_json(l, name);
    return j && j->kind == JSON_BOOL ? j->flag : def;
}

const char *layer_string(const layer *l, const char *name, const char *def)
{
    const json *j = layer_json(l, name);
    return j && j->kind == JSON_STRING ? j->string : def;
}

int layer_sizes(const layer *l, const char *name, int64_t *out, int max)
{
    const json *j = layer_json(l, name);
    if (!j || (j->kind != JSON_ARRAY && j->kind != JSON_NUMBER))
        return 0;
    if (j->kind == JSON_NUMBER) {
        out[0] = json_int(j);
        return 1;
    }
    int n = 0;
    for (const json *c = j->child; c; c = c->next, n++)
        if (n < max)
            out[n] = json_int(c);
    return n;
}
