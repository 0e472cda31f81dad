"""From a description to a compiled network, with loomc and a C compiler."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path


from . import _native
from ._errors import CompileError
from ._native import PathType
from ._model import Description, read
from ._network import CompiledNetwork, Network

FAST = "-O3 -march=native"
ALWAYS = ["-std=c99", "-fPIC", "-shared"]


def compile(description: Description | Network, *, precision: str | None = None, weights: PathType | Network | None = None,
            train: bool = False, cc: str | None = None, cflags: str | None = None, options: list[str] | None = None,
            cache: PathType | None = None) -> CompiledNetwork:
    """Compiles a network to C, builds that as a shared library, and loads it.

    :param description: as for :class:`Network`; or a network, whose weights are taken too.
    :param precision: of the arithmetic, loomc's ``--precision``: ``"f32"``, ``"f64"``, ``"i8"``, ``"i16"``, ``"i32"``; None: what the
        description says. Networks of integers take and give float32, unless their description says otherwise, and do not train.
    :param weights: a bundle or ``.loom`` file, or a network, with the weights; None: those of the description, or from its seed.
    :param train: compile the training too.
    :param cc: the C compiler; None: ``$CC``, else ``cc``.
    :param cflags: its flags; None: ``-O3 -march=native``, and where the compiler does not know the machine ``-O2``.
    :param options: more options for ``loomc compile``.
    :param cache: a folder that keeps libraries: the same network, options and compiler are not built again. None: a temporary
        folder, which is gone when this returns.
    :raises CompileError: what loomc or the C compiler said.
    """
    if isinstance(description, Network):
        weights = description if weights is None else weights
        description = dict(description.info.description)
    with tempfile.TemporaryDirectory(prefix="loom-") as scratch:
        net, wanted = _source(description, Path(scratch)), ["--abi", "--standalone"]
        wanted += ["--train"] if train else []
        wanted += ["--precision", precision] if precision else []
        wanted += list(options or [])
        if weights is not None:
            wanted += ["--weights", _weights(weights, Path(scratch))]
        compiler = shlex.split(cc or os.environ.get("CC") or "cc")
        tries = [cflags] if cflags is not None else [FAST, "-O2"]
        if cache is None:
            return CompiledNetwork(_build(net, wanted, compiler, tries, Path(scratch)))
        return CompiledNetwork(_cached(net, wanted, compiler, tries, Path(scratch), Path(cache)))


def _source(description: Description, scratch: Path) -> Path:
    """A file that loomc can read; messages name it."""
    if isinstance(description, (str, os.PathLike)) and not str(description).lstrip().startswith("{"):
        path = Path(description)
        if not path.exists():
            raise FileNotFoundError(2, "no such file", str(path))
        return path
    text = read(description)[0]
    path = scratch / "description.json"
    path.write_bytes(text)
    return path


def _weights(weights: PathType | Network, scratch: Path) -> str:
    if not isinstance(weights, Network):
        return os.fspath(weights)
    path = scratch / "weights.loom"
    weights.save(path)
    return str(path)


def _run(command: list[str], what: str) -> None:
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    except OSError as e:
        raise CompileError(f"{what} '{command[0]}' cannot be run: {e.strerror}") from None
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode == 0:
        return
    found = re.search(r"^(?:.*?:(\d+):(\d+): )?(?:loomc: )?(?:fatal )?error: (.*)$", text, re.M)
    if not found:
        raise CompileError(f"{what} ended with code {done.returncode}: {text.strip()[:500]}", text)
    raise CompileError(found.group(3), text, line=int(found.group(1) or 0), column=int(found.group(2) or 0))


def _build(net: Path, options: list[str], compiler: list[str], tries: list[str], scratch: Path) -> Path:
    """lib<id>.so in the scratch folder."""
    folder = scratch / "c"
    _run([_native.loomc(), "compile", str(net), "-o", str(folder), *options], "the compiler of networks")
    name = next(folder.glob("*_model.c")).name[: -len("_model.c")]
    library = scratch / _native.names(name)[0]
    sources = sorted(str(c) for c in folder.glob("*.c"))
    for i, flags in enumerate(tries):
        try:
            _run([*compiler, *ALWAYS, *shlex.split(flags), "-I", str(folder), *sources, "-o", str(library), "-lpthread"], "the C compiler")
            break
        except CompileError:
            if i + 1 == len(tries):
                raise
    return library


def _cached(net: Path, options: list[str], compiler: list[str], tries: list[str], scratch: Path, cache: Path) -> Path:
    """The library of that key; built beside, then renamed, so that several processes may share the folder."""
    key = hashlib.sha256()
    contents = [o if i == 0 or options[i - 1] != "--weights" else Path(o).read_bytes().hex() for i, o in enumerate(options)]
    for part in (net.read_bytes().hex(), json.dumps(contents), json.dumps(tries), _version([_native.loomc()]), _version(compiler)):
        key.update(part.encode() + b"\0")
    folder = cache / key.hexdigest()[:32]
    found = list(folder.glob("lib*")) if folder.is_dir() else []
    if found:
        return found[0]
    built = _build(net, options, compiler, tries, scratch)
    cache.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix="part-", dir=cache))
    try:
        shutil.copy(built, beside / built.name)
        beside.rename(folder)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
        if not (folder / built.name).exists():  # else another process was faster
            raise
    return folder / built.name


def _version(command: list[str]) -> str:
    """Which program it is: what it says of itself, its place, size and time."""
    path = shutil.which(command[0])
    if path is None:
        raise CompileError(f"'{command[0]}' was not found")
    done = subprocess.run([*command, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    s = os.stat(path)
    return f"{command} {done.stdout!r} {s.st_size} {s.st_mtime_ns}"


