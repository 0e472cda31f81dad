/* file.c - reading whole files, and writing them so that nothing half-written stays behind. */
#include "loomc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct reading {
    FILE *f;
    text text;
} reading;

static void read_stream(void *arg)
{
    reading *r = arg;
    enum { BLOCK = 1 << 16 };
    struct stat st;
    char *block = arena_alloc(r->text.arena, BLOCK);
    if (fstat(fileno(r->f), &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) { /* all of it at once */
        r->text.cap = (size_t)st.st_size + 1;
        r->text.s = arena_alloc(r->text.arena, r->text.cap);
    }
    text_add(&r->text, "", 0);
    for (size_t n; (n = fread(block, 1, BLOCK, r->f)) > 0;)
        text_add(&r->text, block, n);
}

bool file_read(session *s, const char *path, source *out)
{
    bool standard = strcmp(path, "-") == 0;
    reading r = {standard ? stdin : fopen(path, "rb"), {.arena = &s->arena}};
    bool memory_left = !r.f || arena_protect(&s->arena, read_stream, &r);
    bool good = r.f && !ferror(r.f);
    int why = errno;
    if (r.f && !standard)
        fclose(r.f);
    if (!memory_left)
        arena_fail(&s->arena);
    if (!good)
        diag(s, DIAG_ERROR, NULL, "cannot read '%s': %s", path, strerror(why));
    *out = (source){standard ? "<stdin>" : arena_strdup(&s->arena, path), r.text.s, r.text.n};
    return good;
}

static bool cannot_write(session *s, const char *path)
{
    diag(s, DIAG_ERROR, NULL, "cannot write '%s': %s", path, strerror(errno));
    return false;
}

static bool write_all(FILE *f, const char *data, size_t n)
{
    bool good = f && fwrite(data, 1, n, f) == n && fflush(f) == 0;
    int why = errno;
    if (f && f != stdout)
        fclose(f);
    errno = why;
    return good;
}

const char *file_part(session *s, const char *path, const char *data, size_t n)
{
    const char *part = arena_printf(&s->arena, "%s.%ld.part", path, (long)getpid());
    if (write_all(fopen(part, "wb"), data, n))
        return part;
    cannot_write(s, path);
    remove(part);
    return NULL;
}

bool file_commit(session *s, const char *part, const char *path)
{
    if (rename(part, path) == 0)
        return true;
    cannot_write(s, path);
    remove(part);
    return false;
}

/* A device or a pipe, which stays what it is. */
static bool is_device(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

bool file_write(session *s, const char *path, const char *data, size_t n)
{
    if (strcmp(path, "-") == 0)
        return write_all(stdout, data, n) || cannot_write(s, "standard output");
    if (is_device(path))
        return write_all(fopen(path, "wb"), data, n) || cannot_write(s, path);
    const char *part = file_part(s, path, data, n);
    return part && file_commit(s, part, path);
}

bool file_can_write(session *s, const char *path)
{
    struct stat st;
    if (strcmp(path, "-") == 0)
        return true;
    if (is_device(path))
        return access(path, W_OK) == 0 || cannot_write(s, path);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return cannot_write(s, path);
    }
    const char *part = file_part(s, path, "", 0);
    if (part)
        remove(part);
    return part != NULL;
}

bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    if (stat(a, &x) == 0 && stat(b, &y) == 0)
        return x.st_dev == y.st_dev && x.st_ino == y.st_ino && !is_device(a);
    return strcmp(a, b) == 0;
}

bool make_dir(session *s, const char *path)
{
    char *p = arena_strdup(&s->arena, path);
    for (char *c = p + 1;; c++) {
        if (*c && *c != '/')
            continue;
        char keep = *c;
        *c = 0;
        struct stat st;
        bool made = mkdir(p, 0777) == 0;
        if (!made && errno == EEXIST) {
            made = stat(p, &st) == 0 && S_ISDIR(st.st_mode);
            errno = ENOTDIR;
        }
        if (!made) {
            diag(s, DIAG_ERROR, NULL, "cannot make the folder '%s': %s", p, strerror(errno));
            return false;
        }
        *c = keep;
        if (!keep)
            return true;
    }
}

int shell(const char *command)
{
    fflush(NULL);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

char *scratch_dir(session *s, const char *purpose)
{
    const char *tmp = getenv("TMPDIR");
    return mkdtemp(arena_printf(&s->arena, "%s/loomc-%s-XXXXXX", tmp ? tmp : "/tmp", purpose));
}

bool remove_dir(const char *dir)
{
    setenv("LOOM_DIR", dir, 1); /* a name with any characters: the shell must not read it */
    return shell("rm -rf -- \"$LOOM_DIR\"") == 0;
}
