//@ parameters(step, {"x", "values"})
//@ local x, values, y = step.ins[1], step.ins[2], step.out
//@ values.whole = true
static void $(step.name)($(step.params))
{
$(each_element(step, function(elem) return "values[" .. elem(x) .. " + 128]" end))
}
