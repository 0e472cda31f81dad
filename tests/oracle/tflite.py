#!/usr/bin/env python3
"""int8 against TensorFlow Lite's reference kernels (LiteRT, BUILTIN_REF), to the last bit.

    tests/oracle/tflite.py --loomc build/loomc      (tests/oracle/tflite_run installs LiteRT from PyPI)

For random layers with scales that float32 holds exactly, the same integers go into both. LiteRT as it is published rounds a
multiplication twice (to 31 bits, then by the shift); ours, like its build with TFLITE_SINGLE_ROUNDING, once. So two things
are checked, both exactly:

    LiteRT == the layer in Python integers with two roundings          that the Python is TensorFlow Lite's arithmetic
    loomc run --precision i8 == the same Python with one rounding      that ours is that arithmetic

Softmax is not among them: its specification fixes the output's scale and zero, not the exponential; there ours must be within
one of LiteRT.
"""
import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as lite
from ai_edge_litert.interpreter import Interpreter, OpResolverType

passed = failed = 0


def check(good, what):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print("FAILED", what)


# ---- the arithmetic ------------------------------------------------------------------------------------------------

def factor(real):
    """(m, exponent): real = m / 2^31 * 2^exponent, m of 31 bits."""
    fraction, exponent = math.frexp(real)
    m = math.floor(fraction * 2**31 + 0.5)
    return (m // 2, exponent + 1) if m == 2**31 else (m, exponent)


def once(x, real):
    m, exponent = factor(real)
    shift = 31 - exponent
    return (x * m + (1 << shift >> 1)) >> shift


def twice(x, real):
    m, exponent = factor(real)
    x <<= max(exponent, 0)
    product = x * m
    nudge = 2**30 if product >= 0 else 1 - 2**30
    high = int(math.trunc((product + nudge) / 2**31)) if abs(product) < 2**52 else divide(product + nudge, 2**31)
    right = max(-exponent, 0)
    mask, rest = (1 << right) - 1, high & ((1 << right) - 1)
    return (high >> right) + (1 if rest > (mask >> 1) + (1 if high < 0 else 0) else 0)


def divide(a, b):
    return a // b if a >= 0 else -(-a // b)


def clip(q, low=-128):
    return max(low, min(127, q))


# ---- both sides ----------------------------------------------------------------------------------------------------

class Quant:
    """scale and zero of an int8 tensor; the scale is exact in float32, and so are all its numbers."""

    def __init__(self, rng):
        self.scale = rng.randrange(257, 4096) * 2.0 ** -rng.randrange(14, 18)
        self.zero = rng.randrange(-100, 100)

    def range(self):
        return [(-128 - self.zero) * self.scale, (127 - self.zero) * self.scale]

    def real(self, q):
        return (np.asarray(q, dtype=np.float64) - self.zero) * self.scale


def tensor(name, shape, kind, quant=None, buffer=0, scales=None, axis=0):
    t = lite.TensorT()
    t.name, t.shape, t.type, t.buffer = name.encode(), list(shape), kind, buffer
    q = lite.QuantizationParametersT()
    q.scale = list(scales) if scales is not None else [quant.scale]
    q.zeroPoint = [0] * len(q.scale) if scales is not None else [quant.zero]
    q.quantizedDimension = axis
    t.quantization = q
    return t


def lite_run(op, options, options_type, tensors, constants, inputs, output):
    """Runs one operator. tensors: TensorT; constants: arrays for buffers 1, 2, ...; inputs: values of the first tensors that have
    no buffer; output: the last tensor."""
    code = lite.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = op
    code.version = 3
    node = lite.OperatorT()
    node.inputs, node.outputs = list(range(len(tensors) - 1)), [len(tensors) - 1]
    node.builtinOptions, node.builtinOptionsType = options, options_type
    graph = lite.SubGraphT()
    graph.tensors, graph.operators = tensors, [node]
    graph.inputs = [i for i, t in enumerate(tensors[:-1]) if t.buffer == 0]
    graph.outputs = node.outputs
    model = lite.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [lite.BufferT() for _ in range(len(constants) + 1)]
    for b, values in zip(model.buffers[1:], constants):
        b.data = np.frombuffer(values.tobytes(), dtype=np.uint8)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    run = Interpreter(model_content=bytes(builder.Output()), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    run.allocate_tensors()
    for detail, values in zip(run.get_input_details(), inputs):
        run.set_tensor(detail["index"], values.reshape(detail["shape"]))
    run.invoke()
    assert output is tensors[-1]
    return run.get_tensor(run.get_output_details()[0]["index"])


def loom_run(loomc, network, weights, x, quant_in, quant_out):
    """The integers that come out of `loomc run --precision i8` for the integers x."""
    with tempfile.TemporaryDirectory() as folder:
        def write(name, value):
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                json.dump(value, file)
            return path
        net = write("net.json", network)
        given = write("w.json", {"type": "modelhost/bundle", "version": 1, "producer": "loom-c",
                                 "models": [{"id": network["id"], "cfg": network,
                                             "weights": {"fmt": "json", "type": "float64", "layers": weights}}]})
        numbers = write("x.json", [float(v) for v in quant_in.real(x).reshape(-1)])
        done = subprocess.run([loomc, "run", net, "--weights", given, "--precision", "i8", "--input", numbers], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"loomc run: {done.stderr}\n{json.dumps(network)}")
        y = np.array(json.loads(done.stdout)["output"])
        return np.round(y / quant_out.scale).astype(int) + quant_out.zero


def network(layers, shape, ranges, batch=1):
    return {"id": "net", "batch_size": batch, "input": {"shape": list(shape)}, "layers": layers,
            "quantisation": {"method": "minmax", "samples": 1, "ranges": ranges}}


def compare(what, got_lite, got_loom, double, single):
    check(np.array_equal(np.reshape(got_lite, -1), np.reshape(double, -1)), f"{what}: LiteRT is not the arithmetic with two roundings")
    check(np.array_equal(np.reshape(got_loom, -1), np.reshape(single, -1)), f"{what}: ours is not the arithmetic with one rounding")
    return int(np.sum(np.reshape(double, -1) != np.reshape(single, -1)))


# ---- layers --------------------------------------------------------------------------------------------------------

def weights_for(rng, outputs, k):
    """int8 weights with 127 in each output, and a scale for each that is a power of two times an odd number."""
    w = np.array([[rng.randrange(-127, 128) for _ in range(k)] for _ in range(outputs)])
    w[:, rng.randrange(k)] = 127
    return w, np.array([rng.randrange(129, 256) * 2.0 ** -rng.randrange(13, 17) for _ in range(outputs)])


def out_quant(rng, reach):
    """A scale that makes sums of this size fill the range, exact in float32."""
    quant = Quant(rng)
    quant.scale = max(1, round(reach / 256 * 4096)) / 4096
    return quant


def dense(rng, loomc):
    batch, n_in, n_out, relu = rng.randrange(1, 4), rng.randrange(1, 70), rng.randrange(1, 20), rng.random() < 0.5
    qx = Quant(rng)
    w, scales = weights_for(rng, n_out, n_in)
    bias = np.array([rng.randrange(-5000, 5000) for _ in range(n_out)])
    x = np.array([[rng.randrange(-128, 128) for _ in range(n_in)] for _ in range(batch)])
    sums = (x - qx.zero) @ w.T + bias
    qy = out_quant(rng, np.abs(sums * scales * qx.scale).max())
    ours = [[clip(once(int(s), qx.scale * c / qy.scale) + qy.zero, qy.zero if relu else -128) for s, c in zip(row, scales)] for row in sums]
    theirs = [[clip(twice(int(s), qx.scale * c / qy.scale) + qy.zero, qy.zero if relu else -128) for s, c in zip(row, scales)] for row in sums]
    options = lite.FullyConnectedOptionsT()
    options.fusedActivationFunction = 1 if relu else 0
    tensors = [tensor("x", x.shape, 9, qx), tensor("w", w.shape, 9, buffer=1, scales=scales),
               tensor("b", bias.shape, 2, buffer=2, scales=scales * qx.scale), tensor("y", (batch, n_out), 9, qy)]
    got = lite_run(lite.BuiltinOperator.FULLY_CONNECTED, options, lite.BuiltinOptions.FullyConnectedOptions, tensors,
                   [w.astype(np.int8), bias.astype(np.int32)], [x.astype(np.int8)], tensors[-1])
    layer = {"type": "dense", "name": "fc", "output_size": n_out, "activation": "relu" if relu else "linear"}
    names = {"input": qx.range(), "fc": qy.range(), "fc.1": qy.range(), "fc.2": qy.range()}
    real_w = (w * scales[:, None]).T
    given = [{"kernel": real_w.reshape(-1).tolist(), "biases": (bias * scales * qx.scale).tolist()}]
    mine = loom_run(loomc, network([layer], [n_in], names, batch), given, x, qx, qy)
    return compare(f"dense {x.shape} {w.shape}", got, mine, theirs, ours)


def windows(x, zero, kernel, stride, dilation, pad):
    """x [C,H,W] with a border of zeros: yields (row, column, window [C,kh,kw], inside [kh,kw])."""
    channels, height, width = x.shape
    padded = np.full((channels, height + 2 * pad, width + 2 * pad), zero)
    padded[:, pad:pad + height, pad:pad + width] = x
    inside = np.zeros(padded.shape[1:], dtype=bool)
    inside[pad:pad + height, pad:pad + width] = True
    reach = [(k - 1) * dilation + 1 for k in kernel]
    for i in range((padded.shape[1] - reach[0]) // stride + 1):
        for j in range((padded.shape[2] - reach[1]) // stride + 1):
            at = (slice(i * stride, i * stride + reach[0], dilation), slice(j * stride, j * stride + reach[1], dilation))
            yield i, j, padded[(slice(None), *at)], inside[at]


def conv(rng, loomc, depthwise):
    channels = rng.randrange(1, 6)
    filters = channels if depthwise else rng.randrange(1, 9)
    height, width, k, stride = rng.randrange(4, 9), rng.randrange(4, 9), rng.choice([1, 3]), rng.randrange(1, 3)
    dilation = rng.randrange(1, 3) if stride == 1 and k == 3 and min(height, width) > 5 else 1
    qx = Quant(rng)
    per = 1 if depthwise else channels
    w, scales = weights_for(rng, filters, per * k * k)
    bias = np.array([rng.randrange(-3000, 3000) for _ in range(filters)])
    x = np.array([rng.randrange(-128, 128) for _ in range(channels * height * width)]).reshape(channels, height, width)
    kernels = w.reshape(filters, per, k, k)
    sums = {}
    for i, j, window, _ in windows(x, qx.zero, (k, k), stride, dilation, 0):
        for f in range(filters):
            part = window[f:f + 1] if depthwise else window
            sums[f, i, j] = int(np.sum((part - qx.zero) * kernels[f])) + int(bias[f])
    rows, cols = max(i for _, i, _ in sums) + 1, max(j for _, _, j in sums) + 1
    qy = out_quant(rng, max(abs(s) * scales[f] * qx.scale for (f, _, _), s in sums.items()))
    order = [(f, i, j) for f in range(filters) for i in range(rows) for j in range(cols)]
    ours = [clip(once(sums[at], qx.scale * scales[at[0]] / qy.scale) + qy.zero) for at in order]
    theirs = [clip(twice(sums[at], qx.scale * scales[at[0]] / qy.scale) + qy.zero) for at in order]
    options = lite.DepthwiseConv2DOptionsT() if depthwise else lite.Conv2DOptionsT()
    options.padding, options.strideH, options.strideW = lite.Padding.VALID, stride, stride
    options.dilationHFactor = options.dilationWFactor = dilation
    if depthwise:
        options.depthMultiplier = 1
    lite_w = kernels[:, 0].transpose(1, 2, 0)[None] if depthwise else kernels.transpose(0, 2, 3, 1)
    tensors = [tensor("x", (1, height, width, channels), 9, qx), tensor("w", lite_w.shape, 9, buffer=1, scales=scales, axis=3 if depthwise else 0),
               tensor("b", bias.shape, 2, buffer=2, scales=scales * qx.scale), tensor("y", (1, rows, cols, filters), 9, qy)]
    which = ("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions") if depthwise else ("CONV_2D", "Conv2DOptions")
    got = lite_run(getattr(lite.BuiltinOperator, which[0]), options, getattr(lite.BuiltinOptions, which[1]), tensors,
                   [np.ascontiguousarray(lite_w).astype(np.int8), bias.astype(np.int32)], [x.transpose(1, 2, 0).astype(np.int8)], tensors[-1])
    layer = {"type": "conv2d", "name": "c", "filters": filters, "kernel_size": k, "stride": stride, "dilation": dilation,
             "groups": channels if depthwise else 1}
    given = [{"kernel": (w * scales[:, None]).reshape(-1).tolist(), "biases": (bias * scales * qx.scale).tolist()}]
    mine = loom_run(loomc, network([layer], x.shape, {"input": qx.range(), "c": qy.range()}), given, x, qx, qy)
    return compare(f"{which[0]} {x.shape} {lite_w.shape}", got[0].transpose(2, 0, 1), mine, theirs, ours)


def pool(rng, loomc, mean):
    channels, height, width, k, stride = rng.randrange(1, 5), rng.randrange(3, 9), rng.randrange(3, 9), rng.randrange(1, 4), rng.randrange(1, 3)
    qx = Quant(rng)
    x = np.array([rng.randrange(-128, 128) for _ in range(channels * height * width)]).reshape(channels, height, width)
    out = {}
    for i, j, window, _ in windows(x, qx.zero, (k, k), stride, 1, 0):
        for c in range(channels):
            total = int(window[c].sum())
            out[c, i, j] = divide(total + (k * k // 2 if total > 0 else -(k * k // 2)), k * k) if mean else int(window[c].max())
    rows, cols = max(i for _, i, _ in out) + 1, max(j for _, _, j in out) + 1
    want = [out[c, i, j] for c in range(channels) for i in range(rows) for j in range(cols)]
    options = lite.Pool2DOptionsT()
    options.padding, options.strideH, options.strideW, options.filterHeight, options.filterWidth = lite.Padding.VALID, stride, stride, k, k
    tensors = [tensor("x", (1, height, width, channels), 9, qx), tensor("y", (1, rows, cols, channels), 9, qx)]
    op = lite.BuiltinOperator.AVERAGE_POOL_2D if mean else lite.BuiltinOperator.MAX_POOL_2D
    got = lite_run(op, options, lite.BuiltinOptions.Pool2DOptions, tensors, [], [x.transpose(1, 2, 0).astype(np.int8)], tensors[-1])
    layer = {"type": "avg_pool" if mean else "max_pool", "name": "p", "kernel_size": k, "stride": stride}
    mine = loom_run(loomc, network([layer], x.shape, {"input": qx.range(), "p": qx.range()}), [{}], x, qx, qx)
    return compare(f"pool {x.shape} {k} {stride}", got[0].transpose(2, 0, 1), mine, want, want)


def add(rng, loomc):
    """residual: x + x * 1 through a pool of one number, whose quant is x's; and x + dense(x) with another scale."""
    n = rng.randrange(1, 40)
    qx, qb, qy = Quant(rng), Quant(rng), Quant(rng)
    w, scales = weights_for(rng, n, n)
    x = np.array([rng.randrange(-128, 128) for _ in range(n)])
    sums = (x - qx.zero) @ w.T
    qb = out_quant(rng, np.abs(sums * scales * qx.scale).max())
    qy.scale = round(max(qx.scale, qb.scale) * 4096 + 1) / 4096
    b = np.array([clip(once(int(s), qx.scale * c / qb.scale) + qb.zero) for s, c in zip(sums, scales)])
    double_of = 2 * max(qx.scale, qb.scale)

    def total(a, c, by):
        s = by((a - qx.zero) << 20, qx.scale / double_of) + by((c - qb.zero) << 20, qb.scale / double_of)
        return clip(by(s, double_of / (2**20 * qy.scale)) + qy.zero)
    ours = [total(int(a), int(c), once) for a, c in zip(x, b)]
    theirs = [total(int(a), int(c), twice) for a, c in zip(x, b)]
    options = lite.AddOptionsT()
    tensors = [tensor("a", (1, n), 9, qx), tensor("b", (1, n), 9, qb), tensor("y", (1, n), 9, qy)]
    got = lite_run(lite.BuiltinOperator.ADD, options, lite.BuiltinOptions.AddOptions, tensors, [], [x.astype(np.int8), b.astype(np.int8)], tensors[-1])
    layers = [{"type": "residual", "name": "r", "branches": [{"type": "dense", "name": "fc", "output_size": n}]}]
    names = {"input": qx.range(), "r_fc": qb.range(), "r_fc.1": qb.range(), "r": qy.range()}
    given = [{"branch_weights": [{"kernel": (w * scales[:, None]).T.reshape(-1).tolist(), "biases": [0.0] * n}]}]
    mine = loom_run(loomc, network(layers, [n], names), given, x, qx, qy)
    return compare(f"add {n}", got, mine, theirs, ours)


def softmax(rng, loomc):
    n = rng.randrange(2, 30)
    qx = Quant(rng)
    qy = Quant(rng)
    qy.scale, qy.zero = 1 / 256, -128
    x = np.array([rng.randrange(-128, 128) for _ in range(n)])
    options = lite.SoftmaxOptionsT()
    options.beta = 1.0
    tensors = [tensor("x", (1, n), 9, qx), tensor("y", (1, n), 9, qy)]
    got = lite_run(lite.BuiltinOperator.SOFTMAX, options, lite.BuiltinOptions.SoftmaxOptions, tensors, [], [x.astype(np.int8)], tensors[-1])
    mine = loom_run(loomc, network([{"type": "softmax", "name": "s"}], [n], {"input": qx.range(), "s": [0, 1]}), [{}], x, qx, qy)
    off = np.abs(np.reshape(got, -1).astype(int) - mine)
    check(off.max() <= 1, f"softmax {n}: off by {off.max()}")
    return int(np.sum(off != 0))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--loomc", required=True)
    parser.add_argument("--count", type=int, default=40)
    arguments = parser.parse_args()
    rng = random.Random(1)
    kinds = {"dense": dense, "conv2d": lambda r, c: conv(r, c, False), "depthwise": lambda r, c: conv(r, c, True),
             "add": add, "avg_pool": lambda r, c: pool(r, c, True), "max_pool": lambda r, c: pool(r, c, False), "softmax": softmax}
    for name, test in kinds.items():
        differ = sum(test(rng, arguments.loomc) for _ in range(arguments.count))
        print(f"{name:10} {arguments.count} layers, {differ} numbers in which {'ours differs by one' if name == 'softmax' else 'two roundings differ from one'}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
