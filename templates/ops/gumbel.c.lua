//@ step.extra = {"uint64_t call", "net->calls"}
//@ parameters(step, {})
//@ local at, y, total, vars, pad = step.attr, step.out, product(step.out.shape), {}, "    "
static void $(step.name)($(step.params))
{
    uint64_t count = 0; /* numbers are counted in the order of the shape, wherever they lie */
//@ for d, size in ipairs(y.shape) do
//@ vars[d] = "i" .. d
//@ if size > 1 then
$(pad)for (int i$(d) = 0; i$(d) < $(size); i$(d)++)
//@ pad = pad .. "    "
//@ end
//@ end
//@ local value = ("loom_gumbel(loom_random_u64(%su, %d, call, count++))"):format(seed, at.stream)
$(pad)$(elem(y, vars)) = ($(y.real))$(scaled(value, at.m, at.shift, 0));
}
