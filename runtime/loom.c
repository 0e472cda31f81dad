/* loom.c - models, instances, runs and tensors of the public interface (loom.h), on top of the descriptor of a model.
 *
 * Everything here checks its arguments and hands over to the functions of the model. No memory, no library; the only
 * thing that is ever written besides the caller's memory is the table of registered models. */
#include "loom.h"

#include "loom_random.h"
#include "loom_train.h"

/* ---- models ------------------------------------------------------------------------------------------------- */

static const loom_model *models[LOOM_MAX_MODELS];
static int n_models;

uint32_t loom_abi(void) { return LOOM_ABI; }

const char *loom_status_text(int status)
{
#ifdef LOOM_NO_TEXT
    (void)status;
    return "";
#else
    switch (status) {
#define STATUS_TEXT(name, value, text) \
    case name: \
        return text;
        LOOM_STATUSES(STATUS_TEXT)
#undef STATUS_TEXT
    default: return "unknown status";
    }
#endif
}

static int same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

int loom_register(const loom_model *m)
{
    if (!m || !m->id)
        return LOOM_E_ARGUMENT;
    if (m->abi != LOOM_ABI)
        return LOOM_E_ABI;
    for (int i = 0; i < n_models; i++) {
        if (models[i] == m)
            return LOOM_OK;
        if (models[i]->type == m->type && same(models[i]->id, m->id))
            return LOOM_E_EXISTS;
    }
    if (n_models == LOOM_MAX_MODELS)
        return LOOM_E_SPACE;
    models[n_models++] = m;
    return LOOM_OK;
}

int loom_model_count(void) { return n_models; }

const loom_model *loom_model_at(int i) { return i >= 0 && i < n_models ? models[i] : NULL; }

const loom_model *loom_model_find(const char *id)
{
    for (int i = 0; id && i < n_models; i++)
        if (same(models[i]->id, id))
            return models[i];
    return NULL;
}

/* ---- what the descriptor says ------------------------------------------------------------------------------- */

const char *loom_model_id(const loom_model *m) { return m ? m->id : NULL; }
const char *loom_model_description(const loom_model *m) { return m ? m->description : NULL; }
int loom_model_type(const loom_model *m) { return m ? (int)m->type : 0; }
size_t loom_model_batch(const loom_model *m) { return m ? (size_t)m->batch : 0; }
int loom_input_rank(const loom_model *m) { return m ? m->input_rank : 0; }
int loom_output_rank(const loom_model *m) { return m ? m->output_rank : 0; }
size_t loom_input_size(const loom_model *m) { return m ? m->input_size : 0; }
size_t loom_output_size(const loom_model *m) { return m ? m->output_size : 0; }
int loom_can_train(const loom_model *m) { return m && m->train; }
int loom_can_backward(const loom_model *m) { return m && m->backward && m->update; }

size_t loom_input_dim(const loom_model *m, int i)
{
    return m && i >= 0 && i < m->input_rank ? (size_t)m->input_dim[i] : 0;
}

size_t loom_output_dim(const loom_model *m, int i)
{
    return m && i >= 0 && i < m->output_rank ? (size_t)m->output_dim[i] : 0;
}

size_t loom_type_size(int type)
{
    return type == LOOM_F64 ? 8 : type == LOOM_F32 || type == LOOM_I32 ? 4 : type == LOOM_I16 ? 2 : type == LOOM_I8;
}

/* ---- instances ---------------------------------------------------------------------------------------------- */

size_t loom_instance_size(const loom_model *m) { return m ? m->instance_size : 0; }

int loom_instance_init(const loom_model *m, void *memory, size_t size)
{
    if (!m || !memory || (uintptr_t)memory % 64 != 0)
        return LOOM_E_ARGUMENT;
    if (m->abi != LOOM_ABI)
        return LOOM_E_ABI;
    if (size < m->instance_size)
        return LOOM_E_SPACE;
    int status = loom_check_subnormals();
    return status < 0 ? status : m->init(m, memory);
}

void loom_instance_end(const loom_model *m, void *instance)
{
    if (m && instance && m->end)
        m->end(m, instance);
}

int loom_reset(const loom_model *m, void *instance)
{
    if (!m || !instance)
        return LOOM_E_ARGUMENT;
    if (m->reset)
        m->reset(m, instance);
    return LOOM_OK;
}

/* ---- runs --------------------------------------------------------------------------------------------------- */

int loom_forward(const loom_model *m, void *instance, const void *input, size_t n_input, void *output,
                 size_t n_output)
{
    if (!m || !instance || !input || !output || n_input != m->input_size || n_output != m->output_size)
        return LOOM_E_ARGUMENT;
    return m->forward(m, instance, input, output);
}

/* The loss that a model wrote, a number of its type. */
static double loss_of(const loom_model *m, const double *at)
{
    return m->type == LOOM_F32 ? (double)*(const float *)(const void *)at : *at;
}

int loom_train(const loom_model *m, void *instance, const void *inputs, const void *targets, size_t samples,
               double *loss)
{
    if (!m || !instance || !inputs || !targets || samples == 0 || samples % (size_t)m->batch != 0)
        return LOOM_E_ARGUMENT;
    if (!m->train)
        return LOOM_E_UNSUPPORTED;
    size_t n = samples / (size_t)m->batch, real = loom_type_size((int)m->type);
    double sum = 0, one = 0;
    for (size_t i = 0; i < n; i++) {
        int status = m->train(m, instance, (const char *)inputs + i * m->input_size * real,
                              (const char *)targets + i * m->output_size * real, &one);
        if (status < 0)
            return status;
        sum = sum + loss_of(m, &one);
    }
    if (loss)
        *loss = sum / (double)n;
    return LOOM_OK;
}

int loom_backward(const loom_model *m, void *instance, const void *input, const void *target, double *loss)
{
    double one = 0;
    if (!m || !instance || !input || !target)
        return LOOM_E_ARGUMENT;
    if (!loom_can_backward(m))
        return LOOM_E_UNSUPPORTED;
    int status = m->backward(m, instance, input, target, &one);
    if (loss && status >= 0)
        *loss = loss_of(m, &one);
    return status;
}

int loom_update(const loom_model *m, void *instance)
{
    if (!m || !instance)
        return LOOM_E_ARGUMENT;
    return loom_can_backward(m) ? m->update(m, instance) : LOOM_E_UNSUPPORTED;
}

int loom_clear(const loom_model *m, void *instance)
{
    if (!m || !instance)
        return LOOM_E_ARGUMENT;
    if (!loom_can_backward(m))
        return LOOM_E_UNSUPPORTED;
    for (int i = 0; i < m->n_tensors; i++) {
        char *at = m->tensors[i].role == LOOM_GRADIENT ? (char *)m->data(m, instance, i) : NULL;
        size_t bytes = m->tensors[i].size * loom_type_size((int)m->type);
        for (size_t k = 0; at && k < bytes; k++)
            at[k] = 0;
    }
    m->progress(m, instance)->pending = 0;
    return LOOM_OK;
}

int loom_epoch_order(uint64_t seed, uint64_t epoch, uint64_t *order, size_t n)
{
    if (!order && n > 0)
        return LOOM_E_ARGUMENT;
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i-- > 1;) {
        size_t k = (size_t)(loom_random_u64(seed, 0x6f72646572, epoch, i) % (uint64_t)(i + 1));
        uint64_t was = order[i];
        order[i] = order[k];
        order[k] = was;
    }
    return LOOM_OK;
}

/* ---- learning rates ----------------------------------------------------------------------------------------- */

static loom_progress *progress_of(const loom_model *m, void *instance)
{
    return m && instance && m->progress ? m->progress(m, instance) : NULL;
}

static int is_rate(double x) { return x >= 0 && x <= 1.7976931348623157e308; }

int loom_learning_rate(const loom_model *m, void *instance, double *rate)
{
    const loom_progress *p = progress_of(m, instance);
    if (!p || !rate)
        return LOOM_E_ARGUMENT;
    *rate = loom_rate(&p->schedule, (double)p->steps);
    return LOOM_OK;
}

int loom_steps(const loom_model *m, void *instance, uint64_t *steps)
{
    const loom_progress *p = progress_of(m, instance);
    if (!p || !steps)
        return LOOM_E_ARGUMENT;
    *steps = p->steps;
    return LOOM_OK;
}

int loom_set_learning_rate(const loom_model *m, void *instance, double rate)
{
    loom_progress *p = progress_of(m, instance);
    if (!p || !is_rate(rate))
        return LOOM_E_ARGUMENT;
    p->schedule.rate = rate;
    return LOOM_OK;
}

int loom_set_schedule(const loom_model *m, void *instance, const loom_schedule *s)
{
    loom_progress *p = progress_of(m, instance);
    if (!p || !s || s->kind < LOOM_CONSTANT || s->kind > LOOM_POLYNOMIAL || !is_rate(s->rate) || !is_rate(s->end) ||
        !is_rate(s->factor) || !is_rate(s->power) || !is_rate(s->steps) || !is_rate(s->warmup))
        return LOOM_E_ARGUMENT;
    p->schedule = *s;
    return LOOM_OK;
}

int loom_get_schedule(const loom_model *m, void *instance, loom_schedule *schedule)
{
    const loom_progress *p = progress_of(m, instance);
    if (!p || !schedule)
        return LOOM_E_ARGUMENT;
    *schedule = p->schedule;
    return LOOM_OK;
}

double loom_schedule_rate(const loom_schedule *schedule, uint64_t steps)
{
    return schedule ? loom_rate(schedule, (double)steps) : 0;
}

/* ---- tensors ------------------------------------------------------------------------------------------------ */

static const loom_tensor *tensor_at(const loom_model *m, int i)
{
    return m && i >= 0 && i < m->n_tensors ? &m->tensors[i] : NULL;
}

int loom_tensor_count(const loom_model *m) { return m ? m->n_tensors : 0; }

int loom_tensor_find(const loom_model *m, const char *name)
{
    if (!m || !name)
        return LOOM_E_ARGUMENT;
    for (int i = 0; i < m->n_tensors; i++)
        if (same(m->tensors[i].name, name))
            return i;
    return LOOM_E_NOT_FOUND;
}

const char *loom_tensor_name(const loom_model *m, int i)
{
    const loom_tensor *t = tensor_at(m, i);
    return t ? t->name : NULL;
}

const char *loom_tensor_layer(const loom_model *m, int i)
{
    const loom_tensor *t = tensor_at(m, i);
    return t ? t->layer : NULL;
}

int loom_tensor_role(const loom_model *m, int i)
{
    const loom_tensor *t = tensor_at(m, i);
    return t ? t->role : 0;
}

int loom_tensor_rank(const loom_model *m, int i)
{
    const loom_tensor *t = tensor_at(m, i);
    return t ? t->rank : 0;
}

size_t loom_tensor_dim(const loom_model *m, int i, int k)
{
    const loom_tensor *t = tensor_at(m, i);
    return t && k >= 0 && k < t->rank ? (size_t)t->dim[k] : 0;
}

size_t loom_tensor_size(const loom_model *m, int i)
{
    const loom_tensor *t = tensor_at(m, i);
    return t ? t->size : 0;
}

/* The bytes of numbers first .. first+n-1; NULL when that is out of range. */
static char *part_of(const loom_model *m, void *instance, int i, size_t first, size_t n)
{
    const loom_tensor *t = tensor_at(m, i);
    if (!t || !instance || first > t->size || n > t->size - first)
        return NULL;
    char *data = (char *)m->data(m, instance, i);
    return data ? data + first * loom_type_size((int)m->type) : NULL;
}

void *loom_tensor_data(const loom_model *m, void *instance, int i)
{
    return m && instance && i >= 0 && i < m->n_tensors ? m->data(m, instance, i) : NULL;
}

int loom_tensor_get(const loom_model *m, void *instance, int i, size_t first, size_t n, void *out)
{
    const char *from = part_of(m, instance, i, first, n);
    if (!from || !out)
        return LOOM_E_ARGUMENT;
    size_t bytes = n * loom_type_size((int)m->type);
    for (size_t k = 0; k < bytes; k++)
        ((char *)out)[k] = from[k];
    return LOOM_OK;
}

int loom_tensor_set(const loom_model *m, void *instance, int i, size_t first, size_t n, const void *values)
{
    char *to = part_of(m, instance, i, first, n);
    if (!to || !values)
        return LOOM_E_ARGUMENT;
    if (m->tensors[i].role == LOOM_FROZEN)
        return LOOM_E_CONSTANT;
    size_t bytes = n * loom_type_size((int)m->type);
    for (size_t k = 0; k < bytes; k++)
        to[k] = ((const char *)values)[k];
    return LOOM_OK;
}
