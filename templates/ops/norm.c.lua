//@ parameters(step, {"x", "gamma", "beta"})
//@ local x, gamma, beta, y = step.ins[1], step.ins[2], step.ins[3], step.out
//@ local n, sx, sy = y.shape[#y.shape], unit(x), unit(y)
//@ local rows = rows_of(step, {y, x})
//@ local pad, layer = rows.pad, step.attr.kind == 0
//@ local open, to, from = rows.enter {"to", "from"}
//@ local vectors, lanes = vector_loop(n)
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(open) do
$(line)
//@ end
//@ if layer then
$(pad)const $(real) mean = $(row_call("sum8", from, sx, n)) / $(real_count(n));
//@ end
$(pad)const $(real) square = $(row_call("sumsq8_about", from, sx, n, layer and "mean" or "0")) / $(real_count(n));
$(pad)const $(real) scale = 1 / loom_sqrt_$(T)(square + $(loom.const(step.attr.epsilon)));
//@ for _, line in ipairs(vectors) do
$(pad)$(line)
//@ end
//@ local v = vload(along(from, sx), sx, lanes)
//@ if layer then v = ("(%s - loom_%s_splat(mean))"):format(v, T) end
$(pad)    loom_$(T)v v = $(v) * loom_$(T)_splat(scale);
//@ if gamma then
$(pad)    v = v * $(vload(along("gamma", unit(gamma)), unit(gamma), lanes));
//@ end
//@ if beta then
$(pad)    v = v + $(vload(along("beta", unit(beta)), unit(beta), lanes));
//@ end
$(pad)    $(vstore(along(to, sy), sy, "v", lanes))
$(pad)}
//@ if rows.tail then
$(rows.tail)
//@ end
}
