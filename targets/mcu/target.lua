-- mcu: C for microcontrollers. No vectors, no padding of weights or arrays, no C library.
--
-- cpus: what each processor is built with, the tile that its registers hold, and the board that QEMU models, on which
-- `loomc verify` runs the result.
local arm = "qemu-system-arm -M %s -nographic -monitor none -serial none -semihosting-config enable=on,target=native -kernel"
local riscv = "qemu-system-riscv32 -M virt -bios none -nographic -monitor none -serial none -semihosting-config enable=on,target=native -kernel"

-- Accumulators in a tile, and its rows. Without floating-point registers each operation is a call, beside which loads and
-- loops are nothing: single accumulators are 1 % slower than four, and half the code.
local soft = {f32 = {tile = 1, rows = 1}, f64 = {tile = 1, rows = 1}}
local single = {f32 = {tile = 16, rows = 4}, f64 = {tile = 1, rows = 1}} -- 32 registers of 32 bits
local double = {f32 = {tile = 16, rows = 4}, f64 = {tile = 8, rows = 4}} -- which are 16 of 64 bits too

-- A processor on a board: where flash and RAM lie, and how large they are.
local function cortex(flags, tile, machine, flash, flash_size, ram, ram_size)
    return {family = "arm", packages = "gcc-arm-none-eabi qemu-system-arm", cc = "arm-none-eabi-gcc", flags = "-ffreestanding -mthumb " .. flags, tile = tile, machine = machine,
            flash = flash, flash_size = flash_size, ram = ram, ram_size = ram_size, run = arm:format(machine)}
end

local function rv32(march, abi, tile)
    return {family = "riscv", packages = "gcc-riscv64-unknown-elf qemu-system-misc", cc = "riscv64-unknown-elf-gcc", flags = ("-ffreestanding -march=%s -mabi=%s"):format(march, abi), tile = tile,
            machine = "virt", flash = 0x80000000, flash_size = 8 << 20, ram = 0x80800000, ram_size = 8 << 20, run = riscv}
end

-- What is written besides, and with which option.
local files = {
    {name = "loom_memory.c", template = "memory.c.lua"},
    {name = "loom_board.h", template = "board.h.lua", when = "board"},
    {name = "loom_board.c", template = "board.c.lua", when = "board"},
    {name = "loom_board.ld", template = "board.ld.lua", when = "board"},
    {name = "loom_measure.c", template = "measure.c.lua", when = "measure"},
    {name = "count.plugin", template = "count.c.lua", when = "measure"},
    {name = "measure.sh", template = "measure.sh.lua", when = "measure"},
}

return {
    name = "mcu",
    doc = "microcontrollers: Cortex-M and 32-bit RISC-V, freestanding C",
    panel_bytes = 1, -- a panel is one column
    pointer = 4,
    align = 8, -- of 64-bit numbers
    link = "-nostdlib -T loom_board.ld -lgcc",
    compile = {files = files},
    verify = {files = files},
    cpus = {
        ["cortex-m0"] = cortex("-mcpu=cortex-m0", soft, "microbit", 0, 256 << 10, 0x20000000, 16 << 10),
        ["cortex-m0plus"] = cortex("-mcpu=cortex-m0plus", soft, "microbit", 0, 256 << 10, 0x20000000, 16 << 10),
        ["cortex-m3"] = cortex("-mcpu=cortex-m3", soft, "mps2-an385", 0, 4 << 20, 0x20000000, 4 << 20),
        ["cortex-m4"] = cortex("-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16", single, "mps2-an386", 0, 4 << 20, 0x20000000, 4 << 20),
        ["cortex-m7"] = cortex("-mcpu=cortex-m7 -mfloat-abi=hard -mfpu=fpv5-d16", double, "mps2-an500", 0, 4 << 20, 0x20000000, 4 << 20),
        ["cortex-m33"] = cortex("-mcpu=cortex-m33 -mfloat-abi=hard", single, "mps2-an505", 0x10000000, 4 << 20, 0x38000000, 4 << 20),
        -- Its vectors flush subnormal floats to zero, so they take no floats here.
        ["cortex-m55"] = cortex("-mcpu=cortex-m55+nomve.fp -mfloat-abi=hard", double, "mps3-an547", 0, 512 << 10, 0x20000000, 512 << 10),
        rv32imac = rv32("rv32imac", "ilp32", soft),
        rv32imafc = rv32("rv32imafc", "ilp32f", single),
    },
}
