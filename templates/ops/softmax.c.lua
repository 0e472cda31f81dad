//@ parameters(step, {"x", "mask"})
//@ local x, mask, y = step.ins[1], step.ins[2], step.out
//@ local rank, causal = #y.shape, step.attr.causal == 1
//@ local n, sx, sy = y.shape[rank], unit(x), unit(y)
//@ local rows = rows_of(step, {y, x}, causal and "i" or nil)
//@ local open, to, from = rows.enter {"to", "from"}
//@ local pad, lines = rows.pad, causal and y.shape[rank - 1] or 1
//@ local vectors, lanes = vector_loop(n)
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(open) do
$(line)
//@ end
//@ local seen = n
//@ if causal then
$(pad)const int seen = $(lines > 1 and "loom_min(i + 1, " .. n .. ")" or "1");
//@ seen = "seen"
//@ end
//@ if mask then
$(pad)$(real) max = 0;
$(pad)int any = 0;
$(pad)for (int j = 0; j < $(seen); j++)
$(pad)    if (mask[$(idx({shape = {n}, stride = {unit(mask)}}, {"j"}))] != 0) {
$(pad)        max = any && !(max < $(item(from, sx))) ? max : $(item(from, sx));
$(pad)        any = 1;
$(pad)    }
//@ else
$(pad)const $(real) max = $(row_call("max", from, sx, seen));
//@ end
//@ for _, line in ipairs(vectors) do
$(pad)$(causal and line:gsub("< " .. n .. ";", "< seen;") or line)
//@ end
//@ local e = ("loom_exp_%sv(%s - loom_%s_splat(max))"):format(T, vload(along(from, sx), sx, lanes), T)
//@ if mask then
$(pad)    const loom_$(T)v zero = loom_$(T)_splat(0);
$(pad)    const loom_$(T)v e = $(e);
//@ e = ("loom_map_less_%sv(zero, %s, e, zero)"):format(T, vload(along("mask", unit(mask)), unit(mask), lanes))
//@ end
$(pad)    $(vstore(along(to, sy), sy, e, lanes))
$(pad)}
$(pad)const $(real) sum = $(row_call("sum8", to, sy, seen));
//@ local by = mask and "any ? sum : 1" or "sum"
$(pad)$(row_call("divide", to, sy, seen, by));
//@ if causal then
$(pad)const $(real) rest = 0 / $(mask and "(" .. by .. ")" or by); /* NaN when the row has one */
$(pad)for (int j = seen; j < $(n); j++)
$(pad)    $(item(to, sy)) = rest;
//@ end
//@ if rows.tail then
$(rows.tail)
//@ end
}
