/* arena.c - one zeroed bump allocator for everything a command needs, freed at its end.
 *
 * A failed allocation jumps to where the command began, which reports it and frees the arena: no other
 * code handles running out of memory. For the tests, memory_fails makes the n-th allocation fail. */
#include "loomc.h"

#include <stdlib.h>
#include <string.h>

struct chunk {
    struct chunk *next;
    size_t used, size;
    max_align_t data[];
};

enum { CHUNK_SIZE = 1 << 16 };

long memory_fails;

void *memory(void *p, size_t n)
{
    if (n == 0) {
        free(p);
        return NULL;
    }
    if (memory_fails > 0 && --memory_fails == 0) {
        memory_fails = 1;
        return NULL;
    }
    return realloc(p, n);
}

#if defined(__wasm__) /* has no setjmp: the host unwinds (targets/wasm/library) */
#include <host.h>

void arena_fail(arena *a)
{
    host_unwind(a);
}

bool arena_protect(arena *a, void (*body)(void *arg), void *arg)
{
    return host_protect(body, arg, a) != 0;
}
#else
void arena_fail(arena *a)
{
    if (a->out_of_memory)
        longjmp(*a->out_of_memory, 1);
    fprintf(stderr, "loomc: out of memory\n");
    exit(2);
}

bool arena_protect(arena *a, void (*body)(void *arg), void *arg)
{
    jmp_buf here, *outer = a->out_of_memory;
    a->out_of_memory = &here;
    if (setjmp(here) != 0) {
        a->out_of_memory = outer;
        return false;
    }
    body(arg);
    a->out_of_memory = outer;
    return true;
}
#endif

void *arena_alloc(arena *a, size_t n)
{
    size_t align = sizeof(max_align_t);
    if (n > (size_t)-1 / 2)
        arena_fail(a);
    n = (n + align - 1) / align * align;
    struct chunk *c = a->chunks;
    if (!c || c->size - c->used < n) {
        size_t size = n > CHUNK_SIZE ? n : CHUNK_SIZE;
        c = memory(NULL, sizeof *c + size);
        if (!c)
            arena_fail(a);
        memset(c, 0, sizeof *c + size);
        c->size = size;
        c->next = a->chunks;
        a->chunks = c;
    }
    void *p = (char *)c->data + c->used;
    c->used += n;
    return p;
}

void *arena_array(arena *a, int64_t n, size_t size)
{
    if (n < 0 || (uint64_t)n > SIZE_MAX / 2 / size)
        arena_fail(a);
    return arena_alloc(a, (size_t)n * size);
}

void *arena_grow(arena *a, void *old, size_t old_bytes, size_t new_bytes)
{
    void *p = arena_alloc(a, new_bytes);
    if (old_bytes)
        memcpy(p, old, old_bytes);
    return p;
}

char *arena_strndup(arena *a, const char *s, size_t n)
{
    char *copy = arena_alloc(a, n + 1);
    memcpy(copy, s, n);
    return copy;
}

char *arena_strdup(arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_printf(arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *s = arena_alloc(a, (size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return s;
}

void arena_free(arena *a)
{
    while (a->chunks) {
        struct chunk *next = a->chunks->next;
        memory(a->chunks, 0);
        a->chunks = next;
    }
}

void text_add(text *t, const char *s, size_t n)
{
    if (t->n + n + 1 > t->cap) {
        size_t cap = (t->n + n + 1) * 2;
        t->s = arena_grow(t->arena, t->s, t->n, cap);
        t->cap = cap;
    }
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = 0;
}

void text_printf(text *t, const char *fmt, ...)
{
    char small[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if ((size_t)n < sizeof small) {
        text_add(t, small, (size_t)n);
        return;
    }
    char *big = arena_alloc(t->arena, (size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(big, (size_t)n + 1, fmt, ap);
    va_end(ap);
    text_add(t, big, (size_t)n);
}
