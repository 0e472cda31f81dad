/* scan.c - recurrent cells over time: what one step leaves goes into the next (seq).
 *
 * The input holds, for each gate, bias and input part already (they do not depend on time), so a step
 * adds only the part of the previous output: k ascending, starting at the input's value. */
#ifndef REAL
#include "ops.h"

#include "../../runtime/loom_math.h"

static int scan_gates(int cell)
{
    return cell == SCAN_LSTM ? 4 : cell == SCAN_GRU ? 3 : 1;
}

#define KERNEL_FILE "scan.c"
#include "kernel.h"

static int64_t count_macs(const graph *g, const op *o)
{
    return shape_size(tensor_shape(g, o->in[0])) * tensor_shape(g, o->in[1])->dim[1];
}

/* The previous output and the one being made; an lstm's cells. */
static int64_t scratch(const graph *g, const op *o)
{
    const scan_attr *at = o->attr;
    const shape *y = tensor_shape(g, o->out);
    return y->dim[0] * y->dim[2] * (at->cell == SCAN_LSTM ? 3 : 2);
}

static bool pack_weights(const graph *g, const op *o, int input, pack *p)
{
    if (input != 1 || g->tensors[o->in[1]].kind != TENSOR_CONST)
        return false;
    int64_t h = tensor_shape(g, o->in[1])->dim[1];
    p->groups = tensor_shape(g, o->in[1])->dim[0] / h;
    p->n = p->k = h;
    p->sg = h * h;
    p->sn = h;
    p->sk = 1;
    p->wide = 1;
    p->interleaved = 1;
    return true;
}

static const attr_def attrs[] = {{"cell", ATTR_INT, offsetof(scan_attr, cell), 0}, {0}};

const op_type op_scan = {
    .name = "scan",
    .doc = "recurrent cell (rnn, lstm, gru) over time; sums start at the input and take k in ascending order",
    .attrs = attrs,
    .eval = KERNELS(scan),
    .macs = count_macs,
    .scratch = scratch,
    .pack = pack_weights,
};

tensor_id scan(graph *g, scan_cell cell, tensor_id x, tensor_id w, tensor_id bias_n, tensor_id h0,
               tensor_id c0)
{
    scan_attr at = {(int)cell};
    shape s = *tensor_shape(g, x);
    s.dim[2] /= scan_gates(at.cell);
    return op_new(g, &op_scan, &at, sizeof at, s, 5, (tensor_id[]){x, w, bias_n, h0, c0});
}

#else

/* start + sum over k of w[k] * h[k]; h is NULL before the first step: zeros. */
static REAL R(recur)(REAL start, const REAL *w, const REAL *h, int64_t n)
{
    REAL sum = start;
    for (int64_t k = 0; k < n; k++)
        sum += w[k] * (h ? h[k] : 0);
    return sum;
}

static REAL R(rnn_unit)(int cell, REAL sum)
{
    if (cell == SCAN_RNN_TANH)
        return R(loom_tanh)(sum);
    return sum < 0 ? 0 : sum;
}

/* Unit j of one step: x are the step's gates, *c the unit's cell. */
static REAL R(lstm_unit)(const REAL *x, const REAL *w, const REAL *h, REAL *c, int64_t n, int64_t j)
{
    REAL i = R(loom_sigmoid)(R(recur)(x[j], w + j * n, h, n));
    REAL f = R(loom_sigmoid)(R(recur)(x[n + j], w + (n + j) * n, h, n));
    REAL u = R(loom_tanh)(R(recur)(x[2 * n + j], w + (2 * n + j) * n, h, n));
    REAL o = R(loom_sigmoid)(R(recur)(x[3 * n + j], w + (3 * n + j) * n, h, n));
    REAL kept = f * *c, added = i * u;
    *c = kept + added;
    return o * R(loom_tanh)(*c);
}

static REAL R(gru_unit)(const REAL *x, const REAL *w, const REAL *bias_n, const REAL *h, int64_t n, int64_t j)
{
    REAL r = R(loom_sigmoid)(R(recur)(x[j], w + j * n, h, n));
    REAL z = R(loom_sigmoid)(R(recur)(x[n + j], w + (n + j) * n, h, n));
    REAL inner = R(recur)(bias_n ? bias_n[j] : 0, w + (2 * n + j) * n, h, n);
    REAL gated = r * inner;
    REAL u = R(loom_tanh)(x[2 * n + j] + gated);
    REAL fresh = (1 - z) * u, kept = z * (h ? h[j] : 0);
    return fresh + kept;
}

/* One sample. Until step t+1 overwrites them, the cells after step t are kept in the row of the output
 * that step t+1 is going to fill; after the last step they go to c, when there is one. */
static void R(scan_sample)(const eval_args *e, REAL *y, const REAL *x, const REAL *h, REAL *c)
{
    int cell = ((const scan_attr *)e->attr)->cell;
    int64_t steps = e->out_shape->dim[1], n = e->out_shape->dim[2], gates = scan_gates(cell);
    const REAL *w = e->in[1];
    for (int64_t t = 0; t < steps; t++, x += gates * n, h = y, y += n)
        for (int64_t j = 0; j < n; j++) {
            REAL kept = t > 0 ? y[j] : c ? c[j] : 0;
            if (cell == SCAN_LSTM)
                y[j] = R(lstm_unit)(x, w, h, &kept, n, j);
            else if (cell == SCAN_GRU)
                y[j] = R(gru_unit)(x, w, e->in[2], h, n, j);
            else
                y[j] = R(rnn_unit)(cell, R(recur)(x[j], w + j * n, h, n));
            if (t + 1 < steps)
                y[n + j] = kept;
            else if (c)
                c[j] = kept;
        }
}

static void R(scan)(const eval_args *e)
{
    const shape *s = e->out_shape;
    int64_t n = s->dim[2], row = s->dim[1] * n, gates = scan_gates(((const scan_attr *)e->attr)->cell);
    for (int64_t b = 0; b < s->dim[0]; b++) {
        REAL *y = (REAL *)e->out + b * row;
        REAL *h = e->state[3], *c = e->state[4];
        const REAL *x = (const REAL *)e->in[0] + b * row * gates;
        R(scan_sample)(e, y, x, h ? h + b * n : NULL, c ? c + b * n : NULL);
        for (int64_t j = 0; h && j < n; j++)
            h[b * n + j] = y[row - n + j];
    }
}

#endif
