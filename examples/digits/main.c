/*
 * Reads 2 000 handwritten digits that the network has never seen, classifies
 * them with the generated digits.c, and says how well and how fast.
 *
 *     main unseen.bin        one record per digit: its label, then 28 x 28 grey bytes
 *
 * Exits with 1 when fewer than 97 % are right.
 */
#include "digits.h"

#include <stdio.h>
#include <time.h>

#define SIDE 28
#define PIXELS (SIDE * SIDE)
#define MAX_DIGITS 2000
#define SHOWN 3

static struct digits net;                       /* the network and all memory it needs */
static float images[MAX_DIGITS][PIXELS];        /* 0 is paper, 1 is ink */
static int labels[MAX_DIGITS], answers[MAX_DIGITS];

/* Returns the number of digits in the file, at most MAX_DIGITS. */
static int read_digits(FILE *file)
{
    unsigned char record[1 + PIXELS];
    int n = 0;
    while (n < MAX_DIGITS && fread(record, sizeof record, 1, file) == 1) {
        labels[n] = record[0];
        for (int i = 0; i < PIXELS; i++) {
            images[n][i] = (float)record[1 + i] / 255.0f;
        }
        n++;
    }
    return n;
}

/* Returns the digit that the network sees in the image. */
static int classify(const float *image)
{
    float shares[DIGITS_OUTPUT_SIZE];
    int best = 0;
    digits_forward(&net, image, shares);
    for (int i = 1; i < DIGITS_OUTPUT_SIZE; i++) {
        best = shares[i] > shares[best] ? i : best;
    }
    return best;
}

/* Prints a few digits side by side, two rows of pixels to a line of text. */
static void show(const int *which, int n)
{
    static const char ink[] = " .:-=+*#%@";
    for (int y = 2; y < SIDE - 2; y += 2) {
        for (int k = 0; k < n; k++) {
            const float *row = &images[which[k]][y * SIDE];
            for (int x = 2; x < SIDE - 2; x++) {
                putchar(ink[(int)((row[x] + row[x + SIDE]) / 2 * 9.99f)]);
            }
            fputs(k < n - 1 ? "  " : "\n", stdout);
        }
    }
    for (int k = 0; k < n; k++) {
        char said[SIDE];
        int right = answers[which[k]] == labels[which[k]];
        sprintf(said, right ? "read as %d" : "read as %d, is %d", answers[which[k]],
                labels[which[k]]);
        printf("%-*s%s", k < n - 1 ? SIDE - 2 : 0, said, k < n - 1 ? "" : "\n\n");
    }
}

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    int n, right = 0, shown[SHOWN] = {1, 2, 0};
    clock_t start;
    double seconds;

    if (!file || (n = read_digits(file)) < SHOWN) {
        fputs(argc == 2 ? "main: cannot read the digits\n" : "usage: main unseen.bin\n", stderr);
        return 2;
    }
    fclose(file);

    digits_init(&net);
    start = clock();
    for (int i = 0; i < n; i++) {
        answers[i] = classify(images[i]);
    }
    seconds = (double)(clock() - start) / CLOCKS_PER_SEC;

    for (int i = n - 1; i >= 0; i--) {
        right += answers[i] == labels[i];
        shown[SHOWN - 1] = answers[i] == labels[i] ? shown[SHOWN - 1] : i;  /* the first mistake */
    }
    show(shown, SHOWN);
    printf("%d of %d unseen digits right: %.2f %%\n", right, n, 100.0 * right / n);
    printf("%.1f microseconds per digit\n", 1e6 * seconds / n);
    printf("%d bytes of flash, %d bytes of RAM\n", (int)DIGITS_FLASH_BYTES, (int)DIGITS_RAM_BYTES);
    return 100 * right < 97 * n;
}
