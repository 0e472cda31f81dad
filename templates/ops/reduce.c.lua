//@ parameters(step, {"x"})
//@ local r = reduce_plan(step)
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(r.head) do
$(line)
//@ end
//@ if r.scalar then
$(r.pad)$(real) sum = 0;
//@ for _, line in ipairs(r.inside) do
$(r.pad)$(line)
//@ end
$(r.pad)$(("    "):rep(#r.inside))sum += $(item_at(r.x));
$(r.pad)$(item_at(r.y)) = sum;
//@ else
//@ for _, line in ipairs(r.vectors) do
$(r.pad)$(line)
//@ end
$(r.pad)    loom_$(T)v sum = loom_$(T)_splat(0);
//@ for _, line in ipairs(r.inside) do
$(r.pad)    $(line)
//@ end
$(r.pad)    $(("    "):rep(#r.inside))sum += $(vload(r.x, r.sx, r.lanes));
$(r.pad)    $(vstore(r.y, r.sy, "sum", r.lanes))
$(r.pad)}
//@ end
//@ if r.tail then
$(r.tail)
//@ end
}
