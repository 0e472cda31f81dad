//@ parameters(step, {"x", "cosines", "sines"})
//@ local at, x, c, s, y = step.attr, step.ins[1], step.ins[2], step.ins[3], step.out
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
//@ local sx, sy, sc, ss = x.stride[rank], y.stride[rank], unit(c), unit(s)
//@ local function second(name, stride) return ("%s[j%s + %d]"):format(name, stride == 1 and "" or " * " .. stride, half * stride) end
//@ local function rounded(sum) return cut(y, minus(scaled(sum, at.m, at.shift, at.limit), -at.zero[2]), at.low, at.high) end
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(open) do
$(line)
//@ end
$(pad)for (int j = 0; j < $(half); j++) {
$(pad)    const int64_t u = $(minus(item(from, sx), at.zero[1])), v = $(minus(second(from, sx), at.zero[1]));
$(pad)    $(item(to, sy)) = $(rounded(("u * %s - v * %s"):format(item(co, sc), item(si, ss))));
$(pad)    $(second(to, sy)) = $(rounded(("v * %s + u * %s"):format(item(co, sc), item(si, ss))));
$(pad)}
//@ if rows.tail then
$(rows.tail)
//@ end
}
