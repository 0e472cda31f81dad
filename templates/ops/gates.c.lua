//@ local gates, V = cell.gates, "loom_" .. T .. "v"
    $(V) acc[LOOM_TILE > $(2 * gates) ? LOOM_TILE : $(2 * gates)];
    LOOM_UNROLL
    for (int r = 0; r < rows; r++)
        LOOM_UNROLL
        for (int v = 0; v < vecs; v++) {
//@ for g = 0, gates - 1 do
//@ if cell.name == "gru" and g == 2 then
            acc[(r * vecs + v) * 3 + 2] = $(cell.bias_n and vload("bias_n + v * " .. LANES, 1, cell.lanes) or splat("0"));
//@ else
            acc[(r * vecs + v) * $(gates) + $(g)] = $(scan_load(cell, "x", cell.x_row, cell.sx, g));
//@ end
//@ end
        }
    for (int k = 0; k < $(cell.H); k++) {
        LOOM_UNROLL
        for (int r = 0; r < rows; r++) {
            const $(V) a = $(splat(cell.before));
            LOOM_UNROLL
            for (int v = 0; v < vecs; v++) {
//@ for g = 0, gates - 1 do
                acc[(r * vecs + v) * $(gates) + $(g)] += a * loom_$(T)_load(w + k * $(panel * gates) + LOOM_$(T:upper())_PANEL(v, $(panel), $(cell.H * gates))$(g > 0 and " + " .. g * panel or ""));
//@ end
            }
        }
    }
