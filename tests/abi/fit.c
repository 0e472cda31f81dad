/* fit.c - training on a set of samples, bundles, and tensors where they lie.
 *
 *   fit FOLDER    with batches.json: mini-batches of 3, every second one a step, a cosine over all of them */
#include "check.h"

enum { SAMPLES = 7, EPOCHS = 4, STEPS = 3 }; /* mini-batches of an epoch: the last one is filled up with two samples */

static const char *folder;
static double inputs[SAMPLES][2], targets[SAMPLES][2];

static const loom_model *open_model(const char *name, int train)
{
    char *json = read_text(folder, name);
    loom_options o = {.train = train};
    loom_error e;
    const loom_model *m = NULL;
    if (!CHECK(loom_model_from_json(json, strlen(json), &o, &m, &e) == LOOM_OK))
        printf("    %s\n", e.message);
    free(json);
    return m;
}

static void *new_instance(const loom_model *m)
{
    void *p = NULL;
    CHECK(loom_instance_new(m, &p) == LOOM_OK);
    return p;
}

static int same_weights(const loom_model *m, void *a, void *b)
{
    int same = 1;
    for (int i = 0; i < loom_tensor_count(m); i++)
        same &= memcmp(loom_tensor_data(m, a, i), loom_tensor_data(m, b, i), loom_tensor_size(m, i) * sizeof(double)) == 0;
    return same;
}

/* What loom_fit promises, written down with loom_train. */
static double by_hand(const loom_model *m, void *x, int first, int epochs, const uint64_t *seed)
{
    double mean = 0;
    for (int epoch = first; epoch < first + epochs; epoch++) {
        uint64_t order[SAMPLES] = {0, 1, 2, 3, 4, 5, 6};
        double sum = 0, loss = 0, in[3][2], out[3][2];
        if (seed)
            loom_epoch_order(*seed, (uint64_t)epoch, order, SAMPLES);
        for (int i = 0; i < STEPS; i++) {
            for (int k = 0; k < 3; k++) {
                memcpy(in[k], inputs[order[(3 * i + k) % SAMPLES]], sizeof in[k]);
                memcpy(out[k], targets[order[(3 * i + k) % SAMPLES]], sizeof out[k]);
            }
            CHECK(loom_train(m, x, in, out, 3, &loss) == LOOM_OK);
            sum = sum + loss;
        }
        mean = sum / STEPS;
    }
    return mean;
}

typedef struct seen {
    uint64_t epochs, stop;
    double loss;
} seen;

static int note(void *context, uint64_t epochs, double loss)
{
    seen *s = context;
    CHECK(epochs == s->epochs + 1);
    s->epochs = epochs;
    s->loss = loss;
    return epochs == s->stop;
}

static void check_fit(const loom_model *m, int shuffle, const uint64_t *seed)
{
    void *a = new_instance(m), *b = new_instance(m), *c = new_instance(m);
    seen all = {0}, half = {.stop = 2};
    double loss = 0;
    loom_fit_options o = {.epochs = EPOCHS, .shuffle = shuffle, .seed = 12, .progress = note, .context = &all};
    loom_schedule cosine = {.kind = LOOM_COSINE, .rate = 0.05, .steps = EPOCHS * STEPS / 2};
    CHECK(loom_fit(m, a, inputs, targets, SAMPLES, &o, &loss) == LOOM_OK && all.epochs == EPOCHS);
    CHECK(loom_set_schedule(m, b, &cosine) == LOOM_OK);
    double expected = by_hand(m, b, 0, EPOCHS, seed);
    CHECK(memcmp(&loss, &expected, sizeof loss) == 0 && all.loss == loss && same_weights(m, a, b));

    /* Stopped after two epochs and gone on with. */
    o.context = &half;
    CHECK(loom_fit(m, c, inputs, targets, SAMPLES, &o, &loss) == LOOM_OK && half.epochs == 2 && !same_weights(m, a, c));
    o.first_epoch = 2;
    o.epochs = 2;
    CHECK(loom_fit(m, c, inputs, targets, SAMPLES, &o, &loss) == LOOM_OK && half.epochs == EPOCHS);
    CHECK(memcmp(&loss, &expected, sizeof loss) == 0 && same_weights(m, a, c));

    /* More of it: the schedule, which the description gives no end, ends with this call. */
    cosine.steps = (EPOCHS + 2) * STEPS / 2;
    loom_set_schedule(m, b, &cosine);
    o = (loom_fit_options){.epochs = 2};
    CHECK(loom_fit(m, a, inputs, targets, SAMPLES, &o, NULL) == LOOM_OK);
    by_hand(m, b, 0, 2, NULL);
    CHECK(same_weights(m, a, b) && !same_weights(m, a, c));

    /* A rate that is given is constant, and not for the next call. */
    const loom_schedule constant = {.rate = 0.25};
    loom_set_schedule(m, b, &constant);
    o = (loom_fit_options){.epochs = 1, .learning_rate = 0.25};
    CHECK(loom_fit(m, a, inputs, targets, SAMPLES, &o, NULL) == LOOM_OK);
    by_hand(m, b, 0, 1, NULL);
    CHECK(same_weights(m, a, b));
    uint64_t done = 0;
    CHECK(loom_steps(m, b, &done) == LOOM_OK && done == 10); /* of 21 mini-batches */
    cosine.steps = 10 + (1 + 10 * STEPS) / 2;
    loom_set_schedule(m, b, &cosine);
    for (int i = 0; i < 10; i++) /* "epochs" is 10 where neither the options nor the description say it */
        by_hand(m, b, 0, 1, NULL);
    CHECK(loom_fit(m, a, inputs, targets, SAMPLES, NULL, NULL) == LOOM_OK && same_weights(m, a, b));
    loom_instance_free(m, a);
    loom_instance_free(m, b);
    loom_instance_free(m, c);
}

static void check_refusals(const loom_model *m)
{
    void *a = new_instance(m), *b = new_instance(m);
    loom_fit_options o = {.epochs = 2};
    CHECK(loom_fit(NULL, a, inputs, targets, 7, &o, NULL) == LOOM_E_ARGUMENT);
    CHECK(loom_fit(m, NULL, inputs, targets, 7, &o, NULL) == LOOM_E_ARGUMENT);
    CHECK(loom_fit(m, a, NULL, targets, 7, &o, NULL) == LOOM_E_ARGUMENT);
    CHECK(loom_fit(m, a, inputs, NULL, 7, &o, NULL) == LOOM_E_ARGUMENT);
    CHECK(loom_fit(m, a, inputs, targets, 0, &o, NULL) == LOOM_E_ARGUMENT);
    const double wrong[] = {-1, INFINITY, NAN};
    for (int i = 0; i < 3; i++) {
        o.learning_rate = wrong[i];
        CHECK(loom_fit(m, a, inputs, targets, 7, &o, NULL) == LOOM_E_ARGUMENT);
    }
    o.learning_rate = 0;
    o.shuffle = 3;
    CHECK(loom_fit(m, a, inputs, targets, 7, &o, NULL) == LOOM_E_ARGUMENT && same_weights(m, a, b));
    seen s = {0};
    o = (loom_fit_options){.epochs = 9, .progress = note, .context = &s};
    double was = targets[0][0];
    targets[0][0] = INFINITY;
    CHECK(loom_fit(m, a, inputs, targets, 7, &o, NULL) == LOOM_E_NOT_FINITE && s.epochs == 1);
    targets[0][0] = was;
    loom_instance_free(m, a);
    loom_instance_free(m, b);
}

static void check_bundle(const loom_model *m)
{
    void *a = new_instance(m), *b = new_instance(m);
    loom_error e;
    CHECK(loom_fit(m, a, inputs, targets, SAMPLES, NULL, NULL) == LOOM_OK && !same_weights(m, a, b));
    const char *text = loom_bundle_save(m, a, NULL, &e), *named = loom_bundle_save(m, a, "other", NULL);
    CHECK(has(text, "\"id\": \"batches\"") && has(named, "\"id\": \"other\"") && e.status == LOOM_OK);
    CHECK(loom_bundle_load(m, b, text, strlen(text), "none", &e) == LOOM_E_DESCRIPTION && has(e.message, "none"));
    CHECK(loom_bundle_load(m, b, text, strlen(text) / 2, NULL, &e) == LOOM_E_DESCRIPTION && e.line > 0);
    CHECK(loom_bundle_load(m, b, "[1]", 3, NULL, &e) == LOOM_E_DESCRIPTION && has(e.message, "bundle"));
    CHECK(loom_bundle_load(m, b, NULL, 0, NULL, &e) == LOOM_E_ARGUMENT && strcmp(e.where, "json") == 0);
    CHECK(loom_bundle_load(NULL, b, text, 1, NULL, NULL) == LOOM_E_ARGUMENT);
    CHECK(!loom_bundle_save(NULL, a, NULL, &e) && e.status == LOOM_E_ARGUMENT && strcmp(e.where, "m") == 0);
    CHECK(!loom_bundle_save(m, NULL, NULL, &e) && strcmp(e.where, "instance") == 0);
    CHECK(loom_bundle_load(m, b, named, strlen(named), "other", &e) == LOOM_OK);
    int k = loom_tensor_find(m, "second_kernel");
    CHECK(memcmp(loom_tensor_data(m, a, k), loom_tensor_data(m, b, k), 12 * sizeof(double)) == 0);
    FreeLoomString(text);
    FreeLoomString(named);
    loom_instance_free(m, a);
    loom_instance_free(m, b);
}

static void check_data(const loom_model *m)
{
    void *a = new_instance(m);
    int k = loom_tensor_find(m, "first_kernel"), n = loom_tensor_count(m);
    double *w = loom_tensor_data(m, a, k), x = 0;
    w[5] = 42;
    CHECK(loom_tensor_get(m, a, k, 5, 1, &x) == LOOM_OK && x == 42);
    CHECK(!loom_tensor_data(m, a, -1) && !loom_tensor_data(m, a, n) && !loom_tensor_data(NULL, a, 0) &&
          !loom_tensor_data(m, NULL, 0) && loom_tensor_data(m, a, n - 1));
    loom_instance_free(m, a);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    register_models();
    for (int i = 0; i < SAMPLES; i++)
        for (int k = 0; k < 2; k++) {
            inputs[i][k] = (i * 5 % 7 - 3 + k) / 4.0;
            targets[i][k] = (i * 3 % 7 - k) / 8.0;
        }
    const loom_model *m = open_model("batches.json", 2);
    if (!m)
        return finish();
    const uint64_t described = 7, given = 12;
    check_fit(m, 0, NULL);
    check_fit(m, 1, &described);
    check_fit(m, 2, &given);
    check_refusals(m);
    check_bundle(m);
    check_data(m);
    loom_model_free(m);
    return finish();
}
