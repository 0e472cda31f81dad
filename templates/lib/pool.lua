-- pool.lua - where the windows of a pooling step lie, for ops/pool.c.lua.

-- " + i * 12 + j * 3 - 15" without its first " + ": terms {variable, factor}, those with size 1 left out by
-- factor 0, and a constant.
local function sum(terms, const)
    local list = {}
    for _, t in ipairs(terms) do
        if t[2] ~= 0 then list[#list + 1] = t[2] == 1 and t[1] or t[1] .. " * " .. t[2] end
    end
    local s = table.concat(list, " + ")
    if const ~= 0 or s == "" then s = s == "" and tostring(const) or s .. (const < 0 and " - " or " + ") .. math.abs(const) end
    return s
end

local function plus(name, s)
    if s == "0" then return name end
    return name .. " + " .. (s:find(" - ", 1, true) and "(" .. s .. ")" or s)
end

-- The output positions whose window lies inside the input: from, to.
function pool_inside(size, out, kernel, step, before)
    local from = math.min(div_up(before, step), out)
    local to = size + before - kernel < 0 and 0 or math.min((size + before - kernel) // step + 1, out)
    return from, math.max(to, from)
end

-- How one kind of window goes through the channels: `head` opens the loop, the rest are pieces of its body.
local function vector_part(p, head)
    local T = model.T
    return {head = head, V = "loom_" .. T .. "v", zero = ("loom_%s_splat(0)"):format(T),
            larger = ("loom_map_less_%sv(v, a, a, v)"):format(T),
            load = function(at) return vload(plus("x", at == "0" and "c" or "c + " .. at), 1) end,
            store = function(v) return vstore(along("y", p.yc, "c"), p.yc, v) end}
end

local function scalar_part(p, head)
    return {head = head, V = model.real, zero = "0", larger = "v < a ? a : v",
            load = function(at) return "x[" .. (not head and at or at == "0" and "c" or "c + " .. at) .. "]" end,
            store = function(v) return (head and item("y", p.yc, "c") or "*y") .. " = " .. v .. ";" end}
end

local function channel_parts(p, C)
    local lanes = model.LANES
    if not p.all then return {scalar_part(p, nil)} end
    if C >= model.panel then return {vector_part(p, vector_loop(C, "c"))} end
    return {vector_part(p, {("for (int c = 0; c + %s <= %d; c += %s) {"):format(lanes, C, lanes)}),
            scalar_part(p, {("for (int c = %d / %s * %s; c < %d; c++) {"):format(C, lanes, lanes, C)})}
end

function pool_facts(step)
    local x, y, at = step.ins[1], step.out, step.attr
    local r, flat, C = #x.shape, #x.shape == 3, x.shape[2]
    local p = {flat = flat, kh = at.kernel[1], kw = at.kernel[2], H = flat and 1 or x.shape[3], W = x.shape[r],
               top = at.pad[1], left = at.pad[3], dy = at.stride[1], dx = at.stride[2],
               yc = y.stride[2], xh = flat and 0 or x.stride[3], xw = x.stride[r]}
    local OH, OW = flat and 1 or y.shape[3], y.shape[r]
    local yh, yw = OH > 1 and y.stride[3] or 0, OW > 1 and y.stride[r] or 0
    p.all = x.stride[2] == 1 and C >= 4 -- vectors across the channels
    p.parts = channel_parts(p, C)
    p.r0, p.r1 = pool_inside(p.H, OH, p.kh, p.dy, p.top)
    p.c0, p.c1 = pool_inside(p.W, OW, p.kw, p.dx, p.left)
    if p.r0 == p.r1 or p.c0 == p.c1 then p.r0, p.r1, p.c0, p.c1 = OH, OH, 0, 0 end
    p.any_inside = p.r1 > p.r0
    p.edges = {}
    for _, e in ipairs {{0, p.r0, 0, OW}, {p.r1, OH, 0, OW}, {p.r0, p.r1, 0, p.c0}, {p.r0, p.r1, p.c1, OW}} do
        if e[1] < e[2] and e[3] < e[4] then
            p.edges[#p.edges + 1] = table.concat(flat and {e[3], e[4]} or e, ", ")
        end
    end

    local dims = p.all and 1 or 2
    local function lead(o) return {table.unpack(o.stride, 1, dims)} end
    p.rows = row_loops({table.unpack(y.shape, 1, dims)}, {y, x}, {lead(y), lead(x)})

    local row, col = p.r1 - p.r0 > 1, p.c1 - p.c0 > 1
    local const = (p.r0 * p.dy * (row and 0 or 1) - p.top) * p.xh + (p.c0 * p.dx * (col and 0 or 1) - p.left) * p.xw
    function p.x_at(name)
        return plus(name, sum({{"row", row and p.dy * p.xh or 0}, {"col", col and p.dx * p.xw or 0}}, const))
    end
    function p.y_at(name)
        return plus(name, sum({{"row", row and yh or 0}, {"col", col and yw or 0}}, (row and 0 or p.r0 * yh) + (col and 0 or p.c0 * yw)))
    end
    -- within an edge, whose loops may have any size
    p.edge_x = plus("x", sum({{"i0", p.xh}, {"j0", p.xw}}, 0))
    p.edge_y = plus("y", sum({{"row", flat and 0 or yh}, {"col", yw}}, 0))

    local area = real_count(p.kh * p.kw)
    p.windows = {}
    if p.any_inside then
        p.windows[1] = {name = "inside", rows = p.kh, cols = p.kw, params = "", area = area, unroll = p.kh * p.kw <= 16}
    end
    if #p.edges > 0 then
        local counted = flat and "cols" or "(rows * cols)"
        p.windows[#p.windows + 1] = {name = "clipped", rows = flat and 1 or "rows", cols = "cols",
                                     params = flat and ", int cols" or ", int rows, int cols",
                                     area = at.count_include_pad == 1 and area or "(" .. model.real .. ")" .. counted}
    end
    for _, w in ipairs(p.windows) do
        w.at = sum({{"i", w.rows == 1 and 0 or p.xh}, {"j", w.cols == 1 and 0 or p.xw}}, 0)
        for _, part in ipairs(p.parts) do
            local splat = part.V ~= model.real and ("loom_%s_splat(%s)"):format(model.T, w.area) or w.area
            part[w] = part.store(at.kind == 0 and "v" or "v / " .. splat)
        end
    end
    return p
end
