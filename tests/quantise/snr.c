/* snr.c - how far networks of integers are from the same networks in float64.
 *
 *   snr NETWORK...   for int8, int16, int32: a line "<id> <type> <dB>" each
 *
 * The ratio is that of the output's power to that of the difference, over RUNS random inputs, which calibration has not
 * seen. */
#include "../../compiler/ops/ops.h"
#include "../../runtime/loom_random.h"

#include <math.h>
#include <string.h>

enum { RUNS = 20 };

typedef struct power { double signal, noise; } power;

static double decibel(power p)
{
    return p.noise == 0 ? INFINITY : 10 * log10(p.signal / p.noise);
}

/* Rows of the table in which the input is looked up, 0 when it is none. */
static int64_t input_rows(const graph *f)
{
    for (int i = 0; i < f->n_ops; i++)
        if (f->ops[i].type == &op_gather && f->ops[i].in[0] == f->input)
            return tensor_shape(f, f->ops[i].in[1])->dim[0];
    return 0;
}

static void make_input(const graph *f, const graph *g, double *x, void *q, uint64_t run)
{
    const tensor *in = &g->tensors[g->input];
    int64_t rows = input_rows(f);
    for (int64_t i = 0; i < shape_size(&in->shape); i++) {
        double u = (double)(loom_random_u64(7, 7, run, (uint64_t)i) >> 11) * 0x1p-53;
        x[i] = rows ? floor(u * (double)rows) : u * 4 - 2;
        double v = floor(x[i] / in->q.scale + 0.5) + in->q.zero, most = in->type == I8 ? 127 : in->type == I16 ? 32767 : 0x1p27;
        int_set(in->type, q, i, (int64_t)fmin(fmax(v, in->type == I8 ? -128 : -most), most));
    }
}

static void compare(power *p, const tensor *t, const void *q, const double *want)
{
    for (int64_t i = 0; i < shape_size(&t->shape); i++) {
        double d = t->q.scale * (double)(int_get(t->type, q, i) - t->q.zero) - want[i];
        p->signal += want[i] * want[i];
        p->noise += d * d;
    }
}

static bool measure(session *s, precision p)
{
    options o = *s->opt;
    o.precision = p;
    s->opt = &o;
    compiled c = {0};
    if (!compile_network(s, &c))
        return false;
    const graph *f = c.twin, *g = c.infer;
    interp *reals = interp_new(&s->arena, f), *integers = interp_new(&s->arena, g);
    const tensor *in = &g->tensors[g->input], *out = &g->tensors[g->output];
    double *x = arena_array(&s->arena, shape_size(&in->shape), sizeof *x), *y = arena_array(&s->arena, shape_size(&out->shape), sizeof *y);
    void *q = arena_array(&s->arena, shape_size(&in->shape), real_size(in->type));
    void *r = arena_array(&s->arena, shape_size(&out->shape), real_size(out->type));
    power all = {0, 0};
    for (uint64_t run = 0; run < RUNS; run++) {
        make_input(f, g, x, q, run);
        interp_run(reals, x, y, run);
        interp_run(integers, q, r, run);
        compare(&all, out, r, y);
    }
    printf("%s %s %.1f\n", c.net->id, precision_names[p], decibel(all));
    return true;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++)
        for (precision p = I8; p <= I32; p++) {
            options o = {.command = "verify", .net = argv[i], .has_precision = true, .runs = 1};
            session s = {.diags = {.sink = stderr}, .opt = &o};
            failed += !measure(&s, p);
            arena_free(&s.arena);
        }
    return failed ? 1 : 0;
}
