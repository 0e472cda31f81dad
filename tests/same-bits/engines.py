"""How each kind of row of the table is built and run: rows.py has the rows.

A row's `run(context)` returns what the program printed, or raises Failure.
"""
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field

import browser
from failure import Failure

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RUNTIME = os.path.join(ROOT, "runtime")
PROGRAM = [os.path.join(HERE, name) for name in ("compiled.c", "program.c", "sha256.c")] + [os.path.join(RUNTIME, "loom.c")]


def command(what, words, **more):
    """Runs it; its standard output. Failure when it cannot, or says that it failed (a program that prints `error` lines
    is heard)."""
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=900, **more)
    except FileNotFoundError as error:
        raise Failure(f"{words[0]} is missing (tests/run installs what the rows need)") from error
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{what}: more than 900 seconds") from error
    if done.returncode and not done.stdout.startswith("error "):
        raise Failure(f"{what}: {shlex.join(words)[:400]} ...\nexit code {done.returncode}\n{(done.stderr or done.stdout)[-2000:]}")
    return done.stdout or done.stderr


@dataclass
class Context:
    """Files that the rows share: descriptions, and the C of all networks in `native`."""
    loomc: str
    libloom: str
    folder: str
    vocabulary: dict

    def description(self, name):
        return os.path.join(self.folder, "networks", name + ".json")

    def compile(self, folder, networks, *options):
        """The networks as C, with the list that compiled.c includes."""
        for name in networks:
            command(f"loomc compile {name}", [self.loomc, "compile", self.description(name), "--train", "--abi", "--standalone",
                                              "-o", folder, *options])
        with open(os.path.join(folder, "models.h"), "w", encoding="utf-8") as file:
            file.writelines(f'#include "{name}.h"\n' for name in networks)
            lines = (f"    X({name}, {name.upper()}, {self.vocabulary[name]}u)" for name in networks)
            file.write("#define MODELS(X) \\\n" + " \\\n".join(lines) + "\n")

    def own_folder(self, row):
        folder = os.path.join(self.folder, re.sub(r"\W+", "-", row.name))
        os.makedirs(folder, exist_ok=True)
        return folder


def sources(folder, networks, console):
    """The C files of a program: models, the part of the runtime that needs no library, and the program."""
    names = [os.path.basename(path) for path in os.listdir(folder) if path.endswith(".c")]
    models = [name for name in sorted(names) if any(name == n + ".c" or name.startswith(n + "_") for n in networks)]
    extra = [name for name in ("loom_memory.c", "loom_board.c") if name in names]
    return [os.path.join(folder, name) for name in models + extra] + PROGRAM + [os.path.join(HERE, console)]


@dataclass
class Row:
    name: str
    networks: tuple
    fast: bool = False
    broken: bool = False


@dataclass
class Interpreter(Row):
    """libloom, which makes networks from their JSON."""

    def run(self, context):
        folder = context.own_folder(self)
        program = os.path.join(folder, "interpreted")
        files = [os.path.join(HERE, name) for name in ("interpreted.c", "program.c", "sha256.c", "console_host.c")]
        command("the interpreter", ["gcc", "-O1", "-I", RUNTIME, *files, context.libloom, "-o", program])
        words = [word for name in self.networks for word in (context.description(name), str(context.vocabulary[name]))]
        return command("the interpreter", [program, *words], env={**os.environ, "LD_LIBRARY_PATH": os.path.dirname(context.libloom)})


@dataclass
class Native(Row):
    """A compiler, its flags, and what runs the program."""
    cc: str = "gcc"
    flags: str = ""
    runner: tuple = ()
    environment: dict = field(default_factory=dict)
    options: tuple = ()  # of loomc compile, if it must be called anew
    change: object = None  # function(folder): spoils a copy of the C

    def source_folder(self, context):
        if not self.options and not self.change:
            return os.path.join(context.folder, "native")
        folder = os.path.join(context.own_folder(self), "c")
        context.compile(folder, self.networks, *self.options)
        if self.change:
            self.change(folder)
        return folder

    def run(self, context):
        source = self.source_folder(context)
        program = os.path.join(context.own_folder(self), "program.exe")
        command(self.name, [self.cc, *self.flags.split(), "-I", source, *sources(source, self.networks, "console_host.c"), "-o", program])
        environment = {key: value.replace("@", context.own_folder(self)) for key, value in self.environment.items()}
        return command(self.name, [*self.runner, program], env={**os.environ, **environment})


@dataclass
class Board(Row):
    """A microcontroller, on the board that QEMU models."""
    cpu: str = ""
    level: str = "-Os"

    def run(self, context):
        folder = os.path.join(context.own_folder(self), "c")
        context.compile(folder, self.networks, "--cpu", self.cpu, "--board")
        build, emulate = self.commands(folder)
        program = os.path.join(folder, "firmware")
        before, after = build.split(" *.c ")
        files = sources(folder, self.networks, "console_board.c")
        words = before.replace(" -Os ", f" {self.level} ").split() + ["-I", folder, *files] + after.split()
        words[words.index("loom_board.ld")] = os.path.join(folder, "loom_board.ld")
        words[words.index("firmware")] = program
        command(self.name, words)
        return command(self.name, [*emulate.split()[:-1], program])

    @staticmethod
    def commands(folder):
        """The two lines that the head of loom_board.c tells: build, run."""
        with open(os.path.join(folder, "loom_board.c"), encoding="utf-8") as file:
            lines = re.findall(r"^ \*     (.*)$", file.read(), re.M)
        if len(lines) != 2:
            raise Failure(f"loom_board.c names {len(lines)} commands, expected one that builds and one that runs")
        return lines


@dataclass
class Wasm(Row):
    """WebAssembly modules through the JavaScript that comes with them; in Node, or in the browser `browser`."""
    simd: bool = True
    browser: str = ""

    def run(self, context):
        folder = os.path.join(context.folder, "wasm")
        words = [str(self.simd).lower(), *(f"{name}:{context.vocabulary[name]}" for name in self.networks)]
        if self.browser:
            return browser.run(self.browser, folder, context.own_folder(self), words)
        return command(self.name, ["node", os.path.join(folder, "same_bits.mjs"), folder, *words])


def make_wasm(context, networks):
    """Modules with and without SIMD, for the rows that run them."""
    folder = os.path.join(context.folder, "wasm")
    for name in networks:
        command(f"loomc compile {name} to WebAssembly", [context.loomc, "compile", context.description(name), "--train", "--abi",
                                                         "--target", "wasm", "-o", folder])
    shutil.copy(os.path.join(HERE, "same_bits.mjs"), folder)
