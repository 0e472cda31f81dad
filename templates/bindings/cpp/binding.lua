-- C++: <id>.hpp, a class for this network over runtime/bindings/cpp/loom.hpp.
return {
    doc = "C++17: <id>.hpp, a class with the network's shapes and types",
    files = {
        {name = "{id}.hpp", template = "model.hpp.lua"},
        {name = "loom.hpp", source = "bindings/cpp/loom.hpp", when = "standalone"},
        {name = "loom_library.hpp", source = "bindings/cpp/loom_library.hpp", when = "standalone"},
    },
}
