-- TypeScript: <Id>.mts, a class for this network over the package in runtime/bindings/typescript and the module of target wasm.
return {
    doc = "TypeScript: <Id>.mts, a class with the network's shapes and tensors, for --target wasm",
    target = "wasm",
    files = {
        {name = "{Id}.mts", template = "model.mts.lua"},
    },
}
