/* program.c - see program.h. Runs on boards too: no C library. same_bits.mjs is the same in JavaScript. */
#include "program.h"
#include "sha256.h"

enum { CALLS = 3, STEPS = 50 };

/* A number from a counter: the same bits come out of any machine that has 32-bit integers. */
static uint32_t scramble(uint32_t x)
{
    x = (x + 1) * 2654435761u;
    x = (x ^ x >> 15) * 2246822519u;
    x = (x ^ x >> 13) * 3266489917u;
    return x ^ x >> 16;
}

/* From -1.95 to 1.95 in steps of 1/512, or 0 .. vocabulary-1. */
static void make_input(float *x, size_t n, uint32_t turn, uint32_t vocabulary)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t r = scramble(turn * 65536u + (uint32_t)i);
        x[i] = vocabulary ? (float)(r % vocabulary) : (float)((int32_t)(r % 2001u) - 1000) / 512.0f;
    }
}

/* From 0 to 1 in steps of 1/256. */
static void make_target(float *x, size_t n, uint32_t turn)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(scramble(turn * 65536u + 32768u + (uint32_t)i) % 257u) / 256.0f;
}

/* Their bits, little-endian. Returns 0 when one is not finite. */
static int add(sha256 *s, const float *x, size_t n)
{
    int finite = 1;
    for (size_t i = 0; i < n; i++) {
        union { float number; uint32_t bits; } u;
        u.number = x[i];
        finite &= (u.bits >> 23 & 255u) != 255u;
        for (int shift = 0; shift < 32; shift += 8)
            sha256_byte(s, (uint8_t)(u.bits >> shift));
    }
    return finite;
}

static int report(const loom_model *m, const char *what, const char *more)
{
    print("error ");
    print(loom_model_id(m));
    print(" ");
    print(what);
    print(more);
    print("\n");
    return 1;
}

/* All weights, and with `all` what the optimiser keeps and states. Returns 0 when one is not finite. */
static int add_weights(const loom_model *m, void *instance, int all, sha256 *s)
{
    int finite = 1;
    for (int i = 0; i < loom_tensor_count(m); i++) {
        const int role = loom_tensor_role(m, i);
        if (role == LOOM_PARAM || (all && (role == LOOM_MEMORY || role == LOOM_STATE)))
            for (size_t k = 0; k < loom_tensor_size(m, i); k++) {
                float x = 0;
                finite &= !loom_tensor_get(m, instance, i, k, 1, &x);
                finite &= add(s, &x, 1);
            }
    }
    return finite;
}

static int call(const loom_model *m, void *instance, uint32_t turn, uint32_t vocabulary, const buffers *b, sha256 *s)
{
    const size_t n = loom_input_size(m), n_out = loom_output_size(m);
    make_input(b->input, n, turn, vocabulary);
    int status = loom_forward(m, instance, b->input, n, b->output, n_out);
    if (status)
        return report(m, "forward: ", loom_status_text(status));
    return add(s, b->output, n_out) ? 0 : report(m, "forward: an output is not finite", "");
}

static int step(const loom_model *m, void *instance, uint32_t turn, uint32_t vocabulary, const buffers *b, sha256 *s)
{
    double loss = 0;
    make_input(b->input, loom_input_size(m), turn, vocabulary);
    make_target(b->target, loom_output_size(m), turn);
    int status = loom_train(m, instance, b->input, b->target, loom_model_batch(m), &loss);
    const float rounded = (float)loss;
    if (status)
        return report(m, "train: ", loom_status_text(status));
    return add(s, &rounded, 1) ? 0 : report(m, "train: a loss is not finite", "");
}

static int same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static void print_line(const loom_model *m, const char *outputs, const char *weights)
{
    print(loom_model_id(m));
    print(" ");
    print(outputs);
    print(" ");
    print(weights);
    print("\n");
}

int run_network(const loom_model *m, void *instance, uint32_t vocabulary, const buffers *b)
{
    sha256 outputs, fresh, trained, all;
    char texts[4][65];
    uint32_t turn = 0;
    sha256_start(&outputs);
    sha256_start(&fresh);
    sha256_start(&trained);
    sha256_start(&all);
    add_weights(m, instance, 0, &fresh);
    while (turn < CALLS)
        if (call(m, instance, turn++, vocabulary, b, &outputs))
            return 1;
    while (turn < CALLS + STEPS)
        if (step(m, instance, turn++, vocabulary, b, &outputs))
            return 1;
    loom_reset(m, instance);
    while (turn < CALLS + STEPS + CALLS)
        if (call(m, instance, turn++, vocabulary, b, &outputs))
            return 1;
    add_weights(m, instance, 0, &trained);
    if (!add_weights(m, instance, 1, &all))
        return report(m, "a weight is not finite", "");
    sha256_end(&outputs, texts[0]);
    sha256_end(&fresh, texts[1]);
    sha256_end(&trained, texts[2]);
    sha256_end(&all, texts[3]);
    if (same(texts[1], texts[2]))
        return report(m, "training changed no weight", "");
    print_line(m, texts[0], texts[3]);
    return 0;
}
