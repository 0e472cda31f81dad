/* loomc.h - the one header of the compiler: all structures first, then the functions of each file, in
 * the order in which data flows through them.
 *
 *   text -> json -> network (layers) -> graph (ops) -> fuse -> plan -> files
 *                                         |
 *                                         +-> backward (gradients, as ops) -> optimisers
 *                                         +-> interpreter (the reference)
 *
 * Memory: everything lives in one arena and is freed with it. Allocation fails in one place only
 * (arena_alloc), which jumps back to the command that is running. */
#ifndef LOOMC_H
#define LOOMC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../runtime/loom.h"
#include "../runtime/loom_train.h"

#define LOOMC_VERSION "0.1.0"

#if defined(__GNUC__)
#if defined(__MINGW32__) && !defined(__clang__)
#define PRINTF_LIKE(f, a) __attribute__((format(gnu_printf, f, a)))
#else
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#endif
#define NORETURN __attribute__((noreturn))
#else
#define PRINTF_LIKE(f, a)
#define NORETURN
#endif

#define COUNT(a) ((int)(sizeof(a) / sizeof(*(a))))

/* Letters and digits of ASCII, whatever the locale of the process. */
static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static inline bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }
static inline bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

enum {
    MAX_RANK = 6,
    MAX_INPUTS = 8,          /* of a layer's op, concat aside */
    MAX_NESTING = 64,        /* of layers within layers */
    MAX_ERRORS = 20,
};
#define MAX_ELEMENTS ((int64_t)1 << 30) /* of one tensor */

struct graph;
struct op;
struct pack;
struct quantiser;

/* ---- arena ---------------------------------------------------------------------------------------- */

typedef struct arena {
    struct chunk *chunks;
    jmp_buf *out_of_memory; /* where a failed allocation goes; NULL ends the program */
} arena;

/* A growing array: `items(v)[i]`, i < v.n. */
typedef struct text {
    char *s;
    size_t n, cap;
    arena *arena;
} text;

/* ---- sources, json, diagnostics -------------------------------------------------------------------- */

typedef struct source {
    const char *name;
    const char *text; /* NUL-terminated */
    size_t len;
} source;

typedef struct span {
    size_t at, len;
} span;

typedef enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } json_kind;

/* A JSON value that knows where it stands. `key` is set in members of objects. */
typedef struct json {
    json_kind kind;
    bool flag;
    double number;
    const char *string;
    const char *key;
    int n; /* children */
    int index; /* among its parent's children */
    struct json *child, *next, *parent;
    const source *src;
    span at, key_at;
} json;

typedef enum severity { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE } severity;

/* Messages go to `sink` as text, with the line and a caret; or, when there is a `tell`, to that. Line and column count from
 * 1 and are 0 where there is no place; pointer is NULL then. */
typedef struct diags {
    FILE *sink;
    void (*tell)(void *arg, severity sev, const char *message, int line, int column, const char *pointer);
    void *arg;
    int errors, warnings;
} diags;

/* ---- shapes, precisions ----------------------------------------------------------------------------- */

/* A network of integers has tensors of several types. */
typedef enum precision { F32, F64, N_REALS, I8 = N_REALS, I16, I32, I64, N_PRECISIONS } precision;

static inline bool is_integer(precision p) { return p >= N_REALS; }
/* For what has to be in reals, as training and files of weights. */
static inline precision real_of(precision p) { return is_integer(p) ? F32 : p; }

/* What a tensor of integers stands for: the real number scale * (q - zero). */
typedef struct quant {
    double scale; /* 0: for nothing but itself (indices, tables, multipliers) */
    int zero;
} quant;

typedef struct shape {
    int rank;
    int64_t dim[MAX_RANK];
} shape;

/* ---- network: what the user wrote -------------------------------------------------------------------- */

typedef enum field_kind {
    FIELD_INT, FIELD_NUMBER, FIELD_BOOL, FIELD_STRING, FIELD_ENUM, FIELD_INTS, FIELD_NUMBERS, FIELD_BOOLS,
    FIELD_INT_LISTS, /* a list of lists of integers */
    FIELD_SIZES,  /* an integer, or a list of them (kernel_size: 3 or [3,5]) */
    FIELD_PAD,    /* sizes, or "same", or "valid" */
    FIELD_LAYER, FIELD_LAYERS, FIELD_OBJECT, FIELD_OBJECTS
} field_kind;

/* One key that a layer takes. Zero is the default where `def` says nothing; `names` may list older
 * spellings after the first, separated by '|'. Ends with a field without names. */
typedef struct field {
    const char *names;
    field_kind kind;
    double min, max;       /* of the integer or number(s) */
    const char *def;       /* default, as text for the documentation */
    const char *values;    /* FIELD_ENUM: "a|b|c" */
    const char *doc;
} field;

typedef struct layer {
    const struct layer_type *type;
    const char *name;      /* unique within the network, a C identifier */
    const json *at;        /* the object in the description */
    const struct network *net;
    const json *weights;   /* its object in the weights, or NULL */
    const char *path;      /* of its parameters: "fc1" or "block1.0.fc" */
    struct layer *children;/* of the first FIELD_LAYERS */
    int n_children;
    struct layer *gate;    /* of a FIELD_LAYER */
    precision dtype;       /* in which a network of integers computes it, if dtype_given */
    bool dtype_given;
    bool frozen;           /* or within a layer that is: training leaves its weights as they are */
    struct layer *next;
} layer;

typedef struct network {
    const char *id;
    precision precision;   /* asked for in the description; the command line may override */
    int64_t batch;
    uint64_t seed;
    bool has_input;
    shape input;           /* of one sample */
    bool compat;           /* the meaning of the original, version 0.0.7 */
    layer *layers;
    int n_layers;
    const json *at;
    const source *src;
    const json *multi_precision; /* weights of the original in storage precision: has "dtype" and "scale"; else NULL */
    const char *saved_as; /* "float64": the precision that the bundle's weights say they had; or NULL */
    const loom_file *file; /* the binary file that has the weights, and its name; else NULL */
    const char *file_name;
    const struct range *ranges; /* of the tensors of its twin (quantise.h), when they are known better than from the description */
} network;

/* ---- graph: what a machine runs ----------------------------------------------------------------------- */

typedef int tensor_id; /* 0 is none */

typedef enum tensor_kind {
    TENSOR_VALUE, TENSOR_INPUT, TENSOR_CONST,
    TENSOR_STATE,    /* kept from call to call, zero at first */
    TENSOR_PARAM,    /* a weight that can change; starts as `data` */
    TENSOR_MEMORY,   /* of the optimiser, zero at first */
    TENSOR_GRADIENT, /* sum of gradients since the last update, zero at first */
} tensor_kind;

/* What becomes of the weights: constants, which passes may fold; weights that can change in a network that infers,
 * and in one that trains (dropout drops, batch_norm uses the batch). */
typedef enum lower_mode { LOWER_FIXED, LOWER_MUTABLE, LOWER_TRAINING } lower_mode;

typedef struct tensor {
    tensor_kind kind;
    precision type;
    precision stored;      /* constants: as which the generated code stores it (narrow.c) */
    shape shape;
    quant q;               /* of integers */
    tensor_id twin;        /* of integers: the tensor of reals that it stands for, 0 none */
    const char *name;      /* constants and states: unique identifier */
    void *data;            /* constants and parameters: row-major */
    int op;                /* index of the op that makes it, values only */
    int uses;              /* how many op inputs (and network outputs) it is */
    const layer *owner;    /* of a parameter, named <path of owner>_<key> */
    bool is_param;
    bool trains;           /* a parameter that the optimiser changes */
    bool decays;           /* one that was drawn at random: weight decay counts for it */
} tensor;

/* How one op reads its operands when it runs: row-major data, shapes, its attributes. */
typedef struct eval_args {
    const void *in[MAX_INPUTS];   /* NULL where the input is absent */
    const shape *in_shape[MAX_INPUTS];
    const void *const *in_all;    /* all of them, for ops with any number */
    const shape *const *in_shape_all;
    int n_in;
    void *out;
    const shape *out_shape;
    precision in_type[MAX_INPUTS], out_type;
    quant in_quant[MAX_INPUTS], out_quant; /* for ops on integers */
    void *state[MAX_INPUTS];      /* in[i] again, writable, where input i is kept from run to run */
    const void *attr;
    int32_t *scratch;             /* for ops on integers: as many numbers as the type's `scratch` says */
    uint64_t call;                /* counts the mini-batches, for random ops */
} eval_args;
typedef void eval_fn(const eval_args *a);

typedef enum op_flags {
    OP_VIEW = 1,           /* the output is the input's memory seen in another way */
    OP_EPILOGUE = 2,       /* takes a chain of element-wise functions on its result */
    OP_CHANNELS_LAST = 4,  /* prefers dimension 1 (channels) innermost in memory, input and output */
    OP_ELEMENTWISE = 8,
    OP_RANDOM = 16,        /* differs from call to call: never folded */
    OP_UPDATE = 32,        /* has no result (out is 0): it changes the states and parameters among its inputs */
    OP_OPTIMISES = 64,     /* the optimiser's step can be taken on its result, which then is never stored */
} op_flags;

typedef enum attr_kind { ATTR_INT, ATTR_REAL, ATTR_FN } attr_kind;
typedef struct attr_def {
    const char *name;
    attr_kind kind;
    size_t offset;
    int n;                 /* elements; 0 means 1 */
} attr_def;

typedef struct op_type {
    const char *name;      /* also the name of its template */
    const char *doc;
    int flags;
    const attr_def *attrs; /* ends with a nameless one */
    eval_fn *eval[N_REALS];
    eval_fn *integer;      /* the kernel of results that are integers; NULL: there is none */
    int64_t (*macs)(const struct graph *g, const struct op *o);
    /* Elements of scratch memory that the generated code needs, and the kernel of integers; NULL is none. */
    int64_t (*scratch)(const struct graph *g, const struct op *o);
    /* Constant inputs that are stored in panels: fills *p, returns false for those stored as they are. */
    bool (*pack)(const struct graph *g, const struct op *o, int input, struct pack *p);
    /* Zero border that an input must have in memory: top, bottom, left, right; pad starts as zeros. NULL is none. */
    void (*halo)(const struct graph *g, const struct op *o, int input, int64_t pad[4]);
    /* Appends the ops that make the gradients of the inputs from dy, that of the output: dx[i] for each
     * input i with needs_gradient, of that input's shape. dx starts as zeros, which mean no gradient. NULL:
     * the op has none. */
    void (*grad)(struct graph *g, const struct op *o, tensor_id dy, tensor_id *dx);
    /* Appends the ops on integers that stand for it (quantise.h) and returns their result; 0 after an error. NULL: there
     * are none. */
    tensor_id (*quantise)(struct quantiser *q, const struct op *o);
    /* The type that input k should have at least in a network whose layers compute in `own`; NULL: that type. */
    precision (*wants)(const struct graph *f, const struct op *o, int k, precision own);
} op_type;

/* The reference kernel for results of a type. */
static inline eval_fn *op_kernel(const op_type *t, precision p) { return is_integer(p) ? t->integer : t->eval[p]; }

/* One element-wise function at the end of a step: v = fn(v), v = fn(v, operand) or fn(operand, v). */
typedef struct chain_item {
    int fn;
    double param;
    tensor_id operand;
    bool swapped;
    const struct op *op;
} chain_item;

typedef struct op {
    const op_type *type;
    tensor_id *in;
    int n_in;
    tensor_id out;
    const void *attr;
    const layer *layer;    /* that it comes from */
    bool later;            /* a part of the optimiser's step, when gradients are kept */
    chain_item *chain;     /* after fusion */
    int n_chain;
    const struct op *update; /* after fusion: the optimiser's step on the result */
    bool dead;             /* fused into another, or without effect */
} op;

typedef struct graph {
    arena *arena;
    precision precision;
    tensor *tensors;       /* [1 .. n_tensors-1] */
    int n_tensors, cap_tensors;
    op *ops;
    int n_ops, cap_ops;
    tensor_id input, output;
    tensor_id target, rates, loss; /* of a graph that trains: inputs, and its result [1] */
    int n_forward;         /* ops up to the loss */
    int n_backward;        /* ops up to the gradients; what follows is the optimiser's step */
    const network *net;
    const layer *layer;    /* that is being lowered */
    tensor_id layer_input; /* what it got */
    int64_t panel;         /* columns in a panel of weights, see pack */
    tensor_id stream;      /* compat: what the original's residual stream holds, 0 none */
    lower_mode mode;
    bool *needs;           /* per tensor, while gradients are made: does the loss's gradient reach what is wanted through it? */
    int n_needs;
} graph;

/* Constant matrices stored in panels, as the matrix kernels read them: element (g, k, n) is taken from
 * data[g*sg + k*sk + n*sn], zero where n is past the end. A panel is 64 bytes of columns for every k, or as many as the
 * target says:
 * [group][panel][k][column]. With `wide` > 1 so many panels lie side by side, [group][panels / wide][k]
 * [wide columns], so that a product with few rows reads one stream; `interleaved` puts the groups side by
 * side instead, [panel][k][group][column]. */
typedef struct pack {
    int64_t groups, n, k;
    int64_t sg, sn, sk;
    int64_t wide;          /* divides the number of panels */
    int64_t interleaved;
    int64_t together, run, inner, si; /* of integers, else 0: see panels.c */
} pack;

/* ---- layers ------------------------------------------------------------------------------------------- */

typedef struct layer_type {
    const char *name;
    const char *aliases;   /* "a|b", accepted in descriptions and old files */
    const char *doc;       /* one line */
    const char *shapes;    /* "[in] -> [out]" */
    const char *weights;   /* "kernel [in][out], biases [out]" */
    const char *notes;     /* formula and particulars, for the reference */
    const field *fields;
    /* Input shape of one sample when the layer can tell by itself. */
    bool (*infer)(const layer *l, shape *s);
    /* Emits ops; returns the output tensor, or 0 after an error. x is [batch, sample...]. */
    tensor_id (*lower)(graph *g, const layer *l, tensor_id x);
} layer_type;

typedef struct plan plan; /* plan.h: the frozen result */

/* ---- training ------------------------------------------------------------------------------------------------ */

/* How a network is trained: what its description says under "training", and the command line above that. */
typedef struct training {
    const char *loss, *optimizer; /* words of the description */
    double huber_delta, momentum, dampening, beta1, beta2, alpha, epsilon, weight_decay, clip_norm, clip_value;
    loom_schedule schedule;       /* steps 0: all of the training */
    int64_t epochs;
    int64_t accumulate;    /* mini-batches between updates; 0: one, and gradients are not kept */
    bool shuffle;
} training;

/* A network on its way to C. Without training `train` is NULL, and weights are constants. */
typedef struct compiled {
    network *net;
    source src, weights_src; /* the second without text when there is none */
    precision precision;
    training training;
    graph *infer, *train;    /* as lowered: the reference */
    plan *infer_plan, *train_plan;
    graph *twin;             /* of a network of integers: the same in float64, constants folded */
    const loom_model *model; /* the reference behind the C-ABI, when that is wanted */
    int64_t params;          /* numbers in all weights */
} compiled;

/* ---- storage ------------------------------------------------------------------------------------------------- */

typedef enum store_scales { STORE_TENSOR, STORE_CHANNEL, STORE_ORIGINAL } store_scales;

/* ---- command line ----------------------------------------------------------------------------------------- */

/* What `loomc train` takes besides. */
typedef struct train_options {
    const char *targets, *validation, *validation_targets, *format, *columns, *target_columns, *separator;
    const char *curve, *log, *checkpoint, *resume, *method;
    double multiply, divide;      /* the inputs; 0 is 1 */
    double split, percentile;
    int samples;
    int header;                   /* 1 there is one, -1 there is none, 0 it shows */
    int checkpoint_every, patience;
    bool interpret, compile, last;
} train_options;

typedef struct options {
    const char *model; /* of a bundle with several: its id; NULL: the first */
    const char *id;    /* instead of the network's own; NULL: that */
    const char *command, *net, *input, *weights, *out, *templates, *dump, *target;
    const char *cpu, *cc, *cflags, *emulator;
    const char *bindings;  /* "python,cpp" */
    const char *data, *loss, *optimizer;
    const char *format;    /* of a file with weights: "bundle" or "binary"; NULL: as its name says */
    int to;                /* a loom_type; 0: not given */
    store_scales scales;
    double learning_rate, clip_norm; /* 0: not given */
    int64_t max_flash, max_ram;      /* bytes; 0: no limit */
    int epochs;
    bool no_shuffle;
    train_options learn; /* of loomc train */
    precision precision;
    precision store;       /* of weights of a network of reals; F32: as they are */
    bool reals;            /* of a network of integers: input and output are float32 */
    bool train, abi, verify, board, measure;
    const char *completion; /* of docs: the shell */
    bool help, man, has_precision, standalone, dispatch, json, weights_file, trace, keep;
    int runs;
    int batch;             /* 0: not given */
} options;

/* What a command works with. */
typedef struct session {
    arena arena;
    diags diags;
    const options *opt;
    const char *script;    /* written by the target: a program for sh that builds what was written, or NULL */
    int variants;          /* that this script can verify */
    const struct target_facts *target; /* target.h; NULL: of this machine */
} session;

/* ---- arena.c */
void *arena_alloc(arena *a, size_t n); /* zeroed, aligned for anything; never NULL */
void *arena_array(arena *a, int64_t n, size_t size);
void *arena_grow(arena *a, void *old, size_t old_bytes, size_t new_bytes);
char *arena_strdup(arena *a, const char *s);
char *arena_strndup(arena *a, const char *s, size_t n);
char *arena_printf(arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
void arena_free(arena *a);
NORETURN void arena_fail(arena *a); /* as a failed allocation does */
/* Runs body(arg); false when an allocation in it failed. For who has something to give back then. */
bool arena_protect(arena *a, void (*body)(void *arg), void *arg);
/* The one source of memory: realloc for p and n > 0, free for n == 0. NULL when there is none left. For tests
 * memory_fails, the n-th allocation from now on (and all after it) fails; 0: none. */
void *memory(void *p, size_t n);
extern long memory_fails;
void text_add(text *t, const char *s, size_t n);
void text_printf(text *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- diag.c: file:line:column, the line, a caret; `at` may be NULL */
void diag(session *s, severity sev, const json *at, const char *fmt, ...) PRINTF_LIKE(4, 5);
void diag_key(session *s, severity sev, const json *at, const char *fmt, ...) PRINTF_LIKE(4, 5); /* caret at the key */
void diag_span(session *s, severity sev, const source *src, span at, const char *pointer, const char *fmt, ...) PRINTF_LIKE(6, 7);
/* Of the '|'-separated names, the nearest to `word`, or NULL when none is near. */
const char *nearest(arena *a, const char *word, const char *names);

/* ---- file.c */
bool file_read(session *s, const char *path, source *out);  /* "-" is standard input */
bool file_write(session *s, const char *path, const char *data, size_t n); /* writes beside, then renames */
bool file_can_write(session *s, const char *path); /* for who writes only after hours; false after an error */
bool same_file(const char *a, const char *b);      /* two names of one file; of files that are not there, equal names */
/* The two halves of it, for several files that belong together: writes beside and returns that path, or
 * NULL after an error; gives it its name. */
const char *file_part(session *s, const char *path, const char *data, size_t n);
bool file_commit(session *s, const char *part, const char *path);
bool make_dir(session *s, const char *path);
int shell(const char *command); /* its exit code; 128 when a signal ended it */
/* A new folder for the builds of a command, below $TMPDIR or /tmp; NULL, with errno, when there can be none. */
char *scratch_dir(session *s, const char *purpose);
bool remove_dir(const char *dir); /* with all that is in it */

/* ---- syntax.c */
bool json_check(session *s, const source *src); /* reports what is not JSON */
size_t utf8_length(const char *s, size_t n);    /* bytes of the character at s, 0 when it is none */

/* ---- json.c */
json *json_read(session *s, const source *src);
const json *json_get(const json *object, const char *key);
char *json_pointer(arena *a, const json *at);
bool json_is_int(const json *j);      /* a number without fraction and exponent, of any size */
int64_t json_int(const json *number); /* cut off, and kept within +-2^62 */
const char *json_words(arena *a, const json *j); /* for messages: "a list", "2.5" */
/* The numbers of a tensor, a flat list or lists nested as its shape is, correctly rounded to the
 * precision. `what` names it in messages: "'kernel' of fc1". */
bool json_reals(session *s, const json *at, precision p, void *out, const shape *sh, const char *what);

/* ---- number.c */
void print_real(char out[40], precision p, const void *x);   /* shortest text that reads back */
void print_hex(char out[48], precision p, const void *x);    /* a C constant, exact */
/* The decimal number at t, NUL-terminated text, correctly rounded; infinite when it is too large. Returns what
 * follows it: t when there is none. */
const char *read_real(precision p, const char *t, void *out);
int64_t shape_size(const shape *s);
bool shape_equal(const shape *a, const shape *b);
const char *shape_text(arena *a, const shape *s);
size_t real_size(precision p);
double real_get(precision p, const void *data, int64_t i);
void real_set(precision p, void *data, int64_t i, double v);
extern const char *const precision_names[N_PRECISIONS]; /* "f32", "f64", "i8", ... */
precision precision_of(const char *word); /* "int8", "i8"; N_PRECISIONS: none */
int64_t int_get(precision p, const void *data, int64_t i);
void int_set(precision p, void *data, int64_t i, int64_t v); /* v must fit */

/* ---- field.c: reading the keys of a layer. A name that the layer's table lacks is a bug (assert). */
bool fields_check(session *s, const json *object, const field *fields, const char *what);
bool fields_check_compat(session *s, const json *object, const field *fields); /* the original's leniency */
bool fields_check_layer(session *s, const layer *l); /* one of the two, with the keys that every layer has */
const json *layer_json(const layer *l, const char *name);           /* NULL when absent */
bool layer_has(const layer *l, const char *name);
int64_t layer_int(const layer *l, const char *name, int64_t def);
double layer_number(const layer *l, const char *name, double def);
bool layer_bool(const layer *l, const char *name, bool def);
const char *layer_string(const layer *l, const char *name, const char *def);
int layer_sizes(const layer *l, const char *name, int64_t *out, int max); /* how many there are; 0 absent */

/* ---- network.c */
network *network_read(session *s, const source *src);
/* Gives it another id, which must do as a name in C; false after an error. */
bool network_rename(session *s, network *net, const char *id);
const layer_type *layer_type_find(const char *name);
extern const field *const network_field_table, *const quantisation_field_table;
extern const layer_type *const layer_types[];
extern const int n_layer_types;

/* ---- lower.c: what layers call */
session *graph_session(const graph *g);
graph *network_lower(session *s, const network *net, precision p, lower_mode mode);
graph *graph_new(session *s, const network *net, precision p); /* without tensors and ops */
tensor_id lower_layers(graph *g, const layer *first, tensor_id x);
tensor_id lower_layer(graph *g, const layer *l, tensor_id x);
bool infer_sequence(const layer *first, shape *s);
/* Errors at a field of a layer (NULL: at its type), at a place within it, and about the shape that it got,
 * which also tell where that comes from. */
void layer_error(graph *g, const layer *l, const char *field, const char *fmt, ...) PRINTF_LIKE(4, 5);
void layer_error_at(graph *g, const layer *l, const json *at, const char *fmt, ...) PRINTF_LIKE(4, 5);
void shape_error(graph *g, const layer *l, const char *field, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* A weight tensor, from the weights file or else initialised: scale 0 gives `fill`, else uniform in
 * [-scale, scale]. Its values come under `key` in the weights of the layer; `alias` is another key or NULL. */
tensor_id param(graph *g, const layer *l, const char *key, const char *alias, shape sh, double scale, double fill);
tensor_id state(graph *g, const layer *l, const char *key, shape sh);
/* A parameter that no gradient changes: it follows the data while training (the statistics of a batch). */
tensor_id statistic(graph *g, const layer *l, const char *key, shape sh, double fill);
int layer_stream(const layer *l);                                 /* of its random numbers */
tensor_id activation(graph *g, const layer *l, tensor_id x);      /* fields "activation" and "alpha" */
shape sample_shape(const graph *g, tensor_id x);                  /* without the batch */
/* Fields that every layer with an activation has. */
#define ACTIVATION_FIELDS                                                                                 \
    {"activation", FIELD_ENUM, 0, 0, "linear", ACTIVATION_NAMES, "function applied to the result"},       \
    {"alpha", FIELD_NUMBER, -1e6, 1e6, "0.1 leaky_relu, 1 elu", 0, "parameter of leaky_relu and elu"}
#define ACTIVATION_NAMES "linear|relu|scaled_relu|leaky_relu|sigmoid|tanh|softplus|gelu|silu|elu|hard_sigmoid|hard_swish|identity"

/* ---- graph.c */
shape shape_of(int rank, ...);                                     /* int64_t each */
tensor_id tensor_new(graph *g, tensor_kind k, shape s, const char *name);
tensor_id tensor_const(graph *g, shape s, const char *name, const double *values);
const shape *tensor_shape(const graph *g, tensor_id t);
size_t tensor_bytes(const graph *g, tensor_id t);
tensor_id op_new(graph *g, const op_type *type, const void *attr, size_t attr_size, shape out, int n_in, const tensor_id *in);
tensor_id graph_result(const graph *g); /* the loss of a graph that trains, else the output */
void graph_uses(graph *g);
void graph_check(const graph *g);
void graph_dump(const graph *g, FILE *out);

/* ---- interp.c */
typedef struct interp interp;
interp *interp_new(arena *a, const graph *g);
void interp_run(interp *in, const void *input, void *output, uint64_t call); /* the call-th, from 0 */
void interp_reset(interp *in);                             /* states become zero */
void *interp_value(const interp *in, tensor_id t);
void interp_share(interp *in, tensor_id t, void *value);   /* t lies there from now on */
void interp_steps(interp *in, int from, int to, uint64_t call); /* runs ops from .. to-1 */

/* ---- backward.c: reverse-mode differentiation of the graph */
bool needs_gradient(const graph *g, tensor_id t);
/* Appends the gradient of the loss (one number) by every parameter that trains, and by the input when
 * `input`. Result[t], for t < *n: the gradient of tensor t, 0 when there is none. NULL after an error. */
tensor_id *backward(graph *g, tensor_id loss, bool input, int *n);

/* ---- training.c: the graph that trains */
extern const field *const training_field_table;
training training_read(session *s, const network *net);
/* Appends the loss of the output. False after an error. */
bool training_loss(graph *g, const training *t);
/* The graph of a whole step; NULL after an error. */
graph *training_graph(session *s, const network *net, precision p, const training *t);

/* ---- engine.c: a network behind the C-ABI, run by the interpreter */
/* NULL after an error. The model lives as long as the session's arena; its instances have memory of their own. With t it
 * trains too. */
const loom_model *engine_model(session *s, const network *net, precision p, const training *t);
/* What an instance's last training step computed for a tensor of the training graph. */
const void *engine_value(void *instance, tensor_id t);

/* ---- bundle.c, store.c: networks as files (store.h) */
/* The network's description, complete: with its id, and with "compat" where the file that it came from implied it. */
const char *network_description(session *s, const network *net);
/* Writes the weights of a graph, as the options say. */
bool model_write(session *s, const graph *g, const char *path);
/* loom_save into memory of the arena. False after an error. */
bool save_binary(session *s, const loom_model *m, void *instance, const loom_save_options *o, source *out);

/* ---- narrow.c: weights of products as int8 or int16 in memory, arithmetic in reals */
void narrow_weights(graph *g, precision p);

/* ---- passes: each says what it needs and what it establishes */
void pass_fold(graph *g);
void pass_fuse(graph *g);
void pass_pad(graph *g);
void pass_broadcast(graph *g);
void pass_dead(graph *g);
void pass_update(graph *g);
void pass_schedule(graph *g);

/* ---- panels.c: how matrices are stored for the kernels that read them */
int64_t panel_width(const graph *g); /* columns of a panel; what lies in memory fills up whole panels */
int64_t pack_terms(const pack *k);   /* k with what fills it up */
int64_t pack_size(const graph *g, const pack *k);
/* The widest panels for n columns: panels side by side pay where few rows read them, and on machines without vectors. */
int64_t pack_wide(const graph *g, int64_t n, bool few_rows);
void pack_fill(const graph *g, precision p, const pack *k, const void *from, void *to);

/* ---- emit.c */
/* Of the folders that make up an open set, "target" or "binding": "a|b|c" for targets/a/target.lua and so on. */
const char *kind_names(arena *a, const char *kind);
bool emit_model(session *s, const compiled *c); /* and sets s->script */
/* Runs that script in the folder, on variant `variant` (-1: none). What it says goes to stderr when it fails. Exit code 3
 * means that a tool is missing. */
int run_script(session *s, const char *dir, int variant);

/* ---- compile.c, verify.c, report.c, run.c: the commands. Exit codes. */
/* The network of the command line, with its weights; NULL after an error. */
network *read_network(session *s, source *net_src, source *weights_src);
/* The precision of the command line or the description, for commands that need reals; false after an error. */
bool choose_reals(session *s, const network *net, precision *p);
bool compile_network(session *s, compiled *c);
bool compile_layers(session *s, compiled *c); /* the same for a network that is read: c->net, src, weights_src */
/* The passes, which change g, and the plan of what they make of it. `first` as in plan_build. */
plan *graph_compile(session *s, graph *g, const plan *first);
int command_compile(session *s);
int command_run(session *s);
int command_init(session *s);
int command_convert(session *s);
int command_verify(session *s);
int command_report(session *s);
int command_docs(session *s);
int command_train(session *s);
int command_gradcheck(session *s);
int command_quantise(session *s);

#endif
