/* cli.h - the tables of the command line (main.c), from which its manual and the shells' completions are made (manual.c). */
#ifndef LOOMC_CLI_H
#define LOOMC_CLI_H

#include "loomc.h"

#include <getopt.h>

typedef struct command {
    const char *name;
    int (*run)(session *s);
    const char *line, *help; /* help: a line "usage: ...", then text; options stand in lines that start with "  -" */
} command;

extern const command commands[];
extern const int n_commands;
extern const struct option long_options[];

/* The words that an option takes with this command, "a|b|c"; NULL: anything. */
const char *option_words(session *s, const command *c, const char *option);

/* loomc docs --man, --completion SHELL */
void manual_text(text *t);
void completion_text(session *s, text *t, const char *shell);
#define SHELLS "bash|zsh|fish"

#endif
