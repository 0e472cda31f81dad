//@ parameters(step, {"a", "b"})
//@ local at, a, b, y = step.attr, step.ins[1], step.ins[2], step.out
//@ local function part(x, k) return scaled(("(int64_t)(%s) * %d"):format(minus(x, at.zero[k]), 1 << at.left), at.m[k], at.shift[k], at.limit[k]) end
//@ local function value(elem)
//@     local sum = part(elem(a), 1) .. " + " .. part(elem(b), 2)
//@     return cut(y, minus(scaled(sum, at.m[3], at.shift[3], at.limit[3]), -at.zero[3]), at.low, at.high)
//@ end
//@ local loops = vector_elements(step, {y, a, b})
//@ if loops and at.shift[1] >= 31 and at.shift[2] >= 31 and at.shift[3] >= 32 then
//@ -- both times 2, so that every shift is 32 or more
//@ local function vector(x, k)
//@     local v = ("loom_i8_sums(%s)"):format(loops.at(x))
//@     return ("loom_scaled((%s) * %d, f%s)"):format(minus(v, at.zero[k]), 2 << at.left, x.name)
//@ end
static void $(step.name)($(step.params))
{
    const loom_factors fa = loom_factor($(at.m[1]), $(at.shift[1] + 1), 0), fb = loom_factor($(at.m[2]), $(at.shift[2] + 1), 0);
    const loom_factors fy = loom_factor($(at.m[3]), $(at.shift[3]), $(at.zero[3]));
//@ for _, line in ipairs(loops.head) do
$(line)
//@ end
$(loops.pad)int n = 0;
$(loops.pad)for (; n + LOOM_INT_LANES <= $(loops.size); n += LOOM_INT_LANES) {
$(loops.pad)    const loom_sums sum = $(vector(a, 1)) + $(vector(b, 2));
$(loops.pad)    loom_i8_put($(loops.at(y)), 1, LOOM_INT_LANES, loom_sums_cut(loom_scaled(sum, fy), $(at.low), $(at.high)));
$(loops.pad)}
$(loops.pad)for (; n < $(loops.size); n++)
$(loops.pad)    $(loops.elem(y)) = $(value(loops.elem));
//@ for _, line in ipairs(loops.tail) do
$(line)
//@ end
}
//@ return end
static void $(step.name)($(step.params))
{
$(each_element(step, value))
}
