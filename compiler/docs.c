/* docs.c - the reference of the description format, from the tables that the reader itself uses; and the command docs. */
#include "cli.h"
#include "weights.h"

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

/* What bundle.c writes and weights.c reads. */
static const char bundles[] =
    "## Saved networks\n\n"
    "A bundle is a description with weights:\n\n"
    "```\n"
    "{\"type\": \"modelhost/bundle\", \"version\": 1, \"producer\": \"" PRODUCER "\",\n"
    " \"models\": [{\"id\": ..., \"cfg\": the description, \"weights\": {\"fmt\": ..., ...}}]}\n"
    "```\n\n"
    "Without the `producer`, or with another one, the original saved it: `\"compat\": \"loom-0.0.7\"` is implied, weights that are\n"
    "not there are zeros. Wherever a description is read, a bundle can stand, of which the first model is taken; `--weights`\n"
    "takes the model with the network's id, or the only one. `cfg` is the description as it was read, every key kept; an `id`\n"
    "or `compat` that it lacks is put in front.\n\n"
    "| `fmt` | version | weights are |\n|---|---|---|\n"
    "| `jsonModelB64` | 1 | `data`, base64 of `{\"type\": \"float32\", \"dtype\": \"\", \"layers\": [...]}` |\n"
    "| `json` | any | `layers`, beside `fmt` |\n"
    "| `multiPrecisionB64` | 2 | `data`, base64 of `{\"dtype\": ..., \"scale\": ..., \"layers\": [...]}`, the original's |\n\n"
    "`type` is the precision in which a network of ours was saved, and goes on. `layers` has one object for each layer, with the\n"
    "keys that the layer lists under Weights (of `rnn`, `lstm`, `gru` one for each gate); layers within it have theirs in the list\n"
    "`branch_weights`, a gate in the object `filter_gate`. A value is one of\n\n"
    "- a list of numbers, flat or nested: decimal text that reads back to the same bits; `\"NaN\"`, `\"Infinity\"` and\n"
    "  `\"-Infinity\"` are strings;\n"
    "- `{\"dtype\": \"int8\", \"scale\": 0.01, \"data\": base64}`: little-endian numbers of type float64, float32, int32, int16 or\n"
    "  int8; an integer stands for itself times the scale, which is a float32 for int8 and int16. A list of scales, one for\n"
    "  each index of `\"axis\"`, is another way;\n"
    "- base64 alone, in `multiPrecisionB64` only: `dtype` as the layer or all of it says (a word that the original does not know\n"
    "  means float32), an integer stands for itself divided by the one `scale`, rounded to float32.\n\n"
    "Saving writes version 1; `loomc convert --to TYPE` writes version 2, with objects, or with `--scales original` as the\n"
    "original does: codes are weight x 127, 32767 or 2147483647, cut off, at most that; weights beyond 1 are cut to 1. The\n"
    "original reads that, as far as it knows the layers and the keys of the description.\n\n"
    "The binary file, smaller and with checksum, is in `runtime/FILES.md`.\n";

static void format_text(session *s, text *t)
{
    text_printf(t, "# The description format\n\n"
                    "Made by `loomc docs` from the tables that read it. A description is a JSON object; its layers run in order. Shapes\n"
                    "are those of one sample; in memory the batch comes first and the last axis is contiguous. Keys that are not listed\n"
                    "are errors. Every layer also takes `type`, `name` (an identifier, unique), `disabled`\n"
                    "(true: the layer is left out), `frozen` (true: training leaves its weights, and those\n"
                    "of layers within it, as they are) and `dtype` (in a network of integers: the type of this layer and\n"
                    "of those within it).\n\n"
                    "## The network\n\n");
    field_rows(t, network_field_table);
    text_printf(t, "### training\n\nWhat `loomc train` does, unless the command line says another.\n\n");
    field_rows(t, training_field_table);
    text_printf(t, "### quantisation\n\nWritten by `loomc quantise`, read with `--precision i8`, `i16` or `i32` (or that `dtype`).\n\n");
    field_rows(t, quantisation_field_table);
    text_printf(t, "## Layers\n\n");
    const layer_type **sorted = arena_array(&s->arena, n_layer_types, sizeof *sorted);
    memcpy(sorted, layer_types, (size_t)n_layer_types * sizeof *sorted);
    qsort(sorted, (size_t)n_layer_types, sizeof *sorted, by_name);
    for (int i = 0; i < n_layer_types; i++)
        layer_section(t, sorted[i]);
    text_add(t, bundles, strlen(bundles));
}

int command_docs(session *s)
{
    text t = {.arena = &s->arena};
    if (s->opt->man)
        manual_text(&t);
    else if (s->opt->completion)
        completion_text(s, &t, s->opt->completion);
    else
        format_text(s, &t);
    return file_write(s, s->opt->out ? s->opt->out : "-", t.s, t.n) ? 0 : 1;
}
