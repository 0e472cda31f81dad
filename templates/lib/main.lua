-- main.lua - turns the model (a table made by the compiler) into files.
--
-- A template is the C file itself with two rules: a line that starts with //@ is Lua, and $(expr) is a
-- value. Every template line becomes exactly one Lua line, so an error names the template's line. A name
-- that is not defined and a value that is neither string nor integer are errors.

local function compile_line(line)
    local code = line:match("^%s*//@(.*)$")
    if code then return code end
    local parts, at = {}, 1
    while true do
        local from, to = line:find("%$%b()", at)
        if not from then break end
        if from > at then parts[#parts + 1] = ("%q"):format(line:sub(at, from - 1)) end
        parts[#parts + 1] = "_v(" .. line:sub(from + 2, to - 1) .. ")"
        at = to + 1
    end
    if at <= #line then parts[#parts + 1] = ("%q"):format(line:sub(at)) end
    return "_out(" .. (#parts > 0 and table.concat(parts, "..") or '""') .. ")"
end

local function value(v)
    if type(v) == "string" or math.type(v) == "integer" then return tostring(v) end
    error("a template needs a string or an integer here, not " .. type(v) .. " " .. tostring(v), 2)
end

local function load_text(name)
    local text = loom.source(name)
    if not text then error("there is no template '" .. name .. "'", 0) end
    return text
end

-- Lua files are run once; their globals are the library of the templates.
local lib = setmetatable({}, {__index = _G})
local function require_lib(name)
    assert(load(load_text(name), "@" .. name, "t", lib))()
end

local compiled = {}

-- render(name, env): the template's text; names are looked up in env, the library and the model.
function lib.render(name, env)
    if not compiled[name] then
        local lines = {}
        for line in (load_text(name)):gmatch("([^\n]*)\n") do lines[#lines + 1] = compile_line(line) end
        compiled[name] = table.concat(lines, "\n")
    end
    local out = {}
    local scope = setmetatable({_out = function(s) out[#out + 1] = s end, _v = value}, {__index = function(_, key)
        local v = env[key]
        if v == nil then v = lib[key] end
        if v == nil then v = model[key] end
        if v == nil then error("undefined '" .. key .. "'", 2) end
        return v
    end})
    assert(load(compiled[name], "@" .. name, "t", scope))()
    return table.concat(out, "\n") .. "\n"
end

-- The facts of the target, those of the processor first.
local facts = assert(load(load_text("target.lua"), "@target.lua", "t", {}))()
local cpu = facts.cpus and facts.cpus[model.cpu]
local target = cpu and setmetatable(cpu, {__index = facts}) or facts
lib.target = target
if cpu then
    local T = model.integer and "f32" or model.T
    cpu.cpu = model.cpu
    cpu.isa = {{lanes = 1, tile = cpu.tile[T].tile, rows = cpu.tile[T].rows}}
end
for name, value in pairs(target.options or {}) do model[name] = value end

require_lib("lib/c.lua")
require_lib("lib/tile.lua")
require_lib("lib/matmul.lua")
require_lib("lib/rows.lua")
require_lib("lib/optimise.lua")
require_lib("lib/reduce.lua")
require_lib("lib/pool.lua")
require_lib("lib/pool_grad.lua")
require_lib("lib/conv.lua")
require_lib("lib/conv_grad.lua")
require_lib("lib/scan.lua")
require_lib("lib/int.lua")
require_lib("lib/qtile.lua")
require_lib("lib/bindings.lua")
if lib.target.lib then require_lib(lib.target.lib) end

-- Lines of at most 110 columns, broken after a comma; never two empty lines in a row.
local function tidy(text)
    local out = {}
    for line in text:gmatch("([^\n]*)\n") do
        local indent = line:match("^ *")
        while #line > 110 and not line:find("/*", 1, true) do
            local head = line:sub(1, 108):match("^(.*, )")
            if not head or #head <= #indent + 8 then break end
            out[#out + 1] = head:sub(1, -2)
            line = indent .. "        " .. line:sub(#head + 1)
        end
        if line ~= "" or out[#out] ~= "" then out[#out + 1] = line end
    end
    return table.concat(out, "\n") .. "\n"
end

lib.written = {}
local function write(name, text)
    lib.written[#lib.written + 1] = name
    loom.write(name, text)
end

-- The functions of the steps, in order: a list of {text, comments}. Steps that do the same to other memory share one.
-- Where there are very many, compilers that would make one function of them all take minutes: they stay apart.
function lib.step_functions(steps)
    local list, known = {}, {}
    for _, step in ipairs(steps) do
        local text = lib.render("ops/" .. step.op .. ".c.lua", {step = step}):gsub("\n\n\n+", "\n\n")
        local anonymous = text:gsub(step.name, "@")
        local twin = known[anonymous]
        if twin then
            step.call = step.call:gsub("^" .. step.name, twin.name)
            twin.comments[#twin.comments + 1] = step.comment
        else
            if #steps > 400 then text = text:gsub("static void (" .. step.name .. "%()", "LOOM_NOINLINE void %1") end
            twin = {name = step.name, text = text, comments = {step.comment}}
            known[anonymous] = twin
            list[#list + 1] = twin
        end
    end
    for _, f in ipairs(list) do
        local shown, n = {table.unpack(f.comments, 1, 6)}, #f.comments
        if n > #shown then shown[#shown + 1] = ("and %d more"):format(n - #shown) end
        f.comment = table.concat(shown, "\n * ")
    end
    return list
end

local id = model.id
write(id .. ".h", tidy(lib.render("model/model.h.lua", {})))
write(id .. ".c", tidy(lib.render("model/model.c.lua", {})))
if model.abi then write(id .. "_model.c", lib.render("model/abi.c.lua", {})) end
if model.train then write(id .. "_train.c", tidy(lib.render("model/train.c.lua", {}))) end
local parts = model.train and {"", "_train"} or {""}
for _, part in ipairs(model.dispatch and parts or {}) do
    for _, v in ipairs {{variant = 2, isa = "avx2", features = "avx2"}, {variant = 3, isa = "avx512", features = "avx512f,avx2"}} do
        v.part = part
        write(id .. part .. "_" .. v.isa .. ".c", lib.render("model/variant.c.lua", v))
    end
end
if model.weights_file then
    write(id .. ".weights", lib.weights_blob())
else
    write(id .. "_weights.c", lib.render("model/weights.c.lua", {}))
end
if model.verify then write("loom_verify.c", lib.render("model/verify.c.lua", {})) end
if model.standalone then
    local maths = model.integer and {"loom_int.h", "loom_ivec.h", "loom_fixed.h"} or {"loom_math.h", "loom_map.h"}
    local files = {"loom_rt.h", "loom_types.h", "loom_random.h", table.unpack(maths)}
    if model.train or model.abi then files[#files + 1] = "loom_train.h" end
    if model.integer and model.abi then files[#files + 1] = "loom_math.h" end -- of loom_train.h; schedules are floats
    for _, name in ipairs(model.abi and {"loom.h", "loom_file.h"} or {}) do files[#files + 1] = name end
    for _, name in ipairs(model.abi and lib.target.abi_sources or {}) do files[#files + 1] = name end
    for _, name in ipairs(files) do
        write(name, load_text("runtime/" .. name))
    end
end

-- A list of files {name, template or source, when}: what a template becomes, or a file of runtime/ as it is; with `when`
-- only if that option is given. {id} and {Id} in a name are the network's: {id}.hpp, {Id}.cs.
local function write_files(files, folder)
    for _, f in ipairs(files) do
        if not f.when or model[f.when] then
            local text = f.source and load_text("runtime/" .. f.source) or lib.render(folder .. f.template, {})
            write((f.name:gsub("{(%w+)}", {id = id, Id = lib.Id})), text)
        end
    end
end

-- Wrappers for other languages.
for name in model.bindings:gmatch("[^,]+") do
    local folder = "bindings/" .. name .. "/"
    local binding = assert(load(load_text(folder .. "binding.lua"), "@binding.lua", "t", {}))()
    if binding.target and binding.target ~= target.name then
        loom.problem(("--bindings %s is for --target %s"):format(name, binding.target))
    else
        write_files(binding.files, folder)
    end
end

-- What the target adds.
local extra = lib.target[model.verify and "verify" or "compile"] or {files = {}}
write_files(extra.files, "model/")
if extra.script then loom.script((extra.script:gsub("{id}", id)), extra.variants or 0) end
