/* stdio.h - the files that loom_verify.c reads and writes, which loom_verify.mjs does. */
#ifndef LOOM_STDIO_H
#define LOOM_STDIO_H

#include <stddef.h>
#include <stdint.h>

#define HOST(name) __attribute__((import_module("host"), import_name(name)))

typedef struct FILE FILE;

/* 0 when there is no such file. */
HOST("open") uintptr_t host_open(const char *name, const char *mode);
HOST("read") size_t host_read(uintptr_t f, void *p, size_t n);
HOST("put") void host_put(uintptr_t f, int byte);
HOST("close") void host_close(uintptr_t f);

static inline FILE *fopen(const char *name, const char *mode) { return (FILE *)host_open(name, mode); }
static inline size_t fread(void *p, size_t size, size_t n, FILE *f) { return host_read((uintptr_t)f, p, size * n) / size; }

static inline int fputc(int c, FILE *f)
{
    host_put((uintptr_t)f, c);
    return c;
}

static inline int fclose(FILE *f)
{
    host_close((uintptr_t)f);
    return 0;
}

#endif
