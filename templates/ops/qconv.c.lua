//@ if step.ins[2].pack then
//@ local tile = qconv_tile(step)
//@ parameters(step, {"x", "w", "bias", "multiplier", "shift"})
$(render("ops/qtile.c.lua", {step = step, tile = tile}))
//@ return end
//@ local c, at, x, w, y = conv_sizes(step), step.attr, step.ins[1], step.ins[2], step.out
//@ parameters(step, {"x", "w", "bias", "multiplier", "shift"})
//@ local per_group = c.filters // at.groups
//@ local group = per_group == 1 and "n" or "n / " .. per_group
//@ local channel = at.groups == 1 and "c" or c.per_group == 1 and group or times(group, c.per_group) .. " + c"
//@ local function place(v, stride, tap, dilation, taps, size)
//@     local out = size > 1 and times(v, stride) or nil
//@     local inner = taps > 1 and times(tap, dilation) or nil
//@     return out and inner and out .. " + " .. inner or out or inner or "0"
//@ end
//@ local row = place("oh", at.stride[1], "i", at.dilation[1], c.kh, c.oh)
//@ local col = place("m", at.stride[2], "j", at.dilation[2], c.kw, c.ow)
//@ local function element(o, channel, row, col) return elem(o, c.flat and {"b", channel, col} or {"b", channel, row, col}) end
//@ local sum = at.wide == 1 and "int64_t" or "int32_t"
//@ local pad = "    "
static void $(step.name)($(step.params))
{
//@ for _, loop in ipairs {{"b", c.batch}, {"oh", c.oh}, {"m", c.ow}, {"n", c.filters}} do
//@ if loop[2] > 1 or loop[1] == "n" then
$(pad)for (int $(loop[1]) = 0; $(loop[1]) < $(loop[2]); $(loop[1])++)$(loop[1] == "n" and " {" or "")
//@ pad = pad .. "    "
//@ end
//@ end
$(pad)$(sum) sum = bias[n];
//@ local inner = pad
//@ for _, loop in ipairs {{"c", c.per_group}, {"i", c.kh}, {"j", c.kw}} do
//@ if loop[2] > 1 then
$(inner)for (int $(loop[1]) = 0; $(loop[1]) < $(loop[2]); $(loop[1])++)
//@ inner = inner .. "    "
//@ end
//@ end
//@ local bordered = {name = "x", shape = {x.shape[1], x.shape[2], 2, 2}, stride = x.stride} -- rows and columns lie outside x too
//@ if c.flat then bordered.shape[4] = nil end
$(inner)sum += ($(sum))($(minus(element(bordered, channel, row, col), at.zero[1]))) * $(elem(w, c.flat and {"n", "c", "j"} or {"n", "c", "i", "j"}));
$(pad)$(element(y, "n", "oh", "m")) = $(cut(y, minus(scaled("sum", "multiplier[n]", "shift[n]", at.limit), -at.zero[2]), at.low, at.high));
    $(pad:sub(9))}
}
