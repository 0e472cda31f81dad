/* loom_json.c - checks JSON and walks through it (loom_json.h). */
#include "loom_json.h"

#include "loom_number.h"
#include "loom_types.h"

/* ---- checking ----------------------------------------------------------------------------------------------- */

typedef struct checker {
    const char *at, *end;
    const char *what;
    int depth;
    uint32_t objects[LOOM_JSON_DEPTH / 32]; /* for each open bracket: is it that of an object? */
} checker;

static int is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && is_space(*p))
        p++;
    return p;
}

static int fail(checker *c, const char *what)
{
    c->what = what;
    return 0;
}

size_t loom_utf8_length(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    unsigned first = n ? u[0] : 0x80, second = n > 1 ? u[1] : 0;
    size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length > n)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((u[i] & 0xc0) != 0x80)
            return 0;
    int overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    int beyond = (first == 0xed && second >= 0xa0) || (first == 0xf4 && second >= 0x90);
    return overlong || beyond ? 0 : length;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* The four hexadecimal digits at p, or -1. */
static int32_t hex4(const char *p, const char *end)
{
    int32_t x = 0;
    for (int i = 0; i < 4; i++) {
        int digit = p + i < end ? hex_digit(p[i]) : -1;
        if (digit < 0)
            return -1;
        x = x * 16 + digit;
    }
    return x;
}

static int check_escape(checker *c)
{
    char kind = c->at + 1 < c->end ? c->at[1] : 0;
    for (const char *p = "\"\\/bfnrt"; *p; p++)
        if (kind == *p)
            return c->at += 2, 1;
    if (kind != 'u')
        return fail(c, "unknown escape in a string");
    int32_t x = hex4(c->at + 2, c->end);
    int high = x >= 0xd800 && x < 0xdc00;
    if (x < 0)
        return fail(c, "\\u needs four hexadecimal digits");
    if (x == 0)
        return fail(c, "a string cannot hold the character 0");
    int paired = high && c->end - c->at > 7 && c->at[6] == '\\' && c->at[7] == 'u';
    int32_t low = paired ? hex4(c->at + 8, c->end) : 0;
    if ((x >= 0xdc00 && x < 0xe000) || (high && !(low >= 0xdc00 && low < 0xe000)))
        return fail(c, "half of a surrogate pair; the other half is missing");
    c->at += high ? 12 : 6;
    return 1;
}

static int check_string(checker *c)
{
    const char *start = c->at++;
    while (c->at < c->end && *c->at != '"') {
        unsigned char byte = (unsigned char)*c->at;
        size_t length = loom_utf8_length(c->at, (size_t)(c->end - c->at));
        if (byte == '\\') {
            if (!check_escape(c))
                return 0;
        } else if (byte < 32) {
            return fail(c, "a control character in a string must be escaped");
        } else if (length == 0) {
            return fail(c, "not UTF-8");
        } else {
            c->at += length;
        }
    }
    if (c->at < c->end)
        return c->at++, 1;
    c->at = start;
    return fail(c, "this string does not end");
}

static int is_word_part(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '.' || c == '+' ||
           c == '-';
}

static int check_word(checker *c)
{
    static const char *const words[] = {"true", "false", "null"};
    size_t n = (size_t)(c->end - c->at), length = 0;
    while (length < n && is_word_part(c->at[length]))
        length++;
    if (length && loom_number_length(c->at, n) == length)
        return c->at += length, 1;
    for (int i = 0; i < 3; i++) {
        size_t k = 0;
        while (k < length && words[i][k] == c->at[k])
            k++;
        if (k == length && !words[i][k])
            return c->at += length, 1;
    }
    char first = *c->at;
    int digit = first == '-' || first == '+' || first == '.' || (first >= '0' && first <= '9');
    return fail(c, length == 0 ? "unexpected character"
                   : digit     ? "not a number as JSON writes them"
                               : "unknown word; a text stands in double quotes");
}

static int in_object(const checker *c) { return c->objects[(c->depth - 1) / 32] >> ((c->depth - 1) % 32) & 1; }

static int check_end(checker *c)
{
    c->at = skip_space(c->at, c->end);
    return c->at < c->end ||
           fail(c, c->depth ? "the text ends here, but a list or an object is still open" : "there is no value");
}

static int check_key(checker *c)
{
    if (!check_end(c))
        return 0;
    if (*c->at != '"')
        return fail(c, "expected a key in double quotes");
    if (!check_string(c) || !check_end(c))
        return 0;
    if (*c->at != ':')
        return fail(c, "expected ':' after the key");
    c->at++;
    return 1;
}

/* A scalar, or the beginning of a list or an object; *inside: its first value comes next. */
static int check_value(checker *c, int *inside)
{
    *inside = 0;
    if (!check_end(c))
        return 0;
    char first = *c->at;
    if (first == '"')
        return check_string(c);
    if (first != '{' && first != '[')
        return check_word(c);
    if (c->depth == LOOM_JSON_DEPTH)
        return fail(c, "nested too deeply");
    uint32_t bit = UINT32_C(1) << (c->depth % 32), *word = &c->objects[c->depth / 32];
    *word = first == '{' ? *word | bit : *word & ~bit;
    c->depth++;
    c->at++;
    if (!check_end(c))
        return 0;
    if (*c->at == (first == '{' ? '}' : ']')) {
        c->depth--;
        c->at++;
        return 1;
    }
    *inside = 1;
    return first == '[' || check_key(c);
}

/* Closes what ends after a value, and steps over the comma before the next. *done at the end of the outermost. */
static int after_value(checker *c, int *done)
{
    while (c->depth) {
        int object = in_object(c);
        if (!check_end(c))
            return 0;
        char found = *c->at;
        if (found != ',' && found != (object ? '}' : ']'))
            return fail(c, object ? "expected ',' or '}'" : "expected ',' or ']'");
        c->at++;
        if (found == ',')
            return !object || check_key(c);
        c->depth--;
    }
    *done = 1;
    return 1;
}

int loom_json_check(const char *text, size_t n, loom_json_problem *problem)
{
    checker c;
    int done = 0, inside;
    c.at = text;
    c.end = text + n;
    c.depth = 0;
    c.what = NULL;
    for (int i = 0; i < LOOM_JSON_DEPTH / 32; i++)
        c.objects[i] = 0;
    while (!done && check_value(&c, &inside) && (inside || after_value(&c, &done))) {
    }
    if (done && (c.at = skip_space(c.at, c.end)) < c.end)
        fail(&c, "something stands after the end of the value");
    problem->at = (size_t)(c.at - text);
    problem->what = c.what;
    return c.what == NULL;
}

/* ---- walking ------------------------------------------------------------------------------------------------ */

static loom_json make(const char *at, const char *end)
{
    loom_json v;
    v.at = at;
    v.end = end;
    return v;
}

loom_json loom_json_root(const char *text, size_t n) { return make(skip_space(text, text + n), text + n); }

char loom_json_kind(loom_json v)
{
    char c = v.at ? *v.at : 0;
    return c == '-' || (c >= '0' && c <= '9') ? '0' : c;
}

static const char *skip_string(const char *p)
{
    for (p++; *p != '"'; p++)
        p += *p == '\\';
    return p + 1;
}

const char *loom_json_end(loom_json v)
{
    const char *p = v.at;
    if (*p == '"')
        return skip_string(p);
    if (*p != '[' && *p != '{') {
        while (p < v.end && is_word_part(*p))
            p++;
        return p;
    }
    for (int depth = 0;;) {
        if (*p == '"') {
            p = skip_string(p);
            continue;
        }
        depth += *p == '[' || *p == '{';
        depth -= *p == ']' || *p == '}';
        p++;
        if (depth == 0)
            return p;
    }
}

loom_json_walk loom_json_in(loom_json v)
{
    loom_json_walk w;
    char kind = loom_json_kind(v);
    w.object = kind == '{';
    w.at = kind == '{' || kind == '[' ? v.at + 1 : NULL;
    w.end = v.end;
    return w;
}

int loom_json_next(loom_json_walk *w, loom_json *key, loom_json *value)
{
    if (!w->at)
        return 0;
    const char *p = skip_space(w->at, w->end);
    p = *p == ',' ? skip_space(p + 1, w->end) : p;
    if (*p == ']' || *p == '}') {
        w->at = NULL;
        return 0;
    }
    *key = make(w->object ? p : NULL, w->end);
    if (w->object)
        p = skip_space(skip_space(skip_string(p), w->end) + 1, w->end);
    *value = make(p, w->end);
    w->at = loom_json_end(*value);
    return 1;
}

loom_json loom_json_get(loom_json v, const char *name)
{
    loom_json key, value;
    if (loom_json_kind(v) == '{')
        for (loom_json_walk w = loom_json_in(v); loom_json_next(&w, &key, &value);)
            if (loom_json_is(key, name))
                return value;
    return make(NULL, NULL);
}

size_t loom_json_count(loom_json v)
{
    loom_json key, value;
    size_t n = 0;
    for (loom_json_walk w = loom_json_in(v); loom_json_next(&w, &key, &value);)
        n++;
    return n;
}

/* ---- strings ------------------------------------------------------------------------------------------------ */

static size_t put_utf8(uint32_t x, char out[4])
{
    if (x < 0x80) {
        out[0] = (char)x;
        return 1;
    }
    size_t n = x < 0x800 ? 2 : x < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--, x >>= 6)
        out[i] = (char)(0x80 | (x & 0x3f));
    out[0] = (char)(lead[n] | x);
    return n;
}

/* One character of a string at *p, as UTF-8; 0 at its end. */
static size_t next_character(const char **p, const char *end, char out[4])
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    if (**p == '"')
        return 0;
    if (**p != '\\') {
        size_t n = loom_utf8_length(*p, (size_t)(end - *p));
        for (size_t i = 0; i < n; i++)
            out[i] = (*p)[i];
        *p += n;
        return n;
    }
    char kind = (*p)[1];
    *p += 2;
    if (kind == 'u') {
        uint32_t x = (uint32_t)hex4(*p, end);
        *p += 4;
        if (x >= 0xd800 && x < 0xdc00) {
            x = 0x10000 + ((x - 0xd800) << 10) + ((uint32_t)hex4(*p + 2, end) - 0xdc00);
            *p += 6;
        }
        return put_utf8(x, out);
    }
    out[0] = kind;
    for (int i = 0; names[i]; i++)
        out[0] = kind == names[i] ? values[i] : out[0];
    return 1;
}

size_t loom_json_text(loom_json v, char *out, size_t capacity)
{
    size_t n = 0, kept = 0;
    char part[4];
    const char *p = v.at + 1;
    int cut = 0;
    for (size_t k; (k = next_character(&p, v.end, part)) > 0; n += k) {
        cut |= n + k >= capacity;
        for (size_t i = 0; !cut && i < k; i++)
            out[kept++] = part[i];
    }
    if (capacity)
        out[kept] = 0;
    return n;
}

/* The next character of a key that counts in a loose comparison, 0 at its end. */
static char loose(const char **p)
{
    while (**p == '_')
        ++*p;
    char c = **p;
    *p += c != 0;
    return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

static int equal_text(loom_json v, const char *text, int is_loose)
{
    char mine[256];
    if (loom_json_kind(v) != '"' || loom_json_text(v, mine, sizeof mine) >= sizeof mine)
        return 0;
    const char *a = mine, *b = text;
    for (;;) {
        char x = is_loose ? loose(&a) : *a++, y = is_loose ? loose(&b) : *b++;
        if (x != y || !x)
            return x == y;
    }
}

int loom_json_is(loom_json v, const char *text) { return equal_text(v, text, 0); }
int loom_json_resembles(loom_json v, const char *text) { return equal_text(v, text, 1); }

/* ---- numbers ------------------------------------------------------------------------------------------------ */

double loom_json_number(loom_json v)
{
    double x = 0;
    loom_read_f64(v.at, (size_t)(v.end - v.at), &x);
    return x;
}

static int read_whole(loom_json v, int type, void *out, size_t i)
{
    double x = loom_json_number(v), most = type == LOOM_I8 ? 127 : type == LOOM_I16 ? 32767 : 2147483647;
    if (!(x >= -most - 1 && x <= most) || x != (double)(int64_t)x)
        return 0;
    if (type == LOOM_I8)
        ((int8_t *)out)[i] = (int8_t)x;
    else if (type == LOOM_I16)
        ((int16_t *)out)[i] = (int16_t)x;
    else
        ((int32_t *)out)[i] = (int32_t)x;
    return 1;
}

static int read_number(loom_json v, int type, void *out, size_t i)
{
    if (type == LOOM_F32) {
        float *x = (float *)out + i;
        loom_read_f32(v.at, (size_t)(v.end - v.at), x);
        return *x - *x == 0;
    }
    if (type == LOOM_F64) {
        double *x = (double *)out + i;
        loom_read_f64(v.at, (size_t)(v.end - v.at), x);
        return *x - *x == 0;
    }
    return read_whole(v, type, out, i);
}

loom_json loom_json_numbers(loom_json v, int type, void *out, size_t capacity, size_t *count)
{
    const char *p = v.at;
    int depth = 0;
    double none;
    *count = 0;
    do {
        if (*p == '[' || *p == ']') {
            depth += *p == '[' ? 1 : -1;
            p++;
        } else if (*p == ',' || is_space(*p)) {
            p++;
        } else {
            loom_json number = make(p, v.end);
            size_t n = loom_number_length(p, (size_t)(v.end - p)), i = (*count)++;
            if (n == 0 || !(i < capacity ? read_number(number, type, out, i) : loom_read_f64(p, n, &none) > 0))
                return number;
            p += n;
        }
    } while (depth > 0);
    return make(NULL, NULL);
}

/* ---- comparing and pointing --------------------------------------------------------------------------------- */

static int same_string(loom_json a, loom_json b)
{
    const char *p = a.at + 1, *q = b.at + 1;
    char x[4], y[4];
    for (;;) {
        size_t n = next_character(&p, a.end, x);
        if (n != next_character(&q, b.end, y))
            return 0;
        if (n == 0)
            return 1;
        for (size_t i = 0; i < n; i++)
            if (x[i] != y[i])
                return 0;
    }
}

static loom_json member(loom_json object, loom_json name)
{
    loom_json key, value;
    for (loom_json_walk w = loom_json_in(object); loom_json_next(&w, &key, &value);)
        if (same_string(key, name))
            return value;
    return make(NULL, NULL);
}

/* What is open while two texts are compared. */
enum { COMPARE_DEPTH = 160 };

static int same_scalar(loom_json a, loom_json b)
{
    char kind = loom_json_kind(a);
    return kind == '"' ? same_string(a, b) : kind == '0' ? loom_json_number(a) == loom_json_number(b) : 1;
}

int loom_json_same(loom_json a, loom_json b)
{
    loom_json_walk mine[COMPARE_DEPTH], yours[COMPARE_DEPTH];
    loom_json objects[COMPARE_DEPTH], key, other;
    int depth = 0;
    for (;;) {
        char kind = loom_json_kind(a);
        if (kind != loom_json_kind(b))
            return 0;
        if (kind == '{' || kind == '[') {
            if (depth == COMPARE_DEPTH || loom_json_count(a) != loom_json_count(b))
                return 0;
            mine[depth] = loom_json_in(a);
            yours[depth] = loom_json_in(b);
            objects[depth++] = b;
        } else if (!same_scalar(a, b)) {
            return 0;
        }
        while (depth && !loom_json_next(&mine[depth - 1], &key, &a))
            depth--;
        if (!depth)
            return 1;
        if (key.at)
            b = member(objects[depth - 1], key);
        else
            loom_json_next(&yours[depth - 1], &other, &b);
    }
}

void loom_json_position(const char *text, size_t n, size_t at, int *line, int *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < at && i < n; i++) {
        if (text[i] == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            ++*column;
        }
    }
}

/* "/" and a key, with ~ and / as pointers escape them. */
static void put_key(loom_writer *w, loom_json key)
{
    char part[4];
    const char *p = key.at + 1;
    for (size_t n; (n = next_character(&p, key.end, part)) > 0;) {
        if (*part == '~' || *part == '/')
            loom_put(w, *part == '~' ? "~0" : "~1");
        else
            loom_put_bytes(w, part, n);
    }
}

void loom_json_pointer(loom_json root, const char *at, char *out, size_t capacity)
{
    loom_writer w = {out, 0, capacity - 1, 0, NULL};
    for (loom_json v = root; v.at;) {
        loom_json key, value, found = make(NULL, NULL);
        uint64_t index = 0;
        for (loom_json_walk walk = loom_json_in(v); loom_json_next(&walk, &key, &value); index++)
            if ((key.at ? key.at : value.at) <= at && at < loom_json_end(value)) {
                loom_put(&w, "/");
                key.at ? put_key(&w, key) : loom_put_u64(&w, index);
                found = value;
                break;
            }
        v = found;
    }
    out[w.n] = 0;
}
