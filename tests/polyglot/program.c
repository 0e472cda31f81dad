/* program.c - the C row: trains, and writes outputs, weights and the saved file into a folder. With COMPILED the compiled model. */
#include <stdio.h>
#include <stdlib.h>

#include "loom.h"
#ifdef COMPILED
const loom_model *grid_scatter_model(void);
#endif

static void check(int status)
{
    if (status >= 0)
        return;
    fprintf(stderr, "%s\n", loom_status_text(status));
    exit(1);
}

static void put(const char *folder, const char *name, const void *bytes, size_t n, const char *mode)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, mode);
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
        exit(1);
}

static const loom_model *model_of(const char *file)
{
#ifdef COMPILED
    (void)file;
    return grid_scatter_model();
#else
    static char json[10000];
    FILE *f = fopen(file, "rb");
    const loom_options options = {.train = 1};
    const loom_model *m = NULL;
    if (!f)
        exit(1);
    check(loom_model_from_json(json, fread(json, 1, sizeof json, f), &options, &m, NULL));
    fclose(f);
    return m;
#endif
}

/* program DESCRIPTION FOLDER */
int main(int argc, char **argv)
{
    static const float inputs[4][8] = {{.2f, .2f, .2f, .2f, .8f, .8f, .8f, .8f}, {.9f, .9f, .9f, .9f, .1f, .1f, .1f, .1f},
                                       {.7f, .7f, .7f, .7f, .3f, .3f, .3f, .3f}, {.3f, .3f, .3f, .3f, .7f, .7f, .7f, .7f}};
    static const float targets[4][2] = {{1, 0}, {0, 1}, {0, 1}, {1, 0}};
    if (argc != 3)
        return 2;
    const loom_model *m = model_of(argv[1]);
    void *net = NULL;
    float y[2];
    const loom_fit_options options = {.epochs = 25, .learning_rate = 0.15};
    const loom_save_options saving = {.description = 1};
    check(loom_instance_new(m, &net));
    check(loom_fit(m, net, inputs, targets, 4, &options, NULL));
    put(argv[2], "outputs", "", 0, "wb");
    for (int i = 0; i < 4; i++) {
        check(loom_forward(m, net, inputs[i], 8, y, 2));
        put(argv[2], "outputs", y, sizeof y, "ab");
    }
    put(argv[2], "weights", "", 0, "wb");
    for (int i = 0; i < loom_tensor_count(m); i++)
        if (loom_tensor_role(m, i) == LOOM_PARAM)
            put(argv[2], "weights", loom_tensor_data(m, net, i), loom_tensor_size(m, i) * sizeof(float), "ab");
    size_t size;
    check(loom_save(m, net, &saving, NULL, 0, &size));
    void *bytes = malloc(size);
    check(loom_save(m, net, &saving, bytes, size, &size));
    put(argv[2], "saved", bytes, size, "wb");
    free(bytes);
    loom_instance_free(m, net);
    loom_model_free(m);
    return 0;
}
