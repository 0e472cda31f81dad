/* loom_document.c - arguments that are JSON: their members, numbers and lists, with errors that say where. */
#include "loom_text.h"

#include "loom_number.h"

int loom_document_open(loom_document *d, const char *name, const char *text, size_t n, loom_error *e)
{
    loom_json_problem p;
    d->name = name;
    d->text = text;
    d->n = n;
    d->error = e;
    if (!text)
        return loom_fail(e, LOOM_E_ARGUMENT, name, "'%s' is NULL, expected a JSON text", name);
    if (!loom_json_check(text, n, &p)) {
        loom_fail(e, LOOM_E_DESCRIPTION, name, "not JSON: %s", p.what);
        if (e)
            loom_json_position(text, n, p.at, &e->line, &e->column);
        return LOOM_E_DESCRIPTION;
    }
    d->root = loom_json_root(text, n);
    return LOOM_OK;
}

const char *loom_kind_words(loom_json v)
{
    switch (loom_json_kind(v)) {
    case '{': return "an object";
    case '[': return "a list";
    case '"': return "a string";
    case '0': return "a number";
    case 't':
    case 'f': return "true or false";
    default: return "null";
    }
}

/* Is the key one of the '|'-separated names? */
static int is_named(loom_json key, const char *names)
{
    char one[64];
    for (const char *p = names; *p;) {
        size_t n = 0;
        for (; p[n] && p[n] != '|'; n++)
            one[n < sizeof one - 1 ? n : sizeof one - 1] = p[n];
        one[n < sizeof one - 1 ? n : sizeof one - 1] = 0;
        if (loom_json_resembles(key, one))
            return 1;
        p += n + (p[n] == '|');
    }
    return 0;
}

static int unknown_member(const loom_document *d, loom_json key, const char *const *names)
{
    char list[400], mine[80];
    loom_writer w = {list, 0, sizeof list - 1, 0, NULL};
    for (int i = 0; names[i]; i++) {
        size_t n = 0;
        while (names[i][n] && names[i][n] != '|')
            n++;
        loom_put(&w, i ? ", " : "");
        loom_put_bytes(&w, names[i], n);
    }
    list[w.n] = 0;
    loom_json_text(key, mine, sizeof mine);
    return loom_document_fail(d, key, "unknown key '%s'; known are %s", mine, list);
}

int loom_members(const loom_document *d, loom_json object, const char *const *names, loom_json *values)
{
    loom_json key, value;
    for (int i = 0; names[i]; i++)
        values[i].at = values[i].end = NULL;
    for (loom_json_walk w = loom_json_in(object); loom_json_next(&w, &key, &value);) {
        int i = 0;
        while (names[i] && !is_named(key, names[i]))
            i++;
        if (!names[i])
            return unknown_member(d, key, names);
        if (values[i].at)
            return loom_document_fail(d, key, "this key stands here twice");
        values[i] = value;
    }
    return LOOM_OK;
}

int loom_take_number(const loom_document *d, loom_json v, const char *what, double least, double most, int whole,
                     double *out)
{
    if (!v.at)
        return LOOM_OK;
    double x = loom_json_kind(v) == '0' ? loom_json_number(v) : most;
    if (loom_json_kind(v) != '0')
        return loom_document_fail(d, v, "'%s' must be a number, not %s", what, loom_kind_words(v));
    if (!(x >= least && x <= most) || (whole && x != (double)(int64_t)x)) {
        char from[LOOM_NUMBER_SIZE], to[LOOM_NUMBER_SIZE];
        loom_write_f64(from, least);
        loom_write_f64(to, most);
        return loom_document_fail(d, v, "'%s' must be a %snumber from %s to %s", what, whole ? "whole " : "", from, to);
    }
    *out = x;
    return LOOM_OK;
}

int loom_take_flag(const loom_document *d, loom_json v, const char *what, int *out)
{
    char kind = loom_json_kind(v);
    if (!v.at)
        return LOOM_OK;
    if (kind != 't' && kind != 'f')
        return loom_document_fail(d, v, "'%s' must be true or false, not %s", what, loom_kind_words(v));
    *out = kind == 't';
    return LOOM_OK;
}

int loom_take_numbers(const loom_document *d, loom_json v, const char *what, int type, void *out, size_t n)
{
    static const char *const types[] = {"", "f32", "f64", "i8", "i16", "i32"};
    size_t count;
    if (loom_json_kind(v) != '[')
        return loom_document_fail(d, v, "%s must be a list of numbers, not %s", what, loom_kind_words(v));
    loom_json bad = loom_json_numbers(v, type, out, n, &count);
    if (bad.at && loom_json_kind(bad) != '0')
        return loom_document_fail(d, bad, "%s must hold numbers only, not %s", what, loom_kind_words(bad));
    if (bad.at)
        return loom_document_fail(d, bad, "%s holds a number that %s cannot", what, types[type]);
    if (count != n)
        return loom_document_fail(d, v, "%s has %z numbers, expected %z", what, count, n);
    return LOOM_OK;
}
