-- c.lua - small pieces of C: index expressions, loops, signatures, element-wise chains.
--
-- An operand is {ptr, shape, stride, buffer}: where it lies and how its elements are spread. A template
-- gives it a name (its parameter) and asks for index expressions over its own loop variables.

-- "b * 96 + (i + r) * 12 + 3": the offset of element (e1, e2, ...); parts of size 1 or stride 0 vanish.
function idx(operand, vars)
    local terms, const = {}, 0
    local shape, stride = operand.shape, operand.stride
    local skip = #vars - #shape -- an operand of lower rank broadcasts
    for d = 1, #shape do
        local v, s = vars[d + skip], stride[d]
        if shape[d] > 1 and s ~= 0 and v ~= "0" and v ~= 0 then
            if math.type(v) == "integer" then
                const = const + v * s
            else
                local e = v:match("^[%w_]+$") and v or "(" .. v .. ")"
                terms[#terms + 1] = s == 1 and (e:match("^%((.*)%)$") or e) or e .. " * " .. s
            end
        end
    end
    if const > 0 or #terms == 0 then terms[#terms + 1] = tostring(const) end
    return table.concat(terms, " + ")
end

-- "x + ..." or just "x"
function at(operand, vars)
    local i = idx(operand, vars)
    return i == "0" and operand.name or operand.name .. " + " .. i
end

function elem(operand, vars)
    return operand.name .. "[" .. idx(operand, vars) .. "]"
end

function product(list, from, to)
    local p = 1
    for i = from or 1, to or #list do p = p * list[i] end
    return p
end

function div_up(a, b) return (a + b - 1) // b end

-- Names the operands of a step and gives the head of its function. roles: parameter names of the inputs, false for one
-- that is not read; those whose number is in step.writes are changed. The result lists the parameters; step.call is
-- the matching call.
function parameters(step, roles)
    local params, args, out = {}, {}, step.out
    local restrict = " *LOOM_RESTRICT "
    local function add(operand, name, const)
        operand.name, operand.read_only = name, const
        local star = (out and operand.buffer == out.buffer and operand ~= out) and " *" or restrict
        params[#params + 1] = (const and "const " or "") .. operand.real .. star .. name
        args[#args + 1] = operand.ptr
    end
    for i, o in pairs(step.ins) do
        if out and o.buffer == out.buffer then restrict = " *" end
        o.order = i
    end
    for _, item in ipairs(step.chain) do
        if item.operand and out and item.operand.buffer == out.buffer then restrict = " *" end
    end
    for i, role in ipairs(roles) do
        if role and step.ins[i] then add(step.ins[i], role, not step.writes or not step.writes[i]) end
    end
    local letters = 0
    for _, item in ipairs(step.chain) do
        if item.operand then
            letters = letters + 1
            add(item.operand, "e" .. letters, true)
        end
    end
    for _, name in ipairs(step.update and {"rates", "m1", "m2"} or {}) do
        if step.update[name] then add(step.update[name], name, name == "rates") end
    end
    if out then add(out, "y", false) end
    if step.scratch then
        params[#params + 1] = (model.integer and "loom_i32" or model.real) .. restrict .. "scratch"
        args[#args + 1] = step.scratch
    end
    if step.extra then
        params[#params + 1] = step.extra[1]
        args[#args + 1] = step.extra[2]
    end
    step.call = step.name .. "(" .. table.concat(args, ", ") .. ");"
    step.params = table.concat(params, ", ")
    local names = {}
    for _, p in ipairs(params) do names[#names + 1] = p:match("([%w_]+)$") end
    step.pass = table.concat(names, ", ")
    return step.params
end

-- Loops over dimensions that can be merged for all the operands: a list of {size, strides...}.
-- dims: sizes; views: list of stride lists (same rank). Sorted so that the first view's stride falls, unless the
-- order is to be kept.
function coalesce(dims, views, keep)
    local list = {}
    for d = 1, #dims do
        if dims[d] > 1 then
            local item = {size = dims[d], strides = {}}
            for v = 1, #views do item.strides[v] = views[v][d] end
            list[#list + 1] = item
        end
    end
    local function before(a, b)
        for v = 1, #views do
            if a.strides[v] ~= b.strides[v] then return a.strides[v] > b.strides[v] end
        end
        return a.size < b.size
    end
    if not keep then table.sort(list, before) end
    local out = {}
    for _, item in ipairs(list) do
        local last = out[#out]
        local merge = last ~= nil
        if last then
            for v = 1, #views do
                if last.strides[v] ~= item.strides[v] * item.size then merge = false end
            end
        end
        if merge then
            last.size = last.size * item.size
            last.strides = item.strides
        else
            out[#out + 1] = item
        end
    end
    return out
end

-- Strides of an operand seen in an output of the given shape, 0 where it broadcasts.
function broadcast(operand, shape)
    local s, skip = {}, #shape - #operand.shape
    for d = 1, #shape do
        local own = d - skip
        s[d] = (own >= 1 and operand.shape[own] > 1) and operand.stride[own] or 0
    end
    return s
end

local infix = {add = "+", sub = "-", mul = "*", div = "/"}

-- One element-wise function as an expression. a, b, p are C expressions; V is the suffix (f32v, f64v, f32...).
function map_expr(fn, a, b, p, V)
    if infix[fn] then return a .. " " .. infix[fn] .. " " .. b end
    if fn == "copy" then return a end
    if fn == "neg" then return "-" .. a end
    if fn == "scale" then return a .. " * " .. p end
    if fn == "shift" then return a .. " + " .. p end
    if fn == "divide_by" then return a .. " / " .. p end
    return ("loom_map_%s_%s(%s, %s, %s)"):format(fn, V, a, b, p)
end

-- "x + i * 4" as "x[i * 4]"
function item_at(pointer)
    local name, index = pointer:match("^([%w_]+) %+ (.*)$")
    return name and name .. "[" .. index .. "]" or pointer .. "[0]"
end

-- Loads lanes of an operand along one loop direction: stride 0 splats, 1 loads, else gathers. n: count or nil for all.
function vload(pointer, stride, n)
    local T = model.T
    if stride == 0 then return ("loom_%s_splat(%s)"):format(T, item_at(pointer)) end
    if stride ~= 1 then return ("loom_%s_load_s(%s, %d, %s)"):format(T, pointer, stride, n or model.LANES) end
    if not n then return ("loom_%s_load(%s)"):format(T, pointer) end
    return ("loom_%s_load_n(%s, %s)"):format(T, pointer, n)
end

function vstore(pointer, stride, v, n)
    local T = model.T
    if stride ~= 1 then return ("loom_%s_store_s(%s, %d, %s, %s);"):format(T, pointer, stride, v, n or model.LANES) end
    if not n then return ("loom_%s_store(%s, %s);"):format(T, pointer, v) end
    return ("loom_%s_store_n(%s, %s, %s);"):format(T, pointer, v, n)
end

-- All lanes of constant weights, which may be stored as integers.
function load_weights(w, pointer)
    return ("loom_%s_load%s(%s)"):format(model.T, w.T ~= model.T and "_" .. w.T or "", pointer)
end

function splat(x) return ("loom_%s_splat(%s)"):format(model.T, x) end

-- The chain of a step as a list of C statements on the vector v. locate(operand) gives pointer and stride
-- along the lanes.
function chain_lines(step, v, locate, n)
    local T, lines = model.T, {}
    for _, item in ipairs(step.chain) do
        local other = v
        if item.operand then
            local pointer, stride = locate(item.operand)
            other = vload(pointer, stride, n)
        end
        local a, b = v, other
        if item.swapped then a, b = other, v end
        local e = map_expr(item.fn, a, b, ("loom_%s_splat(%s)"):format(T, item.param), T .. "v")
        if e ~= v then lines[#lines + 1] = v .. " = " .. e .. ";" end
    end
    return lines
end

-- Zeroes the border of an image in memory.
function border_lines(b)
    local top, bottom, left, right = table.unpack(b.halo)
    local images, rows, cols, inner = table.unpack(b.dims)
    local T, zero, p = b.T, {}, b.ptr
    local more = model.integer and ", " .. b.fill or "" -- of integers, what zero is
    local function put(s) zero[#zero + 1] = s end
    put(("for (int b = 0; b < %d; b++) {"):format(images))
    put(("    %s *p = %s + b * %d;"):format(b.real, p, rows * cols * inner))
    if top * cols + left > 0 then put(("    loom_%s_zero(p, %d%s);"):format(T, (top * cols + left) * inner, more)) end
    local inside = rows - top - bottom
    if left + right > 0 and inside > 1 then
        put(("    for (int i = 1; i < %d; i++)"):format(inside))
        put(("        loom_%s_zero(p + %d + i * %d, %d%s);"):format(T, (top * cols - right) * inner, cols * inner,
                                                                   (left + right) * inner, more))
    end
    if bottom * cols + right > 0 then
        put(("    loom_%s_zero(p + %d, %d%s);"):format(T, ((rows - bottom) * cols - right) * inner, (bottom * cols + right) * inner, more))
    end
    put("}")
    return zero
end

function join(list, indent)
    return table.concat(list, "\n" .. (" "):rep(indent))
end

model.LANES = model.T == "f32" and "LOOM_F32_LANES" or "LOOM_F64_LANES"

function shape_words(dims) return "[" .. table.concat(dims, "][") .. "]" end

-- Loops over all elements of operands that have one shape, merged where their strides allow it, around a loop over
-- vectors: {head, pad, tail, at(operand), stride(operand), lanes}. The body stands between the lines of head and tail,
-- indented by pad; lanes is the count of a vector that can be partial, or nil.
function element_loops(shape, operands)
    local views, vars = {}, {"h", "i", "j", "k", "m"}
    for k, o in ipairs(operands) do views[k] = broadcast(o, shape) end
    local dims = coalesce(shape, views)
    local inner = table.remove(dims) or {size = 1, strides = {}}
    local loops, pad = {head = {}, tail = {}}, "    "
    for d, dim in ipairs(dims) do
        loops.head[d] = ("%sfor (int %s = 0; %s < %d; %s++)%s"):format(pad, vars[d], vars[d], dim.size, vars[d], d == #dims and " {" or "")
        if d == #dims then loops.tail[1] = pad .. "}" end
        pad = pad .. "    "
    end
    local vectors, lanes = vector_loop(inner.size, "n", true)
    for _, line in ipairs(vectors) do loops.head[#loops.head + 1] = pad .. line end
    table.insert(loops.tail, 1, pad .. "}")
    loops.pad, loops.lanes = pad .. "    ", lanes
    local function number(o)
        for k, other in ipairs(operands) do if other == o then return k end end
    end
    function loops.stride(o) return inner.strides[number(o)] or 0 end
    function loops.at(o)
        local list, k = {o.name}, number(o)
        for d, dim in ipairs(dims) do
            local s = dim.strides[k]
            if s ~= 0 then list[#list + 1] = s == 1 and vars[d] or vars[d] .. " * " .. s end
        end
        local s = loops.stride(o)
        if s ~= 0 then list[#list + 1] = s == 1 and "n" or "n * " .. s end
        return table.concat(list, " + ")
    end
    function loops.load(o) return vload(loops.at(o), loops.stride(o), lanes) end
    return loops
end

-- The lines of a step that changes its first operand element by element; body(loops) gives those in the innermost loop.
function update_lines(step, others, body)
    local lines = {}
    local loops = element_loops(step.ins[1].shape, {step.ins[1], table.unpack(others)})
    for _, line in ipairs(loops.head) do lines[#lines + 1] = line end
    for _, line in ipairs(body(loops)) do lines[#lines + 1] = loops.pad .. line end
    for _, line in ipairs(loops.tail) do lines[#lines + 1] = line end
    return table.concat(lines, "\n")
end

-- A text as C string literals, one for each of its lines.
function c_text(text)
    local lines = {}
    for line in (text .. "\n"):gmatch("([^\n]*)\n") do
        line = line:gsub('[\\"]', "\\%0"):gsub("%?", "\\?"):gsub("[%c\x7f-\xff]", function(c) return ("\\%03o"):format(c:byte()) end)
        lines[#lines + 1] = '    "' .. line
    end
    return table.concat(lines, '\\n"\n') .. '"'
end

-- Numbers of a list of kept arrays, as stored.
function stored(list)
    local n = 0
    for _, t in ipairs(list) do n = n + t.stored end
    return n
end

-- sizeof(struct <id>), exactly where the target says how pointers are; else at most: its arrays are aligned to 64
-- bytes, so the whole is too. compiler/report.c has the same sum.
function ram_bytes()
    local bytes, align = 0, target.pointer and 1 or 64
    for _, n in ipairs {model.arena_size, model.state_size, stored(model.params), stored(model.memory), stored(model.gradients)} do
        bytes = bytes + div_up(n * model.real_size, align) * align
    end
    if target.pointer then -- what follows the arrays: a pointer, and 64-bit numbers
        return div_up(bytes + target.pointer, target.align) * target.align + ((model.train or model.abi) and 88 or 8)
    end
    if model.train or model.abi then return bytes + 128 end
    return bytes == 0 and (model.dispatch and 24 or 16) or bytes + 64
end

-- Does a call of any step's function name this?
function step_uses(name, steps, from, to)
    for i, step in ipairs(steps) do
        if i >= (from or 1) and i <= (to or #steps) then
            if step.call:find("[%s(]" .. name:gsub("%-", "%%-")) then return true end
        end
    end
    return false
end

function uses_op(steps, op)
    for _, step in ipairs(steps) do
        if step.op == op then return true end
    end
    return false
end

-- What a file tells loom_rt.h before it includes it: nothing, where that finds out by itself.
function config_lines()
    local tile = target.tile
    if not tile then return {} end
    return {
        "/* No vectors; a tile of the matrix kernels for the registers of " .. target.cpu .. ". */",
        "#define LOOM_LANES 1",
        "#define LOOM_TILE " .. tile[model.integer and "f32" or model.T].tile,
        "#define LOOM_ROWS " .. tile[model.integer and "f32" or model.T].rows,
        "#ifndef LOOM_WEIGHTS",
        "#define LOOM_WEIGHTS /* a section attribute can stand here */",
        "#endif",
    }
end

-- The bytes of <id>.weights; model/load.c.lua describes them.
function weights_blob()
    local parts = {}
    for _, w in ipairs(model.weights) do parts[#parts + 1] = loom.weight_bytes(w.index) end
    local data = table.concat(parts)
    return "LOOMWTS1" .. string.pack("<I8I8I4I4", math.tointeger(tonumber("0x" .. model.hash)), model.weights_size,
                                     model.real_size, loom.crc32(data)) .. data
end
