//@ parameters(step, {"x", "w", "init"})
$(render("ops/tile.c.lua", {step = step, tile = matmul_tile(step)}))
