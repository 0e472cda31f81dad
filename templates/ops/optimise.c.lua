//@ step.writes = {[1] = true, [4] = true, [5] = true}
//@ parameters(step, {"w", "dw", "rates", "m1", "m2"})
//@ local w, dw = step.ins[1], step.ins[2]
//@ local function body(at)
//@     local function along_w(o) return o and (at.at(w):gsub("^w", o.name)) end
//@     local pointers = {w = at.at(w), m1 = along_w(step.ins[4]), m2 = along_w(step.ins[5])}
//@     return optimise_lines(step.attr, at.load(dw), pointers, at.lanes)
//@ end
static void $(step.name)($(step.params))
{
$(update_lines(step, {dw}, body))
}
