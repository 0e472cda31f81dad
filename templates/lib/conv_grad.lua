-- conv_grad.lua - the loops of a convolution's gradients, for ops/conv_grad_input.c.lua and ops/conv_grad_weight.c.lua.

local function gcd(a, b) return b == 0 and a or gcd(b, a % b) end

-- Sizes of both gradients, the row dimension filled in. x is the image, w the kernel, y the result of the convolution.
local function sizes(x, w, y, a)
    local flat = #x.shape == 3
    local function rows(o) return flat and 1 or o.shape[3] end
    local function row(o) return flat and 0 or o.stride[3] end
    local c = {flat = flat, batch = x.shape[1], per_group = w.shape[2], filters = w.shape[1],
               h = rows(x), w = x.shape[#x.shape], kh = rows(w), kw = w.shape[#w.shape], oh = rows(y), ow = y.shape[#y.shape],
               x_row = row(x), x_col = x.stride[#x.shape], y_row = row(y), y_col = y.stride[#y.shape]}
    c.depthwise = c.per_group == 1 and a.groups == c.filters
    c.groups = c.depthwise and 1 or a.groups
    c.taps = c.kh * c.kw
    return c
end

-- ---- by the input --------------------------------------------------------------------------------------------------

-- Places of one axis whose index has the same remainder by the stride are reached by the same taps: every `step`-th from
-- tap `first` on, the first of which comes from the output place `from`. The remainders, put together where the number of
-- taps and of places is the same; the second result tells whether some are reached by no tap.
local function remainders(size, kernel, stride, dilation, pad)
    local step = stride // gcd(stride, dilation)
    local groups, list, reached = {}, {}, 0
    for i = 0, math.min(kernel, step) - 1 do
        local at = (i * dilation - pad) % stride
        if at < size then
            local n, count = (kernel - i + step - 1) // step, (size - at + stride - 1) // stride
            local key = n .. "," .. count
            if not groups[key] then
                groups[key] = {n = n, count = count, step = step, stride = stride, back = dilation // gcd(stride, dilation)}
                list[#list + 1] = groups[key]
            end
            table.insert(groups[key], {at = at, from = (at + pad - i * dilation) // stride, first = i})
            reached = reached + count
        end
    end
    for _, g in ipairs(list) do table.sort(g, function(p, q) return p.at < q.at end) end
    return list, reached < size
end

-- The values of one field in a group of remainders as a loop: the factor of its variable when they are evenly spaced, else
-- 1 and an expression that reads them from a table, which is appended to tables.
local function spread(tables, name, group, field, var)
    local first, values, even = group[1][field], {}, true
    for k, r in ipairs(group) do
        values[k] = r[field] - first
        even = even and values[k] == (k - 1) * (values[2] or 0)
    end
    if even then return values[2] or 0 end
    local t = ("%s_%s_%s"):format(name, var, field)
    tables[#tables + 1] = ("static const int %s[%d] = {%s};"):format(t, #values, table.concat(values, ", "))
    return 1, ("%s[%s]"):format(t, var)
end

-- A step of its own for one group of remainders of the rows and one of the columns.
local function copy(t)
    local c = {}
    for k, v in pairs(t) do c[k] = type(v) == "table" and copy(v) or v end
    return c
end

local function all_operands(step)
    local list = {step.ins[1], step.out}
    for _, item in ipairs(step.chain) do
        if item.operand then list[#list + 1] = item.operand end
    end
    return list
end

-- How far the operands' pointers move for the first remainders of both groups.
local function start(part, dy, c, h, w)
    dy.move = h[1].from * c.y_row + w[1].from * c.y_col
    for _, o in ipairs(part.operands) do
        if o ~= dy then o.move = h[1].at * (o.by.oh or 0) + w[1].at * (o.by.m or 0) end
    end
end

-- The loop over the remainders of one axis: `var`, whose operands step by `dy_step` and by their own `own`.
local function remainder_loop(part, name, group, var, dy, dy_step, own)
    local loop = {var = var, size = #group, index = {}}
    local from, from_index = spread(part.tables, name, group, "from", var)
    local at, at_index = spread(part.tables, name, group, "at", var)
    for _, o in ipairs(part.operands) do
        local factor, step, index = at, o.by[own] or 0, at_index
        if o == dy then factor, step, index = from, dy_step, from_index end
        o.by[var] = factor * step
        loop.index[o.name] = index
        if o ~= dy and o.by[own] then o.by[own] = o.by[own] * group.stride end
    end
    return loop
end

local function kernel_lines(part, name, c, n, h, w)
    local function tap(group, var)
        local factor, index = spread(part.tables, name, group, "first", var)
        return index or var, #group > 1 and factor or 0
    end
    local ph, fh = tap(h, "ph")
    local pw, fw = tap(w, "pw")
    local first = h[1].first * c.kw + w[1].first
    return pack_lines(n, {{var = "f", size = part.filters}, {var = "i", size = h.n}, {var = "j", size = w.n}},
                      {{"g", c.groups > 1 and part.filters * n * c.taps or 0}, {"f", n * c.taps}, {"column", c.taps},
                       {ph, fh * c.kw}, {pw, fw}, {"i", h.step * c.kw}, {"j", w.step}, {tostring(first), first > 0 and 1 or 0}})
end

-- One kernel of ops/tile.c.lua or ops/depthwise.c.lua: the places of the input in these groups of remainders.
local function input_part(step, name, h, w)
    local s = copy(step)
    local dy, k, y = s.ins[1], s.ins[2], s.out
    local c = sizes(y, k, dy, s.attr)
    local n = c.depthwise and c.filters or c.per_group
    local part = {step = s, tables = {}, operands = all_operands(s), filters = c.depthwise and 1 or c.filters // c.groups}
    s.name = name
    for _, o in ipairs(part.operands) do
        if o ~= dy then image_strides(o, {flat = c.flat, n = n}) end
    end
    dy.by = {b = dy.stride[1], oh = c.y_row, m = c.y_col, g = part.filters * dy.stride[2], n = c.depthwise and dy.stride[2] or 0}
    start(part, dy, c, h, w)
    local outer = {{var = "g", size = c.groups}, remainder_loop(part, name, h, "ph", dy, c.y_row, "oh"),
                   remainder_loop(part, name, w, "pw", dy, c.y_col, "m")}
    local nest = {{var = "f", size = part.filters, stride = dy.stride[2]}, {var = "i", size = h.n, stride = -h.back * c.y_row},
                  {var = "j", size = w.n, stride = -w.back * c.y_col}}
    if c.depthwise then table.remove(nest, 1) else nest = longer_loops(nest) end
    k.by, k.runtime_name = {}, "scratch"
    local tile = {n = n, k = part.filters * h.n * w.n, rows = w.count, x = dy, w = k, y = y, outer = outer, nest = nest,
                  middle = {{var = "b", size = c.batch}, {var = "oh", size = h.count}},
                  before = kernel_lines(part, name, c, n, h, w), operands = {dy, k}}
    for _, o in ipairs(part.operands) do
        if o ~= dy and o ~= y then table.insert(tile.operands, o) end
    end
    table.insert(tile.operands, y)
    merge_lines(tile)
    part.tile, part.template = tile, c.depthwise and "ops/depthwise.c.lua" or "ops/tile.c.lua"
    return part
end

-- The kernels that make the gradient by the input, and whether some places must be cleared first.
function conv_input_parts(step)
    local dy, w, y, a = step.ins[1], step.ins[2], step.out, step.attr
    local c = sizes(y, w, dy, a)
    local rows, row_gaps = remainders(c.h, c.kh, a.stride[1], a.dilation[1], a.pad[1])
    local cols, col_gaps = remainders(c.w, c.kw, a.stride[2], a.dilation[2], a.pad[3])
    local parts, gaps = {}, row_gaps or col_gaps
    local one = #rows * #cols == 1 and not gaps
    for _, h in ipairs(rows) do
        for _, v in ipairs(cols) do
            local name = one and step.name or ("%s_%d_residue"):format(step.name, #parts + 1)
            parts[#parts + 1] = input_part(step, name, h, v)
        end
    end
    return parts, gaps, one
end

-- The call of a part: the step's own parameters, moved to where the part begins.
function part_call(step, part)
    local args = {}
    local by_name = {}
    for _, o in ipairs(part.operands) do by_name[o.name] = o.move end
    for name in step.pass:gmatch("[%w_]+") do args[#args + 1] = moved(name .. " + 0", by_name[name] or 0) end
    return part.step.name .. "(" .. table.concat(args, ", ") .. ");"
end

-- ---- by the kernel -------------------------------------------------------------------------------------------------

-- The kernel's gradient is a matrix of rows and columns, one sum over all places of the output for each. Columns lie in
-- lanes; a row has one number of the operand `a` for all columns, or (depthwise) one for each. Results gather in scratch,
-- [row][column], while the places are gone through in blocks that stay in the cache.

-- Rows as runs {size, stride in a, stride in b, parts}, the longest last: dims are {name, size, a, b}.
local function row_runs(dims)
    local runs = {}
    table.sort(dims, function(p, q) return p.a + p.b > q.a + q.b end)
    for _, d in ipairs(dims) do
        local last = runs[#runs]
        if last and last.a == d.a * d.size and last.b == d.b * d.size then
            last.size, last.a, last.b = last.size * d.size, d.a, d.b
            table.insert(last.parts, d)
        elseif d.size > 1 then
            runs[#runs + 1] = {size = d.size, a = d.a, b = d.b, parts = {d}}
        end
    end
    table.sort(runs, function(p, q)
        if (p.b == 0) ~= (q.b == 0) then return p.b ~= 0 end
        if p.size ~= q.size then return p.size < q.size end
        return p.a > q.a
    end)
    return runs
end

-- Where rows lie in scratch: dims get `row`, how many rows apart they are. The result is the number of rows.
local function number_rows(runs)
    local n = 1
    for k = #runs, 1, -1 do
        for j = #runs[k].parts, 1, -1 do
            runs[k].parts[j].row = n
            n = n * runs[k].parts[j].size
        end
    end
    return n
end

-- The places of the output, which are summed over in this order: runs {size, a, b}, neighbours merged.
local function places(list)
    local runs = {}
    for _, d in ipairs(list) do
        local last = runs[#runs]
        if last and last.a == d.a * d.size and last.b == d.b * d.size then
            last.size, last.a, last.b = last.size * d.size, d.a, d.b
        elseif d.size > 1 then
            runs[#runs + 1] = {size = d.size, a = d.a, b = d.b}
        end
    end
    if #runs == 0 then runs[1] = {size = 1, a = 0, b = 0} end
    return runs
end

-- Splits the places into blocks that read about 24 KB: loops outside (`outer`), the run that is cut (`cut`, `length` places
-- at a time), loops inside (`inner`).
local function blocks(k, elements)
    local most = math.max(24576 // model.real_size // elements, 64)
    local p, done = #k, 1
    while p > 1 and done * k[p].size <= most do
        done = done * k[p].size
        p = p - 1
    end
    local cut = k[p]
    local pieces = div_up(cut.size, math.max(most // done, 1))
    return {outer = {table.unpack(k, 1, p - 1)}, cut = cut, length = div_up(cut.size, pieces), inner = {table.unpack(k, p + 1)}}
end

-- Rows whose longest run is short go through the kernel some at a time, with literal numbers; the last runs are taken apart.
local FEW, MOST = 6, 36
local function short_rows(p)
    local n, taken = 1, {}
    while #p.runs > 0 and n * p.runs[#p.runs].size <= MOST and p.runs[#p.runs].b == 0 do
        n = n * p.runs[#p.runs].size
        table.insert(taken, 1, table.remove(p.runs))
    end
    local terms, inner = {}, 1
    for k = #taken, 1, -1 do
        local e = inner == 1 and "(m + r)" or "(m + r) / " .. inner
        if k > 1 then e = e .. " % " .. taken[k].size end
        table.insert(terms, 1, times(e, taken[k].a))
        inner = inner * taken[k].size
    end
    local pieces = div_up(n, FEW)
    p.rows, p.chunk, p.a_row = n, div_up(n, pieces), #terms > 0 and table.concat(terms, " + ") or "0"
end

local function choose_rows(p, dims)
    p.runs = row_runs(dims)
    p.all_rows = number_rows(p.runs)
    local last = p.runs[#p.runs]
    if not last or last.size < FEW or last.b ~= 0 then
        short_rows(p)
    else
        table.remove(p.runs)
        p.rows, p.a_row = last.size, times("r", last.a)
        p.a_m = last.a
    end
end

-- What the template needs; see its text.
function conv_weight_plan(step)
    local dy, x, y, a = step.ins[1], step.ins[2], step.out, step.attr
    local c = sizes(x, y, dy, a)
    local channels, filters = c.depthwise and c.filters or c.per_group, c.filters // c.groups
    local p = {c = c, groups = c.groups, depthwise = c.depthwise}
    local taps = {{name = "i", size = c.kh, a = a.dilation[1] * c.x_row, b = 0},
                  {name = "j", size = c.kw, a = a.dilation[2] * c.x_col, b = 0}}
    local k = {{size = c.batch, a = x.stride[1], b = dy.stride[1]}, {size = c.oh, a = a.stride[1] * c.x_row, b = c.y_row},
               {size = c.ow, a = a.stride[2] * c.x_col, b = c.y_col}}
    local panels = div_up(channels, model.panel) * model.panel
    local by_channel = not c.depthwise and dy.stride[2] ~= 1 and x.stride[2] == 1 and panels * c.taps * filters <= step.scratch_size
    x.move = -(a.pad[1] * c.x_row + a.pad[3] * c.x_col)
    p.channel = {name = "c", size = c.per_group, a = x.stride[2], b = 0}
    p.filter = {name = "f", size = filters, a = dy.stride[2], b = 0}
    p.tap = taps
    if by_channel then -- columns are channels, rows taps and filters
        p.n, p.a, p.b, p.column = channels, dy, x, "c"
        for _, d in ipairs(taps) do d.a, d.b = 0, d.a end
        for _, d in ipairs(k) do d.a, d.b = d.b, d.a end
        choose_rows(p, {taps[1], taps[2], p.filter})
    else
        p.n, p.a, p.b, p.column = filters, x, dy, "f"
        choose_rows(p, c.depthwise and taps or {p.channel, taps[1], taps[2]})
    end
    p.sb, p.sa = p.b.stride[2], c.depthwise and x.stride[2] or 0
    p.group_a, p.group_b = p.a.stride[2] * (p.a == x and channels or filters), p.b.stride[2] * (p.b == x and channels or filters)
    p.width = div_up(p.n, model.panel) * model.panel
    local pixel = channels * math.min(c.kh, a.stride[1]) * math.min(c.kw, a.stride[2])
    p.k = blocks(places(k), pixel + filters)
    return p
end
