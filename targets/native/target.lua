-- native: C for the machine that compiles it, as a library or dropped into a program.
return {
    name = "native",
    doc = "portable C with GCC/Clang vector types, plain C elsewhere",
    -- Vector widths and register tiles are chosen by runtime/loom_rt.h when the C is compiled: one text serves
    -- x86-64 (SSE2, AVX, AVX-512), AArch64, WebAssembly and machines without vectors.
    isa = {
        -- lanes of float32, accumulator vectors in a tile, rows in a tile: the cases of loom_rt.h
        {lanes = 16, tile = 24, rows = 12},
        {lanes = 8, tile = 12, rows = 6},
        {lanes = 4, tile = 24, rows = 12},
        {lanes = 4, tile = 12, rows = 6},
        {lanes = 4, tile = 8, rows = 4},
        {lanes = 1, tile = 8, rows = 4},
    },
}
