/* memory.c - every allocation fails, one after the other: an error that says so, nothing lost, nothing leaked.
 *
 *   memory FOLDER     with golden_mse.json; link with --wrap=malloc,calloc,realloc and -fsanitize=address */
#include "check.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static long countdown; /* 0: none fails; this one, and all after it */

static int fails(void) { return countdown > 0 && --countdown == 0 ? (countdown = 1) : 0; }
void *__wrap_malloc(size_t n) { return fails() ? NULL : __real_malloc(n); }
void *__wrap_calloc(size_t n, size_t size) { return fails() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *p, size_t n) { return fails() ? NULL : __real_realloc(p, n); }

static char *description;
static const char *bundle;

static const char *create(void) { return CreateLoomNetwork(description); }
static const char *load(void) { return LoomLoadModel(bundle, "m"); }
static const char *save(void) { return LoomSaveModel("m"); }
static const char *forward(void) { return LoomForward("[1, 2, 3, 4]"); }
static const char *info(void) { return LoomGetNetworkInfo(); }
static const char *evaluate(void) { return LoomEvaluateNetwork("[[1, 2, 3, 4]]", "[0]"); }
static const char *train(void)
{
    return LoomTrain("{\"epochs\": 2, \"data\": [{\"input\": [1, 2, 3, 4], \"target\": [1, 0]}], "
                     "\"validation_inputs\": [[1, 2, 3, 4]], "
                     "\"validation_targets\": [1]}");
}

/* Fails each allocation of a call until it succeeds; the network stays as it is. (When only the reply of a training fails,
 * it is a trained one.) */
static void try(const char *(*call)(void))
{
    for (long n = 1; n < 5000; n++) {
        countdown = 0;
        FreeLoomString(create());
        const char *before = LoomForward("[1, 2, 3, 4]");
        countdown = n;
        const char *reply = call();
        countdown = 0;
        int good = !has(reply, "\"error\"");
        CHECK(good || has(reply, "out of memory"));
        FreeLoomString(reply);
        if (!good && call != train)
            REPLY(LoomForward("[1, 2, 3, 4]"), before);
        else
            REPLY_HAS(LoomForward("[1, 2, 3, 4]"), "[0.");
        FreeLoomString(before);
        if (good)
            return;
    }
    CHECK(!"it never succeeds");
}

static void check_handles(void)
{
    const loom_options o = {.train = 2};
    for (long n = 1, done = 0; !done && n < 5000; n++) {
        const loom_model *m = NULL;
        void *x = NULL;
        loom_error e = {0};
        countdown = n;
        int status = loom_model_from_json(description, strlen(description), &o, &m, &e);
        CHECK(status == LOOM_OK ? m != NULL : status == LOOM_E_MEMORY && !m && e.status == LOOM_E_MEMORY);
        if (status == LOOM_OK) {
            status = loom_instance_new(m, &x);
            CHECK(status == LOOM_OK ? x != NULL : status == LOOM_E_MEMORY && !x);
        }
        done = countdown > 1 && status == LOOM_OK;
        countdown = 0;
        loom_instance_free(m, x);
        loom_model_free(m);
    }
}

int main(int argc, char **argv)
{
    static const char *(*const calls[])(void) = {create, load, save, forward, info, evaluate, train};
    int compiled = register_models();
    description = read_text(argc > 1 ? argv[1] : ".", "golden_mse.json");
    FreeLoomString(create());
    bundle = LoomSaveModel("m");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        try(calls[i]);
    countdown = 1;
    CHECK(LoomCreateConstantScheduler(1) == -1);
    CHECK(LoomSchedulerName(1) == NULL);
    countdown = 0;
    if (!compiled)
        check_handles();
    FreeLoomString(bundle);
    free(description);
    return finish();
}
