/* loom_board.h - start-up and a way to talk to the host, for $(target.cpu) on QEMU's $(target.machine).
 *
 * loom_board.c calls main() when memory is ready. The rest goes through semihosting, which emulators and debuggers
 * understand: on a board of its own, replace it with a UART or leave it out. */
#ifndef LOOM_BOARD_H
#define LOOM_BOARD_H

#include <stddef.h>
#include <stdint.h>

void loom_board_print(const char *text);
void loom_board_print_number(uint32_t n); /* decimal */

/* Files of the host: a handle, or -1. `write` makes the file anew. */
int loom_board_open(const char *name, int write);
int loom_board_read(int handle, void *to, int n);          /* bytes read */
int loom_board_write(int handle, const void *from, int n); /* bytes not written */
int loom_board_close(int handle);                          /* 0 */

/* Stack in bytes: the most that was used since main was called or the rest was painted, and what is in use now. */
uint32_t loom_board_stack(void);
uint32_t loom_board_depth(void);
void loom_board_paint(void);

void loom_board_exit(int code); /* of the emulator */

int main(void);

#endif
