/* gradcheck.c - compares the gradients of a network with finite differences, in float64.
 *
 * Each number that is tried is moved by h and 2 h to both sides; (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12 h has an
 * error of h^4. A corner between them (relu, a maximum) spoils that, so smaller h are tried until one agrees;
 * a wrong gradient agrees with none. Errors are relative to the number itself, or to a thousandth of the
 * largest gradient of its tensor where it is smaller than that. */
#include "ops/ops.h"

#include "../runtime/loom_random.h"

#include <math.h>
#include <string.h>

#define LIMIT 1e-6

typedef struct checker {
    const graph *g;
    interp *it;
    tensor_id *d;
} checker;

static double unit(uint64_t stream, int64_t i)
{
    return (double)(loom_random_u64(11, stream, 0, (uint64_t)i) >> 11) * 0x1p-53;
}

/* Numbers in [-2, 2), or ids of the table in which they are looked up. */
static void fill_input(const graph *g, double *x)
{
    int64_t rows = 0, n = shape_size(tensor_shape(g, g->input));
    for (int i = 0; i < g->n_forward; i++)
        if (g->ops[i].type == &op_gather && g->ops[i].in[0] == g->input)
            rows = tensor_shape(g, g->ops[i].in[1])->dim[0];
    for (int64_t i = 0; i < n; i++)
        x[i] = rows ? floor(unit(1, i) * (double)rows) : unit(1, i) * 4 - 2;
}

/* Shares of 1 in each row, which suit every loss. */
static void fill_target(const graph *g, double *y)
{
    const shape *s = tensor_shape(g, g->target);
    int64_t n = s->dim[s->rank - 1];
    for (int64_t r = 0; r < shape_size(s) / n; r++) {
        double sum = 0;
        for (int64_t i = r * n; i < r * n + n; i++)
            sum += y[i] = unit(2, i) + 0.05;
        for (int64_t i = r * n; i < r * n + n; i++)
            y[i] /= sum + (n == 1);
    }
}

/* Biases and the like are moved: zeros among them would put numbers exactly on corners. */
static void vary_constants(const checker *c)
{
    for (int t = 1; t < c->g->n_tensors; t++) {
        const tensor *x = &c->g->tensors[t];
        double *v = interp_value(c->it, t);
        bool constant = x->kind == TENSOR_PARAM && !x->decays;
        for (int64_t i = 0; constant && i < shape_size(&x->shape); i++)
            v[i] += unit(1000 + (uint64_t)t, i) * 0.4 - 0.2;
    }
}

/* The loss with x in the place of a number. */
static double loss_at(const checker *c, double *place, double x)
{
    double was = *place;
    *place = x;
    interp_reset(c->it);
    interp_steps(c->it, 0, c->g->n_forward, 0);
    *place = was;
    return *(const double *)interp_value(c->it, c->g->loss);
}

static double difference(const checker *c, double *place, double h)
{
    double x = *place;
    double near = loss_at(c, place, x + h) - loss_at(c, place, x - h);
    double far = loss_at(c, place, x + 2 * h) - loss_at(c, place, x - 2 * h);
    return (8 * near - far) / (12 * h);
}

/* The relative error of one number of the gradient. */
static double error_of(const checker *c, double *place, double given, double floor)
{
    double best = (double)INFINITY;
    for (double h = 2e-3; h > 1e-7 && !(best < LIMIT / 100); h /= 8) {
        double d = difference(c, place, h), size = fmax(fmax(fabs(d), fabs(given)), floor);
        best = fmin(best, fabs(d - given) / size);
    }
    return best;
}

static double check_tensor(const checker *c, tensor_id t, int most)
{
    int64_t n = shape_size(tensor_shape(c->g, t)), tries = n < most ? n : most;
    const double *dt = interp_value(c->it, c->d[t]);
    double *x = interp_value(c->it, t), largest = 0, worst = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(dt[i]));
    for (int64_t k = 0; k < tries; k++) {
        int64_t i = tries == n ? k : (int64_t)(unit(3 + (uint64_t)t, k) * (double)n);
        double error = error_of(c, x + i, dt[i], 1e-3 * largest + 1e-7);
        worst = error > worst || isnan(error) ? error : worst;
    }
    return worst;
}

static int check_all(session *s, const checker *c, int n)
{
    const graph *g = c->g;
    double worst = 0;
    int count = 0;
    for (int t = 1; t < n; t++) {
        bool wanted = g->tensors[t].trains || t == g->input;
        if (!wanted || !c->d[t])
            continue;
        double error = check_tensor(c, t, s->opt->runs);
        printf("%-40s %-16s %.1e%s\n", g->tensors[t].name, shape_text(&s->arena, tensor_shape(g, t)), error,
               error < LIMIT ? "" : "  FAILED");
        worst = error > worst || isnan(error) ? error : worst;
        count++;
    }
    printf("%d gradients, largest relative error %.1e\n", count, worst);
    return worst < LIMIT ? 0 : 1;
}

int command_gradcheck(session *s)
{
    source net_src, weights_src;
    network *net = read_network(s, &net_src, &weights_src);
    graph *g = net ? network_lower(s, net, F64, LOWER_TRAINING) : NULL;
    training t = g ? training_read(s, net) : (training){0};
    int n;
    if (!g || s->diags.errors || !training_loss(g, &t))
        return 1;
    checker c = {.g = g, .d = backward(g, g->loss, true, &n)};
    if (!c.d)
        return 1;
    c.it = interp_new(&s->arena, g);
    fill_input(g, interp_value(c.it, g->input));
    fill_target(g, interp_value(c.it, g->target));
    vary_constants(&c);
    interp_steps(c.it, 0, g->n_ops, 0);
    return check_all(s, &c, n);
}
