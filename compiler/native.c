/* native.c - the model that a training runs, as C: generated, built with the C compiler of this machine, loaded.
 *
 * It is what `loomc compile --train --abi` writes, so it stands behind the same interface as the interpreter and gives
 * the same bits. Whatever goes wrong on the way (no compiler, no template for an op) is no error: the interpreter runs
 * then. */
#include "train.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct attempt {
    session *s;
    const compiled *c;
    const char *dir, *why;
    const loom_model *m;
} attempt;

/* Generates the C. */
static bool write_c(session *s, const compiled *from, const char *dir)
{
    options o = *s->opt;
    o.out = dir;
    o.train = o.abi = o.standalone = true;
    o.dump = NULL;
    o.weights_file = o.dispatch = o.trace = o.verify = false;
    o.precision = from->precision;
    o.has_precision = true;
    compiled c = {.net = from->net, .src = from->src, .weights_src = from->weights_src};
    const options *before = s->opt;
    s->opt = &o;
    bool good = compile_layers(s, &c) && emit_model(s, &c);
    s->opt = before;
    return good;
}

/* Makes DIR/model.so; the second try is for compilers that do not know the machine. */
static bool build(session *s, const char *dir)
{
    const char *cc = s->opt->cc ? s->opt->cc : getenv("CC") ? getenv("CC") : "cc";
    const char *flags = s->opt->cflags ? s->opt->cflags : "-O3 -march=native";
    for (int i = 0; i < 2; i++, flags = "-O2")
        if (shell(arena_printf(&s->arena, "cd '%s' && %s -std=c99 %s -fPIC -shared *.c -o model.so >build.log 2>&1", dir,
                                   cc, flags)) == 0)
            return true;
    return false;
}

static const loom_model *load(session *s, const compiled *c, const char *dir)
{
    typedef const loom_model *model_fn(void);
    void *library = dlopen(arena_printf(&s->arena, "%s/model.so", dir), RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, arena_printf(&s->arena, "%s_model", c->net->id)) : NULL;
    model_fn *find;
    memcpy(&find, &symbol, sizeof find); /* C has no cast from data to functions */
    const loom_model *m = symbol ? find() : NULL;
    bool fits = m && m->abi == LOOM_ABI && m->type == (c->precision == F32 ? LOOM_F32 : LOOM_F64) && m->train &&
                m->batch == c->net->batch;
    return fits ? m : NULL;
}

static void try_native(void *arg)
{
    attempt *a = arg;
    if (!write_c(a->s, a->c, a->dir))
        a->why = "the network has no C for training";
    else if (!build(a->s, a->dir))
        a->why = "no C compiler builds it";
    else if (!(a->m = load(a->s, a->c, a->dir)))
        a->why = "the built model cannot be loaded";
}

const loom_model *native_model(session *s, const compiled *c, const char **why)
{
    const char *dir = scratch_dir(s, "train");
    if (!dir) {
        *why = arena_printf(&s->arena, "no folder for the build: %s", strerror(errno));
        return NULL;
    }
    attempt a = {s, c, dir, NULL, NULL};
    const options *options_before = s->opt;
    diags diags_before = s->diags;
    FILE *nowhere = fopen("/dev/null", "w"); /* no error is one for the user */
    s->diags.sink = nowhere ? nowhere : stderr;
    bool memory_left = arena_protect(&s->arena, try_native, &a);
    s->opt = options_before;
    s->diags = diags_before;
    if (nowhere)
        fclose(nowhere);
    remove_dir(dir);
    if (!memory_left)
        arena_fail(&s->arena);
    *why = a.why;
    return a.m;
}
