/* loom_measure.c - runs $(id) once for `loomc report --measure`: stack, and marks between which instructions are counted. */
#include "$(id).h"
#include "loom_board.h"

static struct $(id) net;
static $(real) input[$(ID)_INPUT_SIZE], output[$(ID)_OUTPUT_SIZE];
//@ if train then
static $(real) target[$(ID)_OUTPUT_SIZE];
//@ end
static int out;

static void put(const char *text)
{
    int n = 0;
    while (text[n])
        n++;
    loom_board_write(out, text, n);
}

static void put_number(const char *name, uint32_t n)
{
    char text[12], *p = text + 11;
    *p = 0;
    *--p = '\n';
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    put(name);
    put(p);
}

//@ if trace then
static int steps[$(#steps + #train_steps + 8)], n_steps;

void $(id)_trace(int step, int tensor, const void *data);
__attribute__((noinline, noclone)) void $(id)_trace(int step, int tensor, const void *data)
{
    (void)tensor;
    (void)data;
    steps[n_steps++] = step;
}
//@ else
void loom_mark(void);
__attribute__((noinline, noclone)) void loom_mark(void) { __asm__ volatile(""); }

static uint32_t stack_of(uint32_t before)
{
    const uint32_t most = loom_board_stack();
    return most > before ? most - before : 0;
}
//@ end

int main(void)
{
    for (int i = 0; i < $(ID)_INPUT_SIZE; i++)
        input[i] = ($(real))(i * 7 % 13) * ($(real))0.0625;
    $(id)_init(&net);
    out = loom_board_open("said.txt", 1);
//@ if trace then
    $(id)_trace($(#steps + #train_steps), 0, input);
    $(id)_trace($(#steps + #train_steps), 0, input); /* what a mark costs */
    $(id)_forward(&net, input, output);
//@ if train then
    $(id)_trace($(#steps + #train_steps), 0, input);
    $(id)_train(&net, input, target, $(ID)_BATCH);
    $(id)_trace($(#steps + #train_steps - 1), 0, input); /* the last step has no result, and so no mark */
//@ end
    for (int i = 0; i < n_steps; i++)
        put_number("step ", (uint32_t)steps[i]);
//@ else
    uint32_t before = loom_board_depth();
    loom_board_paint();
    loom_mark();
    loom_mark(); /* what a mark costs */
    $(id)_forward(&net, input, output);
    loom_mark();
    put_number("stack_forward ", stack_of(before));
//@ if train then
    loom_board_paint();
    loom_mark();
    $(id)_train(&net, input, target, $(ID)_BATCH);
    loom_mark();
    put_number("stack_train ", stack_of(before));
//@ end
//@ end
    return loom_board_close(out);
}
