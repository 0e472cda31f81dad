//@ parameters(step, {"ids", "dy"})
//@ local ids, dy, y = step.ins[1], step.ins[2], step.out
//@ local n, sy, sd = y.shape[2], unit(y), unit(dy)
//@ local words = {table.unpack(dy.stride, 1, #dy.stride - 1)}
//@ local rows = row_loops(ids.shape, {ids, dy}, {ids.stride, words}, true)
//@ local open, at, from = rows.enter {"at", "from"}
//@ local pad = rows.pad
//@ local vectors, lanes = vector_loop(n, "j", true)
//@ local all = row_loops({y.shape[1]}, {y}, {{y.stride[1]}})
//@ local clear, to = all.enter {"to"}
static void $(step.name)($(step.params))
{
//@ if y.shape[1] == 1 or sy == 1 and y.stride[1] == n then
    loom_$(T)_zero(y, $(product(y.shape)));
//@ else
//@ for _, line in ipairs(clear) do
$(line)
//@ end
$(all.pad)for (int j = 0; j < $(n); j++)
$(all.pad)    $(item(to, sy)) = 0;
$(all.tail)
//@ end
//@ for _, line in ipairs(open) do
$(line)
//@ end
$(pad)const $(real) id = $(at)[0];
$(pad)if (id > -1 && id < $(real_count(y.shape[1]))) { /* not when it is NaN */
$(pad)    $(real) *word = y + (int)id * $(y.stride[1]);
//@ for _, line in ipairs(vectors) do
$(pad)    $(line)
//@ end
//@ local sum = vload(along("word", sy), sy, lanes) .. " + " .. vload(along(from, sd), sd, lanes)
$(pad)        $(vstore(along("word", sy), sy, sum, lanes))
$(pad)    }
$(pad)}
//@ if rows.tail then
$(rows.tail)
//@ end
}
