/* file.c - reading whole files, and writing them so that nothing half-written stays behind. */
#include "loomc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_stream(session *s, FILE *f, text *t)
{
    char *block = arena_alloc(&s->arena, 1 << 16);
    size_t n;
    while ((n = fread(block, 1, 1 << 16, f)) > 0)
        text_add(t, block, n);
    text_add(t, "", 0);
    return !ferror(f);
}

bool file_read(session *s, const char *path, source *out)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *f = standard ? stdin : fopen(path, "rb");
    text t = {.arena = &s->arena};
    bool good = f && read_stream(s, f, &t);
    if (!good)
        diag(s, DIAG_ERROR, NULL, "cannot read '%s': %s", path, strerror(errno));
    if (f && !standard)
        fclose(f);
    *out = (source){standard ? "<stdin>" : arena_strdup(&s->arena, path), t.s, t.n};
    return good;
}

bool file_write(session *s, const char *path, const char *data, size_t n)
{
    if (strcmp(path, "-") == 0)
        return fwrite(data, 1, n, stdout) == n && fflush(stdout) == 0;
    char *beside = arena_printf(&s->arena, "%s.%ld.part", path, (long)getpid());
    FILE *f = fopen(beside, "wb");
    bool good = f && fwrite(data, 1, n, f) == n;
    if (f && fclose(f) != 0)
        good = false;
    if (good && rename(beside, path) == 0)
        return true;
    diag(s, DIAG_ERROR, NULL, "cannot write '%s': %s", path, strerror(errno));
    if (f)
        remove(beside);
    return false;
}

bool make_dir(session *s, const char *path)
{
    char *p = arena_strdup(&s->arena, path);
    for (char *c = p + 1;; c++) {
        if (*c && *c != '/')
            continue;
        char keep = *c;
        *c = 0;
        if (mkdir(p, 0777) != 0 && errno != EEXIST) {
            diag(s, DIAG_ERROR, NULL, "cannot make the folder '%s': %s", p, strerror(errno));
            return false;
        }
        *c = keep;
        if (!keep)
            return true;
    }
}
