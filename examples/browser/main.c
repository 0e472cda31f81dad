/*
 * What the page does, in native code: trains the network of plane.json on a file of points and writes the .loom file.
 *
 *     main points.csv STEPS out.loom     points: lines of x,y,class; x and y whole numbers from -512 to 512, class 0 to 2
 */
#include "plane.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_POINTS = 2000, CLASSES = PLANE_OUTPUT_SIZE / PLANE_BATCH };

static struct plane net;
static int points[MAX_POINTS][3];
static unsigned char bytes[64 * 1024];

/* Returns how many points the file has, -1 when it has a line that is none, or too many of them. */
static int read_points(FILE *file)
{
    int n = 0, x, y, label, got;
    while ((got = fscanf(file, "%d,%d,%d", &x, &y, &label)) == 3) {
        if (n == MAX_POINTS || abs(x) > 512 || abs(y) > 512 || label < 0 || label >= CLASSES) {
            return -1;
        }
        points[n][0] = x;
        points[n][1] = y;
        points[n++][2] = label;
    }
    return got == EOF ? n : -1;
}

static unsigned common_factor(unsigned a, unsigned b)
{
    return b ? common_factor(b, a % b) : a;
}

/* Points are taken with a stride of about 0.618 n that has no factor in common with n: all of them, well mixed. */
static unsigned stride_of(unsigned n)
{
    unsigned stride = n * 618 / 1000 + 1;
    while (common_factor(stride, n) != 1) {
        stride++;
    }
    return stride;
}

static void train(unsigned n, unsigned steps)
{
    static float input[PLANE_BATCH][2], target[PLANE_BATCH][CLASSES];
    const unsigned stride = stride_of(n);
    for (unsigned step = 0; step < steps; step++) {
        for (unsigned k = 0; k < PLANE_BATCH; k++) {
            const int *p = points[(step * PLANE_BATCH + k) % n * stride % n];
            input[k][0] = (float)p[0] / 512;
            input[k][1] = (float)p[1] / 512;
            for (int c = 0; c < CLASSES; c++) {
                target[k][c] = c == p[2];
            }
        }
        plane_train(&net, input[0], target[0], PLANE_BATCH);
    }
}

/* The file with all that training needs to go on. Returns 0 when it is written. */
static int save(const char *name)
{
    const loom_save_options options = {.training = 1};
    size_t size;
    if (loom_save(plane_model(), &net, &options, bytes, sizeof bytes, &size)) {
        return 0;
    }
    FILE *file = fopen(name, "wb");
    const int written = file && fwrite(bytes, 1, size, file) == size;
    return file && !fclose(file) && written;
}

int main(int argc, char **argv)
{
    FILE *file = argc == 4 ? fopen(argv[1], "r") : NULL;
    const int n = file ? read_points(file) : 0;
    if (n <= 0) {
        fputs("usage: main points.csv STEPS out.loom, with 1 to 2000 lines of x,y,class in points.csv\n", stderr);
        return 2;
    }
    fclose(file);
    plane_init(&net);
    train((unsigned)n, (unsigned)strtoul(argv[2], NULL, 10));
    if (!save(argv[3])) {
        fprintf(stderr, "main: cannot write %s\n", argv[3]);
        return 1;
    }
    return 0;
}
