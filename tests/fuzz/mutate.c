/* mutate.c - changes a text of JSON so that it mostly stays JSON: values are replaced, doubled and left out
 * as wholes, and sizes become sizes that are likely to hurt. One change in eight is libFuzzer's own. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed);

static const char *const numbers[] = {
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "12", "16", "63", "64", "65", "255", "1000", "4096", "65535", "65536",
    "1048576", "16777216", "1073741824", "9007199254740992", "99999999999999999999", "-1", "-2", "-1000000", "0.5", "0.1",
    "1.5", "1e-9", "1e30", "1e300", "-1e300", "null", "true", "false", "[]", "{}", "[2, 3]", "[1, 1]", "[0]", "\"same\""};

typedef struct part {
    size_t at, n;
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

/* A value somewhere in the text; with its key (or the value of a key), when `member`. */
static part pick(const char *s, size_t n, int member)
{
    size_t i = 0, from = below(n);
    while (i < n) { /* from the front, to be outside of strings */
        i = skip(s, i, n, " \t\r\n,:]}");
        if (i >= n)
            break;
        size_t end = value_end(s, i, n);
        if (end > from || end == i) {
            if ((s[i] != '[' && s[i] != '{') || below(4) == 0)
                break;
            end = i + 1; /* go inside */
        }
        i = end;
    }
    if (i >= n)
        return (part){0, 0};
    size_t end = value_end(s, i, n), colon = skip(s, end, n, " \n");
    if (member && colon < n && s[colon] == ':') {
        size_t value = skip(s, colon + 1, n, " \n");
        end = value < n ? value_end(s, value, n) : n;
    }
    return (part){i, end - i};
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
    n = replace(s, n, max, (part){at.at, 0}, copy, from.n + 2);
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
    size_t after = skip(s, old.at + old.n, n, " \n");
    if (after < n && s[after] == ',')
        old.n = skip(s, after + 1, n, " \n") - old.at;
    return replace(s, n, n, old, "", 0);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed)
{
    char *s = (char *)data;
    state = seed * 0x9e3779b97f4a7c15u + 1;
    if (n == 0 || below(8) == 0)
        return LLVMFuzzerMutate(data, n, max);
    for (size_t changes = 1 + below(3); changes && n; changes--) {
        size_t what = below(5);
        int member = what >= 3;
        part a = pick(s, n, member), b = pick(s, n, member);
        const char *number = numbers[below(sizeof numbers / sizeof *numbers)];
        if (what <= 1)
            n = replace(s, n, max, a, number, strlen(number));
        else if (what == 2)
            n = replace_by_copy(s, n, max, a, b);
        else if (what == 3)
            n = insert_copy(s, n, max, a, b);
        else
            n = leave_out(s, n, a);
    }
    return n;
}
