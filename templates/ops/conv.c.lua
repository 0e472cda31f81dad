//@ local c = conv_sizes(step)
//@ parameters(step, {"x", "w", "init"})
//@ if c.depthwise then
$(render("ops/depthwise.c.lua", {step = step, tile = depthwise_tile(step)}))
//@ else
$(render("ops/tile.c.lua", {step = step, tile = conv_tile(step)}))
//@ end
