/* What the firmware needs of a console: console_board.c or console_host.c. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdint.h>

void print(const char *text);
void print_number(uint32_t n);

#endif
