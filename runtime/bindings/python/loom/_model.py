"""What networks are made of: models and instances of the C interface, and what they tell."""

from __future__ import annotations

import ctypes
import json
import numbers
import operator
import os
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Union

from . import _native
from ._buffers import PRECISIONS
from ._errors import InvalidError, WrongTypeError
from ._native import Library

#: What a network is made from: a file's name, JSON text, or a dict.
Description = Union[str, bytes, "os.PathLike[str]", Mapping[str, Any]]

ROLES = {1: "param", 2: "memory", 3: "state", 4: "gradient", 5: "frozen"}
BINARY = 0x89  # the first byte of a .loom file


@dataclass(frozen=True)
class TensorInfo:
    """One tensor of a network. ``role``: param, memory (of the optimizer), state, gradient or frozen."""

    name: str
    layer: str
    role: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Info:
    """What a network is. Shapes are those of one sample; ``precision`` is that of inputs, outputs and weights (of a network
    that was compiled with integer arithmetic, too, often f32)."""

    id: str
    precision: str
    batch: int
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    trains: bool
    keeps_gradients: bool
    compiled: bool
    tensors: tuple[TensorInfo, ...]
    description: Mapping[str, Any]


@dataclass(frozen=True)
class Metrics:
    """How far predictions are from what was expected: see loom_metrics in loom.h.

    ``buckets`` counts deviations of up to 10, 20, 30, 40, 50, 100 per cent, and above; ``score`` is the mean of what a deviation
    leaves of 100.
    """

    samples: int
    score: float
    deviation: float
    buckets: tuple[int, ...]


@dataclass
class Schedule:
    """How the learning rate changes with the steps. ``kind``: constant, linear, cosine, exponential, step or polynomial."""

    kind: str = "constant"
    rate: float = 0.01
    end: float = 0.0
    factor: float = 0.0
    power: float = 0.0
    steps: float = 0.0
    warmup: float = 0.0


KINDS = ["constant", "linear", "cosine", "exponential", "step", "polynomial"]


class Model:
    """A model of a library. One that was made is given back with the last instance of it."""

    def __init__(self, library: Library, handle: int, owned: bool) -> None:
        self.library, self.handle = library, handle
        if owned:
            weakref.finalize(self, library.model_free, handle).atexit = False


class Instance:
    """The memory of one network; given back when the network is closed and no view of it is left."""

    def __init__(self, model: Model) -> None:
        handle = ctypes.c_void_p()
        model.library.check(model.library.instance_new(model.handle, ctypes.byref(handle)), "the network cannot be created")
        self.model, self.handle = model, int(handle.value or 0)
        weakref.finalize(self, _give_back, model, self.handle).atexit = False  # threads may still run then


def _give_back(model: Model, instance: int) -> None:
    model.library.instance_free(model.handle, instance)


def info(model: Model, compiled: bool) -> Info:
    library, m = model.library, model.handle
    shape_in = tuple(library.input_dim(m, i) for i in range(library.input_rank(m)))
    shape_out = tuple(library.output_dim(m, i) for i in range(library.output_rank(m)))
    batch = library.model_batch(m)
    mixes = shape_out[:1] != (batch,)
    tensors = tuple(
        TensorInfo(library.tensor_name(m, i).decode(), library.tensor_layer(m, i).decode(), ROLES[library.tensor_role(m, i)],
                   tuple(library.tensor_dim(m, i, k) for k in range(library.tensor_rank(m, i))))
        for i in range(library.tensor_count(m)))
    return Info(library.model_id(m).decode(), PRECISIONS[library.model_type(m)], batch, shape_in if mixes else shape_in[1:],
                shape_out if mixes else shape_out[1:], bool(library.can_train(m)), bool(library.can_backward(m)), compiled, tensors,
                json.loads(library.model_description(m)))


def read(description: Description) -> tuple[bytes, str, bytes]:
    """The JSON text, its name in messages, and the bytes of a .loom file."""
    if isinstance(description, Mapping):
        try:
            return json.dumps(description, allow_nan=False).encode(), "description", b""
        except (TypeError, ValueError) as e:
            raise InvalidError(f"the description is not JSON: {e}", where="description") from None
    if isinstance(description, str) and description.lstrip()[:1] in ("{", "["):
        return description.encode("utf-8", "surrogatepass"), "description", b""
    if isinstance(description, (bytes, bytearray)):
        data, name = bytes(description), "description"
    elif isinstance(description, (str, os.PathLike)):
        data, name = Path(description).read_bytes(), os.fspath(description)
    else:
        raise WrongTypeError("description: expected a file's name, JSON text or a dict, not "
                                     f"{description.__class__.__name__}", where="description")
    if data[:1] != bytes([BINARY]):
        return data, name, b""
    file, library = _native.File(), _native.libloom()
    library.check(library.file_open(data, len(data), ctypes.byref(file)), name)
    if not file.description_size:
        raise InvalidError(f"{name}: holds weights without the network's description; make the network, then load() the file", where="description")
    return ctypes.string_at(file.description, file.description_size), name, data


def product(shape: tuple[int, ...]) -> int:
    n = 1
    for d in shape:
        n *= d
    return n


def type_of(precision: str | None) -> int:
    """The loom_type; 0 for None."""
    if precision is None:
        return 0
    for type, name in PRECISIONS.items():
        if name == precision:
            return type
    raise InvalidError(f"precision: '{precision}', expected one of {', '.join(PRECISIONS.values())}", where="precision")


def count(value: int, what: str, least: int) -> int:
    """A whole number, of Python or NumPy."""
    try:
        n = operator.index(value)
    except TypeError:
        raise WrongTypeError(f"{what}: expected a whole number, not {value!r}", where=what) from None
    if not least <= n < 2**63:
        raise InvalidError(f"{what}: expected a number from {least} on, not {n}", where=what)
    return n


def positive(value: float, what: str) -> float:
    if not isinstance(value, numbers.Real):
        raise WrongTypeError(f"{what}: expected a number, not {value!r}", where=what)
    if not 0 < value <= 1e30:
        raise InvalidError(f"{what}: expected a number above 0, not {value!r}", where=what)
    return float(value)


def utf8(text: str | None, what: str) -> bytes | None:
    if text is not None and not isinstance(text, str):
        raise WrongTypeError(f"{what}: expected a text, not {text!r}", where=what)
    return None if text is None else text.encode()
