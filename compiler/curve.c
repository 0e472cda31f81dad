/* curve.c - the course of a training as an SVG picture: the losses above, the accuracy, if there is one, below.
 *
 *   +-- title --------------- legend --+
 *   | loss |~~~~~~~~~~~~~~~~~~~~~~~~~~~|     its axis is logarithmic when the losses span a factor of 30
 *   | acc. |___________________________|     both share the axis of the epochs
 *   +----------------------------------+ */
#include "train.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 760,
    LEFT = 70,
    RIGHT = 24,
    TOP = 66,
    LOSS_HEIGHT = 280,
    GAP = 34,
    ACCURACY_HEIGHT = 150,
    BOTTOM = 52,
    MAX_TICKS = 40,
    DOTS = 40
};

/* One pair of axes, in pixels and in values. */
typedef struct panel {
    text *t;
    double top, height, low, high; /* of the values; their logarithms when `log` */
    bool log;
    int64_t n; /* epochs */
} panel;

typedef double pick_fn(const epoch_result *e);
static double pick_loss(const epoch_result *e) { return e->loss; }
static double pick_validation(const epoch_result *e) { return e->validation_loss; }
static double pick_accuracy(const epoch_result *e) { return 100 * e->accuracy; }

static double x_of(const panel *p, double epoch)
{
    double width = WIDTH - LEFT - RIGHT;
    return p->n > 1 ? LEFT + width * (epoch - 1) / (double)(p->n - 1) : LEFT + width / 2;
}

static double y_of(const panel *p, double v)
{
    double u = p->log ? log10(v) : v;
    return p->top + p->height * (p->high - u) / (p->high - p->low);
}

/* ---- text -------------------------------------------------------------------------------------------- */

static void plain_text(text *t, const char *s)
{
    for (; *s; s++)
        if (strchr("<>&\"'", *s))
            text_printf(t, "&#%d;", *s);
        else
            text_add(t, (unsigned char)*s < ' ' ? " " : s, 1);
}

static void label(text *t, double x, double y, const char *more, const char *s)
{
    text_printf(t, "<text x=\"%.1f\" y=\"%.1f\"%s%s>", x, y, *more ? " " : "", more);
    plain_text(t, s);
    text_printf(t, "</text>\n");
}

/* ---- axes -------------------------------------------------------------------------------------------- */

/* 1, 2 or 5 times a power of ten, so that at most `most` of them fit. */
static double tick_step(double length, int most)
{
    double unit = pow(10, floor(log10(length / most)));
    static const double factor[] = {1, 2, 5, 10};
    for (int i = 0; i < COUNT(factor); i++)
        if (length / (unit * factor[i]) <= most)
            return unit * factor[i];
    return unit * 10;
}

static void y_tick(const panel *p, double v, bool named)
{
    double y = y_of(p, v);
    if (y < p->top - 0.01 || y > p->top + p->height + 0.01)
        return;
    text_printf(p->t, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"%s\"/>\n", LEFT, y, WIDTH - RIGHT,
                y, named ? "#dddddd" : "#f0f0f0");
    char number[40];
    snprintf(number, sizeof number, "%.6g", v);
    if (named)
        label(p->t, LEFT - 8, y + 4, "text-anchor=\"end\"", number);
}

static void y_axis(const panel *p)
{
    if (p->log) {
        bool few = p->high - p->low < 2.5;
        for (double d = floor(p->low); d <= p->high; d++)
            for (int k = 1; k < 10 && p->high - p->low < 30; k++)
                y_tick(p, k * pow(10, d), k == 1 || (few && (k == 2 || k == 5)));
        for (double d = ceil(p->low), unit = tick_step(p->high - p->low, 8); p->high - p->low >= 30 && d <= p->high;
             d += ceil(unit))
            y_tick(p, pow(10, d), true);
        return;
    }
    double unit = tick_step(p->high - p->low, (int)p->height / 28), first = ceil(p->low / unit);
    for (int i = 0; i < MAX_TICKS && (first + i) * unit <= p->high + unit * 1e-9; i++)
        y_tick(p, fabs(first + i) < 0.5 ? 0 : (first + i) * unit, true);
}

static void x_axis(const panel *p, bool named)
{
    double unit = p->n > 1 ? fmax(1, tick_step((double)(p->n - 1), 10)) : 1;
    for (int i = 0; i < MAX_TICKS; i++) {
        double epoch = i == 0 ? 1 : unit == 1 ? i + 1 : i * unit;
        if (epoch > (double)p->n)
            break;
        double x = x_of(p, epoch);
        text_printf(p->t, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#eeeeee\"/>\n", x, p->top,
                    x, p->top + p->height);
        char number[40];
        snprintf(number, sizeof number, "%.0f", epoch);
        if (named)
            label(p->t, x, p->top + p->height + 18, "text-anchor=\"middle\"", number);
    }
    if (named)
        label(p->t, (LEFT + WIDTH - RIGHT) / 2.0, p->top + p->height + 38, "text-anchor=\"middle\" fill=\"#555555\"",
              "epoch");
}

static void frame(const panel *p, const char *name, bool named)
{
    x_axis(p, named);
    y_axis(p);
    text_printf(p->t, "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" fill=\"none\" stroke=\"#999999\"/>\n",
                LEFT, p->top, WIDTH - LEFT - RIGHT, p->height);
    char turned[80];
    double y = p->top + p->height / 2;
    snprintf(turned, sizeof turned, "text-anchor=\"middle\" fill=\"#555555\" transform=\"rotate(-90 18 %.1f)\"", y);
    label(p->t, 18, y, turned, name);
}

/* ---- lines ------------------------------------------------------------------------------------------- */

static bool drawable(const panel *p, double v) { return v - v == 0 && (!p->log || v > 0); }

static void point(const panel *p, double epoch, double v, bool *down)
{
    text_printf(p->t, "%s%.2f %.2f", *down ? " L" : " M", x_of(p, epoch), y_of(p, v));
    *down = true;
}

/* All points, or of each pixel's epochs the lowest and the highest one. */
static void curve(const panel *p, const epoch_result *e, pick_fn *pick, const char *colour)
{
    int64_t per = (p->n + WIDTH - 1) / WIDTH;
    bool down = false;
    text_printf(p->t, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\" stroke-linejoin=\"round\" d=\"",
                colour);
    for (int64_t i = 0; i < p->n; i += per) {
        int64_t low = -1, high = -1;
        for (int64_t k = i; k < i + per && k < p->n; k++) {
            double v = pick(&e[k]);
            if (drawable(p, v)) {
                low = low < 0 || v < pick(&e[low]) ? k : low;
                high = high < 0 || v > pick(&e[high]) ? k : high;
            }
        }
        down = down && low >= 0;
        if (low >= 0)
            point(p, (double)(low < high ? low : high) + 1, pick(&e[low < high ? low : high]), &down);
        if (low != high)
            point(p, (double)(low < high ? high : low) + 1, pick(&e[low < high ? high : low]), &down);
    }
    text_printf(p->t, "\"/>\n");
    for (int64_t i = 0; i < p->n && p->n <= DOTS; i++)
        if (drawable(p, pick(&e[i])))
            text_printf(p->t, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"2.4\" fill=\"%s\"/>\n", x_of(p, (double)i + 1),
                        y_of(p, pick(&e[i])), colour);
}

/* The epoch whose weights were kept. */
static void mark(const panel *p, const epoch_result *e, pick_fn *pick, int64_t best, const char *colour)
{
    if (best < 0 || best >= p->n || !drawable(p, pick(&e[best])))
        return;
    double x = x_of(p, (double)best + 1), y = y_of(p, pick(&e[best]));
    text_printf(
        p->t, "<line x1=\"%.2f\" y1=\"%.1f\" x2=\"%.2f\" y2=\"%.1f\" stroke=\"#777777\" stroke-dasharray=\"4 4\"/>\n",
        x, p->top, x, p->top + p->height);
    text_printf(p->t, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"5\" fill=\"#ffffff\" stroke=\"%s\" stroke-width=\"2\"/>\n",
                x, y, colour);
}

static double legend(text *t, double x, const char *colour, const char *name)
{
    text_printf(t, "<line x1=\"%.1f\" y1=\"48\" x2=\"%.1f\" y2=\"48\" stroke=\"%s\" stroke-width=\"3\"/>\n", x,
                x + 22, colour);
    label(t, x + 28, 52, "", name);
    return x + 50 + 7 * (double)strlen(name);
}

/* ---- the picture ------------------------------------------------------------------------------------- */

/* Widens low..high by the values; false when there are none. */
static bool extent(const epoch_result *e, int64_t n, pick_fn *pick, double *low, double *high)
{
    bool any = false;
    for (int64_t i = 0; i < n; i++)
        if (pick(&e[i]) - pick(&e[i]) == 0) {
            *low = fmin(*low, pick(&e[i]));
            *high = fmax(*high, pick(&e[i]));
            any = true;
        }
    return any;
}

static void fit(panel *p, double low, double high)
{
    p->log = low > 0 && high / low > 30;
    p->low = p->log ? log10(low) : low < 0 || high < 2 * low ? low : 0;
    p->high = p->log ? log10(high) : high;
    double margin = (p->high - p->low) * 0.04;
    margin = margin > 0 ? margin : fabs(p->high) * 0.1 + 1e-3;
    p->high += margin;
    p->low -= p->low == 0 && !p->log ? 0 : margin;
}

void curve_svg(text *t, const char *title, const epoch_result *e, int64_t n, int64_t best)
{
    static const char *const blue = "#2b6cb0", *const orange = "#dd6b20", *const green = "#2f855a";
    double low = INFINITY, high = -(double)INFINITY, share_low = 100, share_high = 0, x = LEFT;
    bool any = extent(e, n, pick_loss, &low, &high), other = extent(e, n, pick_validation, &low, &high);
    bool accuracy = extent(e, n, pick_accuracy, &share_low, &share_high);
    panel loss = {.t = t, .top = TOP, .height = LOSS_HEIGHT, .n = n};
    panel share = {.t = t, .top = TOP + LOSS_HEIGHT + GAP, .height = ACCURACY_HEIGHT, .n = n, .high = 100};
    fit(&loss, any || other ? low : 0, any || other ? high : 1);
    share.low = fmin(90, 10 * floor(share_low / 10));
    int height = TOP + LOSS_HEIGHT + BOTTOM + (accuracy ? GAP + ACCURACY_HEIGHT : 0);
    text_printf(t,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" fill=\"#222222\">\n"
                "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
                WIDTH, height, WIDTH, height, WIDTH, height);
    label(t, LEFT, 28, "font-size=\"16\" font-weight=\"bold\"", title);
    x = legend(t, x, blue, "training loss");
    x = other ? legend(t, x, orange, "validation loss") : x;
    x = accuracy ? legend(t, x, green, "accuracy") : x;
    char words[60];
    snprintf(words, sizeof words, "best: epoch %lld", (long long)best + 1);
    if (best >= 0)
        label(t, WIDTH - RIGHT, 52, "text-anchor=\"end\" fill=\"#555555\"", words);
    frame(&loss, loss.log ? "loss (logarithmic)" : "loss", !accuracy);
    mark(&loss, e, pick_validation, best, orange);
    curve(&loss, e, pick_loss, blue);
    curve(&loss, e, pick_validation, orange);
    if (accuracy) {
        frame(&share, "accuracy, %", true);
        mark(&share, e, pick_accuracy, best, green);
        curve(&share, e, pick_accuracy, green);
    }
    text_printf(t, "</svg>\n");
}
