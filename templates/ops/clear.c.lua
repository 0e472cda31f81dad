//@ step.writes = {[1] = true}
//@ parameters(step, {"sum"})
static void $(step.name)($(step.params))
{
    loom_$(T)_zero(sum, $(product(step.ins[1].shape)));
}
