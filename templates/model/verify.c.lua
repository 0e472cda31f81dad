/* Runs $(id) on the inputs of verify.in and writes every step's result to verify.out. */
#include <stdio.h>
#include <stdlib.h>

#include "$(id).h"

static FILE *out;

static void dump(const $(real) *data, int rank, const long *shape, const long *stride)
{
    if (rank == 0) {
        fwrite(data, sizeof *data, 1, out);
        return;
    }
    for (long i = 0; i < shape[0]; i++)
        dump(data + i * stride[0], rank - 1, shape + 1, stride + 1);
}

void $(id)_trace(int step, int tensor, const $(real) *data);
void $(id)_trace(int step, int tensor, const $(real) *data)
{
    const int head[2] = {step, tensor};
    (void)data;
    (void)dump;
    fwrite(head, sizeof head, 1, out);
    switch (step) {
//@ for i, step in ipairs(steps) do
//@ if step.tensor then
    case $(i - 1): {
        static const long shape[] = {$(table.concat(step.out.shape, ", "))}, stride[] = {$(table.concat(step.out.stride, ", "))};
        dump(data, $(#step.out.shape), shape, stride);
        break;
    }
//@ end
//@ end
    default: abort();
    }
}

static struct $(id) net;
static $(real) input[$(ID)_INPUT_SIZE], output[$(ID)_OUTPUT_SIZE];
//@ if weights_file then
static struct $(id)_weights weights;
//@ end

int main(void)
{
    FILE *in = fopen("verify.in", "rb");
    out = fopen("verify.out", "wb");
    if (!in || !out || sizeof net > $(ID)_RAM_BYTES)
        return 3;
//@ if weights_file then
    FILE *f = fopen("$(id).weights", "rb");
    size_t n = sizeof weights + 4096;
    unsigned char *bytes = malloc(n);
    if (!f || !bytes)
        return 4;
    n = fread(bytes, 1, n, f);
    fclose(f);
    if ($(id)_load(&weights, bytes, n) != 0 || $(id)_load(&weights, bytes, n - 1) == 0)
        return 5;
    free(bytes);
    $(id)_init(&net, &weights);
//@ else
    $(id)_init(&net);
//@ end
    while (fread(input, sizeof input, 1, in) == 1) {
        if ($(id)_forward(&net, input, output) != 0)
            return 6;
        int head[2] = {-1, 0};
        fwrite(head, sizeof head, 1, out);
        fwrite(output, sizeof output, 1, out);
    }
    fclose(in);
    return fclose(out) == 0 ? 0 : 7;
}
