/* libc.h - as much of a C library as libloom needs; the headers beside this one are doors to it. */
#ifndef LOOM_LIBC_H
#define LOOM_LIBC_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* libc.c */
void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);
void free(void *p);
_Noreturn void abort(void);
_Noreturn void exit(int code);
void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *));
float strtof(const char *s, char **end);
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strcpy(char *to, const char *from);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
size_t strspn(const char *s, const char *set);
size_t strcspn(const char *s, const char *set);

/* number.c */
double frexp(double x, int *exponent);
double ldexp(double x, int exponent);
double log(double x);
double log2(double x);
double pow(double x, double y);
long lround(double x);
static inline double fmin(double a, double b) { return a < b || b != b ? a : b; }
static inline double fmax(double a, double b) { return a > b || b != b ? a : b; }

/* printf.c: %s %c %d %i %u %x %zu %lu %lld %llu %% with flags - and 0, width and precision; no floats. */
int vsnprintf(char *to, size_t n, const char *fmt, va_list ap);
int snprintf(char *to, size_t n, const char *fmt, ...);

/* There are no files: what is written to one is lost, and none can be opened. */
typedef struct FILE FILE;
#define stderr ((FILE *)0)
static inline int fprintf(FILE *f, const char *fmt, ...) { return (void)f, (void)fmt, 0; }
static inline int fputs(const char *s, FILE *f) { return (void)s, (void)f, 0; }
static inline int fputc(int c, FILE *f) { return (void)f, c; }
static inline size_t fwrite(const void *p, size_t size, size_t n, FILE *f) { return (void)p, (void)size, (void)f, n; }

/* ASCII, whatever the locale would say. */
static inline int isdigit(int c) { return c >= '0' && c <= '9'; }
static inline int isalpha(int c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }
static inline int isalnum(int c) { return isalpha(c) || isdigit(c); }
static inline int isxdigit(int c) { return isdigit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); }

/* The compiler knows these. */
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
#define isnan(x) __builtin_isnan(x)
#define isfinite(x) __builtin_isfinite(x)
#define isinf(x) __builtin_isinf(x)
#define signbit(x) __builtin_signbit(x)
#define sqrt(x) __builtin_sqrt(x)
#define sqrtf(x) __builtin_sqrtf(x)
#define fabs(x) __builtin_fabs(x)
#define floor(x) __builtin_floor(x)
#define ceil(x) __builtin_ceil(x)

#ifdef NDEBUG
#define assert(x) ((void)0)
#else
#define assert(x) ((x) ? (void)0 : abort())
#endif

/* No setjmp: arena.c leaves unwinding to the host. */
typedef int jmp_buf[1];

#define CLOCK_MONOTONIC 1
struct timespec { long long tv_sec; long tv_nsec; };
int clock_gettime(int clock, struct timespec *t);

#endif
