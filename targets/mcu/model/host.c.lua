/* The board has no C library: the part of stdio that is used here, on files of the machine that runs the emulator. */
#include "loom_board.h"

typedef struct loom_stream {
    int handle, n, at;
    unsigned char buffer[128];
} FILE;

static FILE loom_streams[2];

static FILE *fopen(const char *name, const char *mode)
{
    FILE *f = &loom_streams[mode[0] == 'w'];
    f->handle = loom_board_open(name, mode[0] == 'w');
    return f->handle < 0 ? 0 : f;
}

static int fputc(int c, FILE *f)
{
    f->buffer[f->n++] = (unsigned char)c;
    if (f->n == (int)sizeof f->buffer)
        f->n = loom_board_write(f->handle, f->buffer, f->n);
    return c;
}

static int fclose(FILE *f)
{
    if (f == &loom_streams[1])
        f->n = loom_board_write(f->handle, f->buffer, f->n);
    return f->n | loom_board_close(f->handle);
}

static size_t fread(void *to, size_t size, size_t count, FILE *f)
{
    unsigned char *p = (unsigned char *)to;
    size_t i = 0;
    for (; i < size * count; i++) {
        if (f->at == f->n) {
            f->n = loom_board_read(f->handle, f->buffer, sizeof f->buffer);
            f->at = 0;
            if (f->n <= 0)
                break;
        }
        p[i] = f->buffer[f->at++];
    }
    return i / size;
}
//@ if trace then

static void abort(void) { loom_board_exit(134); }
//@ end
