/* loom_metrics.c - how far predictions are from what was expected (loom.h). All in binary64, sample by sample in order. */
#include "loom.h"

#include "loom_rt.h"

static double magnitude(double x) { return x < 0 ? -x : x; }
static int is_finite(double x) { return x - x == 0; }

double loom_deviation(double expected, double actual)
{
    double d = magnitude(actual - expected);
    d = magnitude(expected) < 1e-10 ? d * 100 : magnitude((actual - expected) / expected) * 100;
    return is_finite(d) ? d : 100;
}

int loom_bucket(double deviation)
{
    static const double most[LOOM_BUCKETS - 1] = {10, 20, 30, 40, 50, 100};
    int i = 0;
    while (i < LOOM_BUCKETS - 1 && !(deviation <= most[i]))
        i++;
    return i;
}

void loom_metrics_add(loom_metrics *m, double expected, double actual)
{
    double d = loom_deviation(expected, actual);
    m->samples++;
    m->bucket[loom_bucket(d)]++;
    m->score_sum = m->score_sum + (d < 100 ? 100 - d : 0);
    m->deviation_sum = m->deviation_sum + d;
    m->score = m->score_sum / (double)m->samples;
    m->deviation = m->deviation_sum / (double)m->samples;
}

/* Number i of a row, as a double. */
static double real(int type, const void *data, size_t i)
{
    switch (type) {
    case LOOM_F32: return (double)((const float *)data)[i];
    case LOOM_F64: return ((const double *)data)[i];
    case LOOM_I8: return (double)((const int8_t *)data)[i];
    case LOOM_I16: return (double)((const int16_t *)data)[i];
    default: return (double)((const int32_t *)data)[i];
    }
}

double loom_prediction(int type, const void *output, size_t n)
{
    if (!output || n == 0)
        return 0;
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (real(type, output, i) > real(type, output, best))
            best = i;
    return n == 1 ? real(type, output, 0) : (double)best;
}

int loom_evaluate(const loom_model *m, void *instance, const void *inputs, const double *expected, size_t samples,
                  void *output, loom_metrics *metrics)
{
    if (!m || !instance || !inputs || !expected || !output || !metrics || samples % (size_t)m->batch != 0)
        return LOOM_E_ARGUMENT;
    if (m->output_rank < 1 || m->output_dim[0] != m->batch)
        return LOOM_E_UNSUPPORTED;
    static const loom_metrics none = {0, {0}, 0, 0, 0, 0};
    *metrics = none;
    size_t batch = (size_t)m->batch, row = m->output_size / batch, bytes = loom_type_size((int)m->type);
    for (size_t i = 0; i < samples; i += batch) {
        const char *input = (const char *)inputs + i * (m->input_size / batch) * bytes;
        int status = m->forward(m, instance, input, output);
        if (status < 0)
            return status;
        for (size_t k = 0; k < batch; k++)
            loom_metrics_add(metrics, expected[i + k],
                             loom_prediction((int)m->type, (char *)output + k * row * bytes, row));
    }
    return LOOM_OK;
}
