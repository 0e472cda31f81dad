//@ local single = tile.rows.size == 1 and #tile.middle == 0
LOOM_INLINE void $(step.name)_tile(const int rows, const int vecs, $(tile.params))
{
    $(tile.sums) acc[$(tile.tile)];
    LOOM_UNROLL
    for (int r = 0; r < rows; r++)
        LOOM_UNROLL
        for (int v = 0; v < vecs; v++)
            acc[r * vecs + v] = $(tile.wide and "loom_wide_zero()" or "loom_sums_load(bias + v * LOOM_INT_LANES)");
//@ local pad = "    "
//@ if tile.dot then
    $(tile.dot)
//@ else
//@ for i, k in ipairs(tile.nest) do
//@ if k.size > 1 then
$(pad)for (int $(k.var) = 0; $(k.var) < $(k.size); $(k.var)++)$(i == #tile.nest and " {" or "")
//@ pad = pad .. "    "
//@ elseif i == #tile.nest then
$(pad){
//@ pad = pad .. "    "
//@ end
//@ end
$(pad)$(tile.quads and "loom_quad" or "loom_pairs") b[8];
$(pad)LOOM_UNROLL
$(pad)for (int v = 0; v < vecs; v++)
$(pad)    b[v] = loom_$(step.ins[2].T)_$(tile.quads and "quad" or "pairs")($(tile.w));
$(pad)LOOM_UNROLL
//@ if tile.quads then
$(pad)for (int h = 0; h < 2; h++)
$(pad)    LOOM_UNROLL
//@ pad = pad .. "    "
//@ end
//@ local term = tile.quads and "b[v].half[h]" or "b[v]"
//@ if tile.xn then
$(pad)for (int r = 0; r < rows; r++)
$(pad)    LOOM_UNROLL
$(pad)    for (int v = 0; v < vecs; v++)
$(pad)        acc[r * vecs + v] = loom_$(tile.wide and "wide_" or "")add(acc[r * vecs + v], loom_i16_pairs($(tile.x)), $(term));
//@ else
$(pad)for (int r = 0; r < rows; r++) {
$(pad)    const loom_pairs a = loom_pair($(tile.x));
$(pad)    LOOM_UNROLL
$(pad)    for (int v = 0; v < vecs; v++)
$(pad)        acc[r * vecs + v] = loom_$(tile.wide and "wide_" or "")add(acc[r * vecs + v], a, $(term));
$(pad)}
//@ end
//@ if tile.quads then pad = pad:sub(5) end
$(pad:sub(5))}
//@ end
    LOOM_UNROLL
    for (int v = 0; v < vecs; v++)$(tile.factors and " {" or "")
//@ if tile.factors then
        $(tile.factors)
//@ end
        LOOM_UNROLL
        for (int r = 0; r < rows; r++)
            $(tile.put)
//@ if tile.factors then
    }
//@ end
}

//@ if not single then
LOOM_INLINE void $(step.name)_columns(const int vecs, $(tile.params))
{
    enum { rows = LOOM_INT_SPLIT($(tile.rows.size)) };
//@ local head, tail, pad = open_loops(tile.middle, "    ")
//@ for _, line in ipairs(head) do
$(line)
//@ end
//@ if tile.rows.size == 1 then
$(pad)$(tile.tile_call("rows"))
//@ else
$(pad)int m = 0;
$(pad)for (; m + rows <= $(tile.rows.size); m += rows)
$(pad)    $(tile.tile_call("rows"))
$(pad)if ($(tile.rows.size) % rows)
$(pad)    $(tile.tile_call(tile.rows.size .. " % rows"))
//@ end
//@ for _, line in ipairs(tail) do
$(line)
//@ end
}

//@ end
//@ local function columns(vecs)
//@     local call = tile.columns_call(vecs)
//@     return single and call:gsub("_columns%(", "_tile(1, ") or call
//@ end
static void $(step.name)($(step.params))
{
    enum { vecs = LOOM_INT_VECS(LOOM_INT_SPLIT($(tile.rows.size)), $(tile.tile)), columns = ($(tile.n) + LOOM_INT_LANES - 1) / LOOM_INT_LANES };
    loom_i16 *terms = (loom_i16 *)scratch;
//@ if tile.image then
    $(tile.image)
//@ end
//@ local head, tail, pad = open_loops(tile.outer, "    ")
//@ for _, line in ipairs(head) do
$(line)
//@ end
//@ for _, line in ipairs(tile.widen) do
$(pad)$(line)
//@ end
//@ local head2, tail2, deep = open_loops({tile.group}, pad)
//@ for _, line in ipairs(head2) do
$(line)
//@ end
$(deep)int c = 0;
$(deep)for (; c + vecs <= columns; c += vecs)
$(deep)    $(columns("vecs"))
$(deep)if (columns % vecs & 4) {
$(deep)    $(columns("4"))
$(deep)    c += 4;
$(deep)}
$(deep)if (columns % vecs & 2) {
$(deep)    $(columns("2"))
$(deep)    c += 2;
$(deep)}
$(deep)if (columns % vecs & 1)
$(deep)    $(columns("1"))
//@ for _, line in ipairs(tail2) do
$(line)
//@ end
//@ for _, line in ipairs(tail) do
$(line)
//@ end
}
