"""Loom: neural networks from a JSON description, run, trained, compiled to C, with the same bits everywhere.

    >>> import loom
    >>> net = loom.Network("net.json")              # any network, by the interpreter
    >>> net = loom.compile("net.json", train=True)  # the same, as C that is built for this machine now
    >>> net.train(x, y, epochs=20, on_progress=print)
    >>> net(x)                                      # one sample, or any number of them
    >>> net.save("net.loom")

The reference is in the classes; the package's README shows everything once.
"""

from __future__ import annotations

from ._compile import compile
from ._errors import (BusyError, ClosedError, CompileError, ConstantError, Error, InvalidError, OutOfMemoryError, UnknownTensorError,
                      UnsupportedError, WrongTypeError)
from ._model import Info, Metrics, Schedule, TensorInfo
from ._network import CompiledNetwork, Network, Tensors, load_library

__version__ = "0.1.0"

__all__ = [
    "Network", "CompiledNetwork", "compile", "load_library", "Info", "TensorInfo", "Tensors", "Metrics", "Schedule",
    "Error", "InvalidError", "WrongTypeError", "OutOfMemoryError", "UnsupportedError", "ConstantError", "UnknownTensorError", "BusyError",
    "ClosedError", "CompileError", "__version__",
]
