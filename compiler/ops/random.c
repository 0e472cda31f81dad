/* random.c - uniform numbers in (0, 1), from a counter: the same on every machine and in any order. */
#ifndef REAL
#include "qops.h"

#include "../../runtime/loom_random.h"

/* An odd number of halves of the last place: never 0, never 1, exact. */
static float uniform_f32(uint64_t bits) { return (float)(2 * (bits >> 41) + 1) * 0x1p-24f; }
static double uniform_f64(uint64_t bits) { return (double)(2 * (bits >> 12) + 1) * 0x1p-53; }

#define KERNEL_FILE "random.c"
#include "kernel.h"

static const attr_def attrs[] = {{"stream", ATTR_INT, offsetof(random_attr, stream), 0}, {0}};

const op_type op_random = {
    .name = "random",
    .doc = "uniform numbers in (0, 1), from the seed, the stream and the count of calls",
    .flags = OP_RANDOM,
    .attrs = attrs,
    .eval = KERNELS(random),
    .quantise = quantise_random,
};

tensor_id random_uniform(graph *g, shape s, uint64_t seed, int stream)
{
    random_attr at = {(int64_t)seed, stream};
    tensor_id none = 0;
    return op_new(g, &op_random, &at, sizeof at, s, 0, &none);
}

#else

static void R(random)(const eval_args *e)
{
    const random_attr *at = e->attr;
    REAL *y = e->out;
    int64_t n = shape_size(e->out_shape);
    for (int64_t i = 0; i < n; i++)
        y[i] = R(uniform)(loom_random_u64((uint64_t)at->seed, (uint64_t)at->stream, e->call, (uint64_t)i));
}

#endif
