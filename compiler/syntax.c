/* syntax.c - is a text JSON as RFC 8259 has it? If not: where and why, in words that help.
 *
 * It runs before the parser, which then has nothing left to complain about. The nesting is kept in a
 * stack of its own, so no recursion depends on the input. */
#include "loomc.h"

#include <string.h>

enum { MAX_DEPTH = 500, MAX_NUMBER = 63 /* characters */ };

typedef struct checker {
    session *s;
    const source *src;
    size_t i;
    int depth;
    size_t open[MAX_DEPTH]; /* places of the brackets that are open */
} checker;

static char peek(const checker *c) { return c->src->text[c->i]; }
static bool at_end(const checker *c) { return c->i >= c->src->len; }

static bool fail(const checker *c, size_t at, size_t len, const char *fmt, ...) PRINTF_LIKE(4, 5);
static bool fail(const checker *c, size_t at, size_t len, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char message[200];
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    diag_span(c->s, DIAG_ERROR, c->src, (span){at, len}, NULL, "not JSON: %s", message);
    return false;
}

static bool skip_space(checker *c)
{
    while (!at_end(c) && strchr(" \t\r\n", peek(c)))
        c->i++;
    return !at_end(c);
}

static bool ends_early(const checker *c)
{
    if (c->depth == 0)
        return fail(c, c->src->len, 1,
                    c->src->len ? "there is nothing but white space" : "the file is empty");
    size_t open = c->open[c->depth - 1];
    char bracket = c->src->text[open];
    fail(c, c->src->len, 1, "the text ends here, but '%c' is still open (is the file cut short?)", bracket);
    diag_span(c->s, DIAG_NOTE, c->src, (span){open, 1}, NULL, "'%c' stands here", bracket);
    return false;
}

/* ---- strings ---------------------------------------------------------------------------------------------
 */

size_t utf8_length(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    if (u[0] < 0x80)
        return 1;
    size_t len = u[0] >= 0xc2 && u[0] < 0xe0   ? 2
                 : u[0] >= 0xe0 && u[0] < 0xf0 ? 3
                 : u[0] >= 0xf0 && u[0] < 0xf5 ? 4
                                               : 0;
    if (len == 0 || len > n)
        return 0;
    for (size_t k = 1; k < len; k++)
        if ((u[k] & 0xc0) != 0x80)
            return 0;
    bool overlong = (u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xf0 && u[1] < 0x90);
    bool beyond = (u[0] == 0xed && u[1] >= 0xa0) || (u[0] == 0xf4 && u[1] >= 0x90);
    return overlong || beyond ? 0 : len;
}

/* The four hexadecimal digits at s, or -1. */
static long hex4(const char *s)
{
    long v = 0;
    for (int k = 0; k < 4; k++) {
        if (!is_hex(s[k]))
            return -1;
        v = v * 16 + (is_digit(s[k]) ? s[k] - '0' : (s[k] | 32) - 'a' + 10);
    }
    return v;
}

static bool check_escape(checker *c)
{
    const char *s = c->src->text + c->i;
    if (s[1] && strchr("\"\\/bfnrt", s[1])) {
        c->i += 2;
        return true;
    }
    if (s[1] != 'u')
        return fail(c, c->i, 2, "unknown escape in a string; a backslash itself is written \\\\");
    long v = hex4(s + 2);
    if (v < 0)
        return fail(c, c->i, 2, "\\u needs four hexadecimal digits");
    if (v == 0)
        return fail(c, c->i, 6, "a string cannot hold the character 0");
    bool high = v >= 0xd800 && v < 0xdc00, paired = high && s[6] == '\\' && s[7] == 'u';
    long low = paired ? hex4(s + 8) : 0;
    if ((v >= 0xdc00 && v < 0xe000) || (high && !(low >= 0xdc00 && low < 0xe000)))
        return fail(c, c->i, 6, "half of a surrogate pair; the other half is missing");
    c->i += high ? 12 : 6;
    return true;
}

static bool check_string(checker *c)
{
    size_t start = c->i++;
    while (!at_end(c) && peek(c) != '"') {
        unsigned char byte = (unsigned char)peek(c);
        size_t len = utf8_length(c->src->text + c->i, c->src->len - c->i);
        if (byte == '\\') {
            if (!check_escape(c))
                return false;
        } else if (byte == '\t') {
            return fail(c, c->i, 1, "a tab in a string is written \\t");
        } else if (byte == '\n' || byte == '\r') {
            return fail(c, start, c->i - start,
                        "this string does not end on its line; a line break is written \\n");
        } else if (byte < 32) {
            return fail(c, c->i, 1, "the byte 0x%02x in a string is written \\u%04x", byte, byte);
        } else if (len == 0) {
            return fail(c, c->i, 1, "the byte 0x%02x is not UTF-8; save the file as UTF-8", byte);
        } else {
            c->i += len;
        }
    }
    if (at_end(c))
        return fail(c, start, c->i - start, "this string does not end (is the file cut short?)");
    c->i++;
    return true;
}

/* ---- numbers and words ------------------------------------------------------------------------------------
 */

static size_t digits(const char *p)
{
    size_t n = 0;
    while (is_digit(p[n]))
        n++;
    return n;
}

/* Length of the number at p; 0 when there is none. */
static size_t number_length(const char *p)
{
    const char *from = p;
    p += *p == '-';
    size_t n = *p == '0' ? 1 : digits(p);
    if (n == 0)
        return 0;
    p += n;
    if (*p == '.') {
        n = digits(p + 1);
        if (n == 0)
            return 0;
        p += 1 + n;
    }
    if (*p == 'e' || *p == 'E') {
        p += 1 + (p[1] == '+' || p[1] == '-');
        n = digits(p);
        if (n == 0)
            return 0;
        p += n;
    }
    return (size_t)(p - from);
}

static bool word_is(const char *word, size_t n, const char *names)
{
    for (const char *p = names; *p;) {
        size_t len = strcspn(p, "|");
        if (len == n && memcmp(p, word, n) == 0)
            return true;
        p += len + (p[len] == '|');
    }
    return false;
}

static bool check_number(checker *c, const char *word, size_t n)
{
    size_t good = number_length(word);
    if (good == n && n > MAX_NUMBER)
        return fail(c, c->i, n, "a number of %zu characters; %d are enough for any", n, MAX_NUMBER);
    if (good == n) {
        c->i += n;
        return true;
    }
    const char *digit = word + strspn(word, "+-");
    const char *hint = c->i + n == c->src->len && c->depth                   ? " (is the file cut short?)"
                       : *word == '+'                                        ? "; leave out the '+'"
                       : digit[0] == '0' && is_digit(digit[1]) ? "; leave out the leading 0"
                       : digit[0] == '0' && (digit[1] | 32) == 'x'           ? "; numbers are decimal"
                       : digit[0] == '.' ? "; write a digit before the point"
                       : word_is(digit, n - (size_t)(digit - word), "Infinity|inf|Inf|NaN|nan")
                           ? "; JSON has no infinity and no NaN"
                       : digit[digits(digit)] == '.' && !is_digit(digit[digits(digit) + 1])
                           ? "; write a digit after the point"
                           : "";
    return fail(c, c->i, n, "'%.*s' is not a number%s", (int)(n < 40 ? n : 40), word, hint);
}

/* A digit, or signs and points with a digit or a word (-Infinity) after them. */
static bool starts_number(const char *word)
{
    const char *rest = word + strspn(word, "+-.");
    return is_digit(*rest) || (rest > word && is_alpha(*rest));
}

static bool check_word(checker *c)
{
    const char *word = c->src->text + c->i;
    size_t n = 0;
    while (is_alnum(word[n]) || (word[n] && strchr("+-._", word[n])))
        n++;
    if (n && starts_number(word))
        return check_number(c, word, n);
    if (word_is(word, n, "true|false|null")) {
        c->i += n;
        return true;
    }
    unsigned char byte = (unsigned char)*word;
    const char *near =
        nearest(&c->s->arena, arena_strndup(&c->s->arena, word, n < 40 ? n : 40), "true|false|null");
    if (word_is(word, n, "NaN|nan|Infinity|inf|Inf"))
        return fail(c, c->i, n, "'%.*s' is not a number; JSON has no infinity and no NaN", (int)n, word);
    if (word_is(word, n, "None|undefined"))
        near = "null";
    if (n && near)
        return fail(c, c->i, n, "unexpected '%.*s', did you mean '%s'?", (int)(n < 40 ? n : 40), word, near);
    if (is_alpha((char)byte))
        return fail(c, c->i, n, "unexpected '%.*s'; a text stands in double quotes", (int)(n < 40 ? n : 40),
                    word);
    if (byte == '\'')
        return fail(c, c->i, 1, "unexpected '; a text stands in double quotes");
    if (byte == '/' || byte == '#')
        return fail(c, c->i, 1, "unexpected '%c'; there are no comments in JSON", byte);
    if (byte < 32 || byte > 126)
        return fail(c, c->i, 1, "unexpected byte 0x%02x", byte);
    return fail(c, c->i, n ? n : 1, "unexpected '%.*s'", (int)(n < 1 ? 1 : n < 40 ? n : 40), word);
}

/* ---- lists and objects
 * -------------------------------------------------------------------------------------- */

static bool open_bracket(checker *c)
{
    if (c->depth == MAX_DEPTH)
        return diag_span(c->s, DIAG_ERROR, c->src, (span){c->i, 1}, NULL, "nested more than %d deep",
                         MAX_DEPTH),
               false;
    c->open[c->depth++] = c->i++;
    return true;
}

/* A key and its colon. */
static bool check_key(checker *c)
{
    if (!skip_space(c))
        return ends_early(c);
    if (peek(c) == '/' || peek(c) == '#')
        return check_word(c);
    if (peek(c) != '"')
        return fail(c, c->i, 1, "expected a key in double quotes");
    if (!check_string(c))
        return false;
    if (!skip_space(c))
        return ends_early(c);
    if (peek(c) != ':')
        return fail(c, c->i, 1, "expected ':' after the key");
    c->i++;
    return true;
}

/* After a value: closes what ends here, and steps over the comma before the next value. *done tells the
 * end of the outermost value. */
static bool after_value(checker *c, bool *done)
{
    while (c->depth) {
        if (!skip_space(c))
            return ends_early(c);
        bool object = c->src->text[c->open[c->depth - 1]] == '{';
        char close = object ? '}' : ']', found = peek(c);
        size_t comma = c->i;
        if (found == '/' || found == '#')
            return check_word(c);
        if (found != close && found != ',')
            return fail(c, c->i, 1, "expected ',' or '%c' here", close);
        c->i++;
        if (found == ',' && skip_space(c) && peek(c) == close)
            return fail(c, comma, 1, "a comma before '%c'; leave it out", close);
        if (found == ',')
            return !object || check_key(c);
        c->depth--;
    }
    *done = true;
    return true;
}

/* A scalar, or the beginning of a list or object; *open tells that its first value comes next. */
static bool check_value(checker *c, bool *open)
{
    *open = false;
    if (!skip_space(c))
        return ends_early(c);
    char first = peek(c);
    if (first == '"')
        return check_string(c);
    if (first != '{' && first != '[')
        return check_word(c);
    if (!open_bracket(c))
        return false;
    if (!skip_space(c))
        return ends_early(c);
    if (peek(c) == (first == '{' ? '}' : ']')) {
        c->depth--;
        c->i++;
        return true;
    }
    *open = true;
    return first == '[' || check_key(c);
}

bool json_check(session *s, const source *src)
{
    checker c = {.s = s, .src = src};
    size_t zero = strlen(src->text);
    if (src->len >= 3 && memcmp(src->text, "\xef\xbb\xbf", 3) == 0)
        return fail(&c, 0, 3, "it begins with a byte order mark; save the file as plain UTF-8");
    if (src->len >= 2 && (memcmp(src->text, "\xff\xfe", 2) == 0 || memcmp(src->text, "\xfe\xff", 2) == 0))
        return fail(&c, 0, 2, "it is UTF-16; save the file as UTF-8");
    if (zero != src->len)
        return fail(&c, zero, 1, "unexpected byte 0x00");
    for (bool done = false, open; !done;)
        if (!check_value(&c, &open) || (!open && !after_value(&c, &done)))
            return false;
    if (skip_space(&c))
        return fail(&c, c.i, 1, "something stands after the end of the value");
    return true;
}
