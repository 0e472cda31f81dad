/* library.c - libloom: any network from its description, behind the interface of runtime/loom.h.
 *
 * The stages are those of the commands, up to the interpreter (engine.c); messages go to the caller's loom_error. A
 * model owns the arena that it was made in. */
#include "loomc.h"

#include "../runtime/loom_text.h"

#include <string.h>

const int loom_models_have_weights = 1;

typedef struct owner {
    loom_model model; /* first: a pointer to it is one to the owner */
    session s;
    options o;
} owner;

/* What one making needs, and gives. */
typedef struct making {
    owner *at;
    const loom_options *options;
    source src;
    const loom_model *model;
} making;

/* The first error is told; others only count. */
static void take_error(void *arg, severity sev, const char *message, int line, int column, const char *pointer)
{
    loom_error *e = arg;
    if (sev != DIAG_ERROR || e->status != LOOM_OK)
        return;
    loom_fail(e, LOOM_E_DESCRIPTION, pointer ? pointer : "", "%s", message);
    e->line = line;
    e->column = column;
}

/* ---- options ------------------------------------------------------------------------------------------------ */

static bool is_loss(const char *name)
{
    const field *f = training_field_table;
    while (strcmp(f->names, "loss") != 0)
        f++;
    size_t n = strlen(name);
    for (const char *p = f->values; *p;) {
        size_t len = strcspn(p, "|");
        if (len == n && memcmp(p, name, n) == 0)
            return true;
        p += len + (p[len] == '|');
    }
    return false;
}

static int check_options(const loom_options *o, loom_error *e)
{
    if (o->type && o->type != LOOM_F32 && o->type != LOOM_F64)
        return loom_fail(e, LOOM_E_UNSUPPORTED, "type",
                         "the interpreter computes in f32 and f64 only; type %d is neither", o->type);
    if (o->train < 0 || o->train > 2)
        return loom_fail(e, LOOM_E_ARGUMENT, "train", "'train' must be 0, 1 or 2, not %d", o->train);
    if (o->loss && !is_loss(o->loss))
        return loom_fail(e, LOOM_E_ARGUMENT, "loss", "there is no loss '%s', such as 'mse' or 'cross_entropy'",
                         o->loss);
    if (!(o->clip_norm >= 0 && o->clip_norm <= 1e30))
        return loom_fail(e, LOOM_E_ARGUMENT, "clip_norm", "the longest gradient must be a number from 0 on");
    return LOOM_OK;
}

/* A model that is asked for by its id must be there. */
static int check_id(const char *given, size_t size, const char *id, loom_error *e)
{
    loom_json_problem p;
    loom_json key, value;
    if (!id || !loom_json_check(given, size, &p))
        return LOOM_OK;
    loom_json root = loom_json_root(given, size);
    if (!loom_json_is(loom_json_get(root, "type"), "modelhost/bundle"))
        return LOOM_OK;
    for (loom_json_walk w = loom_json_in(loom_json_get(root, "models")); loom_json_next(&w, &key, &value);)
        if (loom_json_is(loom_json_get(value, "id"), id))
            return LOOM_OK;
    return loom_fail(e, LOOM_E_NOT_FOUND, "", "model %s not found in bundle", id);
}

/* ---- making ------------------------------------------------------------------------------------------------- */

static void make(void *arg)
{
    making *k = arg;
    session *s = &k->at->s;
    const loom_options *o = k->options;
    source *src = arena_alloc(&s->arena, sizeof *src);
    src->name = arena_strdup(&s->arena, o->name ? o->name : "description");
    src->text = arena_strndup(&s->arena, k->src.text, k->src.len);
    src->len = k->src.len;
    network *net = network_read(s, src);
    if (!net)
        return;
    training t = training_read(s, net);
    if (o->train == 2 && t.accumulate == 0)
        t.accumulate = 1;
    precision p = o->type ? (o->type == LOOM_F64 ? F64 : F32) : o->train ? real_of(net->precision) : net->precision;
    k->model = s->diags.errors ? NULL : engine_model(s, net, p, o->train ? &t : NULL);
    if (s->diags.errors)
        k->model = NULL;
}

static void release(owner *at)
{
    arena_free(&at->s.arena);
    memory(at, 0);
}

static int make_model(const char *given, size_t size, const loom_options *o, const loom_model **m, loom_error *e)
{
    owner *at = memory(NULL, sizeof *at);
    if (!at)
        return loom_fail(e, LOOM_E_MEMORY, "", "out of memory");
    *at = (owner){.o = {.model = o->id, .loss = o->loss, .clip_norm = o->clip_norm}};
    at->s = (session){.diags = {.tell = take_error, .arg = e}, .opt = &at->o};
    making k = {.at = at, .options = o, .src = {NULL, given, size}};
    bool memory_left = arena_protect(&at->s.arena, make, &k);
    if (memory_left && k.model) {
        at->model = *k.model;
        at->o = (options){0};
        *m = &at->model;
        return LOOM_OK;
    }
    release(at);
    return memory_left ? e->status : loom_fail(e, LOOM_E_MEMORY, "", "out of memory");
}

int loom_model_from_json(const char *description, size_t size, const loom_options *given, const loom_model **m,
                         loom_error *error)
{
    static const loom_options none;
    loom_error ignored, *e = error ? error : &ignored;
    const loom_options *how = given ? given : &none;
    *e = (loom_error){0};
    if (m)
        *m = NULL;
    if (!m || !description)
        return loom_fail(e, LOOM_E_ARGUMENT, description ? "m" : "json", "'%s' is NULL", description ? "m" : "json");
    int status = check_options(how, e);
    if (status == LOOM_OK)
        status = check_id(description, size, how->id, e);
    return status == LOOM_OK ? make_model(description, size, how, m, e) : status;
}

void loom_model_free(const loom_model *m)
{
    if (m && m->context) /* compiled-in models have none */
        release((owner *)(uintptr_t)m);
}
