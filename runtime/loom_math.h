/* loom_math.h - exp, log, tanh, erf, ... that give the same bits on every machine.
 *
 * Each function has four forms: loom_exp_f32(float), loom_exp_f64(double), and
 * loom_exp_f32v(loom_f32v), loom_exp_f64v(loom_f64v), which compute every lane as the scalar form
 * does, bit for bit. Only + - * / and integer operations of the same precision are used (no double
 * inside f32 code), never a fused multiply-add, never libm. Infinities, signed zeros, subnormals
 * and NaN are right; which NaN comes out is not promised.
 *
 * Error in units in the last place of the exact result: <= 1 for f32, <= 2 for f64 (sqrt: correctly
 * rounded). tests/math/check_math.c measures it, for f32 over all 2^32 arguments; the worst found
 * stands at each function.
 *
 * How to read it: the file includes itself once per form. Below "the body", LM_F is the type
 * (float, double or a vector of them), LM_U the unsigned integer of the same width, LM_C(a, b) the
 * constant a for f32 and b for f64, LM_N(exp) the name with its suffix. Decimal constants have 9 or
 * 17 digits: enough to name one float or double exactly, and valid in C99 and C++ alike.
 * tests/math/fit.py finds the polynomials' coefficients. */
#ifndef LOOM_MATH_H
#define LOOM_MATH_H

#include "loom_rt.h"
#include <stdint.h>

/* The functions themselves: inlined into loops, unless the compiler was told to save space. */
#ifdef __OPTIMIZE_SIZE__
#define LOOM_MATH LOOM_NOINLINE
#else
#define LOOM_MATH LOOM_INLINE
#endif

/* ---- once: integer helpers and square root ----------------------------------------------- */

LOOM_INLINE uint32_t loom_bits_f32(float x)
{
    union { float f; uint32_t u; } v;
    v.f = x;
    return v.u;
}

LOOM_INLINE float loom_from_bits_f32(uint32_t u)
{
    union { uint32_t u; float f; } v;
    v.u = u;
    return v.f;
}

LOOM_INLINE uint64_t loom_bits_f64(double x)
{
    union { double f; uint64_t u; } v;
    v.f = x;
    return v.u;
}

LOOM_INLINE double loom_from_bits_f64(uint64_t u)
{
    union { uint64_t u; double f; } v;
    v.u = u;
    return v.f;
}

/* Square root of m < 4^n, n digits, one per turn; the lowest bit of the result is set when a
 * remainder is left. */
LOOM_INLINE uint64_t loom_root_digits(uint64_t top, int n)
{
    uint64_t root = 0, rest = 0;
    for (int i = 0; i < n; i++) {
        rest = (rest << 2) | (top >> 62);
        top <<= 2;
        root <<= 1;
        if (rest > 2 * root) {
            rest -= 2 * root + 1;
            root++;
        }
    }
    return (root << 1) | (rest != 0);
}

/* Correctly rounded square root with integers only: one digit more than the format has, and a
 * sticky bit. */
LOOM_NOINLINE float loom_soft_sqrt_f32(float x)
{
    uint32_t u = loom_bits_f32(x), a = u & 0x7fffffffu, e = a >> 23, m = a & 0x7fffffu, root;
    if (a == 0 || a > 0x7f800000u || u == 0x7f800000u)
        return x;
    if (u >> 31)
        return loom_from_bits_f32(0x7fc00000u);
    if (e)
        m |= 0x800000u;
    else
        for (e = 1; !(m >> 23); e--)
            m <<= 1;
    if (!(e & 1)) /* make the exponent even: e - 127 */
        m <<= 1;
    e = (e + 127u - !(e & 1)) >> 1;
    /* 24 digits, one to round, one sticky */
    root = (uint32_t)loom_root_digits((uint64_t)m << 39, 25);
    root = (root >> 2) + ((root >> 1) & (root | root >> 2) & 1u);
    return loom_from_bits_f32((e << 23) + (root - 0x800000u));
}

LOOM_NOINLINE double loom_soft_sqrt_f64(double x)
{
    uint64_t u = loom_bits_f64(x), a = u & 0x7fffffffffffffffu, e = a >> 52, root;
    uint64_t m = a & 0xfffffffffffffu;
    if (a == 0 || a > 0x7ff0000000000000u || u == 0x7ff0000000000000u)
        return x;
    if (u >> 63)
        return loom_from_bits_f64(0x7ff8000000000000u);
    if (e)
        m |= 0x10000000000000u;
    else
        for (e = 1; !(m >> 52); e--)
            m <<= 1;
    if (!(e & 1))
        m <<= 1;
    e = (e + 1023u - !(e & 1)) >> 1;
    root = loom_root_digits(m << 10, 54);
    root = (root >> 2) + ((root >> 1) & (root | root >> 2) & 1u);
    return loom_from_bits_f64((e << 52) + (root - 0x10000000000000u));
}

/* Square root: IEEE-754 demands correct rounding of hardware too. Worst error: 0.5 ulp. */
#if defined(LOOM_SOFT_SQRT)
#define LOOM_SQRT_F32(r, x) ((r) = loom_soft_sqrt_f32(x))
#define LOOM_SQRT_F64(r, x) ((r) = loom_soft_sqrt_f64(x))
#elif defined(__GNUC__) && defined(LOOM_AVX)
#define LOOM_SQRT_F32(r, x) __asm__("vsqrtss %1, %1, %0" : "=x"(r) : "x"(x))
#define LOOM_SQRT_F64(r, x) __asm__("vsqrtsd %1, %1, %0" : "=x"(r) : "x"(x))
#elif defined(__GNUC__) && defined(__SSE2__)
#define LOOM_SQRT_F32(r, x) __asm__("sqrtss %1, %0" : "=x"(r) : "x"(x))
#define LOOM_SQRT_F64(r, x) __asm__("sqrtsd %1, %0" : "=x"(r) : "x"(x))
#elif defined(__GNUC__) && defined(__aarch64__)
#define LOOM_SQRT_F32(r, x) __asm__("fsqrt %s0, %s1" : "=w"(r) : "w"(x))
#define LOOM_SQRT_F64(r, x) __asm__("fsqrt %d0, %d1" : "=w"(r) : "w"(x))
#elif defined(_MSC_VER) && defined(_M_X64)
#include <emmintrin.h>
#define LOOM_SQRT_F32(r, x) ((r) = _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))))
#define LOOM_SQRT_F64(r, x) ((r) = _mm_cvtsd_f64(_mm_sqrt_pd(_mm_set_sd(x))))
#elif defined(__wasm__)
#define LOOM_SQRT_F32(r, x) ((r) = __builtin_sqrtf(x))
#define LOOM_SQRT_F64(r, x) ((r) = __builtin_sqrt(x))
#endif
#if !defined(LOOM_SQRT_F32) && defined(__GNUC__)
#if defined(__arm__) && defined(__ARM_FP) && !defined(__SOFTFP__)
#if __ARM_FP & 4
#define LOOM_SQRT_F32(r, x) __asm__("vsqrt.f32 %0, %1" : "=t"(r) : "t"(x))
#endif
#if __ARM_FP & 8
#define LOOM_SQRT_F64(r, x) __asm__("vsqrt.f64 %P0, %P1" : "=w"(r) : "w"(x))
#endif
#elif defined(__riscv_flen)
#if __riscv_flen >= 32
#define LOOM_SQRT_F32(r, x) __asm__("fsqrt.s %0, %1" : "=f"(r) : "f"(x))
#endif
#if __riscv_flen >= 64
#define LOOM_SQRT_F64(r, x) __asm__("fsqrt.d %0, %1" : "=f"(r) : "f"(x))
#endif
#endif
#endif
#ifndef LOOM_SQRT_F32
#define LOOM_SQRT_F32(r, x) ((r) = loom_soft_sqrt_f32(x))
#endif
#ifndef LOOM_SQRT_F64
#define LOOM_SQRT_F64(r, x) ((r) = loom_soft_sqrt_f64(x))
#endif

LOOM_INLINE float loom_sqrt_f32(float x)
{
    float r;
    LOOM_SQRT_F32(r, x);
    return r;
}

LOOM_INLINE double loom_sqrt_f64(double x)
{
    double r;
    LOOM_SQRT_F64(r, x);
    return r;
}

/* ---- once: large arguments of sin and cos ------------------------------------------------ */

/* 2/pi in binary: two words of zeros, then 1184 bits after the point. */
LOOM_INLINE uint32_t loom_two_over_pi(uint32_t i)
{
    static const uint32_t words[39] = {
        0x00000000, 0x00000000, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599,
        0x3c439041, 0xfe5163ab, 0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c,
        0xfe1deb1c, 0xb129a73e, 0xe88235f5, 0x2ebb4484, 0xe99c7026, 0xb45f7e41, 0x3991d639,
        0x835339f4, 0x9c845f8b, 0xbdf9283b, 0x1ff897ff, 0xde05980f, 0xef2f118b, 0x5a0a6d1f,
        0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d, 0x7527bac7, 0xebe5f17b, 0x3d0739f7,
        0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046};
    return words[i];
}

/* m * 2^e = (q + f) * pi/2 modulo 2 pi, -1/2 <= f < 1/2, for m < 2^53 and -60 <= e <= 971 (the
 * method of Payne and Hanek). |f| = (top + low / 2^64) * 2^(-64 - shift), top >= 2^63. Bits of
 * 2/pi that stand for multiples of 4 are skipped:
 *
 *      2/pi = 0.1010001011111001100000110110111001001110...
 *                   |<------- window: 192 bits ------->|
 *                   bit e-1; bit i has weight 2^(e-i) in m * 2^e * 2/pi */
typedef struct { uint64_t top, low; uint32_t q, shift, negative; } loom_quadrant;

LOOM_NOINLINE loom_quadrant loom_reduce_large(uint64_t m, int32_t e)
{
    loom_quadrant r;
    uint32_t first = (uint32_t)(e + 62), word = first >> 5, bit = first & 31u, p[6], limb[2], flip;
    limb[0] = (uint32_t)m;
    limb[1] = (uint32_t)(m >> 32);
    for (int i = 0; i < 6; i++)
        p[i] = 0;
    for (uint32_t j = 0; j < 2; j++) { /* p = m * window modulo 2^192, p[0] lowest */
        uint64_t carry = 0;
        for (uint32_t i = 0; i + j < 6; i++) {
            uint64_t high = loom_two_over_pi(word + 5 - i), low = loom_two_over_pi(word + 6 - i);
            uint32_t window = (uint32_t)((high << 32 | low) >> (32u - bit));
            uint64_t t = (uint64_t)limb[j] * window + p[i + j] + carry;
            p[i + j] = (uint32_t)t;
            carry = t >> 32;
        }
    }
    r.q = p[5] >> 30;
    flip = (p[5] >> 29) & 1u; /* the fraction is >= 1/2: take the next quadrant and go back */
    r.q += flip;
    r.negative = flip;
    r.top = (((uint64_t)p[5] << 32 | p[4]) << 2) | p[3] >> 30;
    r.low = (((uint64_t)p[3] << 32 | p[2]) << 2) | p[1] >> 30;
    if (flip) {
        r.top = ~r.top;
        r.low = ~r.low; /* one unit of 2^-128 too small: never seen */
    }
    for (r.shift = 0; !(r.top >> 63) && r.shift < 100; r.shift++) {
        r.top = r.top << 1 | r.low >> 63;
        r.low <<= 1;
    }
    return r;
}

/* ---- the four forms ---------------------------------------------------------------------- */

#define LM_PASTE_(a, b, c) a##b##c
#define LM_PASTE(a, b, c) LM_PASTE_(a, b, c)
#define LM_N(name) LM_PASTE(loom_, name, LM_SUFFIX)

#define LM_REAL 32
#define LM_LANES 1
#include "loom_math.h"
#undef LM_LANES
#if LOOM_F32_LANES > 1
#define LM_LANES LOOM_F32_LANES
#include "loom_math.h"
#undef LM_LANES
#endif
#undef LM_REAL

#define LM_REAL 64
#define LM_LANES 1
#include "loom_math.h"
#undef LM_LANES
#if LOOM_F64_LANES > 1
#define LM_LANES LOOM_F64_LANES
#include "loom_math.h"
#undef LM_LANES
#endif
#undef LM_REAL

#undef LM_N
#undef LM_PASTE
#undef LM_PASTE_

/* With one lane a vector is a number. */
#define LM_ALIAS(f, T, real) \
    LOOM_INLINE real loom_##f##_##T##v(real x) { return loom_##f##_##T(x); }
#define LM_ALIASES(T, real)                                                             \
    LM_ALIAS(exp, T, real) LM_ALIAS(expm1, T, real) LM_ALIAS(log, T, real)              \
    LM_ALIAS(log1p, T, real) LM_ALIAS(sqrt, T, real) LM_ALIAS(sin, T, real)             \
    LM_ALIAS(cos, T, real) LM_ALIAS(tanh, T, real) LM_ALIAS(sigmoid, T, real)           \
    LM_ALIAS(softplus, T, real) LM_ALIAS(erf, T, real) LM_ALIAS(gelu, T, real)          \
    LM_ALIAS(silu, T, real) LM_ALIAS(abs, T, real)
#if LOOM_F32_LANES == 1
LM_ALIASES(f32, float)
#endif
#if LOOM_F64_LANES == 1
LM_ALIASES(f64, double)
#endif
#undef LM_ALIAS
#undef LM_ALIASES
#undef LOOM_MATH

#elif defined(LM_REAL) && defined(LM_LANES)

/* ---- the body: LM_REAL is 32 or 64, LM_LANES 1 or more ----------------------------------- */

#if LM_REAL == 32
#define LM_C(f32, f64) f32
#define LM_S float
#define LM_SU uint32_t
#define LM_MANT 23
#define LM_BIAS 127u
#define LM_ZERO 0.0f
#define LM_HALF 0.5f
#define LM_ONE 1.0f
#define LM_TWO 2.0f
#define LM_HEAD 0xfffff000u /* keeps 12 of 24 bits: products of two heads are exact */
#define LM_SIGN 0x80000000u
#define LM_INF 0x7f800000u
#define LM_NAN 0x7fc00000u
#else
#define LM_C(f32, f64) f64
#define LM_S double
#define LM_SU uint64_t
#define LM_MANT 52
#define LM_BIAS 1023u
#define LM_ZERO 0.0
#define LM_HALF 0.5
#define LM_ONE 1.0
#define LM_TWO 2.0
#define LM_HEAD ((uint64_t)0xfffffffff8000000u) /* 26 of 53 bits */
#define LM_SIGN ((uint64_t)0x8000000000000000u)
#define LM_INF ((uint64_t)0x7ff0000000000000u)
#define LM_NAN ((uint64_t)0x7ff8000000000000u)
#endif

/* LM_LT gives a mask, LM_SEL(mask, a, b) takes a where it is set. Scalars use conditions. */
#if LM_LANES == 1
#define LM_F LM_S
#define LM_U LM_SU
#define LM_SUFFIX LM_C(_f32, _f64)
#define LM_BITS LM_C(loom_bits_f32, loom_bits_f64)
#define LM_FLT LM_C(loom_from_bits_f32, loom_from_bits_f64)
#define LM_LT(a, b) ((a) < (b))
#define LM_EQ(a, b) ((a) == (b))
#define LM_SEL(m, a, b) ((m) ? (a) : (b))
#define LM_ODD(u) ((u) & 1u)
#else
#define LM_F LM_C(loom_f32v, loom_f64v)
#define LM_U LM_C(loom_u32v, loom_u64v)
#define LM_SUFFIX LM_C(_f32v, _f64v)
#define LM_BITS(x) ((LM_U)(x))
#define LM_FLT(u) ((LM_F)(u))
#define LM_LT(a, b) ((LM_U)((a) < (b)))
#define LM_EQ(a, b) ((LM_U)((a) == (b)))
#define LM_SEL(m, a, b) LM_N(select)(m, a, b)
#define LM_ODD(u) (-((u) & 1u))

LOOM_INLINE LM_F LM_N(select)(LM_U mask, LM_F a, LM_F b)
{
    return LM_FLT((LM_BITS(a) & mask) | (LM_BITS(b) & ~mask));
}
#endif

/* The vector is one register of x86: 1 with SSE2 instructions, 2 with AVX or AVX-512 ones. */
#if LM_REAL * LM_LANES < 128 || !defined(__GNUC__)
#define LM_X86 0
#elif (defined(LOOM_AVX512) && LM_REAL * LM_LANES <= 512)
#define LM_X86 2
#elif (defined(LOOM_AVX) && LM_REAL * LM_LANES <= 256)
#define LM_X86 2
#elif (defined(__SSE2__) && LM_REAL * LM_LANES == 128)
#define LM_X86 1
#else
#define LM_X86 0
#endif

/* Every lane x. */
LOOM_INLINE LM_F LM_N(all)(LM_S x)
{
    LM_F zero = {0};
    return x - zero;
}

LOOM_INLINE LM_F LM_N(all_bits)(LM_SU u)
{
    LM_U zero = {0};
    return LM_FLT(zero + u);
}

LOOM_INLINE LM_F LM_N(abs)(LM_F x) { return LM_FLT(LM_BITS(x) & ~LM_SIGN); }

/* x with y's sign, for x >= 0 or x of that sign already. */
LOOM_INLINE LM_F LM_N(signed_as)(LM_F x, LM_F y)
{
    return LM_FLT(LM_BITS(x) | (LM_BITS(y) & LM_SIGN));
}

/* The leading half of x's bits. */
LOOM_INLINE LM_F LM_N(head)(LM_F x) { return LM_FLT(LM_BITS(x) & LM_HEAD); }

/* Smaller or larger of x and a constant; NaN stays. x86 does just this in one instruction, which
 * compilers miss. */
#if LM_X86 == 2
#define LM_CLAMP(op, r, limit, x) __asm__("v" op " %2, %1, %0" : "=v"(r) : "v"(limit), "v"(x))
#elif LM_X86 == 1
#define LM_CLAMP(op, r, limit, x) __asm__(op " %2, %0" : "=x"(r) : "0"(limit), "x"(x))
#endif
LOOM_INLINE LM_F LM_N(at_most)(LM_F x, LM_S most)
{
    LM_F limit = LM_N(all)(most), r;
#ifdef LM_CLAMP
    LM_CLAMP(LM_C("minps", "minpd"), r, limit, x);
#else
    r = LM_SEL(LM_LT(limit, x), limit, x);
#endif
    return r;
}

LOOM_INLINE LM_F LM_N(at_least)(LM_F x, LM_S least)
{
    LM_F limit = LM_N(all)(least), r;
#ifdef LM_CLAMP
    LM_CLAMP(LM_C("maxps", "maxpd"), r, limit, x);
#else
    r = LM_SEL(LM_LT(x, limit), limit, x);
#endif
    return r;
}
#undef LM_CLAMP

/* A value as hi + lo, the sum good for more bits than the format has. */
typedef struct { LM_F hi, lo; } LM_N(pair);
#define LM_PAIR LM_N(pair)

/* The exact sum, for |a| >= |b| or a = 0. */
LOOM_INLINE LM_PAIR LM_N(fast_sum)(LM_F a, LM_F b)
{
    LM_PAIR r;
    r.hi = a + b;
    r.lo = (a - r.hi) + b;
    return r;
}

/* ---- exp and its kin --------------------------------------------------------------------- */

/* (e^r - 1 - r) / r^2 for |r| <= ln(2)/2. Its error is below f32 2^-25.8, f64 2^-55.2
 * of e^r - 1. */
LOOM_INLINE LM_F LM_N(exp_poly)(LM_F r)
{
#if LM_REAL == 32
    LM_F p = r * 1.37496309e-3f + 8.36738572e-3f;
    p = p * r + 4.16690223e-2f;
    p = p * r + 1.66665345e-1f;
    return p * r + 4.9999994e-1f;
#else
    LM_F z = r * r;
    LM_F odd = z * 2.4915640446577108e-8 + 2.7557813747670234e-6;
    LM_F even = z * 2.7626804954485557e-7 + 2.4801503202582357e-5;
    odd = odd * z + 1.9841269308228356e-4;
    even = even * z + 1.388888893341163e-3;
    odd = odd * z + 8.3333333335521374e-3;
    even = even * z + 4.1666666666570921e-2;
    odd = odd * z + 1.6666666666666394e-1;
    even = even * z + 5.0000000000000056e-1;
    return odd * r + even;
#endif
}

/* e^(x + more) = 2^k * e^(hi - lo); sum is x + more rounded, more is small. 1.5 * 2^MANT + 2 * BIAS
 * added to a number leaves its nearest integer k in the low bits: k + 2 * BIAS. hi = x - k * ln2 is
 * exact with the first part of ln2, which has few bits; lo holds the second part, and more. */
typedef struct { LM_U k; LM_F hi, lo; } LM_N(exp_parts);

LOOM_INLINE LM_N(exp_parts) LM_N(exp_reduce)(LM_F x, LM_F sum, LM_F more)
{
    LM_N(exp_parts) r;
    LM_F t = sum * LM_C(1.44269502f, 1.4426950408889634) + LM_C(12583166.0f, 6755399441057790.0);
    LM_F k = t - LM_C(12583166.0f, 6755399441057790.0);
    r.k = LM_BITS(t);
    r.hi = x - k * LM_C(0.693145752f, 0.6931471805601177);
    r.lo = k * LM_C(1.42860677e-6f, -1.7239444525614835e-13) - more;
    return r;
}

/* e^(x + more) = 2^k * (1 + hi + lo) with |hi + lo| < 0.42, |lo| < 0.17: lo holds the curvature of
 * e^r too. */
LOOM_INLINE LM_N(exp_parts) LM_N(exp_split2)(LM_F x, LM_F sum, LM_F more)
{
    LM_N(exp_parts) e = LM_N(exp_reduce)(x, sum, more);
    LM_F r = e.hi - e.lo;
    e.lo = r * r * LM_N(exp_poly)(r) - e.lo;
    return e;
}

LOOM_INLINE LM_N(exp_parts) LM_N(exp_split)(LM_F x)
{
    return LM_N(exp_split2)(x, x, LM_N(all)(LM_ZERO));
}

/* x * 2^k, rounded once, for |k| < 2 * BIAS and |x| near 1; k as exp_split gives it. */
LOOM_INLINE LM_F LM_N(scale)(LM_F x, LM_U k)
{
    LM_U half = k >> 1;
    return x * LM_FLT(half << LM_MANT) * LM_FLT((k - half) << LM_MANT);
}

/* 2^(n - k), for results that are normal numbers or zero. */
#define LM_POW2_MINUS(k, n) \
    LM_FLT((LM_C(3u * LM_BIAS, (uint64_t)3 * LM_BIAS) + (n) - (k)) << LM_MANT)

/* e^x. Beyond the limits the scaling itself gives infinity or zero.
 * Worst error: f32 0.891, f64 0.876 ulp. */
LOOM_MATH LM_F LM_N(exp)(LM_F x)
{
    LM_F t = LM_N(at_least)(LM_N(at_most)(x, LM_C(89.0f, 710.0)), LM_C(-104.0f, -746.0));
    LM_N(exp_parts) e = LM_N(exp_split)(t);
    return LM_N(scale)(LM_ONE + (e.hi + e.lo), e.k);
}

/* e^x - 1 = ((1 - 2^-k) + hi + lo) * 2^k: no cancellation is lost, for the first three are added
 * exactly. For f32 and x > 0, k changes a little late, first at x = 0.4426, where the sum cancels
 * less; the polynomial for that range leaves an error of 2^-29.5.
 * Worst error: f32 0.954, f64 1.016 ulp. */
LOOM_MATH LM_F LM_N(expm1)(LM_F x)
{
    LM_F t = LM_N(at_least)(LM_N(at_most)(x, LM_C(89.0f, 710.0)), LM_C(-20.0f, -40.0));
    LM_F zero = LM_N(all)(LM_ZERO), late = LM_N(all)(LM_C(0.096f, LM_ZERO));
    LM_N(exp_parts) e = LM_N(exp_reduce)(t, LM_SEL(LM_LT(t, zero), t, t - late), zero);
    LM_F u = LM_HALF * LM_POW2_MINUS(e.k, 1u), n = LM_ONE - u, r = e.hi - e.lo, low;
    LM_PAIR s = LM_N(fast_sum)(n, e.hi);
#if LM_REAL == 32
    LM_F p = r * 2.04310898e-4f + 1.39448058e-3f;
    p = p * r + 8.33252724e-3f;
    p = p * r + 4.1666355e-2f;
    p = p * r + 1.66666687e-1f;
    p = p * r + 0.5f;
#else
    LM_F p = LM_N(exp_poly)(r);
#endif
    low = (s.lo + ((LM_ONE - n) - u)) + (r * r * p - e.lo);
    return LM_N(signed_as)(LM_N(scale)(s.hi + low, e.k), x);
}

/* 1 / (1 + e^-x). With u = 2^-k, e^|x| = (1 + hi + lo) / u: the negative side is u / (u + 1 + hi +
 * lo). The quotient is made of a first half q, whose product with the head of the divisor d is
 * exact, and of the remainder times 1/d. The positive side is one minus that.
 * Worst error: f32 0.880, f64 0.786 ulp. */
LOOM_MATH LM_F LM_N(sigmoid)(LM_F x)
{
    LM_N(exp_parts) e = LM_N(exp_split)(LM_N(at_most)(LM_N(abs)(x), LM_C(104.0f, 746.0)));
    LM_F big = LM_POW2_MINUS(e.k, LM_C(32u, 64u));
    LM_F u = big * LM_C(2.32830644e-10f, 5.4210108624275222e-20);
    LM_F d = (LM_ONE + (e.hi + e.lo)) + u, y = LM_ONE / d;
    LM_F q = LM_N(head)(y), d1 = LM_N(head)(d), d2 = ((LM_ONE - d1) + u) + e.hi + e.lo;
    LM_F rest = (LM_ONE - q * d1) - q * d2;
    LM_F low = (q + y * rest) * big * LM_C(2.32830644e-10f, 5.4210108624275222e-20);
    return LM_SEL(LM_LT(x, LM_ZERO), low, LM_ONE - low);
}

/* (e^2a - 1) / (e^2a + 1) = (1 - u + hi + lo) / (1 + u + hi + lo), a = |x|, u = 2^-k; quotient as
 * in sigmoid. For small x, k is 0 and this is (hi + lo) / (2 + hi + lo): nothing cancels.
 * Worst error: f32 0.885, f64 0.851 ulp. */
LOOM_MATH LM_F LM_N(tanh)(LM_F x)
{
    LM_F a = LM_N(at_most)(LM_N(abs)(x), LM_C(10.0f, 20.0));
    LM_N(exp_parts) e = LM_N(exp_split)(a + a);
    LM_F u = LM_POW2_MINUS(e.k, 0u), s = e.hi + e.lo, n = LM_ONE - u, n2 = (LM_ONE - n) - u;
    LM_F d = (LM_ONE + u) + s, y = LM_ONE / d;
    LM_F q = LM_N(head)((n + s) * y), d1 = LM_N(head)(d), d2 = (((LM_ONE - d1) + u) + e.hi) + e.lo;
    LM_F rest = (((n - q * d1) + e.hi) + (e.lo + n2)) - q * d2;
    return LM_N(signed_as)(q + y * rest, x);
}

/* x / (1 + e^-x): n / d of sigmoid with numerator 1 (x < 0) or 1 + hi + lo, kept as q + y * rest
 * and multiplied by x in two halves.
 * Worst error: f32 0.933, f64 0.782 ulp. */
LOOM_MATH LM_F LM_N(silu)(LM_F x)
{
    LM_F t = LM_N(at_least)(x, LM_C(-109.0f, -752.0));
    LM_N(exp_parts) e = LM_N(exp_split)(LM_N(at_most)(LM_N(abs)(t), LM_C(109.0f, 752.0)));
    LM_F big = LM_POW2_MINUS(e.k, LM_C(32u, 64u));
    LM_F u = big * LM_C(2.32830644e-10f, 5.4210108624275222e-20), s = e.hi + e.lo;
    LM_F d = (LM_ONE + s) + u, y = LM_ONE / d, zero = LM_N(all)(LM_ZERO);
    LM_F n1 = LM_SEL(LM_LT(t, LM_ZERO), zero, e.hi), n2 = LM_SEL(LM_LT(t, LM_ZERO), zero, e.lo);
    LM_F q = LM_N(head)((LM_ONE + (n1 + n2)) * y);
    LM_F d1 = LM_N(head)(d), d2 = ((LM_ONE - d1) + u) + e.hi + e.lo;
    LM_F rest = (((LM_ONE - q * d1) + n1) + n2) - q * d2;
    LM_F t1 = LM_N(head)(t), r = t1 * q + ((t - t1) * q + t * (y * rest));
    LM_F low = (r * big) * LM_C(2.32830644e-10f, 5.4210108624275222e-20);
    r = LM_SEL(LM_LT(t, LM_ZERO), low, LM_SEL(LM_LT(LM_C(109.0f, 752.0), x), x, r));
    return LM_N(signed_as)(r, x);
}

/* ---- log and its kin --------------------------------------------------------------------- */

/* log(1 + f) - f for -1/3 <= f <= 3/8. f32: -f^2/2 + f^3 P(f), error of f^2 P 2^-29.4. f64: with s
 * = f / (2 + f), s * (f^2/2 + s^2 R(s^2)) - f^2/2, which follows from log(1 + f) = 2 atanh(s);
 * error of s^2 R 2^-54.9 */
LOOM_INLINE LM_F LM_N(log_tail)(LM_F f)
{
#if LM_REAL == 32
    LM_F z = f * f;
    LM_F p = f * 1.02702953e-1f - 1.30358815e-1f;
    p = p * f + 1.11981563e-1f;
    p = p * f - 1.21516496e-1f;
    p = p * f + 1.42665833e-1f;
    p = p * f - 1.66827172e-1f;
    p = p * f + 2.0000799e-1f;
    p = p * f - 2.49997541e-1f;
    p = p * f + 3.33333254e-1f;
    return (z * f) * p - LM_HALF * z;
#else
    LM_F s = f / (LM_TWO + f), z = s * s, square = LM_HALF * f * f;
    LM_F p = z * 1.5370439964588714e-1 + 1.5249898010051424e-1;
    p = p * z + 1.8186370683822917e-1;
    p = p * z + 2.2222138141807032e-1;
    p = p * z + 2.8571429399740628e-1;
    p = p * z + 3.9999999996136526e-1;
    p = p * z + 6.6666666666672758e-1;
    return s * (square + p * z) - square;
#endif
}

/* log(2^n * (1 + f + low)) for integer n, -1/3 <= f <= 3/8 and low so small that its square is
 * nothing. */
LOOM_INLINE LM_PAIR LM_N(log_sum)(LM_F n, LM_F f, LM_F low)
{
    LM_PAIR r = LM_N(fast_sum)(n * LM_C(0.693145752f, 0.6931471805601177), f);
    r.lo = r.lo + n * LM_C(1.42860677e-6f, -1.7239444525614835e-13);
    r.lo = (r.lo + low * (LM_ONE - (f - f * f))) + LM_N(log_tail)(f);
    return r;
}

/* u = 2^n * (1 + f) for a normal number u, 2/3 <= 1 + f < 4/3, so that n = 0 wherever log(u) is
 * near 0. bias is BIAS + 2^MANT, and more when u was scaled. */
typedef struct { LM_F n, f, unit; } LM_N(log_parts); /* unit = 2^-n */

LOOM_INLINE LM_N(log_parts) LM_N(log_split)(LM_F u, LM_F bias)
{
    LM_N(log_parts) r;
    LM_U b = LM_BITS(u) + LM_C(0x555555u, (uint64_t)0xaaaaaaaaaaaaau), e = b >> LM_MANT;
    LM_U m = (b & LM_C(0x7fffffu, (uint64_t)0xfffffffffffffu)) +
             LM_C(0x3f2aaaabu, (uint64_t)0x3fe5555555555556u);
    r.f = LM_FLT(m) - LM_ONE;
    r.n = LM_FLT(e | LM_C(0x4b000000u, (uint64_t)0x4330000000000000u)) - bias;
    r.unit = LM_FLT((LM_C(2u * LM_BIAS + 1u, (uint64_t)2 * LM_BIAS + 1) - e) << LM_MANT) * LM_HALF;
    return r;
}

/* log(x). Subnormal arguments are scaled first.
 * Worst error: f32 0.835, f64 0.868 ulp. */
LOOM_MATH LM_F LM_N(log)(LM_F x)
{
    LM_F tiny = LM_N(all)(LM_C(1.17549435e-38f, 2.2250738585072014e-308));
    LM_F zero = LM_N(all)(LM_ZERO);
    LM_F u = LM_SEL(LM_LT(x, tiny), x * LM_C(33554432.0f, 18014398509481984.0), x);
    LM_F bias = LM_SEL(LM_LT(x, tiny), LM_N(all)(LM_C(8388760.0f, 4503599627371573.0)),
                       LM_N(all)(LM_C(8388735.0f, 4503599627371519.0)));
    LM_N(log_parts) p = LM_N(log_split)(u, bias);
    LM_PAIR s = LM_N(fast_sum)(p.n * LM_C(0.693145752f, 0.6931471805601177), p.f);
    LM_F low = s.lo + p.n * LM_C(1.42860677e-6f, -1.7239444525614835e-13);
    LM_F r = s.hi + (low + LM_N(log_tail)(p.f));
    r = LM_SEL(LM_LT(x, LM_N(all_bits)(LM_INF)), r, x);
    r = LM_SEL(LM_EQ(x, zero), LM_N(all_bits)(LM_INF | LM_SIGN), r);
    return LM_SEL(LM_LT(x, zero), LM_N(all_bits)(LM_NAN), r);
}

/* log(1 + x): 1 + x = u + low exactly.
 * Worst error: f32 0.905, f64 0.875 ulp. */
LOOM_MATH LM_F LM_N(log1p)(LM_F x)
{
    LM_F one = LM_N(all)(LM_ONE);
    LM_F a = LM_SEL(LM_LT(one, x), x, one), b = LM_SEL(LM_LT(one, x), one, x);
    LM_PAIR u = LM_N(fast_sum)(a, b);
    LM_N(log_parts) p = LM_N(log_split)(u.hi, LM_N(all)(LM_C(8388735.0f, 4503599627371519.0)));
    LM_PAIR s = LM_N(log_sum)(p.n, p.f, u.lo * p.unit);
    LM_F r = LM_N(signed_as)(s.hi + s.lo, x);
    r = LM_SEL(LM_LT(x, LM_N(all_bits)(LM_INF)), r, x);
    r = LM_SEL(LM_EQ(x, LM_N(all)(-LM_ONE)), LM_N(all_bits)(LM_INF | LM_SIGN), r);
    return LM_SEL(LM_LT(x, LM_N(all)(-LM_ONE)), LM_N(all_bits)(LM_NAN), r);
}

/* log(1 + e^x) = max(x, 0) + log(1 + t + more), t + more = e^-|x|. For t >= 3/8, 1 + t = 2 * (1 +
 * (t - 1) / 2).
 * Worst error: f32 0.900, f64 0.862 ulp. */
LOOM_MATH LM_F LM_N(softplus)(LM_F x)
{
    LM_N(exp_parts) e = LM_N(exp_split)(-LM_N(at_most)(LM_N(abs)(x), LM_C(104.0f, 746.0)));
    LM_F s = e.hi + e.lo, p = LM_ONE + s, split = LM_N(all)(LM_C(0.375f, 0.375));
    LM_F t = LM_N(scale)(p, e.k), more = LM_N(scale)(((LM_ONE - p) + s) + ((e.hi - s) + e.lo), e.k);
    LM_F h = LM_HALF * t, f = h - LM_HALF, zero = LM_N(all)(LM_ZERO);
    LM_F low = LM_SEL(LM_LT(t, split), more, LM_HALF * more + (h - (f + LM_HALF)));
    LM_F n = LM_SEL(LM_LT(t, split), zero, LM_N(all)(LM_ONE));
    LM_PAIR g = LM_N(log_sum)(n, LM_SEL(LM_LT(t, split), t, f), low);
    LM_F high = LM_N(at_least)(x, LM_ZERO), sum = high + g.hi, back = sum - high;
    LM_F r = sum + (((high - (sum - back)) + (g.hi - back)) + g.lo);
    return LM_SEL(LM_LT(LM_C(104.0f, 746.0), x), x, r);
}

/* ---- the normal distribution: erf and gelu ----------------------------------------------- */

/* (a + c) * Phi(-a) * e^(a^2/2) = c/2 + s/4 + s * B(z) + t * end, t = a / (a + pole), s = t * (1 -
 * t), z = 2 t - 1. c = 51/64 and s/4 make what follows small, end makes it right at infinity; pole
 * is 4 for f32, 5 for f64. Error of s * B: f32 2^-31.6 for a <= 15, f64 2^-59.0 for a <= 35. */
LOOM_INLINE LM_F LM_N(mills_poly)(LM_F z)
{
    LM_F w = z * z;
#if LM_REAL == 32
    LM_F odd = w * -5.42953167e-5f + 2.66557967e-4f;
    LM_F even = w * -4.33651512e-5f + 3.32424854e-4f;
    even = even * w - 2.61123455e-3f;
    odd = odd * w + 1.93247467e-3f;
    even = even * w + 1.7817229e-2f;
    odd = odd * w - 7.67114535e-2f;
    even = even * w + 1.71684921e-1f;
    odd = odd * w - 2.49375328e-1f;
    even = even * w - 3.32553796e-2f;
    return odd * z + even;
#else
    LM_F odd = w * 5.1082780756653906e-9 - 2.5786268072645476e-8;
    LM_F even = w * 1.5027551037087641e-9 - 7.6790746778114021e-10;
    even = even * w - 1.296760513438771e-8;
    odd = odd * w + 1.2294373477604492e-7;
    even = even * w + 8.7282404425399372e-8;
    odd = odd * w - 7.1270430633411122e-7;
    even = even * w - 3.67422291621394e-7;
    odd = odd * w + 4.7259394031927337e-6;
    even = even * w - 6.3056094515691523e-7;
    odd = odd * w - 3.2549755165842371e-5;
    even = even * w + 4.4350810993543629e-5;
    odd = odd * w + 1.8266284483869474e-4;
    even = even * w - 7.3408268996491663e-4;
    odd = odd * w + 2.605961699578954e-4;
    even = even * w + 6.1485915979781107e-3;
    odd = odd * w - 2.7760217515638775e-2;
    even = even * w + 7.413574178637905e-2;
    odd = odd * w - 1.4493186463827498e-1;
    even = even * w + 2.1862238738221235e-1;
    odd = odd * w - 2.5065942445624373e-1;
    even = even * w - 6.1193176664259316e-2;
    return odd * z + even;
#endif
}

/* n * Phi(-a) / 2^k for a >= 0, where e is e^(-a^2/2) as exp_split2 gives it: the product of n / (a
 * + c), of the sum above and of e. Each is kept as a head of half the bits and a rest, so that the
 * heads' products are exact. */
LOOM_INLINE LM_PAIR LM_N(normal_tail)(LM_F n, LM_F a, LM_N(exp_parts) e)
{
    LM_PAIR r;
    LM_F c = a + LM_C(0.796875f, 0.796875), by_c = LM_ONE / c, t = a / (a + LM_C(4.0f, 5.0));
    LM_F s = t * (LM_ONE - t), g = s * LM_C(0.25f, 0.25);
    LM_F end = LM_N(all)(LM_C(5.04780386e-4f, 5.0478038610890508e-4));
    LM_F b = s * LM_N(mills_poly)((t + t) - LM_ONE) + t * end;
    LM_F f = (b + g) + LM_C(0.3984375f, 0.3984375);
    LM_F f1 = LM_N(head)(f), f2 = ((LM_C(0.3984375f, 0.3984375) - f1) + g) + b;
    LM_F c1 = LM_N(head)(c), c2 = (LM_C(0.796875f, 0.796875) - c1) + a;
    LM_F v1 = LM_N(head)(n * by_c), v2 = ((n - v1 * c1) - v1 * c2) * by_c;
    LM_F m = v1 * f1, m1 = LM_N(head)(m), m2 = (m - m1) + (v1 * f2 + v2 * f);
    LM_F p1 = LM_N(head)(LM_ONE + (e.hi + e.lo)), p2 = ((LM_ONE - p1) + e.hi) + e.lo;
    r.hi = m1 * p1;
    r.lo = m2 * p1 + (m1 + m2) * p2;
    return r;
}

/* erf(x). |x| < 3/4: x + x * Q(x^2), error of Q f32 2^-29.2, f64 2^-56.2. Else 1 - 2 * Phi(-a), a =
 * sqrt(2) * |x|; x^2 is exact as (head of x)^2 + more.
 * Worst error: f32 0.836, f64 0.840 ulp. */
LOOM_MATH LM_F LM_N(erf)(LM_F x)
{
    LM_F t = LM_N(at_most)(LM_N(abs)(x), LM_C(4.0f, 6.0)), z = t * t;
    LM_F t1 = LM_N(head)(t), square = t1 * t1, more = (t - t1) * (t + t1);
    LM_N(exp_parts) e = LM_N(exp_split2)(-square, -square - more, -more);
    LM_F a = t * LM_C(1.41421354f, 1.4142135623730951);
    LM_PAIR g = LM_N(normal_tail)(LM_N(all)(LM_TWO), a, e);
    LM_F unit = LM_FLT((e.k - LM_BIAS) << LM_MANT);
    LM_PAIR large = LM_N(fast_sum)(LM_N(all)(LM_ONE), -(g.hi * unit));
#if LM_REAL == 32
    LM_F q = z * -6.77973614e-4f + 5.11880312e-3f;
    q = q * z - 2.68369652e-2f;
    q = q * z + 1.12834282e-1f;
    q = q * z - 3.7612623e-1f;
    q = q * z + 1.28379166e-1f;
#else
    LM_F w = z * z, q = w * 1.3283069290518675e-8 + 1.6492537809133676e-6;
    LM_F odd = w * -1.6453166260364213e-7 - 1.4928328885806155e-5;
    q = q * w + 1.2055456641113055e-4;
    odd = odd * w - 8.5483303762065241e-4;
    q = q * w + 5.2239776794540602e-3;
    odd = odd * w - 2.6866170650070253e-2;
    q = q * w + 1.1283791670977969e-1;
    odd = odd * w - 3.7612638903184165e-1;
    q = q * w + 1.2837916709551259e-1;
    q = odd * z + q;
#endif
    LM_F far = large.hi + (large.lo - g.lo * unit), edge = LM_N(all)(LM_C(0.75f, 0.75));
    return LM_N(signed_as)(LM_SEL(LM_LT(t, edge), t + t * q, far), x);
}

/* x * Phi(x): -g on the negative side and x - g on the positive, g = a * Phi(-a), a = |x|; a^2 is
 * exact as in erf.
 * Worst error: f32 0.984, f64 0.935 ulp. */
LOOM_MATH LM_F LM_N(gelu)(LM_F x)
{
    LM_F a = LM_N(at_most)(LM_N(abs)(x), LM_C(15.0f, 39.0)), a1 = LM_N(head)(a);
    LM_F square = LM_HALF * a1 * a1, more = LM_HALF * (a - a1) * (a + a1);
    LM_N(exp_parts) e = LM_N(exp_split2)(-square, -square - more, -more);
    LM_PAIR g = LM_N(normal_tail)(a, a, e);
    LM_PAIR s = LM_N(fast_sum)(x, -LM_N(scale)(g.hi, e.k));
    LM_F above = s.hi + (s.lo - LM_N(scale)(g.lo, e.k)), below = -LM_N(scale)(g.hi + g.lo, e.k);
    LM_F r = LM_SEL(LM_LT(x, LM_ZERO), below, above);
    r = LM_SEL(LM_LT(a, LM_N(all)(LM_C(9.31322575e-10f, 8.6736173798840355e-19))), LM_HALF * x, r);
    return LM_SEL(LM_LT(LM_C(15.0f, 39.0), x), x, r);
}

/* ---- sin and cos ------------------------------------------------------------------------- */

/* x = (q + 4 n) * pi/2 + hi + lo. */
typedef struct { LM_U q; LM_F hi, lo; } LM_N(angle);

/* For |x| < LIMIT: pi/2 in four parts, of which the first three have few bits. */
#define LM_TRIG_LIMIT LM_C(1000.0f, 1000000.0)
LOOM_INLINE LM_N(angle) LM_N(reduce)(LM_F x)
{
    LM_N(angle) r;
    LM_F t = x * LM_C(0.636619747f, 0.63661977236758134) + LM_C(12583166.0f, 6755399441057790.0);
    LM_F k = t - LM_C(12583166.0f, 6755399441057790.0);
    LM_F x1 = x - k * LM_C(1.5703125f, 1.5707963267341256);
    LM_PAIR a = LM_N(fast_sum)(x1, -(k * LM_C(4.83751297e-4f, 6.077100506303966e-11)));
    LM_PAIR b = LM_N(fast_sum)(a.hi, -(k * LM_C(7.54953362e-8f, 2.0222662487111665e-21)));
    r.hi = b.hi;
    r.lo = (a.lo + b.lo) - k * LM_C(2.56334407e-12f, 8.4784276603688996e-32);
    r.q = LM_BITS(t) + 2u;
    return r;
}

/* sin of the angle: quadrants 0 and 2 need sin(hi + lo), 1 and 3 cos(hi + lo). Errors: sin(r)/r f32
 * 2^-28.0, f64 2^-58.0, cos(r) f32 2^-33.1, f64 2^-64.2. */
LOOM_INLINE LM_F LM_N(sin_angle)(LM_N(angle) r)
{
    LM_F z = r.hi * r.hi, h = LM_HALF * z, w = LM_ONE - h;
#if LM_REAL == 32
    LM_F s = (z * -1.95186003e-4f + 8.33219104e-3f) * z - 1.66666552e-1f;
    LM_F c = (z * 2.44319526e-5f - 1.38873071e-3f) * z + 4.16666456e-2f;
#else
    LM_F s = z * 1.5896802737781932e-10 - 2.5050758599805943e-8;
    LM_F c = z * -1.1359876433250205e-11 + 2.0875728320855643e-9;
    s = s * z + 2.7557313698028525e-6;
    c = c * z - 2.7557314395280655e-7;
    s = s * z - 1.9841269829837509e-4;
    c = c * z + 2.4801587289656968e-5;
    s = s * z + 8.3333333333224738e-3;
    c = c * z - 1.3888888888874461e-3;
    s = s * z - 1.6666666666666632e-1;
    c = c * z + 4.1666666666666602e-2;
#endif
    s = r.hi + ((r.hi * z) * s + r.lo * w);
    c = w + (((LM_ONE - w) - h) + ((z * z) * c - r.hi * r.lo));
    s = LM_SEL(LM_ODD(r.q), c, s);
    return LM_FLT(LM_BITS(s) ^ ((r.q & 2u) << (LM_REAL - 2)));
}

#if LM_LANES == 1
/* The same for any finite x beyond the limit; NaN for infinities and NaN. */
LOOM_INLINE LM_N(angle) LM_N(reduce_far)(LM_F x)
{
    LM_N(angle) r;
    LM_U a = LM_BITS(x) & ~LM_SIGN, e = a >> LM_MANT, negative = LM_BITS(x) >> (LM_REAL - 1);
    LM_F c = LM_C(1.57079637f, 1.5707963267948966), c1 = LM_N(head)(c), unit, hi, lo, h1;
    loom_quadrant p;
    if (a >= LM_INF) {
        r.hi = r.lo = x - x;
        r.q = 0;
        return r;
    }
    a = (a & LM_C(0x7fffffu, 0xfffffffffffffu)) | LM_C(0x800000u, 0x10000000000000u);
    p = loom_reduce_large(a, (int32_t)e - (int32_t)LM_BIAS - LM_MANT);
    unit = LM_FLT((LM_U)(LM_BIAS - p.shift) << LM_MANT);
    unit = (negative ^ p.negative) ? -unit : unit;
    hi = LM_C((float)(int32_t)(p.top >> 40), (double)(int64_t)(p.top >> 11)) * unit;
    lo = LM_C((float)(int32_t)(p.top >> 16 & 0xffffffu),
              (double)(int64_t)((p.top & 0x7ffu) << 42 | p.low >> 22));
    hi = hi * LM_C(5.96046448e-8f, 1.1102230246251565e-16);
    lo = lo * unit * LM_C(3.55271368e-15f, 1.2325951644078309e-32);
    h1 = LM_N(head)(hi);
    r.hi = hi * c;
    r.lo = ((h1 * c1 - r.hi) + h1 * (c - c1) + (hi - h1) * c1) + (hi - h1) * (c - c1);
    r.lo = r.lo + (hi * LM_C(-4.37113883e-8f, 6.123233995736766e-17) + lo * c);
    r.q = negative ? 0u - p.q : p.q;
    return r;
}

/* sin(x + turn * pi/2). */
LOOM_INLINE LM_F LM_N(sin_turned)(LM_F x, LM_U turn)
{
    LM_N(angle) r = LM_N(abs)(x) < LM_TRIG_LIMIT ? LM_N(reduce)(x) : LM_N(reduce_far)(x);
    r.q += turn;
    return LM_N(sin_angle)(r);
}
#else
/* All lanes at once, then far ones (rare) one by one. */
LOOM_INLINE LM_F LM_N(sin_turned)(LM_F x, LM_SU turn)
{
    LM_U near = LM_LT(LM_N(abs)(x), LM_N(all)(LM_TRIG_LIMIT));
    LM_N(angle) r = LM_N(reduce)(x);
    LM_F s;
    LM_SU all = ~(LM_SU)0;
    r.q += turn;
    s = LM_N(sin_angle)(r);
    for (int i = 0; i < LM_LANES; i++)
        all &= near[i];
    if (!all)
        for (int i = 0; i < LM_LANES; i++)
            if (!near[i])
                s[i] = LM_C(loom_sin_turned_f32, loom_sin_turned_f64)(x[i], turn);
    return s;
}
#endif

/* sin(x) is x for small x: this keeps -0.
 * Worst error: f32 0.808, f64 0.779 ulp. */
LOOM_MATH LM_F LM_N(sin)(LM_F x)
{
    LM_F s = LM_N(sin_turned)(x, 0u);
    LM_F small = LM_N(all)(LM_C(1.22070312e-4f, 3.7252902984619141e-9));
    return LM_SEL(LM_LT(LM_N(abs)(x), small), x, s);
}

/* Worst error: f32 0.813, f64 0.791 ulp. */
LOOM_MATH LM_F LM_N(cos)(LM_F x) { return LM_N(sin_turned)(x, 1u); }

/* ---- vector square root: whole registers where the machine has them ---------------------- */

#if LM_LANES > 1
LOOM_INLINE LM_F LM_N(sqrt)(LM_F x)
{
    LM_F r;
#if !defined(LOOM_SOFT_SQRT) && LM_X86 == 2
    __asm__(LM_C("vsqrtps %1, %0", "vsqrtpd %1, %0") : "=v"(r) : "v"(x));
#elif !defined(LOOM_SOFT_SQRT) && LM_X86 == 1
    __asm__(LM_C("sqrtps %1, %0", "sqrtpd %1, %0") : "=x"(r) : "x"(x));
#elif !defined(LOOM_SOFT_SQRT) && defined(__aarch64__) && LM_REAL * LM_LANES == 128
    __asm__(LM_C("fsqrt %0.4s, %1.4s", "fsqrt %0.2d, %1.2d") : "=w"(r) : "w"(x));
#elif !defined(LOOM_SOFT_SQRT) && defined(__wasm_simd128__) && LM_REAL * LM_LANES == 128
    r = LM_C(__builtin_wasm_sqrt_f32x4, __builtin_wasm_sqrt_f64x2)(x);
#else
    for (int i = 0; i < LM_LANES; i++)
        r[i] = LM_C(loom_sqrt_f32, loom_sqrt_f64)(x[i]);
#endif
    return r;
}
#endif

#undef LM_C
#undef LM_S
#undef LM_SU
#undef LM_F
#undef LM_U
#undef LM_SUFFIX
#undef LM_MANT
#undef LM_BIAS
#undef LM_ZERO
#undef LM_HALF
#undef LM_ONE
#undef LM_TWO
#undef LM_HEAD
#undef LM_SIGN
#undef LM_INF
#undef LM_NAN
#undef LM_BITS
#undef LM_FLT
#undef LM_LT
#undef LM_EQ
#undef LM_SEL
#undef LM_ODD
#undef LM_POW2_MINUS
#undef LM_TRIG_LIMIT
#undef LM_PAIR
#undef LM_X86

#endif
