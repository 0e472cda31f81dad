/* check.h - what the tests of the interface share: counting, comparing, reading files, and the models under test. */
#ifndef CHECK_H
#define CHECK_H

#include "loom.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long passed, failed;

#define CHECK(c) check((c) ? 1 : 0, __FILE__, __LINE__, #c)
static inline int check(int good, const char *file, int line, const char *what)
{
    if (good)
        passed++;
    else if (failed++ < 50)
        printf("FAILED %s:%d: %s\n", file, line, what);
    return good;
}

static inline int finish(void)
{
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed > 0;
}

static inline int has(const char *text, const char *part) { return text && strstr(text, part) != NULL; }

/* A reply that must be this text; frees it. */
#define REPLY(call, expected) reply_is(call, expected, __FILE__, __LINE__)
static inline void reply_is(const char *reply, const char *expected, const char *file, int line)
{
    if (!check(reply && strcmp(reply, expected) == 0, file, line, expected))
        printf("    got %s\n", reply ? reply : "NULL");
    FreeLoomString(reply);
}

/* A reply that must hold all of these parts (up to a NULL); frees it. */
#define REPLY_HAS(call, ...) reply_has(call, __FILE__, __LINE__, (const char *const[]){__VA_ARGS__, NULL})
static inline void reply_has(const char *reply, const char *file, int line, const char *const *parts)
{
    for (; *parts; parts++)
        if (!check(has(reply, *parts), file, line, *parts))
            printf("    got %s\n", reply ? reply : "NULL");
    FreeLoomString(reply);
}

/* A whole file as text, which the caller frees; ends the program when it is not there. */
static inline char *read_text(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 1 << 20);
    if (!f || !text || fread(text, 1, (1 << 20) - 1, f) == 0) {
        printf("cannot read %s\n", path);
        exit(2);
    }
    fclose(f);
    return text;
}

/* Makes the compiled-in models known; in a program with libloom it does nothing. Returns how many there are. */
int register_models(void);

#endif
