/* dropout.c - drops numbers at random while training; passes them on otherwise. */
#include "../ops/ops.h"

static const field fields[] = {
    {"rate", FIELD_NUMBER, 0, 0.999, "0.5", 0, "share of the numbers that is dropped while training"}, {0}};

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    double rate = layer_number(l, "rate", 0.5);
    if (g->mode != LOWER_TRAINING || rate == 0)
        return x;
    tensor_id u = random_uniform(g, *tensor_shape(g, x), g->net->seed, layer_stream(l));
    return map1(g, FN_scale, map2p(g, FN_drop, x, u, rate), 1 / (1 - rate));
}

const layer_type layer_dropout = {
    .name = "dropout",
    .doc = "drops numbers at random while training",
    .shapes = "[...] -> [...]",
    .notes = "In inference y = x. In training each number is 0 with the probability rate, and otherwise times 1 / (1 - rate); the "
             "choice comes from the seed, the layer's name and the count of steps.",
    .fields = fields,
    .lower = lower,
};
