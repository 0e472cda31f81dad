/* loom_board.ld - where a program lies for $(target.cpu) on QEMU's $(target.machine). */
MEMORY
{
    FLASH (rx) : ORIGIN = $(("0x%08x"):format(target.flash)), LENGTH = $(target.flash_size)
    RAM (rwx) : ORIGIN = $(("0x%08x"):format(target.ram)), LENGTH = $(target.ram_size)
}
ENTRY(loom_board_reset)
SECTIONS
{
    .text : { KEEP(*(.vectors)) *(.text.reset) *(.text .text.* .rodata .rodata.*) . = ALIGN(8); } > FLASH
    .ARM.exidx : { *(.ARM.exidx*) } > FLASH
    .data : { loom_data = .; *(.data .data.* .sdata .sdata.*) . = ALIGN(8); loom_data_end = .; } > RAM AT > FLASH
    loom_data_from = LOADADDR(.data);
    .bss (NOLOAD) : { loom_bss = .; *(.bss .bss.* .sbss .sbss.* COMMON) . = ALIGN(8); loom_bss_end = .; } > RAM
    loom_stack_end = ORIGIN(RAM) + LENGTH(RAM);
    ASSERT(loom_bss_end + 2048 <= loom_stack_end, "less than 2 KB of RAM are left for the stack")
    /DISCARD/ : { *(.comment) *(.eh_frame*) *(.note*) }
}
