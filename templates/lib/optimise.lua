-- optimise.lua - the formulas of the optimizers, for ops/optimise.c.lua and for kernels that take the step themselves.

local kinds = {[0] = "sgd", "nesterov", "adam", "adamw", "rmsprop"}

-- Statements that change one vector of weights by its gradient, the vector d. a: the attributes of the op. at: the
-- pointers to the vector in w and, where the optimizer remembers them, m1 and m2. lanes: their count, nil for all.
function optimise_lines(a, d, at, lanes)
    local T, lines, kind = model.T, {}, kinds[a.kind]
    local function const(x) return splat(loom.const(x)) end
    local function sqrt(x) return map_expr("sqrt", x, "weight", splat("0"), T .. "v") end
    local function let(name, value) lines[#lines + 1] = ("const loom_%sv %s = %s;"):format(T, name, value) end
    local function keep(name, value) lines[#lines + 1] = vstore(at[name], 1, value, lanes) end
    local function follow(name, keeps, adds, x)
        return ("%s * %s + %s * %s"):format(const(keeps), vload(at[name], 1, lanes), const(adds), x)
    end
    let("weight", vload(at.w, 1, lanes))
    if a.decay ~= 0 and kind ~= "adamw" then d = ("%s + %s * weight"):format(d, const(a.decay)) end
    let("slope", d)
    local change = "slope"
    if kind == "adam" or kind == "adamw" then
        let("mean", follow("m1", a.beta1, 1 - a.beta1, "slope"))
        let("square", follow("m2", a.beta2, 1 - a.beta2, "(slope * slope)"))
        keep("m1", "mean")
        keep("m2", "square")
        let("change", ("mean * %s / (%s + %s)"):format(splat("rates[1]"), sqrt("square * " .. splat("rates[2]")), const(a.epsilon)))
        change = kind == "adam" and "change" or ("(change + %s * weight)"):format(const(a.decay))
    elseif kind == "rmsprop" then
        let("square", follow("m2", a.alpha, 1 - a.alpha, "(slope * slope)"))
        keep("m2", "square")
        change = "slope / " .. sqrt("square + " .. const(a.epsilon))
        if at.m1 then
            let("mean", ("%s * %s + %s"):format(const(a.momentum), vload(at.m1, 1, lanes), change))
            keep("m1", "mean")
            change = "mean"
        else
            change = "(" .. change .. ")"
        end
    elseif at.m1 then
        let("mean", follow("m1", a.momentum, 1 - a.dampening, "slope"))
        keep("m1", "mean")
        change = kind == "sgd" and "mean" or ("(slope + %s * mean)"):format(const(a.momentum))
    end
    keep("w", ("weight - %s * %s"):format(splat("rates[0]"), change))
    return lines
end
