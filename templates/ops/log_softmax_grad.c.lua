//@ parameters(step, {"z", "dy"})
//@ local y, dy, dx = step.ins[1], step.ins[2], step.out
//@ local n, sy, sd, sx = dx.shape[#dx.shape], unit(y), unit(dy), unit(dx)
//@ local rows = rows_of(step, {dx, y, dy})
//@ local open, to, value, from = rows.enter {"to", "value", "from"}
//@ local pad = rows.pad
//@ local vectors, lanes = vector_loop(n)
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(open) do
$(line)
//@ end
$(pad)const $(real) sum = $(row_call("sum8", from, sd, n));
//@ for _, line in ipairs(vectors) do
$(pad)$(line)
//@ end
$(pad)    const loom_$(T)v part = loom_exp_$(T)v($(vload(along(value, sy), sy, lanes))) * $(splat("sum"));
$(pad)    $(vstore(along(to, sx), sx, vload(along(from, sd), sd, lanes) .. " - part", lanes))
$(pad)}
//@ if rows.tail then
$(rows.tail)
//@ end
}
