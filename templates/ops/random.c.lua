//@ step.extra = {"uint64_t call", step.trains and "net->progress.batches" or (train or abi) and "net->progress.calls" or "net->calls"}
//@ parameters(step, {})
//@ local y, digits, total, flat = step.out, T == "f32" and 24 or 53, product(step.out.shape), true
//@ for d, size in ipairs(y.shape) do flat = flat and (size == 1 or y.stride[d] == product(y.shape, d + 1)) end
//@ -- numbers are counted in the order of the shape, wherever they lie
//@ local sizes = flat and {total} or y.shape
//@ local vars, pad = {}, "    "
static void $(step.name)($(step.params))
{
//@ if not flat then
    uint64_t count = 0;
//@ end
//@ for d, size in ipairs(sizes) do
//@ vars[d] = flat and "i" or ("i%d"):format(d)
//@ if size > 1 then
$(pad)for (int $(vars[d]) = 0; $(vars[d]) < $(size); $(vars[d])++)$(product(sizes, d + 1) == 1 and " {" or "")
//@ pad = pad .. "    "
//@ end
//@ end
//@ local index = total == 1 and "0" or flat and "(uint64_t)i" or "count++"
$(pad)const uint64_t bits = loom_random_u64($(seed)u, $(step.attr.stream), call, $(index));
$(pad)/* an odd number of halves of the last place: never 0, never 1, exact */
$(pad)$(flat and (total == 1 and "y[0]" or "y[i]") or elem(y, vars)) = ($(real))(2 * (bits >> $(65 - digits)) + 1) * $(loom.const(2.0 ^ -digits));
//@ if total > 1 then
$(pad:sub(5))}
//@ end
}
