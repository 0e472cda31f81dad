/* quantise.c - from the graph of reals to one of integers, op by op: each op type of reals has a function (`quantise`, in
 * the files of ops/) that appends the ops of integers which stand for it.
 *
 * Before: lowered, constants folded, ranges known (calibrate.c). After: the result is the reference, as the lowered graph
 * is for reals: the interpreter runs it, and passes and plan go on from it. */
#include "quantise.h"

#include "ops/qops.h"

#include <math.h>
#include <string.h>

/* ---- numbers --------------------------------------------------------------------------------------------------- */

int64_t type_high(precision p) { return p == I8 ? 127 : p == I16 ? 32767 : (int64_t)1 << 27; }
int64_t type_low(precision p) { return p == I8 ? -128 : -type_high(p); }
int type_bits(precision p) { return p == I8 ? 8 : p == I16 ? 16 : 28; }

/* v rounded to nearest, half up: the same on every host, for |v| < 2^52. */
static double half_up(double v) { return floor(v + 0.5); }

/* The least e with v <= 2^e, v > 0. Not log2: C libraries differ in that. */
static int power_above(double v)
{
    int e;
    return frexp(v, &e) == 0.5 ? e - 1 : e;
}

int places_of(double scale)
{
    return -power_above(scale);
}

quant quant_of_range(range r, precision p)
{
    double most = -r.low > r.high ? -r.low : r.high;
    quant q = {1, 0};
    if (p == I8) {
        q.scale = r.high > r.low ? (r.high - r.low) / 255 : 1;
        q.zero = (int)half_up(-128 - r.low / q.scale);
    } else if (p == I16) {
        q.scale = most > 0 ? most / 16384 : 1;
    } else {
        q.scale = ldexp(1, (most > 0 ? power_above(most) : 0) - 26);
    }
    return q;
}

quant quant_fixed(double low, double high, precision p)
{
    double place = p == I8 ? (high - low) / 256 : 0, most = -low > high ? -low : high;
    if (p == I8)
        return (quant){place, (int)(-128 - low / place)};
    return (quant){p == I16 ? most / 32768 : ldexp(1, power_above(most) - 26), 0};
}

int64_t quantise_number(double v, quant q, precision p)
{
    double x = half_up(v / q.scale) + q.zero;
    double low = (double)type_low(p), high = (double)type_high(p);
    return (int64_t)(x > high ? high : x > low ? x : low);
}

int narrow_of(double r, int acc_bits, precision to)
{
    int e;
    if (acc_bits <= 31 || r == 0)
        return 0;
    frexp(fabs(r), &e); /* |r| >= 2^(e - 1), so what is above 2^limit is out of range after the product */
    int limit = type_bits(to) + 2 - e;
    limit = limit < acc_bits ? limit : acc_bits;
    return limit > 31 ? limit : 31;
}

multiplier multiplier_with(double r, int limit)
{
    int e;
    double m = half_up(frexp(fabs(r), &e) * 0x1p31); /* 2^30 .. 2^31 */
    if (m == 0x1p31) {
        m /= 2;
        e++;
    }
    int shift = 31 - e - (limit ? limit - 31 : 0);
    for (; shift > 62; shift--)
        m = half_up(m / 2);
    for (; shift < 0; shift++)
        m = m * 2 < 0x1p31 ? m * 2 : 0x1p31 - 1;
    return (multiplier){(int32_t)(r < 0 ? -m : m), m > 0 ? shift : 0, limit};
}

multiplier multiplier_of(double r, int acc_bits, precision to) { return multiplier_with(r, narrow_of(r, acc_bits, to)); }

/* ---- tensors --------------------------------------------------------------------------------------------------- */

quant quant_of(const quantiser *q, tensor_id t) { return quant_of_range(q->ranges[t], q->type[t]); }
const quant *quant_at(const quantiser *q, tensor_id x) { return &q->g->tensors[x].q; }
precision type_at(const quantiser *q, tensor_id x) { return q->g->tensors[x].type; }
double const_value(const graph *f, tensor_id t, int64_t i) { return real_get(f->precision, f->tensors[t].data, i); }

const char *layer_word(const quantiser *q, const op *o, const char *word)
{
    return arena_printf(q->g->arena, "%s_%s%d", o->layer ? o->layer->path : q->f->net->id, word, o->out);
}

tensor_id int_const(graph *g, precision p, shape s, const char *name, const int64_t *values)
{
    tensor_id t = tensor_new(g, TENSOR_CONST, s, name);
    if (!t)
        return 0;
    g->tensors[t].type = g->tensors[t].stored = p;
    g->tensors[t].data = arena_array(g->arena, shape_size(&s), real_size(p));
    for (int64_t i = 0; values && i < shape_size(&s); i++)
        int_set(p, g->tensors[t].data, i, values[i]);
    return t;
}

tensor_id int_op(quantiser *q, const op_type *type, const void *attr, size_t attr_size, shape out, precision p, quant to, int n_in,
                 const tensor_id *in)
{
    tensor_id y = op_new(q->g, type, attr, attr_size, out, n_in, in);
    if (y) {
        q->g->tensors[y].type = p;
        q->g->tensors[y].q = to;
    }
    return y;
}

const op *only_reader(const quantiser *q, tensor_id t)
{
    return q->f->tensors[t].uses == 1 && q->reader[t] >= 0 ? &q->f->ops[q->reader[t]] : NULL;
}

/* A constant of reals, by the range of its own numbers. */
static tensor_id constant_tensor(quantiser *q, tensor_id t)
{
    const tensor *x = &q->f->tensors[t];
    quant to = quant_of(q, t);
    tensor_id c = int_const(q->g, q->type[t], x->shape, x->name, NULL);
    if (!c)
        return 0;
    q->g->tensors[c].q = to;
    for (int64_t i = 0; i < shape_size(&x->shape); i++)
        int_set(q->type[t], q->g->tensors[c].data, i, quantise_number(const_value(q->f, t, i), to, q->type[t]));
    return c;
}

tensor_id quantised(quantiser *q, tensor_id t)
{
    if (t && !q->made[t] && q->f->tensors[t].kind == TENSOR_CONST)
        q->made[t] = constant_tensor(q, t);
    return q->made[t];
}

tensor_id requantised(quantiser *q, tensor_id x, precision p, quant to)
{
    const quant *from = quant_at(q, x);
    if (!x || (type_at(q, x) == p && from->scale == to.scale && from->zero == to.zero))
        return x;
    return requantise(q, x, from->scale / to.scale, 0, p, to, type_low(p), type_high(p));
}

/* ---- the walk -------------------------------------------------------------------------------------------------- */

static precision layer_type_of(const quantiser *q, const op *o)
{
    return o->layer && o->layer->dtype_given ? o->layer->dtype : q->base;
}

/* What each tensor becomes: as its layer says, or as wide as the op that reads it asks. */
static void choose_types(quantiser *q)
{
    const graph *f = q->f;
    for (int t = 1; t < f->n_tensors; t++)
        q->type[t] = q->base;
    for (int i = 0; i < f->n_ops; i++) {
        const op *o = &f->ops[i];
        if (o->out)
            q->type[o->out] = layer_type_of(q, o);
        for (int k = 0; k < o->n_in; k++)
            if (o->in[k] && (f->tensors[o->in[k]].kind == TENSOR_CONST || o->in[k] == f->input))
                q->type[o->in[k]] = layer_type_of(q, o);
    }
    for (int i = f->n_ops - 1; i >= 0; i--) {
        const op *o = &f->ops[i];
        for (int k = 0; o->type->wants && k < o->n_in; k++) {
            precision p = o->in[k] ? o->type->wants(f, o, k, layer_type_of(q, o)) : q->base;
            if (o->in[k] && p > q->type[o->in[k]])
                q->type[o->in[k]] = p;
        }
        if (o->type->flags & OP_VIEW && o->type != &op_concat && q->type[o->out] > q->type[o->in[0]])
            q->type[o->in[0]] = q->type[o->out];
    }
}

static void find_readers(quantiser *q)
{
    const graph *f = q->f;
    for (int t = 0; t < f->n_tensors; t++)
        q->reader[t] = -1;
    for (int i = 0; i < f->n_ops; i++)
        for (int k = 0; k < f->ops[i].n_in; k++)
            q->reader[f->ops[i].in[k]] = i;
}

static bool quantise_op(quantiser *q, const op *o)
{
    q->g->layer = o->layer;
    if (!o->type->quantise) {
        diag(q->s, DIAG_ERROR, o->layer ? o->layer->at : NULL, "%s: there is no integer arithmetic for its op '%s'; use --precision f32",
             o->layer ? o->layer->type->name : "the network", o->type->name);
        return false;
    }
    tensor_id y = o->type->quantise(q, o);
    if (y && !q->made[o->out])
        q->made[o->out] = y;
    q->g->layer = NULL;
    return y != 0;
}

/* Are the numbers of the input places in a table? */
static bool holds_ids(const graph *f)
{
    for (int i = 0; i < f->n_ops; i++)
        if (f->ops[i].type == &op_gather && f->ops[i].in[0] == f->input)
            return true;
    return false;
}

/* What stands for the input. Reals are made integers; indices of a table stay what they are. */
static void make_input(quantiser *q)
{
    const graph *f = q->f;
    precision p = q->type[f->input];
    quant to = holds_ids(f) ? (quant){1, 0} : quant_of(q, f->input);
    tensor_id x = q->g->input = tensor_new(q->g, TENSOR_INPUT, *tensor_shape(f, f->input), "input");
    if (x && q->reals) {
        q->g->tensors[x].type = F32;
        x = from_real(q, x, p, to);
    } else if (x) {
        q->g->tensors[x].type = p;
        q->g->tensors[x].q = to;
    }
    q->made[f->input] = x;
}

graph *real_twin(session *s, const network *net)
{
    graph *f = network_lower(s, net, F64, LOWER_FIXED);
    if (f) {
        pass_fold(f);
        pass_dead(f);
    }
    return f;
}

void quantise_numbers(const double *v, int64_t n, const tensor *like, void *out)
{
    for (int64_t i = 0; i < n; i++)
        int_set(like->type, out, i, quantise_number(v[i], like->q, like->type));
}

graph *quantise(session *s, const graph *f, const range *ranges, precision base, bool reals)
{
    quantiser q = {.s = s, .f = f, .g = graph_new(s, f->net, base), .ranges = ranges, .base = base, .reals = reals};
    q.made = arena_array(&s->arena, f->n_tensors, sizeof *q.made);
    q.type = arena_array(&s->arena, f->n_tensors, sizeof *q.type);
    q.done = arena_array(&s->arena, f->n_ops + 1, sizeof *q.done);
    q.reader = arena_array(&s->arena, f->n_tensors, sizeof *q.reader);
    find_readers(&q);
    choose_types(&q);
    make_input(&q);
    bool good = true;
    for (int i = 0; i < f->n_ops; i++)
        if (!q.done[i])
            good &= quantise_op(&q, &f->ops[i]);
    q.g->output = quantised(&q, f->output);
    for (int t = 1; t < f->n_tensors; t++)
        if (q.made[t])
            q.g->tensors[q.made[t]].twin = t;
    if (reals && q.g->output)
        q.g->output = to_real(&q, q.g->output);
    if (!good || s->diags.errors || !q.g->output)
        return NULL;
    graph_uses(q.g);
    graph_check(q.g);
    return q.g;
}
