/* docs.c - the reference of the description format, from the tables that the reader itself uses. */
#include "loomc.h"

#include <stdlib.h>
#include <string.h>

static const char *kind_word(const field *f)
{
    static const char *const words[] = {"whole number", "number", "true or false", "text", "word", "list of whole numbers",
                                        "list of numbers", "list of true and false", "list of lists of whole numbers",
                                        "whole number or list", "sizes, \"same\" or \"valid\"",
                                        "layer", "list of layers", "object", "list of objects"};
    return words[f->kind];
}

/* Text for a table cell: '|' would end it. */
static void cell(text *t, const char *s)
{
    for (; s && *s; s++)
        if (*s == '|')
            text_add(t, "\\|", 2);
        else
            text_add(t, s, 1);
}

static void range(text *t, const field *f)
{
    bool numeric = f->kind == FIELD_INT || f->kind == FIELD_NUMBER || f->kind == FIELD_SIZES ||
                   f->kind == FIELD_INTS || f->kind == FIELD_PAD;
    if (numeric && (f->min != 0 || f->max != 0))
        text_printf(t, " (%.9g to %.9g)", f->min, f->max);
}

static void field_rows(text *t, const field *f)
{
    text_printf(t, "| key | value | default | meaning |\n|---|---|---|---|\n");
    for (; f->names; f++) {
        text_printf(t, "| ");
        for (const char *p = f->names; *p;) {
            size_t n = strcspn(p, "|");
            text_printf(t, p == f->names ? "`%.*s`" : ", `%.*s`", (int)n, p);
            p += n + (p[n] == '|');
        }
        text_printf(t, " | %s", kind_word(f));
        range(t, f);
        if (f->values) {
            text_printf(t, ": ");
            cell(t, f->values);
        }
        text_printf(t, " | %s | ", f->def ? f->def : "");
        cell(t, f->doc);
        text_printf(t, " |\n");
    }
    text_printf(t, "\n");
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const layer_type *const *)a)->name, (*(const layer_type *const *)b)->name);
}

static void layer_section(text *t, const layer_type *l)
{
    text_printf(t, "### %s\n\n%s.", l->name, l->doc);
    if (l->aliases) {
        text_printf(t, " Also: ");
        for (const char *p = l->aliases; *p;) {
            size_t n = strcspn(p, "|");
            text_printf(t, "`%.*s`%s", (int)n, p, p[n] ? ", " : ".");
            p += n + (p[n] == '|');
        }
    }
    text_printf(t, "\n\n");
    if (l->shapes)
        text_printf(t, "Shapes of a sample: `%s`.\n\n", l->shapes);
    if (l->fields && l->fields->names)
        field_rows(t, l->fields);
    if (l->weights)
        text_printf(t, "Weights: %s.\n\n", l->weights);
    if (l->notes)
        text_printf(t, "%s\n\n", l->notes);
}

int command_docs(session *s)
{
    text t = {.arena = &s->arena};
    text_printf(&t, "# The description format\n\n"
                    "Made by `loomc docs` from the tables that read it. A description is a JSON object; its layers run in order. Shapes\n"
                    "are those of one sample; in memory the batch comes first and the last axis is contiguous. Keys that are not listed\n"
                    "are errors. Every layer also takes `type`, `name` (an identifier, unique), `disabled`\n"
                    "(true: the layer is left out) and `frozen` (true: training leaves its weights, and those\n"
                    "of layers within it, as they are).\n\n"
                    "## The network\n\n");
    field_rows(&t, network_field_table);
    text_printf(&t, "### training\n\nWhat `loomc train` does, unless the command line says another.\n\n");
    field_rows(&t, training_field_table);
    text_printf(&t, "## Layers\n\n");
    const layer_type **sorted = arena_array(&s->arena, n_layer_types, sizeof *sorted);
    memcpy(sorted, layer_types, (size_t)n_layer_types * sizeof *sorted);
    qsort(sorted, (size_t)n_layer_types, sizeof *sorted, by_name);
    for (int i = 0; i < n_layer_types; i++)
        layer_section(&t, sorted[i]);
    return file_write(s, s->opt->out ? s->opt->out : "-", t.s, t.n) ? 0 : 1;
}
