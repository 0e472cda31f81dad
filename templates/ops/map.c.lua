//@ if model.integer then
//@ parameters(step, {"x"})
static void $(step.name)($(step.params))
{
$(each_element(step, function(elem) return elem(step.ins[1]) end))
}
//@ return end
//@ local roles = step.ins[2] and {"a", "b"} or {"a"}
//@ parameters(step, roles)
//@ local out, shape = step.out, step.out.shape
//@ local views, operands = {out.stride}, {}
//@ local function see(o) views[#views + 1] = broadcast(o, shape); operands[#operands + 1] = o; o.view = #views end
//@ see(step.ins[1])
//@ if step.ins[2] then see(step.ins[2]) end
//@ for _, item in ipairs(step.chain) do if item.operand then see(item.operand) end end
//@ local dims = coalesce(shape, views)
//@ local inner = table.remove(dims) or {size = 1, strides = {}}
//@ local vars = {"h", "i", "j", "k", "m"}
//@ local function locate(o, view)
//@     local terms = {}
//@     for d, dim in ipairs(dims) do
//@         local s = dim.strides[view]
//@         if s ~= 0 then terms[#terms + 1] = s == 1 and vars[d] or vars[d] .. " * " .. s end
//@     end
//@     local s = inner.strides[view] or 0
//@     if s ~= 0 then terms[#terms + 1] = s == 1 and "n" or "n * " .. s end
//@     return #terms > 0 and o.name .. " + " .. table.concat(terms, " + ") or o.name, s
//@ end
//@ local whole = full(inner.size)
//@ local lanes = not whole and "lanes" or nil
static void $(step.name)($(step.params))
{
//@ local pad = "    "
//@ for d, dim in ipairs(dims) do
$(pad)for (int $(vars[d]) = 0; $(vars[d]) < $(dim.size); $(vars[d])++)
//@ pad = pad .. "    "
//@ end
//@ local p1, s1 = locate(step.ins[1], step.ins[1].view)
//@ local py, sy = locate(out, 1)
//@ if step.attr.fn == "copy" and #step.chain == 0 and (s1 ~= 1 or sy ~= 1) then
$(pad)for (int n = 0; n < $(inner.size); n++)
$(pad)    $(item_at(py)) = $(item_at(p1));
//@ else
$(pad)for (int n = 0; n < $(inner.size); n += $(LANES)) {
//@ pad = pad .. "    "
//@ if lanes then
$(pad)const int lanes = loom_min($(inner.size) - n, $(LANES));
//@ end
$(pad)loom_$(T)v v = $(vload(p1, s1, lanes));
//@ if step.ins[2] then
//@ local p2, s2 = locate(step.ins[2], step.ins[2].view)
$(pad)v = $(map_expr(step.attr.fn, "v", vload(p2, s2, lanes), "loom_" .. T .. "_splat(" .. step.param .. ")", T .. "v"));
//@ elseif step.attr.fn ~= "copy" then
$(pad)v = $(map_expr(step.attr.fn, "v", "v", "loom_" .. T .. "_splat(" .. step.param .. ")", T .. "v"));
//@ end
//@ for _, line in ipairs(chain_lines(step, "v", function(o) return locate(o, o.view) end, lanes)) do
$(pad)$(line)
//@ end
$(pad)$(vstore(py, sy == 0 and 1 or sy, "v", lanes))
    $(("    "):rep(#dims))}
//@ end
}
