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

//@ -- Numbers of each type that the steps have.
//@ local types, traced, sizes = {}, {}, {f32 = 32, f64 = 64, i8 = 8, i16 = 16, i32 = 32, i64 = 64}
//@ local names = {f32 = "float", f64 = "double", i8 = "int8_t", i16 = "int16_t", i32 = "int32_t", i64 = "int64_t"}
//@ local function need(T) if not types[T] then types[T] = true; types[#types + 1] = T end end
//@ need(in_T)
//@ need(out_T)
//@ for _, list in ipairs(trace and {steps, train_steps} or {}) do
//@     for _, step in ipairs(list) do
//@         if step.tensor then
//@             need(step.out.T)
//@             traced[step.out.T] = true
//@         end
//@     end
//@ end
//@ for _, T in ipairs(types) do
union number_$(T) { $(names[T]) value; uint$(sizes[T])_t bits; };

//@ if traced[T] or T == out_T then
static void put_$(T)($(names[T]) value)
{
    union number_$(T) u;
    u.value = value;
    put(u.bits, sizeof u);
}

//@ end
//@ if traced[T] then
static void dump_$(T)(const $(names[T]) *data, int rank, const long *shape, const long *stride)
{
    if (rank == 0) {
        put_$(T)(*data);
        return;
    }
    for (long i = 0; i < shape[0]; i++)
        dump_$(T)(data + i * stride[0], rank - 1, shape + 1, stride + 1);
}

//@ end
//@ end
static int get_number(FILE *in, $(in_real) *value)
{
    unsigned char bytes[sizeof *value];
    union number_$(in_T) u;
    u.bits = 0;
    if (fread(bytes, sizeof bytes, 1, in) != 1)
        return 0;
    for (size_t i = sizeof bytes; i-- > 0;)
        u.bits = (uint$(sizes[in_T])_t)($(sizes[in_T] > 8 and "u.bits << 8 | " or "")bytes[i]);
    *value = u.value;
    return 1;
}

//@ if trace then
void $(id)_trace(int step, int tensor, const void *data);
void $(id)_trace(int step, int tensor, const void *data)
{
    (void)data;
    put_head(step, tensor);
    switch (step) {
//@ for n, list in ipairs {steps, train_steps} do
//@ for _, step in ipairs(list) do
//@ if step.tensor then
    case $(n == 1 and step.number or #steps + step.number): {
        static const long shape[] = {$(table.concat(step.out.shape, ", "))}, stride[] = {$(table.concat(step.out.stride, ", "))};
        dump_$(step.out.T)((const $(names[step.out.T]) *)data, $(#step.out.shape), shape, stride);
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
static $(in_real) input[$(ID)_INPUT_SIZE];
static $(out_real) output[$(ID)_OUTPUT_SIZE]$(train and ", target[" .. ID .. "_OUTPUT_SIZE]" or "");
//@ if weights_file then
static struct $(id)_weights weights;
//@ end

static void put_numbers(int head, const $(out_real) *data, long n)
{
    put_head(head, 0);
    for (long i = 0; i < n; i++)
        put_$(out_T)(data[i]);
}

static int get_numbers(FILE *in, $(in_real) *data, long n)
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
