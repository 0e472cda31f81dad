//@ parameters(step, {"x"})
//@ local x = step.ins[1]
//@ local runs = in_order(x)
static void $(step.name)($(step.params))
{
//@ if #runs <= 1 then
//@ local run = runs[1] or {size = 1, stride = 1}
    y[0] = $(row_call("sum8", "x", run.stride, run.size));
//@ else
    $(real) sums[8] = {0};
    int l = 0;
//@ for d, run in ipairs(runs) do
    $(("    "):rep(d - 1))for (int $(run.var) = 0; $(run.var) < $(run.size); $(run.var)++$(d == #runs and ", l++" or ""))
//@ end
    $(("    "):rep(#runs))sums[l % 8] += x[$(run_index(runs))];
    y[0] = LOOM_JOIN8(sums);
//@ end
}
