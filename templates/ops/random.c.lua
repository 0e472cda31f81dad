//@ step.extra = {"uint64_t call", "net->calls"}
//@ parameters(step, {})
//@ local y, vars, pad = step.out, {}, "    "
//@ local dims = coalesce(y.shape, {y.stride})
//@ local digits = T == "f32" and 24 or 53
static void $(step.name)($(step.params))
{
    uint64_t count = 0;
//@ for d, size in ipairs(y.shape) do
//@ vars[d] = ("i%d"):format(d)
//@ if size > 1 then
$(pad)for (int i$(d) = 0; i$(d) < $(size); i$(d)++)
//@ pad = pad .. "    "
//@ end
//@ end
//@ pad = pad:sub(5)
$(pad){
$(pad)    const uint64_t bits = loom_random_u64($(seed), $(step.attr.stream), call, count++);
$(pad)    /* an odd number of halves of the last place: never 0, never 1, exact */
$(pad)    $(elem(y, vars)) = ($(real))(2 * (bits >> $(65 - digits)) + 1) * $(loom.const(2.0 ^ -digits));
$(pad)}
}
