/* loom_fixed.h - functions of fixed-point numbers, for networks of integers: one for interpreter and generated code.
 *
 * "Q30" is a number in steps of 2^-30. Each function is defined by what stands here, its shifts rounding down; what it
 * is off from the function of reals is said with it. Nothing overflows for the arguments that are named. */
#ifndef LOOM_FIXED_H
#define LOOM_FIXED_H

#include "loom_int.h"

/* 2^-t in Q30, t = x / 2^bits >= 0, bits <= 30; exactly 1 for 0, else within 2^-27. */
LOOM_INLINE int32_t loom_exp2(int64_t x, int bits)
{
    const int64_t whole = loom_cut(x >> bits, 0, 32);
    const int64_t t = (x & (((int64_t)1 << bits) - 1)) << (30 - bits);
    int64_t r = 117391;
    r = (r * t >> 30) - 1369601;
    r = (r * t >> 30) + 10286296;
    r = (r * t >> 30) - 59582935;
    r = (r * t >> 30) + 257938912;
    r = (r * t >> 30) - 744260973;
    r = (r * t >> 30) + 1073741824;
    return (int32_t)((r + ((int64_t)1 << whole >> 1)) >> whole);
}

/* log2(x) in Q56, 0 < x < 2^62; relative to its distance from a whole number within 2^-25. */
LOOM_INLINE int64_t loom_log2(int64_t x)
{
    int64_t whole = 62;
    for (int n = 32; n > 0; n >>= 1)
        if (x < (int64_t)1 << (63 - n)) {
            x <<= n;
            whole -= n;
        }
    if (x < (int64_t)1 << 62) {
        x <<= 1;
        whole--;
    }
    if (x > INT64_C(6521908912666391106)) { /* sqrt(2) */
        x >>= 1;
        whole++;
    }
    const int64_t f = (x - ((int64_t)1 << 62)) >> 30; /* Q32, -0.30 .. 0.42 */
    int64_t r = 50905369;
    r = (r * f >> 32) - 90006687;
    r = (r * f >> 32) + 92525725;
    r = (r * f >> 32) - 96204354;
    r = (r * f >> 32) + 110080023;
    r = (r * f >> 32) - 129089307;
    r = (r * f >> 32) + 154927840;
    r = (r * f >> 32) - 193635734;
    r = (r * f >> 32) + 258180097;
    r = (r * f >> 32) - 387270497;
    r = (r * f >> 32) + 774541003;
    return whole * ((int64_t)1 << 56) + (r * f >> 5);
}

/* The largest integer whose square is at most x, 0 <= x < 2^62. */
LOOM_INLINE int64_t loom_root(int64_t x)
{
    int64_t r = 0;
    for (int64_t bit = (int64_t)1 << 30; bit; bit >>= 1)
        if ((r + bit) * (r + bit) <= x)
            r += bit;
    return r;
}

/* A factor m in [2^30, 2^31) that stands for 2^*shift / x, x > 0: a little less, by at most 2^-29 of it. */
LOOM_INLINE int32_t loom_inverse(int64_t x, int *shift)
{
    *shift = 61;
    for (; x >= (int64_t)1 << 31; x >>= 1)
        ++*shift;
    for (; x < (int64_t)1 << 30; x <<= 1)
        --*shift;
    return (int32_t)((((int64_t)1 << 61) - 1) / x);
}

/* For numbers d with |d| <= most: the s for which |d / 2^s| <= 2^bits, or `least` where that is more. */
LOOM_INLINE int loom_norm_shift(int64_t most, int bits, int least)
{
    int s = -bits;
    for (; most > 0; most >>= 1)
        s++;
    return s < least ? least : s;
}

/* d / 2^s, halves up, for s of either sign. */
LOOM_INLINE int64_t loom_norm_place(int64_t d, int s)
{
    return s <= 0 ? d * ((int64_t)1 << -s) : (d + ((int64_t)1 << (s - 1))) >> s;
}

/* A factor m in [2^30, 2^31) that stands for 2^*shift / sqrt(x), 0 < x < 2^62: a little less, by at most 2^-29 of it. */
LOOM_INLINE int32_t loom_norm_inverse(int64_t x, int *shift)
{
    *shift = 61;
    for (; x < (int64_t)1 << 60; x *= 4)
        --*shift;
    return (int32_t)((((int64_t)1 << 61) - 1) / loom_root(x));
}

/* 1 / (1 + exp(-x)) in Q30 of x in Q26; within 2^-28. */
LOOM_INLINE int32_t loom_sigmoid(int64_t x)
{
    const int64_t d = ((int64_t)1 << 30) + loom_exp2((x < 0 ? -x : x) * 1549082005 >> 26, 30);
    int64_t r = 1515870810 - (505290270 * d >> 30); /* 1 / d by Newton's iteration, within 1/17 at first */
    r = r * (((int64_t)1 << 31) - (d * r >> 30)) >> 30;
    r = r * (((int64_t)1 << 31) - (d * r >> 30)) >> 30;
    r = r * (((int64_t)1 << 31) - (d * r >> 30)) >> 30;
    return (int32_t)(x < 0 ? ((int64_t)1 << 30) - r : r);
}

/* tanh(x) in Q30 of x in Q26; within 2^-27. */
LOOM_INLINE int32_t loom_tanh(int64_t x)
{
    const int32_t r = 2 * (loom_sigmoid(2 * (x < 0 ? -x : x)) - (1 << 29));
    return x < 0 ? -r : r;
}

/* d^e in Q30 of d in Q30, d <= 1, 0 where d is negative: d itself or its square for power 1 or 2, else e = m / 2^s. */
LOOM_INLINE int64_t loom_entmax_power(int64_t d, int power, int32_t m, int s)
{
    if (d <= 0)
        return 0;
    if (power)
        return power == 1 ? d : d * d >> 30;
    return loom_exp2(loom_scale((30 * ((int64_t)1 << 56) - loom_log2(d)) >> 30, m, s), 26);
}

/* log2(-log(u)) in Q26 of u = (2 * the 31 high bits + 1) / 2^32: from -32.6 to 4.5. */
LOOM_INLINE int64_t loom_gumbel(uint64_t bits)
{
    const int64_t u = (int64_t)(bits >> 33) * 2 + 1, rate = ((int64_t)1 << 61) - loom_log2(u);
    return ((loom_log2(rate) - 56 * ((int64_t)1 << 56)) >> 30) - 35484911; /* log2(log(2)) */
}

#endif
