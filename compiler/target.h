/* target.h - facts of the target (target.c), and what a network may cost on it (limits.c). */
#ifndef LOOMC_TARGET_H
#define LOOMC_TARGET_H

#include "loomc.h"

/* What the compiler has to know; templates know more. 0 and NULL: nothing is said. */
typedef struct target_facts {
    const char *name;
    int64_t panel_bytes;   /* in a panel of weights, and what arrays are filled up to: 0 means 64, 1 single numbers */
    int64_t align;         /* of an instance and of its arrays, bytes */
    int64_t pointer;       /* its size in bytes; known, sizeof(struct <id>) is */
    int64_t flash, ram;    /* of the board that verify uses, bytes */
    const char *board;     /* its name in the emulator */
    const char *precisions;/* "f32|f64" */
    const char *cc, *flags, *link, *run; /* how verify builds and runs a program; NULL: for this machine */
    const char *why_not;   /* there is no way to run programs: the reason */
} target_facts;

bool target_read(session *s); /* s->target, as the options say */

#endif
