/* rnn.c - the simple recurrent layer. */
#include "recurrent.h"

static const field fields[] = {
    RECURRENT_FIELDS,
    {"activation", FIELD_ENUM, 0, 0, "tanh", "tanh|relu", "function of each step"},
    {0}};

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    bool relu = strcmp(layer_string(l, "activation", "tanh"), "relu") == 0 && !l->net->compat;
    return lower_recurrent(g, l, x, relu ? SCAN_RNN_RELU : SCAN_RNN_TANH, "h");
}

const layer_type layer_rnn = {
    .name = "rnn",
    .doc = "simple recurrent layer",
    .shapes = "[T, input_size] -> [T, hidden_size], or [hidden_size] without return_sequences",
    .weights = "weight_ih [hidden_size][input_size], weight_hh [hidden_size][hidden_size], bias_h "
               "[hidden_size]",
    .notes = "h_t = activation(bias_h + W_ih x_t + W_hh h_(t-1)), summed in this order; h starts at 0, or "
             "with \"stateful\" where the last call ended.",
    .fields = fields,
    .infer = infer_recurrent,
    .lower = lower,
};
