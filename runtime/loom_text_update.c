/* loom_text_update.c - LoomBackward, the optimisers that use its gradients, and learning-rate schedulers. */
#include "loom_text.h"

#include <stdlib.h>
#include <string.h>

/* ---- backward ----------------------------------------------------------------------------------------------- */

static int backward_arguments(loom_document *d, loom_json values[2])
{
    static const char *const names[] = {"gradient", "model", NULL};
    values[0] = d->root;
    values[1].at = values[1].end = NULL;
    if (loom_json_kind(d->root) != '{')
        return LOOM_OK;
    int status = loom_members(d, d->root, names, values);
    return status >= 0 && !values[0].at ? loom_document_fail(d, d->root, "\"gradient\" is missing") : status;
}

static int backward(loom_network *current, const char *json, loom_error *e)
{
    loom_document d;
    loom_json values[2];
    if (loom_document_open(&d, "gradientJson", json, json ? strlen(json) : 0, e) < 0 ||
        backward_arguments(&d, values) < 0)
        return e->status;
    loom_network *net = loom_current(current, &d, values[1], e);
    if (!net)
        return e->status;
    if (!net->has_input)
        return loom_fail(e, LOOM_E_UNSUPPORTED, "", "no forward pass yet; call LoomForward first");
    if (loom_take_numbers(&d, values[0], "the gradient", (int)net->model->type, net->output,
                          net->model->output_size) < 0 ||
        loom_network_become(net, 2, "gradient", 0, e) < 0)
        return e->status;
    int status = loom_clear(net->model, net->instance);
    if (status >= 0)
        status = loom_backward(net->model, net->instance, net->input, net->output, NULL);
    return status < 0 ? loom_fail_status(e, status, "backward") : status;
}

const char *LoomBackward(const char *gradientJson)
{
    loom_error e = {0, 0, 0, "", ""};
    backward(*loom_lock(), gradientJson, &e);
    loom_unlock();
    return e.status < 0 ? loom_reply_error(&e) : loom_success;
}

/* ---- optimisers --------------------------------------------------------------------------------------------- */

static int apply(loom_network *current, const loom_optimiser *given, loom_error *e)
{
    const loom_json none = {NULL, NULL};
    loom_network *net = loom_current(current, NULL, none, e);
    if (!net)
        return e->status;
    if (!loom_can_backward(net->model) || net->options.train != 2)
        return loom_fail(e, LOOM_E_UNSUPPORTED, "",
                         "there are no gradients; call LoomForward and LoomBackward first");
    size_t size = loom_apply_size(net->model);
    loom_optimiser o = *given;
    if (!net->memory[o.kind] && !(net->memory[o.kind] = loom_memory(size, 1, e)))
        return e->status;
    o.step = net->optimiser[o.kind].step;
    int status = loom_apply(net->model, net->instance, &o, net->memory[o.kind], size);
    net->optimiser[o.kind] = o;
    if (status == LOOM_E_ARGUMENT)
        return loom_fail(
            e, status, "",
            "a number given to the optimiser is negative, infinite or none, or an average's share is above 1");
    return status < 0 ? loom_fail_status(e, status, "the optimiser") : status;
}

static const char *apply_text(const loom_optimiser *o)
{
    loom_error e = {0, 0, 0, "", ""};
    apply(*loom_lock(), o, &e);
    loom_unlock();
    return e.status < 0 ? loom_reply_error(&e) : loom_success;
}

static loom_optimiser optimiser(int kind, float rate)
{
    loom_optimiser o;
    memset(&o, 0, sizeof o);
    o.kind = kind;
    o.rate = (double)rate;
    return o;
}

const char *LoomUpdateWeights(float learningRate) { return LoomApplyGradients(learningRate); }

const char *LoomApplyGradients(float learningRate)
{
    loom_optimiser o = optimiser(LOOM_SGD, learningRate);
    return apply_text(&o);
}

const char *LoomApplyGradientsAdamW(float learningRate, float beta1, float beta2, float weightDecay)
{
    loom_optimiser o = optimiser(LOOM_ADAMW, learningRate);
    o.beta1 = (double)beta1;
    o.beta2 = (double)beta2;
    o.decay = (double)weightDecay;
    o.epsilon = 1e-8;
    return apply_text(&o);
}

const char *LoomApplyGradientsRMSprop(float learningRate, float alpha, float epsilon, float momentum)
{
    loom_optimiser o = optimiser(LOOM_RMSPROP, learningRate);
    o.alpha = (double)alpha;
    o.epsilon = (double)epsilon;
    o.momentum = (double)momentum;
    return apply_text(&o);
}

const char *LoomApplyGradientsSGDMomentum(float learningRate, float momentum, float dampening, int nesterov)
{
    loom_optimiser o = optimiser(LOOM_SGD, learningRate);
    o.momentum = (double)momentum;
    o.dampening = (double)dampening;
    o.nesterov = nesterov;
    return apply_text(&o);
}

/* ---- schedulers --------------------------------------------------------------------------------------------- */

/* All that there are, in a list under the lock of the current network; handles are never used again. */
typedef struct scheduler {
    struct scheduler *next;
    long long handle;
    loom_schedule schedule;
} scheduler;

static scheduler *schedulers;
static long long last_handle;

static scheduler **find(long long handle)
{
    scheduler **at = &schedulers;
    while (*at && (*at)->handle != handle)
        at = &(*at)->next;
    return at;
}

static long long create(int kind, float rate, float end, int steps)
{
    scheduler *s = rate - rate == 0 && end - end == 0 ? (scheduler *)calloc(1, sizeof *s) : NULL;
    if (!s)
        return -1;
    s->schedule.kind = kind;
    s->schedule.rate = (double)rate;
    s->schedule.end = (double)end;
    s->schedule.steps = steps > 0 ? steps : 0;
    loom_lock();
    s->handle = ++last_handle;
    s->next = schedulers;
    schedulers = s;
    long long handle = s->handle;
    loom_unlock();
    return handle;
}

long long LoomCreateConstantScheduler(float learningRate) { return create(LOOM_CONSTANT, learningRate, 0, 0); }

long long LoomCreateLinearDecayScheduler(float start, float end, int totalSteps)
{
    return create(LOOM_LINEAR, start, end, totalSteps);
}

long long LoomCreateCosineScheduler(float start, float minimum, int totalSteps)
{
    return create(LOOM_COSINE, start, minimum, totalSteps);
}

float LoomSchedulerGetLR(long long handle, int step)
{
    loom_lock();
    const scheduler *s = *find(handle);
    loom_schedule c = {0, 0, 0, 0, 0, 0, 0};
    int found = s != NULL;
    if (found)
        c = s->schedule;
    loom_unlock();
    if (!found)
        return -1;
    if (c.kind != LOOM_CONSTANT && !(c.steps > 0)) /* over before it begins */
        return (float)c.end;
    return (float)loom_schedule_rate(&c, step > 0 ? (uint64_t)step : 0);
}

const char *LoomSchedulerName(long long handle)
{
    static const char *const names[] = {"Constant", "LinearDecay", "CosineAnnealing"};
    loom_lock();
    const scheduler *s = *find(handle);
    const char *name = s ? names[s->schedule.kind] : "invalid";
    loom_unlock();
    char *copy = (char *)malloc(strlen(name) + 1);
    return copy ? strcpy(copy, name) : NULL;
}

void LoomFreeScheduler(long long handle)
{
    loom_lock();
    scheduler **at = find(handle), *s = *at;
    if (s)
        *at = s->next;
    loom_unlock();
    free(s);
}
