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
#if __FLT_EVAL_METHOD__ != 0
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

/* Status codes of the generated functions. */
enum { LOOM_OK = 0, LOOM_E_ARGUMENT = -1, LOOM_E_FORMAT = -2, LOOM_E_MISMATCH = -3, LOOM_E_CHECKSUM = -4, LOOM_E_NO_WEIGHTS = -5 };

/* ---- vector width --------------------------------------------------------------------------------- */

#ifdef LOOM_LANES
#define LOOM_F32_LANES LOOM_LANES
#elif !defined(__GNUC__)
#define LOOM_F32_LANES 1
#elif defined(__AVX512F__)
#define LOOM_F32_LANES 16
#elif defined(__AVX__)
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
 * leave registers for the operands: 32 vector registers allow 24 accumulators, 16 allow 12. */
#if defined(__AVX512F__) || defined(__aarch64__) || defined(__VSX__)
#define LOOM_TILE 24
#define LOOM_ROWS 12
#elif defined(__wasm_simd128__)
#define LOOM_TILE 8
#define LOOM_ROWS 4
#elif LOOM_F32_LANES > 1
#define LOOM_TILE 12
#define LOOM_ROWS 6
#else
#define LOOM_TILE 8
#define LOOM_ROWS 4
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

/* Part of a vector: with a mask where the machine has one, else lane by lane. */
#if defined(__AVX512F__) && LOOM_F32_LANES == 16
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

#endif
