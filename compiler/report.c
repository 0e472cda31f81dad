/* report.c - what a network costs, before anything is built. */
#include "target.h"

#include <string.h>

static const char *step_op(const step *st) { return st->is_copy ? "copy" : st->op->type->name; }

static int64_t step_macs(const plan *p, const step *st)
{
    return !st->is_copy && st->op->type->macs ? st->op->type->macs(p->g, st->op) : 0;
}

const char *buffer_owner(const plan *p, int b)
{
    for (int i = 0; i < p->n_steps; i++) {
        const step *st = &p->steps[i];
        const view *y = step_result(p, st);
        if (y->buffer == b)
            return st->name;
        if (st->scratch == b)
            return arena_printf(p->g->arena, "%s (scratch)", st->name);
    }
    return "-";
}

int64_t kept_numbers(const compiled *c, tensor_kind kind)
{
    int64_t n = 0, align = panel_width(c->infer);
    for (int t = 1; c->train && t < c->train->n_tensors; t++) {
        const tensor *x = &c->train->tensors[t];
        if (x->kind == kind && !(kind == TENSOR_PARAM && x->owner->frozen))
            n += (shape_size(&x->shape) + align - 1) / align * align;
    }
    return n;
}

static int64_t arena_elements(const compiled *c)
{
    int64_t infer = c->infer_plan->arena_size, train = c->train_plan ? c->train_plan->arena_size : 0;
    return infer > train ? infer : train;
}

/* sizeof(struct <id>), as the header's <ID>_RAM_BYTES has it. */
int64_t ram_bytes(const compiled *c)
{
    const session *s = graph_session(c->infer);
    bool progress = c->train || s->opt->abi;
    int64_t real = c->infer_plan->unit, all = 0;
    const int64_t parts[] = {arena_elements(c), c->infer_plan->state_size, kept_numbers(c, TENSOR_PARAM), kept_numbers(c, TENSOR_MEMORY),
                             kept_numbers(c, TENSOR_GRADIENT)};
    int64_t pointer = s->target ? s->target->pointer : 0, align = pointer ? 1 : 64;
    for (int i = 0; i < COUNT(parts); i++)
        all += (parts[i] * real + align - 1) / align * align;
    if (pointer) { /* what follows the arrays: a pointer, and 64-bit numbers */
        const int64_t words = s->target->align;
        return (all + pointer + words - 1) / words * words + (progress ? 88 : 8);
    }
    return progress ? all + 128 : all ? all + 64 : 16;
}

int64_t weight_bytes(const weight *w) { return w->size * (int64_t)real_size(w->tensor->stored); }

int64_t flash_bytes(const compiled *c)
{
    return (c->train_plan ? c->train_plan : c->infer_plan)->weights_size * c->infer_plan->unit;
}

bool buffer_alive(const plan *p, int b, int at)
{
    const buffer *x = &p->buffers[b];
    return x->kind == BUFFER_ARENA && x->into < 0 && x->first >= 0 && x->first <= at && at <= x->last;
}

/* The most that is alive at one step, in elements: no arena can be smaller. */
static int64_t peak(const plan *p, int *at)
{
    int64_t most = 0;
    for (int i = 0; i < p->n_steps; i++) {
        int64_t sum = 0;
        for (int b = 0; b < p->n_buffers; b++)
            sum += buffer_alive(p, b, i) ? p->buffers[b].size : 0;
        if (sum > most) {
            most = sum;
            *at = i;
        }
    }
    return most;
}

static void text_plan(const plan *p, text *t)
{
    const graph *g = p->g;
    arena *a = g->arena;
    int64_t real = p->unit;
    text_printf(t, "\n  %-32s %-8s %-18s %14s\n", "step", "op", "result", "multiply-adds");
    for (int i = 0; i < p->n_steps; i++) {
        const step *st = &p->steps[i];
        const shape *s = st->is_copy ? &st->shape : tensor_shape(g, st->op->out ? st->op->out : st->op->in[0]);
        text_printf(t, "  %-32s %-8s %-18s %14lld\n", st->name, step_op(st), shape_text(a, s), (long long)step_macs(p, st));
    }
    text_printf(t, "\n  %-10s %-10s %-9s %s\n", "arena at", "bytes", "steps", "holds");
    for (int b = 0; b < p->n_buffers; b++) {
        const buffer *x = &p->buffers[b];
        if (x->kind == BUFFER_ARENA && x->first >= 0 && x->into < 0)
            text_printf(t, "  %-10lld %-10lld %3d - %-3d %s\n", (long long)(x->offset * real), (long long)(x->size * real), x->first,
                        x->last, buffer_owner(p, b));
    }
}

static void text_report(const compiled *c, const measured *m, text *t)
{
    const plan *p = c->infer_plan;
    const graph *g = p->g;
    arena *a = g->arena;
    int64_t real = p->unit;
    int at = 0;
    text_printf(t, "%s, %s, batch %lld: %s -> %s\n\n", c->net->id, precision_names[g->precision], (long long)c->net->batch,
                shape_text(a, tensor_shape(g, g->input)), shape_text(a, tensor_shape(g, g->output)));
    text_printf(t, "  parameters     %12lld\n", (long long)c->params);
    text_printf(t, "  multiply-adds  %12lld a call\n", (long long)p->macs);
    if (c->train)
        text_printf(t, "                 %12lld a mini-batch of the training\n", (long long)c->train_plan->macs);
    text_printf(t, "  flash, weights %12lld bytes\n", (long long)flash_bytes(c));
    text_printf(t, "  RAM            %12lld bytes (arena %lld, state %lld", (long long)ram_bytes(c), (long long)(arena_elements(c) * real),
                (long long)(p->state_size * real));
    if (c->train)
        text_printf(t, ", weights %lld, optimizer %lld, gradients %lld", (long long)(kept_numbers(c, TENSOR_PARAM) * real),
                    (long long)(kept_numbers(c, TENSOR_MEMORY) * real), (long long)(kept_numbers(c, TENSOR_GRADIENT) * real));
    text_printf(t, ")\n");
    if (p->n_steps) {
        int64_t most = peak(p, &at);
        text_printf(t, "  peak           %12lld bytes alive in '%s'\n", (long long)(most * real), p->steps[at].name);
    }
    text_plan(p, t);
    if (c->train) {
        int64_t most = peak(c->train_plan, &at);
        text_printf(t, "\n  training: peak of %lld bytes alive in '%s'\n", (long long)(most * real), c->train_plan->steps[at].name);
        text_plan(c->train_plan, t);
    }
    if (m)
        measured_text(c, m, t);
    text_printf(t, "\n  %-40s %-18s %s\n", "weights", "shape", "bytes");
    const plan *last = c->train_plan ? c->train_plan : p;
    for (int i = 0; i < last->n_weights; i++)
        text_printf(t, "  %-40s %-18s %lld\n", last->weights[i].name, shape_text(a, &last->weights[i].tensor->shape),
                    (long long)weight_bytes(&last->weights[i]));
}

static void json_steps(const plan *p, text *t)
{
    for (int i = 0; i < p->n_steps; i++) {
        const step *st = &p->steps[i];
        const shape *s = st->is_copy ? &st->shape : tensor_shape(p->g, st->op->out ? st->op->out : st->op->in[0]);
        text_printf(t, "%s\n    {\"name\": \"%s\", \"op\": \"%s\", \"shape\": %s, ", i ? "," : "", st->name, step_op(st),
                    shape_text(p->g->arena, s));
        text_printf(t, "\"macs\": %lld, \"memory\": \"%s\"}", (long long)step_macs(p, st),
                    buffer_kind_names[p->buffers[step_result(p, st)->buffer].kind]);
    }
}

static void json_arena(const plan *p, text *t)
{
    int64_t real = p->unit;
    const char *comma = "";
    for (int b = 0; b < p->n_buffers; b++) {
        const buffer *x = &p->buffers[b];
        if (x->kind != BUFFER_ARENA || x->first < 0 || x->into >= 0)
            continue;
        text_printf(t, "%s\n    {\"offset\": %lld, \"bytes\": %lld, \"first_step\": %d, \"last_step\": %d, \"holds\": \"%s\"}", comma,
                    (long long)(x->offset * real), (long long)(x->size * real), x->first, x->last, buffer_owner(p, b));
        comma = ",";
    }
}

static void json_training(const compiled *c, text *t)
{
    const plan *p = c->train_plan;
    int64_t real = c->infer_plan->unit;
    int at = 0;
    text_printf(t, "  \"loss\": \"%s\",\n  \"optimizer\": \"%s\",\n", c->training.loss, c->training.optimizer);
    text_printf(t, "  \"train_macs\": %lld,\n  \"train_peak_bytes\": %lld,\n  \"params_bytes\": %lld,\n", (long long)p->macs,
                (long long)(peak(p, &at) * real), (long long)(kept_numbers(c, TENSOR_PARAM) * real));
    text_printf(t, "  \"memory_bytes\": %lld,\n  \"gradients_bytes\": %lld,\n", (long long)(kept_numbers(c, TENSOR_MEMORY) * real),
                (long long)(kept_numbers(c, TENSOR_GRADIENT) * real));
    text_printf(t, "  \"train_steps\": [");
    json_steps(p, t);
    text_printf(t, "\n  ],\n  \"train_arena\": [");
    json_arena(p, t);
    text_printf(t, "\n  ],\n");
}

static void json_report(const compiled *c, const measured *m, text *t)
{
    const plan *p = c->infer_plan, *last = c->train_plan ? c->train_plan : p;
    const graph *g = p->g;
    arena *a = g->arena;
    int64_t real = p->unit;
    int at = 0;
    text_printf(t, "{\n  \"id\": \"%s\",\n  \"precision\": \"%s\",\n  \"batch\": %lld,\n", c->net->id, precision_names[g->precision],
                (long long)c->net->batch);
    text_printf(t, "  \"input\": %s,\n", shape_text(a, tensor_shape(g, g->input)));
    text_printf(t, "  \"output\": %s,\n", shape_text(a, tensor_shape(g, g->output)));
    text_printf(t, "  \"parameters\": %lld,\n  \"macs\": %lld,\n  \"flash_bytes\": %lld,\n  \"ram_bytes\": %lld,\n", (long long)c->params,
                (long long)p->macs, (long long)flash_bytes(c), (long long)ram_bytes(c));
    text_printf(t, "  \"arena_bytes\": %lld,\n  \"state_bytes\": %lld,\n  \"peak_bytes\": %lld,\n", (long long)(arena_elements(c) * real),
                (long long)(p->state_size * real), (long long)(peak(p, &at) * real));
    if (c->train)
        json_training(c, t);
    if (m)
        measured_json(c, m, t);
    text_printf(t, "  \"steps\": [");
    json_steps(p, t);
    text_printf(t, "\n  ],\n  \"arena\": [");
    json_arena(p, t);
    text_printf(t, "\n  ],\n  \"weights\": [");
    for (int i = 0; i < last->n_weights; i++)
        text_printf(t, "%s\n    {\"name\": \"%s\", \"shape\": %s, \"bytes\": %lld}", i ? "," : "", last->weights[i].name,
                    shape_text(a, &last->weights[i].tensor->shape), (long long)weight_bytes(&last->weights[i]));
    text_printf(t, "\n  ]\n}\n");
}

int command_report(session *s)
{
    compiled c = {0};
    if (!compile_network(s, &c))
        return 1;
    text t = {.arena = &s->arena};
    measured m = {0};
    const measured *what = s->opt->measure ? &m : NULL;
    if (what && !measure(s, &c, &m))
        return 1;
    if (s->opt->json)
        json_report(&c, what, &t);
    else
        text_report(&c, what, &t);
    return file_write(s, s->opt->out ? s->opt->out : "-", t.s, t.n) && limits_check(s, &c) ? 0 : 1;
}
