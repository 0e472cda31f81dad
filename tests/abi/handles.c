/* handles.c - the functions with handles: what they say of a model, what they refuse, and that their parts agree.
 *
 *   handles FOLDER     with batches.json and golden_gradient.json */
#include "check.h"

static const char *folder;

static const loom_model *open_model(const char *name, int train)
{
    char *text = read_text(folder, name);
    const loom_options o = {.train = train};
    const loom_model *m = NULL;
    loom_error e;
    if (!CHECK(loom_model_from_json(text, strlen(text), &o, &m, &e) == LOOM_OK))
        printf("    %s\n", e.message);
    free(text);
    return m;
}

static void check_info(const loom_model *m)
{
    CHECK(loom_abi() == LOOM_ABI && m->abi == LOOM_ABI);
    CHECK(strcmp(loom_model_id(m), "batches") == 0);
    CHECK(has(loom_model_description(m), "\"batch_size\": 3"));
    CHECK(loom_model_type(m) == LOOM_F64 && loom_type_size(LOOM_F64) == 8 && loom_type_size(LOOM_F32) == 4);
    CHECK(loom_type_size(LOOM_I8) == 1 && loom_type_size(LOOM_I16) == 2 && loom_type_size(LOOM_I32) == 4 &&
          loom_type_size(0) == 0);
    CHECK(loom_model_batch(m) == 3 && loom_input_rank(m) == 2 && loom_output_rank(m) == 2);
    CHECK(loom_input_dim(m, 0) == 3 && loom_input_dim(m, 1) == 2 && loom_input_dim(m, 2) == 0 &&
          loom_input_dim(m, -1) == 0);
    CHECK(loom_output_dim(m, 0) == 3 && loom_output_dim(m, 1) == 2 && loom_input_size(m) == 6 &&
          loom_output_size(m) == 6);
    CHECK(loom_can_train(m) && loom_can_backward(m));
}

static void check_nothing(void)
{
    double x[6] = {0};
    uint64_t n;
    size_t size;
    CHECK(!loom_model_id(NULL) && !loom_model_description(NULL) && loom_model_type(NULL) == 0 &&
          loom_model_batch(NULL) == 0);
    CHECK(loom_input_rank(NULL) == 0 && loom_output_rank(NULL) == 0 && loom_input_dim(NULL, 0) == 0 &&
          loom_output_dim(NULL, 0) == 0);
    CHECK(loom_input_size(NULL) == 0 && loom_output_size(NULL) == 0 && !loom_can_train(NULL) &&
          !loom_can_backward(NULL));
    CHECK(loom_instance_size(NULL) == 0 && loom_instance_init(NULL, x, 8) == LOOM_E_ARGUMENT &&
          loom_instance_new(NULL, NULL) == LOOM_E_ARGUMENT);
    CHECK(loom_forward(NULL, x, x, 1, x, 1) == LOOM_E_ARGUMENT && loom_train(NULL, x, x, x, 1, x) == LOOM_E_ARGUMENT);
    CHECK(loom_backward(NULL, x, x, x, x) == LOOM_E_ARGUMENT && loom_update(NULL, x) == LOOM_E_ARGUMENT &&
          loom_clear(NULL, x) == LOOM_E_ARGUMENT);
    CHECK(loom_reset(NULL, x) == LOOM_E_ARGUMENT && loom_learning_rate(NULL, x, x) == LOOM_E_ARGUMENT &&
          loom_steps(NULL, x, &n) == LOOM_E_ARGUMENT);
    CHECK(loom_set_learning_rate(NULL, x, 1) == LOOM_E_ARGUMENT &&
          loom_set_schedule(NULL, x, NULL) == LOOM_E_ARGUMENT);
    CHECK(loom_tensor_count(NULL) == 0 && loom_tensor_find(NULL, "x") == LOOM_E_ARGUMENT &&
          !loom_tensor_name(NULL, 0));
    CHECK(loom_tensor_get(NULL, x, 0, 0, 1, x) == LOOM_E_ARGUMENT &&
          loom_tensor_set(NULL, x, 0, 0, 1, x) == LOOM_E_ARGUMENT);
    CHECK(loom_evaluate(NULL, x, x, x, 1, x, NULL) == LOOM_E_ARGUMENT && loom_apply_size(NULL) == 0 &&
          loom_apply(NULL, x, NULL, x, 8) == LOOM_E_ARGUMENT);
    CHECK(loom_save(NULL, x, NULL, NULL, 0, &size) == LOOM_E_ARGUMENT && loom_load(NULL, x, x, 8) == LOOM_E_ARGUMENT);
    CHECK(loom_register(NULL) == LOOM_E_ARGUMENT && !loom_model_find(NULL) && !loom_model_find("no such model") &&
          !loom_model_at(-1) && !loom_model_at(1000));
    CHECK(loom_model_from_json(NULL, 0, NULL, NULL, NULL) == LOOM_E_ARGUMENT &&
          loom_epoch_order(0, 0, NULL, 1) == LOOM_E_ARGUMENT);
    loom_instance_end(NULL, x);
    loom_instance_free(NULL, NULL);
    loom_model_free(NULL);
    FreeLoomString(NULL);
}

static void check_statuses(void)
{
    CHECK(strcmp(loom_status_text(LOOM_OK), "success") == 0 && has(loom_status_text(LOOM_E_MEMORY), "memory"));
    CHECK(strcmp(loom_status_text(99), "unknown status") == 0 &&
          strcmp(loom_status_text(-99), "unknown status") == 0);
#define HAS_TEXT(name, value, text) CHECK(name == value && strcmp(loom_status_text(name), text) == 0);
    LOOM_STATUSES(HAS_TEXT)
}

static void check_memory(const loom_model *m)
{
    size_t size = loom_instance_size(m);
    char *block = malloc(size + 128);
    char *at = block + 64 - (uintptr_t)block % 64;
    void *heap = NULL;
    CHECK(loom_instance_init(m, at + 1, size) == LOOM_E_ARGUMENT);
    CHECK(loom_instance_init(m, at, size - 1) == LOOM_E_SPACE);
    CHECK(loom_instance_init(m, NULL, size) == LOOM_E_ARGUMENT);
    loom_model other = *m;
    other.abi = LOOM_ABI + 1;
    CHECK(loom_instance_init(&other, at, size) == LOOM_E_ABI && loom_instance_new(&other, &heap) == LOOM_E_ABI &&
          !heap);
    memset(at, 0xa5, size);
    CHECK(loom_instance_init(m, at, size) == LOOM_OK);
    loom_instance_end(m, at);
    free(block);
    CHECK(loom_instance_new(m, &heap) == LOOM_OK && (uintptr_t)heap % 64 == 0);
    loom_instance_free(m, heap);
}

static void check_registry(const loom_model *m)
{
    int before = loom_model_count();
    loom_model copy = *m, more[LOOM_MAX_MODELS];
    char ids[LOOM_MAX_MODELS][16];
    static loom_model own;
    own = *m;
    own.id = "own";
    CHECK(loom_register(&own) == LOOM_OK && loom_register(&own) == LOOM_OK && loom_model_count() == before + 1);
    copy.id = "own";
    CHECK(loom_register(&copy) == LOOM_E_EXISTS && loom_model_find("own") == &own && loom_model_at(before) == &own);
    copy.abi++;
    CHECK(loom_register(&copy) == LOOM_E_ABI);
    int status = LOOM_OK;
    for (int i = 0; i < LOOM_MAX_MODELS && status == LOOM_OK; i++) { /* stays registered: the program ends here */
        more[i] = *m;
        snprintf(ids[i], sizeof ids[i], "m%d", i);
        more[i].id = ids[i];
        status = loom_register(&more[i]);
    }
    CHECK(status == LOOM_E_SPACE && loom_model_count() == LOOM_MAX_MODELS);
}

/* ---- training ----------------------------------------------------------------------------------------------- */

enum { SAMPLES = 12 };
static double inputs[2 * SAMPLES], targets[2 * SAMPLES];

static void make_samples(void)
{
    for (int i = 0; i < 2 * SAMPLES; i++) {
        inputs[i] = ((i * 37 + 5) % 19 - 9) / 10.0;
        targets[i] = ((i * 23 + 3) % 17 - 8) / 10.0;
    }
}

static void *new_instance(const loom_model *m)
{
    void *x = NULL;
    CHECK(loom_instance_new(m, &x) == LOOM_OK);
    return x;
}

static int same_tensors(const loom_model *m, void *a, void *b)
{
    int same = 1;
    double x[64], y[64];
    for (int i = 0; i < loom_tensor_count(m); i++) {
        size_t n = loom_tensor_size(m, i);
        CHECK(n <= 64 && loom_tensor_get(m, a, i, 0, n, x) == LOOM_OK &&
              loom_tensor_get(m, b, i, 0, n, y) == LOOM_OK);
        same &= memcmp(x, y, n * sizeof *x) == 0;
    }
    return same;
}

/* All samples at once, one mini-batch after the other, and by halves: the same bits. */
static void check_training(const loom_model *m)
{
    void *a = new_instance(m), *b = new_instance(m), *c = new_instance(m);
    double loss = 0, sum = 0, one = 0;
    uint64_t steps = 0;
    CHECK(loom_train(m, a, inputs, targets, SAMPLES, &loss) == LOOM_OK);
    for (int i = 0; i < SAMPLES; i += 3) {
        CHECK(loom_train(m, b, inputs + 2 * i, targets + 2 * i, 3, &one) == LOOM_OK);
        sum += one;
        CHECK(loom_backward(m, c, inputs + 2 * i, targets + 2 * i, NULL) == LOOM_OK);
        if (i / 3 % 2) /* "accumulate": 2 */
            CHECK(loom_update(m, c) == LOOM_OK);
    }
    CHECK(loss > 0 && loss == sum / 4);
    CHECK(same_tensors(m, a, b) && same_tensors(m, a, c));
    CHECK(loom_steps(m, a, &steps) == LOOM_OK && steps == 2);
    void *fresh = new_instance(m);
    CHECK(!same_tensors(m, a, fresh));
    CHECK(loom_train(m, a, inputs, targets, 4, &loss) == LOOM_E_ARGUMENT &&
          loom_train(m, a, inputs, targets, 0, &loss) == LOOM_E_ARGUMENT);
    CHECK(loom_train(m, a, NULL, targets, 3, &loss) == LOOM_E_ARGUMENT &&
          loom_train(m, NULL, inputs, targets, 3, &loss) == LOOM_E_ARGUMENT);
    CHECK(same_tensors(m, a, b));
    loom_instance_free(m, a);
    loom_instance_free(m, b);
    loom_instance_free(m, c);
    loom_instance_free(m, fresh);
}

static void check_clear(const loom_model *m)
{
    void *a = new_instance(m), *b = new_instance(m);
    CHECK(loom_backward(m, a, inputs, targets, NULL) == LOOM_OK && !same_tensors(m, a, b));
    CHECK(loom_clear(m, a) == LOOM_OK && same_tensors(m, a, b) && m->progress(m, a)->pending == 0);
    loom_instance_free(m, a);
    loom_instance_free(m, b);
}

/* Stops, is saved as bytes, and goes on in another instance: the bits of going on. */
static void check_checkpoint(const loom_model *m)
{
    void *a = new_instance(m), *b = new_instance(m);
    const loom_save_options o = {.training = 1};
    size_t size = 0;
    CHECK(loom_train(m, a, inputs, targets, 9, NULL) == LOOM_OK);
    CHECK(loom_save(m, a, &o, NULL, 0, &size) == LOOM_OK && size > 0);
    unsigned char *bytes = malloc(size + 1); /* at an odd address */
    CHECK(loom_save(m, a, &o, bytes + 1, size, &size) == LOOM_OK && loom_load(m, b, bytes + 1, size) == LOOM_OK);
    CHECK(loom_train(m, a, inputs + 6, targets + 6, 9, NULL) == LOOM_OK &&
          loom_train(m, b, inputs + 6, targets + 6, 9, NULL) == LOOM_OK);
    CHECK(same_tensors(m, a, b));
    bytes[size / 2] ^= 1;
    CHECK(loom_load(m, b, bytes + 1, size) < 0 && same_tensors(m, a, b));
    free(bytes);
    loom_instance_free(m, a);
    loom_instance_free(m, b);
}

static void check_rates(const loom_model *m)
{
    void *x = new_instance(m);
    double rate = 0;
    loom_schedule s = {LOOM_LINEAR, 1, 0.5, 0, 0, 10, 0};
    CHECK(loom_learning_rate(m, x, &rate) == LOOM_OK && rate == 0.05);
    CHECK(loom_set_learning_rate(m, x, 0.25) == LOOM_OK && loom_learning_rate(m, x, &rate) == LOOM_OK &&
          rate == 0.25);
    CHECK(loom_set_learning_rate(m, x, -1) == LOOM_E_ARGUMENT &&
          loom_set_learning_rate(m, x, NAN) == LOOM_E_ARGUMENT &&
          loom_set_learning_rate(m, x, INFINITY) == LOOM_E_ARGUMENT);
    CHECK(loom_set_schedule(m, x, &s) == LOOM_OK && loom_learning_rate(m, x, &rate) == LOOM_OK && rate == 1);
    CHECK(loom_train(m, x, inputs, targets, 6, NULL) == LOOM_OK && loom_learning_rate(m, x, &rate) == LOOM_OK &&
          rate == 0.95);
    s.kind = 17;
    CHECK(loom_set_schedule(m, x, &s) == LOOM_E_ARGUMENT);
    CHECK(loom_schedule_rate(NULL, 1) == 0);
    loom_instance_free(m, x);
}

/* ---- tensors ------------------------------------------------------------------------------------------------ */

static void check_tensors(const loom_model *m)
{
    void *x = new_instance(m);
    int k = loom_tensor_find(m, "first_kernel"), b = loom_tensor_find(m, "second_biases");
    double v[12], w[3] = {1, 2, 3};
    CHECK(k >= 0 && b >= 0 && loom_tensor_find(m, "first") == LOOM_E_NOT_FOUND &&
          loom_tensor_find(m, NULL) == LOOM_E_ARGUMENT);
    CHECK(strcmp(loom_tensor_name(m, k), "first_kernel") == 0 && strcmp(loom_tensor_layer(m, k), "first") == 0 &&
          !loom_tensor_layer(m, -1));
    CHECK(loom_tensor_rank(m, k) == 2 && loom_tensor_dim(m, k, 0) == 2 && loom_tensor_dim(m, k, 1) == 6 &&
          loom_tensor_dim(m, k, 2) == 0);
    CHECK(loom_tensor_size(m, k) == 12 && loom_tensor_role(m, k) == LOOM_PARAM && loom_tensor_role(m, 1000) == 0);
    CHECK(loom_tensor_set(m, x, k, 4, 3, w) == LOOM_OK && loom_tensor_get(m, x, k, 0, 12, v) == LOOM_OK);
    CHECK(v[4] == 1 && v[5] == 2 && v[6] == 3 && v[3] != 0 && v[7] != 0);
    CHECK(loom_tensor_get(m, x, k, 10, 3, v) == LOOM_E_ARGUMENT &&
          loom_tensor_get(m, x, k, SIZE_MAX, 2, v) == LOOM_E_ARGUMENT);
    CHECK(loom_tensor_get(m, x, k, 2, SIZE_MAX, v) == LOOM_E_ARGUMENT &&
          loom_tensor_set(m, x, k, 12, 1, w) == LOOM_E_ARGUMENT);
    CHECK(loom_tensor_get(m, x, k, 12, 0, v) == LOOM_OK &&
          loom_tensor_get(m, x, loom_tensor_count(m), 0, 0, v) == LOOM_E_ARGUMENT);
    CHECK(loom_tensor_get(m, x, k, 0, 1, NULL) == LOOM_E_ARGUMENT &&
          loom_tensor_get(m, NULL, k, 0, 1, v) == LOOM_E_ARGUMENT);
    loom_instance_free(m, x);
}

static void check_schedule(const loom_model *m)
{
    void *x = new_instance(m);
    loom_schedule s = {LOOM_STEP, 0.5, 0, 0.25, 0, 10, 0}, t;
    CHECK(loom_get_schedule(m, x, &t) == LOOM_OK && t.kind == LOOM_COSINE && t.rate == 0.05);
    CHECK(loom_set_schedule(m, x, &s) == LOOM_OK && loom_get_schedule(m, x, &t) == LOOM_OK);
    CHECK(t.kind == LOOM_STEP && t.rate == 0.5 && t.factor == 0.25 && t.steps == 10);
    CHECK(loom_get_schedule(m, x, NULL) == LOOM_E_ARGUMENT && loom_get_schedule(NULL, x, &t) == LOOM_E_ARGUMENT);
    loom_instance_free(m, x);
}

/* y = x W2 + b2 with hidden tanh: one row computed here, in the same order. */
static void check_forward(const loom_model *m)
{
    void *x = new_instance(m);
    double y[6], w1[12], b1[6], w2[12], b2[2];
    loom_tensor_get(m, x, loom_tensor_find(m, "first_kernel"), 0, 12, w1);
    loom_tensor_get(m, x, loom_tensor_find(m, "first_biases"), 0, 6, b1);
    loom_tensor_get(m, x, loom_tensor_find(m, "second_kernel"), 0, 12, w2);
    loom_tensor_get(m, x, loom_tensor_find(m, "second_biases"), 0, 2, b2);
    CHECK(loom_forward(m, x, inputs, 6, y, 6) == LOOM_OK);
    for (int row = 0; row < 3; row++)
        for (int o = 0; o < 2; o++) {
            double sum = 0;
            for (int h = 0; h < 6; h++)
                sum += tanh(inputs[2 * row] * w1[h] + inputs[2 * row + 1] * w1[6 + h] + b1[h]) * w2[2 * h + o];
            CHECK(fabs(sum + b2[o] - y[2 * row + o]) < 1e-14);
        }
    CHECK(loom_forward(m, x, inputs, 5, y, 6) == LOOM_E_ARGUMENT &&
          loom_forward(m, x, inputs, 6, y, 7) == LOOM_E_ARGUMENT);
    CHECK(loom_forward(m, x, NULL, 6, y, 6) == LOOM_E_ARGUMENT &&
          loom_forward(m, x, inputs, 6, NULL, 6) == LOOM_E_ARGUMENT);
    CHECK(loom_reset(m, x) == LOOM_OK && loom_reset(m, NULL) == LOOM_E_ARGUMENT);
    loom_instance_free(m, x);
}

static void check_evaluation(const loom_model *m)
{
    void *x = new_instance(m);
    double y[6], expected[SAMPLES] = {0};
    loom_metrics r;
    for (int i = 0; i < SAMPLES; i += 3) {
        loom_forward(m, x, inputs + 2 * i, 6, y, 6);
        for (int k = 0; k < 3; k++)
            expected[i + k] = y[2 * k + 1] > y[2 * k] ? 1 : 0;
    }
    CHECK(loom_evaluate(m, x, inputs, expected, SAMPLES, y, &r) == LOOM_OK && r.samples == SAMPLES &&
          r.score == 100 && r.deviation == 0);
    expected[0] = 1 - expected[0];
    CHECK(loom_evaluate(m, x, inputs, expected, SAMPLES, y, &r) == LOOM_OK && r.bucket[0] == SAMPLES - 1 &&
          r.bucket[5] == 1);
    CHECK(loom_evaluate(m, x, inputs, expected, 4, y, &r) == LOOM_E_ARGUMENT);
    CHECK(loom_bucket(10) == 0 && loom_bucket(10.5) == 1 && loom_bucket(100) == 5 && loom_bucket(101) == 6 &&
          loom_bucket(NAN) == 6);
    CHECK(loom_deviation(2, 3) == 50 && loom_deviation(0, 0.25) == 25 && loom_deviation(1, NAN) == 100 &&
          loom_deviation(-4, -2) == 50);
    loom_instance_free(m, x);
}

/* The caller's AdamW and the network's own are the same function: the same bits. */
static void check_apply(const loom_model *m)
{
    void *a = new_instance(m), *b = new_instance(m);
    size_t size = loom_apply_size(m);
    double *memory = calloc(1, size), x[12], y[12];
    loom_optimiser o = {
        .kind = LOOM_ADAMW, .rate = 0.05, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = 0.01};
    const loom_schedule constant = {.rate = 0.05};
    int k = loom_tensor_find(m, "second_kernel");
    CHECK(size == 2 * (12 + 6 + 12 + 2) * sizeof(double));
    loom_set_schedule(m, b, &constant);
    for (int i = 0; i < 4; i++) {
        CHECK(loom_backward(m, a, inputs + 6 * i, targets + 6 * i, NULL) == LOOM_OK &&
              loom_apply(m, a, &o, memory, size) == LOOM_OK && loom_clear(m, a) == LOOM_OK);
        CHECK(loom_backward(m, b, inputs + 6 * i, targets + 6 * i, NULL) == LOOM_OK && loom_update(m, b) == LOOM_OK);
    }
    loom_tensor_get(m, a, k, 0, 12, x);
    loom_tensor_get(m, b, k, 0, 12, y);
    CHECK(memcmp(x, y, sizeof x) == 0 && o.step == 4);
    CHECK(loom_apply(m, a, &o, memory, size - 1) == LOOM_E_SPACE &&
          loom_apply(m, a, &o, NULL, size) == LOOM_E_ARGUMENT);
    o.rate = -1;
    CHECK(loom_apply(m, a, &o, memory, size) == LOOM_E_ARGUMENT);
    o.rate = NAN;
    CHECK(loom_apply(m, a, &o, memory, size) == LOOM_E_ARGUMENT);
    o.rate = 1;
    o.kind = 9;
    CHECK(loom_apply(m, a, &o, memory, size) == LOOM_E_ARGUMENT && o.step == 4);
    free(memory);
    loom_instance_free(m, a);
    loom_instance_free(m, b);
}

static void check_order(void)
{
    uint64_t a[100], b[100], seen[100] = {0};
    CHECK(loom_epoch_order(5, 2, a, 100) == LOOM_OK && loom_epoch_order(5, 3, b, 100) == LOOM_OK &&
          memcmp(a, b, sizeof a) != 0);
    for (int i = 0; i < 100; i++)
        seen[a[i]]++;
    for (int i = 0; i < 100; i++)
        CHECK(seen[i] == 1);
    CHECK(loom_epoch_order(5, 2, b, 100) == LOOM_OK && memcmp(a, b, sizeof a) == 0 &&
          loom_epoch_order(0, 0, NULL, 0) == LOOM_OK);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    register_models();
    make_samples();
    check_nothing();
    check_statuses();
    check_order();
    const loom_model *m = open_model("batches.json", 2);
    if (!m)
        return finish();
    check_info(m);
    check_memory(m);
    check_forward(m);
    check_training(m);
    check_clear(m);
    check_checkpoint(m);
    check_rates(m);
    check_tensors(m);
    check_schedule(m);
    check_evaluation(m);
    check_apply(m);
    check_registry(m);
    loom_model_free(m);
    return finish();
}
