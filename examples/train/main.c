/*
 * Reads 8 x 8 digits that the trained network has never seen, says how many it
 * gets right, and ends with 1 when fewer than 97 % are.
 *
 *     main unseen.csv        one digit a line: 64 grey values from 0 to 16, and its label
 */
#include "digits.h"

#include <stdio.h>

#define PIXELS 64
#define CLASSES 10
#define MAX_DIGITS 2000

static struct digits net;
static float images[MAX_DIGITS + DIGITS_BATCH][PIXELS]; /* the last ones stay empty: a call takes a whole batch */
static int labels[MAX_DIGITS];

/* Returns how many digits the file has, at most MAX_DIGITS. */
static int read_digits(FILE *file)
{
    int n = 0, value;
    while (n < MAX_DIGITS && fscanf(file, "%d", &value) == 1) {
        for (int i = 0; i < PIXELS; i++) {
            images[n][i] = (float)value / 16;
            if (fscanf(file, ",%d", &value) != 1) {
                return n;
            }
        }
        labels[n++] = value;
    }
    return n;
}

static int largest(const float *scores)
{
    int best = 0;
    for (int i = 1; i < CLASSES; i++) {
        best = scores[i] > scores[best] ? i : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    int n, right = 0;

    if (!file || (n = read_digits(file)) == 0) {
        fputs(argc == 2 ? "main: cannot read the digits\n" : "usage: main unseen.csv\n", stderr);
        return 2;
    }
    fclose(file);

    digits_init(&net);
    for (int i = 0; i < n; i += DIGITS_BATCH) {
        float scores[DIGITS_BATCH][CLASSES];
        digits_forward(&net, images[i], scores[0]);
        for (int k = 0; k < DIGITS_BATCH && i + k < n; k++) {
            right += largest(scores[k]) == labels[i + k];
        }
    }
    printf("%d of %d unseen digits right: %.2f %%\n", right, n, 100.0 * right / n);
    return 100 * right < 97 * n;
}
