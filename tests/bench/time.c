/* time.c - the time of one forward pass of a generated model, in microseconds: the least of many rounds.
 * -DHEADER, -DID (a prefix), -DSIZES (another one, in capitals), -DIN and -DOUT (types) say which model. */
#include HEADER

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

static struct ID net;
static IN input[JOIN(SIZES, _INPUT_SIZE)];
static OUT output[JOIN(SIZES, _OUTPUT_SIZE)];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

int main(int argc, char **argv)
{
    const double end = now() + (argc > 1 ? atof(argv[1]) : 1) * 1e6;
    unsigned seed = 1;
    for (int i = 0; i < JOIN(SIZES, _INPUT_SIZE); i++) {
        seed = seed * 1664525u + 1013904223u;
        input[i] = (IN)((int)(seed >> 24) - 128);
    }
    if (JOIN(ID, _init)(&net) != 0)
        return 1;
    double best = 1e30;
    while (now() < end) {
        const double start = now();
        for (int i = 0; i < 8; i++)
            JOIN(ID, _forward)(&net, input, output);
        const double each = (now() - start) / 8;
        best = each < best ? each : best;
    }
    printf("%.3f\n", best);
    return 0;
}
