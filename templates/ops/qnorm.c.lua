//@ parameters(step, {"x", "gamma", "beta"})
//@ local at, x, gamma, beta, y = step.attr, step.ins[1], step.ins[2], step.ins[3], step.out
//@ local rank = #y.shape
//@ local n, sx, sy = y.shape[rank], unit(x), unit(y)
//@ local rows = rows_of(step, {y, x})
//@ local open, to, from = rows.enter {"to", "from"}
//@ local pad, layer = rows.pad, at.kind == 0
//@ local d = layer and ("(int64_t)%s * %d - sum"):format(item(from, sx), n) or "(int64_t)" .. minus(item(from, sx), at.zero[1])
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(open) do
$(line)
//@ end
//@ if layer then
$(pad)int64_t sum = 0;
$(pad)for (int j = 0; j < $(n); j++)
$(pad)    sum += $(item(from, sx));
//@ end
$(pad)int64_t most = 0;
$(pad)for (int j = 0; j < $(n); j++) {
$(pad)    const int64_t d = $(d);
$(pad)    most = d > most ? d : -d > most ? -d : most;
$(pad)}
$(pad)const int s = loom_norm_shift(most, $(at.bits), $(at.least));
$(pad)int64_t squares = (int64_t)$(at.epsilon) * 1073741824 >> loom_cut(2 * ($(minus("s", at.least))), 0, 62);
$(pad)for (int j = 0; j < $(n); j++) {
$(pad)    const int64_t v = loom_norm_place($(d), s);
$(pad)    squares += v * v;
$(pad)}
$(pad)int shift = 61;
$(pad)const int32_t inverse = $(at.epsilon > 0 and "loom_norm_inverse(squares, &shift)" or "squares ? loom_norm_inverse(squares, &shift) : 0");
$(pad)for (int j = 0; j < $(n); j++) {
$(pad)    const int64_t z = loom_scale(loom_norm_place($(d), s), inverse, shift - 30);
//@ local factor = item("gamma", gamma.shape[#gamma.shape] > 1 and unit(gamma) or 0)
$(pad)    const int64_t v = loom_scale(z, $(factor), $(at.shift))$(beta and " + " .. item("beta", unit(beta)) or "");
$(pad)    $(item(to, sy)) = $(cut(y, minus(("loom_scale(v, 1, %d)"):format(at.places), -at.zero[2]), at.low, at.high));
$(pad)}
//@ if rows.tail then
$(rows.tail)
//@ end
}
