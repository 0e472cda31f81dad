/* loom_error.c - messages, put together without a library. */
#include "loom_text.h"

#include <stdarg.h>

static void copy(char *to, size_t capacity, const char *from)
{
    size_t n = 0;
    for (; from[n] && n + 1 < capacity; n++)
        to[n] = from[n];
    to[n] = 0;
}

/* As much of a text as fits. */
static void put_part(loom_writer *w, const char *text)
{
    size_t n = 0;
    while (text[n] && n < w->capacity - w->n)
        n++;
    loom_put_bytes(w, text, n);
}

static void put_format(loom_writer *w, const char *format, va_list ap)
{
    for (const char *p = format; *p; p++) {
        char one[2] = {*p, 0};
        if (*p != '%')
            put_part(w, one);
        else if (*++p == 's')
            put_part(w, va_arg(ap, const char *));
        else if (*p == 'z')
            loom_put_u64(w, va_arg(ap, size_t));
        else if (*p == 'd')
            loom_put_i64(w, va_arg(ap, int));
    }
}

/* Whole characters only: a text that was cut may end within one. */
static void finish(loom_writer *w)
{
    size_t at = 0;
    for (size_t n; at < w->n && (n = loom_utf8_length(w->s + at, w->n - at)) > 0;)
        at += n;
    while (at < w->n && w->n - at > 3) /* not UTF-8 in the middle: whoever writes it as JSON sees to that */
        at++;
    w->s[at] = 0;
}

static int fill(loom_error *e, int status, const char *where, const char *format, va_list ap)
{
    if (!e)
        return status;
    loom_writer w = {e->message, 0, sizeof e->message - 1, 0, NULL};
    e->status = status;
    e->line = e->column = 0;
    copy(e->where, sizeof e->where, where ? where : "");
    put_format(&w, format, ap);
    finish(&w);
    return status;
}

int loom_fail(loom_error *e, int status, const char *where, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fill(e, status, where, format, ap);
    va_end(ap);
    return status;
}

int loom_fail_status(loom_error *e, int status, const char *what)
{
    return loom_fail(e, status, "", "%s: %s", what, loom_status_text(status));
}

int loom_document_fail(const loom_document *d, loom_json at, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fill(d->error, LOOM_E_DESCRIPTION, "", format, ap);
    va_end(ap);
    if (d->error) {
        loom_json_position(d->text, d->n, (size_t)(at.at - d->text), &d->error->line, &d->error->column);
        loom_json_pointer(d->root, at.at, d->error->where, sizeof d->error->where);
    }
    return LOOM_E_DESCRIPTION;
}
