/* golden.c - the numbers that the original gave: training, optimisers, evaluation, schedulers.
 *
 *   golden FOLDER     with the descriptions golden_*.json
 *
 * The network is dense(4,5,tanh) > dense(5,2,sigmoid) with the original's test weights, number k of tensor s being
 * (((37k + 17s + 11) mod 101) - 50) / 100, and one sample. Two of its optimisers lost their state between the steps: so do
 * ours when the network is saved and loaded there (with their state tests/abi/run checks them, with formulas). */
#include "check.h"
#include "loom_text.h"

static const char *folder;

static void put_weights(loom_writer *w, int s, int n)
{
    loom_put(w, "[");
    for (int k = 0; k < n; k++) {
        loom_put(w, k ? "," : "");
        loom_put_f32(w, (float)(((37 * k + 17 * s + 11) % 101 - 50) / 100.0));
    }
    loom_put(w, "]");
}

/* The network `name` with the test's weights becomes current. */
static void load(const char *name)
{
    char file[100];
    snprintf(file, sizeof file, "%s.json", name);
    char *description = read_text(folder, file);
    loom_writer w = loom_reply();
    loom_put(&w, "{\"type\": \"modelhost/bundle\", \"version\": 1, \"producer\": \"loom-c\", \"models\": [{\"id\": "
                 "\"g\", \"cfg\": ");
    loom_put(&w, description);
    loom_put(&w, ", \"weights\": {\"fmt\": \"json\", \"layers\": [{\"kernel\": ");
    put_weights(&w, 1, 20);
    loom_put(&w, ", \"biases\": ");
    put_weights(&w, 2, 5);
    loom_put(&w, "}, {\"kernel\": ");
    put_weights(&w, 3, 10);
    loom_put(&w, ", \"biases\": ");
    put_weights(&w, 4, 2);
    loom_put_bytes(&w, "}]}}]}", 7);
    REPLY(LoomLoadModel(w.s, "g"), "{\"success\": true}");
    free(w.s);
    free(description);
}

static int near_to(double x, double y, double most) { return fabs(x - y) <= most; }

/* The first n numbers of a tensor of the current network. */
static void check_tensor(const char *what, const char *name, const float *expected, size_t n)
{
    float got[20];
    loom_network *net = *loom_lock();
    int i = loom_tensor_find(net->model, name);
    CHECK(loom_tensor_get(net->model, net->instance, i, 0, n, got) == LOOM_OK);
    loom_unlock();
    for (size_t k = 0; k < n; k++)
        if (!CHECK(near_to((double)got[k], (double)expected[k], 2e-6)))
            printf("    %s: %s[%zu] is %.9g, expected %.9g\n", what, name, k, (double)got[k], (double)expected[k]);
}

typedef struct golden {
    float w2[10], b2[2], w1[5], b1[5], y[2];
} golden;

static void input_text(char text[100])
{
    loom_writer w = {text, 0, 99, 0, NULL};
    for (int k = 0; k < 4; k++) {
        loom_put(&w, k ? "," : "[");
        loom_put_f32(&w, (float)(((29 * k + 7) % 41 - 20) / 10.0));
    }
    loom_put(&w, "]");
    text[w.n] = 0;
}

static void forward(double y[2])
{
    char text[100];
    input_text(text);
    const char *reply = LoomForward(text);
    char *end;
    CHECK(reply[0] == '[');
    y[0] = strtod(reply + 1, &end);
    y[1] = strtod(end + 1, NULL);
    FreeLoomString(reply);
}

static void check_network(const char *what, const golden *g)
{
    double y[2];
    check_tensor(what, "second_kernel", g->w2, 10);
    check_tensor(what, "second_biases", g->b2, 2);
    check_tensor(what, "first_kernel", g->w1, 5);
    check_tensor(what, "first_biases", g->b1, 5);
    forward(y);
    for (int i = 0; i < 2; i++)
        if (!CHECK(near_to(y[i], (double)g->y[i], 2e-6)))
            printf("    %s: y[%d] is %.9g, expected %.9g\n", what, i, y[i], (double)g->y[i]);
}

/* ---- training ----------------------------------------------------------------------------------------------- */

static void check_history(const char *reply, const double expected[3])
{
    const char *list = strstr(reply, "\"LossHistory\":[");
    CHECK(list != NULL);
    char *at = list ? (char *)list + 15 : "";
    for (int i = 0; i < 3 && list; i++) {
        double x = strtod(at, &at);
        if (!CHECK(near_to(x, expected[i], 2e-7)))
            printf("    loss %d is %.17g, expected %.17g\n", i, x, expected[i]);
        at++;
    }
    CHECK(list && at[-1] == ']');
}

static void train(const char *name, const double history[3], const golden *g)
{
    char text[300], input[100];
    load(name);
    input_text(input);
    snprintf(text, sizeof text,
             "{\"epochs\": 3, \"learning_rate\": 0.1, \"data\": [{\"input\": %s, \"target\": [1, 0]}]}", input);
    const char *reply = LoomTrain(text);
    check_history(reply, history);
    FreeLoomString(reply);
    check_network(name, g);
}

static const golden after_sgd = {{0.10242271f, 0.5040091f, -0.13866435f, 0.21094972f, -0.3897093f, -0.074157864f,
                                  0.29445535f, -0.29962137f, 0.0648611f, 0.4081408f},
                                 {0.33155555f, -0.38313758f},
                                 {-0.20757958f, 0.16593513f, -0.48080254f, -0.13883115f, 0.2630185f},
                                 {-0.059554163f, 0.3077422f, -0.32707497f, 0.06448549f, 0.40998575f},
                                 {0.4565417f, 0.42247733f}};

static void check_training(void)
{
    static const golden ce = {
        {0.08737597f, 0.49f, -0.12718055f, 0.22f, -0.3602433f, -0.05f, 0.26914874f, -0.32f, 0.081708014f, 0.42f},
        {0.37295952f, -0.35f},
        {-0.22991619f, 0.1641459f, -0.4692944f, -0.14033891f, 0.24443813f},
        {-0.04237217f, 0.30911854f, -0.3359274f, 0.06564532f, 0.42427835f},
        {0.48535892f, 0.45940435f}};
    static const golden clip = {{0.11749855f, 0.4920308f, -0.14821273f, 0.21854892f, -0.4155107f, -0.053644665f,
                                 0.3161494f, -0.31687382f, 0.052279215f, 0.41814953f},
                                {0.29611036f, -0.35496074f},
                                {-0.21815394f, 0.15237969f, -0.4886221f, -0.12276634f, 0.25198114f},
                                {-0.051420044f, 0.31816947f, -0.3210599f, 0.05212795f, 0.41847605f},
                                {0.4310135f, 0.45418215f}};
    train("golden_mse", (const double[]){0.27015898576264163, 0.2584169589510421, 0.24734709705337865}, &after_sgd);
    train("golden_ce", (const double[]){0.42600285068498944, 0.4022267214839553, 0.38080053452743057}, &ce);
    train("golden_clip", (const double[]){0.27015898576264163, 0.2684366742075657, 0.26672148379214633}, &clip);
}

/* ---- three steps with the gradient y - t, and an optimiser -------------------------------------------------- */

static const char *plain(void) { return LoomApplyGradients(0.1f); }
static const char *update(void) { return LoomUpdateWeights(0.1f); }
static const char *adamw(void) { return LoomApplyGradientsAdamW(0.01f, 0.9f, 0.999f, 0.01f); }
static const char *rmsprop(void) { return LoomApplyGradientsRMSprop(0.01f, 0.99f, 1e-8f, 0); }
static const char *momentum(void) { return LoomApplyGradientsSGDMomentum(0.1f, 0.9f, 0, 0); }
static const char *rmsprop_momentum(void) { return LoomApplyGradientsRMSprop(0.01f, 0.99f, 1e-8f, 0.9f); }
static const char *nesterov(void) { return LoomApplyGradientsSGDMomentum(0.1f, 0.9f, 0, 1); }

/* Saved and loaded again, the network has its weights and nothing else. */
static void forget(void)
{
    const char *bundle = LoomSaveModel("g");
    REPLY(LoomLoadModel(bundle, "g"), "{\"success\": true}");
    FreeLoomString(bundle);
}

static void three_steps(const char *(*step)(void), int forgets)
{
    load("golden_gradient");
    for (int i = 0; i < 3; i++) {
        if (forgets)
            forget();
        double y[2];
        char text[100];
        forward(y);
        snprintf(text, sizeof text, "[%.9g, %.9g]", y[0] - 1, y[1]);
        REPLY(LoomBackward(text), "{\"status\": \"success\"}");
        REPLY(step(), "{\"status\": \"success\"}");
    }
}

static void check_optimisers(void)
{
    static const golden after_adamw = {{0.08992112f, 0.51987493f, -0.12033686f, 0.19044235f, -0.3899387f,
                                        -0.079847276f, 0.28999653f, -0.2900767f, 0.07973599f, 0.39023253f},
                                       {0.31998268f, -0.37992358f},
                                       {-0.19001225f, 0.17985801f, -0.45984438f, -0.14995411f, 0.27977157f},
                                       {-0.079924755f, 0.290094f, -0.35001165f, 0.0799931f, 0.39015043f},
                                       {0.46580675f, 0.39418364f}};
    static const golden after_rmsprop = {{-0.12079911f, 0.70669204f, -0.15086903f, 0.18983366f, -0.27302557f,
                                          -0.18026763f, 0.19764663f, -0.20605557f, 0.10562977f, 0.34780055f},
                                         {0.49697468f, -0.5269956f},
                                         {-0.04934516f, 0.30713505f, -0.27636787f, -0.31799823f, 0.36291593f},
                                         {-0.22062466f, 0.16288234f, -0.5335788f, 0.24798445f, 0.30710268f},
                                         {0.6775669f, 0.21210214f}};
    static const golden after_momentum = {{0.08726759f, 0.516159f, -0.12850627f, 0.20277329f, -0.3631901f,
                                           -0.095451534f, 0.27195388f, -0.28154153f, 0.07803574f, 0.39754787f},
                                          {0.36783326f, -0.41225782f},
                                          {-0.19670378f, 0.17991227f, -0.47271934f, -0.15524453f, 0.27451873f},
                                          {-0.06792017f, 0.29699054f, -0.3332928f, 0.07711118f, 0.40113944f},
                                          {0.48238704f, 0.39086524f}};
    static const golden forgot_rmsprop = {{-0.17996642f, 0.7898622f, -0.24990846f, 0.31947023f, -0.31859198f,
                                           -0.15958571f, 0.21995562f, -0.2193622f, -0.049672365f, 0.51848316f},
                                          {0.5899848f, -0.64991194f},
                                          {0.07860086f, 0.44951695f, -0.19041845f, -0.4197364f, 0.5278501f},
                                          {-0.34766144f, 0.020814598f, -0.6192945f, 0.34955534f, 0.15137735f},
                                          {0.7894381f, 0.10638637f}};
    static const golden forgot_nesterov = {{0.08596683f, 0.5165914f, -0.13032144f, 0.20452371f, -0.36363822f,
                                            -0.09413982f, 0.27337533f, -0.28344482f, 0.07665585f, 0.3990786f},
                                           {0.36796775f, -0.41103104f},
                                           {-0.19696417f, 0.17939065f, -0.47309282f, -0.15530005f, 0.27352127f},
                                           {-0.06771987f, 0.2973918f, -0.33300552f, 0.07715389f, 0.40190676f},
                                           {0.48210472f, 0.39233342f}};
    three_steps(plain, 0);
    check_network("ApplyGradients", &after_sgd);
    three_steps(update, 0);
    check_network("UpdateWeights", &after_sgd);
    three_steps(adamw, 0);
    check_network("AdamW", &after_adamw);
    three_steps(rmsprop, 0);
    check_network("RMSprop", &after_rmsprop);
    three_steps(momentum, 0);
    check_network("momentum", &after_momentum);
    three_steps(rmsprop_momentum, 1);
    check_network("RMSprop with momentum, forgetting", &forgot_rmsprop);
    three_steps(nesterov, 1);
    check_network("nesterov, forgetting", &forgot_nesterov);
}

/* Prints what the others give, for a comparison elsewhere. */
static void print_tensor(const char *name, size_t n)
{
    float got[20];
    loom_network *net = *loom_lock();
    loom_tensor_get(net->model, net->instance, loom_tensor_find(net->model, name), 0, n, got);
    loom_unlock();
    for (size_t k = 0; k < n; k++)
        printf(" %.9g", (double)got[k]);
}

static int print_optimisers(void)
{
    static const struct {
        const char *name;
        const char *(*step)(void);
    } rows[] = {{"sgd", plain},         {"adamw", adamw},
                {"rmsprop", rmsprop},   {"rmsprop_momentum", rmsprop_momentum},
                {"momentum", momentum}, {"nesterov", nesterov}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        three_steps(rows[i].step, 0);
        printf("%s", rows[i].name);
        print_tensor("first_kernel", 20);
        print_tensor("first_biases", 5);
        print_tensor("second_kernel", 10);
        print_tensor("second_biases", 2);
        printf("\n");
    }
    return failed > 0;
}

/* ---- evaluation, schedulers --------------------------------------------------------------------------------- */

static const char evaluation[] =
    "{\"buckets\":{\"0-10%\":{\"range_min\":0,\"range_max\":10,\"count\":1,\"samples\":[0]},"
    "\"10-20%\":{\"range_min\":10,\"range_max\":20,\"count\":0,\"samples\":[]},"
    "\"100%+\":{\"range_min\":100,\"range_max\":1000000000,\"count\":1,\"samples\":[3]},"
    "\"20-30%\":{\"range_min\":20,\"range_max\":30,\"count\":0,\"samples\":[]},"
    "\"30-40%\":{\"range_min\":30,\"range_max\":40,\"count\":0,\"samples\":[]},"
    "\"40-50%\":{\"range_min\":40,\"range_max\":50,\"count\":2,\"samples\":[1,2]},"
    "\"50-100%\":{\"range_min\":50,\"range_max\":100,\"count\":0,\"samples\":[]}},"
    "\"score\":50,\"total_samples\":4,\"failures\":1,\"results\":["
    "{\"sample_index\":0,\"expected\":1,\"actual\":1.05,\"deviation\":5.000000000000004,\"bucket\":\"0-10%\"},"
    "{\"sample_index\":1,\"expected\":2,\"actual\":2.9,\"deviation\":44.99999999999999,\"bucket\":\"40-50%\"},"
    "{\"sample_index\":2,\"expected\":0,\"actual\":0.5,\"deviation\":50,\"bucket\":\"40-50%\"},"
    "{\"sample_index\":3,\"expected\":4,\"actual\":9,\"deviation\":125,\"bucket\":\"100%+\"}],\"avg_deviation\":56."
    "25}";

static void check_evaluation(void)
{
    static const double expected[] = {1, 2, 0, 4}, actual[] = {1.05, 2.9, 0.5, 9};
    loom_writer w = loom_reply();
    loom_error e = {0};
    loom_put_metrics(&w, expected, actual, 4);
    REPLY(loom_reply_end(&w, &e), evaluation);
}

static void check_scheduler(long long h, const char *name, int step, double rate)
{
    CHECK(h > 0);
    CHECK(near_to((double)LoomSchedulerGetLR(h, step), rate, 1e-9));
    REPLY(LoomSchedulerName(h), name);
    LoomFreeScheduler(h);
    CHECK(LoomSchedulerGetLR(h, step) < -0.5f);
    REPLY(LoomSchedulerName(h), "invalid");
}

static void check_schedulers(void)
{
    check_scheduler(LoomCreateConstantScheduler(0.25f), "Constant", 123456, 0.25);
    check_scheduler(LoomCreateLinearDecayScheduler(0.01f, 0.0001f, 1000), "LinearDecay", 500, 0.00505);
    check_scheduler(LoomCreateCosineScheduler(0.01f, 0.0001f, 1000), "CosineAnnealing", 500, 0.00505);
    check_scheduler(LoomCreateLinearDecayScheduler(0.01f, 0.0001f, 1000), "LinearDecay", 1000, 0.0001);
    check_scheduler(LoomCreateCosineScheduler(0.01f, 0.0001f, 1000), "CosineAnnealing", 0, 0.01);
    check_scheduler(LoomCreateCosineScheduler(0.01f, 0.0001f, 0), "CosineAnnealing", 3, 0.0001);
    CHECK(LoomCreateConstantScheduler((float)NAN) == -1);
    LoomFreeScheduler(-5);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    register_models();
    if (argc > 2)
        return print_optimisers();
    check_training();
    check_optimisers();
    check_evaluation();
    check_schedulers();
    return finish();
}
