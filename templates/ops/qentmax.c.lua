//@ parameters(step, {"x"})
//@ local at, x, y = step.attr, step.ins[1], step.out
//@ local n, sx, sy = y.shape[#y.shape], unit(x), unit(y)
//@ local rows = rows_of(step, {y, x})
//@ local open, to, from = rows.enter {"to", "from"}
//@ local pad = rows.pad
//@ local function power(u) return ("loom_entmax_power(1073741824 - v[j] - %s, %d, %d, %d)"):format(u, at.power, at.exponent, at.exponent_shift) end
/* The sum of the powers, 1 - v - u at a time. */
static int64_t $(step.name)_sum(const loom_i32 *v, int64_t u)
{
    int64_t sum = 0;
    for (int j = 0; j < $(n); j++)
        sum += $(power("u"));
    return sum;
}

static void $(step.name)($(step.params))
{
    loom_i32 *const v = scratch;
//@ for _, line in ipairs(open) do
$(line)
//@ end
$(pad)int64_t max = $(from)[0], low = 0, high = $(at.most);
$(pad)for (int j = 0; j < $(n); j++)
$(pad)    if ($(item(from, sx)) > max)
$(pad)        max = $(item(from, sx));
$(pad)for (int j = 0; j < $(n); j++)
$(pad)    v[j] = (int32_t)loom_cut($(scaled("max - " .. item(from, sx), at.m, at.shift, 0)), 0, 1073741824);
$(pad)for (int i = 0; i < 30; i++) {
$(pad)    const int64_t middle = (low + high) >> 1;
$(pad)    if ($(step.name)_sum(v, middle) < 1073741824)
$(pad)        high = middle;
$(pad)    else
$(pad)        low = middle;
$(pad)}
$(pad)int shift;
$(pad)const int32_t inverse = loom_inverse($(step.name)_sum(v, low), &shift);
$(pad)for (int j = 0; j < $(n); j++)
$(pad)    $(item(to, sy)) = $(cut(y, minus(("loom_scale(%s, inverse, shift - %d)"):format(power("low"), at.places), -at.zero), at.low, at.high));
//@ if rows.tail then
$(rows.tail)
//@ end
}
