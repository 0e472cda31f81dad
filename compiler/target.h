/* target.h - facts of the target (target.c), and what a network may cost on it (limits.c). */
#ifndef LOOMC_TARGET_H
#define LOOMC_TARGET_H

#include "plan.h"

/* What the compiler has to know; templates know more. 0 and NULL: nothing is said. */
typedef struct target_facts {
    const char *name;
    int64_t panel_bytes;   /* in a panel of weights, and what arrays are filled up to: 0 means 64, 1 single numbers */
    int64_t align;         /* of an instance and of its arrays, bytes */
    int64_t pointer;       /* its size in bytes; known, sizeof(struct <id>) is */
    int64_t flash, ram;    /* of the board that verify uses, bytes */
    const char *board;     /* its name in the emulator */
    const char *cc, *flags, *link, *run; /* how verify builds and runs a program; NULL: for this machine */
} target_facts;

bool target_read(session *s); /* s->target, as the options say */
const char *target_cpus(session *s); /* all names that --cpu takes: "a|b|c" */

/* Do flash and RAM stay within --max-flash and --max-ram? Otherwise an error, and a table of what takes the room. */
bool limits_check(session *s, const compiled *c);
/* Do they fit the board that verify uses? */
bool board_check(session *s, const compiled *c);

/* What the network costs on the board of --cpu. Steps: those of the plan that infers, then those of the one that trains. */
typedef struct measured {
    int64_t code, weights, library; /* bytes of flash */
    int64_t stack[2], instructions[2]; /* of a call, and of a mini-batch of the training */
    int64_t *steps;                 /* instructions of each; 0 where they count with the next one */
    int n_steps;
} measured;

bool measure(session *s, const compiled *c, measured *m);
void measured_text(const compiled *c, const measured *m, text *t);
void measured_json(const compiled *c, const measured *m, text *t); /* a member of the report's object, with a comma */

/* ---- report.c: the sums behind that */
int64_t ram_bytes(const compiled *c);   /* sizeof(struct <id>), as the header's <ID>_RAM_BYTES has it */
int64_t flash_bytes(const compiled *c);
int64_t weight_bytes(const weight *w); /* its weights */
int64_t kept_numbers(const compiled *c, tensor_kind kind); /* in the tensors that an instance keeps, as stored */
bool buffer_alive(const plan *p, int buffer, int at_step); /* does it take room in the arena then? */
const char *buffer_owner(const plan *p, int buffer);       /* the step that writes it */

#endif
