/* fidelity.c - how much a network of integers differs from the reals that it stands for: each layer's result against that
 * of the same network in float64, on the same inputs. */
#include "quantise.h"

#include <math.h>
#include <string.h>

/* What was seen of one tensor of integers. */
typedef struct seen {
    double signal, noise; /* sums of squares */
    double worst;         /* difference */
    int64_t n, saturated; /* numbers; those that the type could not hold */
} seen;

struct fidelity {
    session *s;
    const graph *f, *g;
    interp *reals, *integers;
    double *output;
    void *input, *result; /* of the integers */
    seen *of;             /* per tensor of g */
};

fidelity *fidelity_new(session *s, const graph *f, const graph *g)
{
    fidelity *d = arena_alloc(&s->arena, sizeof *d);
    *d = (fidelity){.s = s, .f = f, .g = g, .reals = interp_new(&s->arena, f), .integers = interp_new(&s->arena, g)};
    d->output = arena_array(&s->arena, shape_size(tensor_shape(f, f->output)), sizeof *d->output);
    d->input = arena_alloc(&s->arena, tensor_bytes(g, g->input));
    d->result = arena_alloc(&s->arena, tensor_bytes(g, g->output));
    d->of = arena_array(&s->arena, g->n_tensors, sizeof *d->of);
    return d;
}

static void see_tensor(fidelity *d, tensor_id t)
{
    const tensor *x = &d->g->tensors[t];
    const double *v = interp_value(d->reals, x->twin);
    const void *q = interp_value(d->integers, t);
    double low = x->q.scale * ((double)type_low(x->type) - x->q.zero - 0.5);
    double high = x->q.scale * ((double)type_high(x->type) - x->q.zero + 0.5);
    seen *e = &d->of[t];
    for (int64_t i = 0; i < shape_size(&x->shape); i++) {
        double w = x->q.scale * (double)(int_get(x->type, q, i) - x->q.zero), off = fabs(w - v[i]);
        e->signal += v[i] * v[i];
        e->noise += off * off;
        e->worst = off > e->worst ? off : e->worst;
        e->saturated += v[i] < low || v[i] > high;
        e->n++;
    }
}

void fidelity_see(fidelity *d, const double *input)
{
    const tensor *x = &d->g->tensors[d->g->input];
    int64_t n = shape_size(&x->shape);
    interp_run(d->reals, input, d->output, 0);
    if (is_integer(x->type))
        quantise_numbers(input, n, x, d->input);
    else
        for (int64_t i = 0; i < n; i++)
            ((float *)d->input)[i] = (float)input[i];
    interp_run(d->integers, d->input, d->result, 0);
    for (int t = 1; t < d->g->n_tensors; t++)
        if (d->g->tensors[t].twin && is_integer(d->g->tensors[t].type) && d->g->tensors[t].kind == TENSOR_VALUE)
            see_tensor(d, t);
}

/* ---- layers ------------------------------------------------------------------------------------------------------------ */

/* Noise in relation to the signal, at least that of a number in 2^60. */
static double share(const seen *e) { return e->signal > 0 ? e->noise / e->signal + 0x1p-120 : e->noise > 0 ? 1 : 0x1p-120; }
static double decibels(double share) { return -10 * log10(share); }

/* The result of a layer: the last of its tensors that stand for something. */
typedef struct layer_row {
    const layer *l;
    tensor_id result;
    double before; /* the largest share of noise in what it reads */
} layer_row;

static int list_rows(const fidelity *d, layer_row *rows)
{
    const graph *g = d->g;
    int n = 0;
    for (int i = 0; i < g->n_ops; i++) {
        const op *o = &g->ops[i];
        if (!o->layer)
            continue;
        if (n == 0 || rows[n - 1].l != o->layer)
            rows[n++] = (layer_row){o->layer, 0, 0};
        layer_row *r = &rows[n - 1];
        for (int k = 0; k < o->n_in; k++) {
            const tensor *x = &g->tensors[o->in[k]];
            bool outside = x->kind == TENSOR_VALUE && x->twin && g->ops[x->op].layer != o->layer;
            if (outside && share(&d->of[o->in[k]]) > r->before)
                r->before = share(&d->of[o->in[k]]);
        }
        if (g->tensors[o->out].twin && d->of[o->out].n && !(o->type->flags & OP_VIEW))
            r->result = o->out;
        if (!r->result && i + 1 < g->n_ops && g->ops[i + 1].layer != o->layer)
            n--; /* nothing of its own */
    }
    if (n > 0 && !rows[n - 1].result)
        n--;
    return n;
}

/* The noise that a layer adds to what it gets; 0 where what it gets has more. */
static double own_noise(const fidelity *d, const layer_row *r)
{
    double added = share(&d->of[r->result]) - r->before;
    return added > 0 ? added : 0;
}

/* The same in decibels below the signal; "-" for none. */
static const char *own_text(const fidelity *d, const layer_row *r, const char *none)
{
    double own = own_noise(d, r);
    return own > 0 ? arena_printf(&d->s->arena, "%.1f", decibels(own)) : none;
}

/* The next wider type, in words. */
static const char *advice(precision p)
{
    return p == I8 ? " \"dtype\": \"int16\" in that layer would help." : p == I16 ? " \"dtype\": \"int32\" in that layer would help." : "";
}

static const layer_row *guilty(const fidelity *d, const layer_row *rows, int n)
{
    const layer_row *worst = NULL;
    for (int i = 0; i < n; i++)
        if (!worst || own_noise(d, &rows[i]) > own_noise(d, worst))
            worst = &rows[i];
    return worst;
}

static const char *word(const layer_row *r) { return r->l->path; }

static const char *type_word(const fidelity *d, const layer_row *r) { return precision_names[d->g->tensors[r->result].type]; }

static double percent(const seen *e) { return e->n ? 100.0 * (double)e->saturated / (double)e->n : 0; }

void fidelity_text(const fidelity *d, text *t)
{
    layer_row *rows = arena_array(&d->s->arena, d->g->n_ops + 1, sizeof *rows);
    int n = list_rows(d, rows);
    text_printf(t, "  %-28s %-12s %-6s %9s %9s %12s %10s\n", "layer", "type", "", "SNR, dB", "own, dB", "worst error", "saturated");
    for (int i = 0; i < n; i++) {
        const seen *e = &d->of[rows[i].result];
        text_printf(t, "  %-28s %-12s %-6s %9.1f %9s %12.3g %8.2f %%\n", word(&rows[i]), rows[i].l->type->name,
                    type_word(d, &rows[i]), decibels(share(e)), own_text(d, &rows[i], "-"), e->worst, percent(e));
    }
    const layer_row *worst = guilty(d, rows, n);
    if (worst)
        text_printf(t, "\n'%s' (%s) loses most: it adds noise %s dB below its result.%s\n", word(worst), worst->l->type->name,
                    own_text(d, worst, "far"), advice(d->g->tensors[worst->result].type));
}

void fidelity_json(const fidelity *d, text *t)
{
    layer_row *rows = arena_array(&d->s->arena, d->g->n_ops + 1, sizeof *rows);
    int n = list_rows(d, rows);
    text_printf(t, "\"layers\": [");
    for (int i = 0; i < n; i++) {
        const seen *e = &d->of[rows[i].result];
        text_printf(t, "%s\n    {\"layer\": \"%s\", \"type\": \"%s\", \"dtype\": \"%s\", ", i ? "," : "", word(&rows[i]),
                    rows[i].l->type->name, type_word(d, &rows[i]));
        text_printf(t, "\"snr_db\": %.2f, \"own_snr_db\": %s, ", decibels(share(e)), own_text(d, &rows[i], "null"));
        text_printf(t, "\"worst_error\": %.9g, \"saturated\": %.9g}", e->worst, percent(e) / 100);
    }
    const layer_row *worst = guilty(d, rows, n);
    text_printf(t, "\n  ],\n  \"loses_most\": \"%s\"", worst ? word(worst) : "");
}

/* ---- a picture --------------------------------------------------------------------------------------------------------- */

enum { ROW = 22, LEFT = 190, WIDTH = 520, TOP = 54 };

void fidelity_svg(const fidelity *d, text *t)
{
    layer_row *rows = arena_array(&d->s->arena, d->g->n_ops + 1, sizeof *rows);
    int n = list_rows(d, rows);
    double most = 10;
    for (int i = 0; i < n; i++)
        most = fmax(most, decibels(share(&d->of[rows[i].result])));
    const layer_row *worst = guilty(d, rows, n);
    text_printf(t, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n",
                LEFT + WIDTH + 90, TOP + n * ROW + 20);
    text_printf(t, "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
    text_printf(t, "<text x=\"16\" y=\"24\" font-size=\"15\">%s in %s: signal-to-noise ratio of each layer, dB</text>\n", d->g->net->id,
                precision_names[d->g->precision]);
    text_printf(t, "<text x=\"16\" y=\"42\" fill=\"#666\">against the same network in float64; the longer the better; the layer that adds "
                   "most noise is red</text>\n");
    for (int i = 0; i < n; i++) {
        double db = decibels(share(&d->of[rows[i].result]));
        int y = TOP + i * ROW;
        text_printf(t, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 8, y + 15, word(&rows[i]));
        double length = fmax(db, 0) / most * WIDTH;
        text_printf(t, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", LEFT, y + 3, length, ROW - 6,
                    &rows[i] == worst ? "#c0392b" : "#3572b0");
        text_printf(t, "<text x=\"%.1f\" y=\"%d\">%.1f</text>\n", LEFT + length + 6, y + 15, db);
    }
    text_printf(t, "</svg>\n");
}
