/* check_number.c - loom_number.c against the C library: random numbers of all sizes, and hard cases.
 *
 *   check_number [millions]      how many of each kind, default 1
 *   check_number --write         reads numbers from standard input, a line "32 HEX" or "64 HEX" each, and writes their texts
 *
 * Reading: strtod and strtof of glibc round correctly. Writing: the text must read back, no text with a digit less may,
 * and of the texts with as many digits it must be the nearest (what "%.*e" gives, where that reads back). */
#include "loom_number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long passed, failed;

static uint64_t random64(void)
{
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x * 2685821657736338717u;
}

static void fail(const char *what, const char *text)
{
    if (failed++ < 20)
        printf("FAILED %s: %s\n", what, text);
}

static void check_read(const char *text)
{
    double x = -1, y = strtod(text, NULL);
    float a = -1, b = strtof(text, NULL);
    size_t n = strlen(text);
    if (loom_read_f64(text, n, &x) == n && memcmp(&x, &y, sizeof x) == 0)
        passed++;
    else
        fail("read f64", text);
    if (loom_read_f32(text, n, &a) == n && memcmp(&a, &b, sizeof a) == 0)
        passed++;
    else
        fail("read f32", text);
}

/* Significant digits of a text. */
static int digits_of(const char *text)
{
    int n = 0, zeros = 0;
    for (; *text && *text != 'e'; text++)
        if (*text >= '0' && *text <= '9' && (n || *text != '0')) {
            zeros = *text == '0' ? zeros + 1 : 0;
            n++;
        }
    return n - zeros;
}

static double read_as(int width, const char *text)
{
    return width == 32 ? (double)strtof(text, NULL) : strtod(text, NULL);
}

static void check_text(int width, double x, const char *text)
{
    char other[64];
    int n = digits_of(text);
    int good = read_as(width, text) == x;
    for (int shorter = 1; good && shorter < n; shorter = n)
        for (int k = n > 3 ? n - 2 : 1; k < n; k++) {
            snprintf(other, sizeof other, "%.*e", k - 1, x);
            good &= read_as(width, other) != x;
        }
    snprintf(other, sizeof other, "%.*e", n > 0 ? n - 1 : 0, x);
    if (good && read_as(width, other) == x)
        good = strtod(other, NULL) == strtod(text, NULL);
    if (good)
        passed++;
    else
        fail(width == 32 ? "write f32" : "write f64", text);
}

static void check_write(uint64_t bits)
{
    char text[LOOM_NUMBER_SIZE];
    double x;
    float a;
    uint32_t low = (uint32_t)(bits >> 13);
    memcpy(&x, &bits, sizeof x);
    memcpy(&a, &low, sizeof a);
    if (isfinite(x) && x != 0) {
        loom_write_f64(text, x);
        check_text(64, x, text);
    }
    if (isfinite(a) && a != 0) {
        loom_write_f32(text, a);
        check_text(32, (double)a, text);
    }
}

/* A number of up to `most` digits. */
static void random_text(char *text, int most, int exponents)
{
    int digits = 1 + (int)(random64() % (unsigned)most), point = (int)(random64() % (unsigned)(digits + 1)), n = 0;
    if (random64() % 2)
        text[n++] = '-';
    if (point == 0)
        text[n++] = '0';
    for (int i = 0; i < digits; i++) {
        if (i == point)
            text[n++] = '.';
        char digit = (char)('0' + random64() % 10);
        text[n++] = i == 0 && point > 1 && digit == '0' ? '7' : digit;
    }
    text[n] = 0;
    if (random64() % 3)
        snprintf(text + n, 8, "e%d", (int)(random64() % (unsigned)(2 * exponents + 1)) - exponents);
}

/* Half-way between a number and the next: the exact text, and that with a digit changed far behind. */
static void check_halves(uint64_t bits, int width)
{
    char text[1300];
    double x, next;
    if (width == 64) {
        /* Exact decimals of what lies half-way need more than a double: long double has 11 bits more. */
        bits &= INT64_MAX;
        if (bits >= UINT64_C(0x7fe0000000000000))
            return;
        memcpy(&x, &bits, sizeof x);
        bits++;
        memcpy(&next, &bits, sizeof next);
        snprintf(text, sizeof text, "%.1100Le", ((long double)x + (long double)next) / 2);
    } else {
        uint32_t low = (uint32_t)bits & 0x7fffffff;
        float a, b;
        if (low >= 0x7f000000)
            return;
        memcpy(&a, &low, sizeof a);
        low++;
        memcpy(&b, &low, sizeof b);
        snprintf(text, sizeof text, "%.200e", ((double)a + (double)b) / 2);
    }
    char *e = strchr(text, 'e'), tail[16], *end = e;
    snprintf(tail, sizeof tail, "%s", e);
    while (end[-1] == '0')
        end--;
    strcpy(end[-1] == '.' ? end - 1 : end, tail);
    check_read(text);
    e = strchr(text, 'e');
    if (strchr(text, '.')) {
        snprintf(e, 16, "0000000001%.5s", tail);
        check_read(text);
        e[-1]--; /* below it, unless that digit was a 0 */
        if (e[-1] >= '0')
            check_read(text);
    }
}

static void check_hard(void)
{
    static const char *const texts[] = {"0",
                                        "-0",
                                        "0.0",
                                        "-0.0e99",
                                        "1",
                                        "-1",
                                        "0.1",
                                        "1e23",
                                        "9007199254740993",
                                        "9007199254740992.5",
                                        "5e-324",
                                        "2.4703282292062327e-324",
                                        "2.4703282292062328e-324",
                                        "2.47032822920623272e-324",
                                        "1e-400",
                                        "1e400",
                                        "-1e400",
                                        "1.7976931348623157e308",
                                        "1.7976931348623158e308",
                                        "1.7976931348623159e308",
                                        "179769313486231580793728971405301e276",
                                        "2.2250738585072011e-308",
                                        "2.2250738585072012e-308",
                                        "2.2250738585072014e-308",
                                        "3.4028235e38",
                                        "3.4028236e38",
                                        "3.40282356779733661637539395458142568447e38",
                                        "3.40282356779733661637539395458142568448e38",
                                        "1e-45",
                                        "7.006492321624085e-46",
                                        "7.006492321624086e-46",
                                        "1.1754943e-38",
                                        "1.17549429e-38",
                                        "16777217",
                                        "16777217.0000000000000000000000001",
                                        "16777219",
                                        "8589973000",
                                        "0.000000000000000000000000000000000000001",
                                        "100000000000000000000000000000000000000000000000000e-50",
                                        "1e0000000000000000000000000000001",
                                        "1e-99999999999999999999",
                                        "0e99999999999999999999",
                                        "1e99999999999999999999",
                                        "123456789012345678901234567890",
                                        "0.1e-00000000000000000000000000000001"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_read(texts[i]);
    char text[6000];
    for (int zeros = 1; zeros < 2000;
         zeros += 131) { /* many zeros that an exponent undoes, and digits that do not end */
        snprintf(text, sizeof text, "0.%0*d1e%d", zeros, 0, zeros);
        check_read(text);
        snprintf(text, sizeof text, "9007199254740993.%0*d1", zeros, 0);
        check_read(text);
        snprintf(text, sizeof text, "1%0*de-%d", zeros, 0, zeros);
        check_read(text);
    }
    memset(text, '9', 4000);
    strcpy(text + 4000, "e-4000");
    check_read(text);
    for (int e = -1074; e < 1024; e++) { /* powers of two have a near neighbour */
        double x = ldexp(1, e);
        uint64_t bits;
        memcpy(&bits, &x, sizeof bits);
        for (int d = -2; d <= 2; d++)
            check_write(bits + (uint64_t)d);
    }
    for (int e = -350; e < 312; e++) {
        snprintf(text, sizeof text, "1e%d", e);
        check_read(text);
        snprintf(text, sizeof text, "9.999999999999999999e%d", e);
        check_read(text);
    }
}

/* Texts that are no numbers or go on after one: how much of them loom_read takes, and how much of it is JSON. */
static void check_lengths(void)
{
    static const struct {
        const char *text;
        size_t read, json;
    } cases[] = {{"", 0, 0},      {"-", 0, 0},     {"+1", 2, 0},    {".5", 2, 0},       {".", 0, 0},
                 {"-.", 0, 0},    {"e5", 0, 0},    {"-e", 0, 0},    {"Infinity", 0, 0}, {"NaN", 0, 0},
                 {" 1", 0, 0},    {"--1", 0, 0},   {"1.", 2, 1},    {"1e", 1, 1},       {"1e+", 1, 1},
                 {"01", 2, 1},    {"-01.5", 5, 2}, {"1.5.5", 3, 3}, {"0x10", 1, 1},     {"1.e5", 4, 1},
                 {"2e5e5", 3, 3}, {"-0-", 2, 2},   {"1,5", 1, 1},   {"0.5", 3, 3},      {"00.5e1x", 6, 1}};
    double x;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = strlen(cases[i].text);
        if (loom_read_f64(cases[i].text, n, &x) == cases[i].read &&
            loom_number_length(cases[i].text, n) == cases[i].json &&
            (!cases[i].read || (cases[i].text[1] | 32) == 'x' || x == strtod(cases[i].text, NULL)))
            passed++;
        else
            fail("length", cases[i].text);
    }
    loom_read_f64("12345", 3, &x) == 3 && x == 123 ? (void)passed++ : fail("length", "12345");
}

static int write_lines(void)
{
    int width;
    uint64_t bits;
    char text[LOOM_NUMBER_SIZE];
    while (scanf("%d %" SCNx64, &width, &bits) == 2) {
        double x;
        float a;
        uint32_t low = (uint32_t)bits;
        memcpy(&x, &bits, sizeof x);
        memcpy(&a, &low, sizeof a);
        width == 32 ? loom_write_f32(text, a) : loom_write_f64(text, x);
        puts(text);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--write") == 0)
        return write_lines();
    long n = (argc > 1 ? atol(argv[1]) : 1) * 1000000;
    char text[2000];
    check_hard();
    check_lengths();
    for (long i = 0; i < n; i++) {
        random_text(text, 17, 40);
        check_read(text);
        check_write(random64());
        check_write((UINT64_C(0x3fb) + random64() % 8) << 52 | random64() >> 12); /* the sizes of weights */
        if (i % 8 == 0) {
            random_text(text, 30, 330);
            check_read(text);
            check_halves(random64(), 32);
        }
        if (i % 64 == 0) {
            random_text(text, 900, 400);
            check_read(text);
            check_halves(random64(), 64);
        }
    }
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed > 0;
}
