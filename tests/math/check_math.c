/* Measures the error of every function of runtime/loom_math.h.
 *
 *      check_math [--full] [--f32] [--f64] [--points=N] [--threads=N] [function...]
 *
 * f32: the vector form on every 1021st argument, with --full on all 2^32, against the C library's
 * double function, whose error of about 2^-53 is 2^-28 of a float's last place (gelu 2^-20: its
 * erfc amplifies a rounded argument). Where that cannot decide, and for the worst argument, MPFR
 * does. f64: N random arguments per function against MPFR, from all exponents, from the interesting
 * range and around the points where methods change. Everywhere: NaN exactly where due, signs of
 * zero, and the scalar form gives the same bits as the vector form.
 *
 * Prints name, format, worst error in units in the last place of the exact result, and its
 * argument. Exits with 1 when an error is above the limit: 1 for f32, 2 for f64, 0.5 for sqrt. */
#include <math.h>
#include <mpfr.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "functions.h"

typedef struct {
    const char *name;
    double (*reference)(double);
    void (*f32_vector)(const float *, float *, size_t);
    void (*f32_scalar)(const float *, float *, size_t);
    void (*f64_vector)(const double *, double *, size_t);
    void (*f64_scalar)(const double *, double *, size_t);
} function;

#define REFERENCE(name, expression) \
    static double name##_reference(double x) { return expression; }
FUNCTIONS(REFERENCE)

#define ROW(name, expression)                            \
    {#name, name##_reference,                            \
     name##_f32_vector, name##_f32_scalar,               \
     name##_f64_vector, name##_f64_scalar},
static const function functions[] = {FUNCTIONS(ROW)};
enum { N_FUNCTIONS = sizeof functions / sizeof functions[0], CHUNK = 1 << 12, MAX_THREADS = 64 };

typedef struct {
    double worst, where;
    unsigned long different;  /* scalar and vector form differ */
    unsigned long wrong_kind; /* NaN, sign or infinity is wrong */
    double where_different, where_wrong;
} result;

typedef struct {
    const function *f;
    int is_f64, index, n_threads;
    uint64_t step, points;
    result r;
} job;

/* ---- MPFR -------------------------------------------------------------------------------- */

/* r = f(x), 200 bits: enough for gelu, which loses 2 log2(x) + 1 bits. Negative arguments of
 * sigmoid, silu and gelu are cut where the result is far below any number, else MPFR overflows. */
static void exact(const char *name, mpfr_t r, double argument)
{
    mpfr_t x;
    mpfr_init2(x, 64);
#define IS(text) (strcmp(name, text) == 0)
    if (argument < -1e5 && (IS("sigmoid") || IS("silu") || IS("gelu")))
        argument = -1e5;
    mpfr_set_d(x, argument, MPFR_RNDN);
    if (IS("exp")) mpfr_exp(r, x, MPFR_RNDN);
    else if (IS("expm1")) mpfr_expm1(r, x, MPFR_RNDN);
    else if (IS("log")) mpfr_log(r, x, MPFR_RNDN);
    else if (IS("log1p")) mpfr_log1p(r, x, MPFR_RNDN);
    else if (IS("sqrt")) mpfr_sqrt(r, x, MPFR_RNDN);
    else if (IS("sin")) mpfr_sin(r, x, MPFR_RNDN);
    else if (IS("cos")) mpfr_cos(r, x, MPFR_RNDN);
    else if (IS("tanh")) mpfr_tanh(r, x, MPFR_RNDN);
    else if (IS("erf")) mpfr_erf(r, x, MPFR_RNDN);
    else if (IS("softplus") && argument > 1000)
        mpfr_set(r, x, MPFR_RNDN);
    else if (IS("softplus")) {
        mpfr_exp(r, x, MPFR_RNDN);
        mpfr_log1p(r, r, MPFR_RNDN);
    } else if (IS("sigmoid") || IS("silu")) {
        mpfr_neg(r, x, MPFR_RNDN);
        mpfr_exp(r, r, MPFR_RNDN);
        mpfr_add_ui(r, r, 1, MPFR_RNDN);
        if (IS("silu") && !mpfr_zero_p(x)) mpfr_div(r, x, r, MPFR_RNDN);
        else if (IS("silu")) mpfr_set(r, x, MPFR_RNDN);
        else mpfr_ui_div(r, 1, r, MPFR_RNDN);
    } else if (IS("gelu")) {
        mpfr_sqrt_ui(r, 2, MPFR_RNDN);
        mpfr_div(r, x, r, MPFR_RNDN);
        mpfr_neg(r, r, MPFR_RNDN);
        mpfr_erfc(r, r, MPFR_RNDN);
        mpfr_mul(r, r, x, MPFR_RNDN);
        mpfr_div_ui(r, r, 2, MPFR_RNDN);
    } else abort();
#undef IS
    mpfr_clear(x);
}

/* The error of y = f(x) for a format of so many digits and that smallest normal exponent; y is
 * finite or infinite. */
static double exact_error(const char *name, double x, double y, int digits, int least, int largest)
{
    mpfr_t r, d;
    long e;
    double error;
    mpfr_init2(r, 200);
    mpfr_init2(d, 200);
    exact(name, r, x);
    if (isinf(y)) { /* infinity stands for the number after the largest */
        mpfr_set_ui_2exp(d, 1, largest, MPFR_RNDN);
        if (y < 0)
            mpfr_neg(d, d, MPFR_RNDN);
        if (mpfr_cmpabs(r, d) > 0)
            mpfr_set(r, d, MPFR_RNDN);
    } else
        mpfr_set_d(d, y, MPFR_RNDN);
    e = mpfr_zero_p(r) ? least : mpfr_get_exp(r) - 1;
    e = e < least ? least : e;
    e = e > largest - 1 ? largest - 1 : e;
    mpfr_sub(d, d, r, MPFR_RNDN);
    mpfr_mul_2si(d, d, digits - 1 - e, MPFR_RNDN);
    error = fabs(mpfr_get_d(d, MPFR_RNDN));
    mpfr_clear(r);
    mpfr_clear(d);
    return error;
}

static double exact_f32(const char *name, float x, float y)
{
    return exact_error(name, (double)x, (double)y, 24, -126, 128);
}

static double exact_f64(const char *name, double x, double y)
{
    return exact_error(name, x, y, 53, -1022, 1024);
}

/* ---- f32 --------------------------------------------------------------------------------- */

static double limit_of(const function *f, int is_f64)
{
    return strcmp(f->name, "sqrt") == 0 ? 0.5 : is_f64 ? 2.0 : 1.0;
}

/* a and b are results of the two forms for x; different bits, except NaN, are an error. */
static void note_difference(result *r, double x, double a, double b)
{
    if (memcmp(&a, &b, sizeof a) != 0 && !(isnan(a) && isnan(b)) && r->different++ == 0)
        r->where_different = x;
}

static void wrong(result *r, double x)
{
    if (r->wrong_kind++ == 0)
        r->where_wrong = x;
}

static void check_f32(job *j, float x, float y)
{
    double r = j->f->reference((double)x), error, unit;
    union {
        double d;
        uint64_t u;
    } v;
    int e;
    if (isnan(r) || isnan(y)) {
        if (!isnan(r) || !isnan(y))
            wrong(&j->r, (double)x);
        return;
    }
    if (!signbit(r) != !signbit(y) || (isinf(x) && (double)y != r)) {
        wrong(&j->r, (double)x);
        return;
    }
    if (isinf(y) || fabs(r) > 3.4e38)
        error = isinf(x) || (isinf(y) && isinf((float)r)) ? 0 : exact_f32(j->f->name, x, y);
    else {
        v.d = r;
        e = (int)(v.u >> 52 & 0x7ff) - 1023;
        e = e < -126 ? -126 : e;
        v.u = (uint64_t)(1023 + 23 - e) << 52;
        unit = v.d;
        error = fabs((double)y - r) * unit;
        if (fabs(error - limit_of(j->f, 0)) < 1e-4)
            error = exact_f32(j->f->name, x, y);
    }
    if (error > j->r.worst) {
        j->r.worst = error;
        j->r.where = (double)x;
    }
}

static void compare_forms_f32(job *j, const float *x, const float *y)
{
    static __thread float z[CHUNK];
    j->f->f32_scalar(x, z, CHUNK);
    for (int i = 0; i < CHUNK; i++)
        note_difference(&j->r, (double)x[i], (double)y[i], (double)z[i]);
}

static void run_f32(job *j)
{
    static __thread float x[CHUNK], y[CHUNK];
    uint64_t n = ((UINT64_C(1) << 32) / j->step + CHUNK - 1) / CHUNK;
    for (uint64_t c = (uint64_t)j->index; c < n; c += (uint64_t)j->n_threads) {
        for (uint64_t i = 0; i < CHUNK; i++) {
            uint32_t u = (uint32_t)((c * CHUNK + i) * j->step);
            memcpy(&x[i], &u, sizeof u);
        }
        j->f->f32_vector(x, y, CHUNK);
        for (int i = 0; i < CHUNK; i++)
            check_f32(j, x[i], y[i]);
        if (j->step > 1 || c % 16 == 0) /* 2^23 / CHUNK / 16 = 128 times in each exponent */
            compare_forms_f32(j, x, y);
    }
}

/* ---- f64 --------------------------------------------------------------------------------- */

static uint64_t random_bits(uint64_t i)
{
    uint64_t z = i * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Where something happens: zeros, ends of the formats, ends of ranges, multiples of ln 2 / 2. */
static const double special[] = {
    0.0, -0.0, INFINITY, -INFINITY, NAN, 5e-324, -5e-324, 2.2250738585072014e-308,
    2.2250738585072009e-308, 1, -1, 1.7976931348623157e308, -1.7976931348623157e308,
    709.78271289338397, 709.78271289338409, -708.39641853226408, -745.13321910194110,
    -745.13321910194122, -746, 746, -751.6, -756, 756, -38.5, -38.6, -39, 39, 6, -6, 20, -20,
    19.0615, -37.5, -36.7, 37.5, -40, 1e6, 999999.99999999988, 1e22, 0.34657359027997264,
    0.17328679513998632, 1.0397207708399179, 2.0 / 3, 4.0 / 3, 1.0 / 3, -1.0 / 3,
    0.99999999999999989, 1.0000000000000002, -0.99999999999999989, 1.5707963267948966,
    3.1415926535897931, 6381956970095103.0 * 0x1p797, 0x1p-54, 0x1p-28};

static double argument_f64(uint64_t i)
{
    uint64_t n = sizeof special / sizeof special[0];
    uint64_t a = random_bits(2 * i), b = random_bits(2 * i + 1);
    double t = (double)(int64_t)a * 0x1p-63, x;
    uint64_t u = a;
    if (i < n)
        return special[i];
    switch (i % 8) {
    case 0: memcpy(&x, &u, sizeof x); return x; /* any bits */
    case 1:
    case 2: return ldexp(1 + fabs(t), (int)(b % 70) - 58) * (a & 1 ? 1 : -1); /* small exponents */
    case 3: return t * 3;
    case 4: return t * 45;
    case 5: return t * 760;
    case 6: return 1 + ldexp(t, -(int)(b % 50)); /* around 1, also for log1p - 2 */
    default:
        return (double)((int64_t)(b % 4001) - 2000) * 0.34657359027997264 +
               ldexp(t, -(int)(a % 50));
    }
}

static void check_f64(job *j, double x, double y)
{
    double r = j->f->reference(x), error;
    if (isnan(r) || isnan(y)) {
        if (!isnan(r) || !isnan(y))
            wrong(&j->r, x);
        return;
    }
    if (!signbit(r) != !signbit(y) || (isinf(x) && y != r)) {
        wrong(&j->r, x);
        return;
    }
    if (isinf(x) || (isinf(y) && isinf(r)))
        return;
    error = exact_f64(j->f->name, x, y);
    if (error > j->r.worst) {
        j->r.worst = error;
        j->r.where = x;
    }
}

static void run_f64(job *j)
{
    static __thread double x[CHUNK], y[CHUNK], z[CHUNK];
    int positive = strcmp(j->f->name, "log") == 0 || strcmp(j->f->name, "sqrt") == 0;
    for (uint64_t c = (uint64_t)j->index; c < (j->points + CHUNK - 1) / CHUNK;
         c += (uint64_t)j->n_threads) {
        for (uint64_t i = 0; i < CHUNK; i++) {
            x[i] = argument_f64(c * CHUNK + i);
            if (positive && i % 16 != 0)
                x[i] = fabs(x[i]);
        }
        j->f->f64_vector(x, y, CHUNK);
        j->f->f64_scalar(x, z, CHUNK);
        for (int i = 0; i < CHUNK; i++) {
            check_f64(j, x[i], y[i]);
            note_difference(&j->r, x[i], y[i], z[i]);
        }
    }
}

/* ---- all --------------------------------------------------------------------------------- */

static void *run(void *argument)
{
    job *j = argument;
    if (j->is_f64)
        run_f64(j);
    else
        run_f32(j);
    mpfr_free_cache();
    return NULL;
}

/* Runs one function in one format, prints its line, returns whether it is good. */
static int check(job model)
{
    static job jobs[MAX_THREADS];
    pthread_t threads[MAX_THREADS];
    const char *format = model.is_f64 ? "f64" : "f32";
    result all = {0, 0, 0, 0, 0, 0};
    for (int t = 0; t < model.n_threads; t++) {
        jobs[t] = model;
        jobs[t].index = t;
        pthread_create(&threads[t], NULL, run, &jobs[t]);
    }
    for (int t = 0; t < model.n_threads; t++) {
        const result *r = &jobs[t].r;
        pthread_join(threads[t], NULL);
        if (r->worst > all.worst) {
            all.worst = r->worst;
            all.where = r->where;
        }
        if (r->different) {
            all.different += r->different;
            all.where_different = r->where_different;
        }
        if (r->wrong_kind) {
            all.wrong_kind += r->wrong_kind;
            all.where_wrong = r->where_wrong;
        }
    }
    if (!model.is_f64 && all.worst > 0) {
        float x = (float)all.where, y[64], v[64];
        for (int i = 0; i < 64; i++)
            v[i] = x;
        model.f->f32_vector(v, y, 64);
        all.worst = exact_f32(model.f->name, x, y[0]);
    }
    printf("%-8s %s  %.4f ulp at %-24a (%.17g)\n", model.f->name, format, all.worst, all.where,
           all.where);
    if (all.different)
        printf("    %lu times scalar and vector form differ, e.g. at %a\n", all.different,
               all.where_different);
    if (all.wrong_kind)
        printf("    %lu times NaN, infinity or sign is wrong, e.g. at %a\n", all.wrong_kind,
               all.where_wrong);
    fflush(stdout);
    return all.worst <= limit_of(model.f, model.is_f64) && !all.different && !all.wrong_kind;
}

int main(int argc, char **argv)
{
    job model = {NULL, 0, 0, 2, 1021, 0, {0, 0, 0, 0, 0, 0}};
    int first = 1, good = 1, formats = 3;
    model.points = 32768;
    for (; first < argc && argv[first][0] == '-'; first++) {
        if (strcmp(argv[first], "--full") == 0) {
            model.step = 1;
            model.points = 2000000;
        } else if (strncmp(argv[first], "--points=", 9) == 0)
            model.points = strtoull(argv[first] + 9, NULL, 10);
        else if (strncmp(argv[first], "--threads=", 10) == 0)
            model.n_threads = atoi(argv[first] + 10);
        else if (strcmp(argv[first], "--f32") == 0)
            formats = 1;
        else if (strcmp(argv[first], "--f64") == 0)
            formats = 2;
        else {
            fprintf(stderr, "usage: check_math [--full] [--f32] [--f64] [--points=N] [--threads=N] "
                            "[function...]\n");
            return 2;
        }
    }
    if (model.n_threads < 1 || model.n_threads > MAX_THREADS)
        model.n_threads = 2;
    for (int i = 0; i < N_FUNCTIONS; i++) {
        int wanted = first == argc;
        for (int k = first; k < argc; k++)
            wanted |= strcmp(argv[k], functions[i].name) == 0;
        model.f = &functions[i];
        for (model.is_f64 = 0; wanted && model.is_f64 < 2; model.is_f64++)
            if (formats >> model.is_f64 & 1)
                good &= check(model);
    }
    return !good;
}
