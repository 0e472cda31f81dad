/* scan.c - recurrent cells over time: what one step leaves goes into the next (seq).
 *
 * The input holds, for each gate, bias and input part already (they do not depend on time), so a step
 * adds only the part of the previous output: k ascending, starting at the input's value. */
#ifndef REAL
#include "qops.h"

#include "../../runtime/loom_math.h"

static int gate_count(int cell)
{
    return cell == SCAN_LSTM ? 4 : cell == SCAN_GRU ? 3 : 1;
}

#define KERNEL_FILE "scan.c"
#include "kernel.h"

static int64_t count_macs(const graph *g, const op *o)
{
    return shape_size(tensor_shape(g, o->in[0])) * tensor_shape(g, o->in[1])->dim[1];
}

static int64_t count_macs_grad(const graph *g, const op *o)
{
    const shape *y = tensor_shape(g, o->in[2]);
    return y->dim[0] * y->dim[1] * shape_size(tensor_shape(g, o->in[1]));
}

/* Weights that can change are brought into panels first. */
static int64_t panels(const graph *g, const op *o)
{
    const shape *w = tensor_shape(g, o->in[1]);
    int64_t width = panel_width(g);
    return g->tensors[o->in[1]].kind == TENSOR_CONST ? 0 : w->dim[0] * ((w->dim[1] + width - 1) / width * width);
}

/* Besides: the previous output and the one being made; an lstm's cells. */
static int64_t scratch(const graph *g, const op *o)
{
    const scan_attr *at = o->attr;
    const shape *y = tensor_shape(g, o->out);
    return panels(g, o) + y->dim[0] * y->dim[2] * (at->cell == SCAN_LSTM ? 3 : 2);
}

/* Columns of the weights as they are suit vectors only when they fill panels. */
static int64_t scratch_grad(const graph *g, const op *o)
{
    const shape *w = tensor_shape(g, o->in[1]);
    return w->dim[1] % panel_width(g) == 0 ? 0 : panels(g, o);
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

/* [B,T,from..from+n] of the gates' gradients, as rows. */
static tensor_id gate_rows(graph *g, tensor_id d, int64_t from, int64_t n)
{
    const shape *s = tensor_shape(g, d);
    int64_t rows = s->dim[0] * s->dim[1];
    return reshape(g, n == s->dim[2] ? d : slice(g, d, 2, from, n), shape_of(2, rows, n));
}

/* The output of the step before each step: y moved on by one, zeros first. */
static tensor_id before_rows(graph *g, tensor_id y)
{
    shape s = *tensor_shape(g, y);
    tensor_id moved = s.dim[1] > 1 ? pad(g, slice(g, y, 1, 0, s.dim[1] - 1), 1, 1, s.dim[1]) : map1(g, FN_scale, y, 0);
    return reshape(g, moved, shape_of(2, s.dim[0] * s.dim[1], s.dim[2]));
}

/* d holds the gates' gradients. In a gru the third gate's weights and bias_n work on what r multiplies. */
static void scan_gradient(graph *g, const op *o, tensor_id dy, tensor_id *dx)
{
    scan_cell cell = (scan_cell)((const scan_attr *)o->attr)->cell;
    shape s = *tensor_shape(g, o->out);
    int64_t h = s.dim[2], gates = gate_count((int)cell);
    tensor_id x = o->in[0], w = o->in[1], bias_n = o->n_in > 2 ? o->in[2] : 0;
    bool recurrent = cell == SCAN_LSTM || cell == SCAN_GRU;
    tensor_id made_of = recurrent ? scan_gates(g, cell, x, w, bias_n, o->out) : 0;
    tensor_id d = scan_grad(g, cell, made_of, w, o->out, dy);
    tensor_id rows = gate_rows(g, d, 0, gates * h), inner = cell == SCAN_GRU ? gate_rows(g, d, 3 * h, h) : 0;
    if (needs_gradient(g, x))
        dx[0] = reshape(g, rows, *tensor_shape(g, x));
    if (needs_gradient(g, w)) {
        tensor_id sums = inner ? concat(g, (tensor_id[]){gate_rows(g, d, 0, 2 * h), inner}, 2, 1) : rows;
        dx[1] = matmul(g, permute(g, sums, (int[]){1, 0}), before_rows(g, o->out), 0, false);
    }
    if (needs_gradient(g, bias_n))
        dx[2] = reduce(g, inner, *tensor_shape(g, bias_n));
}

const op_type op_scan = {
    .name = "scan",
    .doc = "recurrent cell (rnn, lstm, gru) over time; sums start at the input and take k in ascending order",
    .attrs = attrs,
    .eval = KERNELS(scan),
    .quantise = quantise_scan,
    .wants = scan_wants,
    .macs = count_macs,
    .scratch = scratch,
    .pack = pack_weights,
    .grad = scan_gradient,
};

const op_type op_scan_gates = {
    .name = "scan_gates",
    .doc = "what the steps of a recurrent cell (lstm, gru) were made of: its gates, and an lstm's cells",
    .attrs = attrs,
    .eval = KERNELS(scan_gates),
    .macs = count_macs,
    .scratch = panels,
    .pack = pack_weights,
};

const op_type op_scan_grad = {
    .name = "scan_grad",
    .doc = "gradient of a recurrent cell by the sums of its gates, from the last step to the first",
    .attrs = attrs,
    .eval = KERNELS(scan_grad),
    .macs = count_macs_grad,
    .scratch = scratch_grad,
};

tensor_id scan_gates(graph *g, scan_cell cell, tensor_id x, tensor_id w, tensor_id bias_n, tensor_id y)
{
    scan_attr at = {(int)cell};
    shape s = *tensor_shape(g, y);
    s.dim[2] *= cell == SCAN_LSTM ? 5 : 4;
    return op_new(g, &op_scan_gates, &at, sizeof at, s, 4, (tensor_id[]){x, w, bias_n, y});
}

tensor_id scan_grad(graph *g, scan_cell cell, tensor_id gates, tensor_id w, tensor_id y, tensor_id dy)
{
    scan_attr at = {(int)cell};
    shape s = *tensor_shape(g, y);
    s.dim[2] *= cell == SCAN_LSTM || cell == SCAN_GRU ? 5 : 1;
    return op_new(g, &op_scan_grad, &at, sizeof at, s, 4, (tensor_id[]){dy, w, y, gates});
}

tensor_id scan(graph *g, scan_cell cell, tensor_id x, tensor_id w, tensor_id bias_n, tensor_id h0,
               tensor_id c0)
{
    scan_attr at = {(int)cell};
    shape s = *tensor_shape(g, x);
    s.dim[2] /= gate_count(at.cell);
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
    int64_t steps = e->out_shape->dim[1], n = e->out_shape->dim[2], gates = gate_count(cell);
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
    int64_t n = s->dim[2], row = s->dim[1] * n, gates = gate_count(((const scan_attr *)e->attr)->cell);
    for (int64_t b = 0; b < s->dim[0]; b++) {
        REAL *y = (REAL *)e->out + b * row;
        REAL *h = e->state[3], *c = e->state[4];
        const REAL *x = (const REAL *)e->in[0] + b * row * gates;
        R(scan_sample)(e, y, x, h ? h + b * n : NULL, c ? c + b * n : NULL);
        for (int64_t j = 0; h && j < n; j++)
            h[b * n + j] = y[row - n + j];
    }
}

/* ---- gradient ------------------------------------------------------------------------------------------------ */

/* Step: x its gates' inputs, h the output before it, c the cells before it (NULL: zeros). */
static void R(lstm_gates)(REAL *out, const REAL *x, const REAL *w, const REAL *h, const REAL *c, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        REAL i = R(loom_sigmoid)(R(recur)(x[j], w + j * n, h, n));
        REAL f = R(loom_sigmoid)(R(recur)(x[n + j], w + (n + j) * n, h, n));
        REAL u = R(loom_tanh)(R(recur)(x[2 * n + j], w + (2 * n + j) * n, h, n));
        REAL o = R(loom_sigmoid)(R(recur)(x[3 * n + j], w + (3 * n + j) * n, h, n));
        REAL kept = f * (c ? c[j] : 0), added = i * u;
        out[j] = i;
        out[n + j] = f;
        out[2 * n + j] = u;
        out[3 * n + j] = o;
        out[4 * n + j] = kept + added;
    }
}

static void R(gru_gates)(REAL *out, const REAL *x, const REAL *w, const REAL *bias_n, const REAL *h, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        REAL r = R(loom_sigmoid)(R(recur)(x[j], w + j * n, h, n));
        REAL z = R(loom_sigmoid)(R(recur)(x[n + j], w + (n + j) * n, h, n));
        REAL inner = R(recur)(bias_n ? bias_n[j] : 0, w + (2 * n + j) * n, h, n);
        REAL gated = r * inner;
        out[j] = r;
        out[n + j] = z;
        out[2 * n + j] = R(loom_tanh)(x[2 * n + j] + gated);
        out[3 * n + j] = inner;
    }
}

static void R(scan_gates)(const eval_args *e)
{
    const shape *s = e->in_shape[3];
    int64_t steps = s->dim[1], n = s->dim[2];
    bool lstm = ((const scan_attr *)e->attr)->cell == SCAN_LSTM;
    const REAL *x = e->in[0], *y = e->in[3];
    REAL *out = e->out;
    for (int64_t i = 0; i < s->dim[0] * steps; i++) {
        const REAL *h = i % steps ? y + (i - 1) * n : NULL;
        if (lstm)
            R(lstm_gates)(out + i * 5 * n, x + i * 4 * n, e->in[1], h, h ? out + (i - 1) * 5 * n + 4 * n : NULL, n);
        else
            R(gru_gates)(out + i * 4 * n, x + i * 3 * n, e->in[1], e->in[2], h, n);
    }
}

/* start + sum over the rows k of w of w[k][j] * d[k]: what comes back from the step after. */
static REAL R(recur_back)(REAL start, const REAL *w, const REAL *d, int64_t rows, int64_t n, int64_t j)
{
    REAL sum = start;
    for (int64_t k = 0; k < rows; k++)
        sum += w[k * n + j] * d[k];
    return sum;
}

/* One step; next is the step after it (NULL: none), of which it takes the gates' gradients and its own gates. */
static void R(rnn_back)(REAL *d, const REAL *y, const REAL *w, const REAL *dy, const REAL *next, int cell, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        REAL dh = next ? R(recur_back)(dy[j], w, next, n, n, j) : dy[j];
        d[j] = cell == SCAN_RNN_TANH ? dh * (1 - y[j] * y[j]) : 0 < y[j] ? dh : 0;
    }
}

static void R(lstm_back)(REAL *d, const REAL *a, const REAL *w, const REAL *dy, bool first, bool last, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        REAL i = a[j], f = a[n + j], u = a[2 * n + j], o = a[3 * n + j], t = R(loom_tanh)(a[4 * n + j]);
        REAL before = first ? 0 : a[j - n]; /* the cell before: the last part of the step before */
        REAL dh = last ? dy[j] : R(recur_back)(dy[j], w, d + 5 * n, 4 * n, n, j);
        REAL dc = dh * o * (1 - t * t);
        if (!last)
            dc += d[9 * n + j] * a[6 * n + j];
        d[j] = dc * u * (i * (1 - i));
        d[n + j] = dc * before * (f * (1 - f));
        d[2 * n + j] = dc * i * (1 - u * u);
        d[3 * n + j] = dh * t * (o * (1 - o));
        d[4 * n + j] = dc;
    }
}

/* What comes back to h_j: through z of the step after, then r, z and the inner sum of n, in this order. */
static REAL R(gru_from_next)(REAL dy, const REAL *w, const REAL *next, const REAL *a_next, int64_t n, int64_t j)
{
    REAL through = next[4 * n + j] * a_next[n + j], sum = dy + through;
    sum = R(recur_back)(sum, w, next, 2 * n, n, j);
    return R(recur_back)(sum, w + 2 * n * n, next + 3 * n, n, n, j);
}

static void R(gru_back)(REAL *d, const REAL *a, const REAL *w, const REAL *h, const REAL *dy, bool last, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        REAL r = a[j], z = a[n + j], u = a[2 * n + j], inner = a[3 * n + j], before = h ? h[j] : 0;
        REAL dh = last ? dy[j] : R(gru_from_next)(dy[j], w, d + 5 * n, a + 4 * n, n, j);
        REAL du = dh * (1 - z) * (1 - u * u);
        d[j] = du * inner * (r * (1 - r));
        d[n + j] = dh * (before - u) * (z * (1 - z));
        d[2 * n + j] = du;
        d[3 * n + j] = du * r;
        d[4 * n + j] = dh;
    }
}

static void R(scan_grad)(const eval_args *e)
{
    const shape *s = e->in_shape[2];
    int cell = ((const scan_attr *)e->attr)->cell;
    int64_t steps = s->dim[1], n = s->dim[2], count = s->dim[0] * steps;
    const REAL *dy = e->in[0], *w = e->in[1], *y = e->in[2], *a = e->in[3];
    REAL *d = e->out;
    for (int64_t i = count - 1; i >= 0; i--) {
        bool first = i % steps == 0, last = i % steps == steps - 1;
        if (cell == SCAN_LSTM)
            R(lstm_back)(d + i * 5 * n, a + i * 5 * n, w, dy + i * n, first, last, n);
        else if (cell == SCAN_GRU)
            R(gru_back)(d + i * 5 * n, a + i * 4 * n, w, first ? NULL : y + (i - 1) * n, dy + i * n, last, n);
        else
            R(rnn_back)(d + i * n, y + i * n, w, dy + i * n, last ? NULL : d + (i + 1) * n, cell, n);
    }
}

#endif
