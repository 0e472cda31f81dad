//@ parameters(step, {"x", "w", "bias", "multiplier", "shift"})
//@ local at, x, y = step.attr, step.ins[1], step.out
//@ local shape, stride = {}, {}
//@ for d = 1, #y.shape do
//@     shape[d] = d == at.axis + 1 and y.shape[d] or 1
//@     stride[d] = d == at.axis + 1 and 1 or 0
//@ end
//@ for i = 2, 5 do step.ins[i].shape, step.ins[i].stride = shape, stride end
//@ local sum = at.wide == 1 and "int64_t" or "int32_t"
//@ local function value(elem)
//@     local terms = ("%s + (%s)(%s) * %s"):format(elem(step.ins[3]), sum, minus(elem(x), at.zero[1]), elem(step.ins[2]))
//@     return cut(y, minus(scaled(terms, elem(step.ins[4]), elem(step.ins[5]), at.limit), -at.zero[2]), at.low, at.high)
//@ end
static void $(step.name)($(step.params))
{
$(each_element(step, value))
}
