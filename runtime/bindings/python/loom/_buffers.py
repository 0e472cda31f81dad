"""Numbers in and out: anything with numbers in it becomes a pointer, without a copy where that is possible.

No copy: NumPy arrays, ``array.array``, ``memoryview`` and whatever else has the buffer protocol, when they hold the network's own type and
lie in one piece, row-major. Copied: lists, nested in any way that is a shape, and buffers of other real types or other
layouts. Refused: complex numbers, text, objects, lists that are no shape; for integer networks also fractions.
NumPy is used when it is installed, and not needed.
"""

from __future__ import annotations

import array
import ctypes
import sys
from typing import Any, Sequence

from ._errors import InvalidError, WrongTypeError

try:
    import numpy as numpy
except ImportError:
    numpy = None  # type: ignore[assignment]

# loom_type -> format of the buffer protocol, name
FORMATS = {1: "f", 2: "d", 3: "b", 4: "h", 5: "i"}
PRECISIONS = {1: "f32", 2: "f64", 3: "i8", 4: "i16", 5: "i32"}
SIZES = {1: 4, 2: 8, 3: 1, 4: 2, 5: 4}
NATIVE_NUMBERS = "?bBhHiIlLqQnNfde"


class _Buffer(ctypes.Structure):
    """Py_buffer"""

    _fields_ = [("buf", ctypes.c_void_p), ("obj", ctypes.c_void_p), ("len", ctypes.c_ssize_t), ("itemsize", ctypes.c_ssize_t),
                ("readonly", ctypes.c_int), ("ndim", ctypes.c_int), ("format", ctypes.c_char_p), ("shape", ctypes.c_void_p),
                ("strides", ctypes.c_void_p), ("suboffsets", ctypes.c_void_p), ("internal", ctypes.c_void_p)]


_get = ctypes.pythonapi.PyObject_GetBuffer
_get.argtypes, _get.restype = [ctypes.py_object, ctypes.c_void_p, ctypes.c_int], ctypes.c_int
_release = ctypes.pythonapi.PyBuffer_Release
_release.argtypes, _release.restype = [ctypes.c_void_p], None


class Numbers:
    """Numbers of one type that lie in one piece: ``pointer``, ``shape``, and what keeps them there while this lives."""

    __slots__ = ("pointer", "shape", "owner", "_buffer")

    def __init__(self, owner: Any, shape: tuple[int, ...], writable: bool = False) -> None:
        self._buffer = _Buffer()
        self.owner = owner
        self.shape = shape
        _get(owner, ctypes.addressof(self._buffer), 1 if writable else 0)  # PyBUF_WRITABLE, PyBUF_SIMPLE
        self.pointer = int(self._buffer.buf or 0)

    def __del__(self) -> None:
        if self._buffer.obj:
            _release(ctypes.addressof(self._buffer))

    @property
    def size(self) -> int:
        n = 1
        for d in self.shape:
            n *= d
        return n


def view_of(data: Any) -> memoryview | None:
    """Of the buffer protocol; None for what has none."""
    try:
        return memoryview(data)
    except (TypeError, ValueError, BufferError):
        return None


def _native(format: str) -> str:
    """The one character of a format in the machine's own layout, or ""."""
    f = format[1:] if format[:1] == "@" else format
    if f[:1] in "<=>!" and f[1:] in ("f", "d", "b", "B", "h", "H", "i", "I", "?", "e", "q", "Q"):
        little = f[0] == "<" or (f[0] == "=" and sys.byteorder == "little")
        f = f[1:] if little == (sys.byteorder == "little") or f[1:] in ("b", "B", "?") else ""
    return f if f in NATIVE_NUMBERS and len(f) == 1 else ""


def _shape_of(data: Any) -> tuple[int, ...]:
    """The shape of nested lists; each must be as long as its neighbours."""
    shape: list[int] = []
    level = data
    while isinstance(level, (list, tuple)):
        shape.append(len(level))
        if not level:
            break
        level = level[0]
    return tuple(shape)


def _flatten(data: Any, shape: tuple[int, ...], out: list[Any], what: str) -> None:
    if not shape:
        if isinstance(data, (list, tuple)):
            raise InvalidError(f"{what}: lists of different depth", where=what)
        out.append(data)
        return
    if not isinstance(data, (list, tuple)) or len(data) != shape[0]:
        got = f"{len(data)} values" if isinstance(data, (list, tuple)) else f"a {type(data).__name__}"
        raise InvalidError(f"{what}: the lists are no array: {got} where its neighbours have {shape[0]}", where=what)
    for item in data:
        _flatten(item, shape[1:], out, what)


def _array(values: Sequence[Any], type: int, what: str) -> array.array[Any]:
    try:
        return array.array(FORMATS[type], values)
    except TypeError:
        odd = next((v for v in values if not _fits(v, type)), None)
        raise WrongTypeError(f"{what}: expected numbers for {PRECISIONS[type]}, found {odd!r}", where=what) from None
    except OverflowError:
        raise InvalidError(f"{what}: a number that {PRECISIONS[type]} cannot hold", where=what) from None


def _fits(value: Any, type: int) -> bool:
    try:
        array.array(FORMATS[type], [value])
    except TypeError:
        return False
    return True


def _from_numpy(data: Any, type: int, what: str) -> Numbers:
    wanted = numpy.dtype(FORMATS[type])
    if data.dtype.kind not in "fiub" or (wanted.kind in "iu" and data.dtype.kind == "f"):
        raise WrongTypeError(f"{what}: an array of {data.dtype}, which cannot become {wanted}", where=what)
    if wanted.kind == "i" and data.size:
        bounds = numpy.iinfo(wanted)
        if int(data.min()) < bounds.min or int(data.max()) > bounds.max:
            raise InvalidError(f"{what}: a number that {PRECISIONS[type]} cannot hold", where=what)
    return Numbers(numpy.ascontiguousarray(data, dtype=wanted), tuple(data.shape))


def numbers(data: Any, type: int, what: str) -> Numbers:
    """The numbers of ``data`` in a network's type; ``what`` names them in messages. They are not changed."""
    view = view_of(data)
    if view is not None:
        shape = tuple(view.shape) if view.shape is not None else (view.nbytes,)
        if _native(view.format) == FORMATS[type] and view.c_contiguous:
            return Numbers(data, shape)
        if isinstance(data, (bytes, bytearray)) or not _native(view.format):
            if numpy is None or not isinstance(data, numpy.ndarray):  # of an array of objects NumPy tells more
                raise WrongTypeError(f"{what}: a {data.__class__.__name__} of format '{view.format}', expected numbers", where=what)
    if numpy is not None and hasattr(data, "__array__"):
        return _from_numpy(numpy.asarray(data), type, what)
    if view is not None:
        if view.format[:1] in "<=>!":
            view = view.cast("B").cast(_native(view.format), shape)
        data = view.tolist()
        values: list[Any] = []
        _flatten(data, _shape_of(data), values, what)
        return Numbers(_array(values, type, what), shape)
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        return Numbers(_array([data], type, what), ())
    if not isinstance(data, (list, tuple)):
        raise WrongTypeError(f"{what}: expected numbers (an array, a buffer, a list), not {data.__class__.__name__}", where=what)
    shape = _shape_of(data)
    if numpy is not None and data and isinstance(data[0], numpy.ndarray):
        return _from_numpy(numpy.asarray(data), type, what)
    values = []
    _flatten(data, shape, values, what)
    return Numbers(_array(values, type, what), shape)


def writable(data: Any, type: int, size: int, what: str) -> Numbers:
    """A buffer of the caller's to write ``size`` numbers to."""
    view = view_of(data)
    if view is None or _native(view.format) != FORMATS[type] or not view.c_contiguous or view.readonly:
        raise WrongTypeError(f"{what}: expected a writable, contiguous buffer of '{FORMATS[type]}' ({PRECISIONS[type]})", where=what)
    if view.nbytes != size * SIZES[type]:
        raise InvalidError(f"{what}: {view.nbytes // SIZES[type]} numbers, expected {size}", where=what)
    return Numbers(data, tuple(view.shape or ()), writable=True)


def new(shape: tuple[int, ...], type: int) -> Any:
    """An array for results: NumPy's, else a memoryview of that shape."""
    if numpy is not None:
        return numpy.empty(shape, FORMATS[type])
    n = 1
    for d in shape:
        n *= d
    block = array.array(FORMATS[type], bytes(n * SIZES[type]))
    if n == 0 or not shape:
        return memoryview(block)
    return memoryview(block).cast("B").cast(FORMATS[type], shape)


def view(address: int, shape: tuple[int, ...], type: int, owner: Any, readonly: bool) -> Any:
    """Memory of a network as an array, which keeps its owner alive: NumPy's, else a memoryview."""
    n = SIZES[type]
    for d in shape:
        n *= d
    block = (ctypes.c_ubyte * n).from_address(address)
    block._owner = owner  # type: ignore[attr-defined]
    raw = memoryview(block)
    if readonly:
        raw = raw.toreadonly()
    if numpy is not None:
        return numpy.frombuffer(raw, FORMATS[type]).reshape(shape)
    return raw.cast("B").cast(FORMATS[type], shape)
