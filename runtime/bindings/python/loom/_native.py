"""loom.h through ctypes: libraries, the functions in them, and where they are found."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Union

from . import _errors
from ._errors import Error, InvalidError

PathType = Union[str, "os.PathLike[str]"]

ABI = 1
P, SIZE, INT, STR, REAL, U64 = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_char_p, ctypes.c_double, ctypes.c_uint64


class ErrorRecord(ctypes.Structure):
    """loom_error"""

    _fields_ = [("status", INT), ("line", INT), ("column", INT), ("where", ctypes.c_char * 200), ("message", ctypes.c_char * 600)]

    def fail(self) -> None:
        text, where = (t.decode("utf-8", "replace") for t in (self.message, self.where))
        _errors.fail(self.status, text, where, self.line, self.column)


class Options(ctypes.Structure):
    """loom_options"""

    _fields_ = [("type", INT), ("train", INT), ("id", STR), ("loss", STR), ("clip_norm", REAL), ("name", STR)]


class SaveOptions(ctypes.Structure):
    """loom_save_options"""

    _fields_ = [("type", INT), ("scales", INT), ("training", INT), ("description", INT)]


class Schedule(ctypes.Structure):
    """loom_schedule"""

    _fields_ = [("kind", INT), ("rate", REAL), ("end", REAL), ("factor", REAL), ("power", REAL), ("steps", REAL), ("warmup", REAL)]


class Progress(ctypes.Structure):
    """loom_progress"""

    _fields_ = [("calls", U64), ("batches", U64), ("steps", U64), ("pending", U64), ("schedule", Schedule)]


class File(ctypes.Structure):
    """loom_file"""

    _fields_ = [("type", INT), ("training", INT), ("progress", Progress), ("n_tensors", SIZE), ("id", P), ("description", P),
                ("id_size", SIZE), ("description_size", SIZE), ("bytes", P), ("first", SIZE), ("last", SIZE)]


class MetricsRecord(ctypes.Structure):
    """loom_metrics"""

    _fields_ = [("samples", SIZE), ("bucket", SIZE * 7), ("score", REAL), ("deviation", REAL), ("score_sum", REAL),
                ("deviation_sum", REAL)]


TELL = ctypes.CFUNCTYPE(INT, P, U64, REAL)


class FitOptions(ctypes.Structure):
    """loom_fit_options"""

    _fields_ = [("epochs", U64), ("first_epoch", U64), ("learning_rate", REAL), ("shuffle", INT), ("seed", U64), ("progress", TELL),
                ("context", P)]


_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "loom_abi": (ctypes.c_uint32, []),
    "loom_status_text": (STR, [INT]),
    "loom_model_id": (STR, [P]),
    "loom_model_description": (STR, [P]),
    "loom_model_type": (INT, [P]),
    "loom_model_batch": (SIZE, [P]),
    "loom_input_rank": (INT, [P]),
    "loom_output_rank": (INT, [P]),
    "loom_input_dim": (SIZE, [P, INT]),
    "loom_output_dim": (SIZE, [P, INT]),
    "loom_can_train": (INT, [P]),
    "loom_can_backward": (INT, [P]),
    "loom_model_from_json": (INT, [STR, SIZE, P, P, P]),
    "loom_model_free": (None, [P]),
    "loom_instance_new": (INT, [P, P]),
    "loom_instance_free": (None, [P, P]),
    "loom_reset": (INT, [P, P]),
    "loom_forward": (INT, [P, P, P, SIZE, P, SIZE]),
    "loom_train": (INT, [P, P, P, P, SIZE, P]),
    "loom_backward": (INT, [P, P, P, P, P]),
    "loom_update": (INT, [P, P]),
    "loom_clear": (INT, [P, P]),
    "loom_fit": (INT, [P, P, P, P, SIZE, P, P]),
    "loom_learning_rate": (INT, [P, P, P]),
    "loom_steps": (INT, [P, P, P]),
    "loom_set_learning_rate": (INT, [P, P, REAL]),
    "loom_get_schedule": (INT, [P, P, P]),
    "loom_set_schedule": (INT, [P, P, P]),
    "loom_tensor_count": (INT, [P]),
    "loom_tensor_name": (STR, [P, INT]),
    "loom_tensor_layer": (STR, [P, INT]),
    "loom_tensor_role": (INT, [P, INT]),
    "loom_tensor_rank": (INT, [P, INT]),
    "loom_tensor_dim": (SIZE, [P, INT, INT]),
    "loom_tensor_size": (SIZE, [P, INT]),
    "loom_tensor_data": (P, [P, P, INT]),
    "loom_save": (INT, [P, P, P, P, SIZE, P]),
    "loom_load": (INT, [P, P, P, SIZE]),
    "loom_load_problem": (STR, [P, P, P, SIZE]),
    "loom_file_open": (INT, [P, SIZE, P]),
    "loom_bundle_save": (P, [P, P, STR, P]),
    "loom_bundle_load": (INT, [P, P, STR, SIZE, STR, P]),
    "loom_metrics_add": (None, [P, REAL, REAL]),
    "loom_prediction": (REAL, [INT, P, SIZE]),
    "loom_evaluate": (INT, [P, P, P, P, SIZE, P, P]),
    "FreeLoomString": (None, [P]),
}


class Library:
    """A shared library that exports loom.h: its functions are attributes, without the ``loom_``."""

    def __init__(self, path: PathType) -> None:
        self.path = os.fspath(path)
        try:
            self.dll = ctypes.CDLL(self.path)
        except OSError as e:
            raise InvalidError(f"{self.path}: cannot be loaded as a shared library: {e}", where="path") from None
        if hasattr(self.dll, "loom_abi") and self.dll.loom_abi() != ABI:
            raise InvalidError(f"{self.path}: made for version {self.dll.loom_abi()} of the interface, expected {ABI}", where="path")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        symbol = name if name in _FUNCTIONS else "loom_" + name
        if symbol not in _FUNCTIONS:
            raise AttributeError(name)
        try:
            function = getattr(self.dll, symbol)
        except AttributeError:
            raise InvalidError(f"{self.path}: exports no {symbol}; 'loomc compile --abi --standalone' writes all that the "
                               "shared library needs", where="path") from None
        function.restype, function.argtypes = _FUNCTIONS[symbol]
        setattr(self, name, function)
        result: Callable[..., Any] = function
        return result

    def check(self, status: int, what: str, where: str = "") -> None:
        """Raises for a negative status."""
        if status < 0:
            _errors.fail(status, f"{what}: {self.status_text(status).decode()}", where)

    def compiled_model(self, name: str) -> int:
        """What <id>_model() returns."""
        try:
            function = getattr(self.dll, name + "_model")
        except AttributeError:
            raise InvalidError(f"{self.path}: exports no {name}_model(); give the network's id, which loomc printed into its "
                               "header, as id=...", where="id") from None
        function.restype, function.argtypes = P, []
        return int(function())


def names(stem: str) -> list[str]:
    """What a shared library of that name may be called here."""
    if sys.platform == "win32":
        return [f"{stem}.dll", f"lib{stem}.dll"]
    return [f"lib{stem}.dylib", f"lib{stem}.so"] if sys.platform == "darwin" else [f"lib{stem}.so"]


def _candidates() -> list[str]:
    given = os.environ.get("LOOM_LIBRARY")
    if given:
        return [given]
    here = Path(__file__).resolve().parent / "bin"
    found = [str(here / n) for n in names("loom") if (here / n).exists()]
    system = ctypes.util.find_library("loom")
    return found + ([system] if system else [])


_lock = threading.Lock()
_libloom: Library | None = None


def libloom() -> Library:
    """The library that makes any network: $LOOM_LIBRARY, else the one in this package, else the system's."""
    global _libloom
    with _lock:
        if _libloom is None:
            candidates = _candidates()
            if not candidates:
                raise Error("libloom was not found: it is not in this package and not installed; set LOOM_LIBRARY to its path")
            _libloom = Library(candidates[0])
        return _libloom


def loomc() -> str:
    """The compiler: $LOOMC, else the one in this package, else the one in PATH."""
    here = Path(__file__).resolve().parent / "bin" / ("loomc.exe" if sys.platform == "win32" else "loomc")
    return os.environ.get("LOOMC") or (str(here) if here.exists() else "loomc")


def run_loomc() -> None:
    """The command ``loomc`` of this package."""
    program = loomc()
    os.execvp(program, [program, *sys.argv[1:]])
