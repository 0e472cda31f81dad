//@ step.writes = {[1] = true, [4] = true, [5] = true}
//@ parameters(step, {"w", "dw", "rates", "m", "v"})
//@ local w, dw, m, v, a = step.ins[1], step.ins[2], step.ins[4], step.ins[5], step.attr
//@ local loops = element_loops(w.shape, {w, dw}, "    ")
//@ local vectors, lanes = vector_loop(loops.n, "n", true)
//@ local pad = loops.pad .. "    "
//@ local place = loops.at(w, "n")
//@ local function along_w(o) return (place:gsub("^w", o.name)) end
//@ local function load(o) return vload(along_w(o), 1, lanes) end
//@ local function splat(x) return ("loom_%s_splat(%s)"):format(T, x) end
//@ local function const(x) return splat(loom.const(x)) end
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(loops.head) do
$(line)
//@ end
//@ for _, line in ipairs(vectors) do
$(loops.pad)$(line)
//@ end
$(pad)const loom_$(T)v weight = $(load(w));
//@ local d = vload(loops.at(dw, "n"), loops.stride(dw), lanes)
//@ if a.decay ~= 0 and a.kind ~= 3 then d = ("%s + %s * weight"):format(d, const(a.decay)) end
$(pad)const loom_$(T)v d = $(d);
//@ local u = "d"
//@ if a.kind <= 1 and m then
$(pad)const loom_$(T)v mean = $(const(a.momentum)) * $(load(m)) + $(const(1 - a.dampening)) * d;
$(pad)$(vstore(along_w(m), 1, "mean", lanes))
//@ u = a.kind == 0 and "mean" or ("(d + %s * mean)"):format(const(a.momentum))
//@ elseif a.kind == 2 or a.kind == 3 then
$(pad)const loom_$(T)v mean = $(const(a.beta1)) * $(load(m)) + $(const(1 - a.beta1)) * d;
$(pad)const loom_$(T)v square = $(const(a.beta2)) * $(load(v)) + $(const(1 - a.beta2)) * (d * d);
$(pad)$(vstore(along_w(m), 1, "mean", lanes))
$(pad)$(vstore(along_w(v), 1, "square", lanes))
$(pad)const loom_$(T)v root = $(map_expr("sqrt", "square * " .. splat("rates[2]"), "weight", splat("0"), T .. "v"));
$(pad)const loom_$(T)v change = mean * $(splat("rates[1]")) / (root + $(const(a.epsilon)));
//@ u = a.kind == 2 and "change" or ("(change + %s * weight)"):format(const(a.decay))
//@ elseif a.kind == 4 then
$(pad)const loom_$(T)v square = $(const(a.alpha)) * $(load(v)) + $(const(1 - a.alpha)) * (d * d);
$(pad)$(vstore(along_w(v), 1, "square", lanes))
//@ local change = "d / " .. map_expr("sqrt", "square + " .. const(a.epsilon), "weight", splat("0"), T .. "v")
//@ if m then
$(pad)const loom_$(T)v mean = $(const(a.momentum)) * $(load(m)) + $(change);
$(pad)$(vstore(along_w(m), 1, "mean", lanes))
//@ u = "mean"
//@ else
$(pad)const loom_$(T)v change = $(change);
//@ u = "change"
//@ end
//@ end
$(pad)$(vstore(place, 1, "weight - " .. splat("rates[0]") .. " * " .. u, lanes))
$(loops.pad)}
//@ if loops.tail then
$(loops.tail)
//@ end
}
