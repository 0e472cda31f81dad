/* data_columns.c - which columns of a table are the input, and which the target. */
#include "train.h"

#include <stdlib.h>
#include <string.h>

columns columns_new(session *s, int64_t first, int64_t n)
{
    columns c = {arena_array(&s->arena, n, sizeof *c.at), n};
    for (int64_t i = 0; i < n; i++)
        c.at[i] = first + i;
    return c;
}

static columns other_columns(session *s, const table *t, columns used)
{
    bool *taken = arena_array(&s->arena, t->cols, sizeof *taken);
    columns c = {arena_array(&s->arena, t->cols, sizeof *c.at), 0};
    for (int64_t i = 0; i < used.n; i++)
        taken[used.at[i]] = true;
    for (int64_t i = 0; i < t->cols; i++)
        if (!taken[i])
            c.at[c.n++] = i;
    return c;
}

/* A name of the header, or a number from 1, or first-last: the columns from..to. */
static bool find_columns(const table *t, const char *word, int64_t *from, int64_t *to)
{
    for (int64_t i = 0; t->names && i < t->cols; i++)
        if (strcmp(t->names[i], word) == 0) {
            *from = *to = i;
            return true;
        }
    char *end;
    *from = *to = strtoll(word, &end, 10) - 1;
    if (end > word && *end == '-' && end[1] >= '0' && end[1] <= '9')
        *to = strtoll(end + 1, &end, 10) - 1;
    return end > word && !*end && *from >= 0 && *from <= *to && *to < t->cols;
}

static bool unknown_column(session *s, const table *t, const char *option, const char *word)
{
    text names = {.arena = &s->arena};
    for (int64_t i = 0; t->names && i < t->cols; i++)
        text_printf(&names, i ? "|%s" : "%s", t->names[i]);
    const char *near = names.n ? nearest(&s->arena, word, names.s) : NULL;
    if (near)
        diag(s, DIAG_ERROR, NULL, "%s: there is no column '%s', which %s asks for; did you mean '%s'?", t->src.name,
             word, option, near);
    else
        diag(s, DIAG_ERROR, NULL, "%s: there is no column '%s', which %s asks for; it has the columns 1 to %lld%s",
             t->src.name, word, option, (long long)t->cols, t->names ? ", or names of its header" : "");
    return false;
}

/* "1-4,7,width" */
static bool listed_columns(session *s, const table *t, const char *option, const char *list, columns *c)
{
    bool *taken = arena_array(&s->arena, t->cols, sizeof *taken);
    *c = (columns){arena_array(&s->arena, t->cols, sizeof *c->at), 0};
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ",");
        const char *word = arena_strndup(&s->arena, p, n);
        int64_t from, to;
        if (!find_columns(t, word, &from, &to))
            return unknown_column(s, t, option, word);
        for (int64_t i = from; i <= to; i++) {
            if (taken[i]) {
                diag(s, DIAG_ERROR, NULL, "%s names column %lld twice", option, (long long)i + 1);
                return false;
            }
            taken[i] = true;
            c->at[c->n++] = i;
        }
        p += n + (p[n] == ',');
    }
    return true;
}

bool choose_columns(session *s, const table *t, int64_t inputs, columns *in, columns *out)
{
    const train_options *o = &s->opt->learn;
    const char *target = o->target_columns;
    bool first = target && strcmp(target, "first") == 0, listed = target && !first && strcmp(target, "last") != 0;
    if (o->columns && !listed_columns(s, t, "--columns", o->columns, in))
        return false;
    if (listed && !listed_columns(s, t, "--target", target, out))
        return false;
    if (o->columns && !listed)
        *out = other_columns(s, t, *in);
    else if (listed && !o->columns)
        *in = other_columns(s, t, *out);
    else if (!listed) {
        int64_t n_in = inputs < t->cols ? inputs : t->cols, n_out = t->cols - n_in;
        *in = columns_new(s, first ? n_out : 0, n_in);
        *out = columns_new(s, first ? 0 : n_in, n_out);
    }
    return true;
}
