/* compiled.c - the program around compiled models. models.h, which `run` writes, includes their headers and lists them:
 * MODELS(X) is X(id, ID, vocabulary) for each. All of them take turns at the same memory. */
#include "models.h"

#include "program.h"

#define INSTANCE(id, ID, vocabulary) struct id id;
#define INPUT(id, ID, vocabulary) float id[ID##_INPUT_SIZE];
#define OUTPUT(id, ID, vocabulary) float id[ID##_OUTPUT_SIZE];
static union { MODELS(INPUT) float number; } input;
static union { MODELS(OUTPUT) float number; } target, output;
union instances { MODELS(INSTANCE) };
static unsigned char memory[sizeof(union instances) + 63];

static int run_one(const loom_model *m, uint32_t vocabulary)
{
    void *instance = memory + (-(uintptr_t)memory & 63);
    const buffers b = {&input.number, &target.number, &output.number};
    int status = loom_instance_init(m, instance, sizeof(union instances));
    if (status) {
        print("error ");
        print(loom_model_id(m));
        print(" init: ");
        print(loom_status_text(status));
        print("\n");
        return 1;
    }
    status = run_network(m, instance, vocabulary, &b);
    loom_instance_end(m, instance);
    return status;
}

int main(void)
{
    int failed = 0;
#define RUN(id, ID, vocabulary) failed |= run_one(id##_model(), vocabulary);
    MODELS(RUN)
    return failed;
}
