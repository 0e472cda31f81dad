/* loom_memory.c - functions of the C library that compilers call unasked, for programs without one.
 *
 * They are weak: where there is a library, its own are taken. */
#include <stddef.h>

#if defined(__clang__)
#define LOOM_OWN __attribute__((weak, no_builtin("memcpy", "memmove", "memset")))
#else
#define LOOM_OWN __attribute__((weak))
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);

LOOM_OWN void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    while (n--)
        *t++ = *f++;
    return to;
}

LOOM_OWN void *memmove(void *to, const void *from, size_t n)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    if (t < f)
        for (size_t i = 0; i < n; i++)
            t[i] = f[i];
    else
        for (size_t i = n; i-- > 0;)
            t[i] = f[i];
    return to;
}

LOOM_OWN void *memset(void *to, int value, size_t n)
{
    unsigned char *t = to;
    while (n--)
        *t++ = (unsigned char)value;
    return to;
}
