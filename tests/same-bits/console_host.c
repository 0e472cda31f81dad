/* console_host.c - text goes to the standard output. */
#include <stdio.h>

#include "program.h"

void print(const char *text) { fputs(text, stdout); }
