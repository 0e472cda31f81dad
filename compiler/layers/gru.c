/* gru.c - gated recurrent unit. */
#include "recurrent.h"

static const field fields[] = {RECURRENT_FIELDS, {0}};

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    return lower_recurrent(g, l, x, SCAN_GRU, "rzn");
}

const layer_type layer_gru = {
    .name = "gru",
    .doc = "gated recurrent unit",
    .shapes = "[T, input_size] -> [T, hidden_size], or [hidden_size] without return_sequences",
    .weights = "weight_ir, weight_iz, weight_in [hidden_size][input_size], weight_hr, weight_hz, weight_hn "
               "[hidden_size][hidden_size], bias_r, bias_z, bias_n, bias_hn [hidden_size]",
    .notes = "r and z are sigmoid(bias + W x_t + W' h_(t-1)), n = tanh(bias_n + W_in x_t + r * (bias_hn + "
             "W_hn h_(t-1))), h_t = ((1 - z) * n) + (z * h_(t-1)). h starts at 0, or with \"stateful\" "
             "where the last call ended.",
    .fields = fields,
    .infer = infer_recurrent,
    .lower = lower,
};
