/* loom_text.h - what the files of the text interface share; no part of the public interface.
 *
 *   loom_error.c         messages
 *   loom_document.c      arguments that are JSON
 *   loom_network.c       the current network and its lock
 *   loom_bundle.c        weights as a bundle
 *   loom_text.c          create, forward, save, load, info
 *   loom_text_train.c    training
 *   loom_text_evaluate.c evaluation
 *   loom_text_update.c   backward, optimisers, schedulers
 *
 * Functions that can fail return a negative status (or NULL) and have filled in the error. */
#ifndef LOOM_TEXT_H
#define LOOM_TEXT_H

#include "loom.h"
#include "loom_json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- loom_error.c */

/* Fills in *e (which may be NULL) and returns the status. %s is a text, %z a size_t, %d an int; a message is cut to what
 * fits. */
int loom_fail(loom_error *e, int status, const char *where, const char *format, ...);
int loom_fail_status(loom_error *e, int status, const char *what); /* "<what>: <text of the status>" */

/* ---- loom_document.c: an argument that is JSON */

typedef struct loom_document {
    const char *name, *text; /* of the argument, and its text */
    size_t n;
    loom_json root;
    loom_error *error;
} loom_document;

/* The argument `name`, checked. */
int loom_document_open(loom_document *d, const char *name, const char *text, size_t n, loom_error *e);

/* An error at a value: line, column and pointer. */
int loom_document_fail(const loom_document *d, loom_json at, const char *format, ...);

/* The members of an object by name, compared loosely; values[i] is none where names[i] is absent. "data|batches" is one
 * of two names; the list ends with NULL. What is unknown or stands twice is an error. */
int loom_members(const loom_document *d, loom_json object, const char *const *names, loom_json *values);

/* A number in a range, else an error; *out keeps its value where the member is absent. */
int loom_take_number(const loom_document *d, loom_json v, const char *what, double least, double most, int whole, double *out);
int loom_take_flag(const loom_document *d, loom_json v, const char *what, int *out);

/* A list of exactly n numbers. */
int loom_take_numbers(const loom_document *d, loom_json v, const char *what, int type, void *out, size_t n);

/* "an object", "a list", ...: for messages. */
const char *loom_kind_words(loom_json v);

/* ---- loom_network.c */

typedef struct loom_network {
    const loom_model *model;
    void *instance;
    char *source;           /* the text that it was made from */
    size_t source_size;
    char *bundle_id;        /* of the model in it, NULL: the first */
    loom_options options;   /* of the model as it is now */
    char loss[32];          /* options.loss is this, or NULL */
    void *input, *output;   /* of the last forward, and room for the next input */
    void *next_input;
    int has_input;
    loom_optimiser optimiser[LOOM_RMSPROP + 1];
    void *memory[LOOM_RMSPROP + 1]; /* of optimiser[i]; NULL: none yet */
} loom_network;

/* Waits until no other thread uses the current network, which may be none (NULL); and lets the next one in. */
loom_network **loom_lock(void);
void loom_unlock(void);

/* Makes a network; what a bundle holds is its weights. */
loom_network *loom_network_new(const char *name, const char *json, const char *bundle_id, loom_error *e);
void loom_network_free(loom_network *net);

/* The current network, when there is one and `model` (none, or a string of d) is its id. */
loom_network *loom_current(loom_network *net, const loom_document *d, loom_json model, loom_error *e);

/* Sees to it that the model can do what is asked: makes it anew where needed, with the same weights, memory and
 * progress. NULL and 0 as in loom_options. */
int loom_network_become(loom_network *net, int train, const char *loss, double clip_norm, loom_error *e);

/* calloc of n times size bytes, at least one; NULL after an overflow or when there is none left, and the error says so. */
void *loom_memory(size_t n, size_t size, loom_error *e);

/* ---- replies */

/* A writer on the heap. The reply's text belongs to the caller; an error when there was no memory or *e says so. */
loom_writer loom_reply(void);
const char *loom_reply_end(loom_writer *w, const loom_error *e);
const char *loom_reply_error(const loom_error *e);
extern const char loom_success[]; /* {"status": "success"}; FreeLoomString knows it */

/* ---- loom_bundle.c */

/* Adds a bundle with the weights of the instance. */
int loom_bundle_write(const loom_model *m, void *instance, const char *id, loom_writer *w, loom_error *e);

/* Gives the instance the weights of the model `id` (NULL: the first) in a bundle, all or none. */
int loom_bundle_read(const loom_model *m, void *instance, const char *json, size_t size, const char *id, loom_error *e);

/* Of the library that is linked: 1 when a model from a bundle has its weights already (libloom), 0 when
 * loom_bundle_read must give them to the instance (compiled-in models). */
extern const int loom_models_have_weights;

/* ---- loom_text_evaluate.c */

/* Adds the metrics of predictions as JSON. */
void loom_put_metrics(loom_writer *w, const double *expected, const double *actual, size_t n);

/* {"inputs": [[...], ...], "expected": [...]}: reads both lists of documents a and b, runs, and adds the metrics. */
int loom_evaluate_lists(loom_network *net, const loom_document *a, loom_json inputs, const loom_document *b,
                        loom_json expected, loom_writer *w, loom_error *e);

#ifdef __cplusplus
}
#endif

#endif
