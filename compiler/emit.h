/* emit.h - what the files share that run Lua: emit.c, table.c, target.c. */
#ifndef LOOMC_EMIT_H
#define LOOMC_EMIT_H

#include "plan.h"

#include <lauxlib.h>

/* A file that is written but has not got its name yet. */
typedef struct part {
    const char *part, *path;
    struct part *next;
} part;

typedef struct emitter {
    session *s;
    const compiled *c;
    const plan *p; /* whose steps are being handed over */
    part *parts;
    bool no_memory;
} emitter;

emitter *emitter_of(lua_State *L);
/* A file of --templates, or a built-in one. */
bool find_source(session *s, const char *name, const char **data, size_t *n);
/* Runs f in a fresh Lua state. An error is reported, unless memory ran out (e->no_memory): then the caller has to call
 * arena_fail, when it has given back what it holds. f allocates from the arena only in a function that `guarded` calls. */
bool run_lua(emitter *e, lua_CFunction f);
int guarded(lua_State *L, lua_CFunction f);
/* All weights are those of the last plan. */
const plan *last_plan(const compiled *c);
/* A number as a C constant in the model's precision. */
const char *constant(const emitter *e, double v);
/* The model as one table at the top of the stack. */
int push_model(lua_State *L);

#endif
