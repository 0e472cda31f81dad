/* json.c - JSON text to a tree whose values know their place in the text.
 *
 * cJSON parses and judges the text. It keeps no positions, but it keeps the order: a second, trusting
 * scan walks its tree and the text side by side, so every value gets its byte span, its parent and its
 * index, and the numbers are re-read from the text where a precision needs its own rounding. */
#include "loomc.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 500 };

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

static span scan_string(scan *c)
{
    span at = {c->i++, 0};
    while (peek(c) != '"')
        c->i += peek(c) == '\\' ? 2 : 1;
    c->i++;
    at.len = c->i - at.at;
    return at;
}

static void scan_scalar(scan *c)
{
    if (peek(c) == '"') {
        scan_string(c);
        return;
    }
    while (c->i < c->src->len && (isalnum((unsigned char)peek(c)) || strchr("+-.", peek(c))) && peek(c))
        c->i++;
}

static json_kind kind_of(const cJSON *from)
{
    return cJSON_IsObject(from) ? JSON_OBJECT : cJSON_IsArray(from) ? JSON_ARRAY : cJSON_IsString(from) ? JSON_STRING
         : cJSON_IsNumber(from) ? JSON_NUMBER : cJSON_IsBool(from) ? JSON_BOOL : JSON_NULL;
}

/* RFC 8259 is stricter than cJSON about numbers (01, 1., .5, +1). */
static bool strict_number(const char *p, size_t n)
{
    const char *e = p + n;
    p += *p == '-';
    if (p == e || !isdigit((unsigned char)*p) || (*p == '0' && p + 1 < e && isdigit((unsigned char)p[1])))
        return false;
    while (p < e && isdigit((unsigned char)*p))
        p++;
    if (p < e && *p == '.') {
        if (++p == e || !isdigit((unsigned char)*p))
            return false;
        while (p < e && isdigit((unsigned char)*p))
            p++;
    }
    if (p < e && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < e && (*p == '+' || *p == '-');
        if (p == e)
            return false;
        while (p < e && isdigit((unsigned char)*p))
            p++;
    }
    return p == e;
}

static json *convert(scan *c, const cJSON *from, json *parent);

static void convert_children(scan *c, const cJSON *from, json *to)
{
    json **tail = &to->child;
    c->i++; /* [ or { */
    for (const cJSON *f = from->child; f; f = f->next) {
        span key_at = {0, 0};
        skip_space(c);
        if (to->kind == JSON_OBJECT) {
            key_at = scan_string(c);
            skip_space(c);
            c->i++; /* : */
            skip_space(c);
        }
        json *j = convert(c, f, to);
        j->key = f->string ? arena_strdup(&c->s->arena, f->string) : NULL;
        j->key_at = key_at;
        j->index = to->n++;
        *tail = j;
        tail = &j->next;
        skip_space(c);
        c->i += peek(c) == ',';
    }
    skip_space(c);
    c->i++; /* ] or } */
}

static json *convert(scan *c, const cJSON *from, json *parent)
{
    json *j = arena_alloc(&c->s->arena, sizeof *j);
    j->kind = kind_of(from);
    j->parent = parent;
    j->src = c->src;
    j->flag = cJSON_IsTrue(from);
    j->number = from->valuedouble;
    j->at.at = c->i;
    if (j->kind == JSON_STRING)
        j->string = arena_strdup(&c->s->arena, from->valuestring);
    if (j->kind == JSON_ARRAY || j->kind == JSON_OBJECT)
        convert_children(c, from, j);
    else
        scan_scalar(c);
    j->at.len = c->i - j->at.at;
    if (j->kind == JSON_NUMBER && !strict_number(c->src->text + j->at.at, j->at.len))
        diag(c->s, DIAG_ERROR, j, "'%.*s' is not a number in JSON", (int)(j->at.len < 40 ? j->at.len : 40), c->src->text + j->at.at);
    return j;
}

/* Nesting is checked first, so that no recursion depends on the input. */
static bool depth_is_sane(session *s, const source *src)
{
    int depth = 0;
    bool string = false;
    for (size_t i = 0; i < src->len; i++) {
        char c = src->text[i];
        if (string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                string = false;
        } else if (c == '"') {
            string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > MAX_DEPTH) {
                diag_span(s, DIAG_ERROR, src, (span){i, 1}, NULL, "nested more than %d deep", MAX_DEPTH);
                return false;
            }
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return true;
}

static void syntax_error(session *s, const source *src, const char *end)
{
    size_t at = end ? (size_t)(end - src->text) : 0;
    if (at > src->len)
        at = src->len;
    while (at < src->len && isspace((unsigned char)src->text[at]))
        at++;
    if (at >= src->len) {
        diag_span(s, DIAG_ERROR, src, (span){src->len, 1}, NULL, "not JSON: the text ends in the middle of a value");
        return;
    }
    unsigned char c = (unsigned char)src->text[at];
    if (c < 32 || c > 126)
        diag_span(s, DIAG_ERROR, src, (span){at, 1}, NULL, "not JSON: unexpected byte 0x%02x", c);
    else
        diag_span(s, DIAG_ERROR, src, (span){at, 1}, NULL, "not JSON: unexpected '%c'", c);
}

static void *allocate(size_t n) { return memory(NULL, n); }
static void release(void *p) { memory(p, 0); }

/* cJSON gives up without a word when memory runs out; a marker tells that from a syntax error. */
static bool allocation_failed;
static void *allocate_marked(size_t n)
{
    void *p = allocate(n);
    allocation_failed |= !p;
    return p;
}

static void check_duplicates(session *s, const json *j)
{
    if (j->kind != JSON_OBJECT && j->kind != JSON_ARRAY)
        return;
    for (const json *a = j->child; a; a = a->next) {
        check_duplicates(s, a);
        for (const json *b = j->kind == JSON_OBJECT ? j->child : a; b != a; b = b->next)
            if (strcmp(a->key, b->key) == 0) {
                diag_key(s, DIAG_ERROR, a, "the key '%s' stands here twice", a->key);
                break;
            }
    }
}

json *json_read(session *s, const source *src)
{
    if (src->len >= 3 && memcmp(src->text, "\xef\xbb\xbf", 3) == 0) {
        diag_span(s, DIAG_ERROR, src, (span){0, 3}, NULL, "not JSON: begins with a byte order mark; save the file as plain UTF-8");
        return NULL;
    }
    if (strlen(src->text) != src->len) {
        diag_span(s, DIAG_ERROR, src, (span){strlen(src->text), 1}, NULL, "not JSON: unexpected byte 0x00");
        return NULL;
    }
    if (!depth_is_sane(s, src))
        return NULL;
    cJSON_InitHooks(&(cJSON_Hooks){allocate_marked, release});
    allocation_failed = false;
    const char *end = NULL;
    cJSON *from = cJSON_ParseWithOpts(src->text, &end, true);
    if (!from && allocation_failed)
        longjmp(*s->arena.out_of_memory, 1);
    if (!from) {
        syntax_error(s, src, end);
        return NULL;
    }
    /* The conversion allocates from the arena and may jump out: catch that to free cJSON's tree. */
    jmp_buf here, *outer = s->arena.out_of_memory;
    scan c = {s, src, 0};
    json *volatile to = NULL;
    s->arena.out_of_memory = &here;
    bool failed = setjmp(here) != 0;
    if (!failed) {
        skip_space(&c);
        to = convert(&c, from, NULL);
    }
    s->arena.out_of_memory = outer;
    cJSON_Delete(from);
    if (failed)
        longjmp(*outer, 1);
    int before = s->diags.errors;
    check_duplicates(s, to);
    return s->diags.errors > before ? NULL : to;
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
    return j->kind == JSON_NUMBER && j->number == (double)(int64_t)(j->number > 1e15 ? 1e15 : j->number < -1e15 ? -1e15 : j->number) &&
           !memchr(j->src->text + j->at.at, '.', j->at.len) && !memchr(j->src->text + j->at.at, 'e', j->at.len) &&
           !memchr(j->src->text + j->at.at, 'E', j->at.len);
}

float json_f32(const json *number)
{
    return strtof(number->src->text + number->at.at, NULL);
}

int64_t json_count_numbers(const json *at)
{
    if (at->kind != JSON_ARRAY)
        return 1;
    int64_t n = 0;
    for (const json *j = at->child; j; j = j->next)
        n += json_count_numbers(j);
    return n;
}

static bool read_reals(session *s, const json *at, precision p, void *out, int64_t *i, const char *what)
{
    if (at->kind == JSON_ARRAY) {
        for (const json *j = at->child; j; j = j->next)
            if (!read_reals(s, j, p, out, i, what))
                return false;
        return true;
    }
    if (at->kind != JSON_NUMBER) {
        diag(s, DIAG_ERROR, at, "%s holds something that is not a number", what);
        return false;
    }
    const char *t = at->src->text + at->at.at;
    double v = p == F32 ? (double)strtof(t, NULL) : strtod(t, NULL);
    if (v - v != 0) {
        diag(s, DIAG_ERROR, at, "%.*s is too large for %s", (int)at->at.len, t, precision_names[p]);
        return false;
    }
    real_set(p, out, (*i)++, v);
    return true;
}

bool json_reals(session *s, const json *at, precision p, void *out, int64_t n, const char *what)
{
    int64_t i = 0, have = json_count_numbers(at);
    if (have != n) {
        diag(s, DIAG_ERROR, at, "%s has %lld numbers, expected %lld", what, (long long)have, (long long)n);
        return false;
    }
    return read_reals(s, at, p, out, &i, what);
}
