//@ step.writes = {[1] = true}
//@ parameters(step, {"sum", "x"})
//@ local sum, x = step.ins[1], step.ins[2]
//@ local loops = element_loops(sum.shape, {sum, x}, "    ")
//@ local vectors, lanes = vector_loop(loops.n, "n", true)
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(loops.head) do
$(line)
//@ end
//@ for _, line in ipairs(vectors) do
$(loops.pad)$(line)
//@ end
//@ local s = vload(loops.at(sum, "n"), loops.stride(sum), lanes)
//@ local v = vload(loops.at(x, "n"), loops.stride(x), lanes)
$(loops.pad)    $(vstore(loops.at(sum, "n"), 1, s .. " + " .. v, lanes))
$(loops.pad)}
//@ if loops.tail then
$(loops.tail)
//@ end
}
