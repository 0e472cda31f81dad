"""A reader of our binary file, written from runtime/FILES.md alone, and float32 arithmetic. Needs Python only."""
import struct
import zlib

SIZES = {1: 4, 2: 8, 3: 1, 4: 2, 5: 4}
LARGEST = {3: 127, 4: 32767, 5: 2147483647}
FORMATS = {1: "f", 2: "d", 3: "b", 4: "h", 5: "i"}


def f32(value):
    """Rounded to the nearest float32."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


class File:
    """head: the fields; tensors: name -> (role, shape, type, scales, axis, numbers as stored)."""

    def __init__(self, data):
        self.data, self.at = data, 0
        assert self.take(8) == b"\x89LOOM\r\n\x1a"
        version, self.type, self.training, size, count, n_id, n_description, n_progress = self.unpack("HBBQIIII")
        assert version == 1 and size == len(data) and n_progress == (84 if self.training else 0)
        assert zlib.crc32(data[:-4]) == struct.unpack("<I", data[-4:])[0]
        self.id, self.description = self.take(n_id).decode(), self.take(n_description).decode()
        self.progress = self.unpack("QQQQIdddddd") if n_progress else None
        self.tensors = dict(self.tensor() for _ in range(count))
        assert self.at == len(data) - 4

    def take(self, n):
        part = self.data[self.at:self.at + n]
        assert len(part) == n
        self.at += n
        return part

    def unpack(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))

    def tensor(self):
        n_name, role, rank, kind, scaling, axis, zero = self.unpack("HBBBBBB")
        shape = self.unpack(f"{rank}I")
        name = self.take(n_name).decode()
        n_scales = 0 if scaling == 0 else 1 if scaling == 1 else shape[axis]
        scales = self.unpack(f"{n_scales}{'d' if kind == 5 else 'f'}")
        size = 1
        for n in shape:
            size *= n
        assert zero == 0 and (kind in LARGEST) == (scaling > 0)
        return name, (role, shape, kind, scales, axis if scaling == 2 else None, self.unpack(f"{size}{FORMATS[kind]}"))


def channels(shape, axis):
    """The index along the axis of each number of a row-major tensor."""
    inner = 1
    for n in shape[axis + 1:]:
        inner *= n
    size = inner
    for n in shape[:axis + 1]:
        size *= n
    return [k // inner % shape[axis] for k in range(size)]


def stored_as(values, shape, kind, per_channel):
    """Scales, axis and codes that runtime/FILES.md asks for."""
    def scale(numbers):
        exact = max(map(abs, numbers)) / LARGEST[kind]
        return exact if kind == 5 else f32(exact)

    def by(axis):
        groups, where = [[] for _ in range(shape[axis])], channels(shape, axis)
        for k, value in enumerate(values):
            groups[where[k]].append(value)
        return [scale(group) for group in groups], where

    scales, where, axis = [scale(values)], [0] * len(values), None
    if per_channel and len(shape) > 1:
        def noise(candidate):
            total = 0.0
            for group in range(shape[candidate]):
                where_ = channels(shape, candidate)
                most = max(abs(v) for v, c in zip(values, where_) if c == group)
                total += most * most
            return total / shape[candidate]
        last = len(shape) - 1
        axis = 0 if noise(0) < noise(last) else last
        scales, where = by(axis)
    most = LARGEST[kind]
    codes = [max(-most, min(most, round(v / scales[c]))) if scales[c] else 0 for v, c in zip(values, where)]
    return tuple(scales), axis, tuple(codes)


def values_of(tensor, double):
    """What the numbers stand for, in the precision of the model."""
    _, shape, kind, scales, axis, numbers = tensor
    if scales:
        where = channels(shape, axis) if axis is not None else [0] * len(numbers)
        numbers = [n * scales[c] for n, c in zip(numbers, where)]
    return [n if double else f32(n) for n in numbers]
