//@ parameters(step, {"x"})
//@ local x, y = step.ins[1], step.out
//@ local n, sx, sy = y.shape[#y.shape], unit(x), unit(y)
//@ local rows = rows_of(step, {y, x})
//@ local open, to, from = rows.enter {"to", "from"}
//@ local pad = rows.pad
//@ local vectors, lanes = vector_loop(n)
//@ local above = vload(along(from, sx), sx, lanes) .. " - " .. splat("max")
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(open) do
$(line)
//@ end
$(pad)const $(real) max = $(row_call("max", from, sx, n));
//@ for _, line in ipairs(vectors) do
$(pad)$(line)
//@ end
$(pad)    $(vstore(along(to, sy), sy, ("loom_exp_%sv(%s)"):format(T, above), lanes))
$(pad)}
$(pad)const $(real) log = loom_log_$(T)($(row_call("sum8", to, sy, n)));
//@ for _, line in ipairs(vectors) do
$(pad)$(line)
//@ end
$(pad)    $(vstore(along(to, sy), sy, ("(%s) - %s"):format(above, splat("log")), lanes))
$(pad)}
//@ if rows.tail then
$(rows.tail)
//@ end
}
