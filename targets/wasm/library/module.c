/* module.c - what loom.mjs calls besides the functions of loom.h: those that take structures, taken apart. */
#include "../../../runtime/loom.h"

#include <stdlib.h>

#define EXPORT(name) __attribute__((export_name(name)))

/* What went wrong last, for the functions below. */
static loom_error error;

EXPORT("error_message") const char *module_error_message(void) { return error.message; }
EXPORT("error_where") const char *module_error_where(void) { return error.where; }
EXPORT("error_line") int module_error_line(void) { return error.line; }
EXPORT("error_column") int module_error_column(void) { return error.column; }

EXPORT("allocate") void *module_allocate(size_t n) { return malloc(n); }
EXPORT("release") void module_release(void *p) { free(p); }

/* A model of `size` bytes of JSON, or NULL and the error. type: a loom_type or 0; loss, id: NULL for the description's. */
EXPORT("model_new") const loom_model *module_model_new(const char *json, size_t size, int type, int train, const char *id,
                                                       const char *loss)
{
    const loom_options options = {.type = type, .train = train, .id = id, .loss = loss};
    const loom_model *m = NULL;
    loom_model_from_json(json, size, &options, &m, &error);
    return m;
}

EXPORT("instance_new") void *module_instance_new(const loom_model *m)
{
    void *instance = NULL;
    error = (loom_error){.status = loom_instance_new(m, &instance)};
    return instance;
}

EXPORT("status") int module_status(void) { return error.status; }

/* Where tensor i lies. */
EXPORT("tensor_data") void *module_tensor_data(const loom_model *m, void *instance, int i) { return m->data(m, instance, i); }

static double number; /* results of type double */

EXPORT("number") double module_number(void) { return number; }

EXPORT("train") int module_train(const loom_model *m, void *instance, const void *x, const void *y, size_t samples)
{
    return loom_train(m, instance, x, y, samples, &number);
}

EXPORT("backward") int module_backward(const loom_model *m, void *instance, const void *x, const void *y)
{
    return loom_backward(m, instance, x, y, &number);
}

EXPORT("rate") int module_rate(const loom_model *m, void *instance) { return loom_learning_rate(m, instance, &number); }

EXPORT("steps") int module_steps(const loom_model *m, void *instance)
{
    uint64_t steps = 0;
    int status = loom_steps(m, instance, &steps);
    number = (double)steps;
    return status;
}

/* The size of the file, or a negative status. `bytes` NULL only tells the size. */
EXPORT("save") int module_save(const loom_model *m, void *instance, int type, int scales, int training, int description, void *bytes,
                               size_t capacity)
{
    const loom_save_options o = {type, scales, training, description};
    size_t size = 0;
    const int status = loom_save(m, instance, &o, bytes, capacity, &size);
    return status < 0 ? status : (int)size;
}
