/* loom_rt.h - what generated code stands on: the numeric guard and one small vector layer.
 *
 * Guard: results are the same bits on every machine only when a * b + c is two roundings, floats are not
 * kept in wider registers and nobody asked for fast-math. The first part of this file makes that so, or
 * refuses to compile.
 *
 * Vectors: `loom_f32v` holds LOOM_F32_LANES floats, `loom_f64v` LOOM_F64_LANES doubles. + - * / are the
 * operators of C on both. The width follows the machine; a program gives the same bits with any width
 * because generated code never sums across lanes. With one lane the types are plain float and double,
 * which is also the path for compilers without vector extensions. -DLOOM_LANES=1 forces it.
 *
 * Needs nothing but a C99 (or C++17) compiler. */
#ifndef LOOM_RT_H
#define LOOM_RT_H

#define LOOM_RT_VERSION 1

/* ---- the numeric guard ---------------------------------------------------------------------------- */

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#if defined(__FAST_MATH__)
#error "loom: -ffast-math (or -Ofast) changes results; compile this file without it"
#endif
#if defined(__FLT_EVAL_METHOD__) && !defined(__clang__) && defined(__s390x__)
/* gcc evaluates float in double under -std=c99 here; -fexcess-precision=fast restores float. */
#if __FLT_EVAL_METHOD__ != 0
#error "loom: floats are evaluated in a wider type; add -fexcess-precision=fast"
#endif
#elif defined(__FLT_EVAL_METHOD__)
/* 16 is 0 on machines with half precision: only what is narrower than _Float16 is evaluated in another type. */
#if __FLT_EVAL_METHOD__ != 0 && __FLT_EVAL_METHOD__ != 16
#error "loom: floats are evaluated in a wider type; on 32-bit x86 use -msse2 -mfpmath=sse"
#endif
#endif
#if defined(__ARM_FEATURE_MVE)
#if __ARM_FEATURE_MVE & 2
#error "loom: MVE float vectors flush subnormals; compile with -mcpu=...+nomve.fp"
#endif
#endif

#include <stddef.h>
#include <stdint.h>

#include "loom_types.h"

/* ---- language ------------------------------------------------------------------------------------- */

#if defined(__GNUC__)
#define LOOM_INLINE static inline __attribute__((always_inline, unused))
#define LOOM_NOINLINE static __attribute__((noinline, unused))
#define LOOM_RESTRICT __restrict__
#define LOOM_ALIGN(n) __attribute__((aligned(n)))
#define LOOM_DO_PRAGMA(x) _Pragma(#x)
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop that went away cannot be unrolled */
#define LOOM_UNROLL LOOM_DO_PRAGMA(clang loop unroll(full))
#else
#define LOOM_UNROLL LOOM_DO_PRAGMA(GCC unroll 64)
#endif
#else
#define LOOM_INLINE static inline
#define LOOM_NOINLINE static
#define LOOM_RESTRICT
#define LOOM_ALIGN(n)
#define LOOM_UNROLL
#endif

/* Weights carry this before their name: a place to put a section attribute. */
#ifndef LOOM_WEIGHTS
#define LOOM_WEIGHTS LOOM_ALIGN(64)
#endif


/* Linking or loading anything that was built with -ffast-math can switch subnormal numbers off for the whole
 * process; no source can prevent that, but it can be seen. */
LOOM_INLINE int loom_check_subnormals(void)
{
    volatile float smallest = 1.17549435e-38f; /* the least normal number */
    volatile float half = smallest * 0.5f;
    return half > 0.0f ? LOOM_OK : LOOM_E_SUBNORMALS;
}

/* ---- instruction sets that a program chooses from at run time -------------------------------------- */

/* A file that defines LOOM_VARIANT and switches an instruction set of x86-64 on before it includes this uses
 * that set, whatever the command line says: 2 is AVX2, 3 is AVX-512. */
#if defined(__x86_64__) && defined(__GNUC__)
#define LOOM_VARIANTS 1
#ifdef LOOM_VARIANT
#define LOOM_AVX 1
#if LOOM_VARIANT == 3
#define LOOM_AVX512 1
#endif
#endif
#endif
#if defined(__AVX512F__) && !defined(LOOM_AVX512)
#define LOOM_AVX512 1
#endif
#if defined(__AVX__) && !defined(LOOM_AVX)
#define LOOM_AVX 1
#endif

/* The best variant for this machine: 3, 2, or 1 for what the command line says. */
LOOM_INLINE int loom_variant(void)
{
#ifdef LOOM_VARIANTS
    uint32_t a = 1, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (!(c >> 27 & c >> 28 & 1)) /* the system saves vector registers, and there is AVX */
        return 1;
    uint32_t saved, high;
    __asm__ volatile("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    a = 7;
    c = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if ((saved & 0xe6) == 0xe6 && b >> 16 & 1)
        return 3;
    return (saved & 6) == 6 && b >> 5 & 1 ? 2 : 1;
#else
    return 1;
#endif
}

/* ---- vector width --------------------------------------------------------------------------------- */

#ifdef LOOM_LANES
#if LOOM_LANES != 1
#error "loom: LOOM_LANES can only be 1, which forces plain C"
#endif
#define LOOM_F32_LANES 1
#elif !defined(__GNUC__)
#define LOOM_F32_LANES 1
#elif defined(LOOM_AVX512)
#define LOOM_F32_LANES 16
#elif defined(LOOM_AVX)
#define LOOM_F32_LANES 8
#elif defined(__SSE2__) || defined(__aarch64__) || defined(__wasm_simd128__) || defined(__VSX__)
#define LOOM_F32_LANES 4
#else
#define LOOM_F32_LANES 1 /* also 32-bit ARM: NEON and MVE float vectors flush subnormals to zero */
#endif

#if LOOM_F32_LANES > 1
#define LOOM_F64_LANES (LOOM_F32_LANES / 2)
#else
#define LOOM_F64_LANES 1
#endif

/* Weights lie in panels, `width` columns for each of k terms: where the v-th vector of columns begins. */
#define LOOM_F32_PANEL(v, width, k) ((v) * LOOM_F32_LANES / (width) * (width) * (k) + (v) * LOOM_F32_LANES % (width))
#define LOOM_F64_PANEL(v, width, k) ((v) * LOOM_F64_LANES / (width) * (width) * (k) + (v) * LOOM_F64_LANES % (width))

/* Vectors side by side in a tile of so many rows: 8, 4, 2 or 1, as registers allow. */
#define LOOM_VECS(rows) (8 * (rows) <= LOOM_TILE ? 8 : 4 * (rows) <= LOOM_TILE ? 4 : 2 * (rows) <= LOOM_TILE ? 2 : 1)

/* The rows of each tile when n rows are shared out evenly. */
#define LOOM_SPLIT(n) (((n) + ((n) + LOOM_ROWS - 1) / LOOM_ROWS - 1) / (((n) + LOOM_ROWS - 1) / LOOM_ROWS))

/* A tile of the matrix kernels: LOOM_TILE accumulator vectors, at most LOOM_ROWS rows of them. They
 * leave registers for the operands: 32 vector registers allow 24 accumulators, 16 allow 12. Templates
 * write the cases that a target's table `isa` has: each case here is a line there. */
#ifdef LOOM_TILE
/* The file that includes this was generated for one machine, and knows. */
#elif LOOM_F32_LANES == 1
#define LOOM_TILE 8
#define LOOM_ROWS 4
#elif defined(LOOM_AVX512) || defined(__aarch64__) || defined(__VSX__)
#define LOOM_TILE 24
#define LOOM_ROWS 12
#elif defined(__wasm_simd128__)
#define LOOM_TILE 8
#define LOOM_ROWS 4
#else
#define LOOM_TILE 12
#define LOOM_ROWS 6
#endif

#if LOOM_F32_LANES > 1
typedef float loom_f32v __attribute__((vector_size(4 * LOOM_F32_LANES)));
typedef int32_t loom_i32v __attribute__((vector_size(4 * LOOM_F32_LANES)));
typedef uint32_t loom_u32v __attribute__((vector_size(4 * LOOM_F32_LANES)));
typedef double loom_f64v __attribute__((vector_size(8 * LOOM_F64_LANES)));
typedef int64_t loom_i64v __attribute__((vector_size(8 * LOOM_F64_LANES)));
typedef uint64_t loom_u64v __attribute__((vector_size(8 * LOOM_F64_LANES)));
#else
typedef float loom_f32v;
typedef int32_t loom_i32v;
typedef uint32_t loom_u32v;
typedef double loom_f64v;
typedef int64_t loom_i64v;
typedef uint64_t loom_u64v;
#endif

/* ---- vectors and memory --------------------------------------------------------------------------- */

/* loom_T_splat(x)            every lane x
 * loom_T_load(p)             all lanes from p, any alignment
 * loom_T_load_n(p, n)        the first n lanes from p, the others 0
 * loom_T_load_s(p, s, n)     lane l from p[l * s] for l < n, the others 0
 * loom_T_store(p, v), loom_T_store_n(p, v, n), loom_T_store_s(p, s, v, n)   the reverse */
#define LOOM_VECTOR(T, V, REAL, LANES)                                                                   \
    LOOM_INLINE V loom_##T##_load_s(const REAL *p, ptrdiff_t s, int n)                                   \
    {                                                                                                    \
        union { V v; REAL r[LANES]; } u;                                                                 \
        for (int l = 0; l < (LANES); l++)                                                                \
            u.r[l] = l < n ? p[l * s] : (REAL)0;                                                         \
        return u.v;                                                                                      \
    }                                                                                                    \
    LOOM_INLINE void loom_##T##_store_s(REAL *p, ptrdiff_t s, V v, int n)                                \
    {                                                                                                    \
        union { V v; REAL r[LANES]; } u;                                                                 \
        u.v = v;                                                                                         \
        for (int l = 0; l < (LANES); l++)                                                                \
            if (l < n)                                                                                   \
                p[l * s] = u.r[l];                                                                       \
    }                                                                                                    \
    LOOM_INLINE void loom_##T##_zero(REAL *p, int n)                                                     \
    {                                                                                                    \
        for (int i = 0; i < n; i++)                                                                      \
            p[i] = 0;                                                                                    \
    }

#if LOOM_F32_LANES > 1
#define LOOM_VECTOR_MEMORY(T, V, REAL)                                                                   \
    typedef struct { V v; } __attribute__((packed, aligned(sizeof(REAL)), may_alias)) loom_##T##_any;    \
    LOOM_INLINE V loom_##T##_splat(REAL x)                                                               \
    {                                                                                                    \
        const V zero = {0};                                                                              \
        return x - zero;                                                                                 \
    }                                                                                                    \
    LOOM_INLINE V loom_##T##_load(const REAL *p) { return ((const loom_##T##_any *)(const void *)p)->v; } \
    LOOM_INLINE void loom_##T##_store(REAL *p, V v) { ((loom_##T##_any *)(void *)p)->v = v; }
#else
#define LOOM_VECTOR_MEMORY(T, V, REAL)                                                                   \
    LOOM_INLINE V loom_##T##_splat(REAL x) { return x; }                                                 \
    LOOM_INLINE V loom_##T##_load(const REAL *p) { return *p; }                                          \
    LOOM_INLINE void loom_##T##_store(REAL *p, V v) { *p = v; }
#endif

LOOM_INLINE int loom_min(int a, int b) { return a < b ? a : b; }

LOOM_VECTOR_MEMORY(f32, loom_f32v, float)
LOOM_VECTOR_MEMORY(f64, loom_f64v, double)
LOOM_VECTOR(f32, loom_f32v, float, LOOM_F32_LANES)
LOOM_VECTOR(f64, loom_f64v, double, LOOM_F64_LANES)

/* loom_T_load_i8(p), loom_T_load_i16(p): all lanes from integers. */
#if LOOM_F32_LANES > 1
#define LOOM_VECTOR_OF_INTEGERS(T, V, REAL, LANES, I, INT)                                               \
    LOOM_INLINE V loom_##T##_load_##I(const INT *p)                                                      \
    {                                                                                                    \
        typedef INT ints __attribute__((vector_size(sizeof(INT) * (LANES))));                            \
        typedef struct { ints v; } __attribute__((packed, aligned(sizeof(INT)), may_alias)) any;         \
        return __builtin_convertvector(((const any *)(const void *)p)->v, V);                            \
    }
#else
#define LOOM_VECTOR_OF_INTEGERS(T, V, REAL, LANES, I, INT)                                               \
    LOOM_INLINE V loom_##T##_load_##I(const INT *p) { return (REAL)*p; }
#endif
LOOM_VECTOR_OF_INTEGERS(f32, loom_f32v, float, LOOM_F32_LANES, i8, int8_t)
LOOM_VECTOR_OF_INTEGERS(f32, loom_f32v, float, LOOM_F32_LANES, i16, int16_t)
LOOM_VECTOR_OF_INTEGERS(f64, loom_f64v, double, LOOM_F64_LANES, i8, int8_t)
LOOM_VECTOR_OF_INTEGERS(f64, loom_f64v, double, LOOM_F64_LANES, i16, int16_t)

/* Part of a vector: with a mask where the machine has one, else lane by lane. */
#if defined(LOOM_AVX512) && LOOM_F32_LANES == 16
LOOM_INLINE unsigned loom_mask(int n) { return n >= 16 ? 0xffffu : (1u << (n > 0 ? n : 0)) - 1u; }
LOOM_INLINE loom_f32v loom_f32_load_n(const float *p, int n)
{
    return __builtin_ia32_loadups512_mask(p, loom_f32_splat(0), (unsigned short)loom_mask(n));
}
LOOM_INLINE loom_f64v loom_f64_load_n(const double *p, int n)
{
    return __builtin_ia32_loadupd512_mask(p, loom_f64_splat(0), (unsigned char)loom_mask(n));
}
LOOM_INLINE void loom_f32_store_n(float *p, loom_f32v v, int n)
{
    __builtin_ia32_storeups512_mask(p, v, (unsigned short)loom_mask(n));
}
LOOM_INLINE void loom_f64_store_n(double *p, loom_f64v v, int n)
{
    __builtin_ia32_storeupd512_mask(p, v, (unsigned char)loom_mask(n));
}
#else
#define LOOM_VECTOR_PART(T, V, REAL, LANES)                                                              \
    LOOM_INLINE V loom_##T##_load_n(const REAL *p, int n)                                                \
    {                                                                                                    \
        return n >= (LANES) ? loom_##T##_load(p) : loom_##T##_load_s(p, 1, n);                           \
    }                                                                                                    \
    LOOM_INLINE void loom_##T##_store_n(REAL *p, V v, int n)                                             \
    {                                                                                                    \
        if (n >= (LANES))                                                                                \
            loom_##T##_store(p, v);                                                                      \
        else                                                                                             \
            loom_##T##_store_s(p, 1, v, n);                                                              \
    }
LOOM_VECTOR_PART(f32, loom_f32v, float, LOOM_F32_LANES)
LOOM_VECTOR_PART(f64, loom_f64v, double, LOOM_F64_LANES)
#endif

/* ---- rows: sums, the maximum, and copies of n numbers ------------------------------------------------ */

/* loom_T_sum8(x, n)               x[0] + x[1] + ...
 * loom_T_sumsq8_about(x, m, n)    (x[0] - m)^2 + (x[1] - m)^2 + ...
 * loom_T_dot8(x, y, n)            x[0] * y[0] + x[1] * y[1] + ...
 * loom_T_max(x, n)                x[0], replaced by each x[k] that is larger: NaN only where x[0] is
 * loom_T_divide(x, by, n)         x[k] = x[k] / by
 * loom_T_copy(y, x, n)            y[k] = x[k]
 * With _s the elements are x[0], x[s], x[2 * s], ... (dot8_s: a stride after each of the two)
 *
 * A sum has eight lanes on every machine: lane l adds the elements l, l + 8, l + 16, ... in this order to 0,
 * then the lanes are added as LOOM_JOIN8 says. The lanes lie in as many vectors as the machine needs. */
#define LOOM_JOIN8(s) ((((s)[0] + (s)[4]) + ((s)[2] + (s)[6])) + (((s)[1] + (s)[5]) + ((s)[3] + (s)[7])))

/* Vectors for sums: loom_f32s has up to eight lanes; loom_f64v never has more. */
#if LOOM_F32_LANES > 8
#define LOOM_F32_SUM_LANES 8
typedef float loom_f32s __attribute__((vector_size(32)));
#else
#define LOOM_F32_SUM_LANES LOOM_F32_LANES
typedef loom_f32v loom_f32s;
#endif
LOOM_VECTOR_MEMORY(f32s, loom_f32s, float)

/* Where a < b, b; else a. */
#if LOOM_F32_LANES > 1
#define LOOM_LARGER(a, b, MASK, V) ((V)(((MASK)((a) < (b)) & (MASK)(b)) | (~(MASK)((a) < (b)) & (MASK)(a))))
#else
#define LOOM_LARGER(a, b, MASK, V) ((a) < (b) ? (b) : (a))
#endif

/* One sum: `a` stands for the element in TERM, for a vector of them in TERMS. W: lanes of the vectors S. */
#define LOOM_SUM8(name, S, V, REAL, W, PARAMS, TERMS, TERM)                                              \
    LOOM_INLINE REAL name PARAMS                                                                         \
    {                                                                                                    \
        V v[8 / (W)];                                                                                    \
        REAL s[8];                                                                                       \
        int k = 0;                                                                                       \
        for (int i = 0; i < 8 / (W); i++)                                                                \
            v[i] = loom_##S##_splat(0);                                                                  \
        for (; k + 8 <= n; k += 8)                                                                       \
            for (int i = 0; i < 8 / (W); i++) {                                                          \
                const V a = loom_##S##_load(x + k + i * (W));                                            \
                v[i] += TERMS;                                                                           \
            }                                                                                            \
        for (int i = 0; i < 8 / (W); i++)                                                                \
            loom_##S##_store(s + i * (W), v[i]);                                                         \
        for (int l = 0; k + l < n; l++) {                                                                \
            const REAL a = x[k + l];                                                                     \
            s[l] += TERM;                                                                                \
        }                                                                                                \
        return LOOM_JOIN8(s);                                                                            \
    }

#define LOOM_SUM8_S(name, REAL, PARAMS, TERM)                                                            \
    LOOM_INLINE REAL name PARAMS                                                                         \
    {                                                                                                    \
        REAL t[8] = {0, 0, 0, 0, 0, 0, 0, 0};                                                            \
        for (int k = 0; k < n; k++) {                                                                    \
            const REAL a = x[k * s];                                                                     \
            t[k % 8] += TERM;                                                                            \
        }                                                                                                \
        return LOOM_JOIN8(t);                                                                            \
    }

/* The larger of r[l] and r[l + w], into r[l], for the first w lanes. */
#define LOOM_FOLD(r, w, LANES)                                                                           \
    for (int l = 0; l < ((w) < (LANES) ? (w) : 0); l++)                                                  \
        r[l] = r[l] < r[l + (w)] ? r[l + (w)] : r[l];

/* The last vector of a row may overlap the one before it: no element needs a loop of its own. */
#define LOOM_ROW(T, V, REAL, LANES, MASK)                                                                \
    LOOM_INLINE REAL loom_##T##_max_s(const REAL *x, ptrdiff_t s, int n)                                 \
    {                                                                                                    \
        REAL m = x[0];                                                                                   \
        for (int k = 1; k < n; k++)                                                                      \
            m = m < x[k * s] ? x[k * s] : m;                                                             \
        return m;                                                                                        \
    }                                                                                                    \
    LOOM_INLINE REAL loom_##T##_max(const REAL *x, int n)                                                \
    {                                                                                                    \
        if (n < (LANES))                                                                                 \
            return loom_##T##_max_s(x, 1, n);                                                            \
        REAL r[LANES];                                                                                   \
        V m = loom_##T##_splat(x[0]);                                                                    \
        for (int k = 0; k < n; k += LANES) {                                                             \
            const V a = loom_##T##_load(x + loom_min(k, n - (LANES)));                                   \
            m = LOOM_LARGER(m, a, MASK, V);                                                              \
        }                                                                                                \
        loom_##T##_store(r, m);                                                                          \
        LOOM_FOLD(r, 8, LANES)                                                                           \
        LOOM_FOLD(r, 4, LANES)                                                                           \
        LOOM_FOLD(r, 2, LANES)                                                                           \
        LOOM_FOLD(r, 1, LANES)                                                                           \
        return r[0];                                                                                     \
    }                                                                                                    \
    LOOM_INLINE void loom_##T##_divide_s(REAL *x, ptrdiff_t s, REAL by, int n)                           \
    {                                                                                                    \
        for (int k = 0; k < n; k++)                                                                      \
            x[k * s] /= by;                                                                              \
    }                                                                                                    \
    LOOM_INLINE void loom_##T##_divide(REAL *x, REAL by, int n)                                          \
    {                                                                                                    \
        const V d = loom_##T##_splat(by);                                                                \
        int k = 0;                                                                                       \
        for (; k + (LANES) <= n; k += LANES)                                                             \
            loom_##T##_store(x + k, loom_##T##_load(x + k) / d);                                         \
        if (k < n)                                                                                       \
            loom_##T##_store_n(x + k, loom_##T##_load_n(x + k, n - k) / d, n - k);                       \
    }                                                                                                    \
    LOOM_INLINE void loom_##T##_copy(REAL *LOOM_RESTRICT y, const REAL *LOOM_RESTRICT x, int n)          \
    {                                                                                                    \
        if (n < (LANES))                                                                                 \
            for (int k = 0; k < n; k++)                                                                  \
                y[k] = x[k];                                                                             \
        else                                                                                             \
            for (int k = 0; k < n; k += LANES) {                                                         \
                const int at = loom_min(k, n - (LANES));                                                 \
                loom_##T##_store(y + at, loom_##T##_load(x + at));                                       \
            }                                                                                            \
    }

#define LOOM_SUMS(T, S, V, REAL, W)                                                                      \
    LOOM_SUM8(loom_##T##_sum8, S, V, REAL, W, (const REAL *x, int n), a, a)                              \
    LOOM_SUM8(loom_##T##_sumsq8_about, S, V, REAL, W, (const REAL *x, REAL m, int n),                    \
              (a - loom_##S##_splat(m)) * (a - loom_##S##_splat(m)), (a - m) * (a - m))                  \
    LOOM_SUM8(loom_##T##_dot8, S, V, REAL, W, (const REAL *x, const REAL *y, int n),                     \
              a * loom_##S##_load(y + k + i * (W)), a * y[k + l])                                        \
    LOOM_SUM8_S(loom_##T##_dot8_s, REAL, (const REAL *x, ptrdiff_t s, const REAL *y, ptrdiff_t sy, int n), a * y[k * sy]) \
    LOOM_SUM8_S(loom_##T##_sum8_s, REAL, (const REAL *x, ptrdiff_t s, int n), a)                         \
    LOOM_SUM8_S(loom_##T##_sumsq8_about_s, REAL, (const REAL *x, ptrdiff_t s, REAL m, int n), (a - m) * (a - m))

LOOM_SUMS(f32, f32s, loom_f32s, float, LOOM_F32_SUM_LANES)
LOOM_SUMS(f64, f64, loom_f64v, double, LOOM_F64_LANES)
LOOM_ROW(f32, loom_f32v, float, LOOM_F32_LANES, loom_i32v)
LOOM_ROW(f64, loom_f64v, double, LOOM_F64_LANES, loom_i64v)

#endif
