/* loom_number.h - numbers as decimal text, and back: correctly rounded, without a locale and without a library.
 *
 * Reading gives the number that is nearest to what the text says, ties to even, directly in the precision asked for.
 * Writing gives the shortest text that reads back as the same number, and of these the nearest. Both are exact for
 * every input; only + - * / of small integers and of exact powers of ten are left to the machine's floating point.
 * C99, C++17. */
#ifndef LOOM_NUMBER_H
#define LOOM_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LOOM_NUMBER_SIZE 32 /* bytes that the text of a number needs, its final zero included */

/* Reads the number at the beginning of text[0 .. n-1]: "-1.5e3"; also "+1", "01", ".5" and "5.", which JSON does not have.
 * Returns its length, 0 when there is none. What is too large becomes infinity, what is too small zero. */
size_t loom_read_f32(const char *text, size_t n, float *x);
size_t loom_read_f64(const char *text, size_t n, double *x);

/* Length of the number at the beginning of the text, as JSON has numbers; 0 when there is none. */
size_t loom_number_length(const char *text, size_t n);

/* Writes x and a final zero; returns the length. With an exponent below 1e-6 and from 1e21 on ("1e-7", "1.5e+21"), else
 * without. Not numbers: "NaN", "Infinity", "-Infinity". */
size_t loom_write_f32(char out[LOOM_NUMBER_SIZE], float x);
size_t loom_write_f64(char out[LOOM_NUMBER_SIZE], double x);
size_t loom_write_u64(char out[LOOM_NUMBER_SIZE], uint64_t x);

#ifdef __cplusplus
}
#endif

#endif
