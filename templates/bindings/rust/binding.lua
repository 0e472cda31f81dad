-- Rust: <id>.rs, a type for this network over the crate runtime/bindings/rust.
return {
    doc = "Rust: <id>.rs, a type with the network's shapes and types",
    files = {
        {name = "{id}.rs", template = "model.rs.lua"},
    },
}
