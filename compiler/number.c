/* number.c - precisions, shapes, and numbers as text. */
#include "loomc.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const precision_names[N_PRECISIONS] = {"f32", "f64"};

size_t real_size(precision p) { return p == F32 ? sizeof(float) : sizeof(double); }

double real_get(precision p, const void *data, int64_t i)
{
    return p == F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

void real_set(precision p, void *data, int64_t i, double v)
{
    if (p == F32)
        ((float *)data)[i] = (float)v;
    else
        ((double *)data)[i] = v;
}

/* The fewest digits that read back as the same number. The program never leaves the "C" locale. */
void print_real(char out[40], precision p, const void *x)
{
    double v = real_get(p, x, 0);
    int most = p == F32 ? 9 : 17;
    if (v - v != 0) {
        snprintf(out, 40, "%s", v != v ? "NaN" : v > 0 ? "Infinity" : "-Infinity");
        return;
    }
    for (int digits = 1; digits <= most; digits++) {
        snprintf(out, 40, "%.*g", digits, v);
        if (p == F32 ? strtof(out, NULL) == (float)v : strtod(out, NULL) == v)
            break;
    }
}

/* ---- text to number ------------------------------------------------------------------------------------------ */

typedef struct decimal {
    uint64_t digits;  /* the first 19 of them, without leading zeros */
    int n;            /* how many there are, 20 for more */
    int64_t exponent; /* the number is digits * 10^exponent, when n <= 19 */
    bool negative;
} decimal;

static const char *scan_digits(const char *t, decimal *d, int shift)
{
    for (; isdigit((unsigned char)*t); t++) {
        if (d->n < 19)
            d->digits = d->digits * 10 + (uint64_t)(*t - '0');
        d->n += d->digits > 0 && d->n < 20;
        d->exponent -= shift;
    }
    return t;
}

static const char *scan_exponent(const char *t, decimal *d)
{
    const char *p = t + 1 + (t[1] == '-' || t[1] == '+');
    if ((*t != 'e' && *t != 'E') || !isdigit((unsigned char)*p))
        return t;
    int64_t e = 0;
    for (; isdigit((unsigned char)*p); p++)
        e = e < 100000 ? e * 10 + (*p - '0') : e;
    d->exponent += t[1] == '-' ? -e : e;
    return p;
}

static const char *scan_decimal(const char *t, decimal *d)
{
    const char *start = t;
    *d = (decimal){.negative = *t == '-'};
    t += *t == '-' || *t == '+';
    const char *whole = t;
    t = scan_digits(t, d, 0);
    size_t n = (size_t)(t - whole);
    if (*t == '.') {
        const char *part = t + 1;
        t = scan_digits(part, d, 1);
        n += (size_t)(t - part);
    }
    return n ? scan_exponent(t, d) : start;
}

/* Digits and power of ten are exact in binary64, so one operation rounds once; false when they are not. */
static bool simple_decimal(const decimal *d, double *v)
{
    static const double ten[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (d->n > 19 || d->digits >> 53 || d->exponent > 22 || d->exponent < -22)
        return false;
    *v = d->exponent < 0 ? (double)d->digits / ten[-d->exponent] : (double)d->digits * ten[d->exponent];
    *v = d->negative ? -*v : *v;
    return true;
}

/* Rounding to binary64 and then to binary32 goes wrong only from the middle between two of the latter. */
static bool is_middle(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return (bits & 0x1fffffff) == 0x10000000;
}

const char *read_real(precision p, const char *t, void *out)
{
    decimal d;
    double v;
    const char *end = scan_decimal(t, &d);
    bool simple = end > t && simple_decimal(&d, &v);
    if (p == F32)
        *(float *)out = simple && !is_middle(v) ? (float)v : end > t ? strtof(t, NULL) : 0;
    else
        *(double *)out = simple ? v : end > t ? strtod(t, NULL) : 0;
    return end;
}

void print_hex(char out[48], precision p, const void *x)
{
    double v = real_get(p, x, 0);
    if (v == (int)v && v > -1000 && v < 1000 && !(v == 0 && signbit(v)))
        snprintf(out, 48, p == F32 ? "%d.0f" : "%d.0", (int)v);
    else
        snprintf(out, 48, p == F32 ? "%af" : "%a", v);
}

int64_t shape_size(const shape *s)
{
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++)
        n *= s->dim[i];
    return n;
}

bool shape_equal(const shape *a, const shape *b)
{
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

const char *shape_text(arena *a, const shape *s)
{
    text t = {.arena = a};
    text_add(&t, "[", 1);
    for (int i = 0; i < s->rank; i++)
        text_printf(&t, i ? ",%lld" : "%lld", (long long)s->dim[i]);
    text_add(&t, "]", 1);
    return t.s;
}
