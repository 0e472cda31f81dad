/* memory.c - loom_save and loom_load on models made by hand: what they refuse, that a refused file changes nothing, what
 * is exact. Every byte of small files is damaged, with the checksum right and wrong, and every length tried.
 *
 *   memory            runs the checks; ends with "N passed, N failed"
 *   memory --dump     writes files to standard output, as hexadecimal text: machines must agree on it */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loom.h"

enum { MAX_TENSORS = 6, ROOM = 4096 };

static int passed, failed;

static void check(int good, const char *what)
{
    passed += good;
    failed += !good;
    if (!good)
        printf("FAILED %s\n", what);
}

/* ---- models ------------------------------------------------------------------------------------------------- */

typedef struct memory {
    double data[MAX_TENSORS][24]; /* of either type */
    loom_progress progress;
} memory;

static void *data(const loom_model *m, void *at, int i) { return i < 0 || i >= m->n_tensors ? NULL : ((memory *)at)->data[i]; }
static loom_progress *progress(const loom_model *m, void *at) { return (void)m, &((memory *)at)->progress; }
static int train(const loom_model *m, void *at, const void *x, const void *y, void *loss)
{
    return (void)m, (void)at, (void)x, (void)y, (void)loss, LOOM_E_UNSUPPORTED;
}

#define ROW(name, role, n) {name, "", "", "", role, 1, {n}, n}
#define TABLE(name, role, a, b) {name, "", "", "", role, 2, {a, b}, (a) * (b)}
#define KERNEL TABLE("fc_kernel", LOOM_PARAM, 3, 4)
#define BIASES ROW("fc_biases", LOOM_PARAM, 4)
#define MEMORY TABLE("fc_kernel_m", LOOM_MEMORY, 3, 4)
#define STATE TABLE("lstm_h", LOOM_STATE, 1, 2)
#define GRADIENT TABLE("fc_kernel_gradient", LOOM_GRADIENT, 3, 4)
#define FROZEN ROW("norm_gamma", LOOM_FROZEN, 3)
static const loom_tensor full[] = {KERNEL, BIASES, MEMORY, STATE, GRADIENT, FROZEN};
static const loom_tensor plain[] = {KERNEL, BIASES};
static const loom_tensor turned[] = {BIASES, KERNEL};
static const loom_tensor renamed[] = {TABLE("fc_kernal", LOOM_PARAM, 3, 4), BIASES};
static const loom_tensor reshaped[] = {TABLE("fc_kernel", LOOM_PARAM, 4, 3), BIASES};
static const loom_tensor fewer[] = {KERNEL};
static const loom_tensor no_memory[] = {KERNEL, BIASES, STATE, GRADIENT, FROZEN};
static const loom_tensor infers[] = {KERNEL, BIASES, STATE, FROZEN};

#define MODEL(type, tensors, train)                                                                                   \
    {LOOM_ABI, type, "net", "{\"layers\": []}", 1, 1, 1, {1, 1}, {1, 1}, 1, 1, sizeof(memory), sizeof(tensors) / sizeof *(tensors), \
     tensors, NULL, NULL, NULL, NULL, NULL, train, NULL, NULL, data, progress}
static const loom_model full32 = MODEL(LOOM_F32, full, train), full64 = MODEL(LOOM_F64, full, train);
static const loom_model plain32 = MODEL(LOOM_F32, plain, NULL), plain64 = MODEL(LOOM_F64, plain, NULL);
static const loom_model turned64 = MODEL(LOOM_F64, turned, NULL), infers64 = MODEL(LOOM_F64, infers, NULL);
static const loom_model no_memory32 = MODEL(LOOM_F32, no_memory, train);

/* Equal in every number; the padding between them does not count. */
static int same(const memory *a, const memory *b)
{
    const loom_progress *p = &a->progress, *q = &b->progress;
    const double r[] = {p->schedule.rate, p->schedule.end, p->schedule.factor, p->schedule.power, p->schedule.steps, p->schedule.warmup};
    const double t[] = {q->schedule.rate, q->schedule.end, q->schedule.factor, q->schedule.power, q->schedule.steps, q->schedule.warmup};
    return memcmp(a->data, b->data, sizeof a->data) == 0 && memcmp(r, t, sizeof r) == 0 && p->calls == q->calls &&
           p->batches == q->batches && p->steps == q->steps && p->pending == q->pending && p->schedule.kind == q->schedule.kind;
}

static void set(const loom_model *m, memory *x, int i, size_t k, double v)
{
    float single = (float)v;
    if (m->type == LOOM_F64)
        x->data[i][k] = v;
    else
        memcpy((char *)x->data[i] + k * sizeof single, &single, sizeof single); /* a float among doubles: not by assignment */
}

static double get(const loom_model *m, memory *x, int i, size_t k)
{
    float single;
    memcpy(&single, (char *)x->data[i] + k * sizeof single, sizeof single);
    return m->type == LOOM_F64 ? x->data[i][k] : (double)single;
}

static memory filled(const loom_model *m, int salt)
{
    memory x;
    memset(&x, 0, sizeof x);
    for (int i = 0; i < m->n_tensors; i++)
        for (size_t k = 0; k < m->tensors[i].size; k++)
            set(m, &x, i, k, m->tensors[i].role == LOOM_FROZEN ? 1.0 + (double)k : (double)((37 * k + 17u * (unsigned)i + (unsigned)salt) % 101) / 50 - 1);
    loom_progress p = {7, 5, 4, 1, {LOOM_COSINE, 0.125, 0.01, 0.5, 2, 100, 3}};
    x.progress = p;
    return x;
}

static size_t save(const loom_model *m, memory *x, loom_save_options o, unsigned char *out)
{
    size_t size = 0;
    check(loom_save(m, x, &o, NULL, 0, &size) == LOOM_OK && size <= ROOM, "the size is told");
    check(loom_save(m, x, &o, out, size - 1, &size) == LOOM_E_SPACE, "one byte too few");
    check(loom_save(m, x, &o, out, size, &size) == LOOM_OK, "saved");
    return size;
}

/* ---- exactness ---------------------------------------------------------------------------------------------------- */

static const loom_save_options checkpoint = {0, 0, 1, 1}, weights = {0, 0, 0, 0};

static void check_checkpoint(const loom_model *m)
{
    unsigned char file[ROOM], again[ROOM];
    memory x = filled(m, 11), y = filled(m, 12);
    set(m, &x, 0, 3, -0.0);
    set(m, &x, 0, 4, (double)INFINITY);
    set(m, &x, 2, 5, (double)NAN);
    size_t n = save(m, &x, checkpoint, file);
    check(loom_load(m, &y, file, n) == LOOM_OK, "a checkpoint loads");
    check(memcmp(&y, &x, sizeof x) == 0, "a checkpoint restores every bit");
    check(save(m, &y, checkpoint, again) == n && memcmp(file, again, n) == 0, "and saves as the same file");
    memset(x.data[3], 0, sizeof x.data[3]); /* zero states and gradients are not stored, but come back */
    memset(x.data[4], 0, sizeof x.data[4]);
    size_t less = save(m, &x, checkpoint, file);
    check(less < n && loom_load(m, &y, file, less) == LOOM_OK && memcmp(&y, &x, sizeof x) == 0, "zero states come back");
}

static void check_weights(void)
{
    unsigned char file[ROOM];
    memory x = filled(&full32, 11), y = filled(&full32, 12), fresh = x;
    size_t n = save(&full32, &x, weights, file);
    memset(fresh.data[2], 0, 3 * sizeof fresh.data[2]);
    loom_schedule kept = fresh.progress.schedule;
    memset(&fresh.progress, 0, sizeof fresh.progress);
    fresh.progress.schedule = kept;
    check(loom_load(&full32, &y, file, n) == LOOM_OK && memcmp(&y, &fresh, sizeof y) == 0, "weights alone: the rest as after init");
    memory z = filled(&turned64, 1), p = filled(&plain32, 11);
    n = save(&plain32, &p, weights, file);
    check(loom_load(&turned64, &z, file, n) == LOOM_OK, "another order, another type");
    for (size_t k = 0; k < 12; k++)
        check(get(&turned64, &z, 1, k) == get(&plain32, &p, 0, k), "float32 in float64 is exact");
}

static void check_rounding(void)
{
    unsigned char file[ROOM];
    memory x = filled(&plain64, 11), y = filled(&plain32, 12), was = y;
    x.data[0][0] = 0.1;
    x.data[0][1] = 1e-60;
    size_t n = save(&plain64, &x, weights, file);
    check(loom_load(&plain32, &y, file, n) == LOOM_OK && get(&plain32, &y, 0, 0) == (double)0.1f && get(&plain32, &y, 0, 1) == 0,
          "float64 in float32 is rounded to nearest");
    x.data[1][3] = 1e39;
    y = was;
    n = save(&plain64, &x, weights, file);
    check(loom_load(&plain32, &y, file, n) == LOOM_E_RANGE && same(&y, &was), "1e39 is too large for float32");
    loom_save_options single = {LOOM_F32, 0, 0, 0}, byte = {LOOM_I8, 0, 0, 0};
    check(loom_save(&plain64, &x, &single, file, ROOM, &n) == LOOM_E_RANGE, "1e39 cannot be stored as float32");
    x.data[1][3] = 0;
    x.data[0][3] = (double)INFINITY;
    check(loom_save(&plain64, &x, &single, file, ROOM, &n) == LOOM_OK, "infinity can");
    check(loom_save(&plain64, &x, &byte, file, ROOM, &n) == LOOM_E_RANGE, "infinity has no code");
}

/* Codes worked out by hand: scale 2/127 is rounded to float32; 0.5, 1.5 and 2.5 scales round to even. */
static void check_codes(void)
{
    unsigned char file[ROOM];
    loom_save_options byte = {LOOM_I8, LOOM_SCALE_TENSOR, 0, 0};
    memory x = filled(&plain64, 0);
    const double scale = 0.25, w[12] = {127 * 0.25, -127 * 0.25, 0.125, 0.375, 0.625, -0.125, -0.375, 0.1249, 0.1251, 0, 1, -3};
    const signed char codes[12] = {127, -127, 0, 2, 2, 0, -2, 0, 1, 0, 4, -12};
    memcpy(x.data[0], w, sizeof w);
    size_t n = save(&plain64, &x, byte, file), at = 0;
    loom_file f;
    loom_stored t;
    check(loom_file_open(file, n, &f) == LOOM_OK && loom_file_next(&f, &at, &t) && t.type == LOOM_I8 && t.n_scales == 1, "int8");
    check(loom_stored_scale(&t, 0) == scale, "the scale is the largest weight / 127");
    check(memcmp(t.data, codes, sizeof codes) == 0, "codes are rounded half to even");
    check(loom_file_next(&f, &at, &t) && t.type == LOOM_F32 && !loom_file_next(&f, &at, &t), "vectors are float32");
    byte.scales = LOOM_SCALE_CHANNEL; /* rows differ in size, columns do not */
    for (int k = 0; k < 12; k++)
        x.data[0][k] = (k / 4 == 0 ? 127.0 : k / 4 == 1 ? 12.7 : 1.27) * (k % 2 ? -1 : 1);
    n = save(&plain64, &x, byte, file);
    at = 0;
    check(loom_file_open(file, n, &f) == LOOM_OK && loom_file_next(&f, &at, &t) && t.axis == 0 && t.n_scales == 3, "a scale for each row");
    check(loom_stored_scale(&t, 2) == (double)0.01f && (signed char)t.data[11] == -127, "the row's own scale");
    memset(x.data[0], 0, sizeof x.data[0]);
    n = save(&plain64, &x, byte, file);
    check(loom_load(&plain64, &x, file, n) == LOOM_OK && x.data[0][5] == 0, "all zero");
}

/* ---- what does not fit --------------------------------------------------------------------------------------------- */

static void check_other(const loom_tensor *tensors, int n_tensors, const char *name)
{
    unsigned char file[ROOM];
    loom_model other = plain32;
    other.tensors = tensors;
    other.n_tensors = n_tensors;
    memory x = filled(&other, 11), y = filled(&plain32, 12), was = y;
    size_t n = save(&other, &x, weights, file);
    check(loom_load(&plain32, &y, file, n) == LOOM_E_MISMATCH && same(&y, &was), name);
    const char *problem = loom_load_problem(&plain32, &y, file, n);
    check(problem && strcmp(problem, tensors == fewer ? "fc_biases" : "fc_kernel") == 0, "the tensor is named");
}

static void check_mismatch(void)
{
    unsigned char file[ROOM];
    check_other(renamed, 2, "another name");
    check_other(reshaped, 2, "another shape");
    check_other(fewer, 1, "a tensor fewer");
    memory x = filled(&full32, 11), y = filled(&full32, 12), was = y, z = filled(&full64, 1), i = filled(&infers64, 2);
    size_t n = save(&full32, &x, checkpoint, file);
    check(loom_load(&plain32, &y, file, n) == LOOM_E_MISMATCH && same(&y, &was), "a tensor more");
    check(loom_load_problem(&full32, &x, file, n) == NULL, "nothing is named when it fits");
    check(loom_load(&full64, &z, file, n) == LOOM_E_MISMATCH, "a checkpoint of another type");
    memory s = filled(&no_memory32, 3);
    check(loom_load(&no_memory32, &s, file, n) == LOOM_E_MISMATCH, "a checkpoint of another optimiser");
    check(loom_load(&infers64, &i, file, n) == LOOM_OK && get(&infers64, &i, 2, 1) == get(&full32, &x, 3, 1), "a model that infers takes weights and states");
    set(&full32, &y, 5, 1, 2.5);
    was = y;
    check(loom_load(&full32, &y, file, n) == LOOM_E_MISMATCH && same(&y, &was), "other frozen weights");
    loom_save_options inexact = {LOOM_I8, 0, 1, 0}, unknown = {9, 0, 0, 0}, scales = {LOOM_I8, 2, 0, 0};
    check(loom_save(&full32, &x, &inexact, NULL, 0, &n) == LOOM_E_ARGUMENT, "a checkpoint is exact");
    check(loom_save(&full32, &x, &unknown, NULL, 0, &n) == LOOM_E_ARGUMENT, "an unknown type");
    check(loom_save(&full32, &x, &scales, NULL, 0, &n) == LOOM_E_ARGUMENT, "unknown scales");
    check(loom_save(NULL, &x, NULL, NULL, 0, &n) == LOOM_E_ARGUMENT && loom_load(&full32, NULL, file, n) == LOOM_E_ARGUMENT &&
          loom_load(&full32, &x, NULL, 3) == LOOM_E_ARGUMENT, "null pointers");
}

/* ---- damage --------------------------------------------------------------------------------------------------------- */

static void fix_checksum(unsigned char *file, size_t n)
{
    unsigned crc = 0xffffffffu;
    for (size_t i = 0; i < n - 4; i++) {
        crc ^= file[i];
        for (int b = 0; b < 8; b++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    for (int i = 0; i < 4; i++)
        file[n - 4 + (size_t)i] = (unsigned char)(~crc >> 8 * i);
}

/* A copy that ends where its memory ends. */
static int load_copy(const loom_model *m, memory *x, const unsigned char *file, size_t n)
{
    unsigned char *copy = malloc(n + (n == 0));
    memcpy(copy, file, n);
    int status = loom_load(m, x, copy, n);
    (void)loom_load_problem(m, x, copy, n);
    free(copy);
    return status;
}

static void damage(const loom_model *m, loom_save_options o, const char *name)
{
    unsigned char file[ROOM], bad[ROOM];
    memory x = filled(m, 11), was = filled(m, 12), y = was;
    size_t n = save(m, &x, o, file);
    int lengths = 0, checksums = 0, unchanged = 1;
    for (size_t k = 0; k < n; k++)
        lengths += load_copy(m, &y, file, k) < 0;
    for (size_t k = 0; k < n; k++)
        for (int v = 1; v < 256; v++) {
            memcpy(bad, file, n);
            bad[k] = (unsigned char)(bad[k] ^ v);
            checksums += v % 16 == 1 ? load_copy(m, &y, bad, n) < 0 : 1;
            fix_checksum(bad, n);
            unchanged &= same(&y, &was);
            int status = k < n - 4 && (v < 3 || v > 253 || (v & (v - 1)) == 0) ? load_copy(m, &y, bad, n) : LOOM_E_FORMAT;
            unchanged &= status == LOOM_OK || same(&y, &was);
            y = was;
        }
    check(lengths == (int)n, "every shorter file is refused");
    check(checksums == (int)n * 255, "every damaged byte is noticed");
    check(unchanged, name);
}

static void fill_length(unsigned char *file, size_t n)
{
    for (int i = 0; i < 8; i++)
        file[12 + i] = (unsigned char)((unsigned long long)n >> 8 * i);
    fix_checksum(file, n);
}

/* Cut short or made longer with right length and checksum. */
static void check_lengths(void)
{
    unsigned char file[ROOM], bad[ROOM];
    memory x = filled(&full32, 11), was = x, y = x;
    size_t n = save(&full32, &x, checkpoint, file);
    int good = 1;
    for (size_t k = 40; k < n + 40; k++) {
        memset(bad, 0, sizeof bad);
        memcpy(bad, file, k < n - 4 ? k : n - 4);
        if (k == n)
            continue;
        fill_length(bad, k);
        good &= load_copy(&full32, &y, bad, k) == LOOM_E_FORMAT && same(&y, &was);
    }
    check(good, "another length is refused even when it says so");
}

static void dump(const loom_model *m, int salt, loom_save_options o)
{
    unsigned char file[ROOM];
    memory x = filled(m, salt);
    size_t n = save(m, &x, o, file);
    for (size_t i = 0; i < n; i++)
        printf("%02x", file[i]);
    printf("\n");
}

int main(int argc, char **argv)
{
    static const loom_save_options all[] = {{0, 0, 0, 0}, {0, 0, 1, 1}, {LOOM_I8, 0, 0, 0}, {LOOM_I8, 1, 0, 1}, {LOOM_I16, 1, 0, 0},
                                            {LOOM_I32, 0, 0, 0}, {LOOM_I32, 1, 0, 0}, {LOOM_F64, 0, 1, 0}};
    const int n_all = (int)(sizeof all / sizeof *all);
    if (argc > 1 && strcmp(argv[1], "--dump") == 0) {
        for (int i = 0; i < n_all; i++) {
            dump(&full32, 11, all[i]);
            dump(&full64, 11, all[i]);
        }
        return failed != 0;
    }
    check_checkpoint(&full32);
    check_checkpoint(&full64);
    check_weights();
    check_rounding();
    check_codes();
    check_mismatch();
    for (int i = 0; i < n_all; i++) {
        damage(&full32, all[i], "a refused file changes nothing (float32)");
        damage(&full64, all[i], "a refused file changes nothing (float64)");
    }
    check_lengths();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
