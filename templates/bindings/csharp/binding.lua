-- C#: <Id>.cs, a class for this network over the assembly of runtime/bindings/csharp.
return {
    doc = "C#: <Id>.cs, a class with the network's shapes and types",
    files = {
        {name = "{Id}.cs", template = "model.cs.lua"},
    },
}
