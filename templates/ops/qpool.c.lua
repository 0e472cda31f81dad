//@ parameters(step, {"x"})
//@ local at, x, y, max = step.attr, step.ins[1], step.out, step.attr.kind == 0
//@ local flat, r = #x.shape == 3, #x.shape
//@ local H, W, OH, OW = flat and 1 or x.shape[3], x.shape[r], flat and 1 or y.shape[3], y.shape[r]
//@ local function element(o, row, col) return elem(o, flat and {"b", "c", col} or {"b", "c", row, col}) end
//@ local sum = max and x.real or at.wide == 1 and "int64_t" or "int32_t"
//@ local all = at.kernel[1] * at.kernel[2]
//@ local padded = at.pad[1] + at.pad[2] + at.pad[3] + at.pad[4] > 0
//@ local inside = flat and "(j1 - j0)" or "(i1 - i0) * (j1 - j0)"
//@ local area = (not padded or at.count_include_pad == 1) and tostring(all) or "area"
//@ local border = not max and padded and at.count_include_pad == 1 and at.zero ~= 0
static void $(step.name)($(step.params))
{
    for (int b = 0; b < $(y.shape[1]); b++)
//@ local pad = "        "
//@ if not flat then
        for (int row = 0; row < $(OH); row++) {
            const int top = $(times("row", at.stride[1])) - $(at.pad[1]), i0 = top < 0 ? 0 : top, i1 = loom_min(top + $(at.kernel[1]), $(H));
//@ pad = pad .. "    "
//@ end
$(pad)for (int col = 0; col < $(OW); col++) {
$(pad)    const int left = $(times("col", at.stride[2])) - $(at.pad[3]), j0 = left < 0 ? 0 : left, j1 = loom_min(left + $(at.kernel[2]), $(W));
//@ if area == "area" then
$(pad)    const $(sum) area = $(inside);
//@ end
$(pad)    for (int c = 0; c < $(x.shape[2]); c++) {
//@ if max then
$(pad)        $(sum) v = $(element(x, "i0", "j0"));
//@ elseif border then
$(pad)        $(sum) v = ($(sum))($(all) - $(inside)) * $(at.zero < 0 and "(" .. at.zero .. ")" or at.zero);
//@ else
$(pad)        $(sum) v = 0;
//@ end
//@ local inner = pad .. "        "
//@ if not flat then
$(inner)for (int i = i0; i < i1; i++)
//@ inner = inner .. "    "
//@ end
$(inner)for (int j = j0; j < j1; j++)
//@ if max then
$(inner)    v = v < $(element(x, "i", "j")) ? $(element(x, "i", "j")) : v;
$(pad)        $(element(y, "row", "col")) = v;
//@ else
$(inner)    v += $(element(x, "i", "j"));
$(pad)        $(element(y, "row", "col")) = ($(y.real))$(at.wide == 1 and "loom_mean" or "loom_mean32")(v, $(area));
//@ end
$(pad)    }
$(pad)}
//@ if not flat then
        }
//@ end
}
