/* data_csv.c - numbers separated by commas, semicolons, tabs, bars or blanks, as RFC 4180 has them.
 *
 * Fields may stand in quotes and have blanks around them; lines end with LF, CR LF or CR; empty lines and lines that
 * start with '#' are skipped. The first line may be a header. Every field of every other line must be a number, which
 * is read straight from the text into its place. */
#include "train.h"

#include <string.h>

typedef struct reader {
    session *s;
    precision p;
    table *t;
    const char *at, *end;
    const char *first; /* row of numbers */
} reader;

static bool is_blank(char c, char separator) { return (c == ' ' || c == '\t') && c != separator; }
static bool is_line_end(char c) { return c == '\n' || c == '\r' || c == 0; }

static const char *skip_blanks(const char *p, char separator)
{
    while (is_blank(*p, separator))
        p++;
    return p;
}

static const char *next_line(const char *p)
{
    p += *p == '\r';
    return p + (*p == '\n');
}

/* ---- fields ------------------------------------------------------------------------------------------ */

/* The content of the field at p, without blanks and quotes. *next is the separator or line end after it. */
static span find_field(const source *src, const char *p, char separator, const char **next)
{
    const char *from, *to;
    while (*p == ' ' || is_blank(*p, separator))
        p++;
    bool quoted = *p == '"';
    from = p += quoted;
    while (quoted && *p && (*p != '"' || p[1] == '"'))
        p += *p == '"' ? 2 : 1;
    to = p;
    while (*p != separator && !is_line_end(*p))
        p++;
    to = quoted ? to : p;
    while (from < to && is_blank(*from, separator))
        from++;
    while (to > from && is_blank(to[-1], separator))
        to--;
    *next = p;
    return (span){(size_t)(from - src->text), (size_t)(to - from)};
}

/* Is there another field after the end of one? Blanks at the end of a line separate nothing. */
static bool more_fields(const char **p, char separator)
{
    if (separator == ' ')
        while (**p == ' ')
            ++*p;
    else if (**p == separator)
        return ++*p, true;
    return !is_line_end(**p);
}

/* Past the fields of a row. */
static const char *skip_row(const reader *r, const char *p)
{
    do
        find_field(&r->t->src, p, r->t->separator, &p);
    while (more_fields(&p, r->t->separator));
    return p;
}

static int64_t count_fields(const source *src, const char *p, char separator)
{
    int64_t n = 0;
    do {
        find_field(src, p, separator, &p);
        n++;
    } while (more_fields(&p, separator));
    return n;
}

span csv_field(const table *t, int64_t row, int64_t col)
{
    const char *p = t->src.text + t->row_at[row];
    span at = {0};
    for (int64_t i = 0; i <= col; i++) {
        at = find_field(&t->src, p, t->separator, &p);
        if (i < col && !more_fields(&p, t->separator))
            break;
    }
    return at;
}

static bool is_number(const source *src, span at)
{
    double v;
    const char *from = src->text + at.at;
    return at.len && read_real(F64, from, &v) == from + at.len;
}

/* ---- errors ------------------------------------------------------------------------------------------ */

static const char *column_name(const table *t, int64_t col) { return t->names ? t->names[col] : ""; }

static bool is_too_large(const reader *r, span at)
{
    double v;
    read_real(r->p, r->t->src.text + at.at, &v);
    return real_get(r->p, &v, 0) - real_get(r->p, &v, 0) != 0;
}

static bool bad_field(reader *r, const char *row, int64_t col)
{
    const char *p = row;
    span at = {0};
    for (int64_t i = 0; i <= col; i++) {
        at = find_field(&r->t->src, p, r->t->separator, &p);
        more_fields(&p, r->t->separator);
    }
    const char *name = column_name(r->t, col),
               *word = arena_strndup(&r->s->arena, r->t->src.text + at.at, at.len < 40 ? at.len : 40);
    const char *where =
        arena_printf(&r->s->arena, *name ? "column %lld, '%s'" : "column %lld%s", (long long)col + 1, name);
    if (at.len == 0)
        diag_span(r->s, DIAG_ERROR, &r->t->src, at, NULL, "the number is missing in %s", where);
    else if (is_number(&r->t->src, at) && is_too_large(r, at))
        diag_span(r->s, DIAG_ERROR, &r->t->src, at, NULL, "%s is too large for %s in %s", word, precision_names[r->p],
                  where);
    else
        diag_span(r->s, DIAG_ERROR, &r->t->src, at, NULL, "expected a number in %s, not '%s'%s", where, word,
                  strchr(word, ',') ? "; write decimals with a point"
                  : row == r->first ? " (--header, if the line names the columns)" : "");
    return false;
}

/* The first quote of a row whose quotes do not pair; NULL when they do. */
static const char *open_quote(const reader *r, const char *row)
{
    const char *end = skip_row(r, row), *open = NULL;
    for (const char *p = row; p < end; p++)
        if (*p == '"')
            open = open ? NULL : p;
    return open;
}

static bool bad_count(reader *r, const char *row, int64_t n)
{
    const char *quote = open_quote(r, row);
    if (quote) {
        diag_span(r->s, DIAG_ERROR, &r->t->src, (span){(size_t)(quote - r->t->src.text), 1}, NULL, "the quote is not closed");
        return false;
    }
    size_t len = strcspn(row, "\r\n");
    diag_span(r->s, DIAG_ERROR, &r->t->src, (span){(size_t)(row - r->t->src.text), len}, NULL,
              "the line has %lld field%s, expected %lld, as the first one has", (long long)n, n == 1 ? "" : "s",
              (long long)r->t->cols);
    return false;
}

/* ---- rows -------------------------------------------------------------------------------------------- */

/* The number of one field to `out`. Returns the separator or line end after it, NULL when it is no number. */
static const char *read_field(const reader *r, const char *p, void *out)
{
    char separator = r->t->separator;
    while (*p == ' ' || is_blank(*p, separator))
        p++;
    bool quoted = *p == '"';
    const char *from = quoted ? skip_blanks(p + 1, separator) : p, *to = read_real(r->p, from, out);
    double v = real_get(r->p, out, 0);
    if (to == from || v - v != 0)
        return NULL;
    if (quoted) {
        to = skip_blanks(to, separator);
        if (*to++ != '"')
            return NULL;
    }
    to = skip_blanks(to, separator);
    return *to == separator || is_line_end(*to) ? to : NULL;
}

static bool read_row(reader *r, const char *row, char *out)
{
    const char *p = row;
    int64_t n = 0;
    do {
        if (n == r->t->cols)
            return bad_count(r, row, count_fields(&r->t->src, row, r->t->separator));
        const char *after = read_field(r, p, out + (size_t)n * real_size(r->p));
        if (!after) {
            int64_t have = count_fields(&r->t->src, row, r->t->separator);
            return have == r->t->cols ? bad_field(r, row, n) : bad_count(r, row, have);
        }
        p = after;
        n++;
    } while (more_fields(&p, r->t->separator));
    r->at = p;
    return n == r->t->cols || bad_count(r, row, n);
}

static bool is_skipped(const char *line, char separator)
{
    while (*line == ' ' || is_blank(*line, separator))
        line++;
    return is_line_end(*line) || *line == '#';
}

/* Past lines without fields. */
static void skip_lines(reader *r)
{
    while (r->at < r->end && is_skipped(r->at, r->t->separator))
        r->at = next_line(r->at + strcspn(r->at, "\r\n"));
}

static int64_t count_lines(const char *p, const char *end)
{
    int64_t n = 0;
    for (bool something = false; p <= end; p++) {
        bool ends = p == end || *p == '\n' || *p == '\r';
        n += ends && something;
        something = !ends;
    }
    return n;
}

static bool read_rows(reader *r)
{
    table *t = r->t;
    bool good = true;
    int64_t most = count_lines(r->at, r->end);
    t->values = arena_array(&r->s->arena, most, (size_t)t->cols * real_size(r->p));
    t->row_at = arena_array(&r->s->arena, most, sizeof *t->row_at);
    skip_lines(r);
    r->first = r->at;
    for (; r->at < r->end && r->s->diags.errors < MAX_ERRORS; skip_lines(r)) {
        const char *row = r->at;
        t->row_at[t->rows] = (size_t)(row - t->src.text);
        bool fine = read_row(r, row, t->values + (size_t)(t->rows * t->cols) * real_size(r->p));
        r->at = next_line(fine ? r->at : skip_row(r, row));
        good &= fine;
        t->rows++;
    }
    return good;
}

/* ---- the first line ---------------------------------------------------------------------------------- */

/* The separator that stands most often in the line. */
static char find_separator(const char *line)
{
    static const char all[] = ",;\t| ";
    int count[sizeof all] = {0}, best = 0;
    bool quoted = false;
    line = skip_blanks(line, 0);
    for (; !is_line_end(*line); line++) {
        const char *c = strchr(all, *line);
        quoted ^= *line == '"';
        if (c && !quoted)
            count[c - all] += *line != ' ' || !is_line_end(line[1]);
    }
    for (int i = 1; i < 4; i++)
        best = count[i] > count[best] ? i : best;
    return count[best] == 0 && count[4] ? ' ' : all[best];
}

static char separator_of(const reader *r)
{
    const char *word = r->s->opt->learn.separator;
    if (!word)
        return find_separator(r->at);
    return strcmp(word, "tab") == 0 ? '\t' : strcmp(word, "space") == 0 ? ' ' : *word;
}

/* A line is taken for a header when it has names only: one bad number must not cost a sample in silence. */
static bool has_header(const reader *r)
{
    int wanted = r->s->opt->learn.header;
    if (wanted)
        return wanted > 0;
    const char *p = r->at;
    bool names = false;
    do {
        span at = find_field(&r->t->src, p, r->t->separator, &p);
        if (is_number(&r->t->src, at))
            return false;
        names = names || at.len;
    } while (more_fields(&p, r->t->separator));
    return names;
}

static void read_header(reader *r)
{
    table *t = r->t;
    const char *p = r->at;
    t->names = arena_array(&r->s->arena, t->cols, sizeof *t->names);
    for (int64_t i = 0; i < t->cols; i++) {
        span at = find_field(&t->src, p, t->separator, &p);
        t->names[i] = arena_strndup(&r->s->arena, t->src.text + at.at, at.len);
        more_fields(&p, t->separator);
    }
    r->at = next_line(p);
}

/* What no text of numbers holds. */
static bool check_bytes(session *s, const source *src)
{
    const char *nul = memchr(src->text, 0, src->len);
    bool wide = src->len >= 2 && (memcmp(src->text, "\xff\xfe", 2) == 0 || memcmp(src->text, "\xfe\xff", 2) == 0);
    span at = {wide || !nul ? 0 : (size_t)(nul - src->text), 0};
    if (wide || nul)
        diag_span(s, DIAG_ERROR, src, at, NULL,
                  wide ? "the text is UTF-16; save it as UTF-8" : "the text must not hold NUL bytes");
    return !wide && !nul;
}

bool csv_read(session *s, source src, precision p, table *out)
{
    *out = (table){.src = src};
    reader r = {.s = s, .p = p, .t = out, .at = src.text, .end = src.text + src.len};
    if (!check_bytes(s, &out->src))
        return false;
    r.at += src.len >= 3 && memcmp(src.text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    skip_lines(&r);
    out->separator = separator_of(&r);
    out->cols = count_fields(&out->src, r.at, out->separator);
    if (r.at < r.end && has_header(&r))
        read_header(&r);
    out->row = shape_of(1, out->cols);
    if (!read_rows(&r))
        return false;
    if (out->rows == 0)
        diag_span(s, DIAG_ERROR, &out->src, (span){src.len, 0}, NULL, "there are no samples in the file");
    return out->rows > 0;
}
