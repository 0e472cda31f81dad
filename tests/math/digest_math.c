/* One number for all results of runtime/loom_math.h: every build on every machine must print the
 * same.
 *
 *      digest_math        prints the digest
 *      digest_math -v     prints one for each function and format first
 *
 * It covers DIGEST_POINTS arguments per function and format, over all signs and exponents and more
 * densely where the functions bend, each through the vector and the scalar form. With -DDIGEST_ONLY
 * there is no main and no stdio: call math_digest() from a machine that has neither. */
#include "functions.h"

#ifndef DIGEST_POINTS
#define DIGEST_POINTS 65536
#endif
enum { BLOCK = 64 };

/* FNV-1a, a byte at a time; all NaN count as one. */
static uint64_t digest_bits(uint64_t digest, uint64_t bits, int n_bytes)
{
    for (int i = 0; i < n_bytes; i++) {
        digest ^= bits >> (8 * i) & 0xff;
        digest *= 0x100000001b3u;
    }
    return digest;
}

static uint64_t digest_f32(uint64_t digest, const float *y)
{
    for (int i = 0; i < BLOCK; i++)
        digest = digest_bits(digest, y[i] == y[i] ? loom_bits_f32(y[i]) : 0x7fc00000u, 4);
    return digest;
}

static uint64_t digest_f64(uint64_t digest, const double *y)
{
    for (int i = 0; i < BLOCK; i++)
        digest = digest_bits(digest, y[i] == y[i] ? loom_bits_f64(y[i]) : 0x7ff8000000000000u, 8);
    return digest;
}

/* Even arguments walk through all bit patterns, odd ones have exponents of numbers from 2^-20 to
 * 2^10. */
static float argument_f32(uint32_t i)
{
    uint32_t u = i * 2654435761u;
    return loom_from_bits_f32(i & 1 ? (u & 0x807fffffu) | (107u + i / 2 % 31) << 23 : u);
}

static double argument_f64(uint32_t i)
{
    uint64_t u = i * 0x9e3779b97f4a7c15u;
    return loom_from_bits_f64(
        i & 1 ? (u & 0x800fffffffffffffu) | (uint64_t)(1003u + i / 2 % 31) << 52 : u);
}

typedef void array_f32(const float *, float *, size_t);
typedef void array_f64(const double *, double *, size_t);

static uint64_t digest_function(uint64_t digest, array_f32 *v32, array_f32 *s32, array_f64 *v64,
                                array_f64 *s64)
{
    float x[BLOCK], y[BLOCK];
    double xd[BLOCK], yd[BLOCK];
    for (uint32_t i = 0; i < DIGEST_POINTS; i += BLOCK) {
        for (uint32_t j = 0; j < BLOCK; j++) {
            x[j] = argument_f32(i + j);
            xd[j] = argument_f64(i + j);
        }
        if (v32) {
            v32(x, y, BLOCK);
            digest = digest_f32(digest, y);
            s32(x, y, BLOCK);
            digest = digest_f32(digest, y);
        }
        if (v64) {
            v64(xd, yd, BLOCK);
            digest = digest_f64(digest, yd);
            s64(xd, yd, BLOCK);
            digest = digest_f64(digest, yd);
        }
    }
    return digest;
}

#define START 0xcbf29ce484222325u

uint64_t math_digest(void);
uint64_t math_digest(void)
{
    uint64_t digest = START;
#define DIGEST(name, reference)                                                               \
    digest = digest_function(digest, name##_f32_vector, name##_f32_scalar, name##_f64_vector, \
                             name##_f64_scalar);
    FUNCTIONS(DIGEST)
    return digest;
}

#ifndef DIGEST_ONLY
#include <stdio.h>

int main(int argc, char **argv)
{
    (void)argv;
#define PRINT(name, reference)                                                                    \
    printf("%-8s f32 %016llx  f64 %016llx\n", #name,                                              \
           (unsigned long long)digest_function(START, name##_f32_vector, name##_f32_scalar, NULL, \
                                               NULL),                                             \
           (unsigned long long)digest_function(START, NULL, NULL, name##_f64_vector,              \
                                               name##_f64_scalar));
    if (argc > 1) {
        FUNCTIONS(PRINT)
    }
    printf("%016llx\n", (unsigned long long)math_digest());
    return 0;
}
#endif
