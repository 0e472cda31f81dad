-- scan.lua - recurrent cells, for ops/scan.c.lua and its gradient.
--
-- The kernels work on tiles as matrix products do: rows (samples, or steps that are known already) times vectors of
-- units, each with its gates' sums in registers.

-- What the cell of a step is: its name, how many gates it has, and H, the units of its result `y`.
function scan_cell(step, y)
    local names, gates = {[0] = "rnn_tanh", "rnn_relu", "lstm", "gru"}, {[0] = 1, 1, 4, 3}
    local H = y.shape[3]
    local cell = {name = names[step.attr.cell], gates = gates[step.attr.cell], H = H, whole = full(H)}
    cell.lanes = not cell.whole and "n - v * " .. model.LANES or nil
    return cell
end

-- The recurrent weights [gate][unit][k] as panels [panel][k][gate][unit]: the lines that bring them there when they
-- come at run time. They lie at the beginning of scratch, whose rest is at `rest`.
function scan_panels(step, cell, w)
    local panel, H, gates = model.panel, cell.H, cell.gates
    if w.pack then return {lines = {}, w = "w", rest = 0} end
    local columns = div_up(H, panel) * panel
    local from = ("w[(g * %d + j) * %d + k * %d]"):format(H, w.stride[1], w.stride[2])
    local to = ("scratch[((j / %d * %d + k) * %d + g) * %d + j %% %d]"):format(panel, H, gates, panel, panel)
    return {w = "scratch", rest = columns * H * gates, lines = {
        ("for (int g = 0; g < %d; g++)"):format(gates),
        ("    for (int j = 0; j < %d; j++)"):format(columns),
        ("        for (int k = 0; k < %d; k++)"):format(H),
        ("            %s = %s%s%s;"):format(to, cell.whole and "" or ("j < %d ? "):format(H), from, cell.whole and "" or " : 0"),
    }}
end

-- "x + r * 24 + v * LANES + 8": the vector v of a gate in row r.
function scan_at(cell, name, row, unit_stride, gate)
    local p = name
    if row ~= 0 then p = p .. " + r * " .. row end
    p = p .. " + v * " .. model.LANES .. (unit_stride ~= 1 and " * " .. unit_stride or "")
    local offset = (gate or 0) * cell.H * unit_stride
    return offset > 0 and p .. " + " .. offset or p
end

function scan_load(cell, name, row, unit_stride, gate)
    return vload(scan_at(cell, name, row, unit_stride, gate), unit_stride, cell.lanes)
end

function scan_store(cell, name, row, unit_stride, gate, v)
    return vstore(scan_at(cell, name, row, unit_stride, gate), unit_stride, v, cell.lanes)
end
