//@ step.writes = {[1] = true}
//@ parameters(step, {"sum", "x"})
//@ local sum, x = step.ins[1], step.ins[2]
static void $(step.name)($(step.params))
{
$(update_lines(step, {x}, function(at) return {vstore(at.at(sum), 1, at.load(sum) .. " + " .. at.load(x), at.lanes)} end))
}
