/* training.c - from the graph of a network to the graph of one training step.
 *
 *   output -> loss -> backward.c: gradients -> clipped -> one `optimise` for each parameter
 *
 * The step's inputs are the network's input, the target and the rates (see ops/optimise.c); its result is the
 * loss. Parameters, the optimiser's memory and running statistics are changed in place, at the end. */
#include "ops/ops.h"

#include <string.h>

#define NONNEGATIVE 0, 1e30
static const field fields[] = {
    {"loss", FIELD_ENUM, 0, 0, "mse", "mse|mae|huber|cross_entropy|cross_entropy_logits|binary_cross_entropy|gradient",
     "what is made small; the mean over all numbers of the output. gradient: the target is the gradient of a loss that is "
     "computed elsewhere, and what is made small is the sum of output * target"},
    {"huber_delta", FIELD_NUMBER, 1e-30, 1e30, "1", 0, "huber: where the square becomes a line"},
    {"optimizer|optimiser", FIELD_ENUM, 0, 0, "sgd", "sgd|momentum|nesterov|adam|adamw|rmsprop", "how weights are changed"},
    {"learning_rate|LearningRate", FIELD_NUMBER, NONNEGATIVE, "0.01", 0, "size of the steps"},
    {"momentum", FIELD_NUMBER, 0, 1, "0.9 momentum and nesterov, else 0", 0, "sgd, momentum, nesterov, rmsprop"},
    {"dampening", FIELD_NUMBER, 0, 1, "0", 0, "sgd, momentum, nesterov"},
    {"beta1", FIELD_NUMBER, 0, 0.999999999, "0.9", 0, "adam, adamw"},
    {"beta2", FIELD_NUMBER, 0, 0.999999999, "0.999", 0, "adam, adamw"},
    {"alpha", FIELD_NUMBER, 0, 1, "0.99", 0, "rmsprop"},
    {"epsilon", FIELD_NUMBER, NONNEGATIVE, "1e-8", 0, "adam, adamw, rmsprop"},
    {"weight_decay", FIELD_NUMBER, NONNEGATIVE, "0.01 adamw, else 0", 0,
     "share of a weight that is taken off; biases and the like are left out"},
    {"clip_norm", FIELD_NUMBER, NONNEGATIVE, "0, not at all", 0, "longest that the gradient of all weights may be"},
    {"clip_value", FIELD_NUMBER, NONNEGATIVE, "0, not at all", 0, "largest that a number of the gradient may be"},
    {"schedule", FIELD_ENUM, 0, 0, "constant", "constant|linear|cosine|exponential|step|polynomial",
     "how the learning rate goes down"},
    {"schedule_steps", FIELD_INT, 1, 1e15, "all; 1000 exponential, 10000 step", 0, "steps that the schedule takes"},
    {"schedule_end", FIELD_NUMBER, NONNEGATIVE, "0", 0, "linear, cosine, polynomial: the learning rate at its end"},
    {"schedule_factor", FIELD_NUMBER, 0, 1, "0.96 exponential, 0.1 step", 0, "exponential, step"},
    {"schedule_power", FIELD_NUMBER, 0, 100, "1", 0, "polynomial"},
    {"warmup_steps", FIELD_INT, 0, 1e15, "0", 0, "steps in which the learning rate rises from 0 first"},
    {"epochs", FIELD_INT, 1, 1e9, "10", 0, "how often all of the data is seen"},
    {"accumulate", FIELD_INT, 0, 1e9, "0", 0,
     "mini-batches whose gradients are averaged for one step; 0 is one, and compiled code then needs no memory for gradients"},
    {"shuffle", FIELD_BOOL, 0, 0, "true", 0, "whether each epoch has an order of its own"},
    {0}};
const field *const training_field_table = fields;

/* ---- reading ----------------------------------------------------------------------------------------------- */

static double number(const json *at, const char *key, double def)
{
    const json *j = json_get(at, key);
    return j && j->kind == JSON_NUMBER ? j->number : def;
}

static const char *word(const json *at, const char *key, const char *def)
{
    const json *j = json_get(at, key);
    return j && j->kind == JSON_STRING ? j->string : def;
}

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static loom_schedule read_schedule(const json *at, double rate)
{
    static const char *const names[] = {"constant", "linear", "cosine", "exponential", "step", "polynomial"};
    loom_schedule c = {.rate = rate};
    for (int i = 0; i < COUNT(names); i++)
        if (is(word(at, "schedule", "constant"), names[i]))
            c.kind = i;
    c.end = number(at, "schedule_end", 0);
    c.factor = number(at, "schedule_factor", c.kind == LOOM_STEP ? 0.1 : 0.96);
    c.power = number(at, "schedule_power", 1);
    c.steps = number(at, "schedule_steps", c.kind == LOOM_STEP ? 10000 : c.kind == LOOM_EXPONENTIAL ? 1000 : 0);
    c.warmup = number(at, "warmup_steps", 0);
    return c;
}

training training_read(session *s, const network *net)
{
    const options *o = s->opt;
    const json *at = json_get(net->at, "training");
    training t = {.loss = o->loss ? o->loss : word(at, "loss", "mse")};
    t.optimizer = o->optimizer ? o->optimizer : word(at, "optimizer", word(at, "optimiser", "sgd"));
    bool heavy = is(t.optimizer, "momentum") || is(t.optimizer, "nesterov");
    t.huber_delta = number(at, "huber_delta", 1);
    t.momentum = number(at, "momentum", heavy ? 0.9 : 0);
    t.dampening = number(at, "dampening", 0);
    t.beta1 = number(at, "beta1", 0.9);
    t.beta2 = number(at, "beta2", 0.999);
    t.alpha = number(at, "alpha", 0.99);
    t.epsilon = number(at, "epsilon", 1e-8);
    t.weight_decay = number(at, "weight_decay", is(t.optimizer, "adamw") ? 0.01 : 0);
    t.clip_norm = o->clip_norm > 0 ? o->clip_norm : number(at, "clip_norm", 0);
    t.clip_value = number(at, "clip_value", 0);
    double rate = number(at, "learning_rate", number(at, "LearningRate", 0.01));
    t.schedule = read_schedule(at, o->learning_rate > 0 ? o->learning_rate : rate);
    t.epochs = o->epochs > 0 ? o->epochs : (int64_t)number(at, "epochs", 10);
    t.accumulate = (int64_t)number(at, "accumulate", 0);
    const json *shuffle = json_get(at, "shuffle");
    t.shuffle = !o->no_shuffle && !(shuffle && shuffle->kind == JSON_BOOL && !shuffle->flag);
    return t;
}

/* ---- the graph --------------------------------------------------------------------------------------------- */

static tensor_id each_loss(graph *g, const training *t)
{
    static const struct { const char *name; map_fn fn; } table[] = {
        {"mse", FN_squared_error}, {"mae", FN_absolute_error}, {"huber", FN_huber},
        {"cross_entropy", FN_cross_entropy}, {"binary_cross_entropy", FN_binary_cross_entropy}};
    for (int i = 0; i < COUNT(table); i++)
        if (is(t->loss, table[i].name))
            return map2p(g, table[i].fn, g->output, g->target, t->huber_delta);
    if (is(t->loss, "gradient"))
        return map2(g, FN_mul, g->output, g->target);
    return map1(g, FN_neg, map2(g, FN_mul, log_softmax(g, g->output), g->target), 0);
}

/* Establishes target and loss: the mean over all numbers of the output, or their sum. */
bool training_loss(graph *g, const training *t)
{
    shape s = *tensor_shape(g, g->output);
    g->target = tensor_new(g, TENSOR_INPUT, s, "target");
    g->loss = total(g, each_loss(g, t));
    if (!is(t->loss, "gradient"))
        g->loss = map1(g, FN_divide_by, g->loss, (double)shape_size(&s));
    g->n_forward = g->n_ops;
    return g->loss != 0;
}

/* The length of all gradients together: squares summed in eight lanes for each parameter, those in order. */
static tensor_id gradient_norm(graph *g, const tensor_id *d, int n)
{
    tensor_id sum = 0;
    for (int t = 1; t < n; t++)
        if (g->tensors[t].trains && d[t]) {
            tensor_id square = total(g, map2(g, FN_mul, d[t], d[t]));
            sum = sum ? map2(g, FN_add, sum, square) : square;
        }
    return sum ? map1(g, FN_sqrt, sum, 0) : 0;
}

static void clip(graph *g, const training *t, tensor_id *d, int n)
{
    tensor_id norm = t->clip_norm > 0 ? gradient_norm(g, d, n) : 0;
    tensor_id factor = norm ? map2p(g, FN_clip_factor, norm, norm, t->clip_norm) : 0;
    for (int k = 1; k < n; k++)
        if (g->tensors[k].trains && d[k]) {
            d[k] = factor ? map2(g, FN_mul, d[k], factor) : d[k];
            d[k] = t->clip_value > 0 ? map1(g, FN_clip, d[k], t->clip_value) : d[k];
        }
}

static optimise_attr optimizer_of(const training *t)
{
    static const struct { const char *name; optimizer kind; } table[] = {
        {"sgd", OPT_SGD}, {"momentum", OPT_SGD}, {"nesterov", OPT_NESTEROV}, {"adam", OPT_ADAM}, {"adamw", OPT_ADAMW},
        {"rmsprop", OPT_RMSPROP}};
    optimise_attr a = {OPT_SGD, t->momentum, t->dampening, t->beta1, t->beta2, t->alpha, t->epsilon, 0};
    for (int i = 0; i < COUNT(table); i++)
        if (is(t->optimizer, table[i].name))
            a.kind = (int)table[i].kind;
    return a;
}

/* Adds the gradients to sums that are kept; what follows goes on with their mean. Returns the sums. */
static tensor_id *keep_gradients(graph *g, tensor_id *d, int n)
{
    tensor_id *sums = arena_array(g->arena, n, sizeof *sums);
    for (int k = 1; k < n; k++)
        if (g->tensors[k].trains && d[k]) {
            sums[k] = tensor_new(g, TENSOR_GRADIENT, *tensor_shape(g, k), arena_printf(g->arena, "%s_sum", g->tensors[k].name));
            g->tensors[sums[k]].owner = g->tensors[k].owner;
            accumulate(g, sums[k], d[k]);
        }
    g->n_backward = g->n_ops;
    tensor_id count = slice(g, g->rates, 0, 3, 1);
    for (int k = 1; k < n; k++)
        if (sums[k])
            d[k] = map2(g, FN_div, sums[k], count);
    return sums;
}

static bool training_step(graph *g, const training *t)
{
    int n;
    g->rates = tensor_new(g, TENSOR_INPUT, shape_of(1, (int64_t)4), "rates");
    tensor_id *d = backward(g, g->loss, false, &n);
    if (!d)
        return false;
    g->n_backward = g->n_ops;
    tensor_id *sums = t->accumulate > 0 ? keep_gradients(g, d, n) : NULL;
    clip(g, t, d, n);
    optimise_attr a = optimizer_of(t);
    bool any = false;
    for (int k = 1; k < n; k++)
        if (g->tensors[k].trains && d[k]) {
            a.decay = g->tensors[k].decays ? t->weight_decay : 0;
            g->layer = g->tensors[k].owner;
            optimise(g, k, d[k], g->rates, a);
            any = true;
        }
    g->layer = NULL;
    for (int k = 1; sums && k < n; k++)
        if (sums[k])
            clear(g, sums[k]);
    if (!any)
        diag(graph_session(g), DIAG_ERROR, json_get(g->net->at, "layers"),
             "there is nothing to train: no layer has weights that are not frozen");
    for (int i = g->n_backward; sums && i < g->n_ops; i++)
        g->ops[i].later = true;
    graph_uses(g);
    graph_check(g);
    const char *dump = graph_session(g)->opt->dump;
    if (dump && is(dump, "lower"))
        graph_dump(g, stderr);
    return any;
}

graph *training_graph(session *s, const network *net, precision p, const training *t)
{
    graph *g = network_lower(s, net, p, LOWER_TRAINING);
    if (!g || !training_loss(g, t) || !training_step(g, t))
        return NULL;
    if (tensor_shape(g, g->output)->dim[0] == net->batch)
        return g;
    diag(s, DIAG_ERROR, json_get(net->at, "layers"),
         "the network mixes the samples of a batch, so it cannot be trained with batch_size %lld", (long long)net->batch);
    return NULL;
}
