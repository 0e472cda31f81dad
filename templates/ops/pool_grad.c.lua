//@ parameters(step, {"dy", "x"})
//@ local p = pool_grad_facts(step)
//@ local dy, x, dx = step.ins[1], step.ins[2], step.out
//@ for _, w in ipairs(p.windows) do
/* One window $(w.name == "inside" and "inside the input" or "without its part in the border"), in $(p.all and "all channels" or "one channel"). */
LOOM_INLINE void $(step.name)_$(w.name)($(p.params)$(w.params))
{
//@ local function open(pad, body)
//@     local lines = {}
//@     for _, loop in ipairs {{"i", w.rows}, {"j", w.cols}} do
//@         if loop[2] ~= 1 then
//@             if w.unroll then lines[#lines + 1] = pad .. "LOOM_UNROLL" end
//@             lines[#lines + 1] = ("%sfor (int %s = 0; %s < %s; %s++)"):format(pad, loop[1], loop[1], loop[2], loop[1])
//@             pad = pad .. "    "
//@         end
//@     end
//@     if #body > 1 and #lines > 0 then
//@         lines[#lines] = lines[#lines] .. " {"
//@     end
//@     for _, line in ipairs(body) do lines[#lines + 1] = pad .. line end
//@     if #body > 1 and pad:sub(5) ~= pad and #lines > #body then lines[#lines + 1] = pad:sub(5) .. "}" end
//@     return lines
//@ end
//@ for _, part in ipairs(p.parts) do
//@ local pad, V = "    ", part.V
//@ for _, line in ipairs(part.head or {}) do
    $(line)
//@ pad = "        "
//@ end
//@ local at_x, at_dx = x and w.at(x) or "0", w.at(dx)
//@ local old = p.meet and part.load(dx, at_dx) or part.zero
//@ if p.max and part.vector then
$(pad)$(V) best = $(part.load(x, "0")), at = $(part.zero);
//@ local less = "loom_map_less_" .. T .. "v"
//@ local find = {"const " .. V .. " a = " .. part.load(x, at_x) .. ";", "at = " .. less .. "(best, a, " .. part.number(w.tap) .. ", at);",
//@               "best = " .. less .. "(best, a, a, best);"}
//@ for _, line in ipairs(open(pad, find)) do
$(line)
//@ end
$(pad)const $(V) g = $(part.load(dy, "0"));
//@ local put = {"const " .. V .. " tap = " .. part.number(w.tap) .. ";",
//@              "const " .. V .. " part = " .. less .. "(at, tap, " .. part.zero .. ", " .. less .. "(tap, at, " .. part.zero .. ", g));",
//@              part.store(dx, at_dx, old .. " + part")}
//@ for _, line in ipairs(open(pad, put)) do
$(line)
//@ end
//@ elseif p.max then
$(pad)$(V) best = $(part.load(x, "0"));
$(pad)int at = 0;
//@ local find = {"const " .. V .. " a = " .. part.load(x, at_x) .. ";", "at = best < a ? " .. at_dx .. " : at;", "best = best < a ? a : best;"}
//@ for _, line in ipairs(open(pad, find)) do
$(line)
//@ end
//@ if not p.meet then
//@ for _, line in ipairs(open(pad, {part.store(dx, at_dx, "0")})) do
$(line)
//@ end
//@ end
//@ local target = "y[" .. (part.channel and part.channel .. " + " or "") .. "at]"
$(pad)$(target) += $(part.load(dy, "0"));
//@ else
//@ local area = part.vector and ("loom_%s_splat(%s)"):format(T, w.area) or w.area
$(pad)const $(V) part = $(part.load(dy, "0")) / $(area);
//@ for _, line in ipairs(open(pad, {part.store(dx, at_dx, old .. " + part")})) do
$(line)
//@ end
//@ end
//@ if part.head then
    }
//@ end
//@ end
}

//@ if w.name == "clipped" then
/* Windows that reach over the border. */
static void $(step.name)_edge($(p.params)$(p.flat and "" or ", int row0, int row1"), int col0, int col1)
{
//@ local h, v, pad = p.h, p.w, "    "
//@ if not p.flat then
    for (int row = row0; row < row1; row++)
//@ pad = pad .. "    "
//@ end
$(pad)for (int col = col0; col < col1; col++) {
//@ if not p.flat then
$(pad)    const int top = row$(h.step == 1 and "" or " * " .. h.step) - $(h.before), i0 = top < 0 ? 0 : top, i1 = loom_min(top + $(h.kernel), $(h.size));
//@ end
$(pad)    const int left = col$(v.step == 1 and "" or " * " .. v.step) - $(v.before), j0 = left < 0 ? 0 : left, j1 = loom_min(left + $(v.kernel), $(v.size));
$(pad)    $(step.name)_clipped($(p.edge_args)$(p.flat and "" or ", i1 - i0"), j1 - j0);
$(pad)}
}

//@ end
//@ end
static void $(step.name)($(step.params))
{
//@ if p.clear then
//@ local loops = element_loops(dx.shape, {dx})
//@ for _, line in ipairs(loops.head) do
$(line)
//@ end
$(loops.pad)$(vstore(loops.at(dx), loops.stride(dx) == 0 and 1 or loops.stride(dx), "loom_" .. T .. "_splat(0)", loops.lanes))
//@ for _, line in ipairs(loops.tail) do
$(line)
//@ end
//@ end
//@ for _, line in ipairs(p.lines) do
$(line)
//@ end
//@ for _, line in ipairs(p.calls) do
$(p.rows.pad)$(line)
//@ end
//@ if p.rows.tail then
$(p.rows.tail)
//@ end
}
