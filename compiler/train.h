/* train.h - what the files of `loomc train` share.
 *
 *   data.c  files -> samples       metrics.c  how well a model does     curve.c  a picture of the training
 *   show.c  what is told           checkpoint.c  stopping and going on   native.c  the model as compiled C
 *   train.c the loop; it knows the model only through runtime/loom.h */
#ifndef TRAIN_H
#define TRAIN_H

#include "loomc.h"

#include <signal.h>

/* Rows of numbers, as a file has them. */
typedef struct table {
    source src;
    int64_t rows, cols;
    shape row;             /* of one row: cols numbers */
    char *values;          /* [rows][cols], in the precision that was asked for */
    size_t *row_at;        /* CSV: where each row stands in the text; else NULL */
    const char **names;    /* CSV: of the columns, NULL without a header */
    char separator;
} table;

/* What a network is trained with or tried on. */
typedef struct samples {
    int64_t n;
    size_t input_bytes, target_bytes; /* of one sample */
    char *inputs, *targets;           /* [n] of them, in the model's type */
} samples;

enum { N_DEVIATIONS = 7 };

/* How well a model does on samples. */
typedef struct evaluation {
    double loss;           /* mean over all numbers of the outputs */
    bool classifies;       /* so that right and answers count */
    int64_t right, answers;
    int64_t deviations[N_DEVIATIONS]; /* samples by how far the answer is off, as the original counts */
    double score, deviation;          /* means over the samples */
    int64_t n;
} evaluation;

/* One epoch of a training, as it is shown. NaN where it was not measured. */
typedef struct epoch {
    double loss, learning_rate, validation_loss, accuracy;
} epoch_result;

typedef struct evaluator evaluator; /* metrics.c */

/* A training that runs. */
typedef struct trainer {
    session *s;
    const loom_model *m;
    void *instance;
    const char *engine;       /* who runs the model, for the user */
    precision p;
    training t;
    uint64_t seed;            /* of the random numbers */
    samples data, other;      /* what it trains with; what it is tried on, when that is a file of its own */
    uint64_t hash, validation_hash; /* of the two */
    int64_t *rows, n;         /* of data: those that train */
    int64_t *kept, n_kept;    /* of data: those kept back to try it on */
    int64_t batch, steps;     /* samples in a mini-batch; of those in an epoch */
    uint64_t *order;          /* rows as an epoch takes them: */
    int64_t ordered;          /* this one; -1 none yet */
    char *x, *y;              /* one mini-batch */
    evaluator *validation;    /* NULL: there is none */
    epoch_result *epochs;            /* those that are over */
    int64_t n_epochs, most_epochs;
    double sum;               /* of the losses in this one */
    int64_t best;             /* the epoch with the lowest validation loss, -1 none */
    char *best_weights;       /* the parameters then, one after another */
    size_t weights_size;      /* bytes */
    const char *checkpoint, *last_checkpoint; /* files: of each epoch, and when it is stopped; NULL none */
    char *checkpoint_bytes;   /* room for one */
    size_t checkpoint_size;
    double started;           /* seconds of a clock */
    int64_t batches_before;   /* when it started */
    FILE *out, *log;
    text scratch;
} trainer;

/* ---- data.c: the samples */
/* Reads samples for a model: from `path` (CSV, NPY or JSON), the targets from `targets` when that is not NULL. False
 * after an error, which says where in the file it is. */
bool samples_read(session *s, const loom_model *m, const char *path, const char *targets, samples *out);
uint64_t samples_hash(const samples *x);

/* ---- data_columns.c */
typedef struct columns {
    int64_t *at, n; /* numbers of columns, from 0 */
} columns;
columns columns_new(session *s, int64_t first, int64_t n);
/* As --columns and --target say; without them the first `inputs` are the input. False after an error. */
bool choose_columns(session *s, const table *t, int64_t inputs, columns *in, columns *out);

/* ---- data_csv.c, data_npy.c: files as tables. False after an error. */
bool csv_read(session *s, source src, precision p, table *out);
span csv_field(const table *t, int64_t row, int64_t col); /* where it stands, without blanks and quotes */
bool npy_read(session *s, source src, precision p, table *out);

/* ---- metrics.c */
/* Prepares to try a model on the samples rows[0..n-1] (NULL: the first n). It keeps its arguments. */
evaluator *evaluator_new(session *s, const loom_model *m, const training *t, const samples *x, const int64_t *rows, int64_t n);
/* Runs the samples, a batch at a time, and measures. Forgets what is kept from call to call, before and afterwards;
 * the progress stays. False when *stop ended it early, or the model failed. */
bool evaluate(const evaluator *e, void *instance, const volatile sig_atomic_t *stop, evaluation *out);
const char *deviation_name(int k);
void evaluation_json(text *t, const evaluation *e); /* as the original writes it, without the lists of samples */

/* ---- curve.c */
/* The epochs as an SVG picture; best: the one whose weights were kept, -1 none. */
void curve_svg(text *t, const char *title, const epoch_result *epochs, int64_t n, int64_t best);

/* ---- checkpoint.c */
/* Writes weights, optimiser, progress (loom_save) and what the loop knows. False after an error. */
bool checkpoint_write(trainer *tr, const char *path);
/* Continues from a file: false after an error. The samples are known by then. */
bool checkpoint_read(trainer *tr, const char *path);
void best_keep(trainer *tr);    /* the parameters as they are, to tr->best_weights */
void best_restore(trainer *tr); /* and back */

/* ---- native.c */
/* The same model as C, which a C compiler built and this program loaded: the same bits, faster. NULL when that cannot
 * be: *why says what is missing. `c` holds the network and its sources. The model stays until the program ends. */
const loom_model *native_model(session *s, const compiled *c, const char **why);

/* ---- show.c */
double seconds(void);
bool show_start(trainer *tr);            /* opens the log; false after an error */
void show_step(trainer *tr, int64_t at); /* after so many steps of the epoch */
bool show_epoch(trainer *tr);            /* the last one; false when a file cannot be written */
void show_end(trainer *tr, const char *why, const evaluation *e);
void show_clear(void);                   /* the bar */

#endif
