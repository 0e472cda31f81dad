-- tile.lua - prepares the matrix kernel that matmul and conv share (ops/tile.c.lua).
--
-- The kernel computes rows x columns of a result. Columns are the lanes of vectors (weights lie in panels of
-- 64 bytes for that), rows are matrix rows or pixels. A tile of rows x vecs accumulators stays in registers
-- for the whole sum, so every sum has one order whatever the vector width. Fields of the table `tile`:
--   outer   loops {var, size} around everything, in which the weights change (groups, batched matrices)
--   middle  loops {var, size} inside a group of columns (images, lines)
--   rows    size of the innermost loop over rows, whose variable is m
--   n       columns
--   nest    loops of the sum {var, size, stride in x}, outermost first; k is their product
--   x, w, init, y, and the operands of the chain: each with `by`, its stride per loop variable, m and n

-- Lines that bring w into panels in scratch: [panel][loops of the sum][column]. source: the terms {expression, factor} of
-- the index into w, "column" for the column and otherwise the variables of loops, {var, size}.
function pack_lines(n, loops, source)
    local lines, pad, panel, index, one = {}, "", model.panel, {}, {}
    local function loop(format, ...)
        lines[#lines + 1] = pad .. format:format(...)
        pad = pad .. "    "
    end
    local column = n > panel and "c + l" or "l"
    lines[1] = ("%s *p = scratch;"):format(model.real)
    if n > panel then loop("for (int c = 0; c < %d; c += %d)", n, panel) end
    for _, k in ipairs(loops) do
        one[k.var] = k.size == 1
        if k.size > 1 then loop("for (int %s = 0; %s < %d; %s++)", k.var, k.var, k.size, k.var) end
    end
    loop("for (int l = 0; l < %d; l++)", panel)
    for _, term in ipairs(source) do
        local e, factor = term[1], term[2]
        if e == "column" then e = n > panel and factor ~= 1 and "(c + l)" or column end
        if factor ~= 0 and not one[e] then index[#index + 1] = factor == 1 and e or e .. " * " .. factor end
    end
    lines[#lines + 1] = ("%s*p++ = %sw[%s]%s;"):format(pad, full(n) and "" or ("%s < %d ? "):format(column, n),
                                                    #index > 0 and table.concat(index, " + ") or "0", full(n) and "" or " : 0")
    return lines
end

-- Does every vector of n columns have all its lanes, for any width?
function full(n) return n % model.panel == 0 end

-- Columns that lie side by side for each k.
function panel_width(w) return model.panel * (w.pack and w.pack.wide or 1) end

function panel_at(tile, v)
    return ("LOOM_%s_PANEL(%s, %d, %d)"):format(model.T:upper(), v, panel_width(tile.w), tile.k)
end

local function terms(operand, loops)
    local list = {}
    for _, loop in ipairs(loops) do
        local s = operand.by[loop.var]
        local v = loop.index and loop.index[operand.name] or loop.var
        if s and s ~= 0 and loop.size > 1 then list[#list + 1] = s == 1 and v or v .. " * " .. s end
    end
    return list
end

-- "v * 12", "v"
function times(v, factor) return factor == 1 and v or v .. " * " .. factor end

-- The loops of a sum that go round more than once; at least one.
function longer_loops(nest)
    local list = {}
    for _, k in ipairs(nest) do
        if k.size > 1 then list[#list + 1] = k end
    end
    return #list > 0 and list or {nest[1]}
end

local function plus(name, list)
    return #list > 0 and name .. " + " .. table.concat(list, " + ") or name
end

-- Arguments for the function of one group of columns, which starts at vector `c`.
function tile_column_args(tile, c, vecs)
    local args = {tostring(vecs)}
    for _, o in ipairs(tile.operands) do
        local list = terms(o, tile.outer)
        if o == tile.w then
            if o.direct then
                list[#list + 1] = c .. " * " .. model.LANES
            elseif tile.k > 0 then
                list[#list + 1] = panel_at(tile, c)
            end
        elseif o.by.n and o.by.n ~= 0 then
            list[#list + 1] = c .. " * " .. model.LANES .. (o.by.n == 1 and "" or " * " .. o.by.n)
        end
        args[#args + 1] = plus(o.runtime_name or o.name, list)
    end
    if not full(tile.n) then args[#args + 1] = ("%d - %s * %s"):format(tile.n, c, model.LANES) end
    return table.concat(args, ", ")
end

-- The accumulators of a tile on the machine that holds fewest.
function least_tile()
    local least = target.isa[1].tile
    for _, isa in ipairs(target.isa) do least = math.min(least, isa.tile) end
    return least
end

-- Can a group of `rest` vectors be left over, on any machine? whole: of vectors that have all their lanes.
function tile_remains(tile, rest, whole)
    for _, isa in ipairs(target.isa) do
        local lanes = model.T == "f64" and isa.lanes > 1 and isa.lanes // 2 or isa.lanes
        local tiles = div_up(tile.rows, isa.rows)
        local rows, vecs = div_up(tile.rows, tiles), 8
        while vecs > 1 and vecs * rows > isa.tile do vecs = vecs // 2 end
        local columns = whole and tile.n // lanes or div_up(tile.n, lanes)
        if columns % vecs & rest ~= 0 then return true end
    end
    return false
end

-- The call for one group of columns: of the function that loops over rows, or of the tile when there is one row.
function tile_columns(tile, step, vecs)
    if tile.single then
        return step.name .. "_tile(1, " .. tile_column_args(tile, "c", vecs) .. ");"
    end
    return step.name .. "_columns(" .. tile_column_args(tile, "c", vecs) .. ");"
end

-- The lines that open the loops longer than one pass, those that close them, and the indent inside.
function open_loops(loops, pad)
    local head, tail = {}, {}
    for _, loop in ipairs(loops) do
        if loop.size > 1 then
            head[#head + 1] = ("%sfor (int %s = 0; %s < %d; %s++) {"):format(pad, loop.var, loop.var, loop.size, loop.var)
            table.insert(tail, 1, pad .. "}")
            pad = pad .. "    "
        end
    end
    return head, tail, pad
end

-- Arguments for one tile, from row m on.
function tile_row_args(tile, rows)
    local args = {rows, "vecs"}
    for _, o in ipairs(tile.operands) do
        local list = terms(o, tile.middle)
        if tile.rows > 1 then
            for _, t in ipairs(terms(o, {{var = "m", size = tile.rows}})) do list[#list + 1] = t end
        end
        args[#args + 1] = plus(o.name, list)
    end
    if not full(tile.n) then args[#args + 1] = "n" end
    return table.concat(args, ", ")
end

-- Arguments for one tile of a depthwise kernel, which goes from channel c and row m on.
function depthwise_args(tile, rows)
    local args = {rows}
    for _, o in ipairs(tile.operands) do
        local list = terms(o, tile.outer)
        for _, t in ipairs(terms(o, tile.middle)) do list[#list + 1] = t end
        if tile.rows > 1 then
            for _, t in ipairs(terms(o, {{var = "m", size = tile.rows}})) do list[#list + 1] = t end
        end
        if o == tile.w then
            list[#list + 1] = panel_at(tile, "c / " .. model.LANES)
        elseif o.by.n and o.by.n ~= 0 then
            list[#list + 1] = o.by.n == 1 and "c" or "c * " .. o.by.n
        end
        args[#args + 1] = plus(o.runtime_name or o.name, list)
    end
    if not full(tile.n) then args[#args + 1] = "n" end
    return table.concat(args, ", ")
end

function tile_params(tile)
    tile.single = tile.rows == 1
    for _, loop in ipairs(tile.middle) do
        if loop.size > 1 then tile.single = false end
    end
    local list = {}
    for _, o in ipairs(tile.operands) do
        local const = o ~= tile.y and not o.changes and "const " or ""
        list[#list + 1] = const .. (o.real or model.real) .. (tile.alias and " *" or " *LOOM_RESTRICT ") .. o.name
    end
    if not full(tile.n) then list[#list + 1] = "const int n" end
    return table.concat(list, ", ")
end

-- Index of x at row r in the sum, and of w at vector v.
function tile_x(tile)
    local list = {}
    if tile.rows > 1 and tile.x.by.m ~= 0 then list[1] = tile.x.by.m == 1 and "r" or "r * " .. tile.x.by.m end
    for _, k in ipairs(tile.nest) do
        if k.size > 1 and k.stride ~= 0 then list[#list + 1] = k.stride == 1 and k.var or k.var .. " * " .. k.stride end
    end
    return #list > 0 and table.concat(list, " + "):gsub(" %+ (%w+) %* %-", " - %1 * ") or "0"
end

function tile_w(tile)
    local step, list = tile.w.direct or panel_width(tile.w), {}
    for i = #tile.nest, 1, -1 do
        local k = tile.nest[i]
        if k.size > 1 then table.insert(list, 1, k.var .. " * " .. step) end
        step = step * k.size
    end
    list[#list + 1] = tile.w.direct and "v * " .. model.LANES or panel_at(tile, "v")
    return "w + " .. table.concat(list, " + ")
end

-- Where an operand of the epilogue lies for row r and vector v.
function tile_at(tile, o)
    local list = {}
    if tile.rows > 1 and o.by.m and o.by.m ~= 0 then list[1] = o.by.m == 1 and "r" or "r * " .. o.by.m end
    if o.by.n and o.by.n ~= 0 then list[#list + 1] = "v * " .. model.LANES .. (o.by.n == 1 and "" or " * " .. o.by.n) end
    return plus(o.name, list), o.by.n or 0
end

-- Gives each operand its stride per loop variable. dims: list of {var, per-operand dimension index}.
function strides_by(operand, rank, vars)
    operand.by = {}
    local skip = rank - #operand.shape
    for d, var in ipairs(vars) do
        local own = d - skip
        if own >= 1 and operand.shape[own] > 1 then operand.by[var] = operand.stride[own] end
    end
    return operand
end
