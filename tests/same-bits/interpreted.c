/* interpreted.c - the program around libloom: networks from their descriptions, run by the interpreter.
 *   interpreted FILE VOCABULARY [FILE VOCABULARY]... */
#include <stdio.h>
#include <stdlib.h>

#include "program.h"

static int run_model(const loom_model *m, uint32_t vocabulary)
{
    void *instance = NULL;
    float *numbers = malloc((loom_input_size(m) + 2 * loom_output_size(m)) * sizeof(float));
    int status = numbers ? loom_instance_new(m, &instance) : LOOM_E_MEMORY;
    if (status) {
        printf("error %s init: %s\n", loom_model_id(m), loom_status_text(status));
    } else {
        float *target = numbers + loom_input_size(m);
        const buffers b = {numbers, target, target + loom_output_size(m)};
        status = run_network(m, instance, vocabulary, &b);
    }
    loom_instance_free(m, instance);
    free(numbers);
    return status != 0;
}

static int run_file(const char *name, uint32_t vocabulary)
{
    static char text[1 << 16];
    const loom_options options = {.type = LOOM_F32, .train = 1, .name = name};
    const loom_model *m = NULL;
    loom_error error;
    FILE *file = fopen(name, "rb");
    size_t size = file ? fread(text, 1, sizeof text, file) : 0;
    if (file)
        fclose(file);
    if (loom_model_from_json(text, size, &options, &m, &error)) {
        printf("error %s %s\n", name, error.message);
        return 1;
    }
    int failed = run_model(m, vocabulary);
    loom_model_free(m);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i + 1 < argc; i += 2)
        failed |= run_file(argv[i], (uint32_t)strtoul(argv[i + 1], NULL, 10));
    return failed;
}
