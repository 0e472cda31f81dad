/* number.c - precisions, shapes, and numbers as text. */
#include "loomc.h"

#include "../runtime/loom_number.h"

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
