//@ local x, w, bias_n, h0, c0, y = step.ins[1], step.ins[2], step.ins[3], step.ins[4], step.ins[5], step.out
//@ step.writes = {[4] = true, [5] = true}
//@ parameters(step, {"x", "w", "bias_n", "h0", "c0"})
//@ local cell, B, steps = scan_cell(step, y), y.shape[1], y.shape[2]
//@ local H, gates, lanes, lstm, gru = cell.H, cell.gates, cell.lanes, cell.name == "lstm", cell.name == "gru"
//@ local panels = scan_panels(step, cell, w)
//@ local sx, sy = H == 1 and gates == 1 and 1 or x.stride[3], H == 1 and 1 or y.stride[3]
//@ cell.sx, cell.x_row, cell.bias_n = sx, B > 1 and x.stride[1] or 0, bias_n
//@ cell.before = "h[" .. (B > 1 and "r * " .. H .. " + " or "") .. "k]"
//@ local y_row, h_row = B > 1 and y.stride[1] or 0, B > 1 and H or 0
//@ local tail = cell.whole and "" or ", const int n"
//@ local V = T .. "v"
//@ local rs = "const " .. real .. " *LOOM_RESTRICT "
/* Units of some samples: the gates' sums start at x, then take the previous output in ascending order. */
LOOM_INLINE void $(step.name)_units(const int rows, const int vecs, $(rs)x, $(rs)w,$(bias_n and " " .. rs .. "bias_n," or "") $(rs)h, $(real) *LOOM_RESTRICT next,$(lstm and " " .. real .. " *LOOM_RESTRICT c," or gru and " " .. rs .. "before," or "") $(real) *LOOM_RESTRICT y$(tail))
{
$(render("ops/gates.c.lua", {cell = cell}))
    LOOM_UNROLL
    for (int r = 0; r < rows; r++)
        LOOM_UNROLL
        for (int v = 0; v < vecs; v++) {
            const loom_$(T)v *s = acc + (r * vecs + v) * $(gates);
//@ if cell.name == "rnn_tanh" then
            const loom_$(T)v out = loom_tanh_$(V)(s[0]);
//@ elseif cell.name == "rnn_relu" then
            const loom_$(T)v out = loom_map_relu_$(V)(s[0], s[0], s[0]);
//@ elseif lstm then
            const loom_$(T)v kept = loom_sigmoid_$(V)(s[1]) * $(scan_load(cell, "c", h_row, 1));
            const loom_$(T)v added = loom_sigmoid_$(V)(s[0]) * loom_tanh_$(V)(s[2]);
            const loom_$(T)v state = kept + added;
            $(scan_store(cell, "c", h_row, 1, 0, "state"))
            const loom_$(T)v out = loom_sigmoid_$(V)(s[3]) * loom_tanh_$(V)(state);
//@ else
            const loom_$(T)v z = loom_sigmoid_$(V)(s[1]);
            const loom_$(T)v gated = loom_sigmoid_$(V)(s[0]) * s[2];
            const loom_$(T)v u = loom_tanh_$(V)($(scan_load(cell, "x", cell.x_row, sx, 2)) + gated);
            const loom_$(T)v fresh = (loom_$(T)_splat(1) - z) * u;
            const loom_$(T)v kept = z * $(scan_load(cell, "before", h_row, 1));
            const loom_$(T)v out = fresh + kept;
//@ end
            $(scan_store(cell, "next", h_row, 1, 0, "out"))
            $(scan_store(cell, "y", y_row, sy, 0, "out"))
        }
}

//@ local function call(rows, vecs)
//@     local function row(name, stride) return B > 1 and stride ~= 0 and name .. " + b * " .. stride or name end
//@     local col = " + c * " .. LANES
//@     local args = {rows, vecs, row("xt", x.stride[1]) .. col .. (sx ~= 1 and " * " .. sx or ""), ("w + LOOM_%s_PANEL(c, %d, %d)"):format(T:upper(), panel, H * gates)}
//@     if bias_n then args[#args + 1] = "bias_n" .. col end
//@     args[#args + 1] = row("h", H)
//@     args[#args + 1] = row("next", H) .. col
//@     if lstm then args[#args + 1] = row("cells", H) .. col end
//@     if gru then args[#args + 1] = row("h", H) .. col end
//@     args[#args + 1] = row("yt", y.stride[1]) .. col .. (sy ~= 1 and " * " .. sy or "")
//@     if not cell.whole then args[#args + 1] = H .. " - c * " .. LANES end
//@     return step.name .. "_units(" .. table.concat(args, ", ") .. ");"
//@ end
/* One time step of some samples. */
LOOM_INLINE void $(step.name)_rows(const int rows, const int b, $(rs)xt, $(rs)w,$(bias_n and " " .. rs .. "bias_n," or "") $(rs)h, $(real) *LOOM_RESTRICT next,$(lstm and " " .. real .. " *LOOM_RESTRICT cells," or "") $(real) *LOOM_RESTRICT yt)
{
    const int room = LOOM_TILE / (rows * $(gates));
    const int vecs = room >= 4 ? 4 : room >= 2 ? 2 : 1, columns = ($(H) + $(LANES) - 1) / $(LANES);
    (void)b;
    int c = 0;
    for (; c + vecs <= columns; c += vecs)
        $(call("rows", "vecs"))
    if (columns % vecs & 2) {
        $(call("rows", "2"))
        c += 2;
    }
    if (columns % vecs & 1)
        $(call("rows", "1"))
}

static void $(step.name)($(step.params))
{
    enum { most = LOOM_TILE > $(gates) ? LOOM_TILE / $(gates) : 1, tiles = ($(B) + most - 1) / most, rows = ($(B) + tiles - 1) / tiles };
//@ local function room(i) return panels.rest + i * B * H == 0 and "scratch" or "scratch + " .. panels.rest + i * B * H end
    $(real) *h = $(room(0)), *next = $(room(1))$(lstm and ", *cells = " .. (c0 and "c0" or room(2)) or "");
//@ for _, line in ipairs(panels.lines) do
    $(line)
//@ end
//@ if h0 then
    for (int i = 0; i < $(B * H); i++)
        h[i] = h0[i];
//@ else
    loom_$(T)_zero(h, $(B * H));
//@ end
//@ if lstm and not c0 then
    loom_$(T)_zero(cells, $(B * H));
//@ end
    for (int t = 0; t < $(steps); t++) {
//@ local extra = (bias_n and "bias_n, " or "") .. "h, next, " .. (lstm and "cells, " or "")
//@ local function rows_call(n)
//@     return step.name .. "_rows(" .. n .. ", " .. (B > 1 and "b" or "0") .. ", x + t * " .. x.stride[2] .. ", " .. panels.w .. ", " .. extra .. "y + t * " .. y.stride[2] .. ");"
//@ end
//@ if B > 1 then
        int b = 0;
        for (; b + rows <= $(B); b += rows)
            $(rows_call("rows"))
        if ($(B) % rows)
            $(rows_call(B .. " % rows"))
//@ else
        $(rows_call("1"))
//@ end
        $(real) *const swap = h;
        h = next;
        next = swap;
    }
//@ if h0 then
    for (int i = 0; i < $(B * H); i++)
        h0[i] = h[i];
//@ end
}
