/* Seven models of one network in one program. */
#include <stdio.h>
#include <stdlib.h>

#include "gate8.h"
#include "learner.h"
#include "loaded.h"
#include "plain.h"
#include "small.h"
#include "twice.h"
#include "wide.h"

static int wrong;

static void check(const char *what, int good)
{
    if (!good)
        printf("wrong: %s\n", what);
    wrong |= !good;
}

int main(int argc, char **argv)
{
    static struct plain plain;
    static struct twice twice;
    static struct wide wide;
    static struct loaded loaded;
    static struct loaded_weights weights;
    static struct small small;
    static struct learner learner;
    static unsigned char file[1 << 16];
    const float inputs[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, targets[4] = {0, 1, 1, 0};
    FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
    size_t n = f ? fread(file, 1, sizeof file, f) : 0;
    plain_init(&plain);
    twice_init(&twice);
    wide_init(&wide);
    small_init(&small);
    check("the file of weights", loaded_load(&weights, file, n) == 0 && loaded_init(&loaded, &weights) == 0);
    for (int i = 0; i < 4; i++) {
        float y = -1, same = -2, untrained = -3, on_board = -4;
        double two = -1, x[2] = {inputs[i][0], inputs[i][1]};
        wide_forward(&wide, inputs[i], &y);
        loaded_forward(&loaded, inputs[i], &same);
        twice_forward(&twice, x, &two);
        plain_forward(&plain, inputs[i], &untrained);
        small_forward(&small, inputs[i], &on_board);
        check("learned, in float32", (y > 0.5f) == (targets[i] > 0.5f));
        check("learned, in float64", (two > 0.5) == (targets[i] > 0.5f));
        check("the same bits of weights from a file", y == same);
        check("the same bits as for a microcontroller", untrained == on_board);
    }
    check("int8 is there", sizeof(struct gate8) > 0);
    const loom_model *m = learner_model();
    double first = 0, last = 0;
    int status = loom_instance_init(m, &learner, sizeof learner);
    for (int i = 0; i < 100 && status == LOOM_OK; i++)
        status = loom_train(m, &learner, inputs, targets, 4, i ? &last : &first);
    check("training", status == LOOM_OK && last < first);
    check("the runtime's text", loom_register(m) >= 0 && CreateLoomNetwork("{\"id\": \"learner\"}")[2] != 'e');
    if (f)
        fclose(f);
    return wrong;
}
