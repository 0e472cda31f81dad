/* loom_train.h - learning rates that change with the step, and what else depends on the count of steps.
 *
 * Everything here is computed in binary64, once in a step, and rounded once where it is used. C99, C++17. */
#ifndef LOOM_TRAIN_H
#define LOOM_TRAIN_H

#include "loom_math.h"
#include "loom_types.h"

/* x^y for x >= 0. */
static inline double loom_power(double x, double y)
{
    return y == 0 ? 1 : y == 1 || x == 0 || x == 1 ? x : loom_exp_f64(y * loom_log_f64(x));
}

/* x^n by squaring. */
static inline double loom_integer_power(double x, double n)
{
    double y = 1;
    for (uint64_t k = (uint64_t)n; k; k >>= 1, x = x * x)
        y = k & 1 ? y * x : y;
    return y;
}

/* The learning rate after `done` steps. */
static inline double loom_rate(const loom_schedule *c, double done)
{
    if (done < c->warmup)
        return c->rate * (done / c->warmup);
    double s = done - c->warmup, part = c->steps > 0 ? s / c->steps : 0, span = c->rate - c->end;
    double left = part < 1 ? 1 - part : 0;
    switch (c->kind) {
    case LOOM_LINEAR: return part < 1 ? c->rate - span * part : c->end;
    case LOOM_COSINE: return part < 1 ? c->end + span * (1 + loom_cos_f64(3.14159265358979324 * part)) / 2 : c->end;
    case LOOM_EXPONENTIAL: return c->rate * loom_power(c->factor, part);
    case LOOM_STEP: return c->rate * loom_integer_power(c->factor, part);
    case LOOM_POLYNOMIAL: return c->end + span * loom_power(left, c->power);
    default: return c->rate;
    }
}

/* Before a training of `steps` steps: a rate above 0 is constant; else the schedule takes them all if it does not say how
 * many. */
static inline void loom_begin(loom_schedule *c, double rate, double steps)
{
    if (rate > 0) {
        const loom_schedule constant = {LOOM_CONSTANT, rate, 0, 0, 0, 0, 0};
        *c = constant;
    } else if (!(c->steps > 0)) {
        c->steps = steps - c->warmup;
    }
}

/* What the step after `done` steps is multiplied with: the learning rate, adam's corrections of its two averages, and
 * the number of mini-batches whose gradients are summed. */
static inline void loom_rates(const loom_progress *p, double beta1, double beta2, double rates[4])
{
    double done = (double)p->steps;
    rates[0] = loom_rate(&p->schedule, done);
    rates[1] = 1 / (1 - loom_integer_power(beta1, done + 1));
    rates[2] = 1 / (1 - loom_integer_power(beta2, done + 1));
    rates[3] = (double)(p->pending ? p->pending : 1);
}

#endif
