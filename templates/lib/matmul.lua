-- matmul.lua - the loops of a matrix product, for ops/tile.c.lua.

-- Rows of all leading dimensions run together where the strides of every operand allow it.
local function merged_rows(step, operands)
    local shape, views = {}, {}
    for d = 1, #step.out.shape - 1 do shape[d] = step.out.shape[d] end
    for i, o in ipairs(operands) do
        local all = broadcast(o, step.out.shape)
        views[i] = {table.unpack(all, 1, #shape)}
        o.by = {n = all[#all + 0]}
    end
    local loops = coalesce(shape, views)
    local rows = table.remove(loops) or {size = 1, strides = {}}
    local middle = {}
    for d, loop in ipairs(loops) do
        middle[d] = {var = "i" .. d, size = loop.size}
        for i, o in ipairs(operands) do o.by["i" .. d] = loop.strides[i] end
    end
    for i, o in ipairs(operands) do o.by.m = rows.strides[i] end
    return rows.size, middle
end

-- x with its last dimension, which is summed over, taken as a broadcast column.
local function as_rows(x)
    local shape = {table.unpack(x.shape)}
    shape[#shape] = 1
    return {name = x.name, shape = shape, stride = x.stride, whole = x}
end

-- Matrices that come at run time and whose columns do not lie side by side go through panels in scratch.
local function pack_matrix(w, n, k)
    local source = {}
    for var, s in pairs(w.by) do source[#source + 1] = {w.index[var] or var, s} end
    table.sort(source, function(a, b) return a[1] < b[1] end)
    source[#source + 1] = {"column", w.sn}
    source[#source + 1] = {"k", w.sk}
    return pack_lines(n, {{var = "k", size = k}}, source)
end

-- A loop for each leading dimension: every turn has a matrix w of its own, or shares one with its neighbours.
local function matrix_loops(tile, w, others)
    local y, vars = tile.y, {}
    local rank = #y.shape
    for d = 1, rank - 2 do
        vars[d] = "i" .. d
        tile.outer[d] = {var = "i" .. d, size = y.shape[d], index = {}}
    end
    vars[rank - 1], vars[rank] = "m", "n"
    for _, o in ipairs(others) do strides_by(o, rank, vars) end
    tile.rows = y.shape[rank - 1]
    local step_w = div_up(tile.n, model.panel) * model.panel * tile.k
    for d = #w.shape - 2, 1, -1 do
        local of = d + rank - #w.shape
        local var = "i" .. of
        local ratio = y.shape[of] // w.shape[d]
        if w.shape[d] > 1 then
            w.by[var] = w.pack and step_w or w.stride[d]
            if ratio > 1 then w.index[var] = var .. " / " .. ratio end
            if w.index[var] then tile.outer[of].index.w = w.index[var] end
        end
        step_w = step_w * w.shape[d]
    end
end

-- A matrix that is not in panels: read where it stands when its rows are whole panels side by side, else brought
-- into panels first.
local function unpacked(step, tile, w)
    local r, trans = #w.shape, step.attr.trans_b == 1
    w.sn, w.sk = w.stride[trans and r - 1 or r], w.stride[trans and r or r - 1]
    if not step.scratch then
        assert(w.sn == 1 and full(tile.n), "the rows of a matrix are not contiguous")
        w.direct = w.sk
    else
        tile.before = pack_matrix(w, tile.n, tile.k)
        w.by = {}
        w.runtime_name = "scratch"
    end
end

function matmul_tile(step)
    local x, w, init, y = as_rows(step.ins[1]), step.ins[2], step.ins[3], step.out
    local rank = #y.shape
    local n, k = y.shape[rank], step.ins[1].shape[#step.ins[1].shape]
    local tile = {n = n, k = k, nest = {{var = "k", size = k, stride = step.ins[1].stride[#step.ins[1].shape]}}, w = w, y = y, x = x,
                  outer = {}, middle = {}}
    local others = {y, x}
    if init then others[#others + 1] = init; tile.init = init end
    for _, item in ipairs(step.chain) do
        if item.operand then others[#others + 1] = item.operand end
    end
    local matrices = product(w.shape, 1, #w.shape - 2)
    w.by, w.index = {}, {}
    if matrices == 1 then
        tile.rows, tile.middle = merged_rows(step, others)
    else
        matrix_loops(tile, w, others)
    end
    if not w.pack then unpacked(step, tile, w) end
    for _, o in ipairs(others) do
        if o ~= y and o.shape[#o.shape] == 1 then o.by.n = 0 end
    end
    x.by.n = 0
    tile.operands = {x, w}
    if init then table.insert(tile.operands, init) end
    for _, item in ipairs(step.chain) do
        if item.operand then table.insert(tile.operands, item.operand) end
    end
    for _, name in ipairs(step.update and {"rates", "m1", "m2"} or {}) do
        local o = step.update[name]
        if o then
            o.by, o.changes = name == "rates" and {} or y.by, name ~= "rates"
            table.insert(tile.operands, o)
        end
    end
    table.insert(tile.operands, y)
    tile.alias = false
    return tile
end
