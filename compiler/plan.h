/* plan.h - the frozen result, from which everything is written: where every tensor lies and what is done in which order
 * (plan.c), and how weights are stored (panels.c). */
#ifndef LOOMC_PLAN_H
#define LOOMC_PLAN_H

#include "loomc.h"

/* BUFFER_KEPT: weights that change, and the memory of the optimiser; each is a member of the model's struct. */
typedef enum buffer_kind { BUFFER_ARENA, BUFFER_INPUT, BUFFER_OUTPUT, BUFFER_CONST, BUFFER_STATE, BUFFER_KEPT } buffer_kind;

typedef struct buffer {
    buffer_kind kind;
    precision type;
    int64_t size;          /* halo included, in units of the plan */
    int64_t offset;        /* within the arena or the state, in units */
    int first, last;       /* steps between which it is alive */
    tensor_id tensor;      /* that it was made for */
    int64_t halo[4];       /* zero border: top, bottom, left, right */
    int64_t halo_dims[4];  /* of the buffer as [outer][rows][cols][inner], border included */
    int zero_step;         /* step that writes the border, -1 none */
    int into;              /* the buffer it shares memory with, -1 none */
} buffer;

/* Where a tensor lies: element (i0, i1, ...) is at offset + sum(i * stride), in elements. */
typedef struct view {
    int buffer;            /* -1: not placed */
    int64_t offset;
    int64_t stride[MAX_RANK];
} view;

typedef struct step {
    const op *op;
    const char *name;
    shape shape;           /* of a copy */
    view copy_from, copy_to;
    bool is_copy;
    int scratch;           /* buffer, -1 none */
} step;

/* One array of weights in the generated model. */
typedef struct weight {
    const tensor *tensor;
    bool packed;
    pack pack;
    const char *name;
    int64_t size;          /* elements as stored */
    int64_t offset;        /* in the weights struct, in units of the plan */
} weight;

struct plan {
    const graph *g;
    step *steps;
    int n_steps;
    view *views;           /* per tensor */
    buffer *buffers;
    int n_buffers;
    weight *weights;
    int n_weights;
    int64_t unit;          /* bytes: one number of a network of reals, 1 for integers, which have several sizes */
    int64_t arena_size, state_size, weights_size; /* units */
    int64_t macs;
    int n_backward;        /* of a plan that trains: steps up to the gradients, when they are kept */
};

/* ---- plan.c */
/* `first`: the plan whose weights this one shares, or NULL. */
plan *plan_build(session *s, const graph *g, const plan *first);
void plan_dump(const plan *p, FILE *out);
/* The weight that holds a tensor, in these panels or (NULL) as it is; NULL when there is none. */
const weight *plan_weight(const plan *p, const tensor *t, const pack *k);
extern const char *const buffer_kind_names[]; /* by buffer_kind */
const view *step_result(const plan *p, const step *st); /* what it writes: its result, or what it changes */

/* ---- panels.c, which stores weights as loomc.h says */
void plan_weights(plan *p, session *s, const plan *first);
int64_t plan_align(const graph *g);  /* in units of the plan: where buffers begin in the arena */

#endif
