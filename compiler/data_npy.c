/* data_npy.c - NumPy's arrays, as numpy.save writes them.
 *
 *   \x93NUMPY  major minor  length of the header (2 bytes, from 2.0 on 4)  header  numbers
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }
 *
 * Versions 1.0 to 3.0; floats of 2, 4 and 8 bytes, integers of 1, 2, 4 and 8, bool; either byte order, either order
 * of the axes. The first axis counts the rows. */
#include "train.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { MAX_AXES = MAX_RANK + 1 };

typedef struct npy {
    session *s;
    const source *src;
    const char *at, *end; /* of what is left of the header */
    char order, kind;     /* '<' or '>'; 'f', 'i', 'u' or 'b' */
    int size;             /* bytes of a number */
    bool fortran, has_kind, has_order, has_shape;
    int rank;
    int64_t dim[MAX_AXES];
    const unsigned char *numbers;
    size_t n_bytes; /* that are there */
} npy;

static bool fail(const npy *f, const char *at, const char *message)
{
    diag(f->s, DIAG_ERROR, NULL, "%s: byte %lld: %s", f->src->name, (long long)(at - f->src->text), message);
    return false;
}

/* ---- the header: a Python dictionary ----------------------------------------------------------------- */

static void skip_space(npy *f)
{
    while (f->at < f->end && isspace((unsigned char)*f->at))
        f->at++;
}

static bool take(npy *f, char c)
{
    skip_space(f);
    bool there = f->at < f->end && *f->at == c;
    f->at += there;
    return there;
}

/* A string in either kind of quotes; NULL when there is none. */
static const char *take_string(npy *f)
{
    skip_space(f);
    char quote = f->at < f->end ? *f->at : 0;
    const char *close = quote == '\'' || quote == '"' ? memchr(f->at + 1, quote, (size_t)(f->end - f->at - 1)) : NULL;
    if (!close)
        return NULL;
    const char *string = arena_strndup(&f->s->arena, f->at + 1, (size_t)(close - f->at - 1));
    f->at = close + 1;
    return string;
}

static bool take_word(npy *f, const char *word)
{
    skip_space(f);
    size_t n = strlen(word);
    bool there = (size_t)(f->end - f->at) >= n && memcmp(f->at, word, n) == 0;
    f->at += there ? n : 0;
    return there;
}

static bool read_type(npy *f)
{
    const char *at = f->at, *type = take_string(f);
    if (!type)
        return fail(f, at, "'descr' is no plain type; arrays of records are not read");
    const char *p = type + (*type && strchr("<>|=", *type) != NULL);
    f->order = *type == '>' ? '>' : '<';
    f->kind = *p;
    f->size = p[0] && p[1] && !p[2] ? p[1] - '0' : 0;
    bool small = f->size == 1, whole = f->kind == 'i' || f->kind == 'u',
         power = f->size == 2 || f->size == 4 || f->size == 8;
    f->has_kind = f->kind == 'b' ? small : whole ? small || power : f->kind == 'f' && power;
    if (!f->has_kind)
        fail(f, at,
             arena_printf(&f->s->arena,
                          "numbers of the type '%s' are not read; "
                          "convert them with .astype('float32'), or to f2, f8, i1 to i8, u1 to u8 or bool",
                          type));
    return f->has_kind;
}

static bool read_dim(npy *f)
{
    int64_t n = 0;
    const char *from = f->at;
    for (; f->at < f->end && isdigit((unsigned char)*f->at) && n <= MAX_ELEMENTS * 1024; f->at++)
        n = n * 10 + (*f->at - '0');
    if (f->at == from || n > MAX_ELEMENTS * 1024)
        return fail(f, from, "expected the length of an axis in 'shape'");
    take_word(f, "L"); /* as Python 2 wrote long integers */
    if (f->rank == MAX_AXES)
        return fail(f, from, arena_printf(&f->s->arena, "the array has more than %d axes", (int)MAX_AXES));
    f->dim[f->rank++] = n;
    return true;
}

static bool read_shape(npy *f)
{
    f->rank = 0;
    f->has_shape = true;
    if (!take(f, '('))
        return fail(f, f->at, "expected '(' after 'shape'");
    while (!take(f, ')')) {
        if (f->rank && !take(f, ','))
            return fail(f, f->at, "expected ',' or ')' in 'shape'");
        if (f->rank && take(f, ')'))
            break;
        if (!read_dim(f))
            return false;
    }
    return true;
}

static bool read_value(npy *f, const char *key)
{
    if (strcmp(key, "descr") == 0)
        return read_type(f);
    if (strcmp(key, "shape") == 0)
        return read_shape(f);
    if (strcmp(key, "fortran_order") != 0)
        return fail(f, f->at, arena_printf(&f->s->arena, "unknown key '%s' in the header", key));
    f->has_order = true;
    f->fortran = take_word(f, "True");
    return f->fortran || take_word(f, "False") || fail(f, f->at, "'fortran_order' must be True or False");
}

static bool read_header(npy *f)
{
    if (!take(f, '{'))
        return fail(f, f->at, "expected '{', the start of the header");
    while (!take(f, '}')) {
        const char *at = f->at, *key = take_string(f);
        if (!key || !take(f, ':'))
            return fail(f, at, "expected a key and ':' in the header");
        skip_space(f);
        if (!read_value(f, key))
            return false;
        if (!take(f, ',') && (f->at == f->end || *f->at != '}'))
            return fail(f, f->at, "expected ',' or '}' in the header");
    }
    if (!f->has_kind || !f->has_order || !f->has_shape)
        return fail(f, f->at, "the header lacks 'descr', 'fortran_order' or 'shape'");
    return true;
}

static bool find_parts(npy *f)
{
    const unsigned char *b = (const unsigned char *)f->src->text;
    size_t n = f->src->len, head = n >= 8 && b[6] >= 2 ? 12 : 10;
    if (n < 8 || memcmp(b, "\x93NUMPY", 6) != 0)
        return fail(f, f->src->text, "this is no array that numpy.save wrote");
    if (b[6] < 1 || b[6] > 3)
        return fail(f, f->src->text + 6,
                    arena_printf(&f->s->arena, "version %d.%d is not known, 1.0 to 3.0 are", b[6], b[7]));
    size_t len = n < head ? 0 : (size_t)b[8] | (size_t)b[9] << 8;
    if (n >= head && head == 12)
        len |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    if (n < head || len > n - head)
        return fail(f, f->src->text + n, "the file ends within its header");
    f->at = f->src->text + head;
    f->end = f->at + len;
    f->numbers = b + head + len;
    f->n_bytes = n - head - len;
    return true;
}

/* ---- numbers ----------------------------------------------------------------------------------------- */

static double half(unsigned bits)
{
    int exponent = bits >> 10 & 31;
    double part = bits & 1023, v = exponent ? ldexp(1024 + part, exponent - 25) : ldexp(part, -24);
    if (exponent == 31)
        v = part != 0 ? (double)NAN : (double)INFINITY;
    return bits >> 15 ? -v : v;
}

/* Number i of the file, rounded once to the precision. */
static void read_one(const npy *f, precision p, size_t i, void *out)
{
    const unsigned char *b = f->numbers + i * (size_t)f->size;
    uint64_t bits = 0;
    for (int k = 0; k < f->size; k++)
        bits |= (uint64_t)b[f->order == '>' ? f->size - 1 - k : k] << (8 * k);
    double v = 0;
    if (f->kind == 'f' && f->size == 8) {
        memcpy(&v, &bits, sizeof v);
    } else if (f->kind == 'f' && f->size == 4) {
        float x;
        uint32_t low = (uint32_t)bits;
        memcpy(&x, &low, sizeof x);
        v = (double)x;
    } else if (f->kind == 'f') {
        v = half((unsigned)bits);
    } else if (p == F32 && f->size == 8) { /* not through binary64, which would round too */
        *(float *)out = f->kind == 'i' ? (float)(int64_t)bits : (float)bits;
        return;
    } else if (f->kind == 'i') {
        uint64_t sign = (uint64_t)1 << (8 * f->size - 1);
        v = (double)(int64_t)((bits ^ sign) - sign);
    } else {
        v = f->kind == 'b' ? bits != 0 : (double)bits;
    }
    real_set(p, out, 0, v);
}

/* Where number i, counted with the last axis fastest, stands when the first one is fastest. */
static size_t fortran_place(const npy *f, size_t i)
{
    size_t place = 0, stride = 1, left = i, at[MAX_AXES];
    for (int d = f->rank - 1; d >= 0; d--) {
        at[d] = left % (size_t)f->dim[d];
        left /= (size_t)f->dim[d];
    }
    for (int d = 0; d < f->rank; d++) {
        place += at[d] * stride;
        stride *= (size_t)f->dim[d];
    }
    return place;
}

static bool read_numbers(const npy *f, precision p, table *out)
{
    size_t n = (size_t)(out->rows * out->cols), real = real_size(p);
    out->values = arena_array(&f->s->arena, (int64_t)n, real);
    for (size_t i = 0; i < n; i++) {
        void *to = out->values + i * real;
        read_one(f, p, f->fortran ? fortran_place(f, i) : i, to);
        double v = real_get(p, to, 0);
        if (v - v != 0) {
            diag(f->s, DIAG_ERROR, NULL, "%s: number %lld of row %lld is %s", f->src->name,
                 (long long)(i % (size_t)out->cols), (long long)(i / (size_t)out->cols),
                 v != v                     ? "NaN"
                 : p == F32 && f->size == 8 ? "too large for f32"
                                            : "infinite");
            return false;
        }
    }
    return true;
}

/* Rows, columns, and whether the bytes are there. */
static bool measure(const npy *f, table *out)
{
    if (f->rank == 0 || f->dim[0] == 0)
        return fail(f, f->src->text, "the array has no first axis that counts samples");
    out->rows = f->dim[0];
    out->cols = 1;
    out->row.rank = f->rank - 1;
    for (int d = 1; d < f->rank; d++) {
        out->row.dim[d - 1] = f->dim[d];
        if (f->dim[d] == 0 || f->dim[d] > MAX_ELEMENTS / out->cols)
            return fail(f, f->src->text,
                        arena_printf(&f->s->arena, "axis %d of the array has the length %lld: %s", d,
                                     (long long)f->dim[d], f->dim[d] ? "too large" : "there is nothing in it"));
        out->cols *= f->dim[d];
    }
    uint64_t row = (uint64_t)out->cols * (uint64_t)f->size, have = f->n_bytes / row;
    if (have != (uint64_t)out->rows || f->n_bytes % row)
        return fail(
            f, (const char *)f->numbers,
            arena_printf(&f->s->arena,
                         "the file has %lld bytes of numbers, but its header tells of %lld rows of %lld bytes",
                         (long long)f->n_bytes, (long long)out->rows, (long long)row));
    return true;
}

bool npy_read(session *s, source src, precision p, table *out)
{
    *out = (table){.src = src};
    npy f = {.s = s, .src = &out->src};
    return find_parts(&f) && read_header(&f) && measure(&f, out) && read_numbers(&f, p, out);
}
