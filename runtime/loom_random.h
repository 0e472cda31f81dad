/* loom_random.h - random numbers from a counter.
 *
 * Number `index` of call `call` of stream `stream` is a function of these and the seed: there is no
 * state to keep, any of them can be computed alone, and every machine gets the same. C99, C++17. */
#ifndef LOOM_RANDOM_H
#define LOOM_RANDOM_H

#include <stdint.h>

/* A permutation of the 64-bit integers in which each bit of x flips each bit of the result with
 * probability 1/2. The factors are the fractions of pi and e, made odd. */
static inline uint64_t loom_random_mix(uint64_t x)
{
    x = (x ^ (x >> 32)) * UINT64_C(0x243f6a8885a308d3);
    x = (x ^ (x >> 29)) * UINT64_C(0xb7e151628aed2a6b);
    return x ^ (x >> 32);
}

/* Two rounds for the last counter, one for each before it, which the next ones mix further. */
static inline uint64_t loom_random_u64(uint64_t seed, uint64_t stream, uint64_t call, uint64_t index)
{
    const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15); /* the ratio's fraction */
    uint64_t x = loom_random_mix(seed + golden);
    x = loom_random_mix(x + (stream + 1) * golden);
    x = loom_random_mix(x + (call + 1) * golden);
    return loom_random_mix(loom_random_mix(x + (index + 1) * golden) + golden);
}

#endif
