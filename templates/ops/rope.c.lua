//@ parameters(step, {"x", "cosines", "sines"})
//@ local x, c, s, y = step.ins[1], step.ins[2], step.ins[3], step.out
//@ local rank = #y.shape
//@ local half = y.shape[rank] // 2
//@ local sizes, strides = {table.unpack(y.shape, 1, rank - 1)}, {}
//@ for k, o in ipairs {y, x} do strides[k] = {table.unpack(o.stride, 1, rank - 1)} end
//@ for k, o in ipairs {c, s} do
//@     strides[k + 2] = {}
//@     for d = 1, rank - 1 do strides[k + 2][d] = d == rank - 2 and o.shape[1] > 1 and o.stride[1] or 0 end
//@ end
//@ local rows = row_loops(sizes, {y, x, c, s}, strides)
//@ local pad = rows.pad
//@ local open, to, from, co, si = rows.enter {"to", "from", "cosine", "sine"}
//@ local vectors, lanes = vector_loop(half)
//@ local sx, sy = x.stride[rank], y.stride[rank]
//@ local sc, ss = unit(c), unit(s)
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(open) do
$(line)
//@ end
//@ for _, line in ipairs(vectors) do
$(pad)$(line)
//@ end
$(pad)    const loom_$(T)v p = $(vload(along(from, sx), sx, lanes)), q = $(vload(along(from .. " + " .. half * sx, sx), sx, lanes));
$(pad)    const loom_$(T)v c = $(vload(along(co, sc), sc, lanes)), s = $(vload(along(si, ss), ss, lanes));
$(pad)    $(vstore(along(to, sy), sy, "p * c - q * s", lanes))
$(pad)    $(vstore(along(to .. " + " .. half * sy, sy), sy, "q * c + p * s", lanes))
$(pad)}
//@ if rows.tail then
$(rows.tail)
//@ end
}
