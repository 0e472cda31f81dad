"""What goes wrong, as exceptions.

Everything that this package raises by itself is a :class:`Error`, and also the exception of Python that users expect there: a
``ValueError`` for a wrong length or wrong JSON, a ``TypeError`` for a wrong type, a ``MemoryError`` and so on. Files that cannot be
opened raise ``OSError`` as everywhere.
"""

from __future__ import annotations

from typing import NoReturn

__all__ = [
    "Error", "InvalidError", "WrongTypeError", "OutOfMemoryError", "UnsupportedError", "ConstantError", "UnknownTensorError",
    "BusyError", "ClosedError", "CompileError",
]


class Error(Exception):
    """Base of all.

    :ivar message: one sentence, or a few lines.
    :ivar status: the negative status of loom_types.h; 0 when it comes from this package.
    :ivar where: a place in a JSON text (``/layers/3/type``), the name of an argument, or ``""``.
    :ivar line: in that text, from 1; 0 when it is not about a text.
    :ivar column: likewise.
    """

    def __init__(self, message: str, *, status: int = 0, where: str = "", line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.where = where
        self.line = line
        self.column = column

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}: " if self.line else ""
        return f"{place}{self.message}" + (f" (at {self.where})" if self.where.startswith("/") else "")


class InvalidError(Error, ValueError):
    """A description, file, length or number that is wrong."""


class WrongTypeError(Error, TypeError):
    """Numbers of a type that cannot be used."""


class OutOfMemoryError(Error, MemoryError):
    """There was no memory; nothing was changed."""


class UnsupportedError(Error, RuntimeError):
    """The network was not made for that."""


class ConstantError(Error, TypeError):
    """A weight that is frozen, or part of a compiled network's code."""


class UnknownTensorError(Error, KeyError):
    """No tensor has that name."""


class BusyError(Error, RuntimeError):
    """Another thread is using this network."""


class ClosedError(Error, ValueError):
    """The network was closed."""


class CompileError(Error, RuntimeError):
    """loomc or the C compiler refused; ``output`` is all that it said."""

    def __init__(self, message: str, output: str = "", *, line: int = 0, column: int = 0) -> None:
        super().__init__(message, line=line, column=column)
        self.output = output


# The statuses of loom_types.h.
ARGUMENT, FORMAT, MISMATCH, CHECKSUM, MEMORY, UNSUPPORTED = -1, -2, -3, -4, -6, -7
NOT_FOUND, CONSTANT, SPACE, DESCRIPTION, NOT_FINITE = -9, -10, -11, -14, -15

_KINDS: dict[int, type[Error]] = {
    MEMORY: OutOfMemoryError, UNSUPPORTED: UnsupportedError, CONSTANT: ConstantError,
}


def fail(status: int, message: str, where: str = "", line: int = 0, column: int = 0) -> NoReturn:
    """Raises what suits a status."""
    raise _KINDS.get(status, InvalidError)(message, status=status, where=where, line=line, column=column)
