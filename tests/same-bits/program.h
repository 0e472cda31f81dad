/* program.h - what is done with one network, the same on every engine and machine (program.c). */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "loom.h"

/* Room for one call each: loom_input_size numbers, and twice loom_output_size. */
typedef struct buffers {
    float *input, *target, *output;
} buffers;

/* Runs 3 calls on a fresh instance, 50 mini-batches of training, and 3 calls again. Prints one line:
 *   NAME DIGEST-OF-OUTPUTS-AND-LOSSES DIGEST-OF-WEIGHTS-AND-OPTIMISER
 * Inputs are made from integers; with a vocabulary they are whole numbers below it. Returns 0; else the line tells what
 * went wrong: a status, a number that is not finite (NaNs are outside what is compared), weights that stayed. */
int run_network(const loom_model *m, void *instance, uint32_t vocabulary, const buffers *b);

/* console_host.c or console_board.c */
void print(const char *text);

#endif
