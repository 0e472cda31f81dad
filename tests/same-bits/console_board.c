/* console_board.c - on a board text goes through the debugger. */
#include "loom_board.h"
#include "program.h"

void print(const char *text) { loom_board_print(text); }
