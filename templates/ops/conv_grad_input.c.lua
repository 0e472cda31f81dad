//@ parameters(step, {"x", "w"})
//@ local parts, gaps, one = conv_input_parts(step)
//@ if one then
//@     for _, o in ipairs {step.ins[1], step.out} do o.ptr = moved(o.ptr, parts[1].operands[o == step.out and 2 or 1].move) end
//@     local k = 2
//@     for _, item in ipairs(step.chain) do
//@         if item.operand then k = k + 1; item.operand.ptr = moved(item.operand.ptr, parts[1].operands[k].move) end
//@     end
//@     parameters(step, {"x", "w"})
//@ end
//@ for _, part in ipairs(parts) do
//@ for _, line in ipairs(part.tables) do
$(line)
//@ end
$(render(part.template, {step = part.step, tile = part.tile}))
//@ end
//@ if not one then
static void $(step.name)($(step.params))
{
//@ if #parts == 0 then
    (void)x;
    (void)w;
    (void)scratch;
//@ end
//@ if gaps then
//@ local list = {step.out}
//@ for _, item in ipairs(step.chain) do list[#list + 1] = item.operand end
//@ local loops = element_loops(step.out.shape, list)
//@ for _, line in ipairs(loops.head) do
$(line)
//@ end
$(loops.pad)loom_$(T)v s = loom_$(T)_splat(0);
//@ for _, line in ipairs(chain_lines(step, "s", function(o) return loops.at(o), loops.stride(o) end, loops.lanes)) do
$(loops.pad)$(line)
//@ end
$(loops.pad)$(vstore(loops.at(step.out), loops.stride(step.out) == 0 and 1 or loops.stride(step.out), "s", loops.lanes))
//@ for _, line in ipairs(loops.tail) do
$(line)
//@ end
//@ end
//@ for _, part in ipairs(parts) do
    $(part_call(step, part))
//@ end
}
//@ end
