/* calibrate.c - loomc quantise: ranges from data, written into the description, and what the integers lose.
 *
 * The network runs in float64 on the samples. minmax takes all that was seen; percentile leaves out a small share of the
 * largest numbers; mse takes the range with the least squared error, of what is cut off and of rounding, by a histogram. */
#include "quantise.h"
#include "train.h"

#include <math.h>
#include <string.h>

enum { BINS = 2048 };

typedef struct calibration {
    session *s;
    network *net;
    graph *f;
    const loom_model *m;   /* the network in float64, for data and metrics */
    samples data;          /* none: random inputs */
    int64_t n;             /* samples that are looked at */
    range *ranges;
    int64_t (*bins)[BINS]; /* per tensor of f */
} calibration;

/* Input of run k: samples k * batch and on, from the start again after the last one; or random numbers. */
static const double *input_of(const calibration *c, int64_t run, double *room)
{
    size_t bytes = c->data.input_bytes;
    if (!c->data.n)
        random_input(c->f, room, (uint64_t)run);
    for (int64_t b = 0; c->data.n && b < c->net->batch; b++) {
        size_t row = (size_t)((run * c->net->batch + b) % c->data.n);
        memcpy(room + (size_t)b * (bytes / sizeof *room), c->data.inputs + row * bytes, bytes);
    }
    return room;
}

static int64_t runs_of(const calibration *c) { return (c->n + c->net->batch - 1) / c->net->batch; }

static void fill_bins(calibration *c, const interp *it)
{
    for (int t = 1; t < c->f->n_tensors; t++) {
        if (!has_range(c->f, t))
            continue;
        const double *v = interp_value(it, t);
        range r = c->ranges[t];
        double width = (r.high - r.low) / BINS;
        for (int64_t i = 0; width > 0 && i < shape_size(tensor_shape(c->f, t)); i++)
            c->bins[t][v[i] >= r.high ? BINS - 1 : v[i] > r.low ? (int64_t)((v[i] - r.low) / width) : 0]++;
    }
}

/* Runs the samples: once for the ranges, and for methods other than minmax once more for the histograms. */
static void see_samples(calibration *c, bool histograms)
{
    interp *it = interp_new(&c->s->arena, c->f);
    double *x = arena_alloc(&c->s->arena, tensor_bytes(c->f, c->f->input));
    double *y = arena_alloc(&c->s->arena, tensor_bytes(c->f, c->f->output));
    for (int64_t run = 0; run < runs_of(c); run++) {
        interp_run(it, input_of(c, run, x), y, (uint64_t)run);
        for (int t = 1; t < c->f->n_tensors && !histograms; t++)
            range_see(&c->ranges[t], interp_value(it, t), shape_size(tensor_shape(c->f, t)));
        if (histograms)
            fill_bins(c, it);
    }
}

/* Without the outermost numbers: at most (1 - keep) / 2 of them on each side. */
static range by_percentile(const int64_t *bins, range r, double keep)
{
    int64_t all = 0, cut;
    int low = 0, high = BINS - 1;
    double width = (r.high - r.low) / BINS;
    for (int i = 0; i < BINS; i++)
        all += bins[i];
    int64_t most = (int64_t)((double)all * (1 - keep) / 2);
    for (cut = 0; low < BINS && cut + bins[low] <= most; low++)
        cut += bins[low];
    for (cut = 0; high > low && cut + bins[high] <= most; high--)
        cut += bins[high];
    return (range){fmin(r.low + low * width, 0), fmax(r.low + (high + 1) * width, 0)};
}

static double squared_error(const int64_t *bins, range r, range to, int bits)
{
    double width = (r.high - r.low) / BINS, place = (to.high - to.low) / ldexp(1, bits), sum = 0;
    for (int i = 0; i < BINS; i++) {
        double v = r.low + (i + 0.5) * width, off = v < to.low ? to.low - v : v > to.high ? v - to.high : 0;
        sum += (double)bins[i] * (off * off + place * place / 12);
    }
    return sum;
}

static range by_squared_error(const int64_t *bins, range r, int bits)
{
    range best = r;
    double least = squared_error(bins, r, r, bits);
    for (int k = 95; k >= 20; k -= 5) {
        range to = {r.low * k / 100, r.high * k / 100};
        double e = squared_error(bins, r, to, bits);
        if (e < least) {
            least = e;
            best = to;
        }
    }
    return best;
}

static void choose_ranges(calibration *c, const char *method)
{
    const train_options *o = &c->s->opt->learn;
    see_samples(c, false);
    if (strcmp(method, "minmax") == 0)
        return;
    c->bins = arena_array(&c->s->arena, c->f->n_tensors, sizeof *c->bins);
    see_samples(c, true);
    int bits = type_bits(c->s->opt->has_precision ? c->s->opt->precision : I8);
    double keep = (o->percentile > 0 ? o->percentile : 99.99) / 100;
    for (int t = 1; t < c->f->n_tensors; t++) {
        range *r = &c->ranges[t];
        if (has_range(c->f, t) && r->high > r->low)
            *r = strcmp(method, "mse") == 0 ? by_squared_error(c->bins[t], *r, bits) : by_percentile(c->bins[t], *r, keep);
    }
}

/* ---- the description ------------------------------------------------------------------------------------------------- */

/* The value of "quantisation". */
static text ranges_text(const calibration *c, const char *method)
{
    text t = {.arena = &c->s->arena};
    const char **names = range_names(c->f);
    const char *comma = "";
    text_printf(&t, "{\"method\": \"%s\", \"samples\": %lld, \"ranges\": {", method, (long long)c->n);
    for (int k = 1; k < c->f->n_tensors; k++) {
        if (!names[k])
            continue;
        char low[40], high[40];
        print_real(low, F64, &c->ranges[k].low);
        print_real(high, F64, &c->ranges[k].high);
        text_printf(&t, "%s\n    \"%s\": [%s, %s]", comma, names[k], low, high);
        comma = ",";
    }
    text_printf(&t, "\n  }}");
    return t;
}

/* The source with that value in its description, where there is one instead of it. */
static text with_ranges(const calibration *c, const text *value)
{
    const json *at = c->net->at, *old = json_get(at, "quantisation");
    const source *src = at->src;
    size_t end = at->at.at + at->at.len - 1; /* the object's brace */
    text t = {.arena = &c->s->arena};
    if (old) {
        text_add(&t, src->text, old->at.at);
        text_add(&t, value->s, value->n);
        text_add(&t, src->text + old->at.at + old->at.len, src->len - old->at.at - old->at.len);
        return t;
    }
    size_t last = end;
    while (last > 0 && strchr(" \t\r\n", src->text[last - 1]))
        last--;
    text_add(&t, src->text, last);
    text_printf(&t, ",\n  \"quantisation\": ");
    text_add(&t, value->s, value->n);
    text_printf(&t, "\n");
    text_add(&t, src->text + end, src->len - end);
    return t;
}

/* ---- what is lost ---------------------------------------------------------------------------------------------------- */

static bool evaluate_model(const calibration *c, const loom_model *m, const training *t, const samples *data, evaluation *e)
{
    const volatile sig_atomic_t never = 0;
    void *instance = arena_alloc(&c->s->arena, m->instance_size);
    if (m->init(m, instance) != LOOM_OK)
        return false;
    bool good = evaluate(evaluator_new(c->s, m, t, data, NULL, data->n), instance, &never, e);
    m->end(m, instance);
    return good;
}

/* Both networks on all samples: of reals, of integers. These are fed with float32, rounded once from the file. */
static bool evaluate_both(const calibration *c, precision p, const training *t, evaluation both[2])
{
    samples data;
    const loom_model *integers = engine_model(c->s, c->net, p, NULL);
    return integers && samples_read(c->s, integers, c->s->opt->data, c->s->opt->learn.targets, &data) &&
           evaluate_model(c, c->m, t, &c->data, &both[0]) && evaluate_model(c, integers, t, &data, &both[1]);
}

static double right(const evaluation *e) { return e->answers ? 100.0 * (double)e->right / (double)e->answers : 0; }

static void tell(const calibration *c, precision p, const fidelity *d, const evaluation both[2])
{
    text t = {.arena = &c->s->arena};
    if (c->s->opt->json) {
        text_printf(&t, "{\n  \"id\": \"%s\",\n  \"precision\": \"%s\",\n  \"samples\": %lld,\n  ", c->net->id, precision_names[p],
                    (long long)c->n);
        fidelity_json(d, &t);
        if (c->data.n)
            text_printf(&t, ",\n  \"loss\": {\"float64\": %.9g, \"integers\": %.9g}", both[0].loss, both[1].loss);
        if (c->data.n && both[0].classifies)
            text_printf(&t, ",\n  \"accuracy\": {\"float64\": %.9g, \"integers\": %.9g}", right(&both[0]) / 100, right(&both[1]) / 100);
        text_printf(&t, "\n}\n");
    } else {
        text_printf(&t, "%s in %s, ranges from %lld %s, against float64:\n\n", c->net->id, precision_names[p], (long long)c->n,
                    c->data.n ? "samples" : "random inputs");
        fidelity_text(d, &t);
        if (c->data.n)
            text_printf(&t, "loss %.6g in float64, %.6g in %s\n", both[0].loss, both[1].loss, precision_names[p]);
        if (c->data.n && both[0].classifies)
            text_printf(&t, "right %.2f %% in float64, %.2f %% in %s, of %lld answers\n", right(&both[0]), right(&both[1]),
                        precision_names[p], (long long)both[0].answers);
    }
    fputs(t.s, strcmp(c->s->opt->out, "-") == 0 ? stderr : stdout);
}

static fidelity *compare(const calibration *c, precision p)
{
    c->net->ranges = c->ranges; /* of all graphs that are made of it from now on */
    const range *ranges = ranges_of(c->s, c->f);
    const graph *g = ranges ? quantise(c->s, c->f, ranges, p, false) : NULL;
    if (!g)
        return NULL;
    fidelity *d = fidelity_new(c->s, c->f, g);
    double *x = arena_alloc(&c->s->arena, tensor_bytes(c->f, c->f->input));
    for (int64_t run = 0; run < runs_of(c); run++)
        fidelity_see(d, input_of(c, run, x));
    return d;
}

int command_quantise(session *s)
{
    source src, weights;
    const char *method = s->opt->learn.method ? s->opt->learn.method : "minmax";
    network *net = read_network(s, &src, &weights);
    precision p = s->opt->has_precision ? s->opt->precision : net && is_integer(net->precision) ? net->precision : I8;
    if (net && !is_integer(p))
        diag(s, DIAG_ERROR, NULL, "--precision %s is no integer type; take i8, i16 or i32", precision_names[p]);
    calibration c = {.s = s, .net = net, .f = s->diags.errors ? NULL : real_twin(s, net)};
    c.m = c.f ? engine_model(s, net, F64, NULL) : NULL;
    if (!c.m || (s->opt->data && !samples_read(s, c.m, s->opt->data, s->opt->learn.targets, &c.data)))
        return 1;
    training t = training_read(s, net);
    int64_t most = s->opt->learn.samples ? s->opt->learn.samples : 500;
    c.n = !c.data.n ? 16 * net->batch : c.data.n < most ? c.data.n : most;
    c.ranges = arena_array(&s->arena, c.f->n_tensors, sizeof *c.ranges);
    choose_ranges(&c, method);
    fidelity *d = compare(&c, p);
    evaluation both[2];
    if (!d || (c.data.n && !evaluate_both(&c, p, &t, both)))
        return 1;
    text value = ranges_text(&c, method), whole = with_ranges(&c, &value), picture = {.arena = &s->arena};
    if (s->opt->learn.curve)
        fidelity_svg(d, &picture);
    if (!file_write(s, s->opt->out, whole.s, whole.n) || (picture.s && !file_write(s, s->opt->learn.curve, picture.s, picture.n)))
        return 1;
    tell(&c, p, d, both);
    return 0;
}
