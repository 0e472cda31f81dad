/* loom_ivec.h - sums of products of small integers in the vectors of the machine.
 *
 * A vector has LOOM_INT_LANES sums of 32 bits, one for each column. Numbers come as int16, two terms of a sum side by side:
 * `loom_pairs` has them for every column, of weights that lie as [term / 2][column][2]. Sums are exact, so that every width
 * gives the same bits. With one lane the types are plain C. */
#ifndef LOOM_IVEC_H
#define LOOM_IVEC_H

#include "loom_int.h"

#if defined(LOOM_LANES) || !defined(__GNUC__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#define LOOM_INT_LANES 1
#elif defined(__AVX512BW__) && !defined(LOOM_VARIANT)
#define LOOM_INT_LANES 16
#elif defined(__AVX2__) || defined(LOOM_VARIANT)
#define LOOM_INT_LANES 8
#elif defined(__SSE2__) || defined(__wasm_simd128__) || defined(__aarch64__)
#define LOOM_INT_LANES 4
#else
#define LOOM_INT_LANES 1
#endif
#if LOOM_INT_LANES > 1 && defined(__SSE2__)
#include <immintrin.h>
#elif LOOM_INT_LANES > 1 && defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif LOOM_INT_LANES > 1
#include <arm_neon.h>
#elif defined(__ARM_FEATURE_SIMD32)
#include <arm_acle.h>
#endif

/* A tile of accumulators, as LOOM_TILE and LOOM_ROWS are for floats. A wide sum takes two. */
#if LOOM_INT_LANES == 16 || defined(__aarch64__)
#define LOOM_INT_TILE 24
#define LOOM_INT_ROWS 12
#elif LOOM_INT_LANES == 1 && defined(__arm__)
#define LOOM_INT_TILE 4
#define LOOM_INT_ROWS 2
#elif LOOM_INT_LANES == 1 || defined(__wasm_simd128__)
#define LOOM_INT_TILE 8
#define LOOM_INT_ROWS 4
#else
#define LOOM_INT_TILE 12
#define LOOM_INT_ROWS 6
#endif
#define LOOM_INT_VECS(rows, tile) (8 * (rows) <= (tile) ? 8 : 4 * (rows) <= (tile) ? 4 : 2 * (rows) <= (tile) ? 2 : 1)
#define LOOM_INT_SPLIT(n) (((n) + ((n) + LOOM_INT_ROWS - 1) / LOOM_INT_ROWS - 1) / (((n) + LOOM_INT_ROWS - 1) / LOOM_INT_ROWS))

/* Where the v-th vector of columns begins in panels of `width` columns and so many terms. */
#define LOOM_INT_PANEL(v, width, terms) \
    ((v) * LOOM_INT_LANES / (width) * (width) * (terms) + (v) * LOOM_INT_LANES % (width) * 2)

/* ---- terms as int16, their zero off ------------------------------------------------------------------ */

#define LOOM_WIDEN(name, REAL)                                                                           \
    LOOM_INLINE void name(loom_i16 *LOOM_RESTRICT to, const REAL *LOOM_RESTRICT from, ptrdiff_t step,    \
                          ptrdiff_t stride, int n, int zero)                                             \
    {                                                                                                    \
        if (step == 1 && stride == 1)                                                                    \
            for (int i = 0; i < n; i++)                                                                  \
                to[i] = (int16_t)(from[i] - zero);                                                       \
        else                                                                                             \
            for (int i = 0; i < n; i++)                                                                  \
                to[i * step] = (int16_t)(from[i * stride] - zero);                                       \
    }
/* to[i * step] = from[i * stride] - zero */
LOOM_WIDEN(loom_i8_widen, int8_t)
LOOM_WIDEN(loom_i16_widen, loom_i16)

/* Numbers with those that lie d further on: to[i] = from[i] and from[i + d]. */
LOOM_INLINE void loom_pair_up(loom_i32 *LOOM_RESTRICT to, const loom_i16 *LOOM_RESTRICT from, int d, int n)
{
    for (int i = 0; i < n; i++)
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
        to[i] = (int32_t)((uint32_t)(uint16_t)from[i] << 16 | (uint16_t)from[i + d]);
#else
        to[i] = (int32_t)((uint32_t)(uint16_t)from[i + d] << 16 | (uint16_t)from[i]);
#endif
}

/* ---- vectors ------------------------------------------------------------------------------------------ */

#if LOOM_INT_LANES > 1

typedef int32_t loom_sums __attribute__((vector_size(4 * LOOM_INT_LANES)));
typedef uint32_t loom_usums __attribute__((vector_size(4 * LOOM_INT_LANES)));
typedef int16_t loom_pairs __attribute__((vector_size(4 * LOOM_INT_LANES)));
typedef struct { loom_sums v; } __attribute__((packed, aligned(4), may_alias)) loom_sums_any;
typedef struct { loom_pairs v; } __attribute__((packed, aligned(2), may_alias)) loom_pairs_any;
typedef struct { int32_t v; } __attribute__((packed, aligned(2), may_alias)) loom_pair_any;

LOOM_INLINE loom_sums loom_sums_splat(int32_t x)
{
    const loom_sums zero = {0};
    return zero + x;
}
LOOM_INLINE loom_sums loom_sums_load(const loom_i32 *p) { return ((const loom_sums_any *)(const void *)p)->v; }
LOOM_INLINE void loom_sums_store(int32_t *p, loom_sums v) { ((loom_sums_any *)(void *)p)->v = v; }

LOOM_INLINE loom_pairs loom_i16_pairs(const loom_i16 *p) { return ((const loom_pairs_any *)(const void *)p)->v; }
LOOM_INLINE loom_pairs loom_i8_pairs(const int8_t *p)
{
#if LOOM_INT_LANES == 16
    return (loom_pairs)_mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)p));
#elif LOOM_INT_LANES == 8
    return (loom_pairs)_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
#elif defined(__SSE2__)
    const __m128i v = _mm_loadl_epi64((const __m128i *)(const void *)p);
    return (loom_pairs)_mm_srai_epi16(_mm_unpacklo_epi8(v, v), 8);
#elif defined(__wasm_simd128__)
    return (loom_pairs)wasm_i16x8_load8x8(p);
#else
    return (loom_pairs)vmovl_s8(vld1_s8(p));
#endif
}

/* The same two terms for all columns. */
LOOM_INLINE loom_pairs loom_pair(const loom_i16 *p)
{
    return (loom_pairs)loom_sums_splat(((const loom_pair_any *)(const void *)p)->v);
}

/* The sum of both products, for each column. */
LOOM_INLINE loom_sums loom_products(loom_pairs a, loom_pairs b)
{
#if LOOM_INT_LANES == 16
    return (loom_sums)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif LOOM_INT_LANES == 8
    return (loom_sums)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (loom_sums)_mm_madd_epi16((__m128i)a, (__m128i)b);
#elif defined(__wasm_simd128__)
    return (loom_sums)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b);
#else
    const int16x8_t x = (int16x8_t)a, y = (int16x8_t)b;
    return (loom_sums)vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y));
#endif
}

#else

typedef int32_t loom_sums;

LOOM_INLINE loom_sums loom_sums_splat(int32_t x) { return x; }
LOOM_INLINE loom_sums loom_sums_load(const loom_i32 *p) { return *p; }
LOOM_INLINE void loom_sums_store(int32_t *p, loom_sums v) { *p = v; }

#if defined(__ARM_FEATURE_SIMD32)

/* Two int16 in a register. */
typedef int32_t loom_pairs;
typedef struct { uint32_t v; } __attribute__((packed, aligned(1), may_alias)) loom_word_any;

LOOM_INLINE loom_pairs loom_i16_pairs(const loom_i16 *p) { return (int32_t)((const loom_word_any *)(const void *)p)->v; }
LOOM_INLINE loom_sums loom_products(loom_pairs a, loom_pairs b) { return __smuad(a, b); }

#else

typedef struct { int32_t first, second; } loom_pairs;

LOOM_INLINE loom_pairs loom_i16_pairs(const loom_i16 *p)
{
    const loom_pairs v = {p[0], p[1]};
    return v;
}
LOOM_INLINE loom_pairs loom_i8_pairs(const int8_t *p)
{
    const loom_pairs v = {p[0], p[1]};
    return v;
}
LOOM_INLINE loom_sums loom_products(loom_pairs a, loom_pairs b) { return a.first * b.first + a.second * b.second; }

#endif

LOOM_INLINE loom_pairs loom_pair(const loom_i16 *p) { return loom_i16_pairs(p); }

/* Four weights, the even ones first. */
typedef struct { loom_pairs half[2]; } loom_quad;

LOOM_INLINE loom_quad loom_i8_quad(const int8_t *p)
{
#if defined(__ARM_FEATURE_SIMD32)
    const uint32_t v = ((const loom_word_any *)(const void *)p)->v;
    const loom_quad q = {{__sxtb16((int32_t)v), __sxtb16((int32_t)(v >> 8 | v << 24))}};
#else
    const loom_quad q = {{{p[0], p[2]}, {p[1], p[3]}}};
#endif
    return q;
}

#endif

/* As many int8 as there are lanes. */
LOOM_INLINE loom_sums loom_i8_sums(const int8_t *p)
{
#if LOOM_INT_LANES == 16
    return (loom_sums)_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
#elif LOOM_INT_LANES == 8
    return (loom_sums)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
#else
    int32_t v[LOOM_INT_LANES];
    for (int l = 0; l < LOOM_INT_LANES; l++)
        v[l] = p[l];
    return loom_sums_load(v);
#endif
}

/* ---- sums -------------------------------------------------------------------------------------------------- */

/* Adds up in 32 bits, */
LOOM_INLINE loom_sums loom_add(loom_sums s, loom_pairs a, loom_pairs b)
{
#if LOOM_INT_LANES == 16 && defined(__AVX512VNNI__)
    return (loom_sums)_mm512_dpwssd_epi32((__m512i)s, (__m512i)a, (__m512i)b);
#elif LOOM_INT_LANES == 1 && defined(__ARM_FEATURE_SIMD32)
    return __smlad(a, b, s);
#else
    return s + loom_products(a, b);
#endif
}

/* One tile without vectors: s[r * vecs + v] += the products of x + r * xr and w + v * wv. Terms lie in `lines` runs of n quads;
 * from one to the next x goes on by xl. With two int16 in a register the loops are functions of their own, which leaves them
 * all registers. */
#if LOOM_INT_LANES == 1
#if defined(__ARM_FEATURE_SIMD32)

#define LOOM_QUAD(p, low, high)                                                                          \
    const uint32_t low##w = ((const loom_word_any *)(const void *)(p))->v;                               \
    int32_t low = __sxtb16((int32_t)low##w), high;                                                       \
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(high) : "r"(low##w));

LOOM_NOINLINE void loom_quads_2x2(int32_t *s, const loom_i16 *x, int xr, int xl, const int8_t *w, int wv, int lines, int n)
{
    int32_t a = s[0], b = s[1], c = s[2], d = s[3];
    for (; lines > 0; lines--, x += xl) {
        const loom_i16 *x0 = x, *x1 = x + xr, *end = x + n * 4;
        for (; x0 != end; x0 += 4, x1 += 4, w += 4) { /* one operand after the other: there are few registers */
            LOOM_QUAD(w, p, q)
            LOOM_QUAD(w + wv, t, u)
            loom_pairs e = loom_i16_pairs(x0);
            a = __smlad(e, p, a);
            b = __smlad(e, t, b);
            e = loom_i16_pairs(x0 + 2);
            a = __smlad(e, q, a);
            b = __smlad(e, u, b);
            e = loom_i16_pairs(x1);
            c = __smlad(e, p, c);
            d = __smlad(e, t, d);
            e = loom_i16_pairs(x1 + 2);
            c = __smlad(e, q, c);
            d = __smlad(e, u, d);
        }
    }
    s[0] = a;
    s[1] = b;
    s[2] = c;
    s[3] = d;
}

LOOM_NOINLINE void loom_quads_1x2(int32_t *s, const loom_i16 *x, int xl, const int8_t *w, int wv, int lines, int n)
{
    int32_t a = s[0], b = s[1];
    for (; lines > 0; lines--, x += xl) {
        const loom_i16 *x0 = x, *end = x + n * 4;
        for (; x0 != end; x0 += 4, w += 4) {
            LOOM_QUAD(w, p, q)
            LOOM_QUAD(w + wv, t, u)
            loom_pairs e = loom_i16_pairs(x0);
            a = __smlad(e, p, a);
            b = __smlad(e, t, b);
            e = loom_i16_pairs(x0 + 2);
            a = __smlad(e, q, a);
            b = __smlad(e, u, b);
        }
    }
    s[0] = a;
    s[1] = b;
}

LOOM_INLINE void loom_quads(int32_t *s, const int rows, const int vecs, const loom_i16 *x, int xr, int xl, const int8_t *w, int wv,
                            int lines, int n)
{
    if (rows == 2 && vecs == 2) {
        loom_quads_2x2(s, x, xr, xl, w, wv, lines, n);
        return;
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vecs; v += 2) {
            int32_t two[2] = {s[r * vecs + v], v + 1 < vecs ? s[r * vecs + v + 1] : 0};
            loom_quads_1x2(two, x + r * xr, xl, w + v * wv, v + 1 < vecs ? wv : 0, lines, n);
            s[r * vecs + v] = two[0];
            if (v + 1 < vecs)
                s[r * vecs + v + 1] = two[1];
        }
}

#else

LOOM_INLINE void loom_quads(int32_t *s, const int rows, const int vecs, const loom_i16 *x, int xr, int xl, const int8_t *w, int wv,
                            int lines, int n)
{
    for (int i = 0; i < lines; i++)
        for (int k = 0; k < n; k++)
            LOOM_UNROLL
            for (int v = 0; v < vecs; v++) {
                const loom_quad b = loom_i8_quad(w + (i * n + k) * 4 + v * wv);
                LOOM_UNROLL
                for (int r = 0; r < rows; r++) {
                    const loom_i16 *a = x + r * xr + i * xl + k * 4;
                    s[r * vecs + v] = loom_add(loom_add(s[r * vecs + v], loom_pair(a), b.half[0]), loom_pair(a + 2), b.half[1]);
                }
            }
}

#endif
#endif

/* or in more: in vectors 65536 * high + low. The low halves stay below 2^31 for as many as 65534 terms. */
#if LOOM_INT_LANES > 1
typedef struct loom_wide { loom_sums high, low; } loom_wide;
#else
typedef struct loom_wide { int64_t sum; } loom_wide;
#endif

LOOM_INLINE loom_wide loom_wide_zero(void)
{
#if LOOM_INT_LANES > 1
    const loom_wide s = {loom_sums_splat(0), loom_sums_splat(0)};
#else
    const loom_wide s = {0};
#endif
    return s;
}

LOOM_INLINE loom_wide loom_wide_add(loom_wide s, loom_pairs a, loom_pairs b)
{
#if LOOM_INT_LANES > 1
    const loom_sums p = loom_products(a, b);
    s.high += p >> 16;
    s.low += p & 0xffff;
#elif defined(__ARM_FEATURE_SIMD32)
    s.sum = __smlald(a, b, s.sum);
#else
    s.sum += loom_products(a, b);
#endif
    return s;
}

/* ---- from sums to results: zero + sum * m / 2^shift, of every column --------------------------------------- */

/* In any case, cut to [low, high]. */
LOOM_INLINE loom_sums loom_scaled_any(loom_sums s, const loom_i32 *m, const int8_t *shift, int zero, int32_t low, int32_t high)
{
    int32_t v[LOOM_INT_LANES];
    loom_sums_store(v, s);
    for (int l = 0; l < LOOM_INT_LANES; l++)
        v[l] = (int32_t)loom_cut(loom_scale(v[l], m[l], shift[l]) + zero, low, high);
    return loom_sums_load(v);
}

LOOM_INLINE loom_sums loom_scaled_wide(loom_wide s, const loom_i64 *bias, const loom_i32 *m, const int8_t *shift, int limit, int zero,
                                       int32_t low, int32_t high)
{
    int32_t a[LOOM_INT_LANES];
#if LOOM_INT_LANES > 1
    int32_t b[LOOM_INT_LANES];
    loom_sums_store(a, s.high);
    loom_sums_store(b, s.low);
#endif
    for (int l = 0; l < LOOM_INT_LANES; l++) {
#if LOOM_INT_LANES > 1
        int64_t sum = bias[l] + (int64_t)a[l] * 65536 + b[l];
#else
        int64_t sum = bias[l] + s.sum;
#endif
        if (limit)
            sum = loom_narrow(sum, limit);
        a[l] = (int32_t)loom_cut(loom_scale(sum, m[l], shift[l]) + zero, low, high);
    }
    return loom_sums_load(a);
}

LOOM_INLINE loom_sums loom_sums_cut(loom_sums v, int32_t low, int32_t high)
{
#if LOOM_INT_LANES == 16
    return (loom_sums)_mm512_min_epi32(_mm512_max_epi32((__m512i)v, _mm512_set1_epi32(low)), _mm512_set1_epi32(high));
#elif LOOM_INT_LANES == 8
    return (loom_sums)_mm256_min_epi32(_mm256_max_epi32((__m256i)v, _mm256_set1_epi32(low)), _mm256_set1_epi32(high));
#elif LOOM_INT_LANES > 1
    const loom_sums under = (loom_sums)(v < low);
    v = (loom_sums_splat(low) & under) | (v & ~under);
    const loom_sums over = (loom_sums)(v > high);
    return (loom_sums_splat(high) & over) | (v & ~over);
#else
    return v < low ? low : v > high ? high : v;
#endif
}

/* For shifts of 32 and more: what a result takes of its column. */
#if LOOM_INT_LANES >= 8

/* Even and odd columns, whose products take 64 bits; 2^62 makes these positive, for vectors of 64 bits have no arithmetic
 * shift on many machines, and goes off again at the end. */
typedef uint64_t loom_words __attribute__((vector_size(4 * LOOM_INT_LANES)));
typedef struct { loom_words m[2], half[2], shift[2]; loom_usums zero; } loom_factors;

LOOM_INLINE loom_factors loom_factors_of(loom_sums m, loom_sums shift, int zero)
{
    loom_factors f;
    const loom_words none = {0}, one = none + 1, by = (loom_words)shift;
    f.m[0] = (loom_words)m;
    f.m[1] = f.m[0] >> 32;
    f.shift[0] = by & 0xffffffffu;
    f.shift[1] = by >> 32;
    for (int i = 0; i < 2; i++)
        f.half[i] = (one << (f.shift[i] - 1)) + ((uint64_t)1 << 62);
    f.zero = (uint32_t)zero - ((loom_usums)loom_sums_splat(1) << (62 - (loom_usums)by));
    return f;
}

LOOM_INLINE loom_factors loom_factors_load(const loom_i32 *m, const int8_t *shift, int zero)
{
    return loom_factors_of(loom_sums_load(m), loom_i8_sums(shift), zero);
}

LOOM_INLINE loom_factors loom_factor(int32_t m, int shift, int zero)
{
    return loom_factors_of(loom_sums_splat(m), loom_sums_splat(shift), zero);
}

LOOM_INLINE loom_words loom_half_scaled(loom_words s, loom_words m, loom_words half, loom_words shift)
{
#if LOOM_INT_LANES == 16
    return ((loom_words)_mm512_mul_epi32((__m512i)s, (__m512i)m) + half) >> shift;
#else
    return ((loom_words)_mm256_mul_epi32((__m256i)s, (__m256i)m) + half) >> shift;
#endif
}

LOOM_INLINE loom_sums loom_scaled(loom_sums s, loom_factors f)
{
    const loom_words even = loom_half_scaled((loom_words)s, f.m[0], f.half[0], f.shift[0]);
    const loom_words odd = loom_half_scaled((loom_words)s >> 32, f.m[1], f.half[1], f.shift[1]);
    return (loom_sums)((loom_usums)((even & 0xffffffffu) | odd << 32) + f.zero);
}

#else

typedef struct { int32_t m[LOOM_INT_LANES], shift[LOOM_INT_LANES]; int64_t half[LOOM_INT_LANES]; int zero; } loom_factors;

LOOM_INLINE loom_factors loom_factors_load(const loom_i32 *m, const int8_t *shift, int zero)
{
    loom_factors f;
    for (int l = 0; l < LOOM_INT_LANES; l++) {
        f.m[l] = m[l];
        f.half[l] = (int64_t)1 << (shift[l] - 1);
        f.shift[l] = shift[l] - 32; /* the lower half of a product takes no part in it */
    }
    f.zero = zero;
    return f;
}

LOOM_INLINE loom_factors loom_factor(int32_t m, int shift, int zero)
{
    loom_factors f;
    for (int l = 0; l < LOOM_INT_LANES; l++) {
        f.m[l] = m;
        f.half[l] = (int64_t)1 << (shift - 1);
        f.shift[l] = shift - 32;
    }
    f.zero = zero;
    return f;
}

LOOM_INLINE loom_sums loom_scaled(loom_sums s, loom_factors f)
{
    int32_t v[LOOM_INT_LANES];
    loom_sums_store(v, s);
    for (int l = 0; l < LOOM_INT_LANES; l++)
        v[l] = ((int32_t)(((int64_t)v[l] * f.m[l] + f.half[l]) >> 32) >> f.shift[l]) + f.zero;
    return loom_sums_load(v);
}

#endif

/* ---- results in memory ---------------------------------------------------------------------------------------- */

LOOM_INLINE void loom_i8_put_all(int8_t *y, loom_sums v)
{
#if LOOM_INT_LANES == 16
    _mm_storeu_si128((__m128i *)(void *)y, _mm512_cvtepi32_epi8((__m512i)v));
#elif LOOM_INT_LANES == 8
    const __m256i w = (__m256i)v;
    const __m128i h = _mm_packs_epi32(_mm256_castsi256_si128(w), _mm256_extracti128_si256(w, 1));
    _mm_storel_epi64((__m128i *)(void *)y, _mm_packs_epi16(h, h));
#else
    int32_t r[LOOM_INT_LANES];
    loom_sums_store(r, v);
    for (int l = 0; l < LOOM_INT_LANES; l++)
        y[l] = (int8_t)r[l];
#endif
}

LOOM_INLINE void loom_i16_put_all(loom_i16 *y, loom_sums v)
{
    int32_t r[LOOM_INT_LANES];
    loom_sums_store(r, v);
    for (int l = 0; l < LOOM_INT_LANES; l++)
        y[l] = (int16_t)r[l];
}

LOOM_INLINE void loom_i32_put_all(loom_i32 *y, loom_sums v)
{
    int32_t r[LOOM_INT_LANES];
    loom_sums_store(r, v);
    for (int l = 0; l < LOOM_INT_LANES; l++)
        y[l] = r[l];
}

#define LOOM_PUT(T, TYPE, REAL)                                                                          \
    LOOM_INLINE void loom_##T##_put(TYPE *y, ptrdiff_t stride, int n, loom_sums v)                       \
    {                                                                                                    \
        if (n >= LOOM_INT_LANES && stride == 1) {                                                        \
            loom_##T##_put_all(y, v);                                                                    \
            return;                                                                                      \
        }                                                                                                \
        int32_t r[LOOM_INT_LANES];                                                                       \
        loom_sums_store(r, v);                                                                           \
        for (int l = 0; l < LOOM_INT_LANES; l++)                                                         \
            if (l < n)                                                                                   \
                y[l * stride] = (REAL)r[l];                                                              \
    }
/* y[l * stride] = v[l] for l < n */
LOOM_PUT(i8, int8_t, int8_t)
LOOM_PUT(i16, loom_i16, int16_t)
LOOM_PUT(i32, loom_i32, int32_t)

#endif
