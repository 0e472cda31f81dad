/* embedding.c - a row of a table for each id. */
#include "../ops/ops.h"

#include <math.h>

static const field fields[] = {
    {"vocab_size", FIELD_INT, 1, 1 << 30, 0, 0, "rows of the table"},
    {"embedding_dim", FIELD_INT, 1, 1 << 24, 0, 0, "numbers in a row"},
    {"input_length", FIELD_INT, 1, 1 << 24, "the input's size", 0, "ids in a sample"},
    {0}};

static bool infer(const layer *l, shape *s)
{
    *s = shape_of(1, layer_int(l, "input_length", 0));
    return layer_has(l, "input_length");
}

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    shape s = sample_shape(g, x);
    int64_t vocab = layer_int(l, "vocab_size", 0), dim = layer_int(l, "embedding_dim", 0), n = shape_size(&s);
    if (vocab < 1 || dim < 1) {
        layer_error(g, l, NULL, "'%s' is missing", vocab < 1 ? "vocab_size" : "embedding_dim");
        return 0;
    }
    if (s.rank != 1) {
        shape_error(g, l, NULL, "the input is %s, expected [n], n ids", shape_text(g->arena, &s));
        return 0;
    }
    if (layer_int(l, "input_length", n) != n) {
        shape_error(g, l, "input_length", "input_length is %lld, but the input is %s",
                    (long long)layer_int(l, "input_length", n), shape_text(g->arena, &s));
        return 0;
    }
    tensor_id table = param(g, l, "embedding", NULL, shape_of(2, vocab, dim), 1 / sqrt((double)dim), 0);
    return table ? gather(g, x, table) : 0;
}

const layer_type layer_embedding = {
    .name = "embedding",
    .doc = "a row of a table for each id",
    .shapes = "[n] -> [n, embedding_dim]",
    .weights = "embedding [vocab_size][embedding_dim]",
    .notes = "Ids are numbers; the fraction is cut off. An id below 0 or not below vocab_size gives a row "
             "of zeros.",
    .fields = fields,
    .infer = infer,
    .lower = lower,
};
