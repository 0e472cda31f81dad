-- wasm: a module without imports, for browsers, Node and workers, and the JavaScript and TypeScript around it.
return {
    name = "wasm",
    doc = "WebAssembly, with and without SIMD, and a loader for JavaScript and TypeScript",
    -- The cases of runtime/loom_rt.h: lanes of float32, accumulator vectors in a tile, rows in a tile. V8 gives a function
    -- 16 vector registers, which a tile of 4 rows x 8 columns fits.
    isa = {
        {lanes = 4, tile = 8, rows = 4},
        {lanes = 1, tile = 8, rows = 4},
    },
    -- All that the build needs lies in the folder; the loader does what --dispatch is for.
    options = {standalone = true, dispatch = false},
    lib = "lib/wasm.lua",
    -- Of the runtime, what a module behind loom.h saves and loads with.
    abi_sources = {"loom.c", "loom_file.c", "loom_metrics.c"},
    -- Files of `loomc compile`, from targets/wasm/model/, and the one that builds.
    compile = {
        files = {
            {name = "{id}_wasm.c", template = "wasm.c.lua"},
            {name = "loom_memory.c", template = "memory.c.lua"},
            {name = "{id}.mjs", template = "loader.mjs.lua"},
            {name = "{id}.d.mts", template = "loader.d.mts.lua"},
            {name = "{id}.build.sh", template = "build.sh.lua"},
        },
        script = "{id}.build.sh",
    },
    -- Files of `loomc verify`: variant 0 is plain, 1 has SIMD.
    verify = {
        files = {
            {name = "loom_memory.c", template = "memory.c.lua"},
            {name = "stdio.h", template = "stdio.h.lua"},
            {name = "stdlib.h", template = "stdlib.h.lua"},
            {name = "loom_verify.mjs", template = "verify.mjs.lua"},
            {name = "verify.sh", template = "verify.sh.lua"},
        },
        script = "verify.sh",
        variants = 2,
    },
}
