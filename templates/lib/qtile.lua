-- qtile.lua - prepares the kernel of integers that products and convolutions share (ops/qtile.c.lua).
--
-- As for floats (tile.lua), a tile of rows x vecs accumulators stays in registers for the whole sum. The terms are first
-- brought to int16 with their zero off, in scratch, pairs side by side. Fields of the table `tile`:
--   widen   the lines that do so
--   outer   loops {var, size, y} around all: y is the stride of the result, x that of the terms
--   group   the same for the groups of a convolution, in each of which there are n columns
--   middle  loops around the rows, whose variable is m
--   rows    {size, x, y}
--   nest    loops of the sum {var, size, x}, the last one over pairs
--   quads   without vectors: weights are int8, four terms of each side by side
--   xn      the stride of the terms along the columns: 2 of a depthwise convolution, else nil

-- Terms of an index: " + oh * 12 + m * 3"
local function plus(loops, key, scale)
    local list = {}
    for _, loop in ipairs(loops) do
        if loop.size > 1 and loop[key] ~= 0 then list[#list + 1] = " + " .. times(loop.var, loop[key] * (scale or 1)) end
    end
    return table.concat(list)
end

-- The index of the panels' row for the loops of the sum, times its width.
local function row_index(tile)
    local size, list = 1, {}
    for i = #tile.nest, 1, -1 do
        local loop = tile.nest[i]
        if loop.size > 1 then table.insert(list, 1, times(loop.var, size * tile.width * tile.together)) end
        size = size * loop.size
    end
    return #list > 0 and table.concat(list, " + ") .. " + " or ""
end

-- Terms of one weight side by side.
function terms_together(step) return model.panel == 1 and step.ins[2].T == "i8" and 4 or 2 end

function qtile(step, tile)
    local at, w, y = step.attr, step.ins[2], step.out
    tile.width, tile.terms = model.panel * w.pack.wide, w.pack.terms
    tile.together = terms_together(step)
    tile.quads = tile.together == 4
    tile.panels = div_up(tile.n, model.panel) * model.panel
    tile.wide = at.wide == 1
    tile.full = tile.n % model.panel == 0
    tile.tile = tile.wide and "LOOM_INT_TILE / 2" or "LOOM_INT_TILE"
    tile.sums = tile.wide and "loom_wide" or "loom_sums"
    tile.params = ("const loom_i16 *LOOM_RESTRICT x, const %s *LOOM_RESTRICT w, const %s *LOOM_RESTRICT bias, "
        .. "const loom_i32 *LOOM_RESTRICT multiplier, const int8_t *LOOM_RESTRICT shift, %s *LOOM_RESTRICT y%s")
        :format(w.real, step.ins[3].real, y.real, tile.full and "" or ", const int n")
    local function call(what, first, x, group, c, after)
        local panel = c and (" + LOOM_INT_PANEL(%s, %d, %d)"):format(c, tile.width, tile.terms) or ""
        local column = c and (" + %s * LOOM_INT_LANES"):format(c) or ""
        local yn = c and (" + %s * LOOM_INT_LANES%s"):format(c, tile.yn == 1 and "" or " * " .. tile.yn) or ""
        local g = group and group.size > 1 and group or {size = 1}
        local function of(name, stride) return name .. (g.size > 1 and " + " .. times(g.var, stride) or "") end
        local left = tile.full and "" or c and (", %d - %s * LOOM_INT_LANES"):format(tile.n, c) or ", n"
        local to = (group and of("y", g.y) .. plus(tile.outer, "y") or "y") .. yn .. after
        return ("%s_%s(%s, %s, %s, %s, %s, %s, %s%s);"):format(step.name, what, first, x,
            of("w", tile.panels * tile.terms) .. panel, of("bias", tile.panels) .. column, of("multiplier", tile.panels) .. column,
            of("shift", tile.panels) .. column, to, left)
    end
    -- The call for one group of columns, from the c-th vector on.
    function tile.columns_call(vecs)
        local g = tile.group
        local x = "terms" .. plus({g}, "x") .. (tile.xn and " + c * LOOM_INT_LANES * 2" or "")
        return call("columns", vecs, x, g, "c", "")
    end
    -- That for one tile, from row m on.
    function tile.tile_call(rows)
        local m = {var = "m", size = tile.rows.size, x = tile.rows.x, y = tile.rows.y}
        local from, to = plus(tile.middle, "x") .. plus({m}, "x"), plus(tile.middle, "y") .. plus({m}, "y")
        return call("tile", rows .. ", vecs", "x" .. from, nil, nil, to)
    end
    local r = {var = "r", size = tile.rows.size, x = tile.rows.x, y = tile.rows.y}
    tile.x = "x" .. plus({r}, "x") .. plus(tile.nest, "x") .. (tile.xn and " + v * LOOM_INT_LANES * 2" or "")
        .. (tile.quads and " + h * " .. tile.nest[#tile.nest].x // 2 or "")
    tile.w = ("w + %sLOOM_INT_PANEL(v, %d, %d)"):format(row_index(tile), tile.width, tile.terms)
    if tile.quads and not tile.wide and not tile.xn and #tile.nest <= 2 then
        local line = #tile.nest == 2 and tile.nest[1] or {size = 1, x = 0}
        tile.dot = ("loom_quads(acc, rows, vecs, x, %d, %d, w, %d, %d, %d);"):format(tile.rows.x, line.x, tile.terms, line.size,
            tile.nest[#tile.nest].size)
    end
    local put = ("loom_%s_put(y%s + v * LOOM_INT_LANES%s, %d, %s, "):format(y.T, plus({r}, "y"), tile.yn == 1 and "" or " * " .. tile.yn,
        tile.yn, tile.full and "LOOM_INT_LANES" or "n - v * LOOM_INT_LANES")
    local acc, zero = "acc[r * vecs + v]", at.zero[#at.zero]
    local column = "multiplier + v * LOOM_INT_LANES, shift + v * LOOM_INT_LANES"
    if tile.wide then
        tile.put = ("%sloom_scaled_wide(%s, bias + v * LOOM_INT_LANES, %s, %d, %d, %d, %d));")
            :format(put, acc, column, at.limit, zero, at.low, at.high)
    elseif at.least >= 32 then
        tile.factors = ("const loom_factors f = loom_factors_load(%s, %d);"):format(column, zero)
        tile.put = ("%sloom_sums_cut(loom_scaled(%s, f), %d, %d));"):format(put, acc, at.low, at.high)
    else
        tile.put = ("%sloom_scaled_any(%s, %s, %d, %d, %d));"):format(put, acc, column, zero, at.low, at.high)
    end
    return tile
end

local function widen(x, to, from, step, stride, n, zero)
    return ("loom_%s_widen(%s, %s, %d, %d, %d, %d);"):format(x.T, to, from, step, stride, n, zero)
end

-- A sample of the image as int16 with its border, channels innermost.
local function image_lines(step, c, x, C, W, image)
    local at, zero, H = step.attr, step.attr.zero[1], c.flat and 1 or x.shape[3]
    local top, bottom, left, right = table.unpack(at.pad)
    local row = (W + left + right) * C
    local whole = C == 1 and c.x_col == 1 or c.x_channel == 1 and c.x_col == C
    local sample = c.batch > 1 and "x + " .. times("b", x.stride[1]) or "x"
    if whole and row == W * C and (H == 1 or c.x_row == row) and top + bottom == 0 then
        return {widen(x, image, sample, 1, 1, H * W * C, zero)}
    end
    local lines = {}
    local function put(s) lines[#lines + 1] = s end
    local function border(first, n)
        if n > 0 then put(("loom_i16_zero(%s + %s, %d, 0);"):format(image, first, n)) end
    end
    border("0", top * row)
    local pad = ""
    if H > 1 then
        put(("for (int i = 0; i < %d; i++) {"):format(H))
        pad = "    "
    end
    local first = H > 1 and ("%s + i * %d"):format(top * row, row) or tostring(top * row)
    local from = H > 1 and ("%s + i * %d"):format(sample, c.x_row) or sample
    local function edge(offset, n)
        if n > 0 then put(pad .. ("loom_i16_zero(%s + %s + %d, %d, 0);"):format(image, first, offset, n)) end
    end
    edge(0, left * C)
    if whole then
        put(pad .. widen(x, ("%s + %s + %d"):format(image, first, left * C), from, 1, 1, W * C, zero))
    else
        put(pad .. ("for (int c = 0; c < %d; c++)"):format(C))
        local channel = ("%s + %s"):format(from, times("c", c.x_channel))
        put(pad .. "    " .. widen(x, ("%s + %s + %d + c"):format(image, first, left * C), channel, C, c.x_col, W, zero))
    end
    edge((left + W) * C, right * C)
    if H > 1 then put("}") end
    border((top + H) * row, bottom * row)
    for i, line in ipairs(lines) do lines[i] = line:gsub(" %+ 0([, ])", "%1"):gsub(" %+ 0([, ])", "%1") end
    return lines
end

-- Of the image as int16 the rows that row oh of the result needs.
function band_lines(step, c, x, C, W, image, rows)
    local at, zero, lines = step.attr, step.attr.zero[1], {}
    local top, bottom, left, right = table.unpack(at.pad)
    local width = (W + left + right) * C
    local function put(s) lines[#lines + 1] = s end
    put(("for (int i = 0; i < %d; i++) {"):format(rows))
    put(("    const int row = %s + i%s;"):format(times("oh", at.stride[1]), top > 0 and " - " .. top or ""))
    put(("    loom_i16 *to = %s + i * %d;"):format(image, width))
    if top + bottom > 0 then
        put(("    if (row < 0 || row >= %d) {"):format(x.shape[3]))
        put(("        loom_i16_zero(to, %d, 0);"):format(width))
        put("        continue;")
        put("    }")
    end
    if left > 0 then put(("    loom_i16_zero(to, %d, 0);"):format(left * C)) end
    local from = ("x + %srow * %d"):format(c.batch > 1 and times("b", x.stride[1]) .. " + " or "", c.x_row)
    local to = left > 0 and "to + " .. left * C or "to"
    if C == 1 and c.x_col == 1 or c.x_channel == 1 and c.x_col == C then
        put("    " .. widen(x, to, from, 1, 1, W * C, zero))
    else
        put(("    for (int c = 0; c < %d; c++)"):format(C))
        put("        " .. widen(x, to .. " + c", ("%s + %s"):format(from, times("c", c.x_channel)), C, c.x_col, W, zero))
    end
    if right > 0 then put(("    loom_i16_zero(to + %d, %d, 0);"):format((left + W) * C, right * C)) end
    put("}")
    return lines
end

function qconv_tile(step)
    step.moved = true -- the border is made here, not in memory
    local c, at, x, y = conv_sizes(step), step.attr, step.ins[1], step.out
    local C, W = x.shape[2], x.shape[#x.shape]
    local row = (W + at.pad[3] + at.pad[4]) * C
    local together = terms_together(step)
    local pairs, name = {var = "k", x = together}, c.depthwise and "image" or "terms"
    local band = model.panel == 1 and not c.flat and (c.kh - 1) * at.dilation[1] + 1
    local tile = {
        n = c.n, widen = band and band_lines(step, c, x, C, W, name, band) or image_lines(step, c, x, C, W, name), yn = y.stride[2],
        outer = {{var = "b", size = c.batch, y = y.stride[1]}},
        middle = {{var = "oh", size = c.oh, x = at.stride[1] * row, y = c.flat and 0 or y.stride[3]}},
        rows = {size = c.ow, x = at.stride[2] * C, y = y.stride[#y.shape]},
        nest = {{var = "i", size = c.kh, x = at.dilation[1] * row}},
    }
    tile.group = {var = "g", size = c.groups, x = c.per_group, y = tile.n * y.stride[2]}
    if c.depthwise then
        local n = (band or (c.flat and 1 or x.shape[3]) + at.pad[1] + at.pad[2]) * row
        tile.xn = 2
        tile.image = ("loom_i16 *image = (loom_i16 *)(scratch + %d);"):format(n + 16)
        table.insert(tile.widen, ("loom_pair_up(scratch, image, %d, %d);"):format(at.dilation[2] * C, n))
        pairs.size, pairs.x = div_up(c.kw, together), at.dilation[2] * C * together * 2
        for _, loop in ipairs {tile.middle[1], tile.rows, tile.nest[1]} do loop.x = loop.x * 2 end
    elseif at.groups == 1 and at.dilation[2] == 1 then
        pairs.size = div_up(c.kw * c.per_group, together)
    else
        table.insert(tile.nest, {var = "j", size = c.kw, x = at.dilation[2] * C})
        pairs.size = div_up(c.per_group, together)
    end
    table.insert(tile.nest, pairs)
    local line, rows = tile.middle[1], tile.rows
    if band then
        table.insert(tile.outer, line)
        tile.middle = {}
    elseif line.size > 1 and line.x == rows.x * rows.size and line.y == rows.y * rows.size then
        rows.size = rows.size * line.size
        tile.middle = {}
    end
    return qtile(step, tile)
end

function qmatmul_tile(step)
    local a, y, at = step.ins[1], step.out, step.attr
    local r, K = #a.shape, a.shape[#a.shape]
    local together = terms_together(step)
    local terms = div_up(K, together) * together
    local shape, ya, aa, xa, size = {}, {}, {}, {}, 1
    for d = r - 1, 1, -1 do
        shape[d], ya[d], aa[d], xa[d] = a.shape[d], y.stride[d], a.stride[d], size * terms
        size = size * a.shape[d]
    end
    local from = coalesce(shape, {aa, xa}, true)
    local lines, source, to, pad = {}, "a", "terms", ""
    local dense = #from == 0 or #from == 1 and from[1].strides[1] == K and terms == K
    if dense and (a.stride[r] == 1 or K == 1) then
        lines[1] = widen(a, "terms", "a", 1, 1, size * K, at.zero[1])
    else
        for d, loop in ipairs(from) do
            local v = "i" .. d
            lines[#lines + 1] = ("%sfor (int %s = 0; %s < %d; %s++)"):format(pad, v, v, loop.size, v)
            pad = pad .. "    "
            if loop.strides[1] ~= 0 then source = source .. " + " .. times(v, loop.strides[1]) end
            to = to .. " + " .. times(v, loop.strides[2])
        end
        lines[#lines + 1] = pad .. widen(a, to, source, 1, a.stride[r], K, at.zero[1])
    end
    local loops = coalesce(shape, {ya, xa}, true)
    local last = table.remove(loops) or {size = 1, strides = {0, 0}}
    local tile = {n = y.shape[r], widen = lines, yn = y.stride[r], outer = {}, group = {var = "g", size = 1, x = 0, y = 0}, middle = {},
                  rows = {size = last.size, x = last.strides[2], y = last.strides[1]},
                  nest = {{var = "k", size = terms // together, x = together}}}
    for d, loop in ipairs(loops) do tile.middle[d] = {var = "i" .. d, size = loop.size, x = loop.strides[2], y = loop.strides[1]} end
    return qtile(step, tile)
end
