#!/usr/bin/python3
"""Compares `loomc run` with PyTorch on the whole corpus, or on the networks named.

    /usr/bin/python3 tests/oracle/compare.py --loomc build/loomc [--precision f32|f64] [net.json ...]

For each network: `loomc init` draws the weights, constant tensors in them (zero biases, unit gammas) are
replaced by random ones so that they count, `loomc run` computes, and so does oracle.py in float64.

Errors are in ulps of the precision, an ulp taken at the size of the largest output: an output that
is small only because large terms cancelled cannot be better than those terms. The column `plain` has the worst
error in ulps of each single output, for information.

The limit of a network is

    max(4 + 2 sqrt(R), 3 T)

R is its reduction length: the terms of every sum on the longest path from input to output. A sum of n terms makes
n roundings of half an ulp each; they are independent, so they add up like sqrt(n), and the factor 2 and the
constant leave room for the activations' own errors. T is the error, in ulps, of PyTorch itself in float32 against
float64: a network that magnifies small differences (deep stacks, a norm over nearly equal numbers) shows it
there, with the same weights and input. A wrong formula, order of weights or epsilon is off by far more.

Without names it also fails when a layer, an activation or a variant of the format occurs in no network.
"""
import argparse
import base64
import glob
import json
import math
import os
import subprocess
import sys
import tempfile
import zlib

import numpy
import torch

import oracle

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "networks")
TIMEOUT = 300

MUST_OCCUR = {
    "type": """dense conv2d conv1d max_pool avg_pool global_max_pool global_avg_pool flatten reshape activation
        batch_norm layer_norm rms_norm dropout softmax embedding mha multi_head_attention swiglu rnn lstm gru
        residual sequential parallel""",
    "softmax_variant": """standard temperature grid hierarchical gumbel masked sparse entmax adaptive mixture""",
    "combine_mode": "concat add avg average filter grid_scatter",
}
ACTIVATIONS = """relu scaled_relu leaky_relu sigmoid tanh softplus gelu silu elu hard_sigmoid hard_swish
    linear""".split()
CARRIERS = "dense conv2d conv1d activation residual parallel".split()


class Failure(Exception):
    """Why a network did not pass, in one line."""


# ---- numbers ------------------------------------------------------------------------------------

def generator(name):
    """24-bit numbers from a linear congruential generator, seeded by a name."""
    state = zlib.crc32(name.encode())
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 40


def vocabularies(layers):
    """The vocabularies of the embeddings that read the network's input."""
    for layer in layers[:1]:
        if layer["type"] == "embedding":
            yield layer["vocab_size"]
        elif layer["type"] == "parallel":
            for branch in oracle.inner(layer):
                yield from vocabularies([branch])
        else:
            yield from vocabularies(oracle.inner(layer))


def make_input(net):
    """Values in [-2, 2] that float32 holds exactly, or token ids."""
    count = math.prod(oracle.input_shape(net)) * net.get("batch_size", 1)
    draw = generator(net["id"])
    vocab = min(vocabularies(net["layers"]), default=None)
    if vocab is None:
        return [next(draw) / 2**22 - 2 for _ in range(count)]
    if "out_of_range" in net["id"]:
        return [next(draw) % (2 * vocab + 12) / 2 - 3 for _ in range(count)]
    return [next(draw) % vocab for _ in range(count)]


def vary_constants(weights, draw):
    """Gives every tensor that is one repeated value random values instead."""
    for key, value in weights.items():
        if isinstance(value, dict):
            vary_constants(value, draw)
        elif value and isinstance(value[0], dict):
            for branch in value:
                vary_constants(branch, draw)
        elif value and len(set(value)) == 1:
            low = 0.5 if key in ("gamma", "variance") else -0.5
            weights[key] = [low + next(draw) % 65 / 64 for _ in value]


def ulps(error, size, dtype):
    """error in units of the last place of numbers as large as size."""
    unit = numpy.spacing(numpy.maximum(size, numpy.finfo(dtype).tiny).astype(dtype)).astype(float)
    return float(numpy.max(error / unit)) if error.size else 0.0


# ---- one network --------------------------------------------------------------------------------

def call(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise Failure(f"{command[1]}: no answer in {TIMEOUT} s") from None
    except OSError as problem:
        raise Failure(str(problem)) from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise Failure(f"{command[1]}: exit {done.returncode}: {said[0] if said else 'no message'}")
    return done.stdout


def write_json(path, value):
    with open(path, "w") as file:
        json.dump(value, file)


def make_bundle(args, path, net, bundle):
    """Lets loomc draw the weights; varies the constant ones. Returns the list of layers."""
    call(args.loomc, "init", path, "--precision", args.precision, "-o", bundle)
    with open(bundle) as file:
        data = json.load(file)
    weights = data["models"][0]["weights"]
    text = json.loads(base64.b64decode(weights["data"])) if "data" in weights else weights
    draw = generator(net["id"] + " weights")
    for layer in text["layers"]:
        vary_constants(layer, draw)
    if "data" in weights:
        weights["data"] = base64.b64encode(json.dumps(text).encode()).decode()
    write_json(bundle, data)
    return text["layers"]


def compare(args, path, folder):
    """A network's errors and limit: (scaled, plain, limit)."""
    with open(path) as file:
        net = json.load(file)
    bundle, given = os.path.join(folder, "bundle.json"), os.path.join(folder, "input.json")
    values = make_input(net)
    write_json(given, values)
    layers = make_bundle(args, path, net, bundle)
    answer = json.loads(call(args.loomc, "run", path, "--input", given, "--weights", bundle,
                             "--precision", args.precision))
    want, length = oracle.forward(net, layers, values, torch.float64)
    if answer["shape"] != list(want.shape):
        raise Failure(f"shape {answer['shape']}, expected {list(want.shape)}")
    want = want.flatten().numpy()
    got = numpy.array(answer["output"], dtype=float)
    if got.shape != want.shape or not numpy.isfinite(got).all():
        raise Failure(f"{got.size} numbers, {numpy.isfinite(got).sum()} finite, expected {want.size}")
    single = oracle.forward(net, layers, values, torch.float32)[0].flatten().numpy()
    scale = numpy.max(numpy.abs(want), initial=0.0)
    noise = ulps(numpy.abs(single - want), scale, numpy.float32)
    dtype = {"f32": numpy.float32, "f64": numpy.float64}[args.precision]
    error = numpy.abs(got - want)
    return (ulps(error, scale, dtype), ulps(error, numpy.abs(want), dtype),
            max(4 + 2 * math.sqrt(length), 3 * noise))


# ---- coverage -----------------------------------------------------------------------------------

def every_layer(layers):
    for layer in layers:
        yield layer
        yield from every_layer(oracle.inner(layer))
        yield from every_layer([layer["filter_gate"]] if "filter_gate" in layer else [])


def missing(paths):
    """What the format has and no network uses, as text."""
    needed = {f"{key} {value}" for key, values in MUST_OCCUR.items() for value in values.split()}
    needed |= {f"{a} on {c}" for a in ACTIVATIONS for c in CARRIERS} | {"relu on rnn", "tanh on rnn"}
    for path in paths:
        with open(path) as file:
            net = json.load(file)
        for layer in every_layer(net["layers"]):
            needed -= {f"{key} {layer.get(key)}" for key in MUST_OCCUR}
            needed.discard(f"{layer.get('activation')} on {layer['type']}")
    return sorted(needed)


def main():
    parser = argparse.ArgumentParser(description="compare loomc with PyTorch")
    parser.add_argument("--loomc", required=True, help="path of loomc")
    parser.add_argument("--precision", choices=["f32", "f64"], default="f32")
    parser.add_argument("--quiet", action="store_true", help="only failures and the last line")
    parser.add_argument("networks", nargs="*")
    args = parser.parse_args()
    paths = args.networks or [p for p in sorted(glob.glob(os.path.join(CORPUS, "*.json")))
                              if '"gumbel_noise": true' not in open(p).read()]  # nobody else has our noise
    passed = failed = 0
    if not args.quiet:
        print(f"{'network':38} {'error':>9} {'limit':>9} {'plain':>11}   (ulps of {args.precision})")
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            name = os.path.splitext(os.path.basename(path))[0]
            try:
                error, plain, limit = compare(args, path, folder)
                good = error <= limit
                note = f"{error:9.2f} {limit:9.2f} {plain:11.4g}"
            except (Failure, ValueError, KeyError, IndexError) as problem:
                good, note = False, f"{type(problem).__name__}: {problem}"
            passed, failed = passed + good, failed + (not good)
            if not (good and args.quiet):
                print(f"{name:38} {note}{'' if good else '   FAILED'}", flush=True)
    if not args.networks:
        for what in missing(paths):
            failed += 1
            print(f"not in any network: {what}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
