/* loom_file.c - the weights of a model as bytes, and back. runtime/FILES.md is the format.
 *
 * Works on the descriptor of loom.h alone, so that it serves the interpreter and compiled models, on any machine:
 * no library, no memory of its own, no alignment, no byte order. Bytes are not trusted: loom_file_open checks every
 * length against what is left before anything else looks at a file.
 *
 * C99, C++. */
#include "loom.h"
#include "loom_file.h"
#include "loom_rt.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns") /* a loop stays one: there may be no strlen or memcpy to call */
#endif

enum {
    VERSION = 1,
    HEAD_SIZE = 36,
    PROGRESS_SIZE = 84,
    CHECK_SIZE = 4,
    FLAG_TRAINING = 1,
    SCALES_NONE = 0,
    SCALES_ONE = 1,
    SCALES_AXIS = 2
};

static const unsigned char magic[8] = {0x89, 'L', 'O', 'O', 'M', 13, 10, 26};

/* ---- types -------------------------------------------------------------------------------------------------- */

static double get_scale(const unsigned char *p, int type) { return type == LOOM_I32 ? get_f64(p) : (double)get_f32(p); }

double loom_stored_scale(const loom_stored *t, size_t i) { return get_scale(t->scales + i * (size_t)scale_size(t->type), t->type); }

static double model_value(const loom_model *m, const void *data, size_t k)
{
    return m->type == LOOM_F64 ? ((const double *)data)[k] : (double)((const float *)data)[k];
}

/* ---- one stored tensor ----------------------------------------------------------------------------------------- */

/* Number k: exact for real types, code x scale rounded to binary64 otherwise. */
static double stored_value(const loom_stored *t, size_t k, size_t inner)
{
    int n = type_size(t->type);
    const unsigned char *p = t->data + k * (size_t)n;
    if (t->type == LOOM_F64)
        return get_f64(p);
    if (t->type == LOOM_F32)
        return (double)get_f32(p);
    size_t c = t->axis < 0 ? 0 : k / inner % t->n_scales;
    return (double)get_int(p, n) * loom_stored_scale(t, c);
}

/* How many numbers lie between two neighbours along the axis. */
static size_t inner_size(const int64_t *dim, int rank, int axis)
{
    size_t n = 1;
    for (int i = axis + 1; i < rank; i++)
        n *= (size_t)dim[i];
    return n;
}

/* binary32 copied as it is: a signalling NaN would not survive arithmetic. */
static void copy_f32(const loom_stored *t, float *out)
{
    for (size_t k = 0; k < t->size; k++) {
        bits32 b;
        b.u = (uint32_t)get_uint(t->data + 4 * k, 4);
        out[k] = b.f;
    }
}

int loom_stored_read(const loom_stored *t, int type, void *out)
{
    if (!t || !is_real(type))
        return LOOM_E_ARGUMENT;
    size_t inner = inner_size(t->dim, t->rank, t->axis < 0 ? t->rank - 1 : t->axis);
    if (type == LOOM_F32 && t->type == LOOM_F32) {
        if (out)
            copy_f32(t, (float *)out);
        return LOOM_OK;
    }
    for (size_t k = 0; k < t->size; k++) {
        double v = stored_value(t, k, inner);
        int was_finite = !is_real(t->type) || is_finite(v);
        if (was_finite && !is_finite(type == LOOM_F32 ? (double)(float)v : v))
            return LOOM_E_RANGE;
    }
    for (size_t k = 0; out && k < t->size; k++) {
        if (type == LOOM_F32)
            ((float *)out)[k] = (float)stored_value(t, k, inner);
        else
            ((double *)out)[k] = stored_value(t, k, inner);
    }
    return LOOM_OK;
}

/* ---- reading a file -------------------------------------------------------------------------------------------- */

/* What has been read, and what is left. */
typedef struct reader {
    const unsigned char *bytes;
    size_t at, end;
} reader;

/* The next n bytes, or NULL when there are fewer. */
static const unsigned char *take(reader *r, uint64_t n)
{
    if (n > r->end - r->at)
        return NULL;
    const unsigned char *p = r->bytes + r->at;
    r->at += (size_t)n;
    return p;
}

/* The sizes at p: each at least 1, all numbers together no more than the bytes that are left. */
static int read_dims(const reader *r, const unsigned char *p, loom_stored *t)
{
    t->size = 1;
    for (int i = 0; i < t->rank; i++) {
        uint64_t d = get_uint(p + 4 * i, 4), left = r->end - r->at;
        if (d < 1 || d > left / t->size)
            return LOOM_E_FORMAT;
        t->dim[i] = (int64_t)d;
        t->size *= (size_t)d;
    }
    return LOOM_OK;
}

static int read_scales(reader *r, loom_stored *t, int scales, int axis)
{
    if (scales > SCALES_AXIS || (scales == SCALES_NONE) != is_real(t->type) || (scales == SCALES_AXIS && axis >= t->rank))
        return LOOM_E_FORMAT;
    t->axis = scales == SCALES_AXIS ? axis : -1;
    t->n_scales = scales == SCALES_NONE ? 0 : scales == SCALES_ONE ? 1 : (size_t)t->dim[axis];
    int size = scale_size(t->type);
    t->scales = take(r, (uint64_t)t->n_scales * (uint64_t)size);
    if (!t->scales)
        return LOOM_E_FORMAT;
    for (size_t i = 0; i < t->n_scales; i++) {
        double s = loom_stored_scale(t, i);
        if (!is_finite(s) || s < 0)
            return LOOM_E_FORMAT;
    }
    return LOOM_OK;
}

static int read_tensor(reader *r, loom_stored *t)
{
    const unsigned char *head = take(r, 8);
    if (!head)
        return LOOM_E_FORMAT;
    t->name_size = (size_t)get_uint(head, 2);
    t->role = head[2];
    t->rank = head[3];
    t->type = head[4];
    if (t->role < LOOM_PARAM || t->role > LOOM_FROZEN || t->rank > LOOM_MAX_RANK || !type_size(t->type) || head[7] != 0)
        return LOOM_E_FORMAT;
    const unsigned char *dims = take(r, 4 * (uint64_t)t->rank), *name = dims ? take(r, t->name_size) : NULL;
    if (!name || read_dims(r, dims, t) != LOOM_OK || read_scales(r, t, head[5], head[6]) != LOOM_OK)
        return LOOM_E_FORMAT;
    t->name = (const char *)name;
    if (t->size > (r->end - r->at) / (size_t)type_size(t->type))
        return LOOM_E_FORMAT;
    t->data = take(r, (uint64_t)t->size * (uint64_t)type_size(t->type));
    return LOOM_OK;
}

static void read_progress(const unsigned char *p, loom_progress *out)
{
    double v[6];
    out->calls = get_uint(p, 8);
    out->batches = get_uint(p + 8, 8);
    out->steps = get_uint(p + 16, 8);
    out->pending = get_uint(p + 24, 8);
    out->schedule.kind = (int)get_uint(p + 32, 4);
    for (int i = 0; i < 6; i++)
        v[i] = get_f64(p + 36 + 8 * i);
    out->schedule.rate = v[0];
    out->schedule.end = v[1];
    out->schedule.factor = v[2];
    out->schedule.power = v[3];
    out->schedule.steps = v[4];
    out->schedule.warmup = v[5];
}

/* Counts and a schedule that learning rates can be computed from, without overflow. */
static int is_progress(const loom_progress *p)
{
    const loom_schedule *c = &p->schedule;
    const uint64_t most = (uint64_t)1 << 53;
    int finite = is_finite(c->rate) && is_finite(c->end) && is_finite(c->factor) && is_finite(c->power) && is_finite(c->steps) &&
                 is_finite(c->warmup);
    return finite && c->kind >= LOOM_CONSTANT && c->kind <= LOOM_POLYNOMIAL && !(c->steps > 0 && c->steps < 1.0 / 1024) &&
           p->calls <= most && p->batches <= most && p->steps <= most && p->pending <= most;
}

static int same_bytes(const unsigned char *a, const unsigned char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return 0;
    return 1;
}

/* Magic, length, checksum and version. */
static int check_whole(const unsigned char *p, size_t size)
{
    if (size < HEAD_SIZE + CHECK_SIZE || !same_bytes(p, magic, sizeof magic) || get_uint(p + 12, 8) != (uint64_t)size)
        return LOOM_E_FORMAT;
    if (get_uint(p + size - CHECK_SIZE, CHECK_SIZE) != crc32_of(0, p, size - CHECK_SIZE))
        return LOOM_E_CHECKSUM;
    return get_uint(p + 8, 2) == VERSION ? LOOM_OK : LOOM_E_FORMAT;
}

static int read_head(reader *r, loom_file *f)
{
    const unsigned char *head = take(r, HEAD_SIZE);
    f->type = head[10];
    f->training = head[11];
    f->n_tensors = (size_t)get_uint(head + 20, 4);
    f->id_size = (size_t)get_uint(head + 24, 4);
    f->description_size = (size_t)get_uint(head + 28, 4);
    if (!is_real(f->type) || f->training > FLAG_TRAINING || get_uint(head + 32, 4) != (f->training ? PROGRESS_SIZE : 0))
        return LOOM_E_FORMAT;
    f->id = (const char *)take(r, f->id_size);
    f->description = f->id ? (const char *)take(r, f->description_size) : NULL;
    const unsigned char *progress = f->description ? take(r, f->training ? PROGRESS_SIZE : 0) : NULL;
    if (!progress)
        return LOOM_E_FORMAT;
    if (f->training)
        read_progress(progress, &f->progress);
    return is_progress(&f->progress) ? LOOM_OK : LOOM_E_FORMAT;
}

int loom_file_open(const void *bytes, size_t size, loom_file *f)
{
    static const loom_file nothing = {0, 0, {0, 0, 0, 0, {0, 0, 0, 0, 0, 0, 0}}, 0, 0, 0, 0, 0, 0, 0, 0};
    if (!bytes || !f)
        return LOOM_E_ARGUMENT;
    *f = nothing;
    f->bytes = (const unsigned char *)bytes;
    int status = check_whole(f->bytes, size);
    if (status != LOOM_OK)
        return status;
    reader r = {f->bytes, 0, size - CHECK_SIZE};
    status = read_head(&r, f);
    f->first = r.at;
    f->last = r.end;
    loom_stored t;
    for (size_t i = 0; i < f->n_tensors && status == LOOM_OK; i++)
        status = read_tensor(&r, &t);
    return status == LOOM_OK && r.at != r.end ? LOOM_E_FORMAT : status;
}

int loom_file_next(const loom_file *f, size_t *at, loom_stored *t)
{
    reader r = {f->bytes, *at ? *at : f->first, f->last};
    if (r.at >= r.end || read_tensor(&r, t) != LOOM_OK)
        return 0;
    *at = r.at;
    return 1;
}

/* ---- loading --------------------------------------------------------------------------------------------------- */

static int name_is(const loom_stored *t, const char *name)
{
    size_t i = 0;
    for (; i < t->name_size && name[i] && name[i] == t->name[i]; i++)
        continue;
    return i == t->name_size && !name[i];
}

/* The tensor of this name, looked for from *at on and then from the front: files have the order of their model. */
static int find_stored(const loom_file *f, size_t *at, const char *name, loom_stored *t)
{
    while (loom_file_next(f, at, t))
        if (name_is(t, name))
            return 1;
    for (*at = 0; loom_file_next(f, at, t);)
        if (name_is(t, name))
            return 1;
    return 0;
}

static int same_shape(const loom_stored *t, const loom_tensor *x)
{
    if (t->rank != x->rank || t->size != x->size)
        return 0;
    for (int i = 0; i < t->rank; i++)
        if (t->dim[i] != x->dim[i])
            return 0;
    return 1;
}

/* Does a tensor of this role in a file belong to a model that trains, or to one that does not? */
static int wanted(const loom_model *m, const loom_file *f, int role)
{
    return is_weight(role) || (f->training && (role == LOOM_STATE || m->train));
}

static int same_kind(int a, int b) { return a == b || (is_weight(a) && is_weight(b)); }

/* Frozen weights cannot be written, so they must be what the file says. */
static int same_numbers(const loom_model *m, const loom_stored *t, const void *data)
{
    size_t inner = inner_size(t->dim, t->rank, t->axis < 0 ? t->rank - 1 : t->axis);
    for (size_t k = 0; k < t->size; k++) {
        double v = stored_value(t, k, inner), w = model_value(m, data, k);
        v = m->type == LOOM_F32 ? (double)(float)v : v;
        if (f64_bits(v) != f64_bits(w) && (v == v || w == w))
            return 0;
    }
    return 1;
}

/* One tensor of the model against the file. */
static int check_tensor(const loom_model *m, void *instance, const loom_file *f, int i, size_t *at, size_t *found)
{
    const loom_tensor *x = &m->tensors[i];
    loom_stored t;
    if (!wanted(m, f, x->role))
        return LOOM_OK;
    if (!find_stored(f, at, x->name, &t)) /* states and gradients that are zero are not stored */
        return x->role == LOOM_STATE || x->role == LOOM_GRADIENT ? LOOM_OK : LOOM_E_MISMATCH;
    const void *data = m->data(m, instance, i);
    if (!same_kind(x->role, t.role) || !same_shape(&t, x) || !data)
        return LOOM_E_MISMATCH;
    ++*found;
    int status = loom_stored_read(&t, (int)m->type, NULL);
    if (status != LOOM_OK)
        return status;
    return x->role == LOOM_FROZEN && !same_numbers(m, &t, data) ? LOOM_E_MISMATCH : LOOM_OK;
}

static size_t count_wanted(const loom_model *m, const loom_file *f)
{
    size_t n = 0, at = 0;
    loom_stored t;
    while (loom_file_next(f, &at, &t))
        n += (size_t)wanted(m, f, t.role);
    return n;
}

/* All of the model against the file, before anything is written. *bad gets the first tensor that does not fit, or -1.
 * Names of a model differ, so a file with as many tensors as were found has no others. */
static int check_model(const loom_model *m, void *instance, const loom_file *f, int *bad)
{
    size_t at = 0, found = 0;
    *bad = -1;
    if (f->training && m->train && f->type != (int)m->type)
        return LOOM_E_MISMATCH;
    for (int i = 0; i < m->n_tensors; i++) {
        int status = check_tensor(m, instance, f, i, &at, &found);
        if (status != LOOM_OK) {
            *bad = i;
            return status;
        }
    }
    return found == count_wanted(m, f) ? LOOM_OK : LOOM_E_MISMATCH;
}

static void zero_data(const loom_model *m, void *data, size_t n)
{
    for (size_t k = 0; data && k < n; k++) {
        if (m->type == LOOM_F64)
            ((double *)data)[k] = 0;
        else
            ((float *)data)[k] = 0;
    }
}

static void load_tensors(const loom_model *m, void *instance, const loom_file *f)
{
    size_t at = 0;
    for (int i = 0; i < m->n_tensors; i++) {
        const loom_tensor *x = &m->tensors[i];
        loom_stored t;
        if (x->role == LOOM_FROZEN)
            continue;
        void *data = m->data(m, instance, i);
        if (wanted(m, f, x->role) && find_stored(f, &at, x->name, &t))
            (void)loom_stored_read(&t, (int)m->type, data);
        else
            zero_data(m, data, x->size);
    }
}

static void load_progress(const loom_model *m, void *instance, const loom_file *f)
{
    loom_progress *p = m->progress ? m->progress(m, instance) : NULL;
    if (!p)
        return;
    loom_schedule kept = f->training ? f->progress.schedule : p->schedule;
    *p = f->progress;
    p->schedule = kept;
}

int loom_load(const loom_model *m, void *instance, const void *bytes, size_t size)
{
    loom_file f;
    int bad;
    if (!m || !instance)
        return LOOM_E_ARGUMENT;
    int status = loom_file_open(bytes, size, &f);
    if (status == LOOM_OK)
        status = check_model(m, instance, &f, &bad);
    if (status != LOOM_OK)
        return status;
    load_tensors(m, instance, &f);
    load_progress(m, instance, &f);
    return LOOM_OK;
}

const char *loom_load_problem(const loom_model *m, void *instance, const void *bytes, size_t size)
{
    loom_file f;
    int bad;
    if (!m || !instance || loom_file_open(bytes, size, &f) != LOOM_OK || check_model(m, instance, &f, &bad) == LOOM_OK)
        return NULL;
    return bad < 0 ? NULL : m->tensors[bad].name;
}

/* ---- saving ---------------------------------------------------------------------------------------------------- */

/* Where bytes go; `p` NULL only counts them. */
typedef struct writer {
    unsigned char *p;
    size_t n;
} writer;

static void write_uint(writer *w, int n, uint64_t v)
{
    if (w->p)
        put_uint(w->p + w->n, n, v);
    w->n += (size_t)n;
}

static void write_text(writer *w, const char *s, size_t n)
{
    for (size_t i = 0; w->p && i < n; i++)
        w->p[w->n + i] = (unsigned char)s[i];
    w->n += n;
}

static size_t text_length(const char *s)
{
    size_t n = 0;
    while (s && s[n])
        n++;
    return n;
}

/* What is being saved. */
typedef struct saving {
    const loom_model *m;
    void *instance;
    loom_save_options o;
    writer w;
} saving;

/* Bits are looked at, not values: -0 is kept. */
static int is_zero(const loom_model *m, const void *data, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (f64_bits(model_value(m, data, k)) != 0)
            return 0;
    return 1;
}

static int is_saved(const saving *s, const loom_tensor *x, const void *data)
{
    if (is_weight(x->role))
        return 1;
    return s->o.training && (x->role == LOOM_MEMORY || !is_zero(s->m, data, x->size));
}

/* Vectors (biases, statistics) are few numbers that matter: 8 and 16 bits do not touch them. */
static int stored_type(const saving *s, const loom_tensor *x)
{
    if (!s->o.type || !is_weight(x->role))
        return (int)s->m->type;
    return (s->o.type == LOOM_I8 || s->o.type == LOOM_I16) && x->rank < 2 ? LOOM_F32 : s->o.type;
}

static double absolute(double v) { return v < 0 ? -v : v; }

/* The largest |weight| with index c of the axis (-1: of all). */
static double largest_of(const saving *s, const loom_tensor *x, const void *data, int axis, size_t c)
{
    size_t inner = axis < 0 ? x->size : inner_size(x->dim, x->rank, axis), n = axis < 0 ? 1 : (size_t)x->dim[axis];
    double most = 0;
    for (size_t k = c * inner; k < x->size; k += n * inner)
        for (size_t i = 0; i < inner; i++) {
            double v = absolute(model_value(s->m, data, k + i));
            most = v > most ? v : most;
        }
    return most;
}

/* The scale for a largest weight, as it is stored. */
static double scale_for(double most, int type)
{
    double s = most / largest_code(type);
    return type == LOOM_I32 ? s : (double)(float)s;
}

/* The mean square of rounding errors is a twelfth of that of the scales. */
static double noise(const saving *s, const loom_tensor *x, const void *data, int axis)
{
    double sum = 0;
    for (size_t c = 0; c < (size_t)x->dim[axis]; c++) {
        double most = largest_of(s, x, data, axis, c), square = most * most;
        sum = sum + square;
    }
    return sum / (double)x->dim[axis];
}

static int scale_axis(const saving *s, const loom_tensor *x, const void *data, int type)
{
    if (is_real(type) || s->o.scales != LOOM_SCALE_CHANNEL || x->rank < 2)
        return -1;
    return noise(s, x, data, 0) < noise(s, x, data, x->rank - 1) ? 0 : x->rank - 1;
}

/* weight / scale, rounded half to even, within the symmetric codes. */
static int64_t code_of(double w, double scale, double most)
{
    double v = scale > 0 ? w / scale : 0;
    v = v > most ? most : v < -most ? -most : v;
    int64_t whole = (int64_t)v;
    double rest = absolute(v - (double)whole);
    int up = rest > 0.5 || (rest == 0.5 && whole % 2 != 0);
    return up ? whole + (v < 0 ? -1 : 1) : whole;
}

static void write_reals(saving *s, const loom_tensor *x, const void *data, int type)
{
    for (size_t k = 0; s->w.p && k < x->size; k++) {
        if (type == LOOM_F64)
            write_uint(&s->w, 8, f64_bits(model_value(s->m, data, k)));
        else if (s->m->type == LOOM_F32)
            write_uint(&s->w, 4, f32_bits(((const float *)data)[k]));
        else
            write_uint(&s->w, 4, f32_bits((float)model_value(s->m, data, k)));
    }
    if (!s->w.p)
        s->w.n += x->size * (size_t)type_size(type);
}

static void write_codes(saving *s, const loom_tensor *x, const void *data, int type, int axis)
{
    size_t n = axis < 0 ? 1 : (size_t)x->dim[axis], inner = axis < 0 ? x->size : inner_size(x->dim, x->rank, axis);
    int bytes = type_size(type), scale_bytes = scale_size(type);
    unsigned char *out = s->w.p ? s->w.p + s->w.n + n * (size_t)scale_bytes : NULL;
    for (size_t c = 0; s->w.p && c < n; c++) {
        double scale = scale_for(largest_of(s, x, data, axis, c), type);
        put_uint(s->w.p + s->w.n + c * (size_t)scale_bytes, scale_bytes,
                 type == LOOM_I32 ? f64_bits(scale) : f32_bits((float)scale));
        for (size_t k = c * inner; k < x->size; k += n * inner)
            for (size_t i = 0; i < inner; i++)
                put_uint(out + (k + i) * (size_t)bytes, bytes,
                         (uint64_t)code_of(model_value(s->m, data, k + i), scale, largest_code(type)));
    }
    s->w.n += n * (size_t)scale_bytes + x->size * (size_t)bytes;
}

static void write_tensor(saving *s, const loom_tensor *x, const void *data)
{
    int type = stored_type(s, x), axis = s->w.p || s->o.scales ? scale_axis(s, x, data, type) : -1;
    size_t name = text_length(x->name);
    write_uint(&s->w, 2, name);
    write_uint(&s->w, 1, (uint64_t)x->role);
    write_uint(&s->w, 1, (uint64_t)x->rank);
    write_uint(&s->w, 1, (uint64_t)type);
    write_uint(&s->w, 1, is_real(type) ? SCALES_NONE : axis < 0 ? SCALES_ONE : SCALES_AXIS);
    write_uint(&s->w, 1, axis < 0 ? 0 : (uint64_t)axis);
    write_uint(&s->w, 1, 0);
    for (int i = 0; i < x->rank; i++)
        write_uint(&s->w, 4, (uint64_t)x->dim[i]);
    write_text(&s->w, x->name, name);
    if (is_real(type))
        write_reals(s, x, data, type);
    else
        write_codes(s, x, data, type, axis);
}

static void write_progress(writer *w, const loom_progress *p)
{
    const loom_schedule *c = &p->schedule;
    const double v[6] = {c->rate, c->end, c->factor, c->power, c->steps, c->warmup};
    write_uint(w, 8, p->calls);
    write_uint(w, 8, p->batches);
    write_uint(w, 8, p->steps);
    write_uint(w, 8, p->pending);
    write_uint(w, 4, (uint64_t)c->kind);
    for (int i = 0; i < 6; i++)
        write_uint(w, 8, f64_bits(v[i]));
}

static uint64_t count_saved(const saving *s)
{
    uint64_t n = 0;
    for (int i = 0; i < s->m->n_tensors; i++)
        n += (uint64_t)is_saved(s, &s->m->tensors[i], s->m->data(s->m, s->instance, i));
    return n;
}

static void write_file(saving *s, size_t size)
{
    static const loom_progress none = {0, 0, 0, 0, {0, 0, 0, 0, 0, 0, 0}};
    const loom_model *m = s->m;
    const loom_progress *progress = m->progress ? m->progress(m, s->instance) : NULL;
    size_t id = text_length(m->id), description = s->o.description ? text_length(m->description) : 0;
    for (int i = 0; i < (int)sizeof magic; i++)
        write_uint(&s->w, 1, magic[i]);
    write_uint(&s->w, 2, VERSION);
    write_uint(&s->w, 1, m->type);
    write_uint(&s->w, 1, s->o.training ? FLAG_TRAINING : 0);
    write_uint(&s->w, 8, size);
    write_uint(&s->w, 4, count_saved(s));
    write_uint(&s->w, 4, id);
    write_uint(&s->w, 4, description);
    write_uint(&s->w, 4, s->o.training ? PROGRESS_SIZE : 0);
    write_text(&s->w, m->id, id);
    write_text(&s->w, m->description, description);
    if (s->o.training)
        write_progress(&s->w, progress ? progress : &none);
    for (int i = 0; i < m->n_tensors; i++) {
        const void *data = m->data(m, s->instance, i);
        if (is_saved(s, &m->tensors[i], data))
            write_tensor(s, &m->tensors[i], data);
    }
    write_uint(&s->w, CHECK_SIZE, s->w.p ? crc32_of(0, s->w.p, s->w.n) : 0);
}

/* A weight that the type cannot hold. */
static int check_range(const saving *s, const loom_tensor *x, const void *data)
{
    int type = stored_type(s, x);
    for (size_t k = 0; is_weight(x->role) && k < x->size; k++) {
        double v = model_value(s->m, data, k);
        if (!is_finite(v) ? !is_real(type) : type != LOOM_F64 && !is_finite((double)(float)v))
            return LOOM_E_RANGE;
    }
    return LOOM_OK;
}

/* Names and sizes have to fit into their places in the file. */
static int fits(const loom_tensor *x)
{
    int good = text_length(x->name) < 65536 && x->rank >= 0 && x->rank <= LOOM_MAX_RANK;
    for (int i = 0; good && i < x->rank; i++)
        good = x->dim[i] >= 1 && x->dim[i] <= (int64_t)0xffffffff;
    return good;
}

static int check_saving(const saving *s)
{
    const loom_model *m = s->m;
    const loom_progress *progress = m->progress ? m->progress(m, s->instance) : NULL;
    int type = s->o.type;
    if (s->o.training && progress && !is_progress(progress))
        return LOOM_E_ARGUMENT;
    int bad = (type && !type_size(type)) || s->o.scales < LOOM_SCALE_TENSOR || s->o.scales > LOOM_SCALE_CHANNEL;
    if (bad || (s->o.training && type && type != LOOM_F64 && type != (int)m->type))
        return LOOM_E_ARGUMENT;
    for (int i = 0; i < m->n_tensors; i++) {
        const void *data = m->data(m, s->instance, i);
        int status = data && fits(&m->tensors[i]) ? check_range(s, &m->tensors[i], data) : LOOM_E_ARGUMENT;
        if (status != LOOM_OK)
            return status;
    }
    return LOOM_OK;
}

int loom_save(const loom_model *m, void *instance, const loom_save_options *o, void *bytes, size_t capacity, size_t *size)
{
    static const loom_save_options none = {0, 0, 0, 0};
    if (!m || !instance || !size)
        return LOOM_E_ARGUMENT;
    saving s = {m, instance, o ? *o : none, {NULL, 0}};
    int status = check_saving(&s);
    if (status != LOOM_OK)
        return status;
    write_file(&s, 0);
    *size = s.w.n;
    if (!bytes)
        return LOOM_OK;
    if (capacity < *size)
        return LOOM_E_SPACE;
    s.w.p = (unsigned char *)bytes;
    s.w.n = 0;
    write_file(&s, *size);
    return LOOM_OK;
}
