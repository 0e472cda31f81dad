//@ parameters(step, {"a", "b"})
//@ local at, a, b, y = step.attr, step.ins[1], step.ins[2], step.out
//@ local function value(elem)
//@     local product = ("(int64_t)(%s) * (%s)"):format(minus(elem(a), at.zero[1]), minus(elem(b), at.zero[2]))
//@     return cut(y, minus(scaled(product, at.m, at.shift, at.limit), -at.zero[3]), at.low, at.high)
//@ end
static void $(step.name)($(step.params))
{
$(each_element(step, value))
}
