/* loom_map.h - the element-wise functions, for interpreter and generated code.
 *
 * loom_map_NAME_T(a, b, p): a and b are the operands (functions of one ignore b), p is the parameter.
 * T is f32 or f64 for one number, f32v or f64v for a vector (loom_rt.h). One text makes all four, with
 * comparisons as selections, so that a lane of a vector has the bits of the scalar function. */
#ifndef LOOM_MAP_H
#define LOOM_MAP_H

#include "loom_math.h"

/* loom_map_less_T(a, b, x, y) is x where a < b, else y (also where a or b is NaN). */
#define LOOM_MAP_SCALAR(T, V, REAL)                                                                      \
    LOOM_INLINE V loom_map_number_##T(double x) { return (REAL)x; }                                      \
    LOOM_INLINE V loom_map_less_##T(V a, V b, V x, V y) { return a < b ? x : y; }

#define LOOM_MAP_VECTOR(T, V, REAL, MASK)                                                                \
    LOOM_INLINE V loom_map_number_##T(double x)                                                          \
    {                                                                                                    \
        const V zero = {0};                                                                              \
        return (REAL)x - zero;                                                                           \
    }                                                                                                    \
    LOOM_INLINE V loom_map_less_##T(V a, V b, V x, V y)                                                  \
    {                                                                                                    \
        MASK m = (MASK)(a < b);                                                                          \
        return (V)((m & (MASK)x) | (~m & (MASK)y));                                                      \
    }

#define LOOM_MAP_FN(name, T, V, value)                                                                   \
    LOOM_INLINE V loom_map_##name##_##T(V a, V b, V p)                                                   \
    {                                                                                                    \
        (void)b;                                                                                         \
        (void)p;                                                                                         \
        return value;                                                                                    \
    }

#define LOOM_MAP_FNS(T, V)                                                                               \
    LOOM_INLINE V loom_map_ramp_##T(V a)                                                                 \
    {                                                                                                    \
        const V zero = loom_map_number_##T(0), one = loom_map_number_##T(1);                             \
        V y = a / loom_map_number_##T(6) + loom_map_number_##T(0.5);                                     \
        y = loom_map_less_##T(y, zero, zero, y);                                                         \
        return loom_map_less_##T(one, y, one, y);                                                        \
    }                                                                                                    \
    LOOM_MAP_FN(copy, T, V, a)                                                                           \
    LOOM_MAP_FN(relu, T, V, loom_map_less_##T(a, loom_map_number_##T(0), loom_map_number_##T(0), a))     \
    LOOM_MAP_FN(leaky_relu, T, V, loom_map_less_##T(a, loom_map_number_##T(0), a * p, a))                \
    LOOM_MAP_FN(sigmoid, T, V, loom_sigmoid_##T(a))                                                      \
    LOOM_MAP_FN(tanh, T, V, loom_tanh_##T(a))                                                            \
    LOOM_MAP_FN(softplus, T, V, loom_softplus_##T(a))                                                    \
    LOOM_MAP_FN(gelu, T, V, loom_gelu_##T(a))                                                            \
    LOOM_MAP_FN(silu, T, V, a * loom_sigmoid_##T(a))                                                     \
    LOOM_MAP_FN(elu, T, V, loom_map_less_##T(a, loom_map_number_##T(0), p * loom_expm1_##T(a), a))       \
    LOOM_MAP_FN(hard_sigmoid, T, V, loom_map_ramp_##T(a))                                                \
    LOOM_MAP_FN(hard_swish, T, V, a * loom_map_ramp_##T(a))                                              \
    LOOM_MAP_FN(exp, T, V, loom_exp_##T(a))                                                              \
    LOOM_MAP_FN(log, T, V, loom_log_##T(a))                                                              \
    LOOM_MAP_FN(sqrt, T, V, loom_sqrt_##T(a))                                                            \
    LOOM_MAP_FN(scale, T, V, a * p)                                                                      \
    LOOM_MAP_FN(shift, T, V, a + p)                                                                      \
    LOOM_MAP_FN(divide_by, T, V, a / p)                                                                  \
    LOOM_MAP_FN(neg, T, V, -a)                                                                           \
    LOOM_MAP_FN(add, T, V, a + b)                                                                        \
    LOOM_MAP_FN(sub, T, V, a - b)                                                                        \
    LOOM_MAP_FN(mul, T, V, a * b)                                                                        \
    LOOM_MAP_FN(div, T, V, a / b)

LOOM_MAP_SCALAR(f32, float, float)
LOOM_MAP_FNS(f32, float)
LOOM_MAP_SCALAR(f64, double, double)
LOOM_MAP_FNS(f64, double)

#if LOOM_F32_LANES > 1
LOOM_MAP_VECTOR(f32v, loom_f32v, float, loom_i32v)
LOOM_MAP_FNS(f32v, loom_f32v)
#else
LOOM_MAP_SCALAR(f32v, float, float)
LOOM_MAP_FNS(f32v, float)
#endif
#if LOOM_F64_LANES > 1
LOOM_MAP_VECTOR(f64v, loom_f64v, double, loom_i64v)
LOOM_MAP_FNS(f64v, loom_f64v)
#else
LOOM_MAP_SCALAR(f64v, double, double)
LOOM_MAP_FNS(f64v, double)
#endif

#endif
