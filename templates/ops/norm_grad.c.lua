//@ parameters(step, {"x", "dy"})
//@ local x, dy, dx = step.ins[1], step.ins[2], step.out
//@ local n, sx, sd, st = dx.shape[#dx.shape], unit(x), unit(dy), unit(dx)
//@ local rows = rows_of(step, {dx, x, dy})
//@ local open, to, value, from = rows.enter {"to", "value", "from"}
//@ local pad, layer, count = rows.pad, step.attr.kind == 0, real_count(n)
//@ local vectors, lanes = vector_loop(n)
//@ local again, lanes2 = vector_loop(n, "j", true)
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(open) do
$(line)
//@ end
//@ if layer then
$(pad)const $(real) mean = $(row_call("sum8", value, sx, n)) / $(count);
//@ end
$(pad)const $(real) square = $(row_call("sumsq8_about", value, sx, n, layer and "mean" or "0")) / $(count);
$(pad)const $(real) scale = 1 / loom_sqrt_$(T)(square + $(loom.const(step.attr.epsilon)));
//@ if layer then
$(pad)const $(real) level = $(row_call("sum8", from, sd, n)) / $(count);
//@ end
$(pad)/* z, what the normalisation gave */
//@ for _, line in ipairs(vectors) do
$(pad)$(line)
//@ end
//@ local v = vload(along(value, sx), sx, lanes)
//@ if layer then v = ("(%s - %s)"):format(v, splat("mean")) end
$(pad)    $(vstore(along(to, st), st, v .. " * " .. splat("scale"), lanes))
$(pad)}
$(pad)const $(real) slope = $(row_dot(from, sd, to, st, n)) / $(count);
//@ for _, line in ipairs(again) do
$(pad)$(line)
//@ end
$(pad)    const loom_$(T)v less = $(vload(along(to, st), st, lanes2)) * $(splat("slope"));
$(pad)    const loom_$(T)v d = $(vload(along(from, sd), sd, lanes2))$(layer and " - " .. splat("level") or "") - less;
$(pad)    $(vstore(along(to, st), st, "d * " .. splat("scale"), lanes2))
$(pad)}
//@ if rows.tail then
$(rows.tail)
//@ end
}
