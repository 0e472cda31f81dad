#!/usr/bin/python3
"""Writes the inputs that are too large, or too strange, to lie in the folder.

    tests/broken/generate.py FOLDER
"""
import base64
import json
import os
import struct
import sys

SMALL = '{"layers": [{"type": "dense", "input_size": 2, "output_size": 3}]}\n'


def nested_layers(depth):
    inner = '{"type": "flatten"}'
    return '{"input": {"shape": [4]}, "layers": [%s%s%s]}\n' % (
        '{"type": "sequential", "branches": [' * depth, inner, "]}" * depth)


def bundle(text):
    """A bundle whose base64 holds this text."""
    data = base64.b64encode(text.encode()).decode()
    return json.dumps({"type": "modelhost/bundle", "version": 1, "models": [
        {"id": "good", "weights": {"fmt": "jsonModelB64", "data": data}}]}, indent=1) + "\n"


def npy(header, numbers, version=1):
    """A file of NumPy; the header is a Python dictionary, as text."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2 if version == 1 else 4, "little") + text + numbers


def array(kind, shape, numbers, order="False"):
    return npy("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (kind, order, shape), numbers)


FLOATS = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
FILES = {
    "csv_nul.csv": b"1,2,0\n3,\x004,1\n",
    "csv_utf16.csv": b"\xff\xfe" + "1,2,0\n".encode("utf-16-le"),
    "csv_empty.csv": b"",
    "csv_header_only.csv": b"a,b,class\n\n",
    "csv_many.csv": b"1,2,x\n" * 30,
    "npy_magic.npy": b"NUMPY" * 9,
    "npy_empty.npy": b"",
    "npy_version.npy": b"\x93NUMPY\x04\0" + b" " * 40,
    "npy_cut_header.npy": array("<f4", "(3, 2)", FLOATS)[:40],
    "npy_cut.npy": array("<f4", "(3, 2)", FLOATS)[:-1],
    "npy_long.npy": array("<f4", "(3, 2)", FLOATS + b"1"),
    "npy_object.npy": array("|O", "(3, 2)", FLOATS),
    "npy_complex.npy": array("<c8", "(3, 2)", FLOATS * 2),
    "npy_records.npy": npy("{'descr': [('a', '<f4'), ('b', '<f4')], 'fortran_order': False, 'shape': (3,), }", FLOATS),
    "npy_no_dictionary.npy": npy("[1, 2]", FLOATS),
    "npy_lacks.npy": npy("{'descr': '<f4', 'shape': (3, 2)}", FLOATS),
    "npy_key.npy": npy("{'descr': '<f4', 'order': False, 'shape': (3, 2)}", FLOATS),
    "npy_order.npy": array("<f4", "(3, 2)", FLOATS, "Maybe"),
    "npy_axes.npy": array("<f4", "(3, 2, 1, 1, 1, 1, 1, 1)", FLOATS),
    "npy_negative.npy": array("<f4", "(3, -2)", FLOATS),
    "npy_huge.npy": array("<f4", "(1099511627776, 1099511627776)", FLOATS),
    "npy_huge_digits.npy": array("<f4", "(3, 99999999999999999999999)", FLOATS),
    "npy_scalar.npy": array("<f4", "()", FLOATS[:4]),
    "npy_no_rows.npy": array("<f4", "(0, 2)", b""),
    "npy_nothing.npy": array("<f4", "(3, 0)", b""),
    "npy_nan.npy": array("<f4", "(2, 3)", FLOATS[:20] + b"\0\0\xc0\x7f"),
    "npy_infinite.npy": array("<f4", "(2, 3)", FLOATS[:20] + b"\0\0\x80\x7f"),
    "npy_too_large.npy": array("<f8", "(1, 3)", struct.pack("<3d", 1, 1e39, 2)),
    "npy_image.npy": array("<f4", "(1, 3, 2)", FLOATS),
    "npy_good.npy": array("<f4", "(3, 2)", FLOATS),
    "npy_labels.npy": array("|u1", "(2,)", bytes([0, 1])),
    "npy_bad_labels.npy": array("|u1", "(3,)", bytes([0, 1, 3])),
    "npy_last.npy": array("<f4", "(1, 2, 1, 3)", FLOATS),
    "bytes_bom.json": b"\xef\xbb\xbf" + SMALL.encode(),
    "bytes_utf16.json": b"\xff\xfe" + SMALL.encode("utf-16-le"),
    "bytes_nul.json": b'{"layers":\0 []}\n',
    "bytes_nul_in_string.json": b'{"id": "a\0b", "layers": []}\n',
    "bytes_not_utf8.json": '{"id": "ein sch\xf6nes Netz", "layers": []}\n'.encode("latin-1"),
    "bytes_overlong.json": b'{"id": "\xc0\xaf", "layers": []}\n',
    "bytes_control.json": b'{"id": "a\x1b[31mb", "layers": []}\n',
    "bytes_del.json": b'{"layers": [\x7f]}\n',
    "bytes_random.json": bytes((i * 167 + 13) % 256 for i in range(5000)),
    "bytes_crlf.json": b'{\r\n  "layers": [\r\n    {"type": "dense", "output_sizes": 3}\r\n  ]\r\n}\r\n',
    "deep_lists.json": "[" * 10000 + "]" * 10000,
    "deep_open.json": '{"layers": ' + "[" * 2000000,
    "deep_objects.json": '{"a":' * 10000 + "1" + "}" * 10000,
    "deep_sequential.json": nested_layers(10000),
    "deep_layers.json": nested_layers(65),
    "deep_weights.weights.json": bundle('{"layers": [{"kernel": ' + "[" * 600 + "]" * 600 + "}]}"),
    "large_string.json": '{"layers": [{"type": "%s"}]}\n' % ("x" * 2000000),
    "large_key.json": '{"layers": [{"type": "dense", "output_size": 3, "%s": 1}]}\n' % ("y" * 2000000),
    "large_line.json": '{"layers": [%s{"type": "dense", "output_size": 0}]}\n' % ('{"type": "flatten"}, ' * 20000),
    "large_unknown.json": '{%s"layers": []}\n' % "".join('"key%d": 1, ' % i for i in range(100000)),
    "large_names.json": '{"input": {"shape": [1]}, "layers": [%s{"type": "flatten", "name": "flatten7"}]}\n'
                        % ('{"type": "flatten"}, ' * 50000),
    "weights_inner_json.weights.json": bundle('{"layers": [{"kernel": [1, 2, 3, 4, 5, 6], "biases": [0, 0,'),
    "weights_inner_type.weights.json": bundle('[1, 2, 3]'),
    "weights_inner_layers.weights.json": bundle('{"layers": [{"kernel": [1, 2, 3, 4, 5, 6]}, {}]}'),
    "weights_inner_key.weights.json": bundle('{"layers": [{"kernel": [1, 2, 3, 4, 5, 6]}]}'),
    "input_large.input.json": "[" + "1," * 300000 + "1]\n",
}


def write_all(folder):
    for name, data in FILES.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
    os.makedirs(os.path.join(folder, "folder.json"), exist_ok=True)


if __name__ == "__main__":
    write_all(sys.argv[1])
