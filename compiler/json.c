/* json.c - JSON text to a tree whose values know their place in the text.
 *
 * syntax.c judges the text first, so the scan here trusts it. Every value gets its byte span, its parent and its index;
 * the numbers are read again from the text where a precision needs its own rounding. */
#include "loomc.h"

#include "../runtime/loom_json.h"
#include "../runtime/loom_number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct scan {
    session *s;
    const source *src;
    size_t i;
} scan;

static char peek(const scan *c) { return c->src->text[c->i]; }

static void skip_space(scan *c)
{
    while (c->i < c->src->len && strchr(" \t\r\n", peek(c)) && peek(c))
        c->i++;
}

/* A string without its escapes; the scan steps over it. */
static const char *take_string(scan *c, span *at)
{
    loom_json v = {c->src->text + c->i, c->src->text + c->src->len};
    size_t n = loom_json_text(v, NULL, 0) + 1;
    char *s = arena_alloc(&c->s->arena, n);
    loom_json_text(v, s, n);
    *at = (span){c->i, (size_t)(loom_json_end(v) - v.at)};
    c->i += at->len;
    return s;
}

static void take_number(scan *c, json *j)
{
    j->kind = JSON_NUMBER;
    c->i += loom_read_f64(c->src->text + c->i, c->src->len - c->i, &j->number);
}

static void take_word(scan *c, json *j)
{
    j->kind = peek(c) == 'n' ? JSON_NULL : JSON_BOOL;
    j->flag = peek(c) == 't';
    c->i += peek(c) == 'f' ? 5 : 4;
}

static json *take_value(scan *c, json *parent);

static void take_children(scan *c, json *to, char close)
{
    json **tail = &to->child;
    c->i++; /* [ or { */
    for (skip_space(c); peek(c) != close; skip_space(c)) {
        span key_at = {0, 0};
        const char *key = NULL;
        if (close == '}') {
            key = take_string(c, &key_at);
            skip_space(c);
            c->i++; /* : */
            skip_space(c);
        }
        json *j = take_value(c, to);
        j->key = key;
        j->key_at = key_at;
        j->index = to->n++;
        *tail = j;
        tail = &j->next;
        skip_space(c);
        c->i += peek(c) == ',';
    }
    c->i++;
}

static json *take_value(scan *c, json *parent)
{
    json *j = arena_alloc(&c->s->arena, sizeof *j);
    char first = peek(c);
    j->parent = parent;
    j->src = c->src;
    j->at.at = c->i;
    if (first == '"') {
        j->kind = JSON_STRING;
        j->string = take_string(c, &j->at);
    } else if (first == '[' || first == '{') {
        j->kind = first == '[' ? JSON_ARRAY : JSON_OBJECT;
        take_children(c, j, first == '[' ? ']' : '}');
    } else if (is_alpha(first)) {
        take_word(c, j);
    } else {
        take_number(c, j);
    }
    j->at.len = c->i - j->at.at;
    return j;
}

static int by_key(const void *a, const void *b)
{
    const json *x = *(const json *const *)a, *y = *(const json *const *)b;
    int order = strcmp(x->key, y->key);
    return order ? order : x->index - y->index;
}

static void check_duplicates(session *s, const json *j)
{
    for (const json *c = j->child; c; c = c->next)
        check_duplicates(s, c);
    if (j->kind != JSON_OBJECT || j->n < 2)
        return;
    const json **sorted = arena_array(&s->arena, j->n, sizeof *sorted);
    for (const json *c = j->child; c; c = c->next)
        sorted[c->index] = c;
    qsort(sorted, (size_t)j->n, sizeof *sorted, by_key);
    for (int i = 1; i < j->n; i++)
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0) {
            diag_key(s, DIAG_ERROR, sorted[i], "the key '%s' stands here twice", sorted[i]->key);
            diag_key(s, DIAG_NOTE, sorted[i - 1], "this is the first one");
        }
}

json *json_read(session *s, const source *src)
{
    if (!json_check(s, src))
        return NULL;
    scan c = {s, src, 0};
    skip_space(&c);
    json *root = take_value(&c, NULL);
    int before = s->diags.errors;
    check_duplicates(s, root);
    return s->diags.errors > before ? NULL : root;
}

const json *json_get(const json *object, const char *key)
{
    if (object && object->kind == JSON_OBJECT)
        for (const json *j = object->child; j; j = j->next)
            if (strcmp(j->key, key) == 0)
                return j;
    return NULL;
}

char *json_pointer(arena *a, const json *at)
{
    if (!at->parent)
        return arena_strdup(a, "");
    const char *up = json_pointer(a, at->parent);
    if (!at->key)
        return arena_printf(a, "%s/%d", up, at->index);
    text t = {.arena = a};
    text_printf(&t, "%s/", up);
    for (const char *k = at->key; *k; k++)
        if (*k == '~' || *k == '/')
            text_add(&t, *k == '~' ? "~0" : "~1", 2);
        else
            text_add(&t, k, 1);
    return t.s;
}

bool json_is_int(const json *j)
{
    const char *digits = j->src->text + j->at.at;
    for (size_t i = *digits == '-'; i < j->at.len; i++)
        if (!is_digit(digits[i]))
            return false;
    return j->kind == JSON_NUMBER;
}

int64_t json_int(const json *j)
{
    const double most = 0x1p62;
    return (int64_t)(j->number > most ? most : j->number < -most ? -most : j->number);
}

/* What stands in the text, cut to a length for messages. */
static const char *excerpt(arena *a, const json *j)
{
    size_t n = j->at.len < 40 ? j->at.len : 40;
    return arena_strndup(a, j->src->text + j->at.at, n);
}

const char *json_words(arena *a, const json *j)
{
    static const char *const words[] = {"null", NULL, NULL, "a string", "a list", "an object"};
    return words[j->kind] ? words[j->kind] : excerpt(a, j);
}

static int64_t count_numbers(const json *at)
{
    if (at->kind != JSON_ARRAY)
        return 1;
    int64_t n = 0;
    for (const json *j = at->child; j; j = j->next)
        n += count_numbers(j);
    return n;
}

static int nesting(const json *at) { return at && at->kind == JSON_ARRAY ? 1 + nesting(at->child) : 0; }

typedef struct reals {
    session *s;
    precision precision;
    void *out;
    int64_t n;
    const shape *shape;
    const char *what;
} reals;

/* JSON has no words for these; `loomc run` and bundles write them as strings. */
static bool read_special(reals *r, const json *at)
{
    static const struct { const char *word; double value; } words[] = {
        {"NaN", (double)NAN}, {"Infinity", (double)INFINITY}, {"-Infinity", (double)-INFINITY}};
    for (int i = 0; at->kind == JSON_STRING && i < COUNT(words); i++)
        if (strcmp(at->string, words[i].word) == 0) {
            real_set(r->precision, r->out, r->n++, words[i].value);
            return true;
        }
    return false;
}

static bool read_number(reals *r, const json *at)
{
    if (read_special(r, at))
        return true;
    if (at->kind != JSON_NUMBER) {
        diag(r->s, DIAG_ERROR, at, "%s must hold numbers only, not %s", r->what,
             json_words(&r->s->arena, at));
        return false;
    }
    double v = at->number;
    float narrow;
    if (r->precision == F32) {
        loom_read_f32(at->src->text + at->at.at, at->at.len, &narrow);
        v = (double)narrow;
    }
    if (v - v != 0) {
        diag(r->s, DIAG_ERROR, at, "%s is too large for %s", excerpt(&r->s->arena, at),
             precision_names[r->precision]);
        return false;
    }
    real_set(r->precision, r->out, r->n++, v);
    return true;
}

/* Nested lists, of which this one belongs to dimension d. */
static bool read_nested(reals *r, const json *at, int d)
{
    const shape *s = r->shape;
    if (at->kind != JSON_ARRAY || at->n != s->dim[d]) {
        const char *found = at->kind == JSON_ARRAY ? arena_printf(&r->s->arena, "a list of %d", at->n)
                                                   : json_words(&r->s->arena, at);
        diag(r->s, DIAG_ERROR, at, "%s has the shape %s: expected a list of %lld here, not %s", r->what,
             shape_text(&r->s->arena, s), (long long)s->dim[d], found);
        return false;
    }
    for (const json *j = at->child; j; j = j->next)
        if (!(d + 1 < s->rank ? read_nested(r, j, d + 1) : read_number(r, j)))
            return false;
    return true;
}

static bool read_flat(reals *r, const json *at)
{
    int64_t n = shape_size(r->shape), have = count_numbers(at);
    if (have != n) {
        diag(r->s, DIAG_ERROR, at, "%s has %lld numbers, expected %lld, shape %s", r->what, (long long)have,
             (long long)n, shape_text(&r->s->arena, r->shape));
        return false;
    }
    for (const json *j = at->child; j; j = j->next)
        if (!read_number(r, j))
            return false;
    return true;
}

bool json_reals(session *s, const json *at, precision p, void *out, const shape *sh, const char *what)
{
    reals r = {.s = s, .precision = p, .out = out, .shape = sh, .what = what};
    if (at->kind != JSON_ARRAY) {
        diag(s, DIAG_ERROR, at, "%s must be a list of numbers, not %s", what, json_words(&s->arena, at));
        return false;
    }
    int depth = nesting(at);
    if (depth <= 1)
        return read_flat(&r, at);
    shape sample = {.rank = sh->rank - 1};
    if (depth < sh->rank && sh->dim[0] == 1) { /* a batch of one need not be a list */
        memcpy(sample.dim, sh->dim + 1, (size_t)sample.rank * sizeof *sample.dim);
        r.shape = &sample;
    }
    return read_nested(&r, at, 0);
}
