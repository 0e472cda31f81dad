/* resume.c - a compiled model that trains a part of the way, from a checkpoint and to a checkpoint.
 *
 *   resume DATA FROM TO IN OUT       mini-batches FROM .. TO-1 of DATA (inputs, then targets, in the model's type);
 *                                    IN and OUT are files of loom_save, or -
 * Built with -DMODEL=<id>_model. The memory of the instance starts as noise. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loom.h"

const loom_model *MODEL(void);

static unsigned char *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    unsigned char *bytes = malloc(1 << 24);
    *n = f ? fread(bytes, 1, 1 << 24, f) : 0;
    if (f)
        fclose(f);
    return bytes;
}

static int fail(const char *what, int status)
{
    fprintf(stderr, "%s: %d\n", what, status);
    return 1;
}

static int load(const loom_model *m, void *net, const char *path)
{
    size_t n;
    unsigned char *bytes = read_file(path, &n);
    for (size_t len = 0, i = 0; i < 8 && n > 20; i++) { /* what a program adds after the file is its own */
        len |= (size_t)bytes[12 + i] << 8 * i;
        if (i == 7 && len < n)
            n = len;
    }
    int status = loom_load(m, net, bytes, n);
    free(bytes);
    return status;
}

static int save(const loom_model *m, void *net, const char *path)
{
    const loom_save_options o = {.training = 1};
    size_t n;
    int status = loom_save(m, net, &o, NULL, 0, &n);
    unsigned char *bytes = malloc(n);
    status = status ? status : loom_save(m, net, &o, bytes, n, &n);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f))
        return 1;
    free(bytes);
    return status;
}

int main(int argc, char **argv)
{
    const loom_model *m = MODEL();
    if (argc != 6)
        return 2;
    size_t real = m->type == LOOM_F64 ? 8 : 4, in = m->input_size * real, out = m->output_size * real, n;
    unsigned char *data = read_file(argv[1], &n);
    size_t batches = n / (in + out);
    void *net = aligned_alloc(64, (m->instance_size + 63) / 64 * 64), *x = aligned_alloc(64, (in + 63) / 64 * 64), *y = aligned_alloc(64, (out + 63) / 64 * 64);
    double loss[1];
    memset(net, 0xa5, m->instance_size);
    int status = m->init(m, net);
    if (status == LOOM_OK && strcmp(argv[4], "-") != 0)
        status = load(m, net, argv[4]);
    if (status != LOOM_OK)
        return fail("load", status);
    for (size_t b = (size_t)atoi(argv[2]); b < (size_t)atoi(argv[3]); b++) {
        memcpy(x, data + b % batches * in, in);
        memcpy(y, data + batches * in + b % batches * out, out);
        if ((status = m->train(m, net, x, y, loss)) != LOOM_OK)
            return fail("train", status);
    }
    status = strcmp(argv[5], "-") != 0 ? save(m, net, argv[5]) : LOOM_OK;
    m->end(m, net);
    free(net), free(x), free(y), free(data);
    return status == LOOM_OK ? 0 : fail("save", status);
}
