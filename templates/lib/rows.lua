-- rows.lua - for ops that work on rows (softmax, norm, ...): loops over the rows, vectors along one.

-- Loops over dimensions of the given sizes, merged where the strides of every operand allow it. operands:
-- list of {name}, strides: a list of strides per operand; keep: in the order of the dimensions; inner: one more
-- loop {var, size, strides} inside them all. The result has `head`, the lines that open the loops; `pad`, the indent
-- of their body; `tail`, its last brace or nil; `at(o)`, the operand's pointer in the body.
function row_loops(sizes, operands, strides, keep, inner)
    local names = {"r", "b", "a", "h", "g"}
    local loops = coalesce(sizes, strides, keep)
    for i, loop in ipairs(loops) do loop.var = names[#loops - i + 1] end
    if inner and inner.size > 1 then loops[#loops + 1] = inner end
    local rows = {head = {}, pad = ("    "):rep(#loops + 1), tail = #loops > 0 and ("    "):rep(#loops) .. "}" or nil}
    for i, loop in ipairs(loops) do
        rows.head[i] = ("%sfor (int %s = 0; %s < %d; %s++)%s"):format(("    "):rep(i), loop.var, loop.var, loop.size, loop.var,
                                                                      i == #loops and " {" or "")
    end
    function rows.at(o)
        for k, other in ipairs(operands) do
            if other == o then
                local terms = {o.name}
                for _, loop in ipairs(loops) do
                    local s = loop.strides[k]
                    if s ~= 0 then terms[#terms + 1] = s == 1 and loop.var or loop.var .. " * " .. s end
                end
                return table.concat(terms, " + ")
            end
        end
    end
    -- The lines that open the loops and point at the row of each operand, then the names of these pointers:
    -- those given, in the order of the operands, or the operand's own where it has but one row.
    function rows.enter(names)
        local lines, pointers = {table.unpack(rows.head)}, {}
        for k, o in ipairs(operands) do
            local p = rows.at(o)
            pointers[k] = p == o.name and p or names[k]
            if p ~= o.name then
                lines[#lines + 1] = ("%s%s%s *%s = %s;"):format(rows.pad, o.read_only and "const " or "", o.real, names[k], p)
            end
        end
        return lines, table.unpack(pointers)
    end
    return rows
end

-- Loops over the rows of operands that have the shape of the step's result (or broadcast to it). line: the variable of
-- a loop of its own over the last dimension but one, nil when that is like the others.
function rows_of(step, operands, line)
    local shape = step.out.shape
    local rank, strides, inner = #shape, {}, {var = line, strides = {}}
    local outer = rank - (line and 2 or 1)
    for k, o in ipairs(operands) do
        local all = broadcast(o, shape)
        strides[k] = {table.unpack(all, 1, outer)}
        inner.strides[k] = all[rank - 1]
    end
    inner.size = line and shape[rank - 1] or 1
    return row_loops({table.unpack(shape, 1, outer)}, operands, strides, false, inner)
end

-- A loop over vectors of n elements, the first of which is j (or var): its lines, and the count of lanes when a
-- vector can be partial. A vector at the end of a long row overlaps the one before it, unless the body reads what
-- it writes (in_place).
function vector_loop(n, var, in_place)
    local lanes, j = model.LANES, var or "j"
    if full(n) then return {("for (int %s = 0; %s < %d; %s += %s) {"):format(j, j, n, j, lanes)} end
    if n > model.panel and not in_place then
        return {("for (int k = 0; k < %d; k += %s) {"):format(n, lanes),
                ("    const int %s = loom_min(k, %d - %s); /* the last vector overlaps the one before it */"):format(j, n, lanes)}
    end
    return {("for (int %s = 0; %s < %d; %s += %s) {"):format(j, j, n, j, lanes),
            ("    const int lanes = loom_min(%d - %s, %s);"):format(n, j, lanes)}, "lanes"
end

-- "from + j * 4": element j of a row.
function along(name, stride, var)
    if stride == 0 then return name end
    return name .. " + " .. (var or "j") .. (stride == 1 and "" or " * " .. stride)
end

function item(name, stride, var)
    return name .. "[" .. (stride == 0 and "0" or (var or "j") .. (stride == 1 and "" or " * " .. stride)) .. "]"
end

-- loom_f32_sum8(row, 10) or, where elements do not lie side by side, loom_f32_sum8_s(row, 12, 10).
function row_call(what, pointer, stride, n, extra)
    local middle = (stride == 1 and "" or ", " .. stride) .. (extra and ", " .. extra or "")
    return ("loom_%s_%s%s(%s%s, %s)"):format(model.T, what, stride == 1 and "" or "_s", pointer, middle, n)
end

-- loom_f32_dot8(a, b, 10), or loom_f32_dot8_s with strides.
function row_dot(a, sa, b, sb, n)
    if sa == 1 and sb == 1 then return ("loom_%s_dot8(%s, %s, %d)"):format(model.T, a, b, n) end
    return ("loom_%s_dot8_s(%s, %d, %s, %d, %d)"):format(model.T, a, sa, b, sb, n)
end

-- The dimensions of an operand in their order, neighbours merged where that keeps it: a list of {size, stride, var}.
function in_order(operand)
    local runs, vars = {}, {"h", "i", "j", "k", "m", "n"}
    for d = 1, #operand.shape do
        local last, size, stride = runs[#runs], operand.shape[d], operand.stride[d]
        if last and last.stride == stride * size then
            last.size, last.stride = last.size * size, stride
        elseif size > 1 then
            runs[#runs + 1] = {size = size, stride = stride, var = vars[#runs + 1]}
        end
    end
    return runs
end

-- The part of an operand that begins at `start` of an axis and has the length n there.
function part_of(operand, axis, start, n)
    local shape = {table.unpack(operand.shape)}
    shape[axis] = n
    local offset = start * operand.stride[axis]
    return {name = operand.name .. (offset > 0 and " + " .. offset or ""), shape = shape, stride = operand.stride}
end

-- "h * 12 + i"
function run_index(runs)
    local list = {}
    for _, run in ipairs(runs) do list[#list + 1] = run.stride == 1 and run.var or run.var .. " * " .. run.stride end
    return table.concat(list, " + ")
end

-- The stride of the last axis; one element is as good as side by side.
function unit(operand)
    local r = #operand.shape
    return operand.shape[r] == 1 and 1 or operand.stride[r]
end

-- n as a divisor: an integer that the precision holds needs no cast.
function real_count(n)
    return (n <= 1 << 24 and "" or "(" .. model.real .. ")") .. n
end
