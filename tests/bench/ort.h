/*
 * ONNX Runtime through its C interface, without its header: the interface is
 * one table of functions that only ever grows at its end, so a function is
 * found by its place in the table. Only the places used here are named.
 */
#ifndef BENCH_ORT_H
#define BENCH_ORT_H

#include <stddef.h>

struct ort;                                     /* one model, ready to run, on one thread */

/* Loads the library and the model; ends the program with a message when either fails. */
struct ort *ort_open(const char *library, const char *model);
size_t ort_input_size(const struct ort *ort);   /* numbers, not bytes */
size_t ort_output_size(const struct ort *ort);
void ort_bind(struct ort *ort, float *input, float *output);    /* where every run reads, writes */
void ort_run(struct ort *ort);

#endif
