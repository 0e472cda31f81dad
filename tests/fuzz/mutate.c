/* mutate.c - changes a text of JSON so that it mostly stays JSON: values are replaced, doubled and left out
 * as wholes, and sizes become sizes that are likely to hurt. Some changes are libFuzzer's own. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed);

/* clang-format off */
static const char *const numbers[] = {
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "12", "16", "63", "64", "65", "255", "1000", "4096",
    "65535", "65536", "1048576", "16777216", "1073741824", "9007199254740992", "99999999999999999999", "-1",
    "-2", "-1000000", "0.5", "0.1", "1.5", "1e-9", "1e30", "1e300", "-1e300", "null", "true", "false", "[]",
    "{}", "[2, 3]", "[1, 1]", "[0]", "\"same\""
};
/* clang-format on */

/* A value in the text, with its key when it is a member. */
typedef struct part {
    size_t at, n;
    char kind; /* first character of the value, '0' for all numbers and words */
    int keyed;
} part;

static uint64_t state;
static size_t below(size_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return n ? (size_t)(state >> 33) % n : 0;
}

static size_t string_end(const char *s, size_t i, size_t n)
{
    for (i++; i < n && s[i] != '"'; i++)
        i += s[i] == '\\';
    return i < n ? i + 1 : n;
}

static size_t bracket_end(const char *s, size_t i, size_t n)
{
    for (int depth = 0; i < n; i++) {
        if (s[i] == '"')
            i = string_end(s, i, n) - 1;
        depth += s[i] == '[' || s[i] == '{';
        depth -= s[i] == ']' || s[i] == '}';
        if (depth <= 0)
            return i + 1;
    }
    return n;
}

static size_t value_end(const char *s, size_t i, size_t n)
{
    if (s[i] == '"')
        return string_end(s, i, n);
    if (s[i] == '[' || s[i] == '{')
        return bracket_end(s, i, n);
    while (i < n && (isalnum((unsigned char)s[i]) || strchr("+-.", s[i])))
        i++;
    return i;
}

static size_t skip(const char *s, size_t i, size_t n, const char *what)
{
    while (i < n && s[i] && strchr(what, s[i]))
        i++;
    return i;
}

static part part_at(const char *s, size_t i, size_t n, int member)
{
    size_t end = value_end(s, i, n), colon = skip(s, end, n, " \n"), value = i;
    int keyed = colon < n && s[colon] == ':';
    if (keyed) {
        value = skip(s, colon + 1, n, " \n");
        end = value < n ? value_end(s, value, n) : n;
    }
    char kind = value < n && strchr("\"[{", s[value]) ? s[value] : '0';
    i = member ? i : value;
    return (part){i, end > i ? end - i : 0, kind, keyed};
}

/* A value somewhere in the text (not all of it), or a member of an object. */
static part pick(const char *s, size_t n, int member)
{
    size_t i = 0, from = below(n);
    while (i < n) { /* from the front, to be outside of strings */
        i = skip(s, i, n, " \t\r\n,:]}");
        if (i >= n)
            break;
        size_t end = value_end(s, i, n);
        int bracket = s[i] == '[' || s[i] == '{';
        if ((end > from || end == i) && !(bracket && (i < 3 || below(6))))
            return part_at(s, i, n, member);
        i = end > from && bracket ? i + 1 : end; /* go inside, or past it */
    }
    return (part){0, 0, '0', 0};
}

/* One of a kind, if there is luck. */
static part pick_kind(const char *s, size_t n, int member, char kind, int keyed)
{
    part p = pick(s, n, member);
    for (int tries = 0; tries < 10 && (p.kind != kind || p.keyed != keyed); tries++)
        p = pick(s, n, member);
    return p;
}

static size_t replace(char *s, size_t n, size_t max, part old, const char *new, size_t m)
{
    if (n - old.n + m > max)
        return n;
    memmove(s + old.at + m, s + old.at + old.n, n - old.at - old.n);
    memcpy(s + old.at, new, m);
    return n - old.n + m;
}

static size_t insert_copy(char *s, size_t n, size_t max, part at, part from)
{
    char *copy = malloc(from.n + 2);
    memcpy(copy, s + from.at, from.n);
    memcpy(copy + from.n, ", ", 2);
    n = replace(s, n, max, (part){.at = at.at}, copy, from.n + 2);
    free(copy);
    return n;
}

static size_t replace_by_copy(char *s, size_t n, size_t max, part old, part from)
{
    char *copy = malloc(from.n + 1);
    memcpy(copy, s + from.at, from.n);
    n = replace(s, n, max, old, copy, from.n);
    free(copy);
    return n;
}

static size_t leave_out(char *s, size_t n, part old)
{
    size_t after = skip(s, old.at + old.n, n, " \n"), before = old.at;
    while (before && strchr(" \n", s[before - 1]))
        before--;
    if (after < n && s[after] == ',')
        old.n = skip(s, after + 1, n, " \n") - old.at;
    else if (before && s[before - 1] == ',')
        old = (part){.at = before - 1, .n = old.at + old.n - before + 1};
    return replace(s, n, n, old, "", 0);
}

static size_t change(char *s, size_t n, size_t max)
{
    const char *number = numbers[below(sizeof numbers / sizeof *numbers)];
    size_t what = below(6);
    if (what <= 2)
        return replace(s, n, max, what ? pick_kind(s, n, 0, '0', (int)below(2)) : pick(s, n, 0), number,
                       strlen(number));
    part a = pick(s, n, what > 3), b = pick_kind(s, n, what > 3, a.kind, a.keyed);
    return what == 3               ? replace_by_copy(s, n, max, a, b)
           : what == 4 && !a.keyed ? insert_copy(s, n, max, a, b)
                                   : leave_out(s, n, a);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed)
{
    char *s = (char *)data;
    state = seed * 0x9e3779b97f4a7c15u + 1;
    if (n == 0 || below(32) == 0)
        return LLVMFuzzerMutate(data, n, max);
    for (size_t changes = 1 + below(2); changes && n; changes--)
        n = change(s, n, max);
    return n;
}
