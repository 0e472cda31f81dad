/* verify.c - compiles a network, builds it with a C compiler, runs it, and compares every step with the
 * interpreter, bit for bit.
 *
 * The generated code is written with a trace call after each step; a small program (model/verify.c.lua)
 * writes what it gets to a file. A step's result is a tensor of the reference graph too (fusion keeps the
 * last tensor of a chain), so the first step that differs names the place of the fault. */
#include "ops/ops.h"

#include "../runtime/loom_random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct verifier {
    session *s;
    const graph *g;
    const plan *p;
    const char *dir;
    void *inputs; /* [runs][input size] */
    int64_t n_in, n_out;
    int steps_seen;
} verifier;

/* Numbers in [-2, 2); where they are looked up in a table, places in it and some beside it. */
static void make_inputs(verifier *v)
{
    precision p = v->g->precision;
    int64_t rows = 0, n = v->n_in * v->s->opt->runs;
    for (int i = 0; i < v->g->n_ops; i++)
        if (v->g->ops[i].type == &op_gather && v->g->ops[i].in[0] == v->g->input)
            rows = tensor_shape(v->g, v->g->ops[i].in[1])->dim[0];
    v->inputs = arena_array(&v->s->arena, n, real_size(p));
    for (int64_t i = 0; i < n; i++) {
        double u = (double)(loom_random_u64(1, 2, 3, (uint64_t)i) >> 11) * 0x1p-53;
        real_set(p, v->inputs, i, rows ? u * (double)(rows + 2) - 1 : u * 4 - 2);
    }
}

static int shell(const char *command)
{
    fflush(NULL);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static bool build_and_run(verifier *v)
{
    const options *o = v->s->opt;
    const char *cc = o->cc ? o->cc : getenv("CC") ? getenv("CC") : "cc";
    arena *a = &v->s->arena;
    char *command = arena_printf(a, "cd '%s' && %s -std=c99 %s *.c -o verify > build.log 2>&1", v->dir, cc, o->cflags ? o->cflags : "-O2");
    if (shell(command) != 0) {
        diag(v->s, DIAG_ERROR, NULL, "the generated code does not build: %s", command);
        shell(arena_printf(a, "head -20 '%s/build.log' >&2", v->dir));
        return false;
    }
    int code = shell(arena_printf(a, "cd '%s' && %s ./verify", v->dir, o->emulator ? o->emulator : ""));
    if (code != 0)
        diag(v->s, DIAG_ERROR, NULL, "the generated program ended with code %d", code);
    return code == 0;
}

/* Bits must agree; where both are NaN the payload is free. */
static int64_t differing(precision p, const void *a, const void *b, int64_t n, int64_t *first)
{
    size_t real = real_size(p);
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        const char *x = (const char *)a + (size_t)i * real, *y = (const char *)b + (size_t)i * real;
        double u = real_get(p, x, 0), w = real_get(p, y, 0);
        if (memcmp(x, y, real) != 0 && !(u != u && w != w) && count++ == 0)
            *first = i;
    }
    return count;
}

static bool compare(verifier *v, int run, const char *what, const void *want, const void *got, int64_t n)
{
    int64_t first = 0, count = differing(v->g->precision, want, got, n, &first);
    if (count == 0)
        return true;
    char a[48], b[48];
    size_t at = (size_t)first * real_size(v->g->precision);
    print_hex(a, v->g->precision, (const char *)want + at);
    print_hex(b, v->g->precision, (const char *)got + at);
    diag(v->s, DIAG_ERROR, NULL, "run %d: %s: %lld of %lld numbers differ; the first is number %lld: interpreter %s, generated code %s",
         run + 1, what, (long long)count, (long long)n, (long long)first, a, b);
    return false;
}

static bool compare_run(verifier *v, interp *it, FILE *f, int run)
{
    size_t real = real_size(v->g->precision);
    void *out = arena_array(&v->s->arena, v->n_out, real);
    interp_run(it, (const char *)v->inputs + (size_t)(run * v->n_in) * real, out);
    for (;;) {
        int head[2];
        if (fread(head, sizeof head, 1, f) != 1) {
            diag(v->s, DIAG_ERROR, NULL, "the generated program's results end early");
            return false;
        }
        bool last = head[0] < 0;
        int64_t n = last ? v->n_out : shape_size(tensor_shape(v->p->g, head[1]));
        void *got = arena_array(&v->s->arena, n, real);
        if (fread(got, real, (size_t)n, f) != (size_t)n)
            return false;
        if (last)
            return compare(v, run, "the output", out, got, n);
        v->steps_seen++;
        if (head[1] < v->g->n_tensors && !compare(v, run, v->p->steps[head[0]].name, interp_value(it, head[1]), got, n))
            return false;
    }
}

static bool compare_all(verifier *v)
{
    FILE *f = fopen(arena_printf(&v->s->arena, "%s/verify.out", v->dir), "rb");
    bool good = f != NULL;
    interp *it = interp_new(&v->s->arena, v->g);
    for (int run = 0; good && run < v->s->opt->runs; run++)
        good = compare_run(v, it, f, run);
    if (f)
        fclose(f);
    return good;
}

int command_verify(session *s)
{
    const char *tmp = getenv("TMPDIR");
    char *dir = arena_printf(&s->arena, "%s/loomc-verify-XXXXXX", tmp ? tmp : "/tmp");
    source net, weights = {0};
    graph *g;
    plan *p = compile_network(s, s->opt, &g, &net, &weights);
    if (!p)
        return 1;
    if (!mkdtemp(dir)) {
        diag(s, DIAG_ERROR, NULL, "cannot make the folder '%s': %s", dir, strerror(errno));
        return 1;
    }
    options o = *s->opt;
    o.out = dir;
    o.standalone = o.trace = true;
    s->opt = &o;
    verifier v = {.s = s, .g = g, .p = p, .dir = dir, .n_in = shape_size(tensor_shape(g, g->input)),
                  .n_out = shape_size(tensor_shape(g, g->output))};
    make_inputs(&v);
    bool good = emit_model(s, p, &net, o.weights ? &weights : NULL) &&
                file_write(s, arena_printf(&s->arena, "%s/verify.in", dir), v.inputs,
                           (size_t)(v.n_in * o.runs) * real_size(g->precision)) &&
                build_and_run(&v) && compare_all(&v);
    if (o.keep)
        fprintf(stderr, "loomc: the build is in %s\n", dir);
    else
        shell(arena_printf(&s->arena, "rm -rf '%s'", dir));
    if (good)
        printf("%s: %d steps, %d runs, %s: every bit equal\n", g->net->id, p->n_steps, o.runs, precision_names[g->precision]);
    return good ? 0 : 1;
}
