#!/usr/bin/python3
"""Writes the inputs that are too large, or too strange, to lie in the folder.

    tests/broken/generate.py FOLDER
"""
import base64
import json
import os
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


FILES = {
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
