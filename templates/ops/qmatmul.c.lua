//@ if step.ins[2].pack then
//@ parameters(step, {"a", "w", "bias", "multiplier", "shift"})
$(render("ops/qtile.c.lua", {step = step, tile = qmatmul_tile(step)}))
//@ return end
//@ parameters(step, {"a", "b", "bias", "multiplier", "shift"})
//@ local at, a, b, bias, y = step.attr, step.ins[1], step.ins[2], step.ins[3], step.out
//@ local rank, K = #y.shape, a.shape[#a.shape]
//@ local M, N = y.shape[rank - 1], y.shape[rank]
//@ local each = step.ins[4].shape[1] > 1 and "n" or "0"
//@ local vars, outer = {}, {}
//@ for d = 1, rank - 2 do vars[d] = "i" .. d end
//@ local bvars, skip = {}, rank - #b.shape
//@ for d = 1, #b.shape - 2 do
//@     local ratio = y.shape[d + skip] // b.shape[d]
//@     bvars[d] = ratio > 1 and vars[d + skip] .. " / " .. ratio or vars[d + skip]
//@ end
//@ local bk, bn = #b.shape - (at.trans_b == 1 and 0 or 1), #b.shape - (at.trans_b == 1 and 1 or 0)
//@ bvars[bk], bvars[bn] = "k", "n"
//@ local avars, yvars = {table.unpack(vars)}, {table.unpack(vars)}
//@ avars[rank - 1], avars[rank], yvars[rank - 1], yvars[rank] = "m", "k", "m", "n"
//@ local sum = at.wide == 1 and "int64_t" or "int32_t"
//@ local pad = "    "
static void $(step.name)($(step.params))
{
//@ for d = 1, rank - 2 do
$(pad)for (int i$(d) = 0; i$(d) < $(y.shape[d]); i$(d)++)
//@ pad = pad .. "    "
//@ end
$(pad)for (int m = 0; m < $(M); m++)
$(pad)    for (int n = 0; n < $(N); n++) {
$(pad)        $(sum) sum = $(bias and "bias[n]" or "0");
$(pad)        for (int k = 0; k < $(K); k++)
$(pad)            sum += ($(sum))($(minus(elem(a, avars), at.zero[1]))) * ($(minus(elem(b, bvars), at.zero[2])));
$(pad)        $(elem(y, yvars)) = $(cut(y, minus(scaled("sum", "multiplier[" .. each .. "]", "shift[" .. each .. "]", at.limit), -at.zero[3]), at.low, at.high));
$(pad)    }
}
