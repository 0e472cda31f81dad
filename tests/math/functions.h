/* The functions of runtime/loom_math.h as a list, for the programs of this folder.
 *
 * X(name, reference) - reference is a double expression in x, far more precise than a float. */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include "loom_math.h"

#define FUNCTIONS(X)                                                        \
    X(exp, exp(x))                                                          \
    X(expm1, expm1(x))                                                      \
    X(log, log(x))                                                          \
    X(log1p, log1p(x))                                                      \
    X(sqrt, sqrt(x))                                                        \
    X(sin, sin(x))                                                          \
    X(cos, cos(x))                                                          \
    X(tanh, tanh(x))                                                        \
    X(sigmoid, 1 / (1 + exp(-x)))                                           \
    X(softplus, x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)))                 \
    X(erf, erf(x))                                                          \
    X(gelu, x < -100 ? -0.0 : x * 0.5 * erfc(x * -0.70710678118654752440))  \
    X(silu, x < -1000 ? -0.0 : x / (1 + exp(-x)))

/* y[i] = f(x[i]), through the vector form, n a multiple of the lanes, and the scalar form. */
#define ARRAY_FORMS(name, T, real)                                                             \
    static void name##_##T##_vector(const real *x, real *y, size_t n)                          \
    {                                                                                          \
        for (size_t i = 0; i < n; i += sizeof(loom_##T##v) / sizeof(real))                     \
            loom_##T##_store(y + i, loom_##name##_##T##v(loom_##T##_load(x + i)));             \
    }                                                                                          \
    static void name##_##T##_scalar(const real *x, real *y, size_t n)                          \
    {                                                                                          \
        for (size_t i = 0; i < n; i++)                                                         \
            y[i] = loom_##name##_##T(x[i]);                                                    \
    }
#define ALL_ARRAY_FORMS(name, reference) \
    ARRAY_FORMS(name, f32, float) ARRAY_FORMS(name, f64, double)
FUNCTIONS(ALL_ARRAY_FORMS)

#endif
