/* emit.c - from the plan to files, through the Lua templates.
 *
 * The plan becomes one Lua table (table.c); templates/lib/main.lua turns it into the text of each file. Templates are
 * part of the program (made by CMake); --templates DIR reads them from a folder instead. A target's folder
 * shadows: targets/<target>/NAME is tried before templates/NAME. */
#include "emit.h"

#include <lualib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "embedded.h" /* made by CMake: embedded_files[] */

emitter *emitter_of(lua_State *L) { return *(emitter **)lua_getextraspace(L); }

/* ---- what templates can call ---------------------------------------------------------------------------------- */

bool find_source(session *s, const char *name, const char **data, size_t *n)
{
    const char *dir = s->opt->templates;
    const char *path = dir ? arena_printf(&s->arena, "%s/%s", dir, name) : NULL;
    if (path && access(path, R_OK) == 0) {
        source src;
        if (!file_read(s, path, &src))
            return false;
        *data = src.text;
        *n = src.len;
        return true;
    }
    for (const embedded_file *f = embedded_files; f->name; f++)
        if (strcmp(f->name, name) == 0) {
            *data = (const char *)f->data;
            *n = f->size;
            return true;
        }
    return false;
}

/* source(name): text of a template or runtime file, or nil. The target's own comes first. */
static int lua_source(lua_State *L)
{
    emitter *e = emitter_of(L);
    const char *name = luaL_checkstring(L, 1), *data;
    const char *target = e->s->opt->target ? e->s->opt->target : "native";
    size_t n;
    if (!find_source(e->s, arena_printf(&e->s->arena, "targets/%s/%s", target, name), &data, &n) &&
        !find_source(e->s, name, &data, &n))
        return 0;
    lua_pushlstring(L, data, n);
    return 1;
}

const char *kind_names(arena *a, const char *kind)
{
    const char *head = arena_printf(a, "%ss/", kind), *tail = arena_printf(a, "/%s.lua", kind);
    size_t skip = strlen(head);
    text t = {.arena = a};
    for (const embedded_file *f = embedded_files; f->name; f++) {
        const char *end = strncmp(f->name, head, skip) == 0 ? strchr(f->name + skip, '/') : NULL;
        if (end && strcmp(end, tail) == 0)
            text_printf(&t, "%s%.*s", t.n ? "|" : "", (int)(end - f->name - (long)skip), f->name + skip);
    }
    return t.s;
}

/* The numbers of a weight as they are stored. */
static void *stored_weight(const emitter *e, const weight *w)
{
    const tensor *t = w->tensor;
    precision pr = t->stored;
    int64_t n = shape_size(&t->shape);
    void *data = arena_array(&e->s->arena, w->size, real_size(pr)), *plain = t->data;
    if (pr != t->type) { /* whole numbers */
        plain = arena_array(&e->s->arena, n, real_size(pr));
        for (int64_t i = 0; i < n; i++)
            real_set(pr, plain, i, real_get(t->type, t->data, i));
    }
    if (w->packed)
        pack_fill(last_plan(e->c)->g, pr, &w->pack, plain, data);
    else
        memcpy(data, plain, (size_t)n * real_size(pr));
    return data;
}

/* weight_text(index): its numbers as C constants, eight a line */
static int lua_weight_text(lua_State *L)
{
    emitter *e = emitter_of(L);
    const weight *w = &last_plan(e->c)->weights[luaL_checkinteger(L, 1)];
    precision pr = w->tensor->stored;
    const void *data = stored_weight(e, w);
    text t = {.arena = &e->s->arena};
    for (int64_t i = 0; i < w->size; i++) {
        char number[48];
        print_hex(number, pr, (const char *)data + (size_t)i * real_size(pr));
        text_printf(&t, "%s%s", i % 8 == 0 ? (i ? ",\n    " : "    ") : ", ", number);
    }
    lua_pushlstring(L, t.s ? t.s : "", t.n);
    return 1;
}

/* weight_bytes(index): its numbers as little-endian bytes */
static int lua_weight_bytes(lua_State *L)
{
    emitter *e = emitter_of(L);
    const weight *w = &last_plan(e->c)->weights[luaL_checkinteger(L, 1)];
    size_t real = real_size(w->tensor->stored);
    const unsigned char *data = stored_weight(e, w);
    const uint16_t probe = 1;
    bool little = *(const unsigned char *)&probe == 1;
    char *out = arena_array(&e->s->arena, w->size, real);
    for (size_t i = 0; i < (size_t)w->size * real; i++)
        out[i] = (char)data[little ? i : i / real * real + (real - 1 - i % real)];
    lua_pushlstring(L, out, (size_t)w->size * real);
    return 1;
}

/* crc32(bytes) */
static int lua_crc32(lua_State *L)
{
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    uint32_t c = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        c ^= (unsigned char)p[i];
        for (int k = 0; k < 8; k++)
            c = c & 1u ? c >> 1 ^ 0xedb88320u : c >> 1;
    }
    lua_pushinteger(L, ~c & 0xffffffffu);
    return 1;
}

/* const(number): a C constant in the model's precision */
static int lua_const(lua_State *L)
{
    lua_pushstring(L, constant(emitter_of(L), luaL_checknumber(L, 1)));
    return 1;
}

/* single(number): a C constant of float32 */
static int lua_single(lua_State *L)
{
    char out[48];
    float v = (float)luaL_checknumber(L, 1);
    print_hex(out, F32, &v);
    lua_pushstring(L, out);
    return 1;
}

/* problem(text): an error of the options */
static int lua_problem(lua_State *L)
{
    diag(emitter_of(L)->s, DIAG_ERROR, NULL, "%s", luaL_checkstring(L, 1));
    return 0;
}

/* write(name, text): a file in the output folder, which appears there when all is well */
static int lua_write(lua_State *L)
{
    emitter *e = emitter_of(L);
    arena *a = &e->s->arena;
    size_t n;
    const char *name = luaL_checkstring(L, 1), *data = luaL_checklstring(L, 2, &n);
    part *p = arena_alloc(a, sizeof *p);
    p->path = arena_printf(a, "%s/%s", e->s->opt->out, name);
    p->part = file_part(e->s, p->path, data, n);
    p->next = e->parts;
    if (p->part)
        e->parts = p;
    return 0;
}

/* script(name, n): of the files, the one that builds the others, and how many variants it can verify */
static int lua_script(lua_State *L)
{
    session *s = emitter_of(L)->s;
    s->script = arena_strdup(&s->arena, luaL_checkstring(L, 1));
    s->variants = (int)luaL_checkinteger(L, 2);
    return 0;
}

/* Gives all files their names, or removes them. */
static bool finish_files(emitter *e, bool good)
{
    for (const part *p = e->parts; p; p = p->next)
        if (good)
            good = file_commit(e->s, p->part, p->path);
        else
            remove(p->part);
    return good;
}

/* ---- running Lua ------------------------------------------------------------------------------------------------ */

static void *lua_memory(void *ud, void *p, size_t old, size_t n)
{
    (void)ud;
    (void)old;
    return memory(p, n);
}

typedef struct call {
    lua_State *L;
    lua_CFunction f;
    int results;
} call;

static void run_call(void *arg)
{
    call *c = arg;
    c->results = c->f(c->L);
}

/* Calls f, turning an allocation that fails in the arena into an error of Lua: neither of the two jumps
 * then passes over frames of the other. */
int guarded(lua_State *L, lua_CFunction f)
{
    call c = {L, f, 0};
    if (arena_protect(&emitter_of(L)->s->arena, run_call, &c))
        return c.results;
    emitter_of(L)->no_memory = true;
    lua_pushlightuserdata(L, NULL); /* an error that needs no memory */
    return lua_error(L);
}

#define GUARDED(name) \
    static int guarded_##name(lua_State *L) { return guarded(L, name); }
GUARDED(lua_source)
GUARDED(lua_weight_text)
GUARDED(lua_weight_bytes)
GUARDED(lua_const)
GUARDED(lua_problem)
GUARDED(lua_write)
GUARDED(lua_script)
GUARDED(push_model)
#undef GUARDED

static int run_main(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"source", guarded_lua_source}, {"weight_text", guarded_lua_weight_text}, {"weight_bytes", guarded_lua_weight_bytes},
        {"const", guarded_lua_const}, {"single", lua_single}, {"problem", guarded_lua_problem}, {"crc32", lua_crc32},
        {"write", guarded_lua_write},
        {"script", guarded_lua_script}, {0}};
    luaL_openlibs(L);
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    lua_setglobal(L, "loom");
    lua_pushcfunction(L, guarded_push_model);
    lua_call(L, 0, 1);
    lua_setglobal(L, "model");
    lua_getglobal(L, "loom");
    lua_getfield(L, -1, "source");
    lua_pushstring(L, "lib/main.lua");
    lua_call(L, 1, 1);
    size_t n;
    const char *code = luaL_checklstring(L, -1, &n);
    if (luaL_loadbuffer(L, code, n, "@lib/main.lua") != LUA_OK)
        return lua_error(L);
    lua_call(L, 0, 0);
    return 0;
}

static int traceback(lua_State *L)
{
    if (lua_isstring(L, 1))
        luaL_traceback(L, L, lua_tostring(L, 1), 1);
    return 1;
}

bool run_lua(emitter *e, lua_CFunction f)
{
    jmp_buf *outer = e->s->arena.out_of_memory;
    lua_State *L = lua_newstate(lua_memory, NULL);
    if (!L)
        arena_fail(&e->s->arena);
    *(emitter **)lua_getextraspace(L) = e;
    lua_pushcfunction(L, traceback);
    lua_pushcfunction(L, f);
    int status = lua_pcall(L, 0, 0, 1);
    e->s->arena.out_of_memory = outer; /* an error of Lua leaves arena_protect behind */
    e->no_memory |= status == LUA_ERRMEM;
    if (status != LUA_OK && !e->no_memory) {
        const char *message = lua_tostring(L, -1);
        size_t line = message ? strcspn(message, "\n") : 0;
        diag(e->s, DIAG_ERROR, NULL, "template: %.*s", (int)line, message ? message : "");
        fprintf(e->s->diags.sink, "%s\n", message ? message + line + (message[line] == '\n') : "");
    }
    lua_close(L);
    return status == LUA_OK;
}

bool emit_model(session *s, const compiled *c)
{
    emitter e = {.s = s, .c = c};
    s->script = NULL;
    if (!make_dir(s, s->opt->out))
        return false;
    bool good = run_lua(&e, run_main); /* every file that the templates wrote is a part */
    good = finish_files(&e, good && s->diags.errors == 0);
    if (e.no_memory)
        arena_fail(&s->arena);
    return good;
}

static void set_variable(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
}

int run_script(session *s, const char *dir, int variant)
{
    arena *a = &s->arena;
    set_variable("CC", s->opt->cc);
    set_variable("CFLAGS", s->opt->cflags);
    set_variable("EMULATOR", s->opt->emulator);
    set_variable("LOOM_DIR", dir); /* a name with any characters: the shell must not read it */
    const char *which = variant < 0 ? "" : arena_printf(a, "%d", variant);
    int code = shell(arena_printf(a, "unset CDPATH; cd -- \"$LOOM_DIR\" && sh ./%s %s >build.log 2>&1", s->script, which));
    const char *log = arena_printf(a, "%s/build.log", dir);
    source said;
    if (code != 0 && file_read(s, log, &said))
        fprintf(s->diags.sink, "%.*s", (int)(said.len < 4000 ? said.len : 4000), said.text);
    remove(log);
    return code;
}
