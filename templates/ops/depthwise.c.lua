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
            const loom_$(T)v b = $(load_weights(tile.w, "w + (i * " .. width .. " + j) * " .. panel));
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
//@ local head, tail, pad = open_loops(tile.outer, "    ")
//@ for _, line in ipairs(head) do
$(line)
//@ end
//@ for _, line in ipairs(tile.before or {}) do
$(pad)$(line)
//@ end
$(pad)for (int c = 0; c < $(tile.n); c += $(LANES)) {
//@ if lanes then
$(pad)    const int n = loom_min($(tile.n) - c, $(LANES));
//@ end
//@ local inner, close, deep = open_loops(tile.middle, pad .. "    ")
//@ for _, line in ipairs(inner) do
$(line)
//@ end
//@ if tile.rows == 1 then
$(deep)$(step.name)_tile($(depthwise_args(tile, "rows")));
//@ else
$(deep)int m = 0;
$(deep)for (; m + rows <= $(tile.rows); m += rows)
$(deep)    $(step.name)_tile($(depthwise_args(tile, "rows")));
$(deep)if ($(tile.rows) % rows)
$(deep)    $(step.name)_tile($(depthwise_args(tile, tile.rows .. " % rows")));
//@ end
//@ for _, line in ipairs(close) do
$(line)
//@ end
$(pad)}
//@ for _, line in ipairs(tail) do
$(line)
//@ end
}
