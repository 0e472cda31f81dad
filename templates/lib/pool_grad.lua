-- pool_grad.lua - where the windows of a pooling lie in its gradient, for ops/pool_grad.c.lua.

local function sum(terms, const)
    local list = {}
    for _, t in ipairs(terms) do
        if t[2] ~= 0 then list[#list + 1] = t[2] == 1 and t[1] or t[1] .. " * " .. t[2] end
    end
    local s = table.concat(list, " + ")
    if s == "" then return tostring(const) end
    return const == 0 and s or s .. (const < 0 and " - " or " + ") .. math.abs(const)
end

local function plus(name, s)
    if s == "0" then return name end
    return name .. " + " .. (s:find(" - ", 1, true) and "(" .. s .. ")" or s)
end

-- One axis: its windows inside the input (from, to), whether windows meet, and whether they leave places out.
local function axis(size, out, kernel, step, before)
    local from, to = pool_inside(size, out, kernel, step, before)
    local last = (out - 1) * step - before + kernel
    return {size = size, out = out, kernel = kernel, step = step, before = before, from = from, to = to,
            meet = out > 1 and step < kernel, gaps = last < size or (out > 1 and step > kernel)}
end

-- How one kind of step goes through the channels: vectors, or one at a time.
local function vector_part(p, head)
    local T, V = model.T, "loom_" .. model.T .. "v"
    return {head = head, V = V, vector = true, zero = ("loom_%s_splat(0)"):format(T), channel = "c",
            number = function(n) return ("loom_%s_splat((%s)(%s))"):format(T, model.real, n) end}
end

local function scalar_part(head)
    return {head = head, V = model.real, zero = "0", channel = head and "c" or nil,
            number = function(n) return n end}
end

-- Elements of the three operands at a place of the window, for one part.
local function access(p, part)
    local function index(o, at)
        local c = part.channel and (o == p.dy and part.channel .. (p.dy_c == 1 and "" or " * " .. p.dy_c) or part.channel)
        return c and (at == "0" and c or c .. " + " .. at) or at
    end
    function part.load(o, at)
        if not part.vector then return o.short .. "[" .. index(o, at) .. "]" end
        return vload(plus(o.short, index(o, at)), o == p.dy and p.dy_c or 1)
    end
    function part.store(o, at, v)
        if not part.vector then return o.short .. "[" .. index(o, at) .. "] = " .. v .. ";" end
        return vstore(plus(o.short, index(o, at)), 1, v)
    end
    return part
end

-- Windows that meet add to what is there, so no vector may go over an element twice.
local function channel_parts(p, C)
    local lanes = model.LANES
    if not p.all then return {access(p, scalar_part(nil))} end
    if full(C) or C >= model.panel and not p.meet then return {access(p, vector_part(p, vector_loop(C, "c")))} end
    return {access(p, vector_part(p, {("for (int c = 0; c + %s <= %d; c += %s) {"):format(lanes, C, lanes)})),
            access(p, scalar_part({("for (int c = %d / %s * %s; c < %d; c++) {"):format(C, lanes, lanes, C)}))}
end

local function strides(p, o)
    local r = #o.shape
    o.row, o.col = p.flat and 0 or o.stride[3], o.stride[r]
    return o
end

-- The windows' functions: of those inside the input, of those clipped to it.
local function windows(p, at)
    local h, w, list = p.h, p.w, {}
    if p.any_inside then
        list[1] = {name = "inside", rows = h.kernel, cols = w.kernel, params = "", area = real_count(h.kernel * w.kernel),
                   unroll = h.kernel * w.kernel <= 16}
    end
    if h.from > 0 or h.to < h.out or w.from > 0 or w.to < w.out then
        local counted = p.flat and "cols" or "(rows * cols)"
        list[#list + 1] = {name = "clipped", rows = p.flat and 1 or "rows", cols = "cols",
                           params = p.flat and ", int cols" or ", int rows, int cols",
                           area = at.count_include_pad == 1 and real_count(h.kernel * w.kernel) or "(" .. model.real .. ")" .. counted}
    end
    for _, v in ipairs(list) do
        function v.at(o) return sum({{"i", v.rows == 1 and 0 or o.row}, {"j", v.cols == 1 and 0 or o.col}}, 0) end
        v.tap = sum({{"i", v.rows == 1 and 0 or v.cols == 1 and 1 or w.kernel}, {"j", v.cols == 1 and 0 or 1}}, 0)
    end
    return list
end

-- Calls for the windows of one image, in their order.
local function calls(p, name)
    local h, w, lines = p.h, p.w, {}
    local function line(pad, s) lines[#lines + 1] = pad .. s end
    local function edge(pad, r0, r1, c0, c1)
        if r0 == r1 or c0 == c1 then return end
        local rows = p.flat and "" or r0 .. ", " .. r1 .. ", "
        line(pad, ("%s_edge(%s, %s%d, %d);"):format(name, p.pointers, rows, c0, c1))
    end
    if not p.any_inside then
        edge("", 0, h.out, 0, w.out)
        return lines
    end
    edge("", 0, h.from, 0, w.out)
    local pad, many = "", h.to - h.from > 1
    local row = many and "row" or tostring(h.from)
    local braces = many and (w.from > 0 or w.to < w.out)
    if many then
        line("", ("for (int row = %d; row < %d; row++)%s"):format(h.from, h.to, braces and " {" or ""))
        pad = "    "
    end
    edge(pad, row, many and "row + 1" or tostring(h.from + 1), 0, w.from)
    local wide = w.to - w.from > 1
    if wide then line(pad, ("for (int col = %d; col < %d; col++)"):format(w.from, w.to)) end
    local args = {}
    for k, o in ipairs(p.operands) do
        local sr, sc = (o == p.dy and 1 or h.step) * o.row, (o == p.dy and 1 or w.step) * o.col
        local const = (many and 0 or h.from * sr) + (wide and 0 or w.from * sc)
        if o ~= p.dy then const = const - h.before * o.row - w.before * o.col end
        args[k] = plus(o.from, sum({{"row", many and sr or 0}, {"col", wide and sc or 0}}, const))
    end
    line(pad .. (wide and "    " or ""), ("%s_inside(%s);"):format(name, table.concat(args, ", ")))
    edge(pad, row, many and "row + 1" or tostring(h.from + 1), w.to, w.out)
    if braces then line("", "}") end
    edge("", h.to, h.out, 0, w.out)
    return lines
end

function pool_grad_facts(step)
    local dy, x, dx, at = step.ins[1], step.ins[2], step.out, step.attr
    local r, C = #dx.shape, dx.shape[2]
    local p = {flat = r == 3, dy = dy, max = at.kind == 0, operands = x and {x, dy, dx} or {dy, dx}}
    for _, o in ipairs(p.operands) do strides(p, o).short = o.name end
    p.h = p.flat and axis(1, 1, 1, 1, 0) or axis(dx.shape[3], dy.shape[3], at.kernel[1], at.stride[1], at.pad[1])
    p.w = axis(dx.shape[r], dy.shape[r], at.kernel[2], at.stride[2], at.pad[3])
    p.any_inside = p.h.from < p.h.to and p.w.from < p.w.to
    p.meet = p.h.meet or p.w.meet
    p.clear = p.meet or p.h.gaps or p.w.gaps
    p.all = dx.stride[2] == 1 and (not x or x.stride[2] == 1) and C >= 4 and p.h.kernel * p.w.kernel <= 1 << 24
    p.dy_c = dy.stride[2]
    p.parts = channel_parts(p, C)
    p.windows = windows(p, at)
    local dims, list, names = p.all and 1 or 2, {}, {}
    for k, o in ipairs(p.operands) do list[k] = {table.unpack(o.stride, 1, dims)} end
    p.rows = row_loops({table.unpack(dx.shape, 1, dims)}, p.operands, list)
    for k, o in ipairs(p.operands) do names[k] = o.name .. "0" end
    local entered = {p.rows.enter(names)}
    p.lines = table.remove(entered, 1)
    for k, o in ipairs(p.operands) do o.from = entered[k] end
    p.pointers = table.concat(entered, ", ")
    p.calls = calls(p, step.name)
    -- what the edge passes on: the first element of the clipped window
    local args = {}
    for k, o in ipairs(p.operands) do
        if o == dy then args[k] = plus(o.name, sum({{"row", o.row}, {"col", o.col}}, 0))
        else args[k] = plus(o.name, sum({{"i0", o.row}, {"j0", o.col}}, 0)) end
    end
    p.edge_args = table.concat(args, ", ")
    local params = {}
    for k, o in ipairs(p.operands) do params[k] = (o ~= dx and "const " or "") .. model.real .. " *" .. o.name end
    p.params = table.concat(params, ", ")
    return p
end
