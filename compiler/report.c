/* report.c - what a network costs, before anything is built. */
#include "loomc.h"

#include <string.h>

static const char *step_op(const step *st) { return st->is_copy ? "copy" : st->op->type->name; }

static int64_t step_macs(const plan *p, const step *st)
{
    return !st->is_copy && st->op->type->macs ? st->op->type->macs(p->g, st->op) : 0;
}

static const char *buffer_owner(const plan *p, int b)
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

/* sizeof(struct <id>), as the header's <ID>_RAM_BYTES has it. */
static int64_t ram_bytes(const plan *p)
{
    int64_t real = (int64_t)real_size(p->g->precision);
    int64_t arrays = ((p->arena_size * real + 63) / 64 + (p->state_size * real + 63) / 64) * 64;
    return arrays ? arrays + 64 : 16;
}

/* The most that is alive at one step, in elements: no arena can be smaller. */
static int64_t peak(const plan *p, int *at)
{
    int64_t most = 0;
    for (int i = 0; i < p->n_steps; i++) {
        int64_t sum = 0;
        for (int b = 0; b < p->n_buffers; b++) {
            const buffer *x = &p->buffers[b];
            if (x->kind == BUFFER_ARENA && x->into < 0 && x->first <= i && i <= x->last && x->first >= 0)
                sum += x->size;
        }
        if (sum > most) {
            most = sum;
            *at = i;
        }
    }
    return most;
}

static void text_report(const compiled *c, text *t)
{
    const plan *p = c->infer_plan;
    const graph *g = p->g;
    arena *a = g->arena;
    int64_t real = (int64_t)real_size(g->precision);
    int at = 0;
    int64_t most = peak(p, &at);
    text_printf(t, "%s, %s, batch %lld: %s -> %s\n\n", g->net->id, precision_names[g->precision], (long long)g->net->batch,
                shape_text(a, tensor_shape(g, g->input)), shape_text(a, tensor_shape(g, g->output)));
    text_printf(t, "  parameters     %12lld\n", (long long)c->params);
    text_printf(t, "  multiply-adds  %12lld a call\n", (long long)p->macs);
    text_printf(t, "  flash, weights %12lld bytes\n", (long long)(p->weights_size * real));
    text_printf(t, "  RAM            %12lld bytes (arena %lld, state %lld)\n", (long long)ram_bytes(p), (long long)(p->arena_size * real),
                (long long)(p->state_size * real));
    if (p->n_steps)
        text_printf(t, "  peak           %12lld bytes alive in '%s'\n", (long long)(most * real), p->steps[at].name);
    text_printf(t, "\n  %-32s %-8s %-18s %14s\n", "step", "op", "result", "multiply-adds");
    for (int i = 0; i < p->n_steps; i++) {
        const step *st = &p->steps[i];
        const shape *s = st->is_copy ? &st->shape : tensor_shape(g, st->op->out);
        text_printf(t, "  %-32s %-8s %-18s %14lld\n", st->name, step_op(st), shape_text(a, s), (long long)step_macs(p, st));
    }
    text_printf(t, "\n  %-10s %-10s %-9s %s\n", "arena at", "bytes", "steps", "holds");
    for (int b = 0; b < p->n_buffers; b++) {
        const buffer *x = &p->buffers[b];
        if (x->kind == BUFFER_ARENA && x->first >= 0 && x->into < 0)
            text_printf(t, "  %-10lld %-10lld %3d - %-3d %s\n", (long long)(x->offset * real), (long long)(x->size * real), x->first,
                        x->last, buffer_owner(p, b));
    }
    text_printf(t, "\n  %-40s %-18s %s\n", "weights", "shape", "bytes");
    for (int i = 0; i < p->n_weights; i++)
        text_printf(t, "  %-40s %-18s %lld\n", p->weights[i].name, shape_text(a, &p->weights[i].tensor->shape),
                    (long long)(p->weights[i].size * real));
}

static void json_steps(const plan *p, text *t)
{
    for (int i = 0; i < p->n_steps; i++) {
        const step *st = &p->steps[i];
        const shape *s = st->is_copy ? &st->shape : tensor_shape(p->g, st->op->out);
        const view *y = step_result(p, st);
        text_printf(t, "%s\n    {\"name\": \"%s\", \"op\": \"%s\", \"shape\": %s, ", i ? "," : "", st->name, step_op(st),
                    shape_text(p->g->arena, s));
        text_printf(t, "\"macs\": %lld, \"memory\": \"%s\"}", (long long)step_macs(p, st), buffer_kind_names[p->buffers[y->buffer].kind]);
    }
}

static void json_report(const compiled *c, text *t)
{
    const plan *p = c->infer_plan;
    const graph *g = p->g;
    arena *a = g->arena;
    int64_t real = (int64_t)real_size(g->precision);
    int at = 0;
    text_printf(t, "{\n  \"id\": \"%s\",\n  \"precision\": \"%s\",\n  \"batch\": %lld,\n", g->net->id, precision_names[g->precision],
                (long long)g->net->batch);
    text_printf(t, "  \"input\": %s,\n", shape_text(a, tensor_shape(g, g->input)));
    text_printf(t, "  \"output\": %s,\n", shape_text(a, tensor_shape(g, g->output)));
    text_printf(t, "  \"parameters\": %lld,\n  \"macs\": %lld,\n  \"flash_bytes\": %lld,\n  \"ram_bytes\": %lld,\n", (long long)c->params,
                (long long)p->macs, (long long)(p->weights_size * real), (long long)ram_bytes(p));
    text_printf(t, "  \"arena_bytes\": %lld,\n  \"state_bytes\": %lld,\n  \"peak_bytes\": %lld,\n  \"steps\": [",
                (long long)(p->arena_size * real), (long long)(p->state_size * real), (long long)(peak(p, &at) * real));
    json_steps(p, t);
    text_printf(t, "\n  ],\n  \"arena\": [");
    const char *comma = "";
    for (int b = 0; b < p->n_buffers; b++) {
        const buffer *x = &p->buffers[b];
        if (x->kind != BUFFER_ARENA || x->first < 0 || x->into >= 0)
            continue;
        text_printf(t, "%s\n    {\"offset\": %lld, \"bytes\": %lld, \"first_step\": %d, \"last_step\": %d, \"holds\": \"%s\"}", comma,
                    (long long)(x->offset * real), (long long)(x->size * real), x->first, x->last, buffer_owner(p, b));
        comma = ",";
    }
    text_printf(t, "\n  ],\n  \"weights\": [");
    for (int i = 0; i < p->n_weights; i++)
        text_printf(t, "%s\n    {\"name\": \"%s\", \"shape\": %s, \"bytes\": %lld}", i ? "," : "", p->weights[i].name,
                    shape_text(a, &p->weights[i].tensor->shape), (long long)(p->weights[i].size * real));
    text_printf(t, "\n  ]\n}\n");
}

int command_report(session *s)
{
    compiled c = {0};
    if (!compile_network(s, &c))
        return 1;
    text t = {.arena = &s->arena};
    if (s->opt->json)
        json_report(&c, &t);
    else
        text_report(&c, &t);
    return file_write(s, s->opt->out ? s->opt->out : "-", t.s, t.n) ? 0 : 1;
}
