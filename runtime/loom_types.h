/* loom_types.h - the small types that generated code, the public interface and the compiler share. */
#ifndef LOOM_TYPES_H
#define LOOM_TYPES_H

#include <stdint.h>

/* Status codes. */
enum {
    LOOM_OK = 0,
    LOOM_E_ARGUMENT = -1,   /* a null pointer, a wrong size, a name that is not there */
    LOOM_E_FORMAT = -2,     /* not a weights file, or cut short */
    LOOM_E_MISMATCH = -3,   /* a weights file of another model */
    LOOM_E_CHECKSUM = -4,   /* a damaged weights file */
    LOOM_E_SUBNORMALS = -5, /* this thread flushes subnormal numbers to zero: results would differ */
    LOOM_E_MEMORY = -6,     /* none left */
    LOOM_E_UNSUPPORTED = -7, /* the model was not made for that */
    LOOM_E_RANGE = -8       /* a number that the type cannot hold */
};

/* How numbers are stored. The numbers of an instance, of inputs and outputs are of the model's type. */
typedef enum loom_type { LOOM_F32 = 1, LOOM_F64 = 2, LOOM_I8 = 3, LOOM_I16 = 4, LOOM_I32 = 5 } loom_type;

typedef enum loom_schedule_kind {
    LOOM_CONSTANT,    /* rate */
    LOOM_LINEAR,      /* from rate to end in `steps` steps */
    LOOM_COSINE,      /* end + (rate - end) * (1 + cos(pi s / steps)) / 2 */
    LOOM_EXPONENTIAL, /* rate * factor^(s / steps) */
    LOOM_STEP,        /* rate * factor^floor(s / steps) */
    LOOM_POLYNOMIAL   /* end + (rate - end) * (1 - s / steps)^power */
} loom_schedule_kind;

/* For the first `warmup` steps the rate rises from 0 to `rate`; then the schedule starts. */
typedef struct loom_schedule {
    int kind;
    double rate, end, factor, power, steps, warmup;
} loom_schedule;

/* How far an instance is in its training. All of it is saved and restored. */
typedef struct loom_progress {
    uint64_t calls;    /* of forward */
    uint64_t batches;  /* mini-batches seen: the counter of dropout's random numbers */
    uint64_t steps;    /* of the optimiser */
    uint64_t pending;  /* mini-batches whose gradients are kept and wait for the next step */
    loom_schedule schedule; /* learning rate: schedule.rate may be set at any time */
} loom_progress;

#endif
