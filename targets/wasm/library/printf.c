/* printf.c - text with integers and strings in it; libloom writes floats itself. */
#include "libc.h"

typedef struct writer {
    char *to;
    size_t room, n; /* n may pass room: the rest is only counted */
} writer;

static void put(writer *w, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++, w->n++)
        if (w->n < w->room)
            w->to[w->n] = s[i];
}

static void fill(writer *w, char c, int n)
{
    for (; n > 0; n--)
        put(w, &c, 1);
}

/* One conversion: %[-0][width][.precision][ll|l|z]x */
typedef struct spec {
    int left, zero, width, precision, size;
} spec;

static void put_padded(writer *w, const spec *s, const char *text, size_t n)
{
    if (!s->left)
        fill(w, s->zero ? '0' : ' ', s->width - (int)n);
    put(w, text, n);
    if (s->left)
        fill(w, ' ', s->width - (int)n);
}

static void put_number(writer *w, spec *s, uint64_t v, int negative, unsigned base)
{
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = "0123456789abcdef"[v % base];
    while (v /= base);
    if (negative && s->zero) {
        put(w, "-", 1);
        s->width--;
    } else if (negative) {
        digits[--at] = '-';
    }
    put_padded(w, s, digits + at, sizeof digits - at);
}

static const char *read_number(const char *p, int *out)
{
    *out = 0;
    for (; *p >= '0' && *p <= '9'; p++)
        *out = *out * 10 + (*p - '0');
    return p;
}

static const char *read_size(const char *p, spec *s)
{
    s->size = *p == 'z' ? (int)sizeof(size_t) : 4;
    if (*p == 'z')
        return p + 1;
    if (p[0] == 'l' && p[1] == 'l') {
        s->size = 8;
        return p + 2;
    }
    return *p == 'l' ? p + 1 : p; /* long has 32 bits here */
}

static size_t text_length(const char *s, int most)
{
    size_t n = 0;
    while ((most < 0 || n < (size_t)most) && s[n])
        n++;
    return n;
}

/* Reads what stands after a %: the letter of the conversion, and *p stands behind it. */
static char read_spec(const char **at, spec *s, va_list *ap)
{
    const char *p = *at;
    for (; *p == '-' || *p == '0'; p++)
        *(*p == '-' ? &s->left : &s->zero) = 1;
    if (*p == '*') {
        s->width = va_arg(*ap, int);
        p++;
    } else {
        p = read_number(p, &s->width);
    }
    if (p[0] == '.' && p[1] == '*') {
        s->precision = va_arg(*ap, int);
        p += 2;
    } else if (*p == '.') {
        p = read_number(p + 1, &s->precision);
    }
    p = read_size(p, s);
    const char kind = *p ? *p++ : '%';
    *at = p;
    return kind;
}

static void convert(writer *w, char kind, spec *s, va_list *ap)
{
    if (kind == 's') {
        const char *text = va_arg(*ap, const char *);
        put_padded(w, s, text, text_length(text, s->precision));
    } else if (kind == 'c') {
        const char c = (char)va_arg(*ap, int);
        put_padded(w, s, &c, 1);
    } else if (kind == 'd' || kind == 'i') {
        const int64_t v = s->size == 8 ? va_arg(*ap, int64_t) : va_arg(*ap, int);
        put_number(w, s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, v < 0, 10);
    } else if (kind == 'u' || kind == 'x') {
        const uint64_t v = s->size == 8 ? va_arg(*ap, uint64_t) : va_arg(*ap, unsigned);
        put_number(w, s, v, 0, kind == 'x' ? 16 : 10);
    } else {
        put(w, &kind, 1);
    }
}

int vsnprintf(char *to, size_t n, const char *fmt, va_list given)
{
    writer w = {to, n > 0 ? n - 1 : 0, 0};
    va_list ap;
    va_copy(ap, given);
    for (const char *p = fmt; *p;) {
        if (*p != '%') {
            put(&w, p++, 1);
            continue;
        }
        p++;
        spec s = {0, 0, 0, -1, 4};
        const char kind = read_spec(&p, &s, &ap);
        convert(&w, kind, &s, &ap);
    }
    va_end(ap);
    if (n > 0)
        to[w.n < n ? w.n : n - 1] = 0;
    return (int)w.n;
}

int snprintf(char *to, size_t n, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int length = vsnprintf(to, n, fmt, ap);
    va_end(ap);
    return length;
}
