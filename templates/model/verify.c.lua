/* $(train and "Trains" or "Runs") $(id) on the inputs of verify.in and writes what comes out$(trace and ", of every step," or "") to verify.out, both little-endian. */
$(render("model/host.c.lua", {}))
#include "$(id).h"

static FILE *out;

static void put(uint64_t bits, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        fputc((int)(bits >> 8 * i & 255u), out);
}

static void put_head(int step, int tensor)
{
    put((uint64_t)(int64_t)step, 4);
    put((uint64_t)tensor, 4);
}

union number { $(real) value; uint$(real_size * 8)_t bits; };

static void put_number($(real) value)
{
    union number u;
    u.value = value;
    put(u.bits, sizeof u);
}

static int get_number(FILE *in, $(real) *value)
{
    unsigned char bytes[sizeof *value];
    union number u;
    u.bits = 0;
    if (fread(bytes, sizeof bytes, 1, in) != 1)
        return 0;
    for (size_t i = sizeof bytes; i-- > 0;)
        u.bits = u.bits << 8 | bytes[i];
    *value = u.value;
    return 1;
}

//@ if trace then
static void dump(const $(real) *data, int rank, const long *shape, const long *stride)
{
    if (rank == 0) {
        put_number(*data);
        return;
    }
    for (long i = 0; i < shape[0]; i++)
        dump(data + i * stride[0], rank - 1, shape + 1, stride + 1);
}

void $(id)_trace(int step, int tensor, const $(real) *data);
void $(id)_trace(int step, int tensor, const $(real) *data)
{
    (void)data;
    (void)dump;
    put_head(step, tensor);
    switch (step) {
//@ for n, list in ipairs {steps, train_steps} do
//@ for _, step in ipairs(list) do
//@ if step.tensor then
    case $(n == 1 and step.number or #steps + step.number): {
        static const long shape[] = {$(table.concat(step.out.shape, ", "))}, stride[] = {$(table.concat(step.out.stride, ", "))};
        dump(data, $(#step.out.shape), shape, stride);
        break;
    }
//@ end
//@ end
//@ end
    default: abort();
    }
}
//@ end

static struct $(id) net;
static $(real) input[$(ID)_INPUT_SIZE], output[$(ID)_OUTPUT_SIZE]$(train and ", target[" .. ID .. "_OUTPUT_SIZE]" or "");
//@ if weights_file then
static struct $(id)_weights weights;
//@ end

static void put_numbers(int head, const $(real) *data, long n)
{
    put_head(head, 0);
    for (long i = 0; i < n; i++)
        put_number(data[i]);
}

static int get_numbers(FILE *in, $(real) *data, long n)
{
    for (long i = 0; i < n; i++)
        if (!get_number(in, &data[i]))
            return 0;
    return 1;
}

//@ if train then
/* Everything that the training has changed, and what comes out of the network then. */
static int put_state(void)
{
//@ for _, kept in ipairs {{"params", params}, {"memory", memory}, {"gradients", gradients}} do
//@ for _, t in ipairs(kept[2]) do
    put_numbers(-3, net.$(kept[1]).$(t.name), $(t.size));
//@ end
//@ end
    if ($(id)_forward(&net, input, output) != 0)
        return 0;
    put_numbers(-1, output, $(ID)_OUTPUT_SIZE);
    return 1;
}

//@ end
int main(void)
{
    FILE *in = fopen("verify.in", "rb");
    out = fopen("verify.out", "wb");
    if (!in || !out || sizeof net $(target.pointer and "!=" or ">") $(ID)_RAM_BYTES)
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
    while (get_numbers(in, input, $(ID)_INPUT_SIZE)) {
//@ if train then
        if (!get_numbers(in, target, $(ID)_OUTPUT_SIZE))
            return 6;
        const $(real) loss = $(id)_train(&net, input, target, $(ID)_BATCH);
        put_numbers(-2, &loss, 1);
    }
    if (!put_state())
        return 6;
//@ else
        if ($(id)_forward(&net, input, output) != 0)
            return 6;
        put_numbers(-1, output, $(ID)_OUTPUT_SIZE);
    }
//@ end
    return fclose(in) == 0 && fclose(out) == 0 ? 0 : 7;
}
