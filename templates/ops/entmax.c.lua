//@ parameters(step, {"x"})
//@ local x, y, compat = step.ins[1], step.out, step.attr.compat == 1
//@ local alpha, n, sx, sy = step.attr.alpha, y.shape[#y.shape], unit(x), unit(y)
//@ local a = alpha - 1
//@ if T == "f32" then a = string.unpack("<f", string.pack("<f", a)) end
//@ local exponent = 1 / a
//@ if T == "f32" then exponent = string.unpack("<f", string.pack("<f", exponent)) end
//@ local ca = loom.const(a)
//@ local sparse, mixed = compat or a == 1, compat and alpha < 2
//@ local rows = rows_of(step, {y, x})
//@ local pad = rows.pad
//@ local open, to, from = rows.enter {"to", "from"}
//@ local vectors, lanes = vector_loop(n)
//@ local sum_y = row_call("sum8", "y", sy, n)
//@ local xj, yj = item("x", sx), item("y", sy)
//@ local loaded = vload(along("x", sx), sx, lanes)
//@ if sparse then
/* The threshold of sparsemax, relative to the maximum: the mean excess of the support, which shrinks until it
 * stays. y takes the terms of the sums; the zeros between them change no sum. */
static $(real) $(step.name)_threshold(const $(real) *x, $(real) *y, $(real) max)
{
    $(real) t = -1;
    for (int last = $(n + 1);;) {
        int count = 0;
        for (int j = 0; j < $(n); j++) {
            const $(real) d = $(xj) - max;
            count += d > t;
            $(yj) = d > t ? d : 0;
        }
        if (count == 0 || count >= last)
            return t;
        t = ($(sum_y) - 1) / ($(real))count;
        last = count;
    }
}

static void $(step.name)_sparse(const $(real) *x, $(real) *y, $(real) max)
{
    const $(real) t = $(step.name)_threshold(x, y, max);
//@ if compat then
    int count = 0;
    for (int j = 0; j < $(n); j++) {
        const int in = $(xj) - max > t;
        count += in;
        $(yj) = in ? $(xj) : 0;
    }
    const $(real) from = count ? (2 * $(sum_y) - 1) / ($(real))count : 0;
//@ end
    for (int j = 0; j < $(n); j++) {
        const $(real) d = $(xj) - $(compat and "from" or "max - t");
        $(yj) = d < 0 ? 0 : d;
    }
}

//@ end
//@ if mixed then
/* Softmax and sparsemax, mixed, and made to sum to 1 again. */
static void $(step.name)_mixed(const $(real) *x, $(real) *y, $(real) max)
{
//@ local e = ("loom_exp_%sv(%s - %s)"):format(T, loaded, splat("max"))
//@ for _, line in ipairs(vectors) do
    $(line)
//@ end
        $(vstore(along("y", sy), sy, e, lanes))
    }
    const $(real) sum = $(sum_y);
    $(step.name)_sparse(x, y, max);
//@ local again, lanes2 = vector_loop(n, "j", true)
//@ for _, line in ipairs(again) do
    $(line)
//@ end
        const loom_$(T)v soft = loom_exp_$(T)v($(vload(along("x", sx), sx, lanes2)) - $(splat("max"))) / $(splat("sum"));
        const loom_$(T)v soft_part = $(splat("1 - " .. ca)) * soft;
        const loom_$(T)v sparse_part = $(splat(ca)) * $(vload(along("y", sy), sy, lanes2));
        $(vstore(along("y", sy), sy, "soft_part + sparse_part", lanes2))
    }
    $(row_call("divide", "y", sy, n, sum_y));
}

//@ end
//@ if not sparse then
/* d^(1/a) for d = 1 + w, 0 where d is negative. log(1 + w) is w * (log(d) / (d - 1)), which makes good what the
 * rounding of d lost. */
LOOM_INLINE loom_$(T)v $(step.name)_power(loom_$(T)v w)
{
    const loom_$(T)v zero = $(splat("0")), one = $(splat("1")), d = one + w;
//@ if exponent == 2 then
    return loom_map_less_$(T)v(d, zero, zero, d * d);
//@ else
    const loom_$(T)v quotient = w * (loom_log_$(T)v(d) / (d - one));
    const loom_$(T)v log = loom_map_less_$(T)v(d, one, quotient, loom_map_less_$(T)v(one, d, quotient, w));
    return loom_map_less_$(T)v(d, zero, zero, loom_exp_$(T)v($(splat(loom.const(exponent))) * log));
//@ end
}

/* The result for the threshold t, before it is made to sum to 1: into y. Returns the sum. */
static $(real) $(step.name)_powers(const $(real) *x, $(real) *y, $(real) max, $(real) t)
{
//@ for _, line in ipairs(vectors) do
    $(line)
//@ end
        const loom_$(T)v w = $(splat(ca)) * ($(loaded) - $(splat("max")) - $(splat("t")));
        $(vstore(along("y", sy), sy, step.name .. "_power(w)", lanes))
    }
    return $(sum_y);
}

//@ end
static void $(step.name)($(step.params))
{
//@ for _, line in ipairs(open) do
$(line)
//@ end
$(pad)const $(real) max = $(row_call("max", from, sx, n));
//@ if mixed then
$(pad)$(step.name)_mixed($(from), $(to), max);
//@ elseif sparse then
$(pad)$(step.name)_sparse($(from), $(to), max);
//@ else
$(pad)$(real) low = 0, high = -loom_expm1_$(T)(-$(ca) * loom_log_$(T)($(real_count(n)))) / $(ca);
$(pad)for (int i = 0; i < $(T == "f32" and 30 or 60); i++) {
$(pad)    const $(real) middle = (low + high) / 2;
$(pad)    if ($(step.name)_powers($(from), $(to), max, middle) < 1)
$(pad)        high = middle;
$(pad)    else
$(pad)        low = middle;
$(pad)}
$(pad)$(row_call("divide", to, sy, n, step.name .. "_powers(" .. from .. ", " .. to .. ", max, low)"));
//@ end
//@ if rows.tail then
$(rows.tail)
//@ end
}
