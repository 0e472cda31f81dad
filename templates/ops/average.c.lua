//@ step.writes = {[1] = true}
//@ parameters(step, {"m", "x"})
//@ local m, x = step.ins[1], step.ins[2]
//@ local loops = element_loops(m.shape, {m, x}, "    ")
//@ local vectors, lanes = vector_loop(loops.n, "n", true)
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(loops.head) do
$(line)
//@ end
//@ for _, line in ipairs(vectors) do
$(loops.pad)$(line)
//@ end
//@ local share, rest = loom.const(step.attr.share), loom.const(1 - step.attr.share)
$(loops.pad)    const loom_$(T)v kept = $(vload(loops.at(m, "n"), loops.stride(m), lanes)) * loom_$(T)_splat($(rest));
$(loops.pad)    const loom_$(T)v added = $(vload(loops.at(x, "n"), loops.stride(x), lanes)) * loom_$(T)_splat($(share));
$(loops.pad)    $(vstore(loops.at(m, "n"), 1, "kept + added", lanes))
$(loops.pad)}
//@ if loops.tail then
$(loops.tail)
//@ end
}
