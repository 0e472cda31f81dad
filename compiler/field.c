/* field.c - the keys of a layer: checking an object against a table of fields, and reading values.
 *
 * The table is the only description of what a layer takes; the checks here and the reference in
 * `loomc docs` both come from it. After fields_check found no error the readers cannot fail. */
#include "loomc.h"

#include <assert.h>
#include <string.h>

/* Keys that any layer may have. */
static const char common_keys[] = "type|name|frozen|disabled";

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

static const char *kind_words(json_kind k)
{
    static const char *const words[] = {"null", "true or false", "a number", "a string", "a list", "an object"};
    return words[k];
}

static bool wrong(session *s, const json *j, const char *expected)
{
    diag(s, DIAG_ERROR, j, "%s%s%s must be %s, not %s", j->key ? "'" : "", j->key ? j->key : "this entry", j->key ? "'" : "",
         expected, kind_words(j->kind));
    return false;
}

static bool check_int(session *s, const field *f, const json *j)
{
    if (!json_is_int(j))
        return j->kind == JSON_NUMBER ? (diag(s, DIAG_ERROR, j, "'%s' must be a whole number", j->key ? j->key : f->names), false)
                                      : wrong(s, j, "a whole number");
    if (j->number >= f->min && j->number <= f->max)
        return true;
    diag(s, DIAG_ERROR, j, "'%s' is %.17g, expected %.17g to %.17g", j->key ? j->key : f->names, j->number, f->min, f->max);
    return false;
}

static bool check_number(session *s, const field *f, const json *j)
{
    if (j->kind != JSON_NUMBER)
        return wrong(s, j, "a number");
    if (j->number >= f->min && j->number <= f->max)
        return true;
    diag(s, DIAG_ERROR, j, "'%s' is %.9g, expected %.9g to %.9g", j->key ? j->key : f->names, j->number, f->min, f->max);
    return false;
}

static bool check_bool(session *s, const field *f, const json *j)
{
    (void)f;
    return j->kind == JSON_BOOL || wrong(s, j, "true or false");
}

static bool check_list(session *s, const field *f, const json *j, bool check(session *, const field *, const json *),
                       const char *expected)
{
    if (j->kind != JSON_ARRAY)
        return wrong(s, j, expected);
    bool good = true;
    for (const json *c = j->child; c; c = c->next)
        good &= c->kind == JSON_ARRAY && f->kind == FIELD_INTS ? check_list(s, f, c, check, expected) : check(s, f, c);
    return good;
}

static bool check_enum(session *s, const field *f, const json *j)
{
    if (j->kind != JSON_STRING)
        return wrong(s, j, "a string");
    if (in_list(f->values, j->string, strlen(j->string)))
        return true;
    const char *near = nearest(&s->arena, j->string, f->values);
    text list = {.arena = &s->arena};
    for (const char *p = f->values; *p; p++)
        text_printf(&list, *p == '|' ? ", " : "%c", *p);
    if (near)
        diag(s, DIAG_ERROR, j, "unknown %s '%s', did you mean '%s'?", j->key, j->string, near);
    else
        diag(s, DIAG_ERROR, j, "unknown %s '%s', expected one of: %s", j->key, j->string, list.s);
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
    case FIELD_INTS: return check_list(s, f, j, check_int, "a list of whole numbers");
    case FIELD_NUMBERS: return check_list(s, f, j, check_number, "a list of numbers");
    case FIELD_BOOLS: return check_list(s, f, j, check_bool, "a list of true and false");
    case FIELD_SIZES:
        return j->kind == JSON_ARRAY ? check_list(s, f, j, check_int, "a list of whole numbers") : check_int(s, f, j);
    case FIELD_PAD:
        if (j->kind == JSON_STRING && in_list("same|valid", j->string, strlen(j->string)))
            return true;
        if (j->kind != JSON_ARRAY && j->kind != JSON_NUMBER)
            return wrong(s, j, "a whole number, a list of them, \"same\" or \"valid\"");
        return j->kind == JSON_ARRAY ? check_list(s, f, j, check_int, "a list of whole numbers") : check_int(s, f, j);
    case FIELD_OBJECT: return j->kind == JSON_OBJECT || wrong(s, j, "an object");
    case FIELD_LAYER: return j->kind == JSON_OBJECT || wrong(s, j, "a layer (an object)");
    case FIELD_LAYERS:
    case FIELD_OBJECTS: return j->kind == JSON_ARRAY || wrong(s, j, "a list of objects");
    }
    return false;
}

/* All names that may stand in the object, for suggestions. */
static const char *all_names(session *s, const field *fields)
{
    text t = {.arena = &s->arena};
    text_printf(&t, "%s", common_keys);
    for (; fields->names; fields++)
        text_printf(&t, "|%s", fields->names);
    return t.s;
}

bool fields_check(session *s, const json *object, const field *fields, const char *what)
{
    bool good = true;
    for (const json *j = object->child; j; j = j->next) {
        if (in_list(common_keys, j->key, strlen(j->key)))
            continue;
        const field *f = find_field(fields, j->key);
        if (f) {
            good &= check_kind(s, f, j);
            continue;
        }
        const char *near = nearest(&s->arena, j->key, all_names(s, fields));
        if (near)
            diag_key(s, DIAG_ERROR, j, "unknown key '%s' in %s, did you mean '%s'?", j->key, what, near);
        else
            diag_key(s, DIAG_ERROR, j, "unknown key '%s' in %s", j->key, what);
        good = false;
    }
    return good;
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
    return j && j->kind == JSON_NUMBER ? (int64_t)j->number : def;
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
        out[0] = (int64_t)j->number;
        return 1;
    }
    int n = 0;
    for (const json *c = j->child; c; c = c->next, n++)
        if (n < max)
            out[n] = (int64_t)c->number;
    return n;
}
