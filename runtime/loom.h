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

#ifdef __cplusplus
}
#endif

#endif
