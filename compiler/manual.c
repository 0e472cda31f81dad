/* manual.c - the manual page and the completions for shells, from the tables of the command line and its help texts. */
#include "cli.h"

#include <string.h>

/* One option of a command: name without "--", what stands for its value (or NULL), and the help's words on it. */
typedef struct described {
    const char *name;
    bool takes_value, takes_path;
    const char *words; /* that the value may be: "a|b", or NULL */
    const char *doc;
} described;

static const char *next_line(const char *p)
{
    p += strcspn(p, "\n");
    return *p ? p + 1 : p;
}

static bool is_option_line(const char *line) { return strncmp(line, "  -", 3) == 0; }

/* Where a line's explanation starts: after two spaces or more. Its end when there is none. */
static const char *explanation(const char *line)
{
    const char *p = line + strspn(line, " ");
    for (; *p && *p != '\n'; p++)
        if (p[0] == ' ' && p[1] == ' ')
            return p + strspn(p, " ");
    return p;
}

/* ---- manual page ---------------------------------------------------------------------------------------------- */

/* A line of roff: backslashes and hyphens stay what they are, and no dot at its start is a request. */
static void roff(text *t, const char *p, size_t n)
{
    if (n && (*p == '.' || *p == '\''))
        text_add(t, "\\&", 2);
    for (size_t i = 0; i < n; i++)
        if (p[i] == '\\' || p[i] == '-')
            text_printf(t, p[i] == '-' ? "\\-" : "\\e");
        else
            text_add(t, p + i, 1);
    text_add(t, "\n", 1);
}

static void roff_command(text *t, const command *c)
{
    text_printf(t, ".SS loomc %s\n", c->name);
    for (const char *p = c->help; *p; p = next_line(p)) {
        size_t n = strcspn(p, "\n"), indent = strspn(p, " ");
        const char *doc = explanation(p);
        if (n == 0) {
            text_printf(t, ".PP\n");
        } else if (is_option_line(p)) {
            text_printf(t, ".TP\n.B ");
            size_t names = (size_t)(doc - p) - indent;
            while (names && p[indent + names - 1] == ' ')
                names--;
            roff(t, p + indent, names);
            roff(t, doc, n - (size_t)(doc - p));
        } else if (strncmp(p, "usage: ", 7) == 0) {
            text_printf(t, ".B ");
            roff(t, p + 7, n - 7);
        } else {
            roff(t, p + indent, n - indent);
        }
    }
}

void manual_text(text *t)
{
    text_printf(t, ".\\\" Made by: loomc docs --man\n.TH LOOMC 1 \"\" \"loomc " LOOMC_VERSION "\" \"Loom\"\n.SH NAME\n"
                   "loomc \\- compiles neural networks from a JSON description to C\n.SH SYNOPSIS\n.B loomc\n"
                   ".I COMMAND\n[\\fIoptions\\fR]\n.br\n.B loomc help\n.I COMMAND\n.SH DESCRIPTION\n"
                   "Reads the description of a neural network and writes C that runs it, and trains it, with the same bits on every\n"
                   "machine. A hyphen stands for standard input or output.\n.SH COMMANDS\n");
    for (int i = 0; i < n_commands; i++)
        roff_command(t, &commands[i]);
    text_printf(t, ".SH EXIT STATUS\n.TP\n.B 0\nDone.\n.TP\n.B 1\nThe input is wrong, or engines differ.\n.TP\n.B 2\n"
                   "Wrong use, or no memory.\n.TP\n.B 130\nA training was interrupted, and can go on.\n"
                   ".SH SEE ALSO\n.B loomc docs\nprints the reference of the description format.\n");
}

/* ---- completions ------------------------------------------------------------------------------------------------- */

/* The place in a command's help, in a line of options, that names --`name`; NULL: it does not take it. */
static const char *find_option(const command *c, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = c->help; *p; p = next_line(p))
        for (const char *q = p; is_option_line(p) && *q && *q != '\n'; q++)
            if (q[0] == '-' && q[1] == '-' && strncmp(q + 2, name, n) == 0 && strchr(" ,)\n", q[2 + n]))
                return q;
    if (strcmp(name, "output") == 0 && strstr(c->help, "-o "))
        return c->help;
    return strcmp(name, "input") == 0 && strstr(c->help, "--input X") ? c->help : NULL;
}

/* Option number i of the table as this command takes it; false when it does not. */
static bool describe(session *s, const command *c, const struct option *o, described *d)
{
    const char *at = find_option(c, o->name);
    if (!at)
        return false;
    const char *line = at;
    while (line > c->help && line[-1] != '\n')
        line--;
    const char *doc = is_option_line(line) ? explanation(line) : "";
    const char *value = at + 2 + strlen(o->name);
    *d = (described){.name = o->name, .takes_value = o->has_arg == required_argument,
                     .words = o->has_arg == required_argument ? option_words(s, c, o->name) : NULL,
                     .doc = arena_strndup(&s->arena, doc, strcspn(doc, "\n"))};
    d->takes_path = d->takes_value && !d->words && (at == c->help || strncmp(value, " FILE", 5) == 0 || strncmp(value, " DIR", 4) == 0);
    return true;
}

/* "a|b" as "a b" */
static const char *spaced(session *s, const char *words)
{
    char *copy = arena_strdup(&s->arena, words);
    for (char *p = copy; *p; p++)
        if (*p == '|')
            *p = ' ';
    return copy;
}

/* Text within single quotes, without the characters that a shell's own quoting would read. */
static const char *plain(session *s, const char *doc)
{
    char *copy = arena_strdup(&s->arena, doc);
    for (char *p = copy; *p; p++)
        if (strchr("'[]:\\", *p))
            *p = *p == '[' ? '(' : *p == ']' ? ')' : ' ';
    return copy;
}

static void bash(session *s, text *t)
{
    text values = {.arena = &s->arena};
    text_printf(t, "# loomc for bash. Made by: loomc docs --completion bash\n_loomc() {\n"
                   "    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} options= values=\n"
                   "    COMPREPLY=()\n    case $COMP_CWORD:$command in\n    1:*) values=\"");
    for (int i = 0; i < n_commands; i++)
        text_printf(t, "%s ", commands[i].name);
    text_printf(t, "help --help --version\" ;;\n    2:help) values=\"");
    for (int i = 0; i < n_commands; i++)
        text_printf(t, "%s%s", i ? " " : "", commands[i].name);
    text_printf(t, "\" ;;\n");
    for (int i = 0; i < n_commands; i++) {
        described d;
        text_printf(t, "    *:%s) options=\"", commands[i].name);
        for (const struct option *o = long_options; o->name; o++)
            if (describe(s, &commands[i], o, &d)) {
                text_printf(t, "--%s ", d.name);
                if (d.takes_value)
                    text_printf(&values, "    %s:--%s) options= values=\"%s\" ;;\n", commands[i].name, d.name,
                                d.words ? spaced(s, d.words) : "");
            }
        text_printf(t, "--help\" ;;\n");
    }
    text_printf(t, "    esac\n    case $command:${COMP_WORDS[COMP_CWORD-1]} in\n%s    esac\n"
                   "    if [ -n \"$values\" ]; then\n        COMPREPLY=($(compgen -W \"$values\" -- \"$word\"))\n"
                   "    elif [[ $word == -* ]]; then\n        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n    fi\n}\n"
                   "complete -o default -F _loomc loomc\n", values.s);
}

static void zsh(session *s, text *t)
{
    text_printf(t, "#compdef loomc\n# loomc for zsh. Made by: loomc docs --completion zsh\n_loomc() {\n"
                   "    local -a commands\n    commands=(\n");
    for (int i = 0; i < n_commands; i++)
        text_printf(t, "        '%s:%s'\n", commands[i].name, plain(s, commands[i].line));
    text_printf(t, "        'help:tell more about a command'\n    )\n    if (( CURRENT == 2 )); then\n"
                   "        _describe command commands\n        return\n    fi\n"
                   "    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n"
                   "    case $command in\n    help) _describe command commands ;;\n");
    for (int i = 0; i < n_commands; i++) {
        described d;
        text_printf(t, "    %s) _arguments", commands[i].name);
        for (const struct option *o = long_options; o->name; o++)
            if (describe(s, &commands[i], o, &d)) {
                text_printf(t, " \\\n        '--%s[%s]", d.name, plain(s, d.doc));
                if (d.takes_value && d.words)
                    text_printf(t, ":%s:(%s)", d.name, spaced(s, d.words));
                else if (d.takes_value)
                    text_printf(t, ":%s:%s", d.name, d.takes_path ? "_files" : "");
                text_printf(t, "'");
            }
        text_printf(t, " \\\n        '*:network:_files' ;;\n");
    }
    text_printf(t, "    esac\n}\n_loomc \"$@\"\n");
}

static void fish(session *s, text *t)
{
    text_printf(t, "# loomc for fish. Made by: loomc docs --completion fish\ncomplete -c loomc -n __fish_use_subcommand -f\n"
                   "complete -c loomc -n __fish_use_subcommand -a help -d 'tell more about a command'\n");
    for (int i = 0; i < n_commands; i++) {
        described d;
        const char *name = commands[i].name;
        text_printf(t, "complete -c loomc -n __fish_use_subcommand -a %s -d '%s'\n", name, plain(s, commands[i].line));
        text_printf(t, "complete -c loomc -n '__fish_seen_subcommand_from help' -f -a %s\n", name);
        for (const struct option *o = long_options; o->name; o++)
            if (describe(s, &commands[i], o, &d)) {
                text_printf(t, "complete -c loomc -n '__fish_seen_subcommand_from %s' -l %s -d '%s'", name, d.name, plain(s, d.doc));
                if (d.words)
                    text_printf(t, " -x -a '%s'", spaced(s, d.words));
                else if (d.takes_value)
                    text_printf(t, d.takes_path ? " -r" : " -x");
                text_printf(t, "\n");
            }
    }
}

void completion_text(session *s, text *t, const char *shell)
{
    static const struct { const char *name; void (*make)(session *s, text *t); } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (int i = 0; i < COUNT(shells); i++)
        if (strcmp(shell, shells[i].name) == 0)
            shells[i].make(s, t);
}
