/* loom_board.c - start-up and semihosting for $(target.cpu) on QEMU's $(target.machine): see loom_board.h.
 *
 *     $(target.cc) -std=c99 -Os $(target.flags) *.c $(target.link) -o firmware
 *     $(target.run) firmware
 */
#include "loom_board.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns") /* which would call strlen here */
#endif

extern uint32_t loom_data_from[], loom_data[], loom_data_end[], loom_bss[], loom_bss_end[], loom_stack_end[];
void loom_board_reset(void);
void loom_board_start(void);
void loom_board_fault(void);

#define UNUSED_STACK 0xa5a5a5a5u

//@ if target.family == "arm" then
/* The table that the processor starts from: stack, reset, and faults. */
__asm__(".section .vectors, \"a\"\n"
        "    .word loom_stack_end, loom_board_reset\n"
        "    .rept 14\n"
        "    .word loom_board_fault\n"
        "    .endr\n"
        ".text\n");

/* Floating point is switched on (CPACR) before the compiler can use it. */
__asm__(".syntax unified\n"
        ".thumb\n"
        ".section .text.reset, \"ax\"\n"
        ".global loom_board_reset\n"
        ".thumb_func\n"
        ".type loom_board_reset, %function\n"
        "loom_board_reset:\n"
//@ if target.flags:find("hard", 1, true) then
        "    ldr r0, =0xe000ed88\n"
        "    ldr r1, [r0]\n"
        "    ldr r2, =0x00f00000\n"
        "    orrs r1, r2\n"
        "    str r1, [r0]\n"
        "    dsb\n"
        "    isb\n"
//@ end
        "    bl loom_board_start\n"
        "    .ltorg\n"
        ".text\n");

static int host(int operation, const void *block)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}
//@ else
__asm__(".section .text.reset, \"ax\"\n"
        ".global loom_board_reset\n"
        "loom_board_reset:\n"
        "    la sp, loom_stack_end\n"
//@ if target.flags:find("imafc", 1, true) then
        "    .option push\n"
        "    .option arch, +zicsr\n"
        "    li t0, 0x2000\n"
        "    csrs mstatus, t0\n" /* floating point is on */
        "    csrw fcsr, zero\n"
        "    .option pop\n"
//@ end
        "    .option push\n"
        "    .option arch, +zicsr\n"
        "    la t0, loom_trap\n"
        "    csrw mtvec, t0\n"
        "    .option pop\n"
        "    call loom_board_start\n"
        ".section .text.trap, \"ax\"\n"
        "    .balign 4\n"
        "loom_trap:\n"
        "    call loom_board_fault\n"
        /* int loom_host(int operation, const void *block) */
        ".section .text.host, \"ax\"\n"
        "    .option push\n"
        "    .option norvc\n"
        "    .option norelax\n"
        "    .balign 16\n"
        ".global loom_host\n"
        "loom_host:\n"
        "    slli x0, x0, 0x1f\n"
        "    ebreak\n"
        "    srai x0, x0, 7\n"
        "    ret\n"
        "    .option pop\n"
        ".text\n");

int loom_host(int operation, const void *block);
static int host(int operation, const void *block) { return loom_host(operation, block); }
//@ end

enum { SYS_OPEN = 1, SYS_CLOSE = 2, SYS_WRITE0 = 4, SYS_WRITE = 5, SYS_READ = 6, SYS_EXIT_EXTENDED = 0x20 };

void loom_board_start(void)
{
    for (uint32_t *to = loom_data, *from = loom_data_from; to < loom_data_end;)
        *to++ = *from++;
    for (uint32_t *p = loom_bss; p < loom_bss_end;)
        *p++ = 0;
    loom_board_paint();
    loom_board_exit(main());
}

/* What is left of RAM is stack: painted, it shows how far it was used. */
__attribute__((noinline)) void loom_board_paint(void)
{
    volatile uint32_t here = 0;
    const uintptr_t to = (uintptr_t)&here - 64; /* below what this function uses itself */
    for (volatile uint32_t *p = loom_bss_end; (uintptr_t)p < to; p++)
        *p = UNUSED_STACK;
}

__attribute__((noinline)) uint32_t loom_board_depth(void)
{
    volatile uint32_t here = 0;
    return (uint32_t)((uintptr_t)loom_stack_end - (uintptr_t)&here);
}

uint32_t loom_board_stack(void)
{
    const volatile uint32_t *p = loom_bss_end;
    while (p < loom_stack_end && *p == UNUSED_STACK)
        p++;
    return (uint32_t)((uintptr_t)loom_stack_end - (uintptr_t)p);
}

void loom_board_fault(void)
{
    loom_board_print("fault\n");
    loom_board_exit(98);
}

void loom_board_print(const char *text) { host(SYS_WRITE0, text); }

void loom_board_print_number(uint32_t n)
{
    char text[11], *p = text + 10;
    *p = 0;
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    loom_board_print(p);
}

int loom_board_open(const char *name, int write)
{
    uint32_t length = 0;
    while (name[length])
        length++;
    const uintptr_t block[3] = {(uintptr_t)name, write ? 5u : 1u, length}; /* "wb", "rb" */
    return host(SYS_OPEN, block);
}

int loom_board_read(int handle, void *to, int n)
{
    const uintptr_t block[3] = {(uintptr_t)handle, (uintptr_t)to, (uintptr_t)n};
    return n - host(SYS_READ, block);
}

int loom_board_write(int handle, const void *from, int n)
{
    const uintptr_t block[3] = {(uintptr_t)handle, (uintptr_t)from, (uintptr_t)n};
    return host(SYS_WRITE, block);
}

int loom_board_close(int handle)
{
    const uintptr_t block[1] = {(uintptr_t)handle};
    return host(SYS_CLOSE, block);
}

void loom_board_exit(int code)
{
    const uintptr_t block[2] = {0x20026, (uintptr_t)code}; /* the program ended */
    for (;;)
        host(SYS_EXIT_EXTENDED, block);
}
