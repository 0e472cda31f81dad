/* The console when the same program runs on a computer. */
#include "console.h"

#include <stdio.h>

void print(const char *text) { fputs(text, stderr); }
void print_number(uint32_t n) { fprintf(stderr, "%lu", (unsigned long)n); }
