/* loom_types.h - the small types that generated code, the public interface and the compiler share. */
#ifndef LOOM_TYPES_H
#define LOOM_TYPES_H

#include <stdint.h>

/* Status codes: what a function returns that can fail. The texts are those of loom_status_text. */
#define LOOM_STATUSES(X)                                                                                 \
    X(LOOM_OK, 0, "success")                                                                             \
    X(LOOM_E_ARGUMENT, -1, "an argument is null, misaligned, of a wrong size or out of range")           \
    X(LOOM_E_FORMAT, -2, "not in the format that is read here, or cut short")                            \
    X(LOOM_E_MISMATCH, -3, "belongs to another model: its tensors differ in name or shape")              \
    X(LOOM_E_CHECKSUM, -4, "damaged: the checksum does not fit")                                         \
    X(LOOM_E_SUBNORMALS, -5, "this thread flushes subnormal numbers to zero, so results would differ")   \
    X(LOOM_E_MEMORY, -6, "out of memory")                                                                \
    X(LOOM_E_UNSUPPORTED, -7, "the model was not made for that")                                         \
    X(LOOM_E_RANGE, -8, "a number is larger than the type can hold, or none")                            \
    X(LOOM_E_NOT_FOUND, -9, "there is nothing of that name")                                             \
    X(LOOM_E_CONSTANT, -10, "the tensor is constant")                                                    \
    X(LOOM_E_SPACE, -11, "the memory given is too small")                                                \
    X(LOOM_E_ABI, -12, "the model was made for another version of the interface")                        \
    X(LOOM_E_EXISTS, -13, "there is another one of that name")                                           \
    X(LOOM_E_DESCRIPTION, -14, "the description or text is wrong; the error's message says where")       \
    X(LOOM_E_NOT_FINITE, -15, "a result is infinite or no number")

#define LOOM_STATUS_NAME(name, value, text) name = value,
enum loom_status { LOOM_STATUSES(LOOM_STATUS_NAME) };
#undef LOOM_STATUS_NAME

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
