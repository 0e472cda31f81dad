/* sums.h - the order of sums with one result (lanes8), and what kernels ask of a row of numbers.
 *
 * Lane l takes the elements k with k mod 8 == l in ascending order, starting at zero:
 *     REAL s[8] = {0};  s[k % 8] += v;
 * and LANES8(s) adds the lanes up. Eight, so that any vector width up to eight gives the same bits.
 *
 * R(row_max)(x, n)      x[0], replaced by each x[k] that is larger: NaN only where x[0] is
 * R(row_sum)(x, n)      x[0] + x[1] + ...
 * R(row_dot)(x, y, n)   x[0] * y[0] + x[1] * y[1] + ... */
#ifndef LOOMC_SUMS_H
#define LOOMC_SUMS_H

#include <stdint.h>

#define LANES8(s) ((((s)[0] + (s)[4]) + ((s)[2] + (s)[6])) + (((s)[1] + (s)[5]) + ((s)[3] + (s)[7])))

#define ROWS(T, REAL)                                                     \
    static inline REAL row_max_##T(const REAL *x, int64_t n)              \
    {                                                                     \
        REAL m = x[0];                                                    \
        for (int64_t j = 1; j < n; j++)                                   \
            m = m < x[j] ? x[j] : m;                                      \
        return m;                                                         \
    }                                                                     \
    static inline REAL row_sum_##T(const REAL *x, int64_t n)              \
    {                                                                     \
        REAL s[8] = {0};                                                  \
        for (int64_t j = 0; j < n; j++)                                   \
            s[j % 8] += x[j];                                             \
        return LANES8(s);                                                 \
    }                                                                     \
    static inline REAL row_dot_##T(const REAL *x, const REAL *y, int64_t n) \
    {                                                                     \
        REAL s[8] = {0};                                                  \
        for (int64_t j = 0; j < n; j++)                                   \
            s[j % 8] += x[j] * y[j];                                      \
        return LANES8(s);                                                 \
    }
ROWS(f32, float)
ROWS(f64, double)

#endif
