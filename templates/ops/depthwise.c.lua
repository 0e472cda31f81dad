//@ local lanes = not full(tile.n) and "n" or nil
//@ local function at(o)
//@     local p, s = tile_at(tile, o)
//@     return (p:gsub("v %* " .. LANES .. " %* %d+", "0"):gsub("v %* " .. LANES, "0"):gsub(" %+ 0", "")), s
//@ end
//@ local width = tile.nest[2].size
LOOM_INLINE void $(step.name)_tile(const int rows, $(tile_params(tile)))
{
    loom_$(T)v acc[LOOM_ROWS];
    LOOM_UNROLL
    for (int r = 0; r < rows; r++)
//@ if tile.init then
        acc[r] = $(vload("init", tile.init.by.n, lanes));
//@ else
        acc[r] = loom_$(T)_splat(0);
//@ end
    for (int i = 0; i < $(tile.nest[1].size); i++)
//@ if width <= 8 then
        LOOM_UNROLL
//@ end
        for (int j = 0; j < $(width); j++) {
            const loom_$(T)v b = loom_$(T)_load(w + (i * $(width) + j) * $(panel));
            LOOM_UNROLL
            for (int r = 0; r < rows; r++)
                acc[r] += b * $(vload("x + " .. tile_x(tile), tile.x.by.n, lanes));
        }
    LOOM_UNROLL
    for (int r = 0; r < rows; r++) {
        loom_$(T)v s = acc[r];
//@ for _, line in ipairs(chain_lines(step, "s", at, lanes)) do
        $(line)
//@ end
//@ local p, s = at(tile.y)
        $(vstore(p, s == 0 and 1 or s, "s", lanes))
    }
}

static void $(step.name)($(step.params))
{
    enum { rows = LOOM_SPLIT($(tile.rows)) };
    for (int c = 0; c < $(tile.n); c += $(LANES)) {
//@ if lanes then
        const int n = loom_min($(tile.n) - c, $(LANES));
//@ end
//@ local head, tail, pad = open_loops(tile.middle, "        ")
//@ for _, line in ipairs(head) do
$(line)
//@ end
//@ local function args(rows)
//@     local list = {rows}
//@     for _, o in ipairs(tile.operands) do
//@         local parts = {o.name}
//@         for _, loop in ipairs(tile.middle) do
//@             local s = o.by[loop.var]
//@             if s and s ~= 0 and loop.size > 1 then parts[#parts + 1] = loop.var .. " * " .. s end
//@         end
//@         if o.by.m and o.by.m ~= 0 and tile.rows > 1 then parts[#parts + 1] = "m * " .. o.by.m end
//@         if o == tile.w then parts[#parts + 1] = panel_at(tile, "c / " .. LANES)
//@         elseif o.by.n and o.by.n ~= 0 then parts[#parts + 1] = o.by.n == 1 and "c" or "c * " .. o.by.n end
//@         list[#list + 1] = table.concat(parts, " + ")
//@     end
//@     if lanes then list[#list + 1] = "n" end
//@     return table.concat(list, ", ")
//@ end
//@ if tile.rows == 1 then
$(pad)$(step.name)_tile($(args("rows")));
//@ else
$(pad)int m = 0;
$(pad)for (; m + rows <= $(tile.rows); m += rows)
$(pad)    $(step.name)_tile($(args("rows")));
$(pad)if ($(tile.rows) % rows)
$(pad)    $(step.name)_tile($(args(tile.rows .. " % rows")));
//@ end
//@ for _, line in ipairs(tail) do
$(line)
//@ end
    }
}
