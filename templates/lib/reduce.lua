-- reduce.lua - the loops of sums that undo a broadcast, for ops/reduce.c.lua.

-- Loops over what is kept, as wide vectors as the layout allows, around loops over what is summed, in order.
function reduce_plan(step)
    local x, y = step.ins[1], step.out
    local skip = #x.shape - #y.shape
    local kept_x, kept_y, kept, summed, strides = {}, {}, {}, {}, {}
    for d = 1, #x.shape do
        if d > skip and y.shape[d - skip] == x.shape[d] then
            kept[#kept + 1], kept_x[#kept_x + 1], kept_y[#kept_y + 1] = x.shape[d], x.stride[d], y.stride[d - skip]
        else
            summed[#summed + 1], strides[#strides + 1] = x.shape[d], x.stride[d]
        end
    end
    local loops = coalesce(kept, {kept_x, kept_y})
    -- Summed dimensions keep their order; neighbours merge where that does not change it.
    local inner = {}
    for d = 1, #summed do
        local last = inner[#inner]
        if last and last.stride == strides[d] * summed[d] then
            last.size, last.stride = last.size * summed[d], strides[d]
        elseif summed[d] > 1 then
            inner[#inner + 1] = {size = summed[d], stride = strides[d]}
        end
    end
    local lane = table.remove(loops)
    local r = {head = {}, inside = {}, scalar = not lane, pad = ("    "):rep(#loops + 1)}
    local from, to, vars, sums = {"x"}, {"y"}, {"h", "i", "j", "m"}, {"a", "b", "c", "d", "e", "f"}
    for d, loop in ipairs(loops) do
        local v = vars[d]
        r.head[d] = ("%sfor (int %s = 0; %s < %d; %s++)%s"):format(("    "):rep(d), v, v, loop.size, v, d == #loops and " {" or "")
        from[#from + 1] = loop.strides[1] == 1 and v or v .. " * " .. loop.strides[1]
        to[#to + 1] = loop.strides[2] == 1 and v or v .. " * " .. loop.strides[2]
    end
    r.tail = #loops > 0 and ("    "):rep(#loops) .. "}" or nil
    for d, loop in ipairs(inner) do
        r.inside[d] = ("%sfor (int %s = 0; %s < %d; %s++)"):format(("    "):rep(d - 1), sums[d], sums[d], loop.size, sums[d])
        from[#from + 1] = loop.stride == 1 and sums[d] or sums[d] .. " * " .. loop.stride
    end
    if lane then
        r.sx, r.sy = lane.strides[1], lane.strides[2]
        r.vectors, r.lanes = vector_loop(lane.size, "n")
        from[#from + 1] = r.sx == 1 and "n" or "n * " .. r.sx
        to[#to + 1] = r.sy == 1 and "n" or "n * " .. r.sy
    end
    r.x, r.y = table.concat(from, " + "), table.concat(to, " + ")
    return r
end
