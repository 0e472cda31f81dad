//@ local x, w, bias_n, out, y = step.ins[1], step.ins[2], step.ins[3], step.ins[4], step.out
//@ parameters(step, {"x", "w", "bias_n", "h"})
//@ local cell, B, steps = scan_cell(step, out), out.shape[1], out.shape[2]
//@ local H, lstm, V = cell.H, cell.name == "lstm", "loom_" .. T .. "v"
//@ local panels = scan_panels(step, cell, w)
//@ local sx, sy, x_row, y_row = x.stride[3], y.stride[3], x.stride[2], y.stride[2]
//@ cell.sx, cell.x_row, cell.bias_n = sx, x_row, bias_n
//@ local index = idx({shape = {steps, H}, stride = {out.stride[2], out.stride[3]}}, {"r", "k"})
//@ cell.before = "first ? 0 : h[" .. index .. "]"
//@ local tail = cell.whole and "" or ", const int n"
//@ local rs = "const " .. real .. " *LOOM_RESTRICT "
//@ local function load(name, row, stride, gate) return scan_load(cell, name, row, stride, gate) end
/* Units of some steps of a sample: the gates' sums start at x, then take the output of the step before (zeros before
 * the first) in ascending order. */
LOOM_INLINE void $(step.name)_units(const int rows, const int vecs, const int first, $(rs)x, $(rs)w,$(bias_n and " " .. rs .. "bias_n," or "") $(rs)h, $(real) *y$(tail))
{
$(render("ops/gates.c.lua", {cell = cell}))
    LOOM_UNROLL
    for (int r = 0; r < rows; r++)
        LOOM_UNROLL
        for (int v = 0; v < vecs; v++) {
            const $(V) *s = acc + (r * vecs + v) * $(cell.gates);
//@ if lstm then
            const $(V) i = loom_sigmoid_$(T)v(s[0]), f = loom_sigmoid_$(T)v(s[1]);
            const $(V) u = loom_tanh_$(T)v(s[2]), o = loom_sigmoid_$(T)v(s[3]);
            const $(V) before = first ? $(splat("0")) : $(load("y - " .. y_row, y_row, sy, 4));
            const $(V) kept = f * before, added = i * u;
//@ for g, value in ipairs {"i", "f", "u", "o", "kept + added"} do
            $(scan_store(cell, "y", y_row, sy, g - 1, value))
//@ end
//@ else
            const $(V) reset = loom_sigmoid_$(T)v(s[0]), gated = reset * s[2];
            $(scan_store(cell, "y", y_row, sy, 0, "reset"))
            $(scan_store(cell, "y", y_row, sy, 1, "loom_sigmoid_" .. T .. "v(s[1])"))
            $(scan_store(cell, "y", y_row, sy, 2, ("loom_tanh_%sv(%s + gated)"):format(T, load("x", x_row, sx, 2))))
            $(scan_store(cell, "y", y_row, sy, 3, "s[2]"))
//@ end
        }
}

//@ local function call(vecs)
//@     local function col(s) return " + c * " .. LANES .. (s ~= 1 and " * " .. s or "") end
//@     local args = {"rows", vecs, "first", "x" .. col(sx), ("w + LOOM_%s_PANEL(c, %d, %d)"):format(T:upper(), panel, H * cell.gates)}
//@     if bias_n then args[#args + 1] = "bias_n" .. col(1) end
//@     args[#args + 1] = "h"
//@     args[#args + 1] = "y" .. col(sy)
//@     if not cell.whole then args[#args + 1] = H .. " - c * " .. LANES end
//@     return step.name .. "_units(" .. table.concat(args, ", ") .. ");"
//@ end
/* All units of some steps. */
LOOM_INLINE void $(step.name)_rows(const int rows, const int first, $(rs)x, $(rs)w,$(bias_n and " " .. rs .. "bias_n," or "") $(rs)h, $(real) *y)
{
    const int room = LOOM_TILE / (rows * $(cell.gates));
    const int vecs = room >= 4 ? 4 : room >= 2 ? 2 : 1, columns = ($(H) + $(LANES) - 1) / $(LANES);
    int c = 0;
    for (; c + vecs <= columns; c += vecs)
        $(call("vecs"))
    if (columns % vecs & 2) {
        $(call("2"))
        c += 2;
    }
    if (columns % vecs & 1)
        $(call("1"))
}

static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(panels.lines) do
    $(line)
//@ end
//@ local pad = "    "
//@ if B > 1 then
    for (int b = 0; b < $(B); b++) {
//@ pad = "        "
//@ end
//@ local function start(o) return o.name .. (B > 1 and " + b * " .. o.stride[1] or "") end
//@ local function rows_call(n, first, t)
//@     local function step_of(o, back) return start(o) .. (t == "0" and "" or (" + (t%s) * %d"):format(back, o.stride[2])) end
//@     return ("%s_rows(%s, %s, %s, %s,%s %s, %s);"):format(step.name, n, first, step_of(x, ""), panels.w, bias_n and " bias_n," or "",
//@                                                           step_of(out, " - 1"), step_of(y, ""))
//@ end
$(pad)$(rows_call("1", "1", "0"))
//@ if steps > 1 then
$(pad)enum { most = LOOM_TILE > $(cell.gates) ? LOOM_TILE / $(cell.gates) : 1, tiles = ($(steps - 1) + most - 1) / most, rows = ($(steps - 1) + tiles - 1) / tiles };
$(pad)int t = 1;
$(pad)for (; t + rows <= $(steps); t += rows)
$(pad)    $(rows_call("rows", "0", "t"))
$(pad)if ($(steps - 1) % rows)
$(pad)    $(rows_call((steps - 1) .. " % rows", "0", "t"))
//@ end
//@ if B > 1 then
    }
//@ end
}
