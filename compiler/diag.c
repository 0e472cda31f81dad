/* diag.c - messages with a place: file:line:column, the line itself and a caret under the token.
 *
 *   net.json:14:19: error: unknown layer type 'desne', did you mean 'dense'? [/layers/3/type]
 *     {"type": "desne", "output_size": 12},
 *              ^~~~~~~
 */
#include "loomc.h"

#include <string.h>

enum { MAX_LINE = 100, MAX_MESSAGE = 400 };

/* The text from..to with everything that a terminal could trip over as '?'; returns its width. */
static int print_plain(FILE *f, const char *from, const char *to)
{
    int width = 0;
    for (size_t n; from < to; from += n, width++) {
        n = utf8_length(from, (size_t)(to - from));
        bool plain = n > 1 || (n == 1 && *from >= ' ' && *from != 127);
        if (f)
            fprintf(f, "%.*s", plain ? (int)n : 1, plain ? from : *from == '\t' ? " " : "?");
        n += n == 0;
    }
    return width;
}

static void line_and_column(const source *src, size_t at, int *line, int *column, size_t *start)
{
    *line = 1;
    *start = 0;
    for (size_t i = 0; i < at && i < src->len; i++)
        if (src->text[i] == '\n') {
            ++*line;
            *start = i + 1;
        }
    *column = print_plain(NULL, src->text + *start, src->text + at) + 1;
}

static bool inside_character(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* The source line with a caret; long lines are cut around the token. */
static void print_line(FILE *f, const source *src, span at, size_t start)
{
    const char *t = src->text;
    size_t end = start, from = start, stop = at.at + at.len;
    while (end < src->len && t[end] != '\n' && t[end] != '\r')
        end++;
    if (at.at - start > MAX_LINE / 2 && end - start > MAX_LINE)
        from = at.at - MAX_LINE / 2;
    if (end - from > MAX_LINE)
        end = from + MAX_LINE;
    while (from > start && inside_character(t[from]))
        from--;
    while (end > from && end < src->len && inside_character(t[end]))
        end--;
    stop = stop < end ? stop : end;
    if (from == end)
        return; /* nothing to show */
    fputs(from > start ? "  ..." : "  ", f);
    print_plain(f, t + from, t + end);
    fprintf(f, "\n%*s^", print_plain(NULL, t + from, t + at.at) + (from > start ? 5 : 2), "");
    for (int n = stop > at.at ? print_plain(NULL, t + at.at, t + stop) : 0; n > 1; n--)
        fputc('~', f);
    fputc('\n', f);
}

/* A message with the user's words in it, which may be long and hold anything. */
static void print_message(FILE *f, const char *fmt, va_list ap)
{
    char message[MAX_MESSAGE];
    int n = vsnprintf(message, sizeof message, fmt, ap);
    bool cut = n >= MAX_MESSAGE;
    const char *end = message + (cut ? MAX_MESSAGE - 1 : n);
    while (cut && inside_character(end[-1]))
        end--;
    print_plain(f, message, cut ? end - 1 : end);
    fputs(cut ? "..." : "", f);
}

static void print_pointer(FILE *f, const char *pointer)
{
    size_t n = strlen(pointer), half = MAX_LINE / 2;
    fputs(" [", f);
    if (n <= MAX_LINE) {
        fputs(n ? "" : "/", f);
        print_plain(f, pointer, pointer + n);
    } else {
        print_plain(f, pointer, pointer + half);
        fputs("...", f);
        print_plain(f, pointer + n - half, pointer + n);
    }
    fputc(']', f);
}

/* Is this one beyond those that are shown? */
static bool too_many(diags *d, severity sev)
{
    if (sev == DIAG_ERROR && ++d->errors == MAX_ERRORS + 1 && !d->tell)
        fprintf(d->sink, "loomc: too many errors, the others are not shown\n");
    return d->errors > MAX_ERRORS;
}

static void tell(diags *d, severity sev, const source *src, span at, const char *pointer, const char *fmt, va_list ap)
{
    char message[MAX_MESSAGE];
    int line = 0, column = 0;
    size_t start;
    vsnprintf(message, sizeof message, fmt, ap);
    if (src)
        line_and_column(src, at.at, &line, &column, &start);
    d->tell(d->arg, sev, message, line, column, pointer);
}

static void report(session *s, severity sev, const source *src, span at, const char *pointer, const char *fmt,
                   va_list ap)
{
    static const char *const words[] = {"error", "warning", "note"};
    diags *d = &s->diags;
    d->warnings += sev == DIAG_WARNING;
    size_t start = 0;
    if (d->tell) {
        tell(d, sev, src, at, pointer, fmt, ap);
        return;
    }
    if (src) {
        int line, column;
        line_and_column(src, at.at, &line, &column, &start);
        fprintf(d->sink, "%s:%d:%d: %s: ", src->name, line, column, words[sev]);
    } else {
        fprintf(d->sink, "loomc: %s: ", words[sev]);
    }
    print_message(d->sink, fmt, ap);
    if (pointer)
        print_pointer(d->sink, pointer);
    fputc('\n', d->sink);
    if (src)
        print_line(d->sink, src, at, start);
}

void diag_span(session *s, severity sev, const source *src, span at, const char *pointer, const char *fmt,
               ...)
{
    if (too_many(&s->diags, sev))
        return;
    va_list ap;
    va_start(ap, fmt);
    report(s, sev, src, at, pointer, fmt, ap);
    va_end(ap);
}

/* An object or a long array is pointed at by its first character only. */
static span short_span(const json *j)
{
    span at = j->at;
    if (j->kind == JSON_OBJECT || j->kind == JSON_ARRAY) {
        const char *end = memchr(j->src->text + at.at, '\n', at.len);
        if (end)
            at.len = 1;
    }
    return at;
}

void diag(session *s, severity sev, const json *at, const char *fmt, ...)
{
    if (too_many(&s->diags, sev))
        return;
    va_list ap;
    va_start(ap, fmt);
    if (at)
        report(s, sev, at->src, short_span(at), json_pointer(&s->arena, at), fmt, ap);
    else
        report(s, sev, NULL, (span){0}, NULL, fmt, ap);
    va_end(ap);
}

void diag_key(session *s, severity sev, const json *at, const char *fmt, ...)
{
    if (too_many(&s->diags, sev))
        return;
    va_list ap;
    va_start(ap, fmt);
    report(s, sev, at->src, at->key ? at->key_at : short_span(at), json_pointer(&s->arena, at), fmt, ap);
    va_end(ap);
}

/* Letters to add, drop, change or swap to make one word of the other; at most `limit` + 1. */
static int edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
    enum { LONGEST = 40 };
    int row[LONGEST + 1], before[LONGEST + 1], older[LONGEST + 1];
    if (na > LONGEST || nb > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= nb; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= na; i++) {
        memcpy(older, before, sizeof older);
        memcpy(before, row, sizeof row);
        row[0] = (int)i;
        for (size_t j = 1; j <= nb; j++) {
            int best = before[j - 1] + (a[i - 1] != b[j - 1]);
            if (before[j] + 1 < best)
                best = before[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && older[j - 2] + 1 < best)
                best = older[j - 2] + 1;
            row[j] = best;
        }
    }
    return row[nb];
}

const char *nearest(arena *a, const char *word, const char *names)
{
    const char *best = NULL;
    size_t best_len = 0, n = strlen(word);
    int best_distance = n < 4 ? 2 : n < 8 ? 3 : 4;
    for (const char *p = names; *p;) {
        size_t len = strcspn(p, "|");
        int d = edit_distance(word, n, p, len);
        if (d < best_distance) {
            best_distance = d;
            best = p;
            best_len = len;
        }
        p += len + (p[len] == '|');
    }
    return best ? arena_strndup(a, best, best_len) : NULL;
}
