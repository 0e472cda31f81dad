//@ parameters(step, {"x"})
//@ local a, x = step.attr, step.ins[1]
//@ local function value(elem) return ("(float)(int32_t)(%s) * %s"):format(minus(elem(x), a.zero), loom.single(a.scale)) end
static void $(step.name)($(step.params))
{
$(each_element(step, value))
}
