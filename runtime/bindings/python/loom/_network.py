"""Networks: see :class:`Network`."""

from __future__ import annotations

import array
import ctypes
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Optional

from . import _buffers, _errors, _native
from ._buffers import FORMATS, SIZES, Numbers, numbers
from ._errors import BusyError, ClosedError, ConstantError, InvalidError, UnknownTensorError, UnsupportedError, WrongTypeError
from ._model import (BINARY, KINDS, ROLES, Description, Instance, Metrics, Model, Schedule, count, info, positive, product, read, type_of,
                     utf8)
from ._native import Library, PathType

#: Called after each epoch with the count of epochs done and the epoch's loss; False ends the training.
OnProgress = Callable[[int, float], Optional[bool]]

BUSY = "another thread is using this network; give each thread one of its own, see copy()"
CLOSED = "the network was closed"

_addressof, _from_buffer = ctypes.addressof, ctypes.c_char.from_buffer


class Tensors(Mapping[str, Any]):
    """The tensors of a network by name: arrays (NumPy's, else memoryviews) of the network's own memory, no copies.

    What is written to them counts from the next call on; frozen ones are read-only. They stay valid as long as they exist, also when
    the network was closed. ``tensors[name] = values`` copies numbers in.
    """

    def __init__(self, network: Network, roles: tuple[str, ...]) -> None:
        self._network = network
        self._roles = roles

    def _numbers(self) -> dict[str, int]:
        return {t.name: i for i, t in enumerate(self._network.info.tensors) if t.role in self._roles}

    def _find(self, name: str) -> int:
        i = self._numbers().get(name)
        if i is None:
            known = ", ".join(self._numbers()) or "none; compile with training to have them"
            raise UnknownTensorError(f"there is no tensor '{name}'; there are {known}", where="name")
        return i

    def __getitem__(self, name: str) -> Any:
        return self._network._view(self._find(name))

    def __setitem__(self, name: str, values: Any) -> None:
        i = self._find(name)
        tensor = self._network.info.tensors[i]
        with self._network._use() as instance:
            if tensor.role == "frozen":
                raise ConstantError(f"'{name}' is frozen; its numbers cannot change", status=_errors.CONSTANT, where=name)
            source = numbers(values, self._network._type, name)
            if source.shape != tensor.shape:
                raise InvalidError(f"{name}: shape {source.shape}, expected {tensor.shape}", where=name)
            at = instance.model.library.tensor_data(instance.model.handle, instance.handle, i)
            ctypes.memmove(at, source.pointer, source.size * SIZES[self._network._type])

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers())

    def __len__(self) -> int:
        return len(self._numbers())

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{t.name}: {t.shape}" for t in self._network.info.tensors if t.role in self._roles) + "}"


class _Use:
    """While one lives, a network belongs to this thread."""

    __slots__ = ("_network",)

    def __init__(self, network: Network) -> None:
        self._network = network

    def __enter__(self) -> Instance:
        network = self._network
        if not network._lock.acquire(blocking=False):
            raise BusyError(BUSY)
        instance = network._instance
        if instance is None:
            network._lock.release()
            raise ClosedError(CLOSED)
        return instance

    def __exit__(self, *_: object) -> None:
        self._network._lock.release()


class Network:
    """A network that runs and trains: any one from its description, by libloom's interpreter.

    :param description: the name of a file, JSON text, or a dict: a description, or a bundle with its weights. A ``.loom`` file that holds its
        description gives both.
    :param train: False saves memory where nothing is trained.
    :param gradients: keep gradients, so that :meth:`backward` and :meth:`update` work.
    :param precision: ``"f32"`` or ``"f64"``; None: what the description says.
    :param loss: instead of the one under "training"; likewise ``clip_norm``.
    :param id: of the model in a bundle with several.

    Networks are independent of each other and may run in as many threads: a call lets other threads of Python run. One network
    takes one call at a time; a second thread that calls it meanwhile gets a :class:`BusyError`, it does not wait.

    A network's memory is given back by :meth:`close`, by the end of a ``with``, or with the last reference. After that every call raises
    :class:`ClosedError`.
    """

    _instance: Instance | None = None

    def __init__(self, description: Description, *, train: bool = True, gradients: bool = False, precision: str | None = None,
                 loss: str | None = None, clip_norm: float = 0.0, id: str | None = None) -> None:
        text, name, weights = read(description)
        library = _native.libloom()
        options = _native.Options(type_of(precision), 2 if gradients else int(bool(train)), utf8(id, "id"), utf8(loss, "loss"), float(clip_norm),
                                  name.encode())
        handle, error = ctypes.c_void_p(), _native.ErrorRecord()
        if library.model_from_json(text, len(text), ctypes.byref(options), ctypes.byref(handle), ctypes.byref(error)) < 0:
            error.fail()
        self._start(Model(library, int(handle.value or 0), True), False)
        if weights:
            self.load_bytes(weights)

    def _start(self, model: Model, compiled: bool) -> None:
        self._lock = threading.RLock()
        self._instance = Instance(model)
        self.info = info(model, compiled)
        library, m = model.library, model.handle
        self._type = int(library.model_type(m))
        shape_in = tuple(library.input_dim(m, i) for i in range(library.input_rank(m)))
        shape_out = tuple(library.output_dim(m, i) for i in range(library.output_rank(m)))
        # A unit is what forward takes any number of: a sample, or a whole batch where the output mixes its samples.
        self._units = self.info.batch if shape_out[:1] == (self.info.batch,) else 1
        self._shape_in, self._shape_out = self.info.input_shape, self.info.output_shape
        self._n_in, self._n_out = product(shape_in), product(shape_out)
        self._unit_in, self._unit_out = self._n_in // self._units, self._n_out // self._units
        self._forward = library.forward
        self._quick = _quick(self._type, self._shape_in, self._units)

    # ---- life -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Gives the memory back, when no view of a tensor is left. A second close does nothing."""
        if not self._lock.acquire(blocking=False):
            raise BusyError(BUSY)
        try:
            self._instance = None
        finally:
            self._lock.release()

    @property
    def closed(self) -> bool:
        return self._instance is None

    def __enter__(self) -> Network:
        with self._use():
            return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        i = self.info
        state = "closed " if self.closed else ""
        return f"<{state}{type(self).__name__} {i.id}: {i.precision}, {list(i.input_shape)} -> {list(i.output_shape)}>"

    def _use(self) -> _Use:
        return _Use(self)

    def copy(self) -> Network:
        """Another network of the same model, with the same weights, memory and progress: for another thread, say."""
        with self._use() as instance:
            other = Network.__new__(Network)
            other._start(instance.model, self.info.compiled)
            if not self.info.compiled or any(t.role != "state" for t in self.info.tensors):
                other.load_bytes(self.save_bytes(training=True))
            return other

    # ---- running ----------------------------------------------------------------------------------------------------

    def __call__(self, x: Any, out: Any = None) -> Any:
        """Runs the network on one sample, or on any number of samples.

        :param x: one sample of shape ``info.input_shape``, or flat; or samples, of shape ``(n, *info.input_shape)`` or
            ``(n, size)``. Arrays of the network's own type are read where they lie. (A network whose output mixes the
            samples of a batch takes whole batches in place of samples.)
        :param out: a buffer to write to, instead of a new array.
        :returns: ``info.output_shape``, or ``(n, *info.output_shape)``: a NumPy array, or a memoryview where there is no NumPy; or ``out``.
        """
        if self._quick is not None:
            result = self._call_quickly(x, out, self._quick)
            if result is not None:
                return result
        with self._use() as instance:
            source, n = self._samples(x, "x")
            shape = self._shape_out if n is None else (n, *self._shape_out)
            units = 1 if n is None else n
            result = _buffers.new(shape, self._type) if out is None else out
            target = _buffers.writable(result, self._type, units * self._unit_out, "out")
            self._run(instance, source.pointer, target.pointer, units)
            return result

    forward = __call__

    def _call_quickly(self, x: Any, out: Any, quick: _Quick) -> Any:
        """One sample, in an array that can be read where it lies. None when it is not that."""
        if type(x) is quick.array:
            if x.dtype is not quick.dtype or x.shape != self._shape_in:
                return None
        elif type(x) is not array.array or x.typecode != quick.typecode or len(x) != self._unit_in:
            return None
        if out is not None and (type(out) is not quick.array or out.dtype is not quick.dtype or out.shape != self._shape_out):
            return None
        try:
            source = _addressof(_from_buffer(x))
            result = quick.empty(self._shape_out, quick.dtype) if out is None else out
            target = _addressof(_from_buffer(result))
        except (TypeError, ValueError):  # read-only, or not in one piece
            return None
        if not self._lock.acquire(False):
            raise BusyError(BUSY)
        try:
            instance = self._instance
            if instance is None:
                raise ClosedError(CLOSED)
            status = self._forward(instance.model.handle, instance.handle, source, self._n_in, target, self._n_out)
        finally:
            self._lock.release()
        if status < 0:
            instance.model.library.check(status, "forward")
        return result

    def _run(self, instance: Instance, source: int, target: int, n: int) -> None:
        """Whole batches where they lie; the rest is filled up with zeros."""
        size, model, library = SIZES[self._type], instance.model.handle, instance.model.library
        forward, handle, n_in, n_out, x, y = self._forward, instance.handle, self._n_in, self._n_out, source, target
        for _ in range(n // self._units):
            status = forward(model, handle, x, n_in, y, n_out)
            if status < 0:
                library.check(status, "forward")
            x += n_in * size
            y += n_out * size
        rest = n % self._units
        if rest:
            done = n - rest
            full, result = (ctypes.c_char * (n_in * size))(), (ctypes.c_char * (n_out * size))()
            ctypes.memmove(full, source + done * self._unit_in * size, rest * self._unit_in * size)
            library.check(forward(model, handle, ctypes.addressof(full), n_in, ctypes.addressof(result), n_out), "forward")
            ctypes.memmove(target + done * self._unit_out * size, result, rest * self._unit_out * size)

    def _samples(self, x: Any, what: str) -> tuple[Numbers, int | None]:
        """The numbers, and how many samples they are; None for one without a dimension for that."""
        return _match(numbers(x, self._type, what), self._shape_in, what)

    def reset(self) -> None:
        """Forgets what is kept from call to call (stateful rnn, lstm, gru); weights and progress stay."""
        with self._use() as instance:
            library = instance.model.library
            library.check(library.reset(instance.model.handle, instance.handle), "reset")

    def evaluate(self, x: Any, expected: Any) -> Metrics:
        """Runs samples and compares predictions with what was expected.

        :param x: samples, as in a call.
        :param expected: one number for each sample: the class, where the network has several outputs, else the value.
        """
        with self._use() as instance:
            source, given = self._samples(x, "x")
            n = 1 if given is None else given
            wanted = numbers(expected, 2, "expected")
            if wanted.size != n:
                raise InvalidError(f"expected: {wanted.size} numbers for {n} samples", where="expected")
            values = (ctypes.c_double * n).from_address(wanted.pointer or ctypes.addressof(ctypes.c_double()))
            size, library = SIZES[self._type], instance.model.library
            out = (ctypes.c_char * (max(n, 1) * self._unit_out * size))()
            self._run(instance, source.pointer, ctypes.addressof(out), n)
            record = _native.MetricsRecord()
            for i in range(n):
                guess = library.prediction(self._type, ctypes.addressof(out) + i * self._unit_out * size, self._unit_out)
                library.metrics_add(ctypes.byref(record), values[i], guess)
            return Metrics(record.samples, record.score, record.deviation, tuple(record.bucket))

    # ---- training ---------------------------------------------------------------------------------------------------

    def train(self, x: Any, y: Any, *, epochs: int | None = None, learning_rate: float | None = None, shuffle: bool = True,
              seed: int | None = None, first_epoch: int = 0, on_progress: OnProgress | None = None) -> list[float]:
        """Trains on samples, epoch after epoch, and returns the loss of each.

        :param x: samples, as in a call.
        :param y: the outputs that are wanted for them; where the network has several outputs also classes: one whole number for each sample.
        :param epochs: how often all samples are seen; None: what the description says, else 10.
        :param learning_rate: constant; None: the network's schedule, which is the description's at first.
        :param shuffle: each epoch has an order of its own, the one of ``loomc train``.
        :param seed: of that order; None: the description's.
        :param first_epoch: epochs that were before, when a training goes on.
        :param on_progress: called after each epoch with the count of epochs done and the loss, the mean over the mini-batches, each before its step.
            It may use the network. False ends the training; an exception ends it too and goes on to the caller, and
            so does Ctrl-C.

        The last mini-batch of an epoch is filled up with the epoch's first samples. When the loss is not finite any more, that is an
        :class:`InvalidError`, and the weights are spoilt.
        """
        with self._use() as instance:
            self._can_train()
            source, target, n = self._pairs(x, y)
            losses: list[float] = []
            raised: list[BaseException] = []

            def tell(_: Any, done: int, loss: float) -> int:
                try:
                    losses.append(loss)
                    return int(on_progress is not None and on_progress(done, loss) is False)
                except BaseException as e:  # also KeyboardInterrupt: nothing may pass through the C code
                    raised.append(e)
                    return 1

            rate = 0.0 if learning_rate is None else positive(learning_rate, "learning_rate")
            options = _native.FitOptions(count(1 if epochs is None else epochs, "epochs", 1) if epochs is not None else 0,
                                         count(first_epoch, "first_epoch", 0), rate, 0 if not shuffle else 1 if seed is None else 2,
                                         count(seed or 0, "seed", 0), _native.TELL(tell), None)
            status = instance.model.library.fit(instance.model.handle, instance.handle, source.pointer, target.pointer, n,
                                                ctypes.byref(options), None)
            if raised:
                raise raised[0]
            if status == _errors.NOT_FINITE:
                _errors.fail(status, f"the loss is no finite number any more in epoch {first_epoch + len(losses)}, and the weights are spoilt: "
                             "load or create the network again (is the learning rate too large?)")
            instance.model.library.check(status, "training")
            return losses

    def train_batches(self, x: Any, y: Any) -> float:
        """One step for each mini-batch of ``info.batch`` samples, in their order; whole mini-batches only. The mean loss."""
        with self._use() as instance:
            self._can_train()
            source, target, n = self._pairs(x, y)
            if n % self.info.batch:
                raise InvalidError(f"x: {n} samples, expected whole mini-batches of {self.info.batch}", where="x")
            loss, library = ctypes.c_double(), instance.model.library
            library.check(library.train(instance.model.handle, instance.handle, source.pointer, target.pointer, n, ctypes.byref(loss)), "training")
            return loss.value

    def backward(self, x: Any, y: Any) -> float:
        """Adds the gradients of one mini-batch to those that are kept; its loss. For a network made with ``gradients=True``."""
        with self._use() as instance:
            source, target, n = self._pairs(x, y)
            if n != self.info.batch:
                raise InvalidError(f"x: {n} samples, expected one mini-batch of {self.info.batch}", where="x")
            loss, library = ctypes.c_double(), instance.model.library
            library.check(library.backward(instance.model.handle, instance.handle, source.pointer, target.pointer, ctypes.byref(loss)),
                          "backward (make the network with gradients=True)")
            return loss.value

    def update(self) -> None:
        """One step of the optimizer with the mean of the gradients that are kept, which are zero after it."""
        with self._use() as instance:
            library = instance.model.library
            library.check(library.update(instance.model.handle, instance.handle), "update (make the network with gradients=True)")

    def clear(self) -> None:
        """Makes the gradients zero without a step."""
        with self._use() as instance:
            library = instance.model.library
            library.check(library.clear(instance.model.handle, instance.handle), "clear (make the network with gradients=True)")

    def _can_train(self) -> None:
        if not self.info.trains:
            raise UnsupportedError(f"the network '{self.info.id}' was not made for training: make it with train=True, or compile it "
                                   "with --train", status=_errors.UNSUPPORTED)
        if self._units != self.info.batch:
            raise UnsupportedError("the network mixes the samples of a batch", status=_errors.UNSUPPORTED)

    def _pairs(self, x: Any, y: Any) -> tuple[Numbers, Numbers, int]:
        source, given = self._samples(x, "x")
        n = 1 if given is None else given
        if n == 0:
            raise InvalidError("x: no samples", where="x")
        target = numbers(y, self._type, "y")
        if self._unit_out > 1 and target.shape in ((n,), (n, 1)):
            target = self._classes(y, n)
        if target.size != n * self._unit_out:
            raise InvalidError(f"y: shape {target.shape}, expected {(n, *self._shape_out)} for {n} samples", where="y")
        return source, target, n

    def _classes(self, y: Any, n: int) -> Numbers:
        """Class k becomes 1 at k and 0 elsewhere."""
        given = numbers(y, 2, "y")
        values = (ctypes.c_double * n).from_address(given.pointer)
        block = array.array(FORMATS[self._type], bytes(n * self._unit_out * SIZES[self._type]))
        for i, k in enumerate(values):
            if not (0 <= k < self._unit_out and k == int(k)):
                raise InvalidError(f"y: {k:g} is no class; there are 0 to {self._unit_out - 1}", where="y")
            block[i * self._unit_out + int(k)] = 1
        return Numbers(block, (n, self._unit_out))

    @property
    def learning_rate(self) -> float:
        """Of the next step; setting it sets the rate that the schedule starts from."""
        value = ctypes.c_double()
        self._get("learning_rate", value)
        return value.value

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        with self._use() as instance:
            library = instance.model.library
            library.check(library.set_learning_rate(instance.model.handle, instance.handle, positive(rate, "learning_rate")), "learning_rate")

    @property
    def steps(self) -> int:
        """Of the optimizer, so far."""
        value = ctypes.c_uint64()
        self._get("steps", value)
        return value.value

    @property
    def schedule(self) -> Schedule:
        s = _native.Schedule()
        self._get("get_schedule", s)
        return Schedule(KINDS[s.kind], s.rate, s.end, s.factor, s.power, s.steps, s.warmup)

    @schedule.setter
    def schedule(self, s: Schedule) -> None:
        if not isinstance(s, Schedule):
            raise WrongTypeError(f"schedule: expected a Schedule, not {s!r}", where="schedule")
        if s.kind not in KINDS:
            raise InvalidError(f"schedule: there is no kind '{s.kind}'; there are {', '.join(KINDS)}", where="schedule")
        record = _native.Schedule(KINDS.index(s.kind), s.rate, s.end, s.factor, s.power, s.steps, s.warmup)
        with self._use() as instance:
            library = instance.model.library
            library.check(library.set_schedule(instance.model.handle, instance.handle, ctypes.byref(record)), "schedule", "schedule")

    def _get(self, function: str, out: Any) -> None:
        with self._use() as instance:
            library = instance.model.library
            library.check(getattr(library, function)(instance.model.handle, instance.handle, ctypes.byref(out)), function)

    # ---- weights ----------------------------------------------------------------------------------------------------

    @property
    def weights(self) -> Tensors:
        """The weights by name, as views: ``net.weights["fc1_kernel"]``."""
        return Tensors(self, ("param", "frozen"))

    @property
    def tensors(self) -> Tensors:
        """All tensors by name: weights, the optimizer's memory, states, gradients."""
        return Tensors(self, tuple(ROLES.values()))

    def _view(self, i: int) -> Any:
        with self._use() as instance:
            tensor = self.info.tensors[i]
            address = instance.model.library.tensor_data(instance.model.handle, instance.handle, i)
            return _buffers.view(int(address), tensor.shape, self._type, instance, tensor.role == "frozen")

    def save_bytes(self, *, precision: str | None = None, scales: str = "tensor", training: bool = False, description: bool = True) -> bytes:
        """The weights as the bytes of a ``.loom`` file.

        :param precision: how weights are stored: f32, f64, i8, i16 or i32; None: exactly.
        :param scales: of integers: ``"tensor"``, one scale for each, or ``"channel"``, one for each row or column.
        :param training: a checkpoint: all that training needs to go on with the same bits.
        :param description: the network too, so that ``Network(file)`` makes it.
        """
        if scales not in ("tensor", "channel"):
            raise InvalidError(f"scales: 'tensor' or 'channel', not '{scales}'", where="scales")
        options = _native.SaveOptions(type_of(precision), int(scales == "channel"), int(training), int(description))
        with self._use() as instance:
            library, size = instance.model.library, ctypes.c_size_t()
            save, head = library.save, (instance.model.handle, instance.handle, ctypes.byref(options))
            library.check(save(*head, None, 0, ctypes.byref(size)), "saving")
            block = ctypes.create_string_buffer(size.value)
            library.check(save(*head, block, size.value, ctypes.byref(size)), "saving")
            return block.raw

    def load_bytes(self, data: bytes) -> None:
        """Takes the weights of a ``.loom`` file or of a bundle. After an error the network is as it was."""
        if not isinstance(data, bytes):
            data = memoryview(data).tobytes()
        with self._use() as instance:
            library, m = instance.model.library, instance.model.handle
            if data[:1] != bytes([BINARY]):
                error = _native.ErrorRecord()
                if library.bundle_load(m, instance.handle, data, len(data), None, ctypes.byref(error)) < 0:
                    error.fail()
                return
            status = library.load(m, instance.handle, data, len(data))
            name = library.load_problem(m, instance.handle, data, len(data)) if status == _errors.MISMATCH else None
            library.check(status, "the file of weights" + (f", tensor '{name.decode()}'" if name else ""))

    def save_bundle(self, id: str | None = None) -> str:
        """The network with its weights as JSON text."""
        with self._use() as instance:
            library, error = instance.model.library, _native.ErrorRecord()
            text = library.bundle_save(instance.model.handle, instance.handle, utf8(id, "id"), ctypes.byref(error))
            if not text:
                error.fail()
            try:
                return ctypes.string_at(text).decode()
            finally:
                library.FreeLoomString(text)

    def save(self, path: PathType, *, precision: str | None = None, scales: str = "tensor", training: bool = False,
             description: bool = True) -> None:
        """Writes the weights to a file: a bundle when its name ends in ``.json``, else binary, see :meth:`save_bytes`.

        The file is written beside and renamed, so it appears whole or not at all.
        """
        name = os.fspath(path)
        if name.endswith(".json"):
            if precision is not None or training:
                raise InvalidError("a bundle holds exact weights and nothing else; give the file another ending than .json", where="path")
            data = self.save_bundle().encode()
        else:
            data = self.save_bytes(precision=precision, scales=scales, training=training, description=description)
        part = f"{name}.{os.getpid()}.part"
        try:
            Path(part).write_bytes(data)
            os.replace(part, name)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise

    def load(self, path: PathType) -> None:
        """Takes the weights of a file of either kind. After an error the network is as it was."""
        self.load_bytes(Path(path).read_bytes())


class CompiledNetwork(Network):
    """A network that loomc compiled, from a shared library that exports ``<id>_model()``.

    :param path: the library, or the folder with ``lib<id>.so``.
    :param id: the network's; None: the library's name tells, ``lib<id>.so``.
    """

    def __init__(self, path: PathType, id: str | None = None) -> None:
        file = Path(path)
        if file.is_dir():
            if id is None:
                raise InvalidError(f"{file}: a folder; which library? Give its path, or id=...", where="path")
            file = next((file / n for n in _native.names(id) if (file / n).exists()), file / _native.names(id)[0])
        if not file.exists():
            raise FileNotFoundError(2, "no such shared library", str(file))
        library = Library(str(file.resolve()))
        name = id or file.name.split(".")[0]
        if id is None and name.startswith("lib"):
            name = name[3:]
        handle = library.compiled_model(name)
        functions = library if hasattr(library.dll, "loom_abi") else _native.libloom()
        self._start(Model(functions, handle, False), True)


@dataclass(frozen=True)
class _Quick:
    """What the short way of a call compares with."""

    array: Any
    dtype: Any
    empty: Any
    typecode: str


def _quick(type: int, shape: tuple[int, ...], units: int) -> _Quick | None:
    numpy = _buffers.numpy
    return None if numpy is None or units != 1 else _Quick(numpy.ndarray, numpy.dtype(FORMATS[type]), numpy.empty, FORMATS[type])


def _match(given: Numbers, sample: tuple[int, ...], what: str) -> tuple[Numbers, int | None]:
    shape, size = given.shape, product(sample)
    if shape == sample or (given.size == size and shape[1:] != sample and len(shape) <= 1):
        return given, None
    if len(shape) >= 1 and (shape[1:] == sample or (len(shape) == 2 and shape[1] == size)):
        return given, shape[0]
    raise InvalidError(f"{what}: shape {shape}, expected {sample} for one sample, or {('n', *sample)} for n of them".replace("'n'", "n"), where=what)


def load_library(path: PathType, id: str | None = None) -> CompiledNetwork:
    """A compiled network from its shared library: see :class:`CompiledNetwork`."""
    return CompiledNetwork(path, id)


__all__ = ["Network", "CompiledNetwork", "Tensors", "OnProgress", "load_library"]
