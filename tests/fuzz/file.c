/* file.c - libFuzzer: any bytes as a binary file of weights, to loom_load of several models and to loom_file_next. What is
 * refused must change nothing, what loads must save and load again to the same bits.
 *
 * Most damage would only be found to have a wrong checksum: the last four bytes are set right first, and the length too
 * unless the first byte is odd. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/loom.h"

enum { TENSORS = 5, NUMBERS = 12, ROOM = 1 << 16 };

typedef struct memory {
    double data[TENSORS][NUMBERS];
    loom_progress progress;
} memory;

static void *data(const loom_model *m, void *at, int i) { return i < 0 || i >= m->n_tensors ? NULL : ((memory *)at)->data[i]; }
static loom_progress *progress(const loom_model *m, void *at) { return (void)m, &((memory *)at)->progress; }
static int train(const loom_model *m, void *at, const void *x, const void *y, void *loss)
{
    return (void)m, (void)at, (void)x, (void)y, (void)loss, LOOM_OK;
}

static const loom_tensor tensors[TENSORS] = {{"a_kernel", "", "", "", LOOM_PARAM, 2, {3, 4}, 12},
                                             {"a_biases", "", "", "", LOOM_PARAM, 1, {4}, 4},
                                             {"a_kernel_m", "", "", "", LOOM_MEMORY, 2, {3, 4}, 12},
                                             {"h", "", "", "", LOOM_STATE, 2, {1, 2}, 2},
                                             {"g", "", "", "", LOOM_GRADIENT, 1, {4}, 4}};

static void check(int good)
{
    if (!good)
        abort();
}

static void try_model(const loom_model *m, const uint8_t *file, size_t n)
{
    static unsigned char saved[ROOM];
    memory x, was;
    memset(&x, 0x3f, sizeof x);
    memset(&x.progress, 0, sizeof x.progress);
    was = x;
    int status = loom_load(m, &x, file, n);
    (void)loom_load_problem(m, &x, file, n);
    if (status != LOOM_OK) {
        check(memcmp(&x, &was, sizeof x) == 0);
        return;
    }
    const loom_save_options o = {.training = 1};
    size_t size;
    check(loom_save(m, &x, &o, saved, ROOM, &size) == LOOM_OK);
    was = x;
    check(loom_load(m, &x, saved, size) == LOOM_OK && memcmp(&x, &was, sizeof x) == 0);
    for (int type = LOOM_F32; type <= LOOM_I32; type++) {
        const loom_save_options other = {.type = type, .scales = type % 2};
        status = loom_save(m, &x, &other, saved, ROOM, &size);
        check(status == LOOM_E_RANGE || (status == LOOM_OK && loom_load(m, &x, saved, size) != LOOM_E_FORMAT));
        x = was;
    }
}

static void walk(const uint8_t *file, size_t n)
{
    loom_file f;
    loom_stored t;
    size_t at = 0, count = 0;
    if (loom_file_open(file, n, &f) != LOOM_OK)
        return;
    while (loom_file_next(&f, &at, &t)) {
        double *out = malloc(t.size * sizeof *out);
        (void)loom_stored_read(&t, count % 2 ? LOOM_F32 : LOOM_F64, out);
        free(out);
        count++;
    }
    check(count == f.n_tensors);
}

static void make_right(uint8_t *file, size_t n, int length)
{
    uint32_t crc = 0xffffffffu;
    for (int i = 0; length && i < 8; i++)
        file[12 + i] = (uint8_t)((uint64_t)n >> 8 * i);
    memcpy(file, "\x89LOOM\r\n\x1a", 8);
    for (size_t i = 0; i < n - 4; i++) {
        crc ^= file[i];
        for (int b = 0; b < 8; b++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    for (int i = 0; i < 4; i++)
        file[n - 4 + (size_t)i] = (uint8_t)(~crc >> 8 * i);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const loom_model models[] = {
        {.abi = LOOM_ABI, .type = LOOM_F32, .id = "a", .description = "{}", .n_tensors = TENSORS, .tensors = tensors, .train = train, .data = data, .progress = progress},
        {.abi = LOOM_ABI, .type = LOOM_F64, .id = "a", .description = "{}", .n_tensors = TENSORS, .tensors = tensors, .train = train, .data = data, .progress = progress},
        {.abi = LOOM_ABI, .type = LOOM_F64, .id = "a", .description = "{}", .n_tensors = 2, .tensors = tensors, .data = data, .progress = progress}};
    uint8_t *file = malloc(n + (n == 0)); /* ends where its memory ends */
    memcpy(file, bytes, n);
    if (n >= 40)
        make_right(file, n, bytes[0] % 2 == 1);
    walk(file, n);
    for (int i = 0; i < 3; i++)
        try_model(&models[i], file, n);
    free(file);
    return 0;
}
