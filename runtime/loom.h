/* loom.h - the public C interface of Loom: the same for libloom, which runs any network from its description, and
 * for models that loomc compiled.
 *
 * A `loom_model` describes one network: its sizes, its tensors, and the functions that run it. It is constant and
 * shared by all threads. An *instance* is the memory of one running copy: `instance_size` bytes, aligned to 64.
 * Calls on different instances may run at the same time on any threads; one instance takes one call at a time.
 *
 * The parts of this file, each of which is one or two files of runtime/ to link:
 *
 *   models, instances, runs, tensors   loom.c           needs no memory, no library
 *   models from JSON                   libloom: any network; beside compiled models: loom_select.c
 *   instances on the heap              loom_heap.c
 *   evaluation, optimisers             loom_metrics.c, loom_optimise.c
 *   training, epoch after epoch        loom_fit.c
 *   files of weights, bundles          loom_file.c, loom_bundle.c
 *   text in, text out                  loom_text.c and its parts: the functions that are named Loom...
 *
 * Functions that can fail return 0 or a negative status (loom_types.h); they check every argument that can be
 * checked and then do nothing. What cannot be checked is trusted: that a pointer to a model or an instance is one,
 * and that a buffer has the size that is given with it. Names and texts are UTF-8 that ends with a zero.
 *
 * C99, C++. */
#ifndef LOOM_H
#define LOOM_H

#include <stddef.h>
#include <stdint.h>

#include "loom_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LOOM_ABI 1

/* Before a function that a shared library exports; everything else is hidden in one. */
#ifndef LOOM_API
#if defined(_WIN32) && defined(LOOM_EXPORT)
#define LOOM_API __declspec(dllexport)
#elif defined(__GNUC__) && !defined(_WIN32)
#define LOOM_API __attribute__((visibility("default")))
#else
#define LOOM_API
#endif
#endif

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

/* ---- models ------------------------------------------------------------------------------------------------- */

/* LOOM_ABI of the library. A program that was compiled with another one must not go on. */
LOOM_API uint32_t loom_abi(void);

/* What a status means, in English; for numbers that are none, "unknown status". With LOOM_NO_TEXT defined when loom.c
 * is compiled, always "". */
LOOM_API const char *loom_status_text(int status);

/* Makes a compiled-in model known to loom_model_find and to the functions that take JSON. The generated code does not do
 * it: a program calls `loom_register(digits_model())` for each model that it wants to be found, when it starts and
 * before other threads look for models; nothing is locked here. Registering a model twice is no error.
 * LOOM_E_ARGUMENT: NULL. LOOM_E_ABI: not of this version. LOOM_E_EXISTS: another model has the same id and type.
 * LOOM_E_SPACE: there are LOOM_MAX_MODELS. */
LOOM_API int loom_register(const loom_model *m);

#ifndef LOOM_MAX_MODELS
#define LOOM_MAX_MODELS 32
#endif

/* The registered models, in the order of their registration; NULL for i out of range. */
LOOM_API int loom_model_count(void);
LOOM_API const loom_model *loom_model_at(int i);

/* The registered model of that id; of several (which differ in their type) the first. NULL when there is none. */
LOOM_API const loom_model *loom_model_find(const char *id);

/* What the descriptor says, for languages that cannot read it. NULL as model gives NULL or 0. */
LOOM_API const char *loom_model_id(const loom_model *m);
LOOM_API const char *loom_model_description(const loom_model *m);
LOOM_API int loom_model_type(const loom_model *m);        /* a loom_type */
LOOM_API size_t loom_model_batch(const loom_model *m);    /* samples in one call */
LOOM_API int loom_input_rank(const loom_model *m);        /* the batch is the first dimension */
LOOM_API int loom_output_rank(const loom_model *m);
LOOM_API size_t loom_input_dim(const loom_model *m, int i);
LOOM_API size_t loom_output_dim(const loom_model *m, int i);
LOOM_API size_t loom_input_size(const loom_model *m);     /* numbers in one call */
LOOM_API size_t loom_output_size(const loom_model *m);
LOOM_API int loom_can_train(const loom_model *m);         /* 1: loom_train works */
LOOM_API int loom_can_backward(const loom_model *m);      /* 1: loom_backward and loom_update work too */

/* Bytes of one number of a loom_type; 0 for what is none. */
LOOM_API size_t loom_type_size(int type);

/* ---- models from JSON --------------------------------------------------------------------------------------- */

/* What went wrong, in words. Functions that take one fill it in when they fail; NULL is allowed. */
typedef struct loom_error {
    int status;
    int line, column;   /* in the text, from 1; 0 when it is not about a text */
    char where[200];    /* the place in the JSON: "/layers/3/type"; the name of the argument; or "" */
    char message[600];  /* one sentence, or a few lines */
} loom_error;

/* How a model is to be made. All zero: as the description says, for inference only. */
typedef struct loom_options {
    int type;           /* a loom_type; 0: what the description says */
    int train;          /* 1: it can train, 2: and keeps its gradients, so that loom_backward works */
    const char *id;     /* of the model in a bundle with several; NULL: the first */
    const char *loss;   /* instead of that under "training"; NULL: that one */
    double clip_norm;   /* likewise; 0: that one */
    const char *name;   /* of the text in messages; NULL: "description" */
} loom_options;

/* Makes a model from `size` bytes of JSON: a description, or a bundle with one and its weights.
 *
 * libloom makes any model. A library of compiled models has those that are registered: the text selects one by being
 * the same description (as JSON: white space and the order of keys do not count), or by naming its "id" without
 * "layers"; the error says which there are. `options` may be NULL. *m gets the model, which loom_model_free gives back;
 * it must outlive its instances. Any thread may call it.
 * LOOM_E_ARGUMENT: json or m is NULL, or options are out of range. LOOM_E_DESCRIPTION: the text is not JSON, or not a
 * network. LOOM_E_NOT_FOUND: no such model is compiled in, or the bundle has none of that id. LOOM_E_UNSUPPORTED: the
 * compiled-in model cannot do what the options ask. LOOM_E_MEMORY. */
LOOM_API int loom_model_from_json(const char *json, size_t size, const loom_options *options, const loom_model **m,
                                  loom_error *error);

/* Gives back what loom_model_from_json made; compiled-in models stay. NULL is allowed. */
LOOM_API void loom_model_free(const loom_model *m);

/* ---- instances ---------------------------------------------------------------------------------------------- */

/* Bytes of an instance; 0 for NULL. */
LOOM_API size_t loom_instance_size(const loom_model *m);

/* Makes an instance in memory of the caller: at least loom_instance_size bytes, aligned to 64. Weights are as the model
 * has them, memory and states are zero. loom_instance_end is its last call.
 * LOOM_E_ARGUMENT: NULL, or not aligned. LOOM_E_SPACE: too small. LOOM_E_ABI. LOOM_E_MEMORY: a model of libloom takes more
 * from the heap. LOOM_E_SUBNORMALS. */
LOOM_API int loom_instance_init(const loom_model *m, void *memory, size_t size);
LOOM_API void loom_instance_end(const loom_model *m, void *instance);

/* The same in memory from the heap (loom_heap.c). *instance gets it, NULL after an error; loom_instance_free gives it
 * back and takes NULL. Statuses as above. */
LOOM_API int loom_instance_new(const loom_model *m, void **instance);
LOOM_API void loom_instance_free(const loom_model *m, void *instance);

/* Forgets what is kept from call to call (LOOM_STATE); weights and the progress of training stay. */
LOOM_API int loom_reset(const loom_model *m, void *instance);

/* ---- runs --------------------------------------------------------------------------------------------------- */

/* All buffers hold numbers of the model's type, row-major, and need no alignment beyond that of their numbers.
 * NULL is LOOM_E_ARGUMENT everywhere; what the model was not made for is LOOM_E_UNSUPPORTED. */

/* One call. n_input must be loom_input_size, n_output loom_output_size, else LOOM_E_ARGUMENT. */
LOOM_API int loom_forward(const loom_model *m, void *instance, const void *input, size_t n_input, void *output,
                          size_t n_output);

/* Trains on `samples` samples in their order, which must be whole mini-batches (loom_model_batch samples each, at least
 * one): one step of the optimiser for each, or for each N-th with "accumulate": N. inputs: samples times loom_input_size /
 * batch numbers; targets: like the output. *loss, unless NULL, gets the mean of the losses before the steps. */
LOOM_API int loom_train(const loom_model *m, void *instance, const void *inputs, const void *targets, size_t samples,
                        double *loss);

/* The two halves. loom_backward: one mini-batch, whose gradients are added to those that are kept. loom_update: one step of
 * the optimiser with their mean; they are zero after it. loom_clear makes them zero without a step. */
LOOM_API int loom_backward(const loom_model *m, void *instance, const void *input, const void *target, double *loss);
LOOM_API int loom_update(const loom_model *m, void *instance);
LOOM_API int loom_clear(const loom_model *m, void *instance);

/* Writes to order[0 .. n-1] the order in which epoch `epoch` (from 0) takes n samples: a permutation that depends on
 * nothing but these and the seed, the one that `loomc train` uses. LOOM_E_ARGUMENT: NULL and n > 0. */
LOOM_API int loom_epoch_order(uint64_t seed, uint64_t epoch, uint64_t *order, size_t n);

/* ---- learning rates ----------------------------------------------------------------------------------------- */

/* The learning rate of the next step, and the count of steps so far. */
LOOM_API int loom_learning_rate(const loom_model *m, void *instance, double *rate);
LOOM_API int loom_steps(const loom_model *m, void *instance, uint64_t *steps);

/* Sets the rate that the schedule starts from, at any time. LOOM_E_ARGUMENT: negative, infinite or no number. */
LOOM_API int loom_set_learning_rate(const loom_model *m, void *instance, double rate);

/* Sets the whole schedule (loom_types.h), which counts steps from the beginning of training. LOOM_E_ARGUMENT: a kind or a
 * number that is none. */
LOOM_API int loom_set_schedule(const loom_model *m, void *instance, const loom_schedule *schedule);

/* The schedule as it is now. */
LOOM_API int loom_get_schedule(const loom_model *m, void *instance, loom_schedule *schedule);

/* The learning rate of a schedule after `steps` steps, in binary64. */
LOOM_API double loom_schedule_rate(const loom_schedule *schedule, uint64_t steps);

/* ---- tensors ------------------------------------------------------------------------------------------------ */

/* How many tensors there are, and which one has that name: its number, or LOOM_E_NOT_FOUND. */
LOOM_API int loom_tensor_count(const loom_model *m);
LOOM_API int loom_tensor_find(const loom_model *m, const char *name);

/* What the descriptor says of tensor i; NULL or 0 for i out of range. */
LOOM_API const char *loom_tensor_name(const loom_model *m, int i);
LOOM_API const char *loom_tensor_layer(const loom_model *m, int i);
LOOM_API int loom_tensor_role(const loom_model *m, int i); /* a loom_role */
LOOM_API int loom_tensor_rank(const loom_model *m, int i);
LOOM_API size_t loom_tensor_dim(const loom_model *m, int i, int k);
LOOM_API size_t loom_tensor_size(const loom_model *m, int i);

/* Copies numbers first .. first+n-1 of tensor i out of an instance, or into it. LOOM_E_ARGUMENT: NULL, or out of range.
 * LOOM_E_CONSTANT: set of a tensor that is LOOM_FROZEN. */
LOOM_API int loom_tensor_get(const loom_model *m, void *instance, int i, size_t first, size_t n, void *out);
LOOM_API int loom_tensor_set(const loom_model *m, void *instance, int i, size_t first, size_t n, const void *values);

/* The same numbers where they lie in the instance, loom_tensor_size of them, until it is freed; NULL for i out of range.
 * Those of LOOM_FROZEN must not be written. */
LOOM_API void *loom_tensor_data(const loom_model *m, void *instance, int i);

/* ---- files (loom_file.c; the format: runtime/FILES.md) ------------------------------------------------------
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
 * LOOM_E_SPACE: capacity is below *size. LOOM_E_ARGUMENT: an option is wrong; a checkpoint is exact. LOOM_E_RANGE: a weight
 * is too large for the type, or it is an integer type and the weight infinite or no number. */
LOOM_API int loom_save(const loom_model *m, void *instance, const loom_save_options *o, void *bytes, size_t capacity,
                       size_t *size);

/* Gives the instance the file's weights. All is checked before the first number is written: after an error the
 * instance is as it was. What a file without a checkpoint lacks is as after init (optimiser, states, gradients and
 * counts zero), the schedule stays. From a checkpoint the next calls give the bits that the saved instance would give;
 * a model that does not train leaves out the optimiser's part. Weights that are LOOM_FROZEN are not written: the file
 * must hold the same numbers. LOOM_E_FORMAT, LOOM_E_CHECKSUM: no file of ours, cut short, or damaged. LOOM_E_MISMATCH:
 * of another network, or a checkpoint of a model with another type or optimiser; loom_load_problem names the tensor.
 * LOOM_E_RANGE: a weight is too large for the model's type. */
LOOM_API int loom_load(const loom_model *m, void *instance, const void *bytes, size_t size);

/* The name of the first tensor for which loom_load says LOOM_E_MISMATCH; NULL when the file fits, or for none of them. */
LOOM_API const char *loom_load_problem(const loom_model *m, void *instance, const void *bytes, size_t size);

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
LOOM_API int loom_file_open(const void *bytes, size_t size, loom_file *f);
LOOM_API int loom_file_next(const loom_file *f, size_t *at, loom_stored *t);
LOOM_API int loom_stored_read(const loom_stored *t, int type, void *out);
LOOM_API double loom_stored_scale(const loom_stored *t, size_t i); /* number i of n_scales */

/* ---- bundles (loom_bundle.c): description and weights as one JSON text, as the original's programs read it ------ */

/* Writes the instance's weights. `id` is the name in the bundle; NULL or "": the model's own. Returns the text, which
 * FreeLoomString gives back, or NULL: LOOM_E_ARGUMENT, LOOM_E_UNSUPPORTED (a compiled model whose weights are part of its
 * code), LOOM_E_MEMORY. */
LOOM_API const char *loom_bundle_save(const loom_model *m, void *instance, const char *id, loom_error *error);

/* Gives the instance the weights of model `id` (NULL or "": the first) of a bundle of `size` bytes; all is checked before
 * the first number is written. Memory, states and progress stay. LOOM_E_ARGUMENT: NULL. LOOM_E_DESCRIPTION: not JSON, not
 * a bundle, no such model in it, or of another network. LOOM_E_CONSTANT: of weights that are LOOM_FROZEN, others are in the
 * bundle. LOOM_E_MEMORY. */
LOOM_API int loom_bundle_load(const loom_model *m, void *instance, const char *json, size_t size, const char *id,
                              loom_error *error);

/* ---- training on a set of samples (loom_fit.c) -------------------------------------------------------------- */

/* How loom_fit trains. All zero: as the description says. */
typedef struct loom_fit_options {
    uint64_t epochs;      /* how often all samples are seen; 0: "epochs" of the description's "training", or 10 */
    uint64_t first_epoch; /* epochs that were before: those that run now are first_epoch ... first_epoch + epochs - 1 */
    double learning_rate; /* constant, for this call; 0: the schedule of the instance, which ends with this call when it does
                             not say after how many steps */
    int shuffle;          /* each epoch has an order of its own (loom_epoch_order), 1: by the description's seed, 2: by `seed` */
    uint64_t seed;
    /* NULL, or called after each epoch with the count of epochs so far and the epoch's mean loss. What it returns other
     * than 0 ends the training, which is no error. */
    int (*progress)(void *context, uint64_t epochs, double loss);
    void *context;
} loom_fit_options;

/* Trains on `samples` samples: inputs are samples times loom_input_size / batch numbers, targets likewise. When the last
 * mini-batch of an epoch is not full, the epoch's first samples fill it up. *loss, unless NULL, gets the last epoch's mean
 * loss, each taken before its step. `options` may be NULL. LOOM_E_ARGUMENT: NULL, no samples, or a rate that is none.
 * LOOM_E_UNSUPPORTED: the model does not train, or mixes the samples of a batch. LOOM_E_MEMORY: for one mini-batch and the
 * order. LOOM_E_NOT_FINITE: the loss is no finite number any more, and the weights are spoilt. */
LOOM_API int loom_fit(const loom_model *m, void *instance, const void *inputs, const void *targets, size_t samples,
                      const loom_fit_options *options, double *loss);

/* ---- evaluation (loom_metrics.c) ---------------------------------------------------------------------------- */

/* How far predictions are from what was expected. A deviation is |actual - expected| in per cent of |expected|, or times
 * 100 where that is below 1e-10; 100 where it is no finite number. */
#define LOOM_BUCKETS 7
typedef struct loom_metrics {
    size_t samples;
    size_t bucket[LOOM_BUCKETS]; /* deviations up to 10, 20, 30, 40, 50, 100, and above: the last are failures */
    double score;                /* mean of what a deviation leaves of 100 */
    double deviation;            /* mean */
    double score_sum, deviation_sum;
} loom_metrics;

LOOM_API double loom_deviation(double expected, double actual);
LOOM_API int loom_bucket(double deviation); /* 0 .. LOOM_BUCKETS-1 */

/* One more prediction; the metrics start as all zero. */
LOOM_API void loom_metrics_add(loom_metrics *metrics, double expected, double actual);

/* What a row of n outputs predicts: the number itself when there is one, else the index of the (first) largest. */
LOOM_API double loom_prediction(int type, const void *output, size_t n);

/* Runs `samples` samples, whole mini-batches, and compares predictions with expected[sample]. `output` is memory for one
 * call, loom_output_size numbers. The first dimension of the output must be the batch, else LOOM_E_UNSUPPORTED. */
LOOM_API int loom_evaluate(const loom_model *m, void *instance, const void *inputs, const double *expected,
                           size_t samples, void *output, loom_metrics *metrics);

/* ---- optimisers of the caller's (loom_optimise.c) ----------------------------------------------------------- */

/* Steps with the gradients that loom_backward keeps, whatever the model's own optimiser is. They stay as they are:
 * loom_clear them. All arithmetic is in the model's type, f32 or f64. */
typedef enum loom_optimiser_kind {
    LOOM_SGD,     /* v = momentum v + (1 - dampening) g;  w -= rate v, or rate (g + momentum v) with `nesterov`.
                     momentum 0: w -= rate g */
    LOOM_ADAMW,   /* m = beta1 m + (1-beta1) g, v = beta2 v + (1-beta2) g g, both divided by 1 - beta^step;
                     w -= rate (m / (sqrt(v) + epsilon) + decay w); tensors of rank 1 do not decay */
    LOOM_RMSPROP  /* v = alpha v + (1-alpha) g g;  w -= rate g / sqrt(v + epsilon), with momentum
                     b = momentum b + g / sqrt(v + epsilon), w -= rate b */
} loom_optimiser_kind;

typedef struct loom_optimiser {
    int kind, nesterov;
    double rate, momentum, dampening, beta1, beta2, alpha, epsilon, decay;
    uint64_t step; /* counts the calls; 0 at first */
} loom_optimiser;

/* Bytes that loom_apply keeps for this kind, 64-bit aligned, which must be zero at first: two numbers for each weight.
 * 0 when the model keeps no gradients. */
LOOM_API size_t loom_apply_size(const loom_model *m);

/* One step. `memory` belongs to this instance and kind of optimiser. LOOM_E_ARGUMENT: NULL, a kind that is none, a number
 * that is not finite or out of range. LOOM_E_SPACE: memory too small. LOOM_E_UNSUPPORTED: no gradients are kept. */
LOOM_API int loom_apply(const loom_model *m, void *instance, loom_optimiser *o, void *memory, size_t size);

/* ---- text in, text out --------------------------------------------------------------------------------------
 *
 * One network is current in the whole process: the one that CreateLoomNetwork or LoomLoadModel made last. All functions
 * here may be called from any thread; each holds a lock while it works, so their calls take turns. A program that wants
 * more than one network, or several threads that run, uses the functions above. Where a JSON argument is an object it may
 * hold "model": the call then fails unless the current network has that id.
 *
 * Every function returns JSON (except LoomSchedulerName), which FreeLoomString gives back. What went wrong is
 *   {"error": {"message": "...", "status": -14, "where": "/data/0/input", "line": 1, "column": 30}}
 * with line and column only where the text of an argument is wrong. Keys are compared without regard to case and
 * underscores, so "learning_rate", "learningRate" and "LearningRate" are one; unknown ones are errors. A list of numbers
 * may hold lists of numbers, nested in any way. Numbers come as the shortest text that reads back. */

/* A description, or a bundle. {"status": "success", "message": "network created"} */
LOOM_API const char *CreateLoomNetwork(const char *jsonConfig);

/* [x,...], all numbers of one call, or {"input": [x,...]}. Returns [y,...]. Infinite outputs and NaN are errors. */
LOOM_API const char *LoomForward(const char *inputJson);

/* {"epochs": 100, "learning_rate": 0.01, "data": [{"input": [...], "target": [...]}]}. Returns
 *   {"FinalLoss":x,"BestLoss":x,"TotalTime":ns,"AvgThroughput":samples/s,"LossHistory":[one for each epoch],"EvalMetrics":null}
 * Loss and optimiser are those of the description's "training" (mse, sgd), the samples keep their order, and the learning
 * rate is constant when it is given here.
 *
 *   data, batches          an entry holds one sample, or a whole mini-batch. When the last mini-batch is not full, the
 *                          first samples fill it up
 *   epochs                 default 10
 *   learning_rate          default: that of the description, and its schedule, which without "schedule_steps" ends with
 *                          this training
 *   loss_type              the name of a loss, see the reference of the description
 *   gradient_clip          longest that the gradient may be
 *   shuffle, seed          true: each epoch has an order of its own, see loom_epoch_order
 *   validation_inputs,     [[...], ...] and [class or value, ...]: after training evaluated as LoomEvaluateNetwork does,
 *   validation_targets     as "EvalMetrics"
 *   verbose, use_gpu, print_every_batch, evaluate_every_n      are read and have no effect
 *
 * Nothing is trained when anything in the text is wrong. When a loss is not finite, training stops with an error. When
 * memory for the reply runs out, the reply says so and the network is trained. */
LOOM_API const char *LoomTrain(const char *trainingJson);

/* The current network as a bundle (version 1), under this id; NULL or "": its own. */
LOOM_API const char *LoomSaveModel(const char *modelId);

/* Makes the model of that id in a bundle current; NULL or "": the first. {"success": true} */
LOOM_API const char *LoomLoadModel(const char *jsonData, const char *modelId);

/* Gives back any text that a function here returned. NULL is allowed. */
LOOM_API void FreeLoomString(const char *text);

/* {"batch_size":..,"grid_cols":..,"grid_rows":..,"layers_per_cell":..,"total_layers":..}. A description without a grid is
 * one cell. */
LOOM_API const char *LoomGetNetworkInfo(void);

/* [[input], ...] and [value or class, ...]. The buckets, the score and each result; see loom_metrics. */
LOOM_API const char *LoomEvaluateNetwork(const char *inputsJson, const char *expectedJson);

/* [g,...]: the gradient of any loss by the output of the last LoomForward, or {"gradient": [...]}. The gradients of the
 * weights replace those of the last call. {"status": "success"} */
LOOM_API const char *LoomBackward(const char *gradientJson);

/* A step with these gradients. The state of each optimiser is kept until another network becomes current or LoomTrain
 * runs; the numbers given with a call hold for that call. {"status": "success"} */
LOOM_API const char *LoomUpdateWeights(float learningRate);
LOOM_API const char *LoomApplyGradients(float learningRate);
LOOM_API const char *LoomApplyGradientsAdamW(float learningRate, float beta1, float beta2, float weightDecay);
LOOM_API const char *LoomApplyGradientsRMSprop(float learningRate, float alpha, float epsilon, float momentum);
LOOM_API const char *LoomApplyGradientsSGDMomentum(float learningRate, float momentum, float dampening, int nesterov);

/* Learning rates that change. A handle is positive, -1 after an error; LoomSchedulerGetLR returns -1 for a handle that is
 * none, LoomSchedulerName "invalid" (else "Constant", "LinearDecay", "CosineAnnealing": plain text). */
LOOM_API long long LoomCreateConstantScheduler(float learningRate);
LOOM_API long long LoomCreateLinearDecayScheduler(float start, float end, int totalSteps);
LOOM_API long long LoomCreateCosineScheduler(float start, float minimum, int totalSteps);
LOOM_API float LoomSchedulerGetLR(long long handle, int step);
LOOM_API const char *LoomSchedulerName(long long handle);
LOOM_API void LoomFreeScheduler(long long handle);

#ifdef __cplusplus
}
#endif

#endif
