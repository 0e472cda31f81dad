//@ parameters(step, {"x", "table"})
//@ local a, x, y = step.attr, step.ins[1], step.out
//@ local half = 1 << (a.bits - 1)
//@ step.ins[2].whole = true
//@ local function value(elem)
//@     local at = ("(int32_t)loom_cut(%s, %d, %d)"):format(elem(x), -half, half - 1)
//@     return cut(y, minus(("loom_spline(%s, table, %d, %d, %d)"):format(at, a.bits, a.k, a.fraction), -a.zero), a.low, a.high)
//@ end
static void $(step.name)($(step.params))
{
$(each_element(step, value))
}
