//@ parameters(step, {"z", "dy"})
//@ local y, dy, dx = step.ins[1], step.ins[2], step.out
//@ local n, sy, sd, sx = dx.shape[#dx.shape], unit(y), unit(dy), unit(dx)
//@ local exponent = 2 - step.attr.alpha
//@ if T == "f32" then exponent = string.unpack("<f", string.pack("<f", exponent)) end
//@ local rows = rows_of(step, {dx, y, dy})
//@ local open, to, value, from = rows.enter {"to", "value", "from"}
//@ local pad = rows.pad
//@ local vectors, lanes = vector_loop(n)
//@ local again, lanes2 = vector_loop(n, "j", true)
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(open) do
$(line)
//@ end
$(pad)/* weights y^$(loom.const(exponent)), 0 where y is 0 */
//@ for _, line in ipairs(vectors) do
$(pad)$(line)
//@ end
$(pad)    const loom_$(T)v zero = $(splat("0")), v = $(vload(along(value, sy), sy, lanes));
//@ local w = splat("1")
//@ if exponent == 0.5 then
//@ w = map_expr("sqrt", "v", "v", "zero", T .. "v")
//@ elseif exponent ~= 0 then
//@ w = ("loom_exp_%sv(%s * loom_log_%sv(v))"):format(T, splat(loom.const(exponent)), T)
//@ end
$(pad)    $(vstore(along(to, sx), sx, ("loom_map_less_%sv(zero, v, %s, zero)"):format(T, w), lanes))
$(pad)}
$(pad)const $(real) mean = $(row_dot(to, sx, from, sd, n)) / $(row_call("sum8", to, sx, n));
//@ for _, line in ipairs(again) do
$(pad)$(line)
//@ end
$(pad)    const loom_$(T)v more = $(vload(along(from, sd), sd, lanes2)) - $(splat("mean"));
$(pad)    $(vstore(along(to, sx), sx, vload(along(to, sx), sx, lanes2) .. " * more", lanes2))
$(pad)}
//@ if rows.tail then
$(rows.tail)
//@ end
}
