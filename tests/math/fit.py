#!/usr/bin/env python3
"""Finds the polynomial coefficients of runtime/loom_math.h.

Usage: python3 fit.py [name...]        needs mpmath; prints coefficients, and what error they leave

Method: weighted minimax by Lawson's iteration, in 60-digit arithmetic. The coefficients are rounded
one by one, lowest first, and after each rounding the rest is fitted again to absorb the error.
"""
import sys
from mpmath import mp, mpf

mp.dps = 60


def to_f32(x):
    """Nearest binary32, correctly rounded from mpf."""
    m, e = mp.frexp(x)
    if x == 0:
        return mpf(0)
    return mp.ldexp(mp.nint(mp.ldexp(m, 24)), int(e) - 24)


def to_f64(x):
    m, e = mp.frexp(x)
    if x == 0:
        return mpf(0)
    return mp.ldexp(mp.nint(mp.ldexp(m, 53)), int(e) - 53)


def least_squares(rows, vals, weights):
    """Minimises sum weights * (row . c - val)^2 by the normal equations."""
    n = len(rows[0])
    a = mp.matrix(n, n)
    b = mp.matrix(n, 1)
    for row, val, w in zip(rows, vals, weights):
        for i in range(n):
            t = w * row[i]
            b[i] += t * val
            for j in range(i, n):
                a[i, j] += t * row[j]
    for i in range(n):
        for j in range(i):
            a[i, j] = a[j, i]
    s = mp.lu_solve(a, b)
    return [s[i] for i in range(n)]


def minimax(f, weight, powers, lo, hi, rounds=12):
    """Lawson's method: least squares whose weights follow the error until its maximum is small."""
    lo, hi = mpf(lo), mpf(hi)
    n = 8 * len(powers) + 40
    pts = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * (i + mpf(1) / 2) / n) for i in range(n)]
    scale = [weight(x) for x in pts]
    vals = [s * f(x) for x, s in zip(pts, scale)]
    rows = [[s * x ** p for p in powers] for x, s in zip(pts, scale)]
    w = [mpf(1)] * n
    best = None
    for _ in range(rounds):
        c = least_squares(rows, vals, w)
        err = [abs(v - sum(a * b for a, b in zip(c, row))) for row, v in zip(rows, vals)]
        worst = max(err)
        if best is None or worst < best[1]:
            best = (c, worst)
        w = [a * (e / worst + mpf("1e-6")) for a, e in zip(w, err)]
        total = sum(w)
        w = [a / total for a in w]
    return best


def rounded(f, weight, powers, lo, hi, rnd):
    """As minimax, with coefficients representable in the target precision."""
    done, rest = [], list(powers)
    while rest:
        fixed = list(done)
        g = lambda x: f(x) - sum(c * x ** p for c, p in fixed)
        c, _ = minimax(g, weight, rest, lo, hi)
        done.append((rnd(c[0]), rest[0]))
        rest = rest[1:]
    pts = [mpf(lo) + (mpf(hi) - mpf(lo)) * i / 3000 for i in range(3001)]
    err = max(abs(weight(x) * (f(x) - sum(c * x ** p for c, p in done))) for x in pts)
    return [c for c, _ in done], err


# The functions. Near 0 the Taylor series replaces the cancelling closed form.

def exp_q(r):
    """(e^r - 1 - r) / r^2"""
    if abs(r) < mpf("1e-8"):
        return mpf(1) / 2 + r / 6 + r * r / 24
    return (mp.expm1(r) - r) / (r * r)


def exp_weight(r):
    """Error of e^r - 1 relative to 1 - 2^-k + (e^r - 1). k = 0 and k = 1 matter most, the latter
    for r < 0 and twice because its sum cancels"""
    if r == 0:
        return mpf("1e-9")
    s = abs(mp.expm1(r))
    return r * r * (1 / s if r > 0 else max(1 / s, 2 / (mpf(1) / 2 - s)))


def log_p(f):
    """(log1p(f) - f + f^2/2) / f^3"""
    if abs(f) < mpf("1e-7"):
        return mpf(1) / 3 - f / 4 + f * f / 5
    return (mp.log1p(f) - f + f * f / 2) / f ** 3


def log_r(z):
    """(log((1+s)/(1-s)) - 2s) / s^3 in z = s^2"""
    if z < mpf("1e-16"):
        return mpf(2) / 3 + 2 * z / 5 + 2 * z * z / 7
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s) / (s * z)


def erf_q(z):
    """erf(x)/x - 1 in z = x^2"""
    if z < mpf("1e-30"):
        return 2 / mp.sqrt(mp.pi) * (1 - z / 3) - 1
    x = mp.sqrt(z)
    return mp.erf(x) / x - 1


GELU_C = mpf(51) / 64
MILLS_END = to_f32(1 / mp.sqrt(2 * mp.pi) - GELU_C / 2)


def mills(pole):
    """B(z), where (a + c) * Phi(-a) * e^(a^2/2) = c/2 + s/4 + s * B(z) + t * end,
    t = a/(a + pole), s = t * (1 - t), z = 2 t - 1"""
    def b(z):
        z = max(z, mpf("1e-20") - 1)
        t = (1 + z) / 2
        a = pole * t / (1 - t)
        f = (a + GELU_C) * mp.erfc(a / mp.sqrt(2)) / 2 * mp.exp(a * a / 2)
        return ((f - GELU_C / 2) / t - MILLS_END) / (1 - t) - mpf(1) / 4
    return b


def sin_p(z):
    """(sin(r)/r - 1) / r^2 in z = r^2"""
    if z < mpf("1e-20"):
        return -mpf(1) / 6 + z / 120
    r = mp.sqrt(z)
    return (mp.sin(r) / r - 1) / z


def cos_p(z):
    """(cos(r) - 1 + r^2/2) / r^4 in z = r^2"""
    if z < mpf("1e-12"):
        return mpf(1) / 24 - z / 720 + z * z / 40320
    return (mp.cos(mp.sqrt(z)) - 1 + z / 2) / (z * z)


one = lambda x: mpf(1)
R = mp.log(2) / 2 * mpf("1.001")
T = (mp.pi / 4) ** 2 * mpf("1.001")
S = mpf("0.2001") ** 2
E = mpf("0.7501") ** 2
V32 = mpf("11.1") / mpf("19.1")
V64 = mpf("35.1") / mpf("45.1")

# name: function, weight of the error, number of coefficients, interval, precision
FITS = {
    "EXPM1_F32": (exp_q, exp_weight, 6, -R, R + mpf("0.096"), to_f32),
    "EXP_F32": (exp_q, exp_weight, 5, -R, R, to_f32),
    "EXP_F64": (exp_q, exp_weight, 10, -R, R, to_f64),
    "LOG_F32": (log_p, lambda f: f * f + mpf("1e-9"), 9, mpf(-1) / 3, mpf("0.376"), to_f32),
    "LOG_F64": (log_r, lambda z: z + mpf("1e-18"), 7, 0, S, to_f64),
    "ERF_F32": (erf_q, one, 6, 0, E, to_f32),
    "ERF_F64": (erf_q, one, 11, 0, E, to_f64),
    "MILLS_F32": (mills(4), lambda z: (1 - z * z) / 4, 11, -1, V32, to_f32),
    "MILLS_F64": (mills(5), lambda z: (1 - z * z) / 4, 23, -1, V64, to_f64),
    "SIN_F32": (sin_p, lambda z: z + mpf("1e-9"), 3, 0, T, to_f32),
    "SIN_F64": (sin_p, lambda z: z + mpf("1e-18"), 6, 0, T, to_f64),
    "COS_F32": (cos_p, lambda z: z * z + mpf("1e-9"), 3, 0, T, to_f32),
    "COS_F64": (cos_p, lambda z: z * z + mpf("1e-18"), 6, 0, T, to_f64),
}


def constants():
    """Splits: the first parts have few bits, so that products with small integers are exact."""
    def head(x, bits):
        m, e = mp.frexp(x)
        return mp.ldexp(mp.nint(mp.ldexp(m, bits)), int(e) - bits)
    def split(name, x, bits, rnd, digits):
        out, rest = [], x
        for b in bits:
            h = head(rest, b) if b else rnd(rest)
            out.append(mp.nstr(h, digits, strip_zeros=True))
            rest -= h
        print(name, *out, " left %s" % mp.nstr(rest, 3))
    split("LN2_F32", mp.log(2), [15, 0], to_f32, 9)
    split("LN2_F64", mp.log(2), [41, 0], to_f64, 17)
    split("LOG2E_F32", 1 / mp.log(2), [0], to_f32, 9)
    split("LOG2E_F64", 1 / mp.log(2), [0], to_f64, 17)
    print("MILLS_END", mp.nstr(MILLS_END, 17))
    split("ERF_C_F32", GELU_C / mp.sqrt(2), [0], to_f32, 9)
    split("ERF_C_F64", GELU_C / mp.sqrt(2), [0], to_f64, 17)
    split("SQRT2_F64", mp.sqrt(2), [0], to_f64, 17)
    split("PIO2_F32", mp.pi / 2, [11, 11, 11, 0], to_f32, 9)
    split("PIO2_F64", mp.pi / 2, [33, 33, 33, 0], to_f64, 17)


def main():
    names = sys.argv[1:] or list(FITS)
    constants()
    for name in names:
        f, w, n, lo, hi, rnd = FITS[name]
        c, err = rounded(f, w, list(range(n)), lo, hi, rnd)
        digits, suffix = (9, "f") if rnd is to_f32 else (17, "")
        print("%s  error 2^%s" % (name, mp.nstr(mp.log(err, 2), 4)))
        for x in c:
            assert rnd(mpf(mp.nstr(x, digits))) == x
            print("    %s%s" % (mp.nstr(x, digits, min_fixed=-1, max_fixed=1), suffix))
        sys.stdout.flush()


main()
