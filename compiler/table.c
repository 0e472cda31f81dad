/* table.c - a compiled network as one Lua table, from which the templates take everything. */
#include "emit.h"
#include "ops/ops.h"

#include <string.h>

static void set_int(lua_State *L, const char *key, int64_t v)
{
    lua_pushinteger(L, v);
    lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, bool v)
{
    lua_pushboolean(L, v);
    lua_setfield(L, -2, key);
}

static void set_text(lua_State *L, const char *key, const char *v)
{
    lua_pushstring(L, v);
    lua_setfield(L, -2, key);
}

static void set_ints(lua_State *L, const char *key, const int64_t *v, int n)
{
    lua_newtable(L);
    for (int i = 0; i < n; i++) {
        lua_pushinteger(L, v[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, key);
}

/* The member of struct <id> that holds what an instance keeps. */
static const char *kept_in(const tensor *t)
{
    return t->kind == TENSOR_PARAM ? "params" : t->kind == TENSOR_MEMORY ? "memory" : "gradients";
}

static const char *const c_types[N_PRECISIONS] = {"float", "double", "int8_t", "int16_t", "int32_t", "int64_t"};

/* In memory that numbers of several types share, a type that the compiler expects to meet others. */
static const char *const arena_types[N_PRECISIONS] = {"float", "double", "int8_t", "loom_i16", "loom_i32", "loom_i64"};

/* The expression in the function of all steps for element `offset` of a buffer. */
static const char *pointer_text(const emitter *e, int b, int64_t offset, const pack *k)
{
    arena *a = &e->s->arena;
    const buffer *x = &e->p->buffers[b];
    const tensor *t = &e->p->g->tensors[x->tensor];
    bool inside = x->kind == BUFFER_ARENA || x->kind == BUFFER_STATE;
    int64_t at = offset + (inside && x->offset ? x->offset / ((int64_t)real_size(x->type) / e->p->unit) : 0);
    const char *base = NULL;
    switch (x->kind) {
    case BUFFER_ARENA: base = "net->arena"; break;
    case BUFFER_STATE: base = "net->state"; break;
    case BUFFER_INPUT: base = t->name; break;
    case BUFFER_OUTPUT: base = e->p->g->loss ? "loss" : "output"; break;
    case BUFFER_CONST: base = arena_printf(a, "w->%s", plan_weight(e->p, t, k)->name); break;
    case BUFFER_KEPT: base = arena_printf(a, "net->%s.%s", kept_in(t), t->name); break;
    }
    if (inside && is_integer(e->p->g->precision) && x->type != I8)
        base = arena_printf(a, "(%s *)(void *)%s", arena_types[x->type], base);
    return at ? arena_printf(a, "%s + %lld", base, (long long)at) : base;
}

/* { ptr, shape, stride, pack?, buffer } at the top of the stack */
static void push_operand(lua_State *L, const emitter *e, const view *v, const shape *s, const pack *k)
{
    lua_newtable(L);
    set_ints(L, "shape", s->dim, s->rank);
    set_ints(L, "stride", v->stride, s->rank);
    set_text(L, "ptr", pointer_text(e, v->buffer, v->offset, k));
    int root = v->buffer;
    while (e->p->buffers[root].into >= 0)
        root = e->p->buffers[root].into;
    set_int(L, "buffer", root);
    set_int(L, "const", e->p->buffers[v->buffer].kind == BUFFER_CONST);
    set_text(L, "T", precision_names[e->p->buffers[v->buffer].type]);
    bool own = !is_integer(e->p->g->precision); /* its memory has numbers of no other type */
    set_text(L, "real", (own ? c_types : arena_types)[e->p->buffers[v->buffer].type]);
    if (k) {
        lua_newtable(L);
        set_int(L, "groups", k->groups);
        set_int(L, "n", k->n);
        set_int(L, "k", k->k);
        set_int(L, "terms", pack_terms(k));
        set_int(L, "wide", k->wide);
        lua_setfield(L, -2, "pack");
    }
}

static void push_tensor(lua_State *L, const emitter *e, const op *o, int input, tensor_id t)
{
    pack k = {0};
    bool packed = input >= 0 && o->type->pack && e->p->g->tensors[t].kind == TENSOR_CONST && o->type->pack(e->p->g, o, input, &k);
    push_operand(L, e, &e->p->views[t], tensor_shape(e->p->g, t), packed ? &k : NULL);
    set_int(L, "zero", e->p->g->tensors[t].q.zero);
}

static void set_attrs(lua_State *L, const op *o)
{
    lua_newtable(L);
    for (const attr_def *a = o->type->attrs; a && a->name; a++) {
        const char *at = (const char *)o->attr + a->offset;
        if (a->kind == ATTR_REAL) {
            lua_pushnumber(L, *(const double *)(const void *)at);
        } else if (a->kind == ATTR_FN) {
            lua_pushstring(L, map_fn_names[*(const int *)(const void *)at]);
        } else if (a->n) {
            lua_newtable(L);
            for (int i = 0; i < a->n; i++) {
                lua_pushinteger(L, ((const int *)(const void *)at)[i]);
                lua_rawseti(L, -2, i + 1);
            }
        } else {
            lua_pushinteger(L, *(const int *)(const void *)at);
        }
        lua_setfield(L, -2, a->name);
    }
    lua_setfield(L, -2, "attr");
}

/* A double as a C constant. */
static const char *real_text(arena *a, double v)
{
    char out[40];
    print_real(out, F64, &v);
    return arena_printf(a, strpbrk(out, ".e") ? "%s" : "%s.0", out);
}

const char *constant(const emitter *e, double v)
{
    char out[48];
    double bits[1] = {0};
    real_set(e->c->precision, bits, 0, v);
    print_hex(out, e->c->precision, bits);
    return arena_strdup(&e->s->arena, out);
}

static void set_chain(lua_State *L, const emitter *e, const op *o)
{
    lua_newtable(L);
    for (int i = 0; i < o->n_chain; i++) {
        const chain_item *c = &o->chain[i];
        lua_newtable(L);
        set_text(L, "fn", map_fn_names[c->fn]);
        set_text(L, "param", constant(e, c->param));
        lua_pushboolean(L, c->swapped);
        lua_setfield(L, -2, "swapped");
        if (c->operand) {
            push_tensor(L, e, o, -1, c->operand);
            lua_setfield(L, -2, "operand");
        }
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "chain");
}

/* The optimiser's step on the result: {attr, rates, m1, m2}. */
static void set_update(lua_State *L, const emitter *e, const op *o)
{
    static const char *const names[] = {NULL, NULL, "rates", "m1", "m2"};
    if (!o->update)
        return;
    lua_newtable(L);
    set_attrs(L, o->update);
    for (int k = 2; k < o->update->n_in; k++)
        if (o->update->in[k]) {
            push_tensor(L, e, o->update, -1, o->update->in[k]);
            lua_setfield(L, -2, names[k]);
        }
    lua_setfield(L, -2, "update");
}

/* Borders that this step must clear before it writes. */
static void set_borders(lua_State *L, const emitter *e, int i)
{
    lua_newtable(L);
    int n = 0;
    for (int b = 0; b < e->p->n_buffers; b++) {
        const buffer *x = &e->p->buffers[b];
        if (x->zero_step != i)
            continue;
        lua_newtable(L);
        set_text(L, "ptr", pointer_text(e, b, 0, NULL));
        set_text(L, "T", precision_names[x->type]);
        set_text(L, "real", arena_types[x->type]);
        set_int(L, "fill", e->p->g->tensors[x->tensor].q.zero);
        set_ints(L, "halo", x->halo, 4);
        set_ints(L, "dims", x->halo_dims, 4);
        lua_rawseti(L, -2, ++n);
    }
    lua_setfield(L, -2, "borders");
}

static int line_of(const json *at)
{
    int line = 1;
    for (size_t i = 0; at && i < at->at.at; i++)
        line += at->src->text[i] == '\n';
    return line;
}

static const char *step_comment(const emitter *e, const step *st)
{
    arena *a = &e->s->arena;
    const op *o = st->op;
    text t = {.arena = a};
    text_printf(&t, "%s: %s", st->name, st->is_copy ? "copy" : o->type->name);
    for (int i = 0; i < o->n_chain && !st->is_copy; i++)
        text_printf(&t, " + %s", map_fn_names[o->chain[i].fn]);
    if (o->update && !st->is_copy)
        text_printf(&t, " + %s %s", o->update->type->name, e->p->g->tensors[o->update->in[0]].name);
    if (st->is_copy) {
        text_printf(&t, " %s", shape_text(a, &st->shape));
    } else if (!o->out) {
        text_printf(&t, " %s %s", e->p->g->tensors[o->in[0]].name, shape_text(a, tensor_shape(e->p->g, o->in[0])));
    } else {
        text_printf(&t, ", %s", o->n_in && o->in[0] ? shape_text(a, tensor_shape(e->p->g, o->in[0])) : "[]");
        text_printf(&t, " -> %s", shape_text(a, tensor_shape(e->p->g, o->out)));
    }
    if (o->layer)
        text_printf(&t, " (%s, line %d)", o->layer->type->name, line_of(o->layer->at));
    return t.s;
}

static void push_step(lua_State *L, const emitter *e, int i)
{
    const step *st = &e->p->steps[i];
    const op *o = st->op;
    lua_newtable(L);
    set_text(L, "name", arena_printf(&e->s->arena, "%s_%s%s", e->c->net->id, e->p->g->loss ? "train_" : "", st->name));
    set_int(L, "number", i);
    set_flag(L, "trains", e->p->g->loss != 0);
    set_text(L, "comment", step_comment(e, st));
    set_borders(L, e, i);
    lua_newtable(L);
    if (st->is_copy) {
        push_operand(L, e, &st->copy_from, &st->shape, NULL);
        lua_rawseti(L, -2, 1);
        lua_setfield(L, -2, "ins");
        push_operand(L, e, &st->copy_to, &st->shape, NULL);
        lua_setfield(L, -2, "out");
        set_text(L, "op", "map");
        lua_newtable(L);
        set_text(L, "fn", "copy");
        lua_setfield(L, -2, "attr");
        lua_newtable(L);
        lua_setfield(L, -2, "chain");
        return;
    }
    for (int k = 0; k < o->n_in; k++)
        if (o->in[k]) {
            push_tensor(L, e, o, k, o->in[k]);
            lua_rawseti(L, -2, k + 1);
        }
    lua_setfield(L, -2, "ins");
    if (o->out) {
        push_tensor(L, e, o, -1, o->out);
        lua_setfield(L, -2, "out");
        if (!o->update)
            set_int(L, "tensor", o->out);
    }
    set_text(L, "op", o->type->name);
    set_attrs(L, o);
    if (o->type == &op_map)
        set_text(L, "param", constant(e, ((const map_attr *)o->attr)->param));
    set_chain(L, e, o);
    set_update(L, e, o);
    if (st->scratch >= 0) {
        set_text(L, "scratch", pointer_text(e, st->scratch, 0, NULL));
        set_int(L, "scratch_size", e->p->buffers[st->scratch].size);
    }
}

const plan *last_plan(const compiled *c) { return c->train_plan ? c->train_plan : c->infer_plan; }

static void set_weights(lua_State *L, const emitter *e)
{
    const plan *p = last_plan(e->c);
    lua_newtable(L);
    for (int i = 0; i < p->n_weights; i++) {
        const weight *w = &p->weights[i];
        lua_newtable(L);
        set_text(L, "name", w->name);
        set_int(L, "size", w->size);
        set_int(L, "index", i);
        set_text(L, "real", c_types[w->tensor->stored]);
        set_text(L, "shape", shape_text(&e->s->arena, &w->tensor->shape));
        lua_pushboolean(L, w->packed);
        lua_setfield(L, -2, "packed");
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "weights");
}

/* What an instance keeps: {name, shape, size, stored}, those of one graph and kind. */
static void set_kept(lua_State *L, const emitter *e, const char *key, const graph *g, tensor_kind kind)
{
    int n = 0;
    int64_t align = panel_width(e->c->infer);
    lua_newtable(L);
    for (int t = 1; g && t < g->n_tensors; t++) {
        const tensor *x = &g->tensors[t];
        if (x->kind != kind || (kind == TENSOR_PARAM && x->owner->frozen))
            continue;
        int64_t size = shape_size(&x->shape);
        lua_newtable(L);
        set_text(L, "name", x->name);
        set_text(L, "shape", shape_text(&e->s->arena, &x->shape));
        set_int(L, "size", size);
        set_int(L, "stored", (size + align - 1) / align * align);
        lua_rawseti(L, -2, ++n);
    }
    lua_setfield(L, -2, key);
}

static void set_steps(lua_State *L, emitter *e, const char *key, const plan *p)
{
    e->p = p;
    lua_newtable(L);
    for (int i = 0; p && i < p->n_steps; i++) {
        push_step(L, e, i);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, key);
}

static void set_training(lua_State *L, emitter *e)
{
    const compiled *c = e->c;
    arena *a = &e->s->arena;
    set_flag(L, "train", c->train != NULL);
    set_kept(L, e, "params", c->train, TENSOR_PARAM);
    set_kept(L, e, "memory", c->train, TENSOR_MEMORY);
    set_kept(L, e, "gradients", c->train, TENSOR_GRADIENT);
    set_steps(L, e, "train_steps", c->train_plan);
    if (!c->train)
        return;
    const training *t = &c->training;
    const loom_schedule *u = &t->schedule;
    set_int(L, "accumulate", t->accumulate);
    set_int(L, "n_backward", c->train_plan->n_backward);
    set_int(L, "train_macs", c->train_plan->macs);
    set_text(L, "loss_name", t->loss);
    set_text(L, "optimizer", t->optimizer);
    set_text(L, "beta1", real_text(a, t->beta1));
    set_text(L, "beta2", real_text(a, t->beta2));
    set_int(L, "schedule_kind", u->kind);
    const double numbers[] = {u->rate, u->end, u->factor, u->power, u->steps, u->warmup};
    text list = {.arena = a};
    for (int i = 0; i < COUNT(numbers); i++)
        text_printf(&list, ", %s", real_text(a, numbers[i]));
    set_text(L, "schedule", list.s);
}

static uint64_t hash_bytes(uint64_t h, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * 0x100000001b3u;
    return h;
}

static uint64_t hash_of(const compiled *c)
{
    uint64_t h = hash_bytes(0xcbf29ce484222325u, c->src.text, c->src.len);
    return c->weights_src.text ? hash_bytes(h, c->weights_src.text, c->weights_src.len) : h;
}

static void set_options(lua_State *L, const options *o)
{
    set_int(L, "given_batch", o->batch);
    set_flag(L, "weights_file", o->weights_file);
    set_flag(L, "dispatch", o->dispatch);
    set_flag(L, "standalone", o->standalone);
    set_flag(L, "trace", o->trace);
    set_flag(L, "verify", o->verify);
    set_flag(L, "abi", o->abi);
    set_text(L, "bindings", o->bindings ? o->bindings : "");
    set_flag(L, "board", o->board);
    set_flag(L, "measure", o->measure);
}

/* The expression for the numbers of a tensor of the C-ABI, NULL when the generated code has it in another form. */
static const char *tensor_place(const emitter *e, const loom_tensor *t)
{
    static const char *const members[] = {NULL, "params", "memory", NULL, "gradients"};
    arena *a = &e->s->arena;
    const plan *p = e->c->infer_plan;
    if (t->role == LOOM_STATE) {
        for (int b = 0; b < p->n_buffers; b++)
            if (p->buffers[b].kind == BUFFER_STATE && strcmp(p->g->tensors[p->buffers[b].tensor].name, t->name) == 0)
                return arena_printf(a, "net->state + %lld", (long long)p->buffers[b].offset);
        return NULL;
    }
    if (!e->c->train)
        return NULL;
    return t->role == LOOM_FROZEN ? arena_printf(a, "net->weights->%s", t->name) : arena_printf(a, "net->%s.%s", members[t->role], t->name);
}

/* The tensors that an instance shows to the C-ABI. */
static void set_tensors(lua_State *L, const emitter *e)
{
    static const char *const roles[] = {"", "PARAM", "MEMORY", "STATE", "GRADIENT", "FROZEN"};
    const loom_model *m = e->c->model;
    int n = 0;
    lua_newtable(L);
    for (int i = 0; m && i < m->n_tensors; i++) {
        const loom_tensor *t = &m->tensors[i];
        const char *place = tensor_place(e, t);
        if (!place)
            continue;
        lua_newtable(L);
        set_text(L, "name", t->name);
        set_text(L, "layer", t->layer);
        set_text(L, "key", t->key);
        set_text(L, "bundle", t->place);
        set_text(L, "role", roles[t->role]);
        set_text(L, "data", place);
        set_int(L, "size", (int64_t)t->size);
        set_ints(L, "shape", t->dim, t->rank);
        lua_rawseti(L, -2, ++n);
    }
    lua_setfield(L, -2, "tensors");
    set_text(L, "description", m ? m->description : "");
}

/* in_real, in_T, in_scale, in_zero: what the numbers of the input (or the output) are. */
static void set_border(lua_State *L, const emitter *e, const char *which, tensor_id t)
{
    arena *a = &e->s->arena;
    const tensor *x = &e->c->infer->tensors[t];
    set_text(L, arena_printf(a, "%s_real", which), c_types[x->type]);
    set_text(L, arena_printf(a, "%s_T", which), precision_names[x->type]);
    set_text(L, arena_printf(a, "%s_scale", which), real_text(a, x->q.scale));
    set_int(L, arena_printf(a, "%s_zero", which), x->q.zero);
}

int push_model(lua_State *L)
{
    emitter *e = emitter_of(L);
    const compiled *c = e->c;
    const plan *p = c->infer_plan;
    const graph *g = p->g;
    arena *a = &e->s->arena;
    lua_newtable(L);
    char *upper = arena_strdup(a, c->net->id);
    for (char *at = upper; *at; at++)
        *at = (char)(*at >= 'a' && *at <= 'z' ? *at - 32 : *at);
    const char *slash = strrchr(c->src.name, '/');
    int64_t train_arena = c->train_plan ? c->train_plan->arena_size : 0;
    set_text(L, "id", c->net->id);
    set_text(L, "ID", upper);
    set_text(L, "file", slash ? slash + 1 : c->src.name);
    set_text(L, "hash", arena_printf(a, "%016llx", (unsigned long long)hash_of(c)));
    set_text(L, "version", LOOMC_VERSION);
    set_text(L, "cpu", e->s->opt->cpu ? e->s->opt->cpu : "");
    set_text(L, "T", precision_names[c->precision]);
    set_text(L, "real", c_types[c->precision]);
    set_int(L, "real_size", p->unit);
    set_flag(L, "integer", is_integer(c->precision));
    set_border(L, e, "in", g->input);
    set_border(L, e, "out", g->output);
    set_int(L, "panel", panel_width(c->infer));
    set_int(L, "batch", c->net->batch);
    set_int(L, "seed", (int64_t)c->net->seed);
    set_int(L, "arena_size", p->arena_size > train_arena ? p->arena_size : train_arena);
    set_int(L, "state_size", p->state_size);
    set_int(L, "weights_size", last_plan(c)->weights_size);
    set_int(L, "macs", p->macs);
    set_ints(L, "input", tensor_shape(g, g->input)->dim, tensor_shape(g, g->input)->rank);
    set_ints(L, "output", tensor_shape(g, g->output)->dim, tensor_shape(g, g->output)->rank);
    set_options(L, e->s->opt);
    set_weights(L, e);
    set_steps(L, e, "steps", p);
    set_training(L, e);
    set_tensors(L, e);
    return 1;
}
