-- native: C for the machine that compiles it, as a library or dropped into a program.
return {
    name = "native",
    doc = "portable C with GCC/Clang vector types, plain C elsewhere",
    -- What `compile --abi --standalone` writes of the runtime, besides the headers of every model.
    abi_sources = {
        "loom.c", "loom_heap.c", "loom_metrics.c", "loom_optimise.c", "loom_file.c", "loom_select.c", "loom_number.h", "loom_number.c",
        "loom_json.h", "loom_json.c", "loom_writer.c", "loom_text.h", "loom_error.c", "loom_document.c", "loom_network.c", "loom_bundle.c",
        "loom_fit.c", "loom_text.c", "loom_text_train.c", "loom_text_evaluate.c", "loom_text_update.c",
    },
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
