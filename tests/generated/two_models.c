/* Two models and two precisions of one in a program; instances in threads do not disturb each other. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "gru_stateful.h"
#include "lenet.h"
#include "lenet64.h"

static float image[LENET_INPUT_SIZE], want[LENET_OUTPUT_SIZE];

static void *classify(void *unused)
{
    (void)unused;
    static _Thread_local struct lenet net;
    float got[LENET_OUTPUT_SIZE];
    lenet_init(&net);
    for (int i = 0; i < 200; i++)
        if (lenet_forward(&net, image, got) != 0 || memcmp(got, want, sizeof got) != 0)
            return &image;
    return NULL;
}

/* A state is kept from call to call, and forgotten by a reset. */
static int states(void)
{
    static struct gru_stateful a, b;
    static float in[GRU_STATEFUL_INPUT_SIZE], first[GRU_STATEFUL_OUTPUT_SIZE], second[GRU_STATEFUL_OUTPUT_SIZE], again[GRU_STATEFUL_OUTPUT_SIZE];
    for (int i = 0; i < GRU_STATEFUL_INPUT_SIZE; i++)
        in[i] = (float)(i % 7 - 3);
    gru_stateful_init(&a);
    gru_stateful_init(&b);
    gru_stateful_forward(&a, in, first);
    gru_stateful_forward(&a, in, second);
    gru_stateful_forward(&b, in, again);
    if (memcmp(first, second, sizeof first) == 0 || memcmp(first, again, sizeof first) != 0)
        return 1;
    gru_stateful_reset(&a);
    gru_stateful_forward(&a, in, again);
    return memcmp(first, again, sizeof first) != 0;
}

int main(void)
{
    static struct lenet net;
    static struct lenet64 net64;
    static double image64[LENET64_INPUT_SIZE], got64[LENET64_OUTPUT_SIZE];
    for (int i = 0; i < LENET_INPUT_SIZE; i++)
        image64[i] = image[i] = (float)(i * 37 % 101 - 50) / 50.0f;
    lenet_init(&net);
    lenet64_init(&net64);
    lenet_forward(&net, image, want);
    lenet64_forward(&net64, image64, got64);
    for (int i = 0; i < LENET_OUTPUT_SIZE; i++) {
        double d = got64[i] - (double)want[i];
        if (!(d < 1e-4 && d > -1e-4)) {
            printf("output %d: f32 %g, f64 %g\n", i, (double)want[i], got64[i]);
            return 1;
        }
    }
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, classify, NULL);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        if (failed) {
            puts("a thread got other numbers");
            return 1;
        }
    }
    if (states() != 0) {
        puts("the state of an instance is not its own, or is not reset");
        return 1;
    }
    return 0;
}
