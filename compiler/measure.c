/* measure.c - what a network costs on a board: its files are built and run in an emulator (loomc report --measure).
 *
 * The target writes a script (measure.sh) that leaves names and numbers in measured.txt. */
#include "target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Writes the model twice, the second time with a call after each step, and runs the script. */
static bool run_measure(session *s, const compiled *c, const char *dir, source *out)
{
    const options *before = s->opt;
    arena *a = &s->arena;
    options o = *before;
    o.standalone = o.board = true;
    o.trace = false;
    o.out = dir;
    s->opt = &o;
    bool good = emit_model(s, c);
    o.trace = true;
    o.out = arena_printf(a, "%s/traced", dir);
    good = good && emit_model(s, c);
    s->script = "measure.sh";
    int code = good ? run_script(s, dir, -1) : 1;
    if (good && code != 0)
        diag(s, DIAG_ERROR, NULL, "'%s' could not be measured: measure.sh ended with code %d", c->net->id, code);
    s->opt = before;
    return good && code == 0 && file_read(s, arena_printf(a, "%s/measured.txt", dir), out);
}

static void read_measured(const char *said, measured *m)
{
    static const struct { const char *name; size_t at; } names[] = {
        {"weights", offsetof(measured, weights)}, {"code", offsetof(measured, code)}, {"library", offsetof(measured, library)},
        {"stack_forward", offsetof(measured, stack[0])}, {"stack_train", offsetof(measured, stack[1])},
        {"forward", offsetof(measured, instructions[0])}, {"train", offsetof(measured, instructions[1])}};
    for (const char *line = said; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t n = strcspn(line, " \n");
        char *end;
        int64_t first = line[n] == ' ' ? strtoll(line + n, &end, 10) : 0;
        for (int i = 0; i < COUNT(names); i++)
            if (strlen(names[i].name) == n && memcmp(names[i].name, line, n) == 0)
                memcpy((char *)m + names[i].at, &first, sizeof first);
        if (n == 4 && memcmp(line, "step", 4) == 0 && first >= 0 && first < m->n_steps)
            m->steps[first] += strtoll(end, NULL, 10);
    }
}

bool measure(session *s, const compiled *c, measured *m)
{
    if (!s->target || !s->target->board) {
        diag(s, DIAG_ERROR, NULL, "--measure needs --cpu: it runs the network on a board that is emulated");
        return false;
    }
    if (!board_check(s, c))
        return false;
    const char *dir = scratch_dir(s, "measure");
    if (!dir) {
        diag(s, DIAG_ERROR, NULL, "cannot make a folder for the build: %s", strerror(errno));
        return false;
    }
    source said;
    m->n_steps = c->infer_plan->n_steps + (c->train_plan ? c->train_plan->n_steps : 0);
    m->steps = arena_array(&s->arena, m->n_steps + 1, sizeof *m->steps);
    bool good = run_measure(s, c, dir, &said);
    if (good)
        read_measured(said.text, m);
    if (s->opt->keep)
        fprintf(stderr, "loomc: the build is in %s\n", dir);
    else if (!remove_dir(dir))
        diag(s, DIAG_WARNING, NULL, "the folder '%s' could not be removed", dir);
    return good;
}

/* ---- printing --------------------------------------------------------------------------------------------------- */

static void text_steps(text *t, const plan *p, const int64_t *counts)
{
    text_printf(t, "\n  %-32s %14s %16s\n", "step", "instructions", "a multiply-add");
    for (int i = 0; i < p->n_steps; i++) {
        const step *st = &p->steps[i];
        int64_t macs = !st->is_copy && st->op->type->macs ? st->op->type->macs(p->g, st->op) : 0;
        if (counts[i] && macs)
            text_printf(t, "  %-32s %14lld %16.2f\n", st->name, (long long)counts[i], (double)counts[i] / (double)macs);
        else if (counts[i])
            text_printf(t, "  %-32s %14lld\n", st->name, (long long)counts[i]);
    }
}

void measured_text(const compiled *c, const measured *m, text *t)
{
    const session *s = graph_session(c->infer);
    text_printf(t, "\n  measured: --cpu %s, %s %s, on %s in QEMU\n", s->opt->cpu, s->opt->cc ? s->opt->cc : s->target->cc,
                s->opt->cflags ? s->opt->cflags : "-Os", s->target->board);
    text_printf(t, "  flash          %12lld bytes (code %lld, weights %lld, libgcc %lld)\n",
                (long long)(m->code + m->weights + m->library), (long long)m->code, (long long)m->weights, (long long)m->library);
    text_printf(t, "  RAM            %12lld bytes, and stack: %lld", (long long)ram_bytes(c), (long long)m->stack[0]);
    text_printf(t, c->train ? ", when it trains %lld\n" : "\n", (long long)m->stack[1]);
    text_printf(t, "  instructions   %12lld a call\n", (long long)m->instructions[0]);
    if (c->train)
        text_printf(t, "                 %12lld a mini-batch of the training\n", (long long)m->instructions[1]);
    text_steps(t, c->infer_plan, m->steps);
    if (c->train)
        text_steps(t, c->train_plan, m->steps + c->infer_plan->n_steps);
}

static void json_counts(const plan *p, const int64_t *counts, text *t)
{
    for (int i = 0; i < p->n_steps; i++)
        text_printf(t, "%s{\"name\": \"%s\", \"instructions\": %lld}", i ? ", " : "", p->steps[i].name, (long long)counts[i]);
}

void measured_json(const compiled *c, const measured *m, text *t)
{
    const session *s = graph_session(c->infer);
    text_printf(t, "  \"measured\": {\n    \"cpu\": \"%s\", \"board\": \"%s\",\n", s->opt->cpu, s->target->board);
    text_printf(t, "    \"code_bytes\": %lld, \"weights_bytes\": %lld, \"library_bytes\": %lld,\n", (long long)m->code,
                (long long)m->weights, (long long)m->library);
    text_printf(t, "    \"stack_bytes\": %lld, \"instructions\": %lld,\n", (long long)m->stack[0], (long long)m->instructions[0]);
    if (c->train)
        text_printf(t, "    \"train_stack_bytes\": %lld, \"train_instructions\": %lld,\n", (long long)m->stack[1],
                    (long long)m->instructions[1]);
    text_printf(t, "    \"steps\": [");
    json_counts(c->infer_plan, m->steps, t);
    if (c->train) {
        text_printf(t, "],\n    \"train_steps\": [");
        json_counts(c->train_plan, m->steps + c->infer_plan->n_steps, t);
    }
    text_printf(t, "]\n  },\n");
}
