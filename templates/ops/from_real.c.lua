//@ parameters(step, {"x"})
//@ local a, x, y = step.attr, step.ins[1], step.out
//@ local function value(elem)
//@     return ("(%s)loom_from_real(%s, %s, %d, %d, %d)"):format(y.real, elem(x), loom.single(a.scale), a.zero, a.low, a.high)
//@ end
static void $(step.name)($(step.params))
{
$(each_element(step, value))
}
