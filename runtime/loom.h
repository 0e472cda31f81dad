/* loom.h - the public C interface of Loom: the same for libloom, which runs any network from its description, and
 * for models that loomc compiled.
 *
 * A `loom_model` describes one network: its sizes, its tensors, and the functions that run it. It is constant and
 * shared by all threads. An *instance* is the memory of one running copy: `instance_size` bytes, aligned to 64.
 * Calls on different instances may run at the same time on any threads; one instance takes one call at a time.
 *
 * Functions that can fail return 0 or a negative status (loom_types.h). C99, C++. */
#ifndef LOOM_H
#define LOOM_H

#include <stddef.h>
#include <stdint.h>

#include "loom_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LOOM_ABI 1
#define LOOM_MAX_RANK 6

/* What a tensor of an instance is. */
typedef enum loom_role {
    LOOM_PARAM = 1,    /* a weight that training changes, the statistics of batch_norm included */
    LOOM_MEMORY = 2,   /* of the optimiser: same shape as its parameter; zero at the start */
    LOOM_STATE = 3,    /* kept from call to call, as of an lstm with "stateful"; zero after loom_reset */
    LOOM_GRADIENT = 4, /* sum of the gradients since the last update, when they are kept */
    LOOM_FROZEN = 5    /* a weight that nothing changes; of a compiled model it may be constant memory */
} loom_role;

typedef struct loom_tensor {
    const char *name;  /* unique in the model: "fc1_kernel" */
    const char *layer; /* path of the layer it belongs to: "fc1", "block.0.fc"; "" when to none */
    const char *key;   /* in the weights of that layer: "kernel" */
    const char *place; /* of that layer's weights in a bundle: "2", "2/filter_gate", "3/branch_weights/0" */
    int role;          /* a loom_role */
    int rank;
    int64_t dim[LOOM_MAX_RANK];
    size_t size;       /* numbers: the product of dim; they lie row-major */
} loom_tensor;

typedef struct loom_model loom_model;
struct loom_model {
    uint32_t abi;             /* LOOM_ABI */
    uint32_t type;            /* a loom_type */
    const char *id;
    const char *description;  /* the network as JSON text */
    int64_t batch;            /* samples in one call: the first dimension of input and output */
    int input_rank, output_rank;
    int64_t input_dim[LOOM_MAX_RANK], output_dim[LOOM_MAX_RANK];
    size_t input_size, output_size; /* numbers in one call, batch included */
    size_t instance_size;     /* bytes of one instance */
    int n_tensors;
    const loom_tensor *tensors;
    const void *context;      /* of the functions below; NULL in a compiled model */

    /* The first call on an instance: its memory may hold anything. The last one: gives back what init took. */
    int (*init)(const loom_model *m, void *instance);
    void (*end)(const loom_model *m, void *instance);
    /* Forgets what is kept from call to call (LOOM_STATE); weights and progress stay. */
    void (*reset)(const loom_model *m, void *instance);
    /* One call: input_size numbers to output_size numbers. */
    int (*forward)(const loom_model *m, void *instance, const void *input, void *output);
    /* One mini-batch of `batch` samples: forward, loss, gradients, update. *loss gets the loss before the update, one
     * number of the model's type. NULL when the model was not made for training. With "accumulate": N in the
     * description only each N-th call updates. */
    int (*train)(const loom_model *m, void *instance, const void *input, const void *target, void *loss);
    /* The two halves: adds to the gradients that are kept; one step of the optimiser with their mean, after which
     * they are zero. NULL when gradients are not kept (a compiled model needs "accumulate" for that). */
    int (*backward)(const loom_model *m, void *instance, const void *input, const void *target, void *loss);
    int (*update)(const loom_model *m, void *instance);
    /* The numbers of tensors[i]; NULL for i out of range. Those of LOOM_FROZEN must not be written. */
    void *(*data)(const loom_model *m, void *instance, int i);
    loom_progress *(*progress)(const loom_model *m, void *instance);
};

/* ---- files (loom_file.c; the format: runtime/FILES.md) --------------------------------------------------------
 *
 * All weights of an instance in one block of bytes, the same bytes on every machine, with a checksum. A file loads
 * into any model with the same weights, by name and shape, whatever types both have. Nothing here allocates, and no
 * buffer need be aligned. */

typedef enum loom_scales {
    LOOM_SCALE_TENSOR = 0, /* one scale for a tensor */
    LOOM_SCALE_CHANNEL = 1 /* one for each index of its first or its last dimension, whichever errs less */
} loom_scales;

typedef struct loom_save_options {
    int type;        /* of the weights in the file, a loom_type; 0: the model's own, exact */
    int scales;      /* a loom_scales, for LOOM_I8, LOOM_I16 and LOOM_I32 */
    int training;    /* 1: a checkpoint: also the optimiser's memory, states, kept gradients and the progress */
    int description; /* 1: the network's description too, so that the file tells how to make its model */
} loom_save_options;

/* Writes the instance to bytes[0 .. *size-1]. `bytes` NULL only tells the size. `o` NULL is all zero.
 * LOOM_E_ARGUMENT: capacity is below *size, or an option is wrong; a checkpoint must be exact. LOOM_E_RANGE: a weight
 * is too large for the type, or it is an integer type and the weight infinite or no number. */
int loom_save(const loom_model *m, void *instance, const loom_save_options *o, void *bytes, size_t capacity, size_t *size);

/* Gives the instance the file's weights. All is checked before the first number is written: after an error the
 * instance is as it was. What a file without a checkpoint lacks is as after init (optimiser, states, gradients and
 * counts zero), the schedule stays. From a checkpoint the next calls give the bits that the saved instance would give;
 * a model that does not train leaves out the optimiser's part. Weights that are LOOM_FROZEN are not written: the file
 * must hold the same numbers. LOOM_E_FORMAT, LOOM_E_CHECKSUM: no file of ours, cut short, or damaged. LOOM_E_MISMATCH:
 * of another network, or a checkpoint of a model with another type or optimiser; loom_load_problem names the tensor.
 * LOOM_E_RANGE: a weight is too large for the model's type. */
int loom_load(const loom_model *m, void *instance, const void *bytes, size_t size);

/* The name of the first tensor for which loom_load says LOOM_E_MISMATCH; NULL when the file fits, or for none of them. */
const char *loom_load_problem(const loom_model *m, void *instance, const void *bytes, size_t size);

/* What a file holds. Its texts lie in the file and do not end with 0. */
typedef struct loom_file {
    int type;             /* a loom_type: of the model that was saved */
    int training;         /* 1: a checkpoint, with the next one */
    loom_progress progress;
    size_t n_tensors;
    const char *id, *description;
    size_t id_size, description_size; /* 0: none */
    const unsigned char *bytes;       /* the file; its first and its last tensor end there */
    size_t first, last;
} loom_file;

typedef struct loom_stored {
    const char *name;
    size_t name_size;
    int role;             /* a loom_role */
    int type;             /* a loom_type: how its numbers are stored */
    int rank;
    int64_t dim[LOOM_MAX_RANK];
    size_t size;
    int axis;             /* the dimension that the scales belong to; -1: one scale, or none */
    size_t n_scales;      /* 0 for LOOM_F32 and LOOM_F64 */
    const unsigned char *scales, *data;
} loom_stored;

/* Checks all of a file. Then loom_file_next gives its tensors one by one, starting with *at = 0, and returns 0 after the
 * last. loom_stored_read writes a tensor's numbers as LOOM_F32 or LOOM_F64, rounded to nearest; it returns LOOM_OK, or
 * LOOM_E_RANGE when one is too large, and then has written nothing; `out` NULL only checks. */
int loom_file_open(const void *bytes, size_t size, loom_file *f);
int loom_file_next(const loom_file *f, size_t *at, loom_stored *t);
int loom_stored_read(const loom_stored *t, int type, void *out);
double loom_stored_scale(const loom_stored *t, size_t i); /* number i of n_scales */

#ifdef __cplusplus
}
#endif

#endif
