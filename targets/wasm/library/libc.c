/* libc.c - memory, strings and sorting for libloom as a WebAssembly module. */
#include "libc.h"
#include "host.h"

#include "../../../compiler/loomc.h"

/* ---- memory ----------------------------------------------------------------------------------------------------
 *
 * Blocks of whole 16 bytes, each behind a head. The free ones form a list in the order of their addresses; neighbours
 * are joined when one is freed. The first that is large enough is taken. */

typedef struct head {
    size_t size;       /* with this head */
    struct head *next; /* of a free block */
    size_t unused[2];
} head;

_Static_assert(sizeof(head) == 16, "blocks keep the alignment of their head");

extern unsigned char __heap_base;
static head *free_blocks;
static size_t heap_end; /* 0: not begun */

static void join(head *block)
{
    head *after = block->next;
    if (after && (char *)block + block->size == (char *)after) {
        block->size += after->size;
        block->next = after->next;
    }
}

static void give_back(head *block)
{
    head **at = &free_blocks, *before = NULL;
    while (*at && *at < block) {
        before = *at;
        at = &before->next;
    }
    block->next = *at;
    *at = block;
    join(block);
    if (before)
        join(before);
}

/* At least n bytes more of memory, as a free block. */
static bool grow(size_t n)
{
    const size_t page = 65536;
    if (!heap_end) {
        size_t start = ((size_t)&__heap_base + 15) / 16 * 16;
        heap_end = __builtin_wasm_memory_size(0) * page;
        if (heap_end > start + sizeof(head)) {
            head *rest = (head *)start;
            rest->size = heap_end - start;
            give_back(rest);
        }
    }
    size_t pages = (n + page - 1) / page, had = __builtin_wasm_memory_grow(0, pages);
    if (had == (size_t)-1)
        return false;
    head *block = (head *)(had * page);
    block->size = pages * page;
    give_back(block);
    return true;
}

void *malloc(size_t n)
{
    if (n > SIZE_MAX / 2)
        return NULL;
    n = (n + sizeof(head) + 15) / 16 * 16;
    do
        for (head **at = &free_blocks; *at; at = &(*at)->next) {
            head *block = *at;
            if (block->size < n)
                continue;
            *at = block->next;
            if (block->size - n >= 2 * sizeof(head)) {
                head *rest = (head *)(void *)((char *)block + n);
                rest->size = block->size - n;
                rest->next = *at;
                *at = rest;
                block->size = n;
            }
            return block + 1;
        }
    while (grow(n));
    return NULL;
}

void free(void *p)
{
    if (p)
        give_back((head *)p - 1);
}

void *calloc(size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return NULL;
    void *p = malloc(n * size);
    return p ? memset(p, 0, n * size) : NULL;
}

void *realloc(void *p, size_t n)
{
    size_t has = p ? ((head *)p - 1)->size - sizeof(head) : 0;
    if (p && n <= has)
        return p;
    void *q = malloc(n);
    if (q && p) {
        memcpy(q, p, has);
        free(p);
    }
    return q;
}

void abort(void) { __builtin_trap(); }

void exit(int code)
{
    (void)code;
    __builtin_trap();
}

/* ---- bytes and strings -------------------------------------------------------------------------------------------- */

void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    if ((size_t)to - (size_t)from >= n)
        return memcpy(to, from, n);
    while (n-- > 0)
        ((unsigned char *)to)[n] = ((const unsigned char *)from)[n];
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)to)[i] = (unsigned char)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;
    for (; n > 0 && *x == *y; n--, x++, y++)
        ;
    return n > 0 ? *x - *y : 0;
}

void *memchr(const void *s, int c, size_t n)
{
    for (const unsigned char *p = s; n > 0; n--, p++)
        if (*p == (unsigned char)c)
            return (void *)(uintptr_t)p;
    return NULL;
}

size_t strlen(const char *s)
{
    const char *p = s;
    while (*p)
        p++;
    return (size_t)(p - s);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0 && *a == *b && *a; n--, a++, b++)
        ;
    return n > 0 ? (unsigned char)*a - (unsigned char)*b : 0;
}

int strcmp(const char *a, const char *b) { return strncmp(a, b, SIZE_MAX); }

char *strcpy(char *to, const char *from)
{
    memcpy(to, from, strlen(from) + 1);
    return to;
}

char *strchr(const char *s, int c) { return memchr(s, c, strlen(s) + 1); }

char *strrchr(const char *s, int c)
{
    for (size_t i = strlen(s) + 1; i-- > 0;)
        if (s[i] == (char)c)
            return (char *)(uintptr_t)s + i;
    return NULL;
}

char *strstr(const char *s, const char *what)
{
    for (size_t n = strlen(what); *s || n == 0; s++)
        if (strncmp(s, what, n) == 0)
            return (char *)(uintptr_t)s;
    return NULL;
}

size_t strcspn(const char *s, const char *set)
{
    size_t i = 0;
    while (s[i] && !strchr(set, s[i]))
        i++;
    return i;
}

size_t strspn(const char *s, const char *set)
{
    size_t i = 0;
    while (s[i] && strchr(set, s[i]))
        i++;
    return i;
}

float strtof(const char *s, char **end)
{
    float x = 0;
    const char *after = read_real(F32, s, &x);
    if (end)
        *end = (char *)(uintptr_t)after;
    return x;
}

/* ---- sorting: a heap, so that no input is slow ---------------------------------------------------------------------- */

static void swap(char *a, char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = a[i];
        a[i] = b[i];
        b[i] = c;
    }
}

/* Lets element i sink to its place among the first n. */
static void sink(char *base, size_t i, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && compare(base + child * size, base + (child + 1) * size) < 0)
            child++;
        if (compare(base + i * size, base + child * size) >= 0)
            return;
        swap(base + i * size, base + child * size, size);
    }
}

void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    for (size_t i = n / 2; i-- > 0;)
        sink(base, i, n, size, compare);
    while (n-- > 1) {
        swap(base, (char *)base + n * size, size);
        sink(base, 0, n, size, compare);
    }
}

int clock_gettime(int clock, struct timespec *t)
{
    const double ms = host_now();
    (void)clock;
    t->tv_sec = (long long)(ms / 1000);
    t->tv_nsec = (long)((ms - (double)t->tv_sec * 1000) * 1e6);
    return 0;
}
