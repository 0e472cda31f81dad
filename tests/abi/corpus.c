/* corpus.c - a whole network through the text interface: created, run, saved, loaded, run again to the same bits.
 *
 *   corpus FILE.json...     what was saved goes to the file.s name with .saved behind it, in the working folder */
#include "check.h"
#include "loom_text.h"

/* "[0.5,-0.25,...]": numbers that also serve as ids of an embedding. */
static char *make_input(size_t n)
{
    loom_writer w = loom_reply();
    loom_put(&w, "[");
    for (size_t i = 0; i < n; i++) {
        loom_put(&w, i ? "," : "");
        loom_put_f64(&w, (double)((i * 29 + 7) % 41) / 16);
    }
    loom_put_bytes(&w, "]", 2);
    return w.s;
}

static void keep(const char *path, const char *text)
{
    const char *slash = strrchr(path, '/');
    char name[400];
    snprintf(name, sizeof name, "%s.saved", slash ? slash + 1 : path);
    FILE *f = fopen(name, "wb");
    if (CHECK(f != NULL)) {
        fputs(text, f);
        fclose(f);
    }
}

/* The network as it is in the file, so that its name stands in for an id. */
static void there_and_back(const char *path, const char *input)
{
    const char *before = LoomForward(input), *bundle = LoomSaveModel(NULL);
    if (!CHECK(!has(bundle, "\"error\"")))
        printf("    %s: %s\n", path, bundle);
    keep(path, bundle);
    REPLY(LoomLoadModel(bundle, NULL), "{\"success\": true}");
    const char *after = LoomForward(input);
    if (!CHECK(strcmp(before, after) == 0))
        printf("    %s: %.100s\n    not %.100s\n", path, after, before);
    FreeLoomString(before);
    FreeLoomString(bundle);
    FreeLoomString(after);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *text = read_text(".", argv[i]);
        const char *made = CreateLoomNetwork(text);
        if (CHECK(has(made, "success"))) {
            loom_network *net = *loom_lock();
            size_t n = net->model->input_size;
            loom_unlock();
            char *input = make_input(n);
            there_and_back(argv[i], input);
            free(input);
        } else {
            printf("    %s: %s\n", argv[i], made);
        }
        FreeLoomString(made);
        free(text);
    }
    return finish();
}
