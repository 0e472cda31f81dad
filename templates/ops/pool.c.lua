//@ parameters(step, {"x"})
//@ local p, max = pool_facts(step), step.attr.kind == 0
//@ for _, w in ipairs(p.windows) do
/* One window $(w.name == "inside" and "inside the input" or "without its part in the border"), in $(p.all and "all channels" or "one channel"); rows before columns. */
LOOM_INLINE void $(step.name)_$(w.name)(const $(real) *x, $(real) *y$(w.params))
{
//@ for _, part in ipairs(p.parts) do
//@ local pad = "    "
//@ for _, line in ipairs(part.head or {}) do
    $(line)
//@ pad = "        "
//@ end
$(pad)$(part.V) v = $(max and part.load("0") or part.zero);
//@ local loops = {}
//@ for _, loop in ipairs {{"i", w.rows}, {"j", w.cols}} do
//@ if loop[2] ~= 1 then loops[#loops + 1] = loop end
//@ end
//@ local inner = pad
//@ for d, loop in ipairs(loops) do
//@ if w.unroll then
$(inner)LOOM_UNROLL
//@ end
$(inner)for (int $(loop[1]) = 0; $(loop[1]) < $(loop[2]); $(loop[1])++)$(d == #loops and " {" or "")
//@ inner = inner .. "    "
//@ end
$(inner)const $(part.V) a = $(part.load(w.at));
$(inner)v = $(max and part.larger or "v + a");
//@ if #loops > 0 then
$(inner:sub(5))}
//@ end
$(pad)$(part[w])
//@ if part.head then
    }
//@ end
//@ end
}

//@ end
//@ if #p.edges > 0 then
/* Windows that reach over the border. */
static void $(step.name)_edge(const $(real) *x, $(real) *y$(p.flat and "" or ", int row0, int row1"), int col0, int col1)
{
//@ local pad = "    "
//@ if not p.flat then
    for (int row = row0; row < row1; row++)
//@ pad = pad .. "    "
//@ end
$(pad)for (int col = col0; col < col1; col++) {
//@ if not p.flat then
$(pad)    const int top = row$(p.dy == 1 and "" or " * " .. p.dy) - $(p.top), i0 = top < 0 ? 0 : top, i1 = loom_min(top + $(p.kh), $(p.H));
//@ end
$(pad)    const int left = col$(p.dx == 1 and "" or " * " .. p.dx) - $(p.left), j0 = left < 0 ? 0 : left, j1 = loom_min(left + $(p.kw), $(p.W));
$(pad)    $(step.name)_clipped($(p.edge_x), $(p.edge_y)$(p.flat and "" or ", i1 - i0"), j1 - j0);
$(pad)}
}

//@ end
static void $(step.name)($(step.params))
{
//@ local rows, pad = p.rows, p.rows.pad
//@ local open, to, from = rows.enter {"to", "from"}
//@ for _, line in ipairs(open) do
$(line)
//@ end
//@ for _, edge in ipairs(p.edges) do
$(pad)$(step.name)_edge($(from), $(to), $(edge));
//@ end
//@ if p.any_inside then
//@ if p.r1 - p.r0 > 1 then
$(pad)for (int row = $(p.r0); row < $(p.r1); row++)
//@ pad = pad .. "    "
//@ end
//@ if p.c1 - p.c0 > 1 then
$(pad)for (int col = $(p.c0); col < $(p.c1); col++)
//@ pad = pad .. "    "
//@ end
$(pad)$(step.name)_inside($(p.x_at(from)), $(p.y_at(to)));
//@ end
//@ if rows.tail then
$(rows.tail)
//@ end
}
