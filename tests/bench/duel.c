/*
 * Times ONNX Runtime and generated models on the same input, in one process.
 *
 *     duel libonnxruntime.so net.onnx SECONDS [name=library.so ...]
 *
 * The engines take turns, a few milliseconds each, until the seconds are used up:
 * whatever slows the machine down slows all of them down. Prints one line of
 * JSON: the least and the middle time of a call in microseconds, and the largest
 * difference from ONNX Runtime's output relative to that output's largest value.
 */
#define _POSIX_C_SOURCE 200809L
#include "ort.h"

#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_ENGINES 8
#define MAX_ROUNDS 5000
#define MIN_ROUNDS 11
#define TURN_SECONDS 0.002

struct engine {
    char name[32];
    void (*run)(const float *input, float *output);     /* NULL: ONNX Runtime */
    struct ort *ort;
    float *input, *output;
    int calls;                                          /* in one turn */
    double times[MAX_ROUNDS];                           /* of one call, in microseconds */
};

static struct engine engines[MAX_ENGINES];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *allocate(size_t n)
{
    void *memory;
    if (posix_memalign(&memory, 64, n ? n : 1)) {
        fputs("duel: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

/* Numbers in -1..1 of a small fixed generator. */
static void fill(float *values, size_t n)
{
    uint32_t state = 1;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
    }
}

static void load(struct engine *engine, const char *argument)
{
    const char *path = strchr(argument, '=');
    void *library = path ? dlopen(path + 1, RTLD_NOW | RTLD_LOCAL) : NULL;
    void (*init)(void);
    if (!library) {
        fprintf(stderr, "duel: cannot load %s: %s\n", argument, path ? dlerror() : "no =");
        exit(1);
    }
    snprintf(engine->name, sizeof engine->name, "%.*s", (int)(path - argument), argument);
    *(void **)&init = dlsym(library, "bench_init");
    *(void **)&engine->run = dlsym(library, "bench_run");
    init();
}

/* Seconds that this many calls take. */
static double turn(struct engine *engine, int calls)
{
    double start = now();
    for (int i = 0; i < calls; i++) {
        if (engine->run) {
            engine->run(engine->input, engine->output);
        } else {
            ort_run(engine->ort);
        }
    }
    return now() - start;
}

static void warm_up(struct engine *engine)
{
    turn(engine, 3);
    engine->calls = 1;
    while (turn(engine, engine->calls) < TURN_SECONDS) {
        engine->calls *= 2;
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double difference(const float *a, const float *b, size_t n)
{
    double most = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, isfinite(a[i]) ? fabs((double)a[i] - b[i]) : INFINITY);
        largest = fmax(largest, fabs((double)b[i]));
    }
    return largest > 0 ? most / largest : most;
}

static void report(struct engine *engine, int rounds, const char *separator)
{
    size_t size = ort_output_size(engines[0].ort);
    double off = difference(engine->output, engines[0].output, size);
    qsort(engine->times, (size_t)rounds, sizeof *engine->times, by_size);
    printf("\"%s\": {\"min\": %.4f, \"median\": %.4f, \"difference\": %.3g}%s", engine->name,
           engine->times[0], engine->times[rounds / 2], isfinite(off) ? off : 1e30, separator);
}

int main(int argc, char **argv)
{
    int n = 1, rounds = 0;
    double end;
    if (argc < 4 || argc - 4 >= MAX_ENGINES) {
        fputs("usage: duel libonnxruntime.so net.onnx SECONDS [name=library.so ...]\n", stderr);
        return 2;
    }
    strcpy(engines[0].name, "ort");
    engines[0].ort = ort_open(argv[1], argv[2]);
    for (; n < argc - 3; n++) {
        load(&engines[n], argv[n + 3]);
    }
    for (int i = 0; i < n; i++) {
        size_t inputs = ort_input_size(engines[0].ort), outputs = ort_output_size(engines[0].ort);
        engines[i].input = allocate(inputs * sizeof(float));
        engines[i].output = allocate(outputs * sizeof(float));
        fill(engines[i].input, inputs);
        memset(engines[i].output, 0, outputs * sizeof(float));
        if (engines[i].ort) {
            ort_bind(engines[i].ort, engines[i].input, engines[i].output);
        }
        warm_up(&engines[i]);
    }
    for (end = now() + atof(argv[3]); rounds < MIN_ROUNDS || (now() < end && rounds < MAX_ROUNDS);
         rounds++) {
        for (int i = 0; i < n; i++) {
            struct engine *engine = &engines[(i + rounds) % n];
            engine->times[rounds] = 1e6 * turn(engine, engine->calls) / engine->calls;
        }
    }
    printf("{\"rounds\": %d, ", rounds);
    for (int i = 0; i < n; i++) {
        report(&engines[i], rounds, i < n - 1 ? ", " : "}\n");
    }
    return 0;
}
