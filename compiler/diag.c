/* diag.c - messages with a place: file:line:column, the line itself and a caret under the token.
 *
 *   net.json:14:19: error: unknown layer type 'desne', did you mean 'dense'? [/layers/3/type]
 *     {"type": "desne", "output_size": 12},
 *              ^~~~~~~
 */
#include "loomc.h"

#include <string.h>

enum { MAX_LINE = 100 };

static void line_and_column(const source *src, size_t at, int *line, int *column, size_t *start)
{
    *line = 1;
    *start = 0;
    for (size_t i = 0; i < at && i < src->len; i++)
        if (src->text[i] == '\n') {
            ++*line;
            *start = i + 1;
        }
    *column = (int)(at - *start) + 1;
}

/* The source line with a caret; long lines are cut around the token. */
static void print_line(FILE *f, const source *src, span at, size_t start)
{
    size_t end = start, from = start;
    while (end < src->len && src->text[end] != '\n' && src->text[end] != '\r')
        end++;
    if (at.at - start > MAX_LINE / 2 && end - start > MAX_LINE)
        from = at.at - MAX_LINE / 2;
    if (end - from > MAX_LINE)
        end = from + MAX_LINE;
    fputs(from > start ? "  ..." : "  ", f);
    for (size_t i = from; i < end; i++) {
        unsigned char c = (unsigned char)src->text[i];
        fputc(c == '\t' ? ' ' : c < 32 || c == 127 ? '?' : c, f);
    }
    fprintf(f, "\n%*s^", (int)(at.at - from) + (from > start ? 5 : 2), "");
    for (size_t i = 1; i < at.len && at.at + i < end; i++)
        fputc('~', f);
    fputc('\n', f);
}

static void report(session *s, severity sev, const source *src, span at, const char *pointer, const char *fmt, va_list ap)
{
    static const char *const words[] = {"error", "warning", "note"};
    diags *d = &s->diags;
    if (sev == DIAG_ERROR && ++d->errors > MAX_ERRORS) {
        if (d->errors == MAX_ERRORS + 1)
            fprintf(d->sink, "loomc: too many errors, the others are not shown\n");
        return;
    }
    if (sev == DIAG_WARNING)
        d->warnings++;
    size_t start = 0;
    if (src) {
        int line, column;
        line_and_column(src, at.at, &line, &column, &start);
        fprintf(d->sink, "%s:%d:%d: %s: ", src->name, line, column, words[sev]);
    } else {
        fprintf(d->sink, "loomc: %s: ", words[sev]);
    }
    vfprintf(d->sink, fmt, ap);
    if (pointer)
        fprintf(d->sink, " [%s]", *pointer ? pointer : "/");
    fputc('\n', d->sink);
    if (src)
        print_line(d->sink, src, at, start);
}

void diag_span(session *s, severity sev, const source *src, span at, const char *pointer, const char *fmt, ...)
{
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
