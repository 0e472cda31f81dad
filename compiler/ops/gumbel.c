/* gumbel.c - log(-log(u)) of uniform random numbers u in (0, 1), in integers: what a softmax with noise subtracts.
 *
 * u = (2 * bits + 1) / 2^32 of the 31 high bits of random.c's number. y = (log2(-log2(u)) + log2(log(2))), in Q26, times
 * log(2) / scale as m / 2^shift, rounded half up. */
#include "qops.h"

#include "../../runtime/loom_random.h"

#include <math.h>

static void kernel(const eval_args *e)
{
    const gumbel_attr *at = e->attr;
    for (int64_t i = 0; i < shape_size(e->out_shape); i++) {
        uint64_t bits = loom_random_u64((uint64_t)at->random.seed, (uint64_t)at->random.stream, e->call, (uint64_t)i);
        int_set(e->out_type, e->out, i, loom_scale(loom_gumbel(bits), at->m, at->shift));
    }
}

static const attr_def attrs[] = {{"stream", ATTR_INT, offsetof(gumbel_attr, random.stream), 0},
                                 {"m", ATTR_INT, offsetof(gumbel_attr, m), 0},
                                 {"shift", ATTR_INT, offsetof(gumbel_attr, shift), 0},
                                 {0}};

const op_type op_gumbel = {
    .name = "gumbel",
    .doc = "integers for log(-log(u)), u uniform in (0, 1) from the seed, the stream and the count of calls",
    .flags = OP_RANDOM,
    .attrs = attrs,
    .integer = kernel,
};

/* The only reader of t, if it is that function. */
static const op *then(quantiser *q, tensor_id t, map_fn fn)
{
    const op *next = only_reader(q, t);
    return next && next->type == &op_map && ((const map_attr *)next->attr)->fn == (int)fn ? next : NULL;
}

/* Random numbers by themselves have no use; their logarithms are taken in one step. */
tensor_id quantise_random(quantiser *q, const op *o)
{
    static const map_fn chain[] = {FN_log, FN_neg, FN_log};
    const op *last = o;
    for (int i = 0; i < COUNT(chain); i++) {
        last = then(q, last->out, chain[i]);
        if (!last) {
            diag(q->s, DIAG_ERROR, o->layer ? o->layer->at : NULL, "there is no integer arithmetic for what becomes of its random numbers");
            return 0;
        }
        q->done[last - q->f->ops] = true;
    }
    precision p = q->type[last->out] == I32 ? I32 : I16;
    quant to = {p == I32 ? 0x1p-21 : 24.0 / 32767, 0}; /* from -22.2 to 3.1 */
    multiplier k = multiplier_with(log(2) * 0x1p-26 / to.scale, 0);
    gumbel_attr at = {*(const random_attr *)o->attr, k.m, k.shift};
    tensor_id none = 0;
    return q->made[last->out] = int_op(q, &op_gumbel, &at, sizeof at, *tensor_shape(q->f, o->out), p, to, 0, &none);
}
