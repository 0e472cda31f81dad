//@ parameters(step, {"ids", "table"})
//@ local ids, table_, y = step.ins[1], step.ins[2], step.out
//@ local n, sy, st = y.shape[#y.shape], unit(y), unit(table_)
//@ local words = {table.unpack(y.stride, 1, #y.stride - 1)}
//@ local rows = row_loops(ids.shape, {y, ids}, {words, ids.stride})
//@ local open, to, from = rows.enter {"to", "from"}
//@ local pad = rows.pad
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(open) do
$(line)
//@ end
$(pad)const $(ids.real) id = $(from)[0];
//@ if integer then
$(pad)const int known = id >= 0 && id < $(table_.shape[1]);
//@ else
$(pad)const int known = id > -1 && id < $(real_count(table_.shape[1])); /* not when it is NaN */
//@ end
//@ local word = "table + (int)id * " .. table_.stride[1]
//@ if sy == 1 and st == 1 and not integer then
$(pad)if (known)
$(pad)    loom_$(T)_copy($(to), $(word), $(n));
$(pad)else
$(pad)    loom_$(T)_zero($(to), $(n));
//@ else
$(pad)const $(table_.real) *word = known ? $(word) : table;
$(pad)for (int j = 0; j < $(n); j++)
$(pad)    $(item(to, sy)) = known ? $(item("word", st)) : $(y.zero);
//@ end
//@ if rows.tail then
$(rows.tail)
//@ end
}
