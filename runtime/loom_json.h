/* loom_json.h - JSON text: check it once, then walk through it; and write it. No memory, no library, no recursion.
 *
 *   loom_json_problem p;
 *   if (!loom_json_check(text, n, &p)) ...                       p.at and p.what say where and why it is not JSON
 *   loom_json root = loom_json_root(text, n), key, value;
 *   for (loom_json_walk w = loom_json_in(root); loom_json_next(&w, &key, &value);) ...
 *
 * Everything but loom_json_check trusts the text: it must have passed. A value is no more than its place in it.
 * C99, C++17. */
#ifndef LOOM_JSON_H
#define LOOM_JSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LOOM_JSON_DEPTH = 512 }; /* lists and objects within each other */

typedef struct loom_json_problem {
    size_t at;        /* byte of the text */
    const char *what; /* "expected ',' or ']'" */
} loom_json_problem;

/* Is it one JSON value as RFC 8259 has it, in UTF-8? Returns 1, or 0 and the first problem. */
int loom_json_check(const char *text, size_t n, loom_json_problem *problem);

/* A value: where it begins, and the end of the whole text. at is NULL for none. */
typedef struct loom_json {
    const char *at, *end;
} loom_json;

loom_json loom_json_root(const char *text, size_t n);

/* '{', '[', '"', '0' (a number), 't', 'f', 'n'; 0 for none. */
char loom_json_kind(loom_json v);

/* The values within a list or an object, in order; of another value there are none. */
typedef struct loom_json_walk {
    const char *at, *end;
    int object;
} loom_json_walk;
loom_json_walk loom_json_in(loom_json v);
int loom_json_next(loom_json_walk *w, loom_json *key, loom_json *value); /* key is none in a list; 0 at the end */

/* The value of a key, which must be spelled exactly so; none when v is no object or lacks it. */
loom_json loom_json_get(loom_json v, const char *key);

/* How many values a list or an object holds. */
size_t loom_json_count(loom_json v);

/* One past the last byte of the value. */
const char *loom_json_end(loom_json v);

/* A string equals the zero-terminated text; with `loose` without regard to case and underscores. */
int loom_json_is(loom_json v, const char *text);
int loom_json_resembles(loom_json v, const char *text);

/* Copies a string, as UTF-8 with a final zero, cut at a whole character to what fits. Returns the bytes of the whole. */
size_t loom_json_text(loom_json v, char *out, size_t capacity);

/* Of a number: its value as binary64. */
double loom_json_number(loom_json v);

/* All numbers of a list, or of lists in lists, in order, as values of a loom_type (loom_types.h; integers must be
 * whole and in range). At most `capacity` of them are written; *count gets how many there are. Returns none (at NULL)
 * when all is well, else the first value that is no number, or does not fit the type. */
loom_json loom_json_numbers(loom_json v, int type, void *out, size_t capacity, size_t *count);

/* Are two texts the same JSON? White space, the order of keys, escapes and the spelling of numbers do not count. */
int loom_json_same(loom_json a, loom_json b);

/* Where byte `at` of a text is: line and column (in characters), from 1. */
void loom_json_position(const char *text, size_t n, size_t at, int *line, int *column);

/* The JSON pointer of the value that holds byte `at`: "/layers/3/type"; cut to what fits, zero-terminated. capacity > 0. */
void loom_json_pointer(loom_json root, const char *at, char *out, size_t capacity);

/* ---- writing ------------------------------------------------------------------------------------------------ */

/* Text that grows. grow makes room for at least `need` bytes and sets s and capacity, or returns 0; NULL: the capacity
 * is what it is. What does not fit is left out as a whole, `failed` is set, and nothing is written from then on. */
typedef struct loom_writer {
    char *s;
    size_t n, capacity;
    int failed;
    int (*grow)(struct loom_writer *w, size_t need);
} loom_writer;

void loom_put(loom_writer *w, const char *text);                /* as it is */
void loom_put_bytes(loom_writer *w, const char *text, size_t n);
void loom_put_string(loom_writer *w, const char *text);         /* in quotes, escaped; bytes that are not UTF-8 as U+FFFD */
void loom_put_f32(loom_writer *w, float x);
void loom_put_f64(loom_writer *w, double x);
void loom_put_u64(loom_writer *w, uint64_t x);
void loom_put_i64(loom_writer *w, int64_t x);
/* Number i of an array of a loom_type. */
void loom_put_real(loom_writer *w, int type, const void *data, size_t i);

/* The bytes of the UTF-8 character at s, of which n bytes are there; 0 when it is none. */
size_t loom_utf8_length(const char *s, size_t n);

#ifdef __cplusplus
}
#endif

#endif
