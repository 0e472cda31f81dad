/*
 * The most float32 operations that one core does in a second, in GFLOP/s, with
 * all values in registers and as many independent chains as hide the latency.
 * Compiled with -ffp-contract=off it is the peak of separate multiplications and
 * additions, the one generated code can reach; with -ffp-contract=fast, of fused.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <time.h>

#if defined(__AVX512F__)
#define LANES 16
#define CHAINS 24
#elif defined(__AVX__)
#define LANES 8
#define CHAINS 12
#else
#define LANES 4
#define CHAINS 12
#endif

#define STEPS 100000
#define ROUNDS 300

typedef float vector __attribute__((vector_size(LANES * sizeof(float))));

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Every chain is x = x * a + b, over and over. */
static float work(float seed)
{
    vector chain[CHAINS], sum = {0};
    vector a = seed * 0.5f + (vector){0}, b = seed + (vector){0};
    for (int i = 0; i < CHAINS; i++) {
        chain[i] = b * (float)i;
    }
    for (int step = 0; step < STEPS; step++) {
#pragma GCC unroll 24
        for (int i = 0; i < CHAINS; i++) {
            chain[i] = chain[i] * a + b;
        }
    }
    for (int i = 0; i < CHAINS; i++) {
        sum += chain[i];
    }
    return sum[0];
}

int main(void)
{
    volatile float seed = 1.0f, sink;
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        sink = work(seed);
        double seconds = now() - start;
        best = seconds < best ? seconds : best;
    }
    (void)sink;
    printf("%.1f\n", 2.0 * LANES * CHAINS * STEPS / best * 1e-9);
    return 0;
}
