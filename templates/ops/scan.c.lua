//@ local x, w, bias_n, h0, c0, y = step.ins[1], step.ins[2], step.ins[3], step.ins[4], step.ins[5], step.out
//@ local cells = {[0] = "rnn_tanh", "rnn_relu", "lstm", "gru"}
//@ local cell = cells[step.attr.cell]
//@ local gates = cell == "lstm" and 4 or cell == "gru" and 3 or 1
//@ step.writes = {[4] = true, [5] = true}
//@ parameters(step, {"x", "w", "bias_n", "h0", "c0"})
//@ local B, steps, H = y.shape[1], y.shape[2], y.shape[3]
//@ local whole = full(H)
//@ local lanes = not whole and "n - v * " .. LANES or nil
//@ local sx, sy = x.stride[3], y.stride[3]
//@ if H == 1 then sx, sy = 1, 1 end
//@ local x_gate = H * x.stride[3]
//@ local tail = whole and "" or ", const int n"
//@ local V = T .. "v"
//@ local function v_at(name, row, stride)
//@     local p = name
//@     if B > 1 and row ~= 0 then p = p .. " + r * " .. row end
//@     return p .. " + v * " .. LANES .. (stride ~= 1 and " * " .. stride or "")
//@ end
//@ local rs = "const " .. real .. " *LOOM_RESTRICT "
/* Units of some samples: the gates' sums start at x, then take the previous output in ascending order. */
LOOM_INLINE void $(step.name)_units(const int rows, const int vecs, $(rs)x, $(rs)w,$(bias_n and " " .. rs .. "bias_n," or "") $(rs)h, $(real) *LOOM_RESTRICT next,$(cell == "lstm" and " " .. real .. " *LOOM_RESTRICT c," or cell == "gru" and " " .. rs .. "before," or "") $(real) *LOOM_RESTRICT y$(tail))
{
    loom_$(T)v acc[LOOM_TILE > $(gates) ? LOOM_TILE : $(gates)];
    LOOM_UNROLL
    for (int r = 0; r < rows; r++)
        LOOM_UNROLL
        for (int v = 0; v < vecs; v++) {
//@ for g = 0, gates - 1 do
//@ if cell == "gru" and g == 2 then
            acc[(r * vecs + v) * 3 + 2] = $(bias_n and vload("bias_n + v * " .. LANES, 1, lanes) or "loom_" .. T .. "_splat(0)");
//@ else
            acc[(r * vecs + v) * $(gates) + $(g)] = $(vload(v_at("x", x.stride[1], sx) .. (g > 0 and " + " .. g * x_gate or ""), sx, lanes));
//@ end
//@ end
        }
    for (int k = 0; k < $(H); k++) {
        LOOM_UNROLL
        for (int r = 0; r < rows; r++) {
            const loom_$(T)v a = loom_$(T)_splat(h[$(B > 1 and "r * " .. H .. " + " or "")k]);
            LOOM_UNROLL
            for (int v = 0; v < vecs; v++) {
//@ for g = 0, gates - 1 do
                acc[(r * vecs + v) * $(gates) + $(g)] += a * loom_$(T)_load(w + k * $(panel * gates) + LOOM_$(T:upper())_PANEL(v, $(panel), $(H * gates))$(g > 0 and " + " .. g * panel or ""));
//@ end
            }
        }
    }
    LOOM_UNROLL
    for (int r = 0; r < rows; r++)
        LOOM_UNROLL
        for (int v = 0; v < vecs; v++) {
            const loom_$(T)v *s = acc + (r * vecs + v) * $(gates);
//@ if cell == "rnn_tanh" then
            const loom_$(T)v out = loom_tanh_$(V)(s[0]);
//@ elseif cell == "rnn_relu" then
            const loom_$(T)v out = loom_map_relu_$(V)(s[0], s[0], s[0]);
//@ elseif cell == "lstm" then
            const loom_$(T)v kept = loom_sigmoid_$(V)(s[1]) * $(vload(v_at("c", H, 1), 1, lanes));
            const loom_$(T)v added = loom_sigmoid_$(V)(s[0]) * loom_tanh_$(V)(s[2]);
            const loom_$(T)v state = kept + added;
            $(vstore(v_at("c", H, 1), 1, "state", lanes))
            const loom_$(T)v out = loom_sigmoid_$(V)(s[3]) * loom_tanh_$(V)(state);
//@ else
            const loom_$(T)v z = loom_sigmoid_$(V)(s[1]);
            const loom_$(T)v gated = loom_sigmoid_$(V)(s[0]) * s[2];
            const loom_$(T)v u = loom_tanh_$(V)($(vload(v_at("x", x.stride[1], sx) .. " + " .. 2 * x_gate, sx, lanes)) + gated);
            const loom_$(T)v fresh = (loom_$(T)_splat(1) - z) * u;
            const loom_$(T)v kept = z * $(vload(v_at("before", H, 1), 1, lanes));
            const loom_$(T)v out = fresh + kept;
//@ end
            $(vstore(v_at("next", H, 1), 1, "out", lanes))
            $(vstore(v_at("y", y.stride[1], sy), sy, "out", lanes))
        }
}

//@ local function call(rows, vecs)
//@     local function row(name, stride) return B > 1 and stride ~= 0 and name .. " + b * " .. stride or name end
//@     local col = " + c * " .. LANES
//@     local args = {rows, vecs, row("xt", x.stride[1]) .. col .. (sx ~= 1 and " * " .. sx or ""), ("w + LOOM_%s_PANEL(c, %d, %d)"):format(T:upper(), panel, H * gates)}
//@     if bias_n then args[#args + 1] = "bias_n" .. col end
//@     args[#args + 1] = row("h", H)
//@     args[#args + 1] = row("next", H) .. col
//@     if cell == "lstm" then args[#args + 1] = row("cells", H) .. col end
//@     if cell == "gru" then args[#args + 1] = row("h", H) .. col end
//@     args[#args + 1] = row("yt", y.stride[1]) .. col .. (sy ~= 1 and " * " .. sy or "")
//@     if not whole then args[#args + 1] = H .. " - c * " .. LANES end
//@     return step.name .. "_units(" .. table.concat(args, ", ") .. ");"
//@ end
/* One time step of some samples. */
LOOM_INLINE void $(step.name)_rows(const int rows, const int b, $(rs)xt, $(rs)w,$(bias_n and " " .. rs .. "bias_n," or "") $(rs)h, $(real) *LOOM_RESTRICT next,$(cell == "lstm" and " " .. real .. " *LOOM_RESTRICT cells," or "") $(real) *LOOM_RESTRICT yt)
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
    enum { most = LOOM_TILE / $(gates), tiles = ($(B) + most - 1) / most, rows = ($(B) + tiles - 1) / tiles };
    $(real) *h = scratch, *next = scratch + $(B * H)$(cell == "lstm" and (c0 and ", *cells = c0" or ", *cells = scratch + " .. 2 * B * H) or "");
//@ if h0 then
    for (int i = 0; i < $(B * H); i++)
        h[i] = h0[i];
//@ else
    loom_$(T)_zero(h, $(B * H));
//@ end
//@ if cell == "lstm" and not c0 then
    loom_$(T)_zero(cells, $(B * H));
//@ end
    for (int t = 0; t < $(steps); t++) {
//@ local extra = (bias_n and "bias_n, " or "") .. "h, next, " .. (cell == "lstm" and "cells, " or "")
//@ local function rows_call(n)
//@     return step.name .. "_rows(" .. n .. ", " .. (B > 1 and "b" or "0") .. ", x + t * " .. x.stride[2] .. ", w, " .. extra .. "y + t * " .. y.stride[2] .. ");"
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
