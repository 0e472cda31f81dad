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

/* Gradients (see ops/map.def): a is the operand or the result, b the gradient of the result. */
#define LOOM_MAP_GRADIENTS(T, V)                                                                         \
    LOOM_INLINE V loom_map_between_##T(V a, double low, double high, V x, V y)                           \
    {                                                                                                    \
        V below_high = loom_map_less_##T(a, loom_map_number_##T(high), x, y);                            \
        return loom_map_less_##T(loom_map_number_##T(low), a, below_high, y);                            \
    }                                                                                                    \
    LOOM_INLINE V loom_map_gelu_slope_##T(V a)                                                           \
    {                                                                                                    \
        V share = (loom_erf_##T(a * loom_map_number_##T(0.70710678118654752)) + loom_map_number_##T(1))  \
                * loom_map_number_##T(0.5);                                                              \
        V bell = loom_exp_##T(a * a * loom_map_number_##T(-0.5)) * loom_map_number_##T(0.39894228040143268);\
        V more = a * bell;                                                                               \
        return share + more;                                                                             \
    }                                                                                                    \
    LOOM_INLINE V loom_map_silu_slope_##T(V a)                                                           \
    {                                                                                                    \
        V s = loom_sigmoid_##T(a), more = (a * s) * (loom_map_number_##T(1) - s);                        \
        return s + more;                                                                                 \
    }                                                                                                    \
    LOOM_INLINE V loom_map_clip_##T(V a, V b, V p)                                                       \
    {                                                                                                    \
        V low = loom_map_less_##T(a, -p, -p, a);                                                         \
        (void)b;                                                                                         \
        return loom_map_less_##T(p, low, p, low);                                                        \
    }                                                                                                    \
    LOOM_MAP_FN(relu_grad, T, V, loom_map_less_##T(loom_map_number_##T(0), a, b, loom_map_number_##T(0)))\
    LOOM_MAP_FN(leaky_relu_grad, T, V, loom_map_less_##T(loom_map_number_##T(0), a, b, b * p))           \
    LOOM_MAP_FN(sigmoid_grad, T, V, b * (a * (loom_map_number_##T(1) - a)))                              \
    LOOM_MAP_FN(tanh_grad, T, V, b * (loom_map_number_##T(1) - a * a))                                   \
    LOOM_MAP_FN(softplus_grad, T, V, b * loom_sigmoid_##T(a))                                            \
    LOOM_MAP_FN(gelu_grad, T, V, b * loom_map_gelu_slope_##T(a))                                         \
    LOOM_MAP_FN(silu_grad, T, V, b * loom_map_silu_slope_##T(a))                                         \
    LOOM_MAP_FN(elu_grad, T, V, loom_map_less_##T(loom_map_number_##T(0), a, b, b * (p * loom_exp_##T(a))))\
    LOOM_MAP_FN(hard_sigmoid_grad, T, V,                                                                 \
                loom_map_between_##T(a, -3, 3, b / loom_map_number_##T(6), loom_map_number_##T(0)))      \
    LOOM_INLINE V loom_map_hard_swish_grad_##T(V a, V b, V p)                                            \
    {                                                                                                    \
        V slope = a / loom_map_number_##T(3) + loom_map_number_##T(0.5);                                 \
        V y = loom_map_less_##T(loom_map_number_##T(3), a, b, b * slope);                                \
        (void)p;                                                                                         \
        return loom_map_less_##T(a, loom_map_number_##T(-3), loom_map_number_##T(0), y);                 \
    }                                                                                                    \
    LOOM_MAP_FN(sqrt_grad, T, V, b / a * loom_map_number_##T(0.5))                                       \
    LOOM_MAP_FN(drop, T, V, loom_map_less_##T(b, p, loom_map_number_##T(0), a))                          \
    LOOM_MAP_FN(clip_factor, T, V, loom_map_less_##T(p, a, p / a, loom_map_number_##T(1)))

/* Losses: a is the output, b the target. */
#define LOOM_MAP_LOSSES(T, V)                                                                            \
    LOOM_INLINE V loom_map_share_##T(V a)                                                                \
    {                                                                                                    \
        const V low = loom_map_number_##T(1e-7), high = loom_map_number_##T(1 - 1e-7);                   \
        V o = loom_map_less_##T(a, low, low, a);                                                         \
        return loom_map_less_##T(high, o, high, o);                                                      \
    }                                                                                                    \
    LOOM_INLINE V loom_map_absolute_##T(V d) { return loom_map_less_##T(d, loom_map_number_##T(0), -d, d); }\
    LOOM_MAP_FN(squared_error, T, V, (a - b) * (a - b))                                                  \
    LOOM_MAP_FN(squared_error_grad, T, V, (a - b) + (a - b))                                             \
    LOOM_MAP_FN(absolute_error, T, V, loom_map_absolute_##T(a - b))                                      \
    LOOM_MAP_FN(absolute_error_grad, T, V,                                                               \
                loom_map_less_##T(a - b, loom_map_number_##T(0), loom_map_number_##T(-1),                \
                                  loom_map_less_##T(loom_map_number_##T(0), a - b, loom_map_number_##T(1),\
                                                    loom_map_number_##T(0))))                            \
    LOOM_INLINE V loom_map_huber_##T(V a, V b, V p)                                                      \
    {                                                                                                    \
        const V half = loom_map_number_##T(0.5);                                                         \
        V d = a - b, e = loom_map_absolute_##T(d);                                                       \
        return loom_map_less_##T(p, e, p * (e - p * half), d * d * half);                                \
    }                                                                                                    \
    LOOM_MAP_FN(huber_grad, T, V, loom_map_clip_##T(a - b, b, p))                                        \
    LOOM_MAP_FN(cross_entropy, T, V,                                                                     \
                loom_map_less_##T(loom_map_number_##T(0), b, -(b * loom_log_##T(loom_map_share_##T(a))), \
                                  loom_map_number_##T(0)))                                               \
    LOOM_INLINE V loom_map_cross_entropy_grad_##T(V a, V b, V p)                                         \
    {                                                                                                    \
        const V zero = loom_map_number_##T(0), low = loom_map_number_##T(1e-7);                          \
        V o = loom_map_less_##T(a, low, low, a);                                                         \
        (void)p;                                                                                         \
        return loom_map_less_##T(zero, b, -(b / o), zero);                                               \
    }                                                                                                    \
    LOOM_INLINE V loom_map_binary_cross_entropy_##T(V a, V b, V p)                                       \
    {                                                                                                    \
        const V one = loom_map_number_##T(1);                                                            \
        V o = loom_map_share_##T(a), yes = b * loom_log_##T(o), no = (one - b) * loom_log_##T(one - o);  \
        (void)p;                                                                                         \
        return -(yes + no);                                                                              \
    }                                                                                                    \
    LOOM_INLINE V loom_map_binary_cross_entropy_grad_##T(V a, V b, V p)                                  \
    {                                                                                                    \
        V o = loom_map_share_##T(a);                                                                     \
        (void)p;                                                                                         \
        return (o - b) / (o * (loom_map_number_##T(1) - o));                                             \
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
    LOOM_MAP_FN(div, T, V, a / b)                                                                        \
    LOOM_MAP_GRADIENTS(T, V)                                                                             \
    LOOM_MAP_LOSSES(T, V)

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
