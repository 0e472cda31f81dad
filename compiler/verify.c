/* verify.c - compiles a network, builds it with a C compiler, runs it, and compares every step with the
 * interpreter, bit for bit.
 *
 * The generated code is written with a trace call after each step; a small program (model/verify.c.lua)
 * writes what it gets to a file. A step's result is a tensor of the reference graph too (fusion keeps the
 * last tensor of a chain), so the first step that differs names the place of the fault. */
#include "quantise.h"
#include "target.h"

#include "ops/ops.h"

#include "../runtime/loom_random.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct verifier {
    session *s;
    const compiled *c;
    const graph *g;           /* the reference whose steps are traced */
    const plan *p;
    const char *dir;
    void *inputs;             /* [runs] of an input and, when it trains, a target */
    int64_t n_in, n_out, n_target;
    const loom_model *m;      /* the reference when it trains, and its instance */
    void *instance;
    FILE *results;
} verifier;

/* Numbers in [-2, 2), targets in [0, 1); where inputs are looked up in a table, places in it and some beside it. */
static void make_inputs(verifier *v)
{
    precision p = v->c->infer->tensors[v->c->infer->input].type;
    quant q = v->c->infer->tensors[v->c->infer->input].q;
    int64_t rows = 0, each = v->n_in + v->n_target, n = each * v->s->opt->runs;
    const graph *g = v->c->infer;
    for (int i = 0; i < g->n_ops; i++)
        if (g->ops[i].type == &op_gather && g->ops[i].in[0] == g->input)
            rows = tensor_shape(g, g->ops[i].in[1])->dim[0];
    v->inputs = arena_array(&v->s->arena, n, real_size(p));
    for (int64_t i = 0; i < n; i++) {
        double u = (double)(loom_random_u64(1, 2, 3, (uint64_t)i) >> 11) * 0x1p-53;
        double x = i % each >= v->n_in ? u : rows ? u * (double)(rows + 2) - 1 : u * 4 - 2;
        if (is_integer(p))
            int_set(p, v->inputs, i, quantise_number(x, q, p));
        else
            real_set(p, v->inputs, i, x);
    }
}

/* Does the linker say that it does not fit the board? That is an error of its own. */
static bool too_large(verifier *v, const target_facts *t)
{
    const char *says = "overflowed|will not fit|are left for the stack";
    if (!t->board || shell(arena_printf(&v->s->arena, "grep -qE '%s' '%s/build.log'", says, v->dir)) != 0)
        return false;
    diag(v->s, DIAG_ERROR, NULL, "the program that tries '%s' (network, input, output, 2 KB of stack) does not fit the board '%s', "
         "which has %lld bytes of flash and %lld of RAM", v->c->net->id, t->board, (long long)t->flash, (long long)t->ram);
    return true;
}

static bool build_and_run(verifier *v)
{
    const options *o = v->s->opt;
    const target_facts none = {0}, *t = v->s->target ? v->s->target : &none;
    arena *a = &v->s->arena;
    const char *cc = o->cc ? o->cc : t->cc ? t->cc : getenv("CC") ? getenv("CC") : "cc";
    const char *run = o->emulator ? o->emulator : t->run ? t->run : "";
    char *command = arena_printf(a, "cd '%s' && %s -std=c99 %s %s *.c %s -o verify > build.log 2>&1", v->dir, cc,
                                 o->cflags ? o->cflags : "-O2", t->flags ? t->flags : "", t->link ? t->link : "");
    int built = shell(command);
    if (built != 0 && too_large(v, t))
        return false;
    if (built != 0) {
        diag(v->s, DIAG_ERROR, NULL, "the generated code does not build: %s", command);
        shell(arena_printf(a, "head -20 '%s/build.log' >&2", v->dir));
        return false;
    }
    int code = shell(arena_printf(a, "cd '%s' && %s ./verify", v->dir, run));
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

static bool compare(verifier *v, int run, const char *what, precision p, const void *want, const void *got, int64_t n)
{
    int64_t first = 0, count = differing(p, want, got, n, &first);
    if (count == 0)
        return true;
    char a[48], b[48];
    size_t at = (size_t)first * real_size(p);
    print_hex(a, p, (const char *)want + at);
    print_hex(b, p, (const char *)got + at);
    diag(v->s, DIAG_ERROR, NULL, "run %d: %s: %lld of %lld numbers differ; the first is number %lld: interpreter %s, generated code %s",
         run + 1, what, (long long)count, (long long)n, (long long)first, a, b);
    return false;
}

/* What a record of the results is: a step's number, or one of these. */
enum { THE_OUTPUT = -1, THE_LOSS = -2, KEPT = -3 };

/* The head of the next record: what it is, and the tensor of the reference that it holds. */
static bool next_record(verifier *v, int head[2])
{
    if (fread(head, sizeof(int), 2, v->results) == 2)
        return true;
    diag(v->s, DIAG_ERROR, NULL, "the generated program's results end early");
    return false;
}

/* The n numbers of a record. */
static void *record(verifier *v, precision p, int64_t n)
{
    size_t real = real_size(p);
    void *got = arena_array(&v->s->arena, n, real);
    return fread(got, real, (size_t)n, v->results) == (size_t)n ? got : NULL;
}

typedef const void *value_fn(void *of, tensor_id t); /* of the reference */

/* Goes through the steps' results up to the record that is `last`, which has n numbers. */
static bool compare_steps(verifier *v, int run, value_fn *value, void *of, int last, const void *want, int64_t n)
{
    const graph *g = v->g;
    precision result = g->tensors[graph_result(g)].type;
    int head[2], before = v->m ? v->c->infer_plan->n_steps : 0;
    while (next_record(v, head)) {
        if (head[0] == last) {
            const void *got = record(v, result, n);
            return got && compare(v, run, last == THE_LOSS ? "the loss" : "the output", result, want, got, n);
        }
        int64_t size = head[0] >= before ? shape_size(tensor_shape(v->p->g, head[1])) : -1;
        precision p = size >= 0 ? v->p->g->tensors[head[1]].type : F32;
        const void *got = size >= 0 ? record(v, p, size) : NULL;
        if (!got || (head[1] < g->n_tensors && !compare(v, run, v->p->steps[head[0] - before].name, p, value(of, head[1]), got, size)))
            return false;
    }
    return false;
}

static const void *value_of(void *it, tensor_id t) { return interp_value(it, t); }

static bool compare_run(verifier *v, interp *it, int run)
{
    void *out = arena_array(&v->s->arena, 1, tensor_bytes(v->g, v->g->output));
    interp_run(it, (const char *)v->inputs + (size_t)run * tensor_bytes(v->g, v->g->input), out, (uint64_t)run);
    return compare_steps(v, run, value_of, it, THE_OUTPUT, out, v->n_out);
}

/* ---- training ------------------------------------------------------------------------------------------------- */

static bool compare_training_step(verifier *v, int run)
{
    size_t real = real_size(v->c->precision);
    const char *input = (const char *)v->inputs + (size_t)(run * (v->n_in + v->n_target)) * real;
    double loss[1] = {0};
    v->m->train(v->m, v->instance, input, input + (size_t)v->n_in * real, loss);
    if (run == v->s->opt->runs - 1 && !isfinite(real_get(v->c->precision, loss, 0)))
        diag(v->s, DIAG_WARNING, NULL, "the loss is no finite number any more after %d mini-batches, so there is little to compare", run);
    return compare_steps(v, run, engine_value, v->instance, THE_LOSS, loss, 1);
}

static const void *kept_by_reference(verifier *v, const char *name)
{
    for (int i = 0; i < v->m->n_tensors; i++)
        if (strcmp(v->m->tensors[i].name, name) == 0)
            return v->m->data(v->m, v->instance, i);
    return NULL;
}

static bool compare_kept(verifier *v, int run, tensor_kind kind)
{
    const graph *g = v->g;
    for (int t = 1; t < g->n_tensors; t++) {
        const tensor *x = &g->tensors[t];
        int head[2];
        if (x->kind != kind || (kind == TENSOR_PARAM && x->owner->frozen))
            continue;
        const void *got = next_record(v, head) && head[0] == KEPT ? record(v, x->type, shape_size(&x->shape)) : NULL;
        if (!got || !compare(v, run, x->name, x->type, kept_by_reference(v, x->name), got, shape_size(&x->shape)))
            return false;
    }
    return true;
}

/* What the network gives after the training, for the last input. */
static bool compare_trained(verifier *v, int run)
{
    size_t real = real_size(v->c->precision);
    void *out = arena_array(&v->s->arena, v->n_out, real);
    v->m->forward(v->m, v->instance, (const char *)v->inputs + (size_t)(run * (v->n_in + v->n_target)) * real, out);
    int head[2];
    while (next_record(v, head)) {
        int64_t n = head[0] == THE_OUTPUT ? v->n_out : shape_size(tensor_shape(v->c->infer_plan->g, head[1]));
        const void *got = record(v, v->c->precision, n);
        if (!got || head[0] == THE_OUTPUT)
            return got && compare(v, run, "the output after training", v->c->precision, out, got, n);
    }
    return false;
}

static bool compare_training(verifier *v)
{
    int runs = v->s->opt->runs;
    v->instance = arena_alloc(&v->s->arena, v->m->instance_size);
    if (v->m->init(v->m, v->instance) != LOOM_OK)
        arena_fail(&v->s->arena);
    bool good = true;
    for (int run = 0; good && run < runs; run++)
        good = compare_training_step(v, run);
    for (tensor_kind k = TENSOR_PARAM; good && k <= TENSOR_GRADIENT; k++)
        good = compare_kept(v, runs - 1, k);
    good = good && compare_trained(v, runs - 1);
    v->m->end(v->m, v->instance);
    return good;
}

/* ---- the command ---------------------------------------------------------------------------------------------- */

static bool compare_results(verifier *v)
{
    v->results = fopen(arena_printf(&v->s->arena, "%s/verify.out", v->dir), "rb");
    bool good = v->results != NULL;
    if (good && v->m)
        good = compare_training(v);
    else if (good) {
        interp *it = interp_new(&v->s->arena, v->g);
        for (int run = 0; good && run < v->s->opt->runs; run++)
            good = compare_run(v, it, run);
    }
    if (v->results)
        fclose(v->results);
    return good;
}

/* Builds, runs and compares; where the target has variants, each of them. */
static bool compare_all(verifier *v)
{
    session *s = v->s;
    if (!s->script)
        return build_and_run(v) && compare_results(v);
    for (int i = 0; i < s->variants; i++) {
        int code = run_script(s, v->dir, i);
        if (code != 0) {
            diag(s, DIAG_ERROR, NULL, "'sh %s %d' ended with code %d", s->script, i, code);
            return false;
        }
        if (!compare_results(v)) {
            diag(s, DIAG_NOTE, NULL, "this was variant %d of %d", i + 1, s->variants);
            return false;
        }
    }
    return true;
}

static bool verify_in(verifier *v, const char *dir)
{
    session *s = v->s;
    const options *before = s->opt;
    options o = *before;
    v->dir = o.out = dir;
    o.trace = o.trace || !o.train;
    o.board = s->target && s->target->board;
    s->opt = &o;
    precision in = v->c->infer->tensors[v->c->infer->input].type;
    size_t bytes = (size_t)((v->n_in + v->n_target) * o.runs) * real_size(in);
    bool good = emit_model(s, v->c) && file_write(s, arena_printf(&s->arena, "%s/verify.in", dir), v->inputs, bytes) &&
                compare_all(v);
    s->opt = before;
    return good;
}

int command_verify(session *s)
{
    compiled c = {0};
    if (!compile_network(s, &c) || !limits_check(s, &c) || !board_check(s, &c))
        return 1;
    const char *dir = scratch_dir(s, "verify");
    if (!dir) {
        diag(s, DIAG_ERROR, NULL, "cannot make a folder for the build: %s", strerror(errno));
        return 1;
    }
    verifier v = {.s = s, .c = &c, .g = c.train ? c.train : c.infer, .p = c.train ? c.train_plan : c.infer_plan};
    v.n_in = shape_size(tensor_shape(c.infer, c.infer->input));
    v.n_out = shape_size(tensor_shape(c.infer, c.infer->output));
    v.n_target = c.train ? v.n_out : 0;
    v.m = c.train ? c.model : NULL;
    make_inputs(&v);
    bool good = verify_in(&v, dir);
    if (s->opt->keep)
        fprintf(stderr, "loomc: the build is in %s\n", dir);
    else
        remove_dir(dir);
    if (good)
        printf("%s: %d steps, %d %s, %s: every bit equal\n", c.net->id, v.p->n_steps, s->opt->runs, c.train ? "batches" : "runs",
               precision_names[c.precision]);
    return good ? 0 : 1;
}
