/* loom_int.h - arithmetic of networks of integers, one for interpreter and generated code.
 *
 * Real factors are integers m / 2^s. A result is rounded once, half up, in 64 bits, and then cut to its range. Nothing here
 * overflows as long as |x * m| < 2^62, which the compiler sees to. */
#ifndef LOOM_INT_H
#define LOOM_INT_H

#include "loom_rt.h"

#if (-3 >> 1) != -2
#error "loom: this compiler does not shift negative numbers as two's complement"
#endif

/* In memory that numbers of several types share, one after another. */
#if defined(__GNUC__)
typedef int16_t __attribute__((may_alias)) loom_i16;
typedef int32_t __attribute__((may_alias)) loom_i32;
typedef int64_t __attribute__((may_alias)) loom_i64;
#else
typedef int16_t loom_i16;
typedef int32_t loom_i32;
typedef int64_t loom_i64;
#endif

/* n numbers that stand for zero. */
LOOM_INLINE void loom_i8_zero(int8_t *p, int n, int8_t zero)
{
    for (int i = 0; i < n; i++)
        p[i] = zero;
}

LOOM_INLINE void loom_i16_zero(loom_i16 *p, int n, int16_t zero)
{
    for (int i = 0; i < n; i++)
        p[i] = zero;
}

LOOM_INLINE void loom_i32_zero(loom_i32 *p, int n, int32_t zero)
{
    for (int i = 0; i < n; i++)
        p[i] = zero;
}

/* x * m / 2^s, to nearest, half up; 0 <= s <= 62. */
LOOM_INLINE int64_t loom_scale(int64_t x, int32_t m, int s)
{
    return (x * m + ((int64_t)1 << s >> 1)) >> s;
}

LOOM_INLINE int64_t loom_cut(int64_t x, int64_t low, int64_t high) { return x < low ? low : x > high ? high : x; }

/* x for a factor: cut at +-2^limit, beyond which the product would be out of range, without the low bits that are more than
 * 31; limit >= 31. What is lost lies 3 bits or more below the last place of the result. */
LOOM_INLINE int64_t loom_narrow(int64_t x, int limit)
{
    return loom_cut(x, -((int64_t)1 << limit), (int64_t)1 << limit) >> (limit - 31);
}

/* x as an integer: times `inverse` in float32, to nearest, half up, plus zero, cut to [low, high]. NaN becomes zero. */
LOOM_INLINE int32_t loom_from_real(float x, float inverse, int32_t zero, int32_t low, int32_t high)
{
    const float v = x * inverse + 0.5f;
    if (!(v > -536870912.0f)) /* 2^29 is outside every range */
        return v < 0.0f ? low : zero;
    if (v > 536870912.0f)
        return high;
    const int32_t q = (int32_t)v;
    return (int32_t)loom_cut((int64_t)q - (v < (float)q) + zero, low, high);
}

/* sum / n, to nearest, halves away from zero; n > 0. */
LOOM_INLINE int32_t loom_mean32(int32_t sum, int32_t n) { return (sum < 0 ? sum - n / 2 : sum + n / 2) / n; }
LOOM_INLINE int64_t loom_mean(int64_t sum, int64_t n) { return (sum < 0 ? sum - n / 2 : sum + n / 2) / n; }

/* A cubic in each of 2^k segments of x in [-2^(bits-1), 2^(bits-1)), times 2^fraction. table: [2^k][4], constant term
 * first, in powers of the place within a segment, from 0 to 1. Halves go up. */
LOOM_INLINE int64_t loom_spline(int32_t x, const int32_t *table, int bits, int k, int fraction)
{
    const int wide = bits - k;
    const int64_t u = (int64_t)x + ((int64_t)1 << (bits - 1));
    const int32_t *c = table + (u >> wide) * 4;
    const int64_t t = u & (((int64_t)1 << wide) - 1);
    int64_t r = c[3];
    r = c[2] + (r * t >> wide);
    r = c[1] + (r * t >> wide);
    r = c[0] + (r * t >> wide);
    return (r + ((int64_t)1 << fraction >> 1)) >> fraction;
}

#endif
