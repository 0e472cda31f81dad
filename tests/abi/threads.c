/* threads.c - many threads at once: instances of one model, models made at the same time, and the text interface. Each must
 * give the bits that one thread alone gives. Build with -fsanitize=thread.
 *
 *   threads FOLDER     with batches.json */
#include "check.h"

#include <pthread.h>

enum { THREADS = 6, ROUNDS = 20, SAMPLES = 12 };
static char *description;
static const loom_model *model;
static double inputs[2 * SAMPLES], targets[2 * SAMPLES];

typedef struct result {
    double weights[12], output[6], loss;
    int status;
} result;

/* Trains a while and runs, all on an instance of its own. */
static void train_one(const loom_model *m, result *r)
{
    void *x = NULL;
    r->status = loom_instance_new(m, &x);
    for (int i = 0; i < ROUNDS && r->status == LOOM_OK; i++)
        r->status = loom_train(m, x, inputs, targets, SAMPLES, &r->loss);
    if (r->status == LOOM_OK)
        r->status = loom_forward(m, x, inputs, 6, r->output, 6);
    if (r->status == LOOM_OK)
        r->status = loom_tensor_get(m, x, loom_tensor_find(m, "second_kernel"), 0, 12, r->weights);
    loom_instance_free(m, x);
}

static void *shared_model(void *arg)
{
    train_one(model, arg);
    return NULL;
}

static void *own_model(void *arg)
{
    const loom_options o = {.train = 1};
    const loom_model *m = NULL;
    result *r = arg;
    r->status = loom_model_from_json(description, strlen(description), &o, &m, NULL);
    if (r->status == LOOM_OK)
        train_one(m, r);
    loom_model_free(m);
    return NULL;
}

/* The current network changes under everybody's feet; replies stay whole. */
static void *text(void *arg)
{
    result *r = arg;
    for (int i = 0; i < ROUNDS; i++) {
        const char *made = CreateLoomNetwork(description);
        const char *y = LoomForward("[1, 2, 3, 4, 5, 6]"),
                   *t = LoomTrain("{\"epochs\": 1, \"data\": [{\"input\": [1, 2], \"target\": [3, 4]}]}");
        long long h = LoomCreateLinearDecayScheduler(1, 0.5f, 10);
        int good = has(made, "success") && y[0] == '[' && has(t, "FinalLoss") && LoomSchedulerGetLR(h, 5) > 0.7f;
        LoomFreeScheduler(h);
        r->status = good ? LOOM_OK : LOOM_E_ARGUMENT;
        FreeLoomString(made);
        FreeLoomString(y);
        FreeLoomString(t);
        if (!good)
            break;
    }
    return NULL;
}

static void run(void *(*body)(void *), const result *expected)
{
    pthread_t threads[THREADS];
    static result results[THREADS];
    memset(results, 0, sizeof results);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, body, &results[i]) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        CHECK(results[i].status == LOOM_OK);
        CHECK(!expected || memcmp(&results[i], expected, sizeof *expected) == 0);
    }
}

int main(int argc, char **argv)
{
    static result alone;
    const loom_options o = {.train = 1};
    register_models();
    description = read_text(argc > 1 ? argv[1] : ".", "batches.json");
    for (int i = 0; i < 2 * SAMPLES; i++) {
        inputs[i] = ((i * 37 + 5) % 19 - 9) / 10.0;
        targets[i] = ((i * 23 + 3) % 17 - 8) / 10.0;
    }
    CHECK(loom_model_from_json(description, strlen(description), &o, &model, NULL) == LOOM_OK);
    train_one(model, &alone);
    CHECK(alone.status == LOOM_OK);
    run(shared_model, &alone);
    run(own_model, &alone);
    run(text, NULL);
    loom_model_free(model);
    free(description);
    return finish();
}
