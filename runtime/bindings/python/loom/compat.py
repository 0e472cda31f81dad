"""The names of Loom 0.0.7's Python package that worked with its library: one current network for the whole process, JSON underneath.

For programs that were written for it; new ones use :class:`loom.Network`. Errors are :class:`CompatError`, a ``RuntimeError``. Calls from several
threads take turns.
"""

from __future__ import annotations

import ctypes
import json
from typing import Any, Mapping, Sequence, Union

from . import _native
from ._errors import Error

__all__ = [
    "CompatError", "create_network_from_json", "forward_simple", "backward_simple", "update_weights_simple", "train_simple", "save_model_simple",
    "load_model_simple", "get_network_info_simple", "evaluate_network_simple", "apply_gradients", "apply_gradients_adamw",
    "apply_gradients_rmsprop", "apply_gradients_sgd_momentum", "create_constant_scheduler", "create_linear_decay_scheduler",
    "create_cosine_scheduler", "get_scheduler_lr", "free_scheduler",
]

S, F = ctypes.c_char_p, ctypes.c_float
_ARGUMENTS: dict[str, list[Any]] = {
    "CreateLoomNetwork": [S], "LoomForward": [S], "LoomTrain": [S], "LoomSaveModel": [S], "LoomLoadModel": [S, S], "LoomGetNetworkInfo": [],
    "LoomEvaluateNetwork": [S, S], "LoomBackward": [S], "LoomUpdateWeights": [F], "LoomApplyGradients": [F],
    "LoomApplyGradientsAdamW": [F, F, F, F], "LoomApplyGradientsRMSprop": [F, F, F, F],
    "LoomApplyGradientsSGDMomentum": [F, F, F, ctypes.c_int], "LoomCreateConstantScheduler": [F],
    "LoomCreateLinearDecayScheduler": [F, F, ctypes.c_int], "LoomCreateCosineScheduler": [F, F, ctypes.c_int],
    "LoomSchedulerGetLR": [ctypes.c_longlong, ctypes.c_int], "LoomFreeScheduler": [ctypes.c_longlong],
}
_NUMBERS: dict[str, Any] = {
    "LoomCreateConstantScheduler": ctypes.c_longlong, "LoomCreateLinearDecayScheduler": ctypes.c_longlong,
    "LoomCreateCosineScheduler": ctypes.c_longlong, "LoomSchedulerGetLR": F, "LoomFreeScheduler": None,
}


class CompatError(Error, RuntimeError):
    """What the text interface answered with an error."""


def _call(name: str, *arguments: Any) -> Any:
    function = getattr(_native.libloom().dll, name)
    function.argtypes, function.restype = _ARGUMENTS[name], _NUMBERS.get(name, ctypes.c_void_p)
    result = function(*(a.encode() if isinstance(a, str) else a for a in arguments))
    if name in _NUMBERS:
        return result
    try:
        text = ctypes.string_at(result).decode()
    finally:
        _native.libloom().FreeLoomString(result)
    reply = json.loads(text)
    if isinstance(reply, dict) and "error" in reply:
        e = reply["error"]
        raise CompatError(e["message"], status=e["status"], where=e["where"], line=e.get("line", 0), column=e.get("column", 0))
    return text if name == "LoomSaveModel" else reply


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def create_network_from_json(config: Union[str, Mapping[str, Any]]) -> None:
    """Makes the network of a description, JSON text or a dict, the current one."""
    _call("CreateLoomNetwork", _text(config))


def forward_simple(inputs: Sequence[float]) -> list[float]:
    """All numbers of one call; the outputs."""
    result: list[float] = _call("LoomForward", _text(list(inputs)))
    return result


def backward_simple(gradients: Sequence[float]) -> None:
    """The gradient of a loss by the outputs of the last forward_simple."""
    _call("LoomBackward", _text(list(gradients)))


def update_weights_simple(learning_rate: float) -> None:
    """A step of plain gradient descent."""
    _call("LoomUpdateWeights", learning_rate)


def train_simple(batches: Sequence[Mapping[str, Any]], config: Mapping[str, Any]) -> dict[str, Any]:
    """Trains on ``[{"input": [...], "target": [...]}, ...]``; config: epochs, learning_rate, and the other keys of LoomTrain (loom.h)."""
    result: dict[str, Any] = _call("LoomTrain", _text({**config, "data": list(batches)}))
    return result


def save_model_simple(model_id: str = "my_model") -> str:
    """The current network as a bundle."""
    result: str = _call("LoomSaveModel", model_id)
    return result


def load_model_simple(bundle: str, model_id: str = "my_model") -> None:
    """Makes the model of that id in a bundle the current network."""
    _call("LoomLoadModel", bundle, model_id)


def get_network_info_simple() -> dict[str, Any]:
    """batch_size, grid_rows, grid_cols, layers_per_cell, total_layers"""
    result: dict[str, Any] = _call("LoomGetNetworkInfo")
    return result


def evaluate_network_simple(inputs: Sequence[Sequence[float]], expected: Sequence[float]) -> dict[str, Any]:
    """The deviations of predictions from classes or values that are expected."""
    result: dict[str, Any] = _call("LoomEvaluateNetwork", _text([list(i) for i in inputs]), _text(list(expected)))
    return result


def apply_gradients(learning_rate: float) -> None:
    _call("LoomApplyGradients", learning_rate)


def apply_gradients_adamw(learning_rate: float, beta1: float = 0.9, beta2: float = 0.999, weight_decay: float = 0.01) -> None:
    _call("LoomApplyGradientsAdamW", learning_rate, beta1, beta2, weight_decay)


def apply_gradients_rmsprop(learning_rate: float, alpha: float = 0.99, epsilon: float = 1e-8, momentum: float = 0.0) -> None:
    _call("LoomApplyGradientsRMSprop", learning_rate, alpha, epsilon, momentum)


def apply_gradients_sgd_momentum(learning_rate: float, momentum: float = 0.9, dampening: float = 0.0, nesterov: bool = False) -> None:
    _call("LoomApplyGradientsSGDMomentum", learning_rate, momentum, dampening, int(nesterov))


def create_constant_scheduler(learning_rate: float) -> int:
    """A handle for :func:`get_scheduler_lr`; -1 after an error."""
    return int(_call("LoomCreateConstantScheduler", learning_rate))


def create_linear_decay_scheduler(start: float, end: float, total_steps: int) -> int:
    return int(_call("LoomCreateLinearDecayScheduler", start, end, total_steps))


def create_cosine_scheduler(start: float, minimum: float, total_steps: int) -> int:
    return int(_call("LoomCreateCosineScheduler", start, minimum, total_steps))


def get_scheduler_lr(handle: int, step: int) -> float:
    """-1 for a handle that is none."""
    return float(_call("LoomSchedulerGetLR", handle, step))


def free_scheduler(handle: int) -> None:
    _call("LoomFreeScheduler", handle)
