//@ parameters(step, {"x"})
//@ local x, y, axis, start = step.ins[1], step.out, step.attr.axis + 1, step.attr.start
//@ local n, all = x.shape[axis], y.shape[axis]
static void $(step.name)($(step.params))
{
//@ for _, p in ipairs {{0, start}, {start, n, x}, {start + n, all - start - n}} do
//@ if p[2] > 0 then
//@ local part = part_of(y, axis, p[1], p[2])
//@ local loops = element_loops(part.shape, {part, p[3]})
//@ for _, line in ipairs(loops.head) do
$(line)
//@ end
$(loops.pad)$(vstore(loops.at(part), loops.stride(part), p[3] and loops.load(x) or splat("0"), loops.lanes))
//@ for _, line in ipairs(loops.tail) do
$(line)
//@ end
//@ end
//@ end
}
