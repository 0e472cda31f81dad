/* check_fixed.c - the functions of loom_fixed.h against those of the C library: is each as close as it says, to the ends of
 * its range? Built with a sanitizer, so that an overflow ends it. */
#include "loom_fixed.h"

#include <math.h>
#include <stdio.h>

static int failed;

static void check(const char *what, double worst, double allowed)
{
    printf("%-28s %.3g, allowed %.3g\n", what, worst, allowed);
    if (!(worst <= allowed)) {
        printf("FAILED %s\n", what);
        failed++;
    }
}

static double larger(double a, double b) { return a > b || b != b ? (a != a ? a : b != b ? b : a) : b; }

static void exponential(void)
{
    double worst = 0;
    for (int bits = 0; bits <= 30; bits += 6)
        for (int64_t i = 0; i < 300000; i++) {
            int64_t x = i * (i % 1000 == 0 ? 1000003 : 7919) % ((int64_t)1 << (bits + 6));
            worst = larger(worst, fabs(loom_exp2(x, bits) * 0x1p-30 - exp2(-ldexp((double)x, -bits))));
        }
    check("exp2", worst, 0x1p-27);
    check("exp2 of 0", loom_exp2(0, 30) - 0x1p30, 0);
    check("exp2 of a large number", loom_exp2(INT64_MAX >> 3, 0), 0);
}

static void logarithm(void)
{
    double worst = 0, near = 0;
    for (int64_t x = 1; x < INT64_C(1) << 62; x += x / 2000 + 1)
        worst = larger(worst, fabs((double)loom_log2(x) * 0x1p-56 - log2((double)x)));
    for (int64_t d = 1; d < 3000000; d += 7) {
        double want = -log1p(-(double)d * 0x1p-32) / log(2);
        near = larger(near, fabs((double)((INT64_C(1) << 61) - loom_log2((INT64_C(1) << 32) - d)) * 0x1p-56 / want - 1));
    }
    check("log2", worst, 0x1p-28);
    check("log2 near a whole number", near, 0x1p-25);
}

static void roots(void)
{
    double inverse = 0, root = 0, whole = 0;
    for (int64_t x = 1; x < INT64_C(1) << 62; x += x / 2000 + 1) {
        int shift;
        int32_t m = loom_inverse(x, &shift);
        inverse = larger(inverse, fabs(ldexp((double)m, -shift) * (double)x - 1));
        m = loom_norm_inverse(x, &shift);
        root = larger(root, fabs(ldexp((double)m, -shift) * sqrt((double)x) - 1));
        int64_t r = loom_root(x);
        whole = larger(whole, r * r <= x && (r + 1) * (r + 1) > x ? 0 : 1);
    }
    check("inverse", inverse, 0x1p-29);
    check("inverse of the root", root, 0x1p-28);
    check("root", whole, 0);
}

static void gates(void)
{
    double sigmoid = 0, tangent = 0;
    for (int64_t x = -INT32_MAX; x <= INT32_MAX; x += x > -70000 && x < 70000 ? 1 : 1009) {
        sigmoid = larger(sigmoid, fabs(loom_sigmoid(x) * 0x1p-30 - 1 / (1 + exp((double)-x * 0x1p-26))));
        tangent = larger(tangent, fabs(loom_tanh(x) * 0x1p-30 - tanh((double)x * 0x1p-26)));
    }
    check("sigmoid", sigmoid, 0x1p-28);
    check("tanh", tangent, 0x1p-27);
}

static void noise(void)
{
    double worst = 0;
    for (uint64_t i = 0; i < 400000; i++) {
        uint64_t high = i < 100000 ? i : i < 200000 ? 0x7fffffff - (i - 100000) : i * 5000 % 0x7fffffff;
        double v = (2.0 * (double)(0x7fffffff - high) + 1) * 0x1p-32; /* 1 - u, exact */
        double want = log2(v < 0.5 ? -log1p(-v) : -log((2.0 * (double)high + 1) * 0x1p-32));
        worst = larger(worst, fabs((double)loom_gumbel(high << 33) * 0x1p-26 - want));
    }
    check("log2(-log(u))", worst, 0x1p-24);
}

int main(void)
{
    exponential();
    logarithm();
    roots();
    gates();
    noise();
    return failed ? 1 : 0;
}
