/* number.c - precisions, shapes, and numbers as text. */
#include "loomc.h"

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
