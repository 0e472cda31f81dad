/* module.c - libloom for JavaScript: an instance with its buffers, with the functions that modules of compiled models have too
 * (targets/wasm/model/wasm.c.lua), and what takes structures, taken apart. Beside them all of loom.h is exported. */
#include "../../../runtime/loom.h"
#include "../../../runtime/loom_train.h"

#include <stdlib.h>

#define EXPORT(name) __attribute__((export_name(name)))

struct network {
    const loom_model *m;
    void *instance;
    void *buffer[3]; /* input, output, target */
    double number;   /* the result of a call, where that is one */
    loom_schedule before; /* of the training that runs */
};

static loom_error error;     /* what went wrong last */
static loom_metrics metrics; /* how far predictions are from what was expected */

EXPORT("error") const loom_error *module_error(void) { return &error; }
EXPORT("error_message") const char *module_error_message(void) { return error.message; }
EXPORT("error_where") const char *module_error_where(void) { return error.where; }

EXPORT("allocate") void *module_allocate(size_t n) { return malloc(n); }
EXPORT("release") void module_release(void *p) { free(p); }

/* ---- networks, from text to memory */

EXPORT("network_free") void module_network_free(struct network *net)
{
    for (int i = 0; i < 3; i++)
        free(net->buffer[i]);
    loom_instance_free(net->m, net->instance);
    loom_model_free(net->m);
    free(net);
}

static int fill(struct network *net, const char *json, size_t size, const loom_options *options)
{
    int status = loom_model_from_json(json, size, options, &net->m, &error);
    if (status < 0)
        return status;
    error = (loom_error){.status = loom_instance_new(net->m, &net->instance)};
    for (int i = 0; i < 3 && error.status >= 0; i++) {
        size_t n = i == 0 ? loom_input_size(net->m) : loom_output_size(net->m);
        net->buffer[i] = calloc(n, loom_type_size(loom_model_type(net->m)));
        error.status = net->buffer[i] ? LOOM_OK : LOOM_E_MEMORY;
    }
    return error.status;
}

/* A network of `size` bytes of JSON, or NULL and the error. type: a loom_type or 0; id, loss: NULL for the description's. */
EXPORT("network_new") struct network *module_network_new(const char *json, size_t size, int type, int train, const char *id,
                                                         const char *loss, double clip_norm)
{
    const loom_options options = {.type = type, .train = train, .id = id, .loss = loss, .clip_norm = clip_norm};
    struct network *net = calloc(1, sizeof *net);
    if (!net)
        error = (loom_error){.status = LOOM_E_MEMORY};
    else if (fill(net, json, size, &options) < 0) {
        module_network_free(net);
        net = NULL;
    }
    return net;
}

EXPORT("network_model") const loom_model *module_network_model(const struct network *net) { return net->m; }

/* ---- one instance, as in modules of compiled models */

EXPORT("number") double module_number(const struct network *net) { return net->number; }
EXPORT("reset") int module_reset(struct network *net) { return loom_reset(net->m, net->instance); }

EXPORT("forward") int module_forward(struct network *net)
{
    return loom_forward(net->m, net->instance, net->buffer[0], loom_input_size(net->m), net->buffer[1], loom_output_size(net->m));
}

/* One mini-batch; its loss is the number. */
EXPORT("train") int module_train(struct network *net)
{
    return loom_train(net->m, net->instance, net->buffer[0], net->buffer[2], loom_model_batch(net->m), &net->number);
}

EXPORT("backward") int module_backward(struct network *net)
{
    return loom_backward(net->m, net->instance, net->buffer[0], net->buffer[2], &net->number);
}

EXPORT("update") int module_update(struct network *net) { return loom_update(net->m, net->instance); }
EXPORT("clear") int module_clear(struct network *net) { return loom_clear(net->m, net->instance); }
EXPORT("rate") int module_rate(struct network *net) { return loom_learning_rate(net->m, net->instance, &net->number); }

EXPORT("set_rate") int module_set_rate(struct network *net, double rate)
{
    return loom_set_learning_rate(net->m, net->instance, rate);
}

/* Before a training of so many mini-batches, `accumulate` of them for a step; and after it, when the schedule is what it was. */
EXPORT("begin") int module_begin(struct network *net, double rate, double batches, double accumulate)
{
    if (!loom_can_train(net->m))
        return LOOM_E_UNSUPPORTED;
    loom_progress *p = net->m->progress(net->m, net->instance);
    net->before = p->schedule;
    loom_begin(&p->schedule, rate, (double)p->steps + (double)(uint64_t)(((double)p->pending + batches) / accumulate));
    return LOOM_OK;
}

EXPORT("finish") int module_finish(struct network *net)
{
    net->m->progress(net->m, net->instance)->schedule = net->before;
    return LOOM_OK;
}

EXPORT("steps") int module_steps(struct network *net)
{
    uint64_t steps = 0;
    int status = loom_steps(net->m, net->instance, &steps);
    net->number = (double)steps;
    return status;
}

/* Where the i-th array lies: input, output, target, then the tensors. */
EXPORT("place") void *module_place(struct network *net, int i)
{
    return i < 3 ? net->buffer[i] : loom_tensor_data(net->m, net->instance, i - 3);
}

EXPORT("metrics") const loom_metrics *module_metrics(void) { return &metrics; }
EXPORT("metrics_clear") void module_metrics_clear(void) { metrics = (loom_metrics){0}; }
EXPORT("metrics_add") void module_metrics_add(double expected, double actual) { loom_metrics_add(&metrics, expected, actual); }

EXPORT("order") int module_order(uint64_t seed, uint64_t epoch, uint64_t *order, size_t n)
{
    return loom_epoch_order(seed, epoch, order, n);
}

/* ---- files */

/* The size of the file, or a negative status. `bytes` NULL only tells the size. */
EXPORT("save") int module_save(struct network *net, int type, int scales, int training, int description, void *bytes,
                               size_t capacity)
{
    const loom_save_options o = {type, scales, training, description};
    size_t size = 0;
    const int status = loom_save(net->m, net->instance, &o, bytes, capacity, &size);
    return status < 0 ? status : (int)size;
}

EXPORT("load") int module_load(struct network *net, const void *bytes, size_t n)
{
    return loom_load(net->m, net->instance, bytes, n);
}

EXPORT("problem") const char *module_problem(struct network *net, const void *bytes, size_t n)
{
    return loom_load_problem(net->m, net->instance, bytes, n);
}

/* The instance as a bundle: its text, for FreeLoomString; 0, or a negative status and the error. */
static const char *bundle;

EXPORT("bundle") int module_bundle(struct network *net, const char *id)
{
    bundle = loom_bundle_save(net->m, net->instance, id, &error);
    return bundle ? LOOM_OK : error.status;
}

EXPORT("bundle_text") const char *module_bundle_text(void) { return bundle; }

/* A file that file_open has checked, and the description in it, of size 0 when there is none. */
static loom_file file;

EXPORT("file_open") int module_file_open(const void *bytes, size_t n) { return loom_file_open(bytes, n, &file); }
EXPORT("file_description") const char *module_file_description(void) { return file.description; }
EXPORT("file_description_size") size_t module_file_description_size(void) { return file.description_size; }
