/* number.c - functions of <math.h> that take numbers apart. */
#include "libc.h"

#include "../../../runtime/loom_train.h"

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double of_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

double frexp(double x, int *exponent)
{
    int e = (int)(bits_of(x) >> 52 & 0x7ff);
    *exponent = 0;
    if (x == 0 || e == 0x7ff)
        return x;
    if (e == 0) { /* subnormal */
        double y = frexp(x * 0x1p64, exponent);
        *exponent -= 64;
        return y;
    }
    *exponent = e - 1022;
    return of_bits((bits_of(x) & ~(UINT64_C(0x7ff) << 52)) | UINT64_C(1022) << 52);
}

/* The last product alone may round, when the result is subnormal. */
double ldexp(double x, int exponent)
{
    int e;
    double m = frexp(x, &e) * 2; /* 1 <= |m| < 2 */
    if (x == 0 || x - x != 0)
        return x;
    e = exponent > 3000 ? 3000 : exponent < -3000 ? -3000 : e - 1 + exponent;
    if (e > 1023)
        return m * 0x1p1023 * 2;
    return e >= -1022 ? m * of_bits((uint64_t)(e + 1023) << 52) : m * 0x1p-1022 * (e < -1100 ? 0x1p-100 : of_bits((uint64_t)(e + 1022 + 1023) << 52));
}

double log(double x) { return loom_log_f64(x); }

double log2(double x)
{
    int e;
    double m = frexp(x, &e);
    return m == 0.5 ? e - 1 : e + loom_log_f64(m) * 1.4426950408889634;
}

double pow(double x, double y) { return loom_power(x, y); }

long lround(double x)
{
    const double size = fabs(x), down = floor(size), nearest = size - down < 0.5 ? down : down + 1;
    return (long)(x < 0 ? -nearest : nearest);
}
