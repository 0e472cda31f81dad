//@ parameters(step, {"x", "mask"})
//@ local at, x, mask, y = step.attr, step.ins[1], step.ins[2], step.out
//@ local rank, causal = #y.shape, step.attr.causal == 1
//@ local n, sx, sy = y.shape[rank], unit(x), unit(y)
//@ local rows = rows_of(step, {y, x}, causal and "i" or nil)
//@ local open, to, from = rows.enter {"to", "from"}
//@ local pad, lines, seen = rows.pad, causal and y.shape[rank - 1] or 1, n
//@ local masked = mask and "mask[" .. idx({shape = {n}, stride = {unit(mask)}}, {"j"}) .. "]"
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(open) do
$(line)
//@ end
//@ if causal then
$(pad)const int seen = $(lines > 1 and "loom_min(i + 1, " .. n .. ")" or "1");
//@ seen = "seen"
//@ end
$(pad)int64_t max = $(mask and "INT64_MIN" or from .. "[0]"), sum = 0;
$(pad)for (int j = 0; j < $(seen); j++)
$(pad)    if ($(mask and masked .. " && " or "")$(item(from, sx)) > max)
$(pad)        max = $(item(from, sx));
$(pad)for (int j = 0; j < $(seen); j++) {
//@ local term = ("loom_exp2(loom_scale(max - %s, %d, %d), %d)"):format(item(from, sx), at.m, at.shift, at.bits)
$(pad)    scratch[j] = $(mask and masked .. " ? " .. term .. " : 0" or term);
$(pad)    sum += scratch[j];
$(pad)}
$(pad)int shift = 0;
$(pad)const int32_t inverse = $(mask and "sum ? loom_inverse(sum, &shift) : 0" or "loom_inverse(sum, &shift)");
$(pad)shift = (int)loom_cut(shift - $(at.places), 0, 62);
$(pad)for (int j = 0; j < $(seen); j++)
$(pad)    $(item(to, sy)) = $(cut(y, minus("loom_scale(scratch[j], inverse, shift)", -at.zero), at.low, at.high));
//@ if causal then
$(pad)for (int j = seen; j < $(n); j++)
$(pad)    $(item(to, sy)) = $(at.zero);
//@ end
//@ if rows.tail then
$(rows.tail)
//@ end
}
