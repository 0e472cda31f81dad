/* emit.h - what the two files share that hand a model to Lua: emit.c, table.c. */
#ifndef LOOMC_EMIT_H
#define LOOMC_EMIT_H

#include "loomc.h"

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
/* All weights are those of the last plan. */
const plan *last_plan(const compiled *c);
/* A number as a C constant in the model's precision. */
const char *constant(const emitter *e, double v);
/* The model as one table at the top of the stack. */
int push_model(lua_State *L);

#endif
