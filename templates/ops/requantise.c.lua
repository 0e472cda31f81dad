//@ parameters(step, {"x"})
//@ local a, x, y = step.attr, step.ins[1], step.out
//@ local function value(elem) return cut(y, minus(scaled(minus(elem(x), a.from), a.m, a.shift, a.limit), -a.to), a.low, a.high) end
static void $(step.name)($(step.params))
{
$(each_element(step, value))
}
