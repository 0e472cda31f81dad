//@ parameters(step, {"dy", "x"})
//@ local p = conv_weight_plan(step)
//@ step.ins[2].ptr = moved(step.ins[2].ptr, step.ins[2].move)
//@ parameters(step, {"dy", "x"})
//@ local partial = not full(p.n)
//@ local const = "const " .. real .. " *LOOM_RESTRICT "
//@ local params = const .. "a, " .. const .. "b, " .. real .. " *LOOM_RESTRICT sum"
//@ if p.k.length < p.k.cut.size then params = "const int steps, " .. params end
//@ if partial then params = params .. ", const int n" end
//@ local first = p.k.length < p.k.cut.size and "steps, " or ""
//@ local loops, ka, kb, pad = {}, {}, {}, "    "
//@ local ks = {p.k.cut, table.unpack(p.k.inner)}
//@ for d, run in ipairs(ks) do
//@     local v = "k" .. d
//@     if run.size > 1 then loops[#loops + 1] = ("for (int %s = 0; %s < %s; %s++)"):format(v, v, d == 1 and first ~= "" and "steps" or run.size, v) end
//@     if run.size > 1 and run.a ~= 0 then ka[#ka + 1] = " + " .. times(v, run.a) end
//@     if run.size > 1 and run.b ~= 0 then kb[#kb + 1] = " + " .. times(v, run.b) end
//@ end
//@ local lane = "v * " .. LANES
//@ local ahead = #ka > 0 and table.concat(ka) or ""
//@ local vecs = p.depthwise and "1" or "LOOM_VECS(" .. (p.chunk or "LOOM_SPLIT(" .. p.rows .. ")") .. ")"
/* Adds to rows x vecs vectors of sums what a block of places brings. */
LOOM_INLINE void $(step.name)_tile(const int rows, const int vecs, $(p.chunk and p.rows > 1 and "const int m, " or "")$(params))
{
    loom_$(T)v acc[$(p.chunk and p.chunk > least_tile() and p.chunk or "LOOM_TILE")];
    LOOM_UNROLL
    for (int r = 0; r < rows; r++)
        LOOM_UNROLL
        for (int v = 0; v < vecs; v++)
            acc[r * vecs + v] = loom_$(T)_load(sum + r * $(p.width) + v * $(LANES));
//@ for d, line in ipairs(loops) do
$(pad)$(line)$(d == #loops and " {" or "")
//@ pad = pad .. "    "
//@ end
//@ if #loops == 0 then
    {
//@ pad = pad .. "    "
//@ end
//@ local b_at = "b + " .. (#kb > 0 and table.concat(kb):sub(4) .. " + " or "") .. times(lane, p.sb)
$(pad)loom_$(T)v to[8];
$(pad)LOOM_UNROLL
$(pad)for (int v = 0; v < vecs; v++)
//@ if partial then
$(pad)    to[v] = n < $(LANES) ? $(vload(b_at, p.sb, "n")) : $(vload(b_at, p.sb));
//@ else
$(pad)    to[v] = $(vload(b_at, p.sb));
//@ end
$(pad)LOOM_UNROLL
$(pad)for (int r = 0; r < rows; r++) {
//@ if p.depthwise then
//@ local a_at = "a + " .. p.a_row .. ahead
//@ if partial then
$(pad)    const loom_$(T)v from = n < $(LANES) ? $(vload(a_at, p.sa, "n")) : $(vload(a_at, p.sa));
//@ else
$(pad)    const loom_$(T)v from = $(vload(a_at, p.sa));
//@ end
//@ else
$(pad)    const loom_$(T)v from = loom_$(T)_splat(a[$(p.a_row)$(ahead)]);
//@ end
$(pad)    LOOM_UNROLL
$(pad)    for (int v = 0; v < vecs; v++)
$(pad)        acc[r * vecs + v] += from * to[v];
$(pad)}
$(pad:sub(5))}
    LOOM_UNROLL
    for (int r = 0; r < rows; r++)
        LOOM_UNROLL
        for (int v = 0; v < vecs; v++)
            loom_$(T)_store(sum + r * $(p.width) + v * $(LANES), acc[r * vecs + v]);
}

LOOM_INLINE void $(step.name)_columns(const int vecs, $(params))
{
//@ local vars, rows_a, rows_b, rows_y, step_y = {"h", "i", "j"}, {}, {}, {}, p.rows
//@ for d = #p.runs, 1, -1 do
//@     local run = p.runs[d]
//@     run.var, run.by = vars[d], step_y
//@     step_y = step_y * run.size
//@ end
//@ pad = "    "
//@ for d, run in ipairs(p.runs) do
$(pad)for (int $(run.var) = 0; $(run.var) < $(run.size); $(run.var)++)$(d == #p.runs and " {" or "")
//@ pad = pad .. "    "
//@ if run.a ~= 0 then rows_a[#rows_a + 1] = " + " .. times(run.var, run.a) end
//@ if run.b ~= 0 then rows_b[#rows_b + 1] = " + " .. times(run.var, run.b) end
//@ rows_y[#rows_y + 1] = " + " .. times(run.var, run.by * p.width)
//@ end
//@ local a, b, y = "a" .. table.concat(rows_a), "b" .. table.concat(rows_b), "sum" .. table.concat(rows_y)
//@ local tail = partial and ", n" or ""
//@ if p.chunk then
//@ for m = 0, p.rows - 1, p.chunk do
$(pad)$(step.name)_tile($(math.min(p.chunk, p.rows - m)), vecs, $(p.rows > 1 and m .. ", " or "")$(first)$(a), $(b), $(y)$(m > 0 and " + " .. m * p.width or "")$(tail));
//@ end
//@ else
//@ local at_m = first .. a .. " + " .. times("m", p.a_m) .. ", " .. b .. ", " .. y .. " + m * " .. p.width .. tail
$(pad)enum { rows = LOOM_SPLIT($(p.rows)) };
$(pad)int m = 0;
$(pad)for (; m + rows <= $(p.rows); m += rows)
$(pad)    $(step.name)_tile(rows, vecs, $(at_m));
$(pad)if ($(p.rows) % rows)
$(pad)    $(step.name)_tile($(p.rows) % rows, vecs, $(at_m));
//@ end
//@ if #p.runs > 0 then
$(pad:sub(5))}
//@ end
}

static void $(step.name)($(step.params))
{
//@ local behind = (", behind = columns > 0 ? (columns + 1) * %s - %d : 0"):format(LANES, p.n)
    enum { vecs = $(vecs), columns = $(p.n) / $(LANES)$(partial and behind or "") };
//@ pad = "    "
//@ local at_a, at_b = {}, {}
//@ if p.groups > 1 then
    for (int g = 0; g < $(p.groups); g++) {
//@ pad = "        "
//@ at_a[1] = " + " .. times("g", p.group_a)
//@ at_b[1] = " + " .. times("g", p.group_b)
//@ end
$(pad)loom_$(T)_zero(scratch, $(p.all_rows * p.width));
//@ local inside = pad
//@ local opened = #p.k.outer > 0 or first ~= ""
//@ for d, run in ipairs(p.k.outer) do
$(inside)for (int b$(d) = 0; b$(d) < $(run.size); b$(d)++)$(d == #p.k.outer and first == "" and " {" or "")
//@ inside = inside .. "    "
//@ if run.a ~= 0 then at_a[#at_a + 1] = " + " .. times("b" .. d, run.a) end
//@ if run.b ~= 0 then at_b[#at_b + 1] = " + " .. times("b" .. d, run.b) end
//@ end
//@ if first ~= "" then
//@ local cut = p.k.cut
$(inside)for (int k = 0; k < $(cut.size); k += $(p.k.length)) {
//@ inside = inside .. "    "
//@ if cut.size % p.k.length == 0 then
$(inside)const int steps = $(p.k.length);
//@ else
$(inside)const int steps = loom_min($(cut.size) - k, $(p.k.length));
//@ end
//@ if cut.a ~= 0 then at_a[#at_a + 1] = " + " .. times("k", cut.a) end
//@ if cut.b ~= 0 then at_b[#at_b + 1] = " + " .. times("k", cut.b) end
//@ end
//@ local function call(count, c, n)
//@     local lanes = c .. " * " .. LANES
//@     local a = p.a.name .. table.concat(at_a) .. (p.sa ~= 0 and " + " .. times(n or lanes, p.sa) or "")
//@     local b = p.b.name .. table.concat(at_b) .. " + " .. times(n or lanes, p.sb)
//@     local last = partial and ", " .. (n and "loom_min(" .. p.n .. ", " .. LANES .. ")" or LANES) or ""
//@     return ("%s_columns(%s, %s%s, %s, scratch + %s%s);"):format(step.name, count, first, a, b, lanes, last)
//@ end
$(inside)int col = 0;
$(inside)for (; col + vecs <= columns; col += vecs)
$(inside)    $(call("vecs", "col"))
//@ for _, rest in ipairs {4, 2, 1} do
//@ if tile_remains({rows = p.chunk or p.rows, n = p.n}, rest, true) and not p.depthwise then
$(inside)if (columns % vecs & $(rest)) {
$(inside)    $(call(rest, "col"))
$(inside)    col += $(rest);
$(inside)}
//@ end
//@ end
//@ if partial then
$(inside)if ($(p.n) % $(LANES)) /* the last vector: that of the last columns, where there are so many */
$(inside)    $(call("1", "col", "(" .. p.n .. " < " .. LANES .. " ? 0 : " .. p.n .. " - " .. LANES .. ")"))
//@ end
//@ if opened then
$(inside:sub(5))}
//@ end
//@ local axes, to, from, out = {}, {}, {}, step.out.stride
//@ if p.groups > 1 then to[1] = "g * " .. p.filter.size * out[1] end
//@ for d, axis in ipairs {p.filter, p.channel, p.tap[1], p.tap[2]} do
//@     if axis.size > 1 or axis.name == p.column then
//@         local stride = out[math.min(d, #out)]
//@         axes[#axes + 1] = axis
//@         to[#to + 1] = times(axis.name, stride)
//@         if axis.row then from[#from + 1] = times(axis.name, axis.row * p.width) end
//@     end
//@ end
//@ from[#from + 1] = p.column .. (partial and " + (" .. p.column .. " < columns * " .. LANES .. " ? 0 : behind)" or "")
//@ for _, axis in ipairs(axes) do
$(pad)for (int $(axis.name) = 0; $(axis.name) < $(axis.size); $(axis.name)++)
//@ pad = pad .. "    "
//@ end
$(pad)y[$(table.concat(to, " + "))] = scratch[$(table.concat(from, " + "))];
//@ if p.groups > 1 then
    }
//@ end
}
