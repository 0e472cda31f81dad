-- conv.lua - the loops of a convolution, for ops/tile.c.lua and ops/conv.c.lua.

-- "net->arena + 40" moved by n elements.
function moved(pointer, n)
    local base, offset = pointer:match("^(.-) %+ (%d+)$")
    local total = (tonumber(offset) or 0) + n
    base = base or pointer
    return total == 0 and base or total > 0 and base .. " + " .. total or base .. " - " .. -total
end

-- Rows of the image and of the kernel, with the missing dimension of one-dimensional data filled in.
function conv_sizes(step)
    local x, w, y, a = step.ins[1], step.ins[2], step.out, step.attr
    local flat = #x.shape == 3
    local c = {
        flat = flat, batch = y.shape[1], oh = flat and 1 or y.shape[3], ow = y.shape[#y.shape],
        kh = flat and 1 or w.shape[3], kw = w.shape[#w.shape], per_group = w.shape[2], filters = w.shape[1],
        x_row = flat and 0 or x.stride[3], x_col = x.stride[#x.shape], x_channel = x.stride[2],
    }
    c.depthwise = c.per_group == 1 and a.groups == c.filters
    c.groups = c.depthwise and 1 or a.groups
    c.n = c.filters // c.groups
    if not step.moved then
        x.ptr = moved(x.ptr, -(a.pad[1] * c.x_row + a.pad[3] * c.x_col))
        step.moved = true
    end
    return c
end

-- Strides of an operand of the result's shape ([B,C,H,W], [C,1,1] and the like).
function image_strides(o, c)
    strides_by(o, c.flat and 3 or 4, c.flat and {"b", "n", "m"} or {"b", "n", "oh", "m"})
    o.by.g = (o.by.n or 0) * c.n
    return o
end

-- Lines whose pixels follow each other for every operand become one long line.
function merge_lines(tile)
    for i = #tile.middle, 1, -1 do
        local loop, can = tile.middle[i], true
        for _, o in ipairs(tile.operands) do
            if o ~= tile.w and (o.by[loop.var] or 0) ~= (o.by.m or 0) * tile.rows and loop.size > 1 then can = false end
        end
        if not can then return end
        tile.rows = tile.rows * loop.size
        table.remove(tile.middle, i)
    end
end

-- A kernel that changes goes through panels in scratch, a group at a time.
local function pack_kernel(c, k)
    return pack_lines(c.n, {{var = "k", size = k}}, {{"g", c.groups > 1 and c.n * k or 0}, {"column", k}, {"k", 1}})
end

function conv_tile(step)
    local c, a = conv_sizes(step), step.attr
    local x, w, init, y = step.ins[1], step.ins[2], step.ins[3], image_strides(step.out, c)
    x.by = {b = x.stride[1], oh = a.stride[1] * c.x_row, m = a.stride[2] * c.x_col, g = c.per_group * c.x_channel, n = 0}
    local k = c.per_group * c.kh * c.kw
    w.by = {g = div_up(c.n, model.panel) * model.panel * k}
    if not w.pack then w.by, w.runtime_name = {}, "scratch" end
    local tile = {
        n = c.n, k = k, rows = c.ow, before = not w.pack and pack_kernel(c, k) or nil, x = x, w = w, y = y, init = init, operands = {x, w},
        outer = {{var = "g", size = c.groups}},
        middle = {{var = "b", size = c.batch}, {var = "oh", size = c.oh}},
        nest = {{var = "ic", size = c.per_group, stride = c.x_channel},
                {var = "i", size = c.kh, stride = a.dilation[1] * c.x_row},
                {var = "j", size = c.kw, stride = a.dilation[2] * c.x_col}},
    }
    if init then
        init.by = {n = init.stride[1], g = c.n * init.stride[1]}
        table.insert(tile.operands, init)
    end
    for _, item in ipairs(step.chain) do
        if item.operand then table.insert(tile.operands, image_strides(item.operand, c)) end
    end
    table.insert(tile.operands, y)
    if not c.depthwise then tile.nest = longer_loops(tile.nest) end
    merge_lines(tile)
    return tile
end

-- A depthwise convolution: lanes are channels, rows are the pixels of a line.
function depthwise_tile(step)
    local tile = conv_tile(step)
    tile.x.by.n = step.ins[1].stride[2]
    table.remove(tile.nest, 1)
    return tile
end
