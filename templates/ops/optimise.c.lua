//@ step.writes = {[1] = true, [4] = true, [5] = true}
//@ parameters(step, {"w", "dw", "rates", "m1", "m2"})
//@ local w, dw = step.ins[1], step.ins[2]
//@ local loops = element_loops(w.shape, {w, dw}, "    ")
//@ local vectors, lanes = vector_loop(loops.n, "n", true)
//@ local place = loops.at(w, "n")
//@ local function along_w(o) return o and (place:gsub("^w", o.name)) end
//@ local pointers = {w = place, m1 = along_w(step.ins[4]), m2 = along_w(step.ins[5])}
//@ local d = vload(loops.at(dw, "n"), loops.stride(dw), lanes)
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(loops.head) do
$(line)
//@ end
//@ for _, line in ipairs(vectors) do
$(loops.pad)$(line)
//@ end
//@ for _, line in ipairs(optimise_lines(step.attr, d, pointers, lanes)) do
$(loops.pad)    $(line)
//@ end
$(loops.pad)}
//@ if loops.tail then
$(loops.tail)
//@ end
}
