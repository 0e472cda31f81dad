/*
 * Firmware that reads handwritten digits, and learns to: on a board without
 * an operating system, a heap or a C library.
 *
 * 1. digits.c, a network that was trained before, classifies images. It needs
 *    27 KB of RAM and 57 KB of flash; -DSMALL leaves it out.
 * 2. learner.c starts with random weights and is trained here, on the device.
 *
 * What it prints, digests of all results included, is the same on every
 * processor, and on the machine that you sit at.
 */
#include "console.h"
#include "images.h" /* IMAGES, and images[IMAGES][1 + 784]: label, grey values */
#include "learner.h"

#define PIXELS 784
#define LESSONS (IMAGES * 4 / 5) /* the rest is never trained on */
#define EPOCHS 8

/* All memory of a network is in its structure; where that lies is our choice. */
static struct learner learner;
static float image[PIXELS];

static uint32_t digest; /* FNV-1a of all numbers that came out of networks */

static void add_to_digest(const float *x, int n)
{
    for (int i = 0; i < n; i++) {
        union { float number; uint32_t bits; } u;
        u.number = x[i];
        for (int byte = 0; byte < 4; byte++) {
            digest = (digest ^ (u.bits >> 8 * byte & 255u)) * 16777619u;
        }
    }
}

static void print_digest(const char *what)
{
    static const char hex[] = "0123456789abcdef";
    char text[10];
    for (int i = 0; i < 8; i++) {
        text[i] = hex[digest >> (28 - 4 * i) & 15u];
    }
    text[8] = '\n';
    text[9] = 0;
    print(what);
    print(text);
}

static void load_image(int i)
{
    for (int k = 0; k < PIXELS; k++) {
        image[k] = (float)images[i][1 + k] / 255.0f;
    }
}

static int largest(const float *x)
{
    int best = 0;
    for (int i = 1; i < 10; i++) {
        best = x[i] > x[best] ? i : best;
    }
    return best;
}

static void print_right(const char *what, int right, int n)
{
    print(what);
    print_number((uint32_t)right);
    print(" of ");
    print_number((uint32_t)n);
    print(" right\n");
}

/* How many of the images first..last-1 the learner reads right. */
static int test_learner(int first, int last)
{
    float shares[LEARNER_OUTPUT_SIZE];
    int right = 0;
    for (int i = first; i < last; i++) {
        load_image(i);
        learner_forward(&learner, image, shares);
        add_to_digest(shares, LEARNER_OUTPUT_SIZE);
        right += largest(shares) == images[i][0];
    }
    return right;
}

static void learn(void)
{
    learner_init(&learner);
    print_right("learner, untrained: ", test_learner(LESSONS, IMAGES), IMAGES - LESSONS);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        for (int i = 0; i < LESSONS; i++) {
            float target[LEARNER_OUTPUT_SIZE] = {0}, loss;
            target[images[i][0]] = 1;
            load_image(i);
            loss = learner_train(&learner, image, target, 1);
            add_to_digest(&loss, 1);
        }
    }
    print_right("learner, trained here: ", test_learner(LESSONS, IMAGES), IMAGES - LESSONS);
    add_to_digest(learner.params.dense2_kernel, 49 * 24); /* what it has learnt */
    add_to_digest(learner.params.dense2_biases, 24);
    add_to_digest(learner.params.dense3_kernel, 24 * 10);
    add_to_digest(learner.params.dense3_biases, 10);
    print_digest("learner, digest: ");
}

#ifndef SMALL
#include "digits.h"

static struct digits digits;

static void classify(void)
{
    float shares[DIGITS_OUTPUT_SIZE];
    int right = 0, n = IMAGES < 20 ? IMAGES : 20;
    digits_init(&digits);
    for (int i = 0; i < n; i++) {
        load_image(i);
        digits_forward(&digits, image, shares);
        add_to_digest(shares, DIGITS_OUTPUT_SIZE);
        right += largest(shares) == images[i][0];
    }
    print_right("digits, trained before: ", right, n);
    print_digest("digits, digest: ");
}
#endif

int main(void)
{
    digest = 2166136261u;
    learn();
#ifndef SMALL
    digest = 2166136261u;
    classify();
#endif
    return 0;
}
