/* hostile.c - texts that nobody should send: good ones cut short at every byte, and with every byte changed. Nothing may
 * crash, every reply must be JSON, and the network must still run.
 *
 *   hostile FOLDER     with golden_mse.json; build with sanitizers */
#include "check.h"

#include "loom_json.h"

static char *description;

typedef const char *function(const char *text);

static const char *load(const char *text) { return LoomLoadModel(text, NULL); }
static const char *evaluate(const char *text) { return LoomEvaluateNetwork(text, "[0]"); }
static const char *expect(const char *text) { return LoomEvaluateNetwork("[[1, 2, 3, 4]]", text); }

static void try(function *call, const char *text)
{
    loom_json_problem p;
    const char *reply = call(text);
    if (!CHECK(reply && loom_json_check(reply, strlen(reply), &p)))
        printf("    %.200s\n    gives %.200s\n", text, reply ? reply : "NULL");
    FreeLoomString(reply);
}

/* A block of exactly the text's size, so that reading past its end is seen. */
static void try_exact(function *call, const char *text, size_t n)
{
    char *copy = malloc(n + 1);
    memcpy(copy, text, n);
    copy[n] = 0;
    try(call, copy);
    free(copy);
}

static void torture(function *call, const char *text, size_t step)
{
    static const char bad[] = "\"\\[]{},:0-e\x01\x80\xff a";
    size_t n = strlen(text);
    char *copy = strdup(text);
    for (size_t i = 0; i < n; i += step)
        try_exact(call, text, i);
    for (size_t i = 0; i < n; i += step)
        for (const char *b = bad; *b; b++) {
            copy[i] = *b;
            try_exact(call, copy, n);
            copy[i] = text[i];
        }
    free(copy);
}

static void check_running(void)
{
    const char *y;
    REPLY_HAS(CreateLoomNetwork(description), "success");
    y = LoomForward("[1, 2, 3, 4]");
    CHECK(y[0] == '[');
    FreeLoomString(y);
}

int main(int argc, char **argv)
{
    static const char training[] =
        "{\"epochs\": 1, \"learning_rate\": 1e-1, \"shuffle\": true, \"loss\": \"mse\", \"data\": [{\"input\": [1, "
        "2.5, [-3, 4]],"
        " \"target\": [1, 0]}], \"validation_inputs\": [[1, 2, 3, 4]], \"validation_targets\": [1]}";
    register_models();
    description = read_text(argc > 1 ? argv[1] : ".", "golden_mse.json");
    check_running();
    const char *bundle = LoomSaveModel("m");
    torture(LoomForward, "{\"model\": \"golden_mse\", \"input\": [1, [2, 3.5e0], -4]}", 1);
    torture(LoomTrain, training, 1);
    torture(evaluate, "[[1, 2, 3, 4]]", 1);
    torture(expect, "[0.5]", 1);
    torture(LoomBackward, "{\"gradient\": [1, 0.5]}", 1);
    torture(CreateLoomNetwork, description, 1);
    check_running();
    torture(load, bundle, 5);
    check_running();
    FreeLoomString(bundle);
    free(description);
    return finish();
}
