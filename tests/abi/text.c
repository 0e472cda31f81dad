/* text.c - text in, text out: replies, errors with their places, saving and loading.
 *
 *   text FOLDER [comma]    with golden_*.json and batches.json; `comma`: in a locale that writes 1,5 */
#include "check.h"

#include "loom_text.h"

#include <locale.h>

static const char *folder;
static int compiled; /* how many compiled-in models there are */

#define SUCCESS "{\"status\": \"success\"}"

static void create(const char *name)
{
    char *text = read_text(folder, name);
    REPLY(CreateLoomNetwork(text), "{\"status\": \"success\", \"message\": \"network created\"}");
    free(text);
}

static void check_no_network(void)
{
    const char *const none = "no network created";
    REPLY_HAS(LoomForward("[1]"), none, "\"status\": -9");
    REPLY_HAS(LoomTrain("{\"data\": []}"), none);
    REPLY_HAS(LoomSaveModel("x"), none);
    REPLY_HAS(LoomGetNetworkInfo(), none);
    REPLY_HAS(LoomEvaluateNetwork("[]", "[]"), none);
    REPLY_HAS(LoomBackward("[1]"), none);
    REPLY_HAS(LoomApplyGradients(1), none);
}

static void check_null(void)
{
    REPLY_HAS(CreateLoomNetwork(NULL), "'jsonConfig' is NULL", "\"status\": -1");
    REPLY_HAS(LoomForward(NULL), "'inputJson' is NULL");
    REPLY_HAS(LoomTrain(NULL), "'trainingJson' is NULL");
    REPLY_HAS(LoomLoadModel(NULL, NULL), "'jsonData' is NULL");
    REPLY_HAS(LoomBackward(NULL), "'gradientJson' is NULL");
    create("golden_mse.json");
    REPLY_HAS(LoomEvaluateNetwork(NULL, "[]"), "'inputsJson' is NULL");
    REPLY_HAS(LoomEvaluateNetwork("[]", NULL), "'expectedJson' is NULL");
}

static void check_create(void)
{
    REPLY_HAS(CreateLoomNetwork(""), "\"error\"", "not JSON");
    REPLY_HAS(CreateLoomNetwork("{\"layers\": [}"), "\"line\": 1, \"column\": 13");
    REPLY_HAS(CreateLoomNetwork("{\n  \"layers\": [1,]\n}"), "\"line\": 2");
    if (compiled) {
        REPLY_HAS(CreateLoomNetwork("{\"id\": \"nothing\"}"),
                  "no compiled-in model nothing; there are: ", "'golden_mse' (f32)", "\"status\": -9");
        REPLY_HAS(CreateLoomNetwork("{\"id\": \"golden_mse\", \"layers\": []}"),
                  "the compiled-in 'golden_mse' has another description");
        REPLY_HAS(CreateLoomNetwork("\"golden_mse\""), "success");
        REPLY_HAS(CreateLoomNetwork("{\"id\": \"batches\"}"), "success");
    } else {
        REPLY_HAS(CreateLoomNetwork("{\"layers\": [{\"type\": \"desne\"}]}"),
                  "unknown layer type 'desne', did you mean 'dense'?",
                  "\"where\": \"/layers/0/type\", \"line\": 1, \"column\": 22");
        REPLY_HAS(CreateLoomNetwork("{\"layers\": [{\"type\": \"a\\\"\\u00e9\\n\"}]}"),
                  "unknown layer type 'a\\\"\xc3\xa9\\n'");
    }
    /* The same description in other words: order of keys, white space, escapes, numbers. */
    REPLY_HAS(CreateLoomNetwork(
                  "{\"training\": {\"optimizer\": \"sgd\", \"loss\": \"mse\", \"learning_rate\": 1e-1}, \"id\": "
                  "\"golden\\u005fmse\", "
                  "\"layers\": [{\"name\": \"first\", \"type\": \"dense\", \"input_size\": 4, \"output_size\": 5, "
                  "\"activation\": \"tanh\"},"
                  "{\"type\": \"dense\", \"name\": \"second\", \"output_size\": 2, \"activation\": \"sigmoid\"}]}"),
              "success");
    REPLY(LoomGetNetworkInfo(),
          "{\"batch_size\":1,\"grid_cols\":1,\"grid_rows\":1,\"layers_per_cell\":2,\"total_layers\":2}");
}

static void check_forward(void)
{
    create("golden_mse.json");
    const char *flat = LoomForward("[1, 2, 3, 4]"),
               *nested = LoomForward("{\"input\": [[1, 2], [3, 4]], \"model\": \"golden_mse\"}");
    CHECK(flat[0] == '[' && strchr(flat, ',') && flat[strlen(flat) - 1] == ']' && strcmp(flat, nested) == 0);
    FreeLoomString(flat);
    FreeLoomString(nested);
    REPLY_HAS(LoomForward("[1, 2, 3]"), "the input has 3 numbers, expected 4", "\"line\": 1, \"column\": 1}");
    REPLY_HAS(LoomForward("[1, 2, 3, \"4\"]"), "must hold numbers only, not a string", "\"where\": \"/3\"",
              "\"column\": 11");
    REPLY_HAS(LoomForward("[1, 2, 3, 1e99]"), "holds a number that f32 cannot", "\"where\": \"/3\"");
    REPLY_HAS(LoomForward("{\"inputs\": [1]}"), "unknown key 'inputs'; known are input, model",
              "\"where\": \"/inputs\"");
    REPLY_HAS(LoomForward("{\"input\": [1, 2, 3, 4], \"INPUT\": 1}"), "twice");
    REPLY_HAS(LoomForward("{\"model\": \"golden_mse\"}"), "\\\"input\\\" is missing");
    REPLY_HAS(LoomForward("{\"model\": \"other\", \"input\": [1, 2, 3, 4]}"), "the current network is 'golden_mse'");
    REPLY_HAS(LoomForward("17"), "expected a list of numbers", "not a number");
    REPLY_HAS(LoomForward("\"\xff\""), "not UTF-8");
    REPLY_HAS(LoomForward("[1, 2, 3, 4"), "still open", "\"column\": 12");
}

/* ---- training ----------------------------------------------------------------------------------------------- */

#define SAMPLES "[{\"input\": [1, 2, 3, 4], \"target\": [1, 0]}, {\"input\": [0, 1, 0, -1], \"target\": [0, 1]}]"

static void check_training(void)
{
    create("golden_mse.json");
    REPLY_HAS(LoomTrain("{\"epochs\": 4, \"learning_rate\": 0.5, \"data\": " SAMPLES "}"),
              "{\"FinalLoss\":", ",\"BestLoss\":", ",\"TotalTime\":", ",\"AvgThroughput\":", ",\"LossHistory\":[",
              "],\"EvalMetrics\":null}");
    /* The original's keys, and samples as a whole mini-batch. */
    REPLY_HAS(LoomTrain("{\"Epochs\": 2, \"LearningRate\": 0.1, \"UseGPU\": true, \"Verbose\": false, "
                        "\"PrintEveryBatch\": 5, \"EvaluateEveryN\": 1,"
                        "\"GradientClip\": 0, \"LossType\": \"mse\", \"batches\": [{\"Input\": [1, 2, 3, 4], "
                        "\"Target\": [1, 0]}],"
                        "\"ValidationInputs\": [[1, 2, 3, 4], [4, 3, 2, 1]], \"ValidationTargets\": [0, 1]}"),
              "\"EvalMetrics\":{\"buckets\":{\"0-10%\":", "\"total_samples\":2");
    create("batches.json");
    REPLY_HAS(LoomTrain("{\"epochs\": 2, \"data\": [{\"input\": [1, 2], \"target\": [1, 0]}, {\"input\": [0, 1], "
                        "\"target\": [0, 1]}], \"shuffle\": true, \"seed\": 3}"),
              "\"FinalLoss\":");
    REPLY_HAS(
        LoomTrain("{\"epochs\": 2, \"data\": [{\"input\": [1, 2, 3, 4, 5, 6], \"target\": [1, 0, 0, 1, 0, 0]}]}"),
        "\"FinalLoss\":");
}

/* Each training without a rate of its own has the description's schedule, up to its own end: a second one moves the
 * weights too, and a rate that was given with another one, zero too, does not stay. */
static void check_schedule(void)
{
#define LONG "\"epochs\": 8, \"data\": [{\"input\": [1, 2, 0, 1, 2, 1], \"target\": [1, 0, 0, 1, 1, 1]}]}"
    static const char *const calls[] = {"{" LONG, "{" LONG, "{\"learning_rate\": 0, " LONG, "{" LONG, "{\"learning_rate\": 0.25, " LONG, "{" LONG};
    create("batches.json");
    const char *before = LoomForward("[1, 2, 3, 4, 5, 6]");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        REPLY_HAS(LoomTrain(calls[i]), "FinalLoss");
        const char *after = LoomForward("[1, 2, 3, 4, 5, 6]");
        CHECK((strcmp(before, after) == 0) == (i == 2));
        loom_network *net = *loom_lock();
        loom_schedule s = net->model->progress(net->model, net->instance)->schedule;
        loom_unlock();
        CHECK(s.kind == LOOM_COSINE && s.rate == 0.05 && s.steps == 0);
        FreeLoomString(before);
        before = after;
    }
    FreeLoomString(before);
}

static void check_training_errors(void)
{
    create("golden_mse.json");
    REPLY_HAS(LoomTrain("[]"), "expected {\\\"epochs\\\"");
    REPLY_HAS(LoomTrain("{}"), "must be a list of samples");
    REPLY_HAS(LoomTrain("{\"data\": []}"), "with at least one", "\"where\": \"/data\"");
    REPLY_HAS(LoomTrain("{\"data\": [1]}"), "a sample must be", "\"where\": \"/data/0\"");
    REPLY_HAS(LoomTrain("{\"data\": [{\"input\": [1, 2, 3, 4]}]}"), "needs \\\"input\\\" and \\\"target\\\"");
    REPLY_HAS(LoomTrain("{\"data\": [{\"input\": [1, 2, 3, 4], \"target\": [1]}]}"),
              "the target has 1 numbers, expected 2", "\"where\": \"/data/0/target\"");
    REPLY_HAS(LoomTrain("{\"data\": " SAMPLES ", \"epochs\": 0}"), "'epochs' must be a whole number from 1",
              "\"where\": \"/epochs\"");
    REPLY_HAS(LoomTrain("{\"data\": " SAMPLES ", \"epochs\": 1.5}"), "whole number");
    REPLY_HAS(LoomTrain("{\"data\": " SAMPLES ", \"epochs\": \"3\"}"), "must be a number, not a string");
    REPLY_HAS(LoomTrain("{\"data\": " SAMPLES ", \"learning_rate\": -1}"), "'learning_rate' must be a number from 0 to 1e+30\"");
    REPLY_HAS(LoomTrain("{\"data\": " SAMPLES ", \"shuffle\": 1}"), "'shuffle' must be true or false");
    REPLY_HAS(LoomTrain("{\"data\": " SAMPLES ", \"lr\": 1}"),
              "unknown key 'lr'; known are data, epochs, learning_rate");
    REPLY_HAS(LoomTrain("{\"data\": " SAMPLES ", \"batches\": []}"), "twice");
    REPLY_HAS(LoomTrain("{\"data\": " SAMPLES ", \"validation_inputs\": []}"), "belong together");
    REPLY_HAS(LoomTrain("{\"data\": " SAMPLES ", \"validation_inputs\": [[1]], \"validation_targets\": [1]}"),
              "an input has 1 numbers, expected 4", "\"where\": \"/validation_inputs/0\"");
    REPLY_HAS(LoomTrain("{\"data\": " SAMPLES ", \"loss\": \"anything\"}"),
              compiled ? "was compiled with another loss" : "there is no loss 'anything'");
    REPLY_HAS(LoomTrain("{\"data\": " SAMPLES ", \"model\": \"x\"}"), "the current network is");
}

/* A loss that grows beyond all numbers, and outputs that JSON cannot hold. */
static void check_divergence(void)
{
    REPLY_HAS(CreateLoomNetwork("{\"layers\": [{\"type\": \"dense\", \"input_size\": 4, \"output_size\": 2}]}"),
              "success");
    REPLY_HAS(LoomTrain("{\"data\": " SAMPLES ", \"learning_rate\": 1e9, \"epochs\": 50}"),
              "no finite number any more in epoch", "\"status\": -15");
    REPLY_HAS(LoomForward("[3e38, 3e38, 3e38, 3e38]"), "number 0 of the output is ", ", which JSON cannot hold");
}

/* After an error nothing has changed. */
static void check_untouched(void)
{
    create("golden_mse.json");
    const char *before = LoomForward("[1, 2, 3, 4]");
    REPLY_HAS(LoomTrain("{\"data\": [{\"input\": [1, 2, 3, 4], \"target\": [1, 0]}, {\"input\": [1, 2, 3, null], "
                        "\"target\": [1, 0]}]}"),
              "not null");
    REPLY_HAS(CreateLoomNetwork("{\"layers\": 5}"), "error");
    REPLY_HAS(LoomLoadModel("{\"type\": \"modelhost/bundle\", \"version\": 1, \"models\": []}", "x"), "error");
    REPLY(LoomForward("[1, 2, 3, 4]"), before);
    FreeLoomString(before);
}

/* ---- saving ------------------------------------------------------------------------------------------------- */

static void check_saving(void)
{
    create("golden_mse.json");
    REPLY_HAS(LoomTrain("{\"epochs\": 3, \"learning_rate\": 0.5, \"data\": " SAMPLES "}"), "FinalLoss");
    const char *before = LoomForward("[1, 2, 3, 4]"), *bundle = LoomSaveModel("a \"name\"");
    loom_json_problem p;
    CHECK(loom_json_check(bundle, strlen(bundle), &p));
    CHECK(has(bundle, "\"type\": \"modelhost/bundle\"") && has(bundle, "\"version\": 1") &&
          has(bundle, "\"producer\": \"loom-c\"") && has(bundle, "\"id\": \"a \\\"name\\\"\"") &&
          has(bundle, "\"fmt\": \"jsonModelB64\""));
    create("golden_mse.json");
    const char *fresh = LoomForward("[1, 2, 3, 4]");
    CHECK(strcmp(fresh, before) != 0);
    REPLY_HAS(LoomLoadModel(bundle, "another"), "model another not found in bundle");
    REPLY(LoomForward("[1, 2, 3, 4]"), fresh);
    REPLY(LoomLoadModel(bundle, "a \"name\""), "{\"success\": true}");
    REPLY(LoomForward("[1, 2, 3, 4]"), before);
    create("golden_mse.json");
    REPLY(LoomLoadModel(bundle, NULL), "{\"success\": true}");
    REPLY(LoomForward("[1, 2, 3, 4]"), before);
    const char *again = LoomSaveModel("a \"name\"");
    CHECK(strcmp(again, bundle) == 0);
    char *broken = strdup(bundle), *data = strstr(broken, "\"data\": \"") + 20;
    *data = '*';
    REPLY_HAS(LoomLoadModel(broken, NULL), "not base64");
    REPLY(LoomForward("[1, 2, 3, 4]"), before);
    REPLY_HAS(LoomLoadModel("{\"type\": \"other\"}", "x"), "invalid bundle type", "\"where\": \"/type\"");
    REPLY_HAS(LoomLoadModel("[1]", "x"), "invalid bundle type");
    free(broken);
    FreeLoomString(before);
    FreeLoomString(fresh);
    FreeLoomString(again);
    FreeLoomString(bundle);
}

static void check_gradients(void)
{
    create("golden_gradient.json");
    REPLY_HAS(LoomBackward("[1, 1]"), "call LoomForward first");
    REPLY_HAS(LoomApplyGradients(0.1f), "there are no gradients");
    FreeLoomString(LoomForward("[1, 2, 3, 4]"));
    REPLY_HAS(LoomBackward("[1]"), "the gradient has 1 numbers, expected 2");
    REPLY(LoomBackward("{\"gradient\": [1, -1], \"model\": \"golden_gradient\"}"), SUCCESS);
    REPLY(LoomApplyGradients(0.1f), SUCCESS);
    REPLY_HAS(LoomApplyGradients(-1), "the optimiser", "\"status\": -1");
    REPLY_HAS(LoomApplyGradients((float)NAN), "the optimiser");
    REPLY_HAS(LoomApplyGradientsAdamW(0.1f, 1.5f, 0.9f, 0), "the optimiser");
    REPLY(LoomApplyGradientsAdamW(0.1f, 0.9f, 0.999f, 0), SUCCESS);
}

static void check_evaluation(void)
{
    create("golden_mse.json");
    REPLY_HAS(LoomEvaluateNetwork("[[1, 2, 3, 4]]", "[0, 1]"), "mismatched inputs (1) vs expected outputs (2)");
    REPLY_HAS(LoomEvaluateNetwork("[[1, 2, 3]]", "[0]"), "an input has 3 numbers, expected 4", "\"where\": \"/0\"");
    REPLY_HAS(LoomEvaluateNetwork("{}", "[0]"), "expected a list of inputs");
    REPLY_HAS(LoomEvaluateNetwork("[[1, 2, 3, 4]]", "[\"a\"]"), "must hold numbers only");
    REPLY_HAS(LoomEvaluateNetwork("[]", "[]"), "\"total_samples\":0", "\"results\":[]");
    create("batches.json"); /* four samples in calls of three */
    REPLY_HAS(LoomEvaluateNetwork("[[1, 2], [3, 4], [5, 6], [1, 2]]", "[0, 1, 0, 1]"), "\"total_samples\":4",
              "\"sample_index\":3");
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    compiled = register_models();
    setlocale(LC_ALL, "");
    CHECK(argc < 3 || strcmp(localeconv()->decimal_point, ",") == 0);
    check_no_network();
    check_null();
    check_create();
    check_forward();
    check_training();
    check_schedule();
    check_training_errors();
    if (!compiled)
        check_divergence();
    check_untouched();
    check_saving();
    check_gradients();
    check_evaluation();
    return finish();
}
