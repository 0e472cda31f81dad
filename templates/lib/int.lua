-- int.lua - what the templates of ops on integers share: loops without vectors, factors, ranges.

-- Loops over all elements of operands that broadcast to a shape: {head, pad, tail, elem(operand)}.
function int_loops(shape, operands)
    local views, vars = {}, {"h", "i", "j", "k", "m", "n"}
    for k, o in ipairs(operands) do views[k] = broadcast(o, shape) end
    local dims = coalesce(shape, views)
    local loops = {head = {}, pad = "    ", tail = {}}
    if #dims == 0 then dims[1] = {size = 1, strides = {}} end
    for d, dim in ipairs(dims) do
        local v = vars[d]
        loops.head[d] = ("%sfor (int %s = 0; %s < %d; %s++)%s"):format(loops.pad, v, v, dim.size, v, d == #dims and " {" or "")
        if d == #dims then loops.tail[1] = loops.pad .. "}" end
        loops.pad = loops.pad .. "    "
    end
    function loops.elem(o)
        local list = {}
        for k, other in ipairs(operands) do
            if other == o then
                for d, dim in ipairs(dims) do
                    local s = dim.strides[k] or 0
                    if s ~= 0 then list[#list + 1] = s == 1 and vars[d] or vars[d] .. " * " .. s end
                end
            end
        end
        return o.name .. "[" .. (#list > 0 and table.concat(list, " + ") or "0") .. "]"
    end
    return loops
end

-- "x - 3", "x + 3", "x"
function minus(x, zero)
    return zero == 0 and x or zero > 0 and x .. " - " .. zero or x .. " + " .. -zero
end

function int_text(v)
    return v == -2147483648 and "(-2147483647 - 1)" or tostring(v)
end

-- x * m / 2^shift, brought to 31 bits first where there is a limit.
function scaled(x, m, shift, limit)
    if limit ~= 0 then x = ("loom_narrow(%s, %d)"):format(x, limit) end
    return ("loom_scale(%s, %s, %s)"):format(x, m, shift)
end

-- An integer expression cut to [low, high], in the type of the operand.
function cut(operand, x, low, high)
    return ("(%s)loom_cut(%s, %d, %d)"):format(operand.real, x, low, high)
end

-- The lines of a step that computes each element of its result from one of each operand: value(elem) gives the expression.
function each_element(step, value)
    local operands = {step.out}
    for _, o in pairs(step.ins) do
        if o.name and not o.whole then operands[#operands + 1] = o end
    end
    local loops = int_loops(step.out.shape, operands)
    local lines = loops.head
    lines[#lines + 1] = loops.pad .. loops.elem(step.out) .. " = " .. value(loops.elem) .. ";"
    for _, line in ipairs(loops.tail) do lines[#lines + 1] = line end
    return table.concat(lines, "\n")
end

-- Loops over all elements of int8 operands around one along which they lie side by side, for vectors: {head, pad, tail, size,
-- at(operand), elem(operand)}; its variable is n. nil where there are no vectors.
function vector_elements(step, operands)
    local shape, views, vars = step.out.shape, {}, {"h", "i", "j", "k", "m"}
    for k, o in ipairs(operands) do
        if o.T ~= "i8" then return nil end
        views[k] = broadcast(o, shape)
    end
    local dims = coalesce(shape, views)
    local inner = table.remove(dims)
    if model.panel == 1 or not inner or inner.size < 8 then return nil end
    for k = 1, #operands do
        if inner.strides[k] ~= 1 then return nil end
    end
    local loops = {head = {}, pad = "    ", tail = {}, size = inner.size}
    for d, dim in ipairs(dims) do
        loops.head[d] = ("%sfor (int %s = 0; %s < %d; %s++) {"):format(loops.pad, vars[d], vars[d], dim.size, vars[d])
        table.insert(loops.tail, 1, loops.pad .. "}")
        loops.pad = loops.pad .. "    "
    end
    local function index(o)
        local list = {}
        for k, other in ipairs(operands) do
            for d, dim in ipairs(other == o and dims or {}) do
                if dim.strides[k] ~= 0 then list[#list + 1] = times(vars[d], dim.strides[k]) end
            end
        end
        list[#list + 1] = "n"
        return table.concat(list, " + ")
    end
    function loops.at(o) return o.name .. " + " .. index(o) end
    function loops.elem(o) return o.name .. "[" .. index(o) .. "]" end
    return loops
end
