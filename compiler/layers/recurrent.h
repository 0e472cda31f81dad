/* recurrent.h - what rnn, lstm and gru share: fields, weights, and the split into the part that does not
 * depend on time (a matrix product) and the part that does (the scan). */
#ifndef LOOMC_RECURRENT_H
#define LOOMC_RECURRENT_H

#include "rows.h"

#include <math.h>
#include <string.h>

#define RECURRENT_FIELDS                                                                                     \
    {"input_size", FIELD_INT, 1, 1 << 24, "the last axis of the input", 0, "numbers in a step"},             \
    {"hidden_size", FIELD_INT, 1, 1 << 24, "input_size", 0, "numbers in a step of the output"},              \
    {"seq_length", FIELD_INT, 1, 1 << 24, "the first axis of the input", 0, "steps"},                        \
    {"stateful", FIELD_BOOL, 0, 0, "false", 0, "whether a call goes on where the last one ended (not in training)"},           \
    {"return_sequences", FIELD_BOOL, 0, 0, "true", 0, "whether all steps are the result, or the last"}

static inline bool infer_recurrent(const layer *l, shape *s)
{
    *s = shape_of(2, layer_int(l, "seq_length", 1), layer_int(l, "input_size", 0));
    return layer_has(l, "input_size") && (layer_has(l, "seq_length") || l->net->compat);
}

/* The parameters prefix + each letter of gates, one below the other. */
static inline tensor_id stack_params(graph *g, const layer *l, const char *prefix, const char *gates, shape s,
                                     double scale)
{
    tensor_id parts[4];
    int n = (int)strlen(gates);
    for (int i = 0; i < n; i++) {
        parts[i] = param(g, l, arena_printf(g->arena, "%s%c", prefix, gates[i]), NULL, s, scale, 0);
        if (!parts[i])
            return 0;
    }
    return n == 1 ? parts[0] : concat(g, parts, n, 0);
}

/* gates: the letters of the weights' names, in the order of the scan. */
static inline tensor_id lower_recurrent(graph *g, const layer *l, tensor_id x, scan_cell cell,
                                        const char *gates)
{
    int64_t in = layer_int(l, "input_size", last_axis(g, x)), h = layer_int(l, "hidden_size", in);
    x = as_sequence(g, l, "input_size", "seq_length", x, in);
    if (!x)
        return 0;
    int64_t batch = tensor_shape(g, x)->dim[0], steps = tensor_shape(g, x)->dim[1];
    double scale = 1 / sqrt((double)h);
    tensor_id from_input = stack_params(g, l, "weight_i", gates, shape_of(2, h, in), scale);
    tensor_id from_state = from_input ? stack_params(g, l, "weight_h", gates, shape_of(2, h, h), scale) : 0;
    if (!from_state)
        return 0;
    tensor_id bias = stack_params(g, l, "bias_", gates, shape_of(1, h), 0);
    tensor_id bias_n = cell == SCAN_GRU ? param(g, l, "bias_hn", NULL, shape_of(1, h), 0, 0) : 0;
    /* The samples of a batch have nothing to do with those of the last one. */
    bool stateful = layer_bool(l, "stateful", false) && g->mode != LOWER_TRAINING;
    tensor_id h0 = stateful ? state(g, l, "h", shape_of(2, batch, h)) : 0;
    tensor_id c0 = stateful && cell == SCAN_LSTM ? state(g, l, "c", shape_of(2, batch, h)) : 0;
    tensor_id y = scan(g, cell, matmul(g, x, from_input, bias, true), from_state, bias_n, h0, c0);
    if (layer_bool(l, "return_sequences", true))
        return y;
    return reshape(g, slice(g, y, 1, steps - 1, 1), shape_of(2, batch, h));
}

#endif
