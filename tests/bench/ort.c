#include "ort.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum place {                                    /* in the table of functions */
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_GRAPH_OPTIMIZATION_LEVEL = 23,
    SET_INTRA_OP_THREADS = 24,
    SET_INTER_OP_THREADS = 25,
    SESSION_GET_INPUT_TYPE_INFO = 33,
    SESSION_GET_OUTPUT_TYPE_INFO = 34,
    CREATE_TENSOR_WITH_DATA = 49,
    CAST_TYPE_INFO_TO_TENSOR_INFO = 55,
    GET_DIMENSIONS_COUNT = 61,
    GET_DIMENSIONS = 62,
    CREATE_CPU_MEMORY_INFO = 69
};

enum { TABLE_VERSION = 11, LOG_ERRORS = 3, ALL_OPTIMIZATIONS = 99, FLOAT32 = 1, MAX_RANK = 8 };

typedef void function(void);

struct base {
    function *const *(*get_table)(uint32_t version);
    const char *(*get_version)(void);
};

struct tensor {
    int64_t shape[MAX_RANK];
    size_t rank, size;
    void *value;
};

typedef void *run_function(void *session, const void *options, const char *const *input_names,
                           void *const *inputs, size_t n_inputs, const char *const *output_names,
                           size_t n_outputs, void **outputs);

struct ort {
    function *const *table;
    void *session;
    struct tensor input, output;
};

/* Every function but a few returns NULL or a status; arguments are pointers and plain numbers. */
#define CALL(ort, place, types, ...) check(ort, ((void *(*) types)(ort)->table[place])(__VA_ARGS__))

static void check(const struct ort *ort, void *status)
{
    if (status) {
        const char *text = ((const char *(*)(void *))ort->table[GET_ERROR_MESSAGE])(status);
        fprintf(stderr, "onnx runtime: %s\n", text);
        exit(1);
    }
}

static void load_table(struct ort *ort, const char *library)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    const struct base *(*get_base)(void) = NULL;
    if (handle) {
        *(void **)&get_base = dlsym(handle, "OrtGetApiBase");
    }
    ort->table = get_base ? get_base()->get_table(TABLE_VERSION) : NULL;
    if (!ort->table) {
        fprintf(stderr, "onnx runtime: cannot load %s: %s\n", library, dlerror());
        exit(1);
    }
}

static void read_shape(struct ort *ort, enum place type_info, struct tensor *tensor)
{
    void *info;
    const void *shape;
    CALL(ort, type_info, (void *, size_t, void **), ort->session, 0, &info);
    CALL(ort, CAST_TYPE_INFO_TO_TENSOR_INFO, (void *, const void **), info, &shape);
    CALL(ort, GET_DIMENSIONS_COUNT, (const void *, size_t *), shape, &tensor->rank);
    if (tensor->rank > MAX_RANK) {
        fputs("onnx runtime: too many dimensions\n", stderr);
        exit(1);
    }
    CALL(ort, GET_DIMENSIONS, (const void *, int64_t *, size_t), shape, tensor->shape,
         tensor->rank);
    tensor->size = 1;
    for (size_t i = 0; i < tensor->rank; i++) {
        tensor->size *= (size_t)tensor->shape[i];
    }
}

struct ort *ort_open(const char *library, const char *model)
{
    struct ort *ort = calloc(1, sizeof *ort);
    void *env, *options;
    load_table(ort, library);
    CALL(ort, CREATE_ENV, (int, const char *, void **), LOG_ERRORS, "bench", &env);
    CALL(ort, CREATE_SESSION_OPTIONS, (void **), &options);
    CALL(ort, SET_GRAPH_OPTIMIZATION_LEVEL, (void *, int), options, ALL_OPTIMIZATIONS);
    CALL(ort, SET_INTRA_OP_THREADS, (void *, int), options, 1);
    CALL(ort, SET_INTER_OP_THREADS, (void *, int), options, 1);
    CALL(ort, CREATE_SESSION, (void *, const char *, void *, void **), env, model, options,
         &ort->session);
    read_shape(ort, SESSION_GET_INPUT_TYPE_INFO, &ort->input);
    read_shape(ort, SESSION_GET_OUTPUT_TYPE_INFO, &ort->output);
    return ort;
}

size_t ort_input_size(const struct ort *ort)
{
    return ort->input.size;
}

size_t ort_output_size(const struct ort *ort)
{
    return ort->output.size;
}

static void bind(struct ort *ort, struct tensor *tensor, float *data)
{
    void *memory;
    CALL(ort, CREATE_CPU_MEMORY_INFO, (int, int, void **), 0, 0, &memory);
    CALL(ort, CREATE_TENSOR_WITH_DATA,
         (void *, void *, size_t, const int64_t *, size_t, int, void **), memory, data,
         tensor->size * sizeof(float), tensor->shape, tensor->rank, FLOAT32, &tensor->value);
}

void ort_bind(struct ort *ort, float *input, float *output)
{
    bind(ort, &ort->input, input);
    bind(ort, &ort->output, output);
}

void ort_run(struct ort *ort)
{
    static const char *const inputs[] = {"input"}, *const outputs[] = {"output"};
    check(ort, ((run_function *)ort->table[RUN])(ort->session, NULL, inputs, &ort->input.value, 1,
                                                 outputs, 1, &ort->output.value));
}
