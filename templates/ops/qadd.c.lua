//@ parameters(step, {"a", "b"})
//@ local at, a, b, y = step.attr, step.ins[1], step.ins[2], step.out
//@ local function part(x, k) return scaled(("(int64_t)(%s) * %d"):format(minus(x, at.zero[k]), 1 << at.left), at.m[k], at.shift[k], at.limit[k]) end
//@ local function value(elem)
//@     local sum = part(elem(a), 1) .. " + " .. part(elem(b), 2)
//@     return cut(y, minus(scaled(sum, at.m[3], at.shift[3], at.limit[3]), -at.zero[3]), at.low, at.high)
//@ end
static void $(step.name)($(step.params))
{
$(each_element(step, value))
}
