//@ step.writes = {[1] = true}
//@ parameters(step, {"m", "x"})
//@ local m, x = step.ins[1], step.ins[2]
//@ local function splat(v) return ("loom_%s_splat(%s)"):format(T, loom.const(v)) end
//@ local function body(at)
//@     return {("const loom_%sv kept = %s * %s;"):format(T, at.load(m), splat(1 - step.attr.share)),
//@             ("const loom_%sv added = %s * %s;"):format(T, at.load(x), splat(step.attr.share)),
//@             vstore(at.at(m), 1, "kept + added", at.lanes)}
//@ end
static void $(step.name)($(step.params))
{
$(update_lines(step, {x}, body))
}
