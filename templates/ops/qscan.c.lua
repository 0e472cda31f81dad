//@ local at, x, w, y = step.attr, step.ins[1], step.ins[2], step.out
//@ local bias_n, h0, c0 = step.ins[5], step.ins[6], step.ins[7]
//@ step.writes = {[6] = true, [7] = true}
//@ parameters(step, {"x", "w", "multiplier", "shift", "bias_n", "h0", "c0"})
//@ local cell = ({[0] = "rnn_tanh", "rnn_relu", "lstm", "gru"})[at.cell]
//@ local B, T_, H = y.shape[1], y.shape[2], y.shape[3]
//@ local gates = ({lstm = 4, gru = 3})[cell] or 1
//@ local sum = at.wide == 1 and "int64_t" or "int32_t"
//@ local function bit32(v) return ("loom_cut(%s, -2147483647, 2147483647)"):format(v) end
//@ local function row(g) return g == 0 and "j" or g * H .. " + j" end
//@ local xb, yb = B > 1 and "b" or "0", B > 1 and "b" or "0"
//@ local function input(g) return ("loom_scale(%s, %d, %d)"):format(elem(x, {xb, "t", row(g)}), at.m, at.shift) end
//@ local function part(g) return ("%s_part(w + (%s) * %d, h, multiplier[%s], shift[%s])"):format(step.name, row(g), H, row(g), row(g)) end
//@ local function gate(g) return bit32(input(g) .. " + " .. part(g)) end
/* What the output of the step before gives to a row of the gates. */
LOOM_INLINE int64_t $(step.name)_part(const $(w.real) *w, const $(y.real) *h, int32_t m, int s)
{
    $(sum) sum = 0;
    for (int k = 0; k < $(H); k++)
        sum += ($(sum))w[k] * h[k];
    return $(scaled("sum", "m", "s", at.limit));
}

static void $(step.name)($(step.params))
{
//@ local rest = cell == "rnn_tanh" or cell == "rnn_relu" or c0
//@ local pad = B > 1 and "        " or "    "
    $(y.real) *const h = ($(y.real) *)(void *)$(rest and "scratch" or "(scratch + " .. H .. ")"); /* of the step before */
//@ if B > 1 then
    for (int b = 0; b < $(B); b++) {
//@ end
//@ local bh = B > 1 and "b * " .. H .. " + " or ""
//@ if cell == "lstm" or cell == "gru" then
$(pad)loom_i32 *const kept = $(c0 and "c0" .. (B > 1 and " + b * " .. H or "") or "scratch");
//@ end
$(pad)for (int j = 0; j < $(H); j++) {
$(pad)    h[j] = $(h0 and "h0[" .. bh .. "j]" or "0");
//@ if (cell == "lstm" or cell == "gru") and not c0 then
$(pad)    kept[j] = 0;
//@ end
$(pad)}
$(pad)for (int t = 0; t < $(T_); t++) {
$(pad)    for (int j = 0; j < $(H); j++) {
//@ if cell == "rnn_relu" then
$(pad)        const int64_t v = $(gate(0));
//@ elseif cell == "rnn_tanh" then
$(pad)        const int64_t v = loom_tanh($(gate(0)));
//@ elseif cell == "lstm" then
$(pad)        const int64_t in = loom_sigmoid($(gate(0)));
$(pad)        const int64_t forget = loom_sigmoid($(gate(1)));
$(pad)        const int64_t added = in * loom_tanh($(gate(2))) >> 6;
$(pad)        kept[j] = (int32_t)$(bit32("loom_scale(forget * kept[j] + added, 1, 30)"));
$(pad)        const int64_t out = loom_sigmoid($(gate(3)));
$(pad)        const int64_t v = out * loom_tanh($(bit32("(int64_t)kept[j] * 4")));
//@ else
$(pad)        const int32_t reset = loom_sigmoid($(gate(0)));
$(pad)        const int64_t keep = loom_sigmoid($(gate(1)));
$(pad)        const int64_t inner = $(bit32(part(2) .. (bias_n and " + bias_n[j]" or "")));
$(pad)        const int64_t fresh = loom_tanh($(bit32(input(2) .. " + loom_scale(inner, reset, 30)")));
$(pad)        const int64_t v = (1073741824 - keep) * fresh + keep * kept[j];
$(pad)        kept[j] = (int32_t)loom_scale(v, 1, 30);
//@ end
$(pad)        $(elem(y, {yb, "t", "j"})) = $(cut(y, ("loom_scale(v, 1, %d)"):format(at.places), at.low, at.high));
$(pad)    }
$(pad)    for (int j = 0; j < $(H); j++)
$(pad)        h[j] = $(elem(y, {yb, "t", "j"}));
$(pad)}
//@ if h0 then
$(pad)for (int j = 0; j < $(H); j++)
$(pad)    h0[$(bh)j] = h[j];
//@ end
//@ if B > 1 then
    }
//@ end
}
