-- wasm.lua - what the files around a WebAssembly module share: its tensors, the texts of statuses, the files to build.

-- What an instance keeps: {name, shape, size, role, data}, where data is the expression for its address in the struct.
function wasm_tensors()
    local list = {}
    for _, t in ipairs(model.tensors) do
        list[#list + 1] = {name = t.name, shape = t.shape, size = t.size, role = t.role:lower(), data = t.data}
    end
    if #list > 0 then return list end
    for _, kept in ipairs {{"params", "param"}, {"memory", "memory"}, {"gradients", "gradient"}} do
        for _, t in ipairs(model[kept[1]]) do
            local shape = {}
            for n in t.shape:gmatch("%d+") do shape[#shape + 1] = math.tointeger(n) end
            list[#list + 1] = {name = t.name, shape = shape, size = t.size, role = kept[2], data = "net->" .. kept[1] .. "." .. t.name}
        end
    end
    return list
end

-- {value, text} of each status of loom_types.h.
function statuses()
    local list = {}
    for value, text in loom.source("runtime/loom_types.h"):gmatch('X%(LOOM_[%w_]+, (%-?%d+), "(.-)"%)') do
        list[#list + 1] = {value = value, text = text}
    end
    return list
end

-- The C files that were written so far.
function c_files()
    local list = {}
    for _, name in ipairs(written) do
        if name:match("%.c$") then list[#list + 1] = name end
    end
    return list
end

function js_list(list) return "[" .. table.concat(list, ", ") .. "]" end

-- "Float32Array"
function js_array() return model.T == "f64" and "Float64Array" or "Float32Array" end

-- What the loaders of all models share, without its head comment.
function shared_js()
    local text = loom.source("runtime/bindings/typescript/src/instance.mjs")
    while text:find("^//") or text:find("^\n") do text = text:gsub("^[^\n]*\n", "", 1) end
    return text
end
