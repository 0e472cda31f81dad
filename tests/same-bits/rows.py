"""The rows of the table and the networks of each: what is compared, nothing of how (engines.py)."""
import glob
import json
import os
import re

from engines import HERE, ROOT, Board, Context, Interpreter, Native, Wasm, make_wasm
from failure import Failure

# Networks of tests/networks, and how each is trained. Together they have every type of layer and optimiser.
NETWORKS = {
    "dense_odd_sizes": {"optimizer": "sgd", "learning_rate": 0.01},
    "dropout_between": {"optimizer": "adam", "learning_rate": 0.01, "loss": "huber"},
    "global_max_pool": {"optimizer": "momentum", "learning_rate": 0.02},
    "gru_both_ends": {"optimizer": "nesterov", "learning_rate": 0.05, "loss": "cross_entropy"},
    "lstm_after_conv1d": {"optimizer": "rmsprop", "learning_rate": 0.005, "clip_norm": 1},
    "nested_experts": {"optimizer": "adamw", "learning_rate": 0.01, "schedule": "cosine", "schedule_steps": 50},
    "reshape_chain": {"optimizer": "sgd", "learning_rate": 0.02, "loss": "mae"},
    "batch_norm_after_conv2d": {"optimizer": "adam", "learning_rate": 0.01},
    "lenet": {"optimizer": "adamw", "learning_rate": 0.002},
    "pool_between_convs": {"optimizer": "momentum", "learning_rate": 0.01},
    "embedding_transformer": {"optimizer": "adamw", "learning_rate": 0.005, "loss": "cross_entropy_logits"},
    "embedding_encoder_batch2": {"optimizer": "rmsprop", "learning_rate": 0.002},
    "mixed_everything_small": {"optimizer": "adam", "learning_rate": 0.005},
}
EVERY = tuple(NETWORKS)
SMALL = EVERY[:5]  # what 16 KB of RAM hold, with the stack

QEMU = "qemu-{}-static"


def spoil(pattern, replacement, *files):
    """A function that changes files of a folder, and insists that there is something to change."""
    def change(folder):
        changed = 0
        for path in sorted(p for name in files for p in glob.glob(os.path.join(folder, name))):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            text, n = re.subn(pattern, replacement, text)
            changed += n
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        if not changed:
            raise Failure(f"{' '.join(files)}: nothing matches {pattern}, so nothing was broken")
    return change


def native(name, cc, flags, *runner, fast=False, networks=EVERY, **more):
    return Native(name, networks, cc=cc, flags=flags, runner=runner, fast=fast, **more)


def emulated(machine, triple, emulator, flags="-O2", options=()):
    return native(machine, triple + "-gcc", f"-static {flags}", QEMU.format(emulator), *options)


def scalable(bits):
    """One row for each length of the vectors of SVE, which gcc makes of plain C."""
    return emulated(f"AArch64 SVE, {bits} bits, QEMU", "aarch64-linux-gnu", "aarch64", "-O3 -march=armv8.2-a+sve -DLOOM_LANES=1",
                    ("-cpu", f"max,sve-default-vector-length={bits // 8}"))


def board(title, cpu, networks=EVERY, level="-Os"):
    return Board(f"{title}, QEMU board", networks, cpu=cpu, level=level)


WINE = {"WINEPREFIX": "@/prefix", "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml="}

ROWS = [
    Interpreter("interpreter", EVERY, fast=True),
    native("x86-64, gcc -O0", "gcc", "-O0", fast=True),
    native("x86-64, gcc -O3 -march=native", "gcc", "-O3 -march=native", fast=True),
    native("x86-64, clang -O0", "clang", "-O0", fast=True),
    native("x86-64, clang -O3 -march=native", "clang", "-O3 -march=native", fast=True),
    native("x86-64, tcc", "tcc", "", fast=True),
    native("x86-64, gcc -O2 (SSE2)", "gcc", "-O2", fast=True),
    native("x86-64, clang -O2 -mavx2", "clang", "-O2 -mavx2"),
    native("x86-64, gcc -O2, no vectors", "gcc", "-O2 -DLOOM_LANES=1"),
    native("x86-64, musl, gcc -O2", "musl-gcc", "-O2 -static"),
    native("i686, gcc -O2", "i686-linux-gnu-gcc", "-O2 -static -msse2 -mfpmath=sse"),
    Wasm("WebAssembly SIMD, Node", EVERY, fast=True),
    Wasm("WebAssembly, Node", EVERY, fast=True, simd=False),
    Wasm("WebAssembly SIMD, Chromium", EVERY, browser="chromium"),
    Wasm("WebAssembly, Chromium", EVERY, browser="chromium", simd=False),
    Wasm("WebAssembly SIMD, Firefox", EVERY, browser="firefox-esr"),
    Wasm("WebAssembly, Firefox", EVERY, browser="firefox-esr", simd=False),
    emulated("AArch64, QEMU", "aarch64-linux-gnu", "aarch64"),
    *map(scalable, (128, 256, 512)),
    emulated("ARMv7 NEON, QEMU", "arm-linux-gnueabihf", "arm", "-O2 -mfpu=neon"),
    emulated("RISC-V 64, QEMU", "riscv64-linux-gnu", "riscv64"),
    emulated("s390x (big-endian), QEMU", "s390x-linux-gnu", "s390x", "-O2 -fexcess-precision=fast"),
    emulated("PowerPC 64 (big-endian), QEMU", "powerpc64-linux-gnu", "ppc64"),
    native("Windows x86-64, mingw, Wine", "x86_64-w64-mingw32-gcc", "-O2 -static", "wine", environment=WINE),
    board("Cortex-M0", "cortex-m0", SMALL),
    board("Cortex-M3", "cortex-m3"),
    board("Cortex-M4F", "cortex-m4", level="-O2"),
    board("Cortex-M7", "cortex-m7"),
    board("Cortex-M33", "cortex-m33"),
    board("Cortex-M55", "cortex-m55"),
    board("RISC-V 32, no FPU", "rv32imac"),
    board("RISC-V 32, FPU", "rv32imafc", level="-O2"),
    native("broken: fused multiply-add", "gcc", "-O2 -ffp-contract=fast -mfma -mavx2", fast=True, broken=True, networks=SMALL,
           change=spoil(r"#pragma (GCC optimize\(\"fp-contract=off\"\)|STDC FP_CONTRACT OFF)", "", "*.h", "*.c")),
    native("broken: a sum in another order", "gcc", "-O2", fast=True, broken=True, networks=SMALL,
           change=spoil(r"#define LOOM_JOIN8\(s\) .*", r"#define LOOM_JOIN8(s) (((((((s)[0] + (s)[1]) + (s)[2]) + (s)[3]) + (s)[4]) + (s)[5]) + (s)[6] + (s)[7])",
                        "loom_rt.h")),
]


def description(name):
    """A network of the corpus with its training, and the vocabulary of its inputs (0: none)."""
    with open(os.path.join(ROOT, "tests", "networks", name + ".json"), encoding="utf-8") as file:
        network = json.load(file)
    first = network["layers"][0]
    return {**network, "training": NETWORKS[name]}, first["vocab_size"] if first["type"] == "embedding" else 0


def layer_types(node):
    """All layer types in a description, however deep."""
    if isinstance(node, list):
        return set().union(*map(layer_types, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    own = {node["type"]} if isinstance(node.get("type"), str) else set()
    return own.union(*map(layer_types, node.values()))


def check_coverage(found):
    """Every file of compiler/layers is the layer of some network."""
    every = {os.path.basename(path)[:-2] for path in glob.glob(os.path.join(ROOT, "compiler", "layers", "*.c"))}
    if every - found:
        raise Failure(f"{HERE}/rows.py: no network has the layers {', '.join(sorted(every - found))}: add one to NETWORKS")


def prepare(loomc, libloom, folder, rows):
    """Descriptions, and what several rows share."""
    context = Context(loomc, libloom, folder, {})
    found = set()
    os.mkdir(os.path.join(folder, "networks"))
    for name in EVERY:
        network, context.vocabulary[name] = description(name)
        found |= layer_types(network["layers"])
        with open(context.description(name), "w", encoding="utf-8") as file:
            json.dump(network, file)
    check_coverage(found)
    context.compile(os.path.join(folder, "native"), EVERY)
    if any(isinstance(row, Wasm) for row in rows):
        make_wasm(context, EVERY)
    return context
