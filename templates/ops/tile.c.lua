//@ local lanes = not full(tile.n) and "n - v * " .. LANES or nil
//@ local unroll_k = #tile.nest > 1 and tile.nest[#tile.nest].size <= 8
LOOM_INLINE void $(step.name)_tile(const int rows, const int vecs, $(tile_params(tile)))
{
    loom_$(T)v acc[LOOM_TILE];
    LOOM_UNROLL
    for (int r = 0; r < rows; r++)
        LOOM_UNROLL
        for (int v = 0; v < vecs; v++)
//@ if tile.init then
//@ local p, s = tile_at(tile, tile.init)
            acc[r * vecs + v] = $(vload(p, s, lanes));
//@ else
            acc[r * vecs + v] = loom_$(T)_splat(0);
//@ end
//@ local pad = "    "
//@ for i, k in ipairs(tile.nest) do
//@ if k.size > 1 then
//@ if i == #tile.nest and unroll_k then
$(pad)LOOM_UNROLL
//@ end
$(pad)for (int $(k.var) = 0; $(k.var) < $(k.size); $(k.var)++)$(i == #tile.nest and " {" or "")
//@ pad = pad .. "    "
//@ elseif i == #tile.nest then
$(pad){
//@ pad = pad .. "    "
//@ end
//@ end
$(pad)loom_$(T)v b[8];
$(pad)LOOM_UNROLL
$(pad)for (int v = 0; v < vecs; v++)
$(pad)    b[v] = $(load_weights(tile.w, tile_w(tile)));
$(pad)LOOM_UNROLL
$(pad)for (int r = 0; r < rows; r++) {
$(pad)    const loom_$(T)v a = loom_$(T)_splat(x[$(tile_x(tile))]);
$(pad)    LOOM_UNROLL
$(pad)    for (int v = 0; v < vecs; v++)
$(pad)        acc[r * vecs + v] += a * b[v];
$(pad)}
$(pad:sub(5))}
    LOOM_UNROLL
    for (int r = 0; r < rows; r++)
        LOOM_UNROLL
        for (int v = 0; v < vecs; v++) {
            loom_$(T)v s = acc[r * vecs + v];
//@ for _, line in ipairs(chain_lines(step, "s", function(o) return tile_at(tile, o) end, lanes)) do
            $(line)
//@ end
//@ local p, s = tile_at(tile, tile.y)
//@ if step.update then
//@ local function along_y(o) return o and (p:gsub("^y", o.name)) end
//@ local pointers = {w = p, m1 = along_y(step.update.m1), m2 = along_y(step.update.m2)}
//@ for _, line in ipairs(optimise_lines(step.update.attr, "s", pointers, lanes)) do
            $(line)
//@ end
//@ else
            $(vstore(p, s == 0 and 1 or s, "s", lanes))
//@ end
        }
}

//@ if not tile.single then
LOOM_INLINE void $(step.name)_columns(const int vecs, $(tile_params(tile)))
{
    enum { rows = LOOM_SPLIT($(tile.rows)) };
//@ local head, tail, pad = open_loops(tile.middle, "    ")
//@ for _, line in ipairs(head) do
$(line)
//@ end
//@ if tile.rows == 1 then
$(pad)$(step.name)_tile($(tile_row_args(tile, "rows")));
//@ else
$(pad)int m = 0;
$(pad)for (; m + rows <= $(tile.rows); m += rows)
$(pad)    $(step.name)_tile($(tile_row_args(tile, "rows")));
$(pad)if ($(tile.rows) % rows)
$(pad)    $(step.name)_tile($(tile_row_args(tile, tile.rows .. " % rows")));
//@ end
//@ for _, line in ipairs(tail) do
$(line)
//@ end
}

//@ end
static void $(step.name)($(step.params))
{
    enum { vecs = LOOM_VECS(LOOM_SPLIT($(tile.rows))), columns = ($(tile.n) + $(LANES) - 1) / $(LANES) };
//@ local head, tail, pad = open_loops(tile.outer, "    ")
//@ for _, line in ipairs(head) do
$(line)
//@ end
//@ for _, line in ipairs(tile.before or {}) do
$(pad)$(line)
//@ end
$(pad)int c = 0;
$(pad)for (; c + vecs <= columns; c += vecs)
$(pad)    $(tile_columns(tile, step, "vecs"))
//@ for _, rest in ipairs {4, 2, 1} do
//@ if tile_remains(tile, rest) then
//@ local last = rest == 1 or not tile_remains(tile, 1) and (rest == 2 or not tile_remains(tile, 2))
$(pad)if (columns % vecs & $(rest))$(last and "" or " {")
$(pad)    $(tile_columns(tile, step, rest))
//@ if not last then
$(pad)    c += $(rest);
$(pad)}
//@ end
//@ end
//@ end
//@ for _, line in ipairs(tail) do
$(line)
//@ end
}
