/* dropout.c - drops numbers at random while training; passes them on otherwise. */
#include "../ops/ops.h"

static const field fields[] = {
    {"rate", FIELD_NUMBER, 0, 0.999, "0.5", 0, "share of the numbers that is dropped while training"}, {0}};

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    (void)g;
    (void)l;
    return x;
}

const layer_type layer_dropout = {
    .name = "dropout",
    .doc = "drops numbers at random while training",
    .shapes = "[...] -> [...]",
    .notes = "In inference y = x.",
    .fields = fields,
    .lower = lower,
};
