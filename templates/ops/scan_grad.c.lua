//@ local dy, w, out, a, y = step.ins[1], step.ins[2], step.ins[3], step.ins[4], step.out
//@ local cell, B, steps = scan_cell(step, out), out.shape[1], out.shape[2]
//@ local H, lstm, gru, V = cell.H, cell.name == "lstm", cell.name == "gru", "loom_" .. T .. "v"
//@ parameters(step, {"dy", "w", not lstm and "h", "a"})
//@ -- rows of w and the gates' gradients that they are multiplied with: {first row, rows, first gradient}
//@ local sums = gru and {{0, 2 * H, 0}, {2 * H, H, 3 * H}} or {{0, cell.gates * H, 0}}
//@ local K = cell.gates * H
//@ local direct = not step.scratch
//@ assert(w.stride[2] == 1 or H == 1, "the rows of recurrent weights are not contiguous")
//@ local function row(o) return B > 1 and o.stride[1] or 0 end
//@ local function load(o, gate, at) return scan_load(cell, at or o.name, row(o), o.stride[3], gate) end
//@ local function store(gate, v) return scan_store(cell, "y", row(y), y.stride[3], gate, v) end
//@ local function zero_or(o, gate, back) return ("first ? %s : %s"):format(splat("0"), load(o, gate, o.name .. " - " .. back)) end
//@ local tail = cell.whole and "" or ", const int n"
//@ local rs = "const " .. real .. " *LOOM_RESTRICT "
//@ local function list(f)
//@     local parts = {}
//@     for _, o in ipairs {dy, not lstm and out or a, not lstm and a or nil} do parts[#parts + 1] = f(o) end
//@     return table.concat(parts, ", ")
//@ end
/* Units of some samples in one step: what comes back is dy and, after it in ascending order, the weights times the
 * gradients of the next step's gates (all of which `next` points at). */
LOOM_INLINE void $(step.name)_units(const int rows, const int vecs, const int first, const int last, $(list(function(o) return rs .. o.name end)), $(rs)w, const $(real) *next, $(real) *y$(tail))
{
    $(V) acc[LOOM_TILE > 2 ? LOOM_TILE : 2];
    LOOM_UNROLL
    for (int r = 0; r < rows; r++)
        LOOM_UNROLL
        for (int v = 0; v < vecs; v++) {
            $(V) back = $(load(dy, 0));
//@ if gru then
            if (!last)
                back += $(load(y, 4, "y + " .. y.stride[2])) * $(load(a, 1, "a + " .. a.stride[2]));
//@ end
            acc[r * vecs + v] = back;
        }
    if (!last) {
//@ for _, sum in ipairs(sums) do
        for (int k = 0; k < $(sum[2]); k++) {
//@ local index = idx({shape = {B, K}, stride = {y.stride[1], y.stride[3]}}, {"r", "k"})
//@ local more = sum[3] * y.stride[3]
//@ local from = direct and "k * " .. H .. " + v * " .. LANES or ("k * %d + LOOM_%s_PANEL(v, %d, %d)"):format(panel, T:upper(), panel, K)
//@ local offset = sum[1] * (direct and H or panel)
            LOOM_UNROLL
            for (int r = 0; r < rows; r++) {
                const $(V) d = $(splat(("next[%s%s]"):format(index, more > 0 and " + " .. more or "")));
                LOOM_UNROLL
                for (int v = 0; v < vecs; v++)
                    acc[r * vecs + v] += d * loom_$(T)_load(w + $(from)$(offset > 0 and " + " .. offset or ""));
            }
        }
//@ end
    }
    LOOM_UNROLL
    for (int r = 0; r < rows; r++)
        LOOM_UNROLL
        for (int v = 0; v < vecs; v++) {
            const $(V) dh = acc[r * vecs + v]$((lstm or gru) and ", one = " .. splat("1") or "");
//@ if lstm then
            const $(V) i = $(load(a, 0)), f = $(load(a, 1));
            const $(V) u = $(load(a, 2)), o = $(load(a, 3));
            const $(V) t = loom_tanh_$(T)v($(load(a, 4)));
            const $(V) before = $(zero_or(a, 4, a.stride[2]));
            $(V) dc = dh * o * (one - t * t);
            if (!last)
                dc += $(load(y, 4, "y + " .. y.stride[2])) * $(load(a, 1, "a + " .. a.stride[2]));
            $(store(0, "dc * u * (i * (one - i))"))
            $(store(1, "dc * before * (f * (one - f))"))
            $(store(2, "dc * i * (one - u * u)"))
            $(store(3, "dh * t * (o * (one - o))"))
            $(store(4, "dc"))
//@ elseif gru then
            const $(V) reset = $(load(a, 0)), z = $(load(a, 1));
            const $(V) u = $(load(a, 2)), inner = $(load(a, 3));
            const $(V) before = $(zero_or(out, 0, out.stride[2]));
            const $(V) du = dh * (one - z) * (one - u * u);
            $(store(0, "du * inner * (reset * (one - reset))"))
            $(store(1, "dh * (before - u) * (z * (one - z))"))
            $(store(2, "du"))
            $(store(3, "du * reset"))
            $(store(4, "dh"))
//@ else
//@ local value = load(out, 0)
            $(store(0, map_expr(cell.name:match("_(.*)") .. "_grad", value, "dh", "dh", T .. "v")))
//@ end
        }
//@ if not (lstm or gru) then
    (void)first;
//@ end
}

//@ local function call(vecs)
//@     local function col(o) return o.name .. " + c * " .. LANES .. (o.stride[3] ~= 1 and " * " .. o.stride[3] or "") end
//@     local weights = direct and "w + c * " .. LANES or ("w + LOOM_%s_PANEL(c, %d, %d)"):format(T:upper(), panel, K)
//@     return ("%s_units(rows, %s, first, last, %s, %s, next, %s%s);"):format(step.name, vecs, list(col), weights, col(y),
//@                                                                   cell.whole and "" or (", %d - c * %s"):format(H, LANES))
//@ end
/* One step of some samples. */
LOOM_INLINE void $(step.name)_rows(const int rows, const int first, const int last, $(list(function(o) return rs .. o.name end)), $(rs)w, const $(real) *next, $(real) *y)
{
    const int room = LOOM_TILE / rows;
    const int vecs = room >= 8 ? 8 : room >= 4 ? 4 : room >= 2 ? 2 : 1, columns = ($(H) + $(LANES) - 1) / $(LANES);
    int c = 0;
    for (; c + vecs <= columns; c += vecs)
        $(call("vecs"))
//@ for _, rest in ipairs {4, 2, 1} do
    if (columns % vecs & $(rest)) {
        $(call(tostring(rest)))
        c += $(rest);
    }
//@ end
}

static void $(step.name)($(step.params))
{
//@ if not direct then
    for (int k = 0; k < $(K); k++)
        for (int j = 0; j < $(div_up(H, panel) * panel); j++)
            scratch[j / $(panel) * $(panel * K) + k * $(panel) + j % $(panel)] = j < $(H) ? w[k * $(H) + j] : 0;
//@ end
    for (int t = $(steps - 1); t >= 0; t--) {
        const int first = t == 0, last = t == $(steps - 1);
//@ local function rows_call(n)
//@     local function at_step(o) return o.name .. (B > 1 and " + b * " .. o.stride[1] or "") .. " + t * " .. o.stride[2] end
//@     local next = ("last ? y : %s + %d"):format(at_step(y), y.stride[2])
//@     return ("%s_rows(%s, first, last, %s, %s, %s, %s);"):format(step.name, n, list(at_step), direct and "w" or "scratch", next, at_step(y))
//@ end
//@ if B > 1 then
        enum { tiles = ($(B) + LOOM_ROWS - 1) / LOOM_ROWS, rows = ($(B) + tiles - 1) / tiles };
        int b = 0;
        for (; b + rows <= $(B); b += rows)
            $(rows_call("rows"))
        if ($(B) % rows)
            $(rows_call(B .. " % rows"))
//@ else
        $(rows_call("1"))
//@ end
    }
}
