/* checkpoint.c - a training that stops and goes on.
 *
 *   | what loom_save writes: weights, optimiser, progress | what the loop knows | length | checksum | LOOMLOOP |
 *
 * The first part alone is a checkpoint too, as other programs write it: then the past epochs are not known, but the
 * weights go on with the same bits. All of it is little-endian. */
#include "train.h"

#include <math.h>
#include <string.h>

static const char mark[8] = "LOOMLOOP";
enum { TAIL = 8 + 8 + (int)sizeof mark };

/* ---- parameters -------------------------------------------------------------------------------------- */

static void copy_weights(trainer *tr, bool back)
{
    const loom_model *m = tr->m;
    char *kept = tr->best_weights;
    for (int i = 0; i < m->n_tensors; i++)
        if (m->tensors[i].role == LOOM_PARAM) {
            size_t n = m->tensors[i].size * real_size(tr->p);
            char *data = m->data(m, tr->instance, i);
            memcpy(back ? data : kept, back ? kept : data, n);
            kept += n;
        }
}

void best_keep(trainer *tr) { copy_weights(tr, false); }
void best_restore(trainer *tr) { copy_weights(tr, true); }

/* ---- bytes ------------------------------------------------------------------------------------------- */

static void put_u64(text *t, uint64_t v)
{
    char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(v >> (8 * i) & 255);
    text_add(t, bytes, sizeof bytes);
}

static void put_real(text *t, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_u64(t, bits);
}

typedef struct bytes {
    const unsigned char *at;
    size_t left;
    bool short_; /* more was asked for than there is */
} bytes;

static uint64_t get_u64(bytes *b)
{
    uint64_t v = 0;
    if (b->left < 8) {
        b->short_ = true;
        return 0;
    }
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)b->at[i] << (8 * i);
    b->at += 8;
    b->left -= 8;
    return v;
}

static double get_real(bytes *b)
{
    uint64_t bits = get_u64(b);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static uint64_t checksum(const char *s, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* Numbers of the model's type, lowest byte first. */
static void put_numbers(text *t, const trainer *tr, const char *from)
{
    size_t real = real_size(tr->p);
    for (size_t i = 0; i < tr->weights_size; i += real) {
        uint64_t v = 0;
        uint32_t low;
        if (real == 4) {
            memcpy(&low, from + i, 4);
            v = low;
        } else
            memcpy(&v, from + i, 8);
        char b[8];
        for (size_t k = 0; k < real; k++)
            b[k] = (char)(v >> (8 * k) & 255);
        text_add(t, b, real);
    }
}

static void get_numbers(bytes *b, const trainer *tr, char *to)
{
    size_t real = real_size(tr->p);
    for (size_t i = 0; i < tr->weights_size; i += real) {
        uint64_t v = 0;
        for (size_t k = 0; k < real; k++)
            v |= (uint64_t)b->at[i + k] << (8 * k);
        uint32_t low = (uint32_t)v;
        memcpy(to + i, real == 4 ? (const void *)&low : &v, real);
    }
    b->at += tr->weights_size;
    b->left -= tr->weights_size;
}

/* ---- what the loop knows ----------------------------------------------------------------------------- */

static void put_loop(text *t, const trainer *tr)
{
    size_t start = t->n;
    put_u64(t, (uint64_t)tr->n);
    put_u64(t, (uint64_t)tr->steps);
    put_u64(t, tr->hash);
    put_u64(t, tr->validation_hash);
    put_real(t, tr->sum);
    put_u64(t, (uint64_t)tr->n_epochs);
    for (int64_t i = 0; i < tr->n_epochs; i++) {
        put_real(t, tr->epochs[i].loss);
        put_real(t, tr->epochs[i].learning_rate);
        put_real(t, tr->epochs[i].validation_loss);
        put_real(t, tr->epochs[i].accuracy);
    }
    put_u64(t, (uint64_t)(tr->best + 1));
    if (tr->best >= 0)
        put_numbers(t, tr, tr->best_weights);
    size_t n = t->n - start;
    put_u64(t, n);
    put_u64(t, checksum(t->s + start, n));
    text_add(t, mark, sizeof mark);
}

/* How many bytes at the end of the file are the loop's; 0 when there are none. */
static size_t loop_size(const source *src)
{
    if (src->len < TAIL || memcmp(src->text + src->len - sizeof mark, mark, sizeof mark) != 0)
        return 0;
    bytes b = {(const unsigned char *)src->text + src->len - TAIL, TAIL, false};
    uint64_t n = get_u64(&b), sum = get_u64(&b);
    if (n > src->len - TAIL || checksum(src->text + src->len - TAIL - n, (size_t)n) != sum)
        return 0;
    return (size_t)n + TAIL;
}

static bool other_samples(const trainer *tr, const char *path, const char *what)
{
    diag(tr->s, DIAG_ERROR, NULL,
         "%s: the checkpoint belongs to other samples (%s); go on with the --data, --split, --validation and "
         "batch_size it was made with",
         path, what);
    return false;
}

static bool damaged(const trainer *tr, const char *path)
{
    diag(tr->s, DIAG_ERROR, NULL, "%s: the part of the checkpoint that tells of past epochs is damaged", path);
    return false;
}

static void get_epochs(trainer *tr, bytes *b, int64_t n)
{
    tr->most_epochs = n;
    tr->epochs = arena_array(&tr->s->arena, n, sizeof *tr->epochs);
    for (tr->n_epochs = 0; tr->n_epochs < n; tr->n_epochs++) {
        epoch_result *e = &tr->epochs[tr->n_epochs];
        e->loss = get_real(b);
        e->learning_rate = get_real(b);
        e->validation_loss = get_real(b);
        e->accuracy = get_real(b);
    }
}

static bool too_far(const trainer *tr, const char *path, uint64_t n)
{
    diag(tr->s, DIAG_ERROR, NULL,
         "%s: the checkpoint has done %llu epochs, more than the %lld that are asked for (--epochs)", path,
         (unsigned long long)n, (long long)tr->t.epochs);
    return false;
}

static bool get_loop(trainer *tr, const char *path, bytes b)
{
    if (get_u64(&b) != (uint64_t)tr->n || get_u64(&b) != (uint64_t)tr->steps)
        return other_samples(tr, path, "their number differs");
    if (get_u64(&b) != tr->hash)
        return other_samples(tr, path, "their numbers differ");
    bool same_validation = get_u64(&b) == tr->validation_hash;
    tr->sum = get_real(&b);
    uint64_t n = get_u64(&b), done = tr->m->progress(tr->m, tr->instance)->batches, steps = (uint64_t)tr->steps;
    if (b.short_ || n > b.left / 32 || n > done / steps || done - n * steps > steps)
        return damaged(tr, path);
    if (n > (uint64_t)tr->t.epochs)
        return too_far(tr, path, n);
    get_epochs(tr, &b, (int64_t)n);
    uint64_t best = get_u64(&b);
    if (b.short_ || best > n || (best && b.left != tr->weights_size) || (!best && b.left))
        return damaged(tr, path);
    if (best && (!same_validation || !tr->validation))
        return other_samples(tr, path, "those that it was tried on differ");
    tr->best = (int64_t)best - 1;
    if (best)
        get_numbers(&b, tr, tr->best_weights);
    return true;
}

/* A checkpoint of another program: where it stands follows from the count of mini-batches. */
static bool assume_loop(trainer *tr, const char *path)
{
    const epoch_result unknown = {NAN, NAN, NAN, NAN};
    uint64_t n = tr->m->progress(tr->m, tr->instance)->batches / (uint64_t)tr->steps;
    if (n > (uint64_t)tr->t.epochs)
        return too_far(tr, path, n);
    tr->most_epochs = tr->n_epochs = (int64_t)n;
    tr->epochs = arena_array(&tr->s->arena, tr->n_epochs, sizeof *tr->epochs);
    for (int64_t i = 0; i < tr->n_epochs; i++)
        tr->epochs[i] = unknown;
    return true;
}

/* ---- files ------------------------------------------------------------------------------------------- */

bool checkpoint_write(trainer *tr, const char *path)
{
    static const loom_save_options how = {.training = 1, .description = 1};
    text *t = &tr->scratch;
    size_t n = 0;
    t->n = 0;
    loom_save(tr->m, tr->instance, &how, NULL, 0, &n);
    if (tr->checkpoint_size < n) {
        tr->checkpoint_bytes = arena_alloc(&tr->s->arena, n);
        tr->checkpoint_size = n;
    }
    int status = loom_save(tr->m, tr->instance, &how, tr->checkpoint_bytes, n, &n);
    if (status != LOOM_OK) {
        diag(tr->s, DIAG_ERROR, NULL, "cannot save the training: status %d", status);
        return false;
    }
    text_add(t, tr->checkpoint_bytes, n);
    put_loop(t, tr);
    return file_write(tr->s, path, t->s, t->n);
}

static bool cannot_load(const trainer *tr, const source *src, size_t n, int status)
{
    const char *name = status == LOOM_E_MISMATCH ? loom_load_problem(tr->m, tr->instance, src->text, n) : NULL;
    diag(tr->s, DIAG_ERROR, NULL, "%s: %s%s%s%s", src->name,
         status == LOOM_E_FORMAT     ? "this is no checkpoint, or it ends early"
         : status == LOOM_E_CHECKSUM ? "the checkpoint is damaged: its checksum is wrong"
         : status == LOOM_E_MISMATCH ? "the checkpoint belongs to another network, precision or optimiser"
                                     : "the checkpoint cannot be read",
         name ? " (see '" : "", name ? name : "", name ? "')" : "");
    return false;
}

bool checkpoint_read(trainer *tr, const char *path)
{
    source src;
    if (!file_read(tr->s, path, &src))
        return false;
    size_t loop = loop_size(&src), n = src.len - loop;
    loom_progress *progress = tr->m->progress(tr->m, tr->instance);
    loom_schedule schedule = progress->schedule;
    int status = loom_load(tr->m, tr->instance, src.text, n);
    if (status != LOOM_OK)
        return cannot_load(tr, &src, n, status);
    progress->schedule = schedule; /* the description's and the options' */
    tr->m->reset(tr->m, tr->instance);
    if (loop)
        return get_loop(tr, path, (bytes){(const unsigned char *)src.text + n, loop - TAIL, false});
    return assume_loop(tr, path);
}
