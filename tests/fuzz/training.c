/* training.c - libFuzzer: any text to the functions that take and give text; the first byte chooses which. Every reply must
 * be JSON, the network must run afterwards, and numbers must be read as the C library reads them, and written so that
 * they read back. tests/fuzz/run builds and runs it; seeds are in seeds/training. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/loom.h"
#include "../../runtime/loom_json.h"
#include "../../runtime/loom_number.h"

enum { MOST_EPOCHS = 20 };

static const char network[] =
    "{\"id\": \"n\", \"batch_size\": 2, \"input\": {\"shape\": [3]}, \"training\": {\"epochs\": 2}, \"layers\": ["
    "{\"type\": \"dense\", \"output_size\": 4, \"activation\": \"tanh\"}, {\"type\": \"dense\", \"output_size\": "
    "2}]}";

static void check(int good)
{
    if (!good)
        abort();
}

static void reply(const char *text)
{
    loom_json_problem p;
    check(text && loom_json_check(text, strlen(text), &p));
    FreeLoomString(text);
}

/* Training that is long is no find. */
static int is_short(const char *text)
{
    loom_json_problem p;
    loom_json key, value;
    if (!loom_json_check(text, strlen(text), &p))
        return 1;
    for (loom_json_walk w = loom_json_in(loom_json_root(text, strlen(text))); loom_json_next(&w, &key, &value);)
        if (key.at && loom_json_resembles(key, "epochs") && loom_json_kind(value) == '0' &&
            loom_json_number(value) > MOST_EPOCHS)
            return 0;
    return 1;
}

static void check_f64(const char *text, size_t n)
{
    char again[LOOM_NUMBER_SIZE];
    double x = 0, y = strtod(text, NULL), z = 0;
    check(loom_read_f64(text, n, &x) == n && memcmp(&x, &y, sizeof x) == 0);
    size_t length = loom_write_f64(again, x);
    check(length < sizeof again &&
          (!isfinite(x) || (loom_read_f64(again, length, &z) == length && memcmp(&x, &z, sizeof x) == 0)));
}

static void check_f32(const char *text, size_t n)
{
    char again[LOOM_NUMBER_SIZE];
    float x = 0, y = strtof(text, NULL), z = 0;
    check(loom_read_f32(text, n, &x) == n && memcmp(&x, &y, sizeof x) == 0);
    size_t length = loom_write_f32(again, x);
    check(length < sizeof again &&
          (!isfinite(x) || (loom_read_f32(again, length, &z) == length && memcmp(&x, &z, sizeof x) == 0)));
}

static void check_number(char *text)
{
    size_t n = loom_number_length(text, strlen(text));
    text[n] = 0;
    if (n) {
        check_f64(text, n);
        check_f32(text, n);
    }
}

static void call(char function, char *text)
{
    switch (function) {
    case 'f': reply(LoomForward(text)); break;
    case 'e': reply(LoomEvaluateNetwork(text, "[0, 1]")); break;
    case 'x': reply(LoomEvaluateNetwork("[[1, 2, 3], [4, 5, 6]]", text)); break;
    case 'l': reply(LoomLoadModel(text, NULL)); break;
    case 'n': check_number(text); break;
    case 'b':
        reply(LoomForward("[1, 2, 3, 4, 5, 6]"));
        reply(LoomBackward(text));
        reply(LoomApplyGradientsAdamW(0.1f, 0.9f, 0.99f, 0.1f));
        break;
    default:
        if (is_short(text))
            reply(LoomTrain(text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    char *text = malloc(n);
    check(text != NULL);
    memcpy(text, data + 1, n - 1);
    text[n - 1] = 0;
    reply(CreateLoomNetwork(network));
    call((char)data[0], text);
    reply(CreateLoomNetwork(network));
    const char *y = LoomForward("[1, 2, 3, 4, 5, 6]");
    check(y[0] == '[');
    FreeLoomString(y);
    free(text);
    return 0;
}
