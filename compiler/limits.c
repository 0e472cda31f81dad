/* limits.c - what a network may take of flash and RAM: --max-flash, --max-ram, and the board that verify uses.
 *
 * The sums are exact: weights in flash, sizeof(struct <id>) in RAM. Code and stack come on top, and depend on the C
 * compiler; `loomc report --measure` tells them. */
#include "target.h"

#include <stdlib.h>

typedef struct part {
    const char *what;
    int64_t bytes;
} part;

static int by_bytes(const void *a, const void *b)
{
    int64_t x = ((const part *)a)->bytes, y = ((const part *)b)->bytes;
    return x > y ? -1 : x < y;
}

enum { SHOWN = 12 };

/* The largest parts first; what is left in one line. */
static void print_parts(session *s, part *parts, int n, int64_t all)
{
    int64_t rest = 0;
    int many = 0;
    qsort(parts, (size_t)n, sizeof *parts, by_bytes);
    for (int i = 0; i < n && parts[i].bytes > 0; i++)
        if (i < SHOWN)
            fprintf(s->diags.sink, "  %10lld bytes %4.0f %%  %s\n", (long long)parts[i].bytes, 100.0 * (double)parts[i].bytes / (double)all,
                    parts[i].what);
        else {
            rest += parts[i].bytes;
            many++;
        }
    if (many)
        fprintf(s->diags.sink, "  %10lld bytes %4.0f %%  %d others\n", (long long)rest, 100.0 * (double)rest / (double)all, many);
}

static void print_flash(session *s, const compiled *c)
{
    const plan *p = c->train_plan ? c->train_plan : c->infer_plan;
    part *parts = arena_array(&s->arena, p->n_weights + 1, sizeof *parts);
    for (int i = 0; i < p->n_weights; i++) {
        const weight *w = &p->weights[i];
        parts[i] = (part){arena_printf(&s->arena, "%s %s", w->name, shape_text(&s->arena, &w->tensor->shape)), weight_bytes(w)};
    }
    print_parts(s, parts, p->n_weights, flash_bytes(c));
}

/* What of the arena is alive at the step where most is, and which step that is. */
static int alive_at_peak(session *s, const plan *p, part *parts, const char **where)
{
    int64_t most = -1, real = p->unit;
    int n = 0;
    for (int i = 0; i < p->n_steps; i++) {
        int64_t sum = 0;
        for (int b = 0; b < p->n_buffers; b++)
            sum += buffer_alive(p, b, i) ? p->buffers[b].size : 0;
        if (sum <= most)
            continue;
        most = sum;
        *where = p->steps[i].name;
        n = 0;
        for (int b = 0; b < p->n_buffers; b++)
            if (buffer_alive(p, b, i))
                parts[n++] = (part){arena_printf(&s->arena, "arena: %s", buffer_owner(p, b)), p->buffers[b].size * real};
    }
    return n;
}

static void print_ram(session *s, const compiled *c)
{
    const plan *p = c->train_plan && c->train_plan->arena_size >= c->infer_plan->arena_size ? c->train_plan : c->infer_plan;
    int64_t real = p->unit;
    const char *where = "";
    part *parts = arena_array(&s->arena, p->n_buffers + 8, sizeof *parts);
    int n = alive_at_peak(s, p, parts, &where);
    parts[n++] = (part){"state kept from call to call", c->infer_plan->state_size * real};
    parts[n++] = (part){"weights that training changes", kept_numbers(c, TENSOR_PARAM) * real};
    parts[n++] = (part){"what the optimizer remembers", kept_numbers(c, TENSOR_MEMORY) * real};
    parts[n++] = (part){"sums of gradients", kept_numbers(c, TENSOR_GRADIENT) * real};
    int64_t known = 0, all = ram_bytes(c);
    for (int i = 0; i < n; i++)
        known += parts[i].bytes;
    parts[n++] = (part){"gaps in the arena, and counters", all > known ? all - known : 0};
    print_parts(s, parts, n, all);
    fprintf(s->diags.sink, "  The arena is fullest in '%s'.\n", where);
}

static bool within(session *s, const compiled *c, const char *what, int64_t need, int64_t limit, const char *whose)
{
    if (limit == 0 || need <= limit)
        return true;
    diag(s, DIAG_ERROR, NULL, "'%s' needs %lld bytes of %s; %s %lld", c->net->id, (long long)need, what, whose, (long long)limit);
    return false;
}

bool limits_check(session *s, const compiled *c)
{
    bool flash = within(s, c, "flash for its weights", flash_bytes(c), s->opt->max_flash, "--max-flash allows");
    if (!flash)
        print_flash(s, c);
    bool ram = within(s, c, "RAM", ram_bytes(c), s->opt->max_ram, "--max-ram allows");
    if (!ram)
        print_ram(s, c);
    return flash && ram;
}

bool board_check(session *s, const compiled *c)
{
    const target_facts *t = s->target;
    if (!t || !t->board)
        return true;
    const char *has = arena_printf(&s->arena, "the board '%s', on which --cpu %s is tried, has", t->board, s->opt->cpu);
    return within(s, c, "flash for its weights", flash_bytes(c), t->flash, has) && within(s, c, "RAM", ram_bytes(c), t->ram, has);
}
