-- Python: <id>.py, a class for this network over the package in runtime/bindings/python.
return {
    doc = "Python: <id>.py, a class with the network's shapes that finds its shared library",
    files = {
        {name = "{id}.py", template = "module.py.lua"},
    },
}
