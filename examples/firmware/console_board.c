/* The console of a board: text goes through the debugger. Put a UART here on hardware of your own. */
#include "console.h"
#include "loom_board.h"

void print(const char *text) { loom_board_print(text); }
void print_number(uint32_t n) { loom_board_print_number(n); }
