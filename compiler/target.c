/* target.c - the facts of a target, from its folder's target.lua.
 *
 * The file returns one table. Where that has `cpus`, a table for each processor by the name that --cpu takes, the
 * facts of the chosen one come first and those of the target fill in. Only what the compiler itself has to know is read
 * here; templates see the whole table. */
#include "target.h"

#include "emit.h"

#include <lualib.h>

#include <string.h>

static const char *target_name(const session *s) { return s->opt->target ? s->opt->target : "native"; }

/* A fact of the table at the top of the stack, or of the one below it. */
static const char *text_fact(session *s, lua_State *L, const char *key)
{
    lua_getfield(L, -1, key);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_getfield(L, -2, key);
    }
    const char *v = lua_tostring(L, -1);
    v = v ? arena_strdup(&s->arena, v) : NULL;
    lua_pop(L, 1);
    return v;
}

static int64_t number_fact(session *s, lua_State *L, const char *key)
{
    const char *v = text_fact(s, L, key);
    int64_t n = 0;
    for (; v && *v >= '0' && *v <= '9' && n < (int64_t)1 << 40; v++)
        n = n * 10 + (*v - '0');
    return n;
}

static void read_facts(session *s, lua_State *L)
{
    target_facts *t = arena_alloc(&s->arena, sizeof *t);
    t->name = target_name(s);
    t->panel_bytes = number_fact(s, L, "panel_bytes");
    t->align = number_fact(s, L, "align");
    t->pointer = number_fact(s, L, "pointer");
    t->flash = number_fact(s, L, "flash_size");
    t->ram = number_fact(s, L, "ram_size");
    t->board = text_fact(s, L, "machine");
    t->cc = text_fact(s, L, "cc");
    t->flags = text_fact(s, L, "flags");
    t->link = text_fact(s, L, "link");
    t->run = text_fact(s, L, "run");
    s->target = t;
}

/* The names of the table at the top of the stack: "a|b|c", in alphabetical order. */
static const char *names_of(session *s, lua_State *L)
{
    const char *names[64];
    int n = 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        const char *name = arena_strdup(&s->arena, lua_tostring(L, -2));
        int i = n < COUNT(names) ? n++ : n - 1;
        for (; i > 0 && strcmp(names[i - 1], name) > 0; i--)
            names[i] = names[i - 1];
        names[i] = name;
    }
    text t = {.arena = &s->arena};
    for (int i = 0; i < n; i++)
        text_printf(&t, "%s%s", i ? "|" : "", names[i]);
    return t.s ? t.s : "";
}

/* Leaves the facts of the processor at the top of the stack. */
static bool choose_cpu(session *s, lua_State *L)
{
    const char *cpu = s->opt->cpu;
    lua_getfield(L, -1, "cpus");
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        if (!cpu)
            return true;
        diag(s, DIAG_ERROR, NULL, "the target '%s' has no choice of processors; leave out --cpu", target_name(s));
        return false;
    }
    const char *names = names_of(s, L);
    if (cpu)
        lua_getfield(L, -1, cpu);
    if (cpu && lua_istable(L, -1)) {
        lua_remove(L, -2);
        return true;
    }
    const char *near = cpu ? nearest(&s->arena, cpu, names) : NULL;
    if (!cpu)
        diag(s, DIAG_ERROR, NULL, "the target '%s' needs --cpu and one of %s", target_name(s), names);
    else if (near)
        diag(s, DIAG_ERROR, NULL, "unknown processor '%s': did you mean '%s'?", cpu, near);
    else
        diag(s, DIAG_ERROR, NULL, "unknown processor '%s', expected one of %s", cpu, names);
    return false;
}

static int read_target(lua_State *L)
{
    session *s = emitter_of(L)->s;
    const char *data;
    size_t n;
    if (!find_source(s, arena_printf(&s->arena, "targets/%s/target.lua", target_name(s)), &data, &n))
        return luaL_error(L, "there is no target '%s'", target_name(s));
    luaL_openlibs(L);
    if (luaL_loadbuffer(L, data, n, "@target.lua") != LUA_OK)
        return lua_error(L);
    lua_call(L, 0, 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    if (choose_cpu(s, L))
        read_facts(s, L);
    return 0;
}

static int guarded_read_target(lua_State *L) { return guarded(L, read_target); }

bool target_read(session *s)
{
    emitter e = {.s = s};
    bool good = run_lua(&e, guarded_read_target);
    if (e.no_memory)
        arena_fail(&s->arena);
    const char *wrong = !good || !s->target || !s->target->board ? NULL
        : s->opt->dispatch ? "--dispatch chooses between vectors of x86-64, which this target has not; leave it out"
        : s->opt->verify && s->opt->weights_file ? "the board has no file system: verify without --weights-file" : NULL;
    if (wrong)
        diag(s, DIAG_ERROR, NULL, "%s", wrong);
    return good && s->diags.errors == 0;
}

typedef struct cpu_list {
    emitter e; /* first: the Lua state finds it */
    const char *target;
    text names;
} cpu_list;

/* Adds the names of one target's processors. */
static int read_cpus(lua_State *L)
{
    cpu_list *list = (cpu_list *)emitter_of(L);
    session *s = list->e.s;
    const char *data;
    size_t n;
    if (!find_source(s, arena_printf(&s->arena, "targets/%s/target.lua", list->target), &data, &n))
        return 0;
    luaL_openlibs(L);
    if (luaL_loadbuffer(L, data, n, "@target.lua") != LUA_OK)
        return lua_error(L);
    lua_call(L, 0, 1);
    lua_getfield(L, -1, "cpus");
    if (lua_istable(L, -1))
        text_printf(&list->names, "%s%s", list->names.n ? "|" : "", names_of(s, L));
    return 0;
}

static int guarded_read_cpus(lua_State *L) { return guarded(L, read_cpus); }

const char *target_cpus(session *s)
{
    cpu_list list = {.e = {.s = s}, .names = {.arena = &s->arena}};
    char *targets = arena_strdup(&s->arena, kind_names(&s->arena, "target"));
    for (char *p = targets; *p;) {
        size_t n = strcspn(p, "|");
        bool last = !p[n];
        p[n] = 0;
        list.target = p;
        if (!run_lua(&list.e, guarded_read_cpus) && list.e.no_memory)
            arena_fail(&s->arena);
        p += n + !last;
    }
    return list.names.s;
}
