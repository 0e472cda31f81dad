/* loom_number.c - decimal text to floating-point numbers and back, exactly (loom_number.h).
 *
 * A decimal number is digits * 10^e. With at most 19 digits and |e| up to 27 it fits a 64-bit integer and a division
 * (or product) of 128 by 64 bits; everything else goes through long integers. Either way the result is a quotient of 64
 * bits and the knowledge whether anything is left, which `round_to` rounds once.
 *
 * Writing is the classic exact digit generation: v, and half the distances to its neighbours, as long integers over one
 * denominator; digits are taken off until what is left is within a distance.
 *
 * Long integers: a number below 10^800 / 10^345 and its powers of five need 2 700 bits. */
#include "loom_number.h"

#include "loom_rt.h"

enum { WORDS = 96, MAX_DIGITS = 800 };

/* A floating-point format: bits of precision, exponent of the smallest number. */
typedef struct format {
    int precision, least, width;
} format;
static const format f32_format = {24, -149, 32}, f64_format = {53, -1074, 64};

/* ---- long integers: n words, least first, the last is not zero ---------------------------------------------- */

typedef struct big {
    int n;
    uint32_t w[WORDS];
} big;

static void big_set(big *a, uint64_t x)
{
    a->n = 0;
    for (; x; x >>= 32)
        a->w[a->n++] = (uint32_t)x;
}

/* a = a * by + plus. Stays within WORDS for all that is asked of it here. */
static void big_mul(big *a, uint32_t by, uint32_t plus)
{
    uint64_t carry = plus;
    for (int i = 0; i < a->n; i++) {
        carry += (uint64_t)a->w[i] * by;
        a->w[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        a->w[a->n++] = (uint32_t)carry;
}

static void big_mul_pow5(big *a, int k)
{
    for (; k >= 13; k -= 13)
        big_mul(a, 1220703125, 0);
    uint32_t rest = 1;
    for (; k > 0; k--)
        rest *= 5;
    big_mul(a, rest, 0);
}

static void big_shift(big *a, int bits)
{
    int words = bits / 32, by = bits % 32;
    if (a->n == 0)
        return;
    a->w[a->n] = 0;
    for (int i = a->n; i >= 0; i--)
        a->w[i + words] = (a->w[i] << by) | (by && i > 0 ? a->w[i - 1] >> (32 - by) : 0);
    for (int i = 0; i < words; i++)
        a->w[i] = 0;
    a->n += words + 1;
    a->n -= a->w[a->n - 1] == 0;
}

static int big_compare(const big *a, const big *b)
{
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (int i = a->n - 1; i >= 0; i--)
        if (a->w[i] != b->w[i])
            return a->w[i] < b->w[i] ? -1 : 1;
    return 0;
}

/* a -= b, for a >= b */
static void big_subtract(big *a, const big *b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < a->n; i++) {
        uint64_t x = (uint64_t)a->w[i] - (i < b->n ? b->w[i] : 0) - borrow;
        a->w[i] = (uint32_t)x;
        borrow = x >> 63;
    }
    while (a->n && a->w[a->n - 1] == 0)
        a->n--;
}

/* a + b against c */
static int big_compare_sum(const big *a, const big *b, const big *c)
{
    big sum;
    const big *longer = a->n > b->n ? a : b, *other = longer == a ? b : a;
    uint64_t carry = 0;
    sum.n = longer->n;
    for (int i = 0; i < longer->n; i++) {
        carry += (uint64_t)longer->w[i] + (i < other->n ? other->w[i] : 0);
        sum.w[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        sum.w[sum.n++] = (uint32_t)carry;
    return big_compare(&sum, c);
}

static int bit_length(uint32_t x)
{
    int n = 0;
    for (; x; x >>= 1)
        n++;
    return n;
}

static int big_bits(const big *a) { return a->n ? (a->n - 1) * 32 + bit_length(a->w[a->n - 1]) : 0; }

/* The upper 64 bits, shifted so that the first is set; *low: is anything below them? The value is that * 2^(result). */
static int big_top(const big *a, uint64_t *top, int *low)
{
    int bits = big_bits(a), from = bits - 64;
    *top = 0;
    *low = 0;
    for (int i = 0; i < a->n; i++) {
        int at = i * 32 - from; /* place of this word's lowest bit in top */
        if (at >= 0 && at < 64)
            *top |= (uint64_t)a->w[i] << at;
        else if (at < 0 && at > -32) {
            *top |= a->w[i] >> -at;
            *low |= (a->w[i] & ((1u << -at) - 1)) != 0;
        } else if (at <= -32)
            *low |= a->w[i] != 0;
    }
    return from;
}

/* ---- rounding ----------------------------------------------------------------------------------------------- */

/* The bits of the number nearest to (q + a little, when `more`) * 2^e; q has its highest bit set. */
static uint64_t round_to(uint64_t q, int more, int e, const format *f)
{
    int drop = 64 - f->precision;
    if (e + drop < f->least)
        drop = f->least - e;
    if (drop > 64)
        return 0;
    if (drop == 64) /* half of the smallest number, or more */
        return q > UINT64_C(1) << 63 || more;
    uint64_t kept = q >> drop, rest = q & ((UINT64_C(1) << drop) - 1), half = UINT64_C(1) << (drop - 1);
    kept += rest > half || (rest == half && (more || (kept & 1)));
    /* The carry into the exponent, and that of the smallest numbers into the normal ones, come by themselves. */
    int exponent = e + drop - f->least, most = (1 << (f->width - f->precision)) - 2;
    uint64_t infinity = (uint64_t)(most + 1) << (f->precision - 1);
    if (exponent >= most)
        return infinity;
    uint64_t bits = ((uint64_t)exponent << (f->precision - 1)) + kept;
    return bits < infinity ? bits : infinity;
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

/* What the text says: digits * 10^exponent, the first 19 of them in `first`. */
typedef struct decimal {
    uint64_t first;
    int used;           /* digits in `first`, leading zeros aside */
    int more;           /* others that are not zero follow */
    int64_t exponent;   /* of the last digit in `first` */
    const char *digits; /* from the first that is not zero */
    const char *end;    /* of the digits, without the exponent */
    int negative;
    size_t length;
} decimal;

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t count_digits(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && is_digit(p[i]))
        i++;
    return i;
}

/* Length of the exponent at p, with its e; 0 when there is none. */
static size_t read_exponent(const char *p, size_t n, int64_t *exponent)
{
    if (n < 2 || (p[0] | 32) != 'e')
        return 0;
    size_t sign = p[1] == '+' || p[1] == '-', digits = count_digits(p + 1 + sign, n - 1 - sign);
    int64_t x = 0;
    for (size_t i = 0; i < digits; i++)
        x = x < INT64_C(1) << 56 ? x * 10 + (p[1 + sign + i] - '0') : x;
    *exponent = sign && p[1] == '-' ? -x : x;
    return digits ? 1 + sign + digits : 0;
}

/* The parts of a number: lengths of its integer, and of its fraction with the point. 0 and 0 for what is none. */
static size_t number_parts(const char *p, size_t n, size_t *fraction)
{
    size_t whole = count_digits(p, n), point = whole < n && p[whole] == '.';
    size_t after = point ? count_digits(p + whole + 1, n - whole - 1) : 0;
    *fraction = point && whole + after > 0 ? after + 1 : 0;
    return whole;
}

static void take_digits(decimal *d, const char *from, const char *end, const char *point)
{
    for (const char *p = from; p < end; p++) {
        if (p == point)
            continue;
        int digit = *p - '0';
        if (d->used == 0 && digit == 0) {
            d->digits = p + 1;
            d->exponent -= p > point;
        } else if (d->used < 19) {
            d->first = d->first * 10 + (uint64_t)digit;
            d->used++;
            d->exponent -= p > point;
        } else {
            d->more |= digit != 0;
            d->exponent += p < point;
        }
    }
}

static int read_decimal(const char *text, size_t n, decimal *d)
{
    size_t sign = n && (*text == '-' || *text == '+'), fraction;
    const char *p = text + sign;
    size_t whole = number_parts(p, n - sign, &fraction), digits = whole + fraction;
    if (!digits)
        return 0;
    d->first = 0;
    d->exponent = 0;
    d->used = d->more = 0;
    d->digits = p;
    d->end = p + digits;
    d->negative = sign && *text == '-';
    take_digits(d, p, p + digits, p + whole);
    int64_t exponent = 0;
    size_t tail = read_exponent(p + digits, n - sign - digits, &exponent);
    d->exponent += exponent;
    d->length = sign + digits + tail;
    return 1;
}

size_t loom_number_length(const char *text, size_t n)
{
    size_t sign = n && *text == '-', fraction, whole = number_parts(text + sign, n - sign, &fraction);
    if (whole > 1 && text[sign] == '0') { /* the zero stands alone */
        whole = 1;
        fraction = 0;
    }
    size_t digits = sign + whole + (fraction > 1 ? fraction : 0);
    int64_t exponent;
    return whole ? digits + (fraction == 1 ? 0 : read_exponent(text + digits, n - digits, &exponent)) : 0;
}

static uint64_t pow5(int k)
{
    uint64_t x = 1;
    for (; k > 0; k--)
        x *= 5;
    return x;
}

static int normalise(uint64_t *x)
{
    int shift = 0;
    for (; !(*x >> 63); shift++)
        *x <<= 1;
    return shift;
}

/* d->first * 10^e for 0 <= e <= 27, rounded: the product with 5^e has 128 bits. */
static uint64_t multiply_small(uint64_t a, int e, const format *f)
{
    uint64_t b = pow5(e), low = (a & 0xffffffff) * (b & 0xffffffff);
    uint64_t m1 = (a >> 32) * (b & 0xffffffff), m2 = (a & 0xffffffff) * (b >> 32);
    uint64_t middle = (low >> 32) + (m1 & 0xffffffff) + (m2 & 0xffffffff);
    uint64_t high = (a >> 32) * (b >> 32) + (m1 >> 32) + (m2 >> 32) + (middle >> 32);
    low = (middle << 32) | (low & 0xffffffff);
    if (!high) {
        int shift = normalise(&low);
        return round_to(low, 0, e - shift, f);
    }
    int shift = normalise(&high);
    if (shift)
        high |= low >> (64 - shift);
    return round_to(high, shift ? low << shift != 0 : low != 0, e + 64 - shift, f);
}

/* d->first / 10^k for 0 < k <= 27, rounded: 64 bits of the quotient, one by one. */
static uint64_t divide_small(uint64_t a, int k, const format *f)
{
    uint64_t b = pow5(k), q = 0;
    int e = normalise(&b) - normalise(&a) - k - 63;
    if (a < b) { /* the first bit of the quotient is a zero */
        q = 1;
        a = a + a - b; /* below b, without the carry */
        e--;
    } else {
        q = 1;
        a -= b;
    }
    for (int i = 0; i < 63; i++) {
        uint64_t take = (a >> 63) | (a << 1 >= b);
        a = (a << 1) - (take ? b : 0);
        q = q << 1 | take;
    }
    return round_to(q, a != 0, e, f);
}

/* The digits as a long integer; what is past MAX_DIGITS becomes one digit that is not zero. Returns their exponent. */
static int64_t read_big(const decimal *d, big *a)
{
    int count = 0, more = 0;
    int64_t exponent = d->exponent, rest = d->used;
    big_set(a, 0);
    for (const char *p = d->digits; p < d->end; p++) {
        if (*p == '.')
            continue;
        if (count < MAX_DIGITS) {
            if (a->n || *p != '0')
                big_mul(a, 10, (uint32_t)(*p - '0'));
            count++;
            exponent -= rest > 0 ? 0 : 1;
            rest--;
        } else {
            more |= *p != '0';
        }
    }
    if (more) {
        big_mul(a, 10, 1);
        exponent--;
    }
    return exponent;
}

/* The general case: digits * 5^e or digits / 5^-e, then powers of two. */
static uint64_t read_slowly(const decimal *d, const format *f)
{
    int64_t first = d->exponent + d->used; /* the number is below 10^first, and at least a tenth of that */
    if (first > 310)
        return round_to(UINT64_C(1) << 63, 0, 5000, f);
    if (first < -345)
        return 0;
    big a, b;
    uint64_t q;
    int more, e = (int)read_big(d, &a);
    if (e >= 0) {
        big_mul_pow5(&a, e);
        int shift = big_top(&a, &q, &more);
        return round_to(q, more, shift + e, f);
    }
    big_set(&b, 1);
    big_mul_pow5(&b, -e);
    int shift = big_bits(&a) - big_bits(&b);
    big_shift(shift > 0 ? &b : &a, shift > 0 ? shift : -shift);
    if (big_compare(&a, &b) < 0) {
        big_shift(&a, 1);
        shift--;
    }
    q = 0;
    for (int i = 0; i < 64; i++) {
        int take = big_compare(&a, &b) >= 0;
        if (take)
            big_subtract(&a, &b);
        big_shift(&a, 1);
        q = q << 1 | (uint64_t)take;
    }
    return round_to(q, a.n != 0, shift - 63 + e, f);
}

static uint64_t read_bits(const decimal *d, const format *f)
{
    if (d->first == 0)
        return 0;
    if (!d->more && d->exponent >= 0 && d->exponent <= 27)
        return multiply_small(d->first, (int)d->exponent, f);
    if (!d->more && d->exponent < 0 && d->exponent >= -27)
        return divide_small(d->first, (int)-d->exponent, f);
    return read_slowly(d, f);
}

static double f64_from(uint64_t bits)
{
    union {
        uint64_t u;
        double f;
    } x = {bits};
    return x.f;
}

static float f32_from(uint32_t bits)
{
    union {
        uint32_t u;
        float f;
    } x = {bits};
    return x.f;
}

static const double exact_pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Both operands exact, so the one operation rounds correctly: most numbers are of this kind. */
static int read_quickly(const decimal *d, double *x)
{
    if (d->more || d->first >> 53 || d->exponent < -22 || d->exponent > 22)
        return 0;
    *x = d->exponent < 0 ? (double)d->first / exact_pow10[-d->exponent] : (double)d->first * exact_pow10[d->exponent];
    return 1;
}

size_t loom_read_f64(const char *text, size_t n, double *x)
{
    decimal d;
    if (!read_decimal(text, n, &d))
        return 0;
    if (!read_quickly(&d, x))
        *x = f64_from(read_bits(&d, &f64_format));
    *x = d.negative ? -*x : *x;
    return d.length;
}

size_t loom_read_f32(const char *text, size_t n, float *x)
{
    decimal d;
    double wide;
    if (!read_decimal(text, n, &d))
        return 0;
    union {
        double f;
        uint64_t u;
    } bits;
    /* Rounding twice differs from rounding once only when the first result lies half-way between two floats. */
    bits.f = 0;
    if (read_quickly(&d, &wide) && (bits.f = wide, (bits.u & 0x1fffffff) != 0x10000000))
        *x = (float)wide;
    else
        *x = f32_from((uint32_t)read_bits(&d, &f32_format));
    *x = d.negative ? -*x : *x;
    return d.length;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

/* v = r / s, the neighbours at v - low / s and v + high / s (in halves of their distances). */
typedef struct digits {
    big r, s, low, high;
    int even;     /* the neighbours' half-way points read back as v too */
    int exponent; /* v = 0.d1 d2 d3 ... * 10^exponent */
    int n;
    char d[20];
} digits;

static void digits_start(digits *g, uint64_t m, int e, int lowest, const format *f)
{
    int narrow = lowest && e > f->least; /* the neighbour below is half as far */
    g->even = !(m & 1);
    big_set(&g->r, m);
    big_set(&g->s, 1);
    big_set(&g->low, 1);
    big_shift(&g->r, (e > 0 ? e : 0) + 1 + narrow);
    big_shift(&g->s, (e < 0 ? -e : 0) + 1 + narrow);
    big_shift(&g->low, e > 0 ? e : 0);
    g->high = g->low;
    big_shift(&g->high, narrow);
}

static void scale_value(digits *g, uint32_t by)
{
    big_mul(&g->r, by, 0);
    big_mul(&g->low, by, 0);
    big_mul(&g->high, by, 0);
}

static int reaches(const digits *g) /* v + high >= 1, or > 1 */
{
    int order = big_compare_sum(&g->r, &g->high, &g->s);
    return g->even ? order >= 0 : order > 0;
}

/* Brings v into [0.1, 1) so far as its digits go. The estimate is never too large, and at most one too small. */
static void digits_scale(digits *g, int estimate)
{
    g->exponent = estimate;
    if (estimate > 0) {
        big_mul_pow5(&g->s, estimate);
        big_shift(&g->s, estimate);
    } else if (estimate < 0) {
        big *const parts[] = {&g->r, &g->low, &g->high};
        for (int i = 0; i < 3; i++) {
            big_mul_pow5(parts[i], -estimate);
            big_shift(parts[i], -estimate);
        }
    }
    while (reaches(g)) {
        big_mul(&g->s, 10, 0);
        g->exponent++;
    }
}

static void digits_take(digits *g)
{
    g->n = 0;
    for (int done = 0; !done;) {
        scale_value(g, 10);
        int digit = 0;
        for (; big_compare(&g->r, &g->s) >= 0; digit++)
            big_subtract(&g->r, &g->s);
        int order = big_compare(&g->r, &g->low), below = g->even ? order <= 0 : order < 0, above = reaches(g);
        done = below || above;
        int half = big_compare_sum(&g->r, &g->r, &g->s); /* both would do: the nearer, or else the even one */
        digit += done && above && (!below || half > 0 || (half == 0 && (digit & 1)));
        g->d[g->n++] = (char)('0' + digit);
    }
}

static int floor_log10(int bits) /* of 2^(bits-1), one too small at most */
{
    int x = (bits - 1) * 1233;
    return x >= 0 ? x / 4096 : -((-x + 4095) / 4096);
}

static size_t put(char *out, size_t n, const char *s, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[n + i] = s[i];
    return n + count;
}

static size_t put_zeros(char *out, size_t n, int count)
{
    for (; count > 0; count--)
        out[n++] = '0';
    return n;
}

static size_t put_exponent(char *out, size_t n, int e)
{
    char text[LOOM_NUMBER_SIZE];
    n = put(out, n, e < 0 ? "e-" : "e+", 2);
    return put(out, n, text, loom_write_u64(text, (uint64_t)(e < 0 ? -e : e)));
}

/* 0.d1 d2 ... * 10^point */
static size_t put_decimal(char *out, size_t n, const char *d, int count, int point)
{
    if (point > 21 || point < -5) {
        n = put(out, n, d, 1);
        if (count > 1)
            n = put(out, put(out, n, ".", 1), d + 1, (size_t)count - 1);
        return put_exponent(out, n, point - 1);
    }
    if (point <= 0) {
        n = put_zeros(out, put(out, n, "0.", 2), -point);
        return put(out, n, d, (size_t)count);
    }
    int whole = count < point ? count : point;
    n = put_zeros(out, put(out, n, d, (size_t)whole), point - whole);
    if (count > whole)
        n = put(out, put(out, n, ".", 1), d + whole, (size_t)(count - whole));
    return n;
}

static size_t write_bits(char *out, uint64_t bits, const format *f)
{
    int negative = (int)(bits >> (f->width - 1));
    int exponent = (int)(bits >> (f->precision - 1)) & ((1 << (f->width - f->precision)) - 1);
    uint64_t m = bits & ((UINT64_C(1) << (f->precision - 1)) - 1);
    int special = exponent == (1 << (f->width - f->precision)) - 1;
    size_t n = put(out, 0, "-", negative && !(special && m));
    if (special)
        n = m ? put(out, 0, "NaN", 3) : put(out, n, "Infinity", 8);
    else if (!exponent && !m)
        n = put(out, n, "0", 1);
    else {
        digits g;
        int lowest = exponent > 1 && m == 0, e = f->least + (exponent ? exponent - 1 : 0);
        m |= exponent ? UINT64_C(1) << (f->precision - 1) : 0;
        digits_start(&g, m, e, lowest, f);
        int length = m >> 32 ? 32 + bit_length((uint32_t)(m >> 32)) : bit_length((uint32_t)m);
        digits_scale(&g, floor_log10(length + e));
        digits_take(&g);
        n = put_decimal(out, n, g.d, g.n, g.exponent);
    }
    out[n] = 0;
    return n;
}

size_t loom_write_u64(char out[LOOM_NUMBER_SIZE], uint64_t x)
{
    char text[LOOM_NUMBER_SIZE];
    int at = LOOM_NUMBER_SIZE;
    do {
        text[--at] = (char)('0' + x % 10);
        x /= 10;
    } while (x);
    size_t n = put(out, 0, text + at, (size_t)(LOOM_NUMBER_SIZE - at));
    out[n] = 0;
    return n;
}

/* A whole number below 2^precision is as short as it can be. */
static size_t write_whole(char *out, double x)
{
    size_t sign = put(out, 0, "-", x < 0);
    return sign + loom_write_u64(out + sign, (uint64_t)(x < 0 ? -x : x));
}

size_t loom_write_f32(char out[LOOM_NUMBER_SIZE], float x)
{
    union {
        float f;
        uint32_t u;
    } bits;
    bits.f = x;
    if (x > -16777216.0f && x < 16777216.0f && x != 0 && x == (float)(int32_t)x)
        return write_whole(out, (double)x);
    return write_bits(out, bits.u, &f32_format);
}

size_t loom_write_f64(char out[LOOM_NUMBER_SIZE], double x)
{
    union {
        double f;
        uint64_t u;
    } bits;
    bits.f = x;
    if (x > -9007199254740992.0 && x < 9007199254740992.0 && x != 0 && x == (double)(int64_t)x)
        return write_whole(out, x);
    return write_bits(out, bits.u, &f64_format);
}
