/* lstm.c - long short-term memory. */
#include "recurrent.h"

static const field fields[] = {RECURRENT_FIELDS, {0}};

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    return lower_recurrent(g, l, x, SCAN_LSTM, "ifgo");
}

const layer_type layer_lstm = {
    .name = "lstm",
    .doc = "long short-term memory",
    .shapes = "[T, input_size] -> [T, hidden_size], or [hidden_size] without return_sequences",
    .weights = "weight_ii, weight_if, weight_ig, weight_io [hidden_size][input_size], weight_hi, "
               "weight_hf, weight_hg, weight_ho [hidden_size][hidden_size], bias_i, bias_f, bias_g, bias_o "
               "[hidden_size]",
    .notes = "Each gate is bias + W x_t + W' h_(t-1), summed in this order; i, f, o through sigmoid, g "
             "through tanh. c_t = (f * c_(t-1)) + (i * g), h_t = o * tanh(c_t). h and c start at 0, or "
             "with \"stateful\" where the last call ended.",
    .fields = fields,
    .infer = infer_recurrent,
    .lower = lower,
};
