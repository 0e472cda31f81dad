/* budget.h - the compiler's memory, of which there is little: networks that are merely large are no find. */
#ifndef FUZZ_BUDGET_H
#define FUZZ_BUDGET_H

#include <stddef.h>
#include <stdlib.h>

enum { BUDGET = 64 << 20, MAX_TEXT = 1 << 16, SEPARATOR = 0x1e };

static size_t used;

static void *limited_realloc(void *p, size_t n)
{
    used += n;
    return used > BUDGET ? NULL : realloc(p, n);
}

#define realloc limited_realloc
#include "../../compiler/arena.c"
#undef realloc

static inline FILE *nowhere(void)
{
    static FILE *f;
    if (!f)
        f = fopen("/dev/null", "w");
    return f;
}

#endif
