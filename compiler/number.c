/* number.c - precisions, shapes, and numbers as text. */
#include "loomc.h"

#include "../runtime/loom_number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const precision_names[N_PRECISIONS] = {"f32", "f64", "i8", "i16", "i32", "i64"};

precision precision_of(const char *word)
{
    static const char *const words[] = {"float32", "float64", "int8", "int16", "int32"};
    for (int p = 0; p < COUNT(words); p++)
        if (strcmp(word, words[p]) == 0 || strcmp(word, precision_names[p]) == 0)
            return (precision)p;
    return N_PRECISIONS;
}

size_t real_size(precision p)
{
    static const size_t sizes[N_PRECISIONS] = {sizeof(float), sizeof(double), 1, 2, 4, 8};
    return sizes[p];
}

int64_t int_get(precision p, const void *data, int64_t i)
{
    switch (p) {
    case I8: return ((const int8_t *)data)[i];
    case I16: return ((const int16_t *)data)[i];
    case I32: return ((const int32_t *)data)[i];
    default: return ((const int64_t *)data)[i];
    }
}

void int_set(precision p, void *data, int64_t i, int64_t v)
{
    switch (p) {
    case I8: ((int8_t *)data)[i] = (int8_t)v; break;
    case I16: ((int16_t *)data)[i] = (int16_t)v; break;
    case I32: ((int32_t *)data)[i] = (int32_t)v; break;
    default: ((int64_t *)data)[i] = v; break;
    }
}

double real_get(precision p, const void *data, int64_t i)
{
    if (is_integer(p))
        return (double)int_get(p, data, i);
    return p == F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

void real_set(precision p, void *data, int64_t i, double v)
{
    if (is_integer(p))
        int_set(p, data, i, (int64_t)v);
    else if (p == F32)
        ((float *)data)[i] = (float)v;
    else
        ((double *)data)[i] = v;
}

void print_real(char out[40], precision p, const void *x)
{
    if (p == F32)
        loom_write_f32(out, *(const float *)x);
    else
        loom_write_f64(out, *(const double *)x);
}

const char *read_real(precision p, const char *t, void *out)
{
    size_t n = strspn(t, "0123456789+-.eE");
    size_t used = p == F32 ? loom_read_f32(t, n, out) : loom_read_f64(t, n, out);
    if (used == 0)
        memset(out, 0, real_size(p));
    return t + used;
}

void print_hex(char out[48], precision p, const void *x)
{
    if (is_integer(p)) {
        int64_t i = int_get(p, x, 0);
        if (i == INT64_MIN || i == INT32_MIN) /* no literal of C has that value */
            snprintf(out, 48, "(-%lld - 1)", (long long)-(i + 1));
        else
            snprintf(out, 48, i > INT32_MAX || i < -INT32_MAX ? "%lldLL" : "%lld", (long long)i);
        return;
    }
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
