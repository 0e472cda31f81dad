"""Writes the ONNX model that computes what a description and its bundle compute.

    python make_onnx.py net.json bundle.json net.onnx

Prints the floating-point operations of one forward pass, a multiply-add counted as two. The model
is what a careful user would hand to ONNX Runtime: fixed shapes, weights as constants, the input
called "input" and the output "output". Knows the layers of the networks that `run` compares, no
others.
"""

import base64
import json
import math
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
ALIASES = {"multi_head_attention": "mha"}


class Unsupported(Exception):
    pass


class Graph:
    """The nodes made so far. A value is (name, shape), the shape with the batch in front."""

    def __init__(self):
        self.nodes, self.constants, self.flops = [], [], 0

    def constant(self, values, kind=np.float32):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def node(self, op, inputs, shape, **attributes):
        names = [x[0] if isinstance(x, tuple) else x for x in inputs]
        out = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, names, [out], name=f"{op}_{out}", **attributes))
        return out, list(shape)

    def reshape(self, x, shape):
        return self.node("Reshape", [x, self.constant(shape, np.int64)], shape)

    def transpose(self, x, order):
        return self.node("Transpose", [x], [x[1][i] for i in order], perm=order)

    def matmul(self, a, b_name, b_shape):
        shape = a[1][:-1] + b_shape[-1:]
        self.flops += 2 * math.prod(shape) * a[1][-1]
        return self.node("MatMul", [a, b_name], shape)

    def binary(self, op, a, b):
        return self.node(op, [a, b], a[1])


def array(weights, key, *shape):
    return np.asarray(weights[key], np.float32).reshape(shape)


def pair(value):
    return value if isinstance(value, list) else [value, value]


def window_padding(layer, sides, kernel, stride, dilation):
    """ONNX pads, [top, left, bottom, right], of a 2-D window."""
    padding = layer.get("padding", 0)
    if padding == "valid":
        padding = 0
    if padding == "same":
        before, after = [], []
        for n, k, s, d in zip(sides, kernel, stride, dilation):
            total = max((math.ceil(n / s) - 1) * s + d * (k - 1) + 1 - n, 0)
            before.append(total // 2)
            after.append(total - total // 2)
        return before + after
    if isinstance(padding, int):
        return [padding] * 4
    return padding * 2 if len(padding) == 2 else padding


def window_output(sides, kernel, stride, dilation, pads):
    return [(n + pads[i] + pads[i + 2] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1
            for i, n in enumerate(sides)]


# ---- layers: (graph, layer, weights, value) -> value ---------------------------------------------

def activation(graph, layer, _, x):
    kind = layer.get("activation", "linear")
    plain = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus"}
    if kind == "linear":
        return x
    if kind == "silu":
        return graph.binary("Mul", x, graph.node("Sigmoid", [x], x[1]))
    if kind not in plain:
        raise Unsupported(f"activation {kind}")
    return graph.node(plain[kind], [x], x[1])


def dense(graph, layer, weights, x):
    outs = layer.get("output_size", layer.get("height"))
    ins = len(weights["kernel"]) // outs
    kernel = array(weights, "kernel", ins, outs)
    bias = weights.get("biases")
    if x[1][-1] != ins:
        x = graph.reshape(x, [x[1][0], ins])
    if len(x[1]) == 2 and bias is not None:
        graph.flops += 2 * x[1][0] * ins * outs
        made = graph.node("Gemm", [x, graph.constant(kernel), graph.constant(bias)],
                          [x[1][0], outs])
    else:
        made = graph.matmul(x, graph.constant(kernel), [ins, outs])
        if bias is not None:
            made = graph.binary("Add", made, graph.constant(bias))
    return activation(graph, layer, weights, made)


def conv2d(graph, layer, weights, x):
    batch, channels, *sides = x[1]
    kernel, stride, dilation = (pair(layer.get(k, 1))
                                for k in ("kernel_size", "stride", "dilation"))
    groups, filters = layer.get("groups", 1), layer["filters"]
    pads = window_padding(layer, sides, kernel, stride, dilation)
    values = array(weights, "kernel", filters, channels // groups, *kernel)
    inputs = [x, graph.constant(values)]
    if "conv_bias" in weights:
        inputs.append(graph.constant(weights["conv_bias"]))
    shape = [batch, filters] + window_output(sides, kernel, stride, dilation, pads)
    graph.flops += 2 * math.prod(shape) * values[0].size
    made = graph.node("Conv", inputs, shape, kernel_shape=kernel, strides=stride,
                      dilations=dilation, group=groups, pads=pads)
    return activation(graph, layer, weights, made)


def pool(graph, layer, _, x):
    kernel = pair(layer["kernel_size"])
    stride = pair(layer.get("stride", kernel))
    pads = window_padding(layer, x[1][2:], kernel, stride, [1, 1])
    shape = x[1][:2] + window_output(x[1][2:], kernel, stride, [1, 1], pads)
    if layer["type"] == "max_pool":
        return graph.node("MaxPool", [x], shape, kernel_shape=kernel, strides=stride, pads=pads)
    return graph.node("AveragePool", [x], shape, kernel_shape=kernel, strides=stride, pads=pads,
                      count_include_pad=int(layer.get("count_include_pad", True)))


def global_pool(graph, layer, _, x):
    op = "GlobalMaxPool" if layer["type"] == "global_max_pool" else "GlobalAveragePool"
    made = graph.node(op, [x], x[1][:2] + [1] * (len(x[1]) - 2))
    return graph.reshape(made, x[1][:2])


def batch_norm(graph, layer, weights, x):
    values = [graph.constant(weights[k]) for k in ("gamma", "beta", "mean", "variance")]
    return graph.node("BatchNormalization", [x] + values, x[1],
                      epsilon=layer.get("epsilon", 1e-5))


def rms_norm(graph, layer, weights, x):
    """The nodes that ONNX Runtime recognises and fuses into one."""
    squares = graph.node("Pow", [x, graph.constant(2.0)], x[1])
    mean = graph.node("ReduceMean", [squares], x[1][:-1] + [1], axes=[-1])
    mean = graph.binary("Add", mean, graph.constant(layer.get("epsilon", 1e-5)))
    made = graph.binary("Div", x, graph.node("Sqrt", [mean], mean[1]))
    return graph.binary("Mul", made, graph.constant(weights["gamma"]))


def softmax(graph, layer, _, x):
    if layer.get("softmax_variant", "standard") != "standard":
        raise Unsupported("softmax variants")
    return graph.node("Softmax", [x], x[1], axis=-1)


def flatten(graph, layer, _, x):
    return graph.reshape(x, [x[1][0], math.prod(x[1][1:])])


def nothing(graph, layer, _, x):
    return x


def lstm(graph, layer, weights, x):
    batch, steps, ins = x[1]
    hidden = layer.get("hidden_size", ins)
    order = "iofg"                              # ONNX has another order of gates
    inputs = np.concatenate([array(weights, f"weight_i{g}", hidden, ins) for g in order])
    states = np.concatenate([array(weights, f"weight_h{g}", hidden, hidden) for g in order])
    biases = np.concatenate([array(weights, f"bias_{g}", hidden) for g in order]
                            + [np.zeros(4 * hidden, np.float32)])
    graph.flops += 2 * batch * steps * 4 * hidden * (ins + hidden)
    x = graph.reshape(x, [steps, 1, ins]) if batch == 1 else graph.transpose(x, [1, 0, 2])
    made = graph.node("LSTM", [x] + [graph.constant(v[np.newaxis])
                                     for v in (inputs, states, biases)],
                      [steps, 1, batch, hidden], hidden_size=hidden)
    if not layer.get("return_sequences", True):
        raise Unsupported("lstm without return_sequences")
    if batch > 1:
        made = graph.transpose(made, [2, 0, 1, 3])
    return graph.reshape(made, [batch, steps, hidden])


def rotate(graph, x, base):
    """Rotary positions on [batch, heads, steps, size]: x cos + (-second half, first half) sin."""
    steps, size = x[1][2:]
    angle = np.arange(steps)[:, np.newaxis] * base ** (-2.0 * np.arange(size // 2) / size)
    cos, sin = (graph.constant(np.concatenate([f(angle)] * 2, 1)) for f in (np.cos, np.sin))
    half = x[1][:-1] + [size // 2]
    first, second = f"{x[0]}_first", f"{x[0]}_second"
    graph.nodes.append(helper.make_node("Split", [x[0]], [first, second], axis=-1))
    turned = graph.node("Concat", [graph.node("Neg", [second], half), first], x[1], axis=-1)
    return graph.binary("Add", graph.binary("Mul", x, cos), graph.binary("Mul", turned, sin))


def mha(graph, layer, weights, x):
    batch, steps, width = x[1]
    heads = layer.get("num_heads", 8)
    size = layer.get("head_dim", width // heads)
    if layer.get("num_kv_heads", heads) != heads:
        raise Unsupported("mha with fewer key and value heads")

    def project(value, key, bias, ins, outs):
        made = graph.matmul(value, graph.constant(array(weights, key, ins, outs)), [ins, outs])
        return graph.binary("Add", made, graph.constant(weights[bias])) if bias in weights else made

    def split(key, bias, order=(0, 2, 1, 3)):
        made = project(x, key, bias, width, heads * size)
        return graph.transpose(graph.reshape(made, [batch, steps, heads, size]), order)

    query, key = split("q_weights", "q_bias"), split("k_weights", "k_bias")
    value = split("v_weights", "v_bias")
    if layer.get("rope", True):
        base = layer.get("rope_freq_base", 10000)
        query, key = rotate(graph, query, base), rotate(graph, key, base)
    key = graph.transpose(key, [0, 1, 3, 2])
    scores = graph.matmul(query, key[0], key[1])
    scores = graph.binary("Mul", scores, graph.constant(1 / math.sqrt(size)))
    if layer.get("causal", True):
        mask = np.triu(np.full((steps, steps), -1e30), 1)
        scores = graph.binary("Add", scores, graph.constant(mask))
    made = graph.matmul(graph.node("Softmax", [scores], scores[1], axis=-1), value[0], value[1])
    made = graph.reshape(graph.transpose(made, [0, 2, 1, 3]), [batch, steps, heads * size])
    return project(made, "output_weight", "output_bias", heads * size, width)


def swiglu(graph, layer, weights, x):
    width = x[1][-1]
    hidden = len(weights["gate_weights"]) // width

    def project(value, name, ins, outs):
        values = array(weights, f"{name}_weights", ins, outs)
        made = graph.matmul(value, graph.constant(values), [ins, outs])
        bias = weights.get(f"{name}_bias")
        return made if bias is None else graph.binary("Add", made, graph.constant(bias))

    gate = project(x, "gate", width, hidden)
    gate = graph.binary("Mul", gate, graph.node("Sigmoid", [gate], gate[1]))
    return project(graph.binary("Mul", gate, project(x, "up", width, hidden)), "down",
                   hidden, width)


def branches(layer):
    return layer.get("branches", layer.get("layers", []))


def sequential(graph, layer, weights, x):
    return sequence(graph, branches(layer), weights.get("branch_weights", []), x)


def residual(graph, layer, weights, x):
    return activation(graph, layer, weights,
                      graph.binary("Add", x, sequential(graph, layer, weights, x)))


def parallel(graph, layer, weights, x):
    if layer.get("combine_mode") != "add":
        raise Unsupported("parallel without combine_mode add")
    parts = [sequence(graph, [b], [w], x)
             for b, w in zip(branches(layer), weights["branch_weights"])]
    made = parts[0]
    for part in parts[1:]:
        made = graph.binary("Add", made, part)
    return activation(graph, layer, weights, made)


LAYERS = {
    "activation": activation, "avg_pool": pool, "batch_norm": batch_norm, "conv2d": conv2d,
    "dense": dense, "dropout": nothing, "flatten": flatten, "global_avg_pool": global_pool,
    "global_max_pool": global_pool, "lstm": lstm, "max_pool": pool, "mha": mha,
    "parallel": parallel, "residual": residual, "rms_norm": rms_norm, "sequential": sequential,
    "softmax": softmax, "swiglu": swiglu,
}


def norm_into_dense(layer, weights, norm, norm_weights):
    """A batch_norm after a dense layer, multiplied into it: ONNX Runtime does so for Conv only."""
    gamma, beta, mean, variance = (np.asarray(norm_weights[k], np.float64)
                                   for k in ("gamma", "beta", "mean", "variance"))
    scale = gamma / np.sqrt(variance + norm.get("epsilon", 1e-5))
    kernel = np.asarray(weights["kernel"], np.float64).reshape(-1, len(scale)) * scale
    bias = (np.asarray(weights.get("biases", np.zeros(len(scale)))) - mean) * scale + beta
    return layer, {"kernel": kernel.ravel(), "biases": bias}


def sequence(graph, layers, weights, x):
    pairs = list(zip(layers, list(weights) + [{}] * (len(layers) - len(weights))))
    while pairs:
        layer, values = pairs.pop(0)
        kind = ALIASES.get(layer["type"], layer["type"])
        if kind not in LAYERS:
            raise Unsupported(f"layer {kind}")
        foldable = kind == "dense" and layer.get("activation", "linear") == "linear"
        if foldable and pairs and pairs[0][0]["type"] == "batch_norm":
            layer, values = norm_into_dense(layer, values, *pairs.pop(0))
        x = LAYERS[kind](graph, layer, values, x)
    return x


# ---- files ---------------------------------------------------------------------------------------

def read_weights(path):
    with open(path) as file:
        weights = json.load(file)["models"][0]["weights"]
    if weights["fmt"] == "jsonModelB64":
        weights = json.loads(base64.b64decode(weights["data"]))
    return weights["layers"]


def convert(description, weights):
    graph = Graph()
    shape = [description.get("batch_size", 1)] + description["input"]["shape"]
    name, out_shape = sequence(graph, description["layers"], weights, ("input", shape))
    graph.nodes.append(helper.make_node("Identity", [name], ["output"]))
    made = helper.make_graph(
        graph.nodes, description["id"],
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, out_shape)], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8,
                              producer_name="loom-c")
    onnx.checker.check_model(model, full_check=True)
    return model, graph.flops


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: make_onnx.py net.json bundle.json net.onnx")
    with open(sys.argv[1]) as file:
        description = json.load(file)
    try:
        model, flops = convert(description, read_weights(sys.argv[2]))
    except Unsupported as error:
        sys.exit(f"make_onnx.py: {sys.argv[1]}: {error} has no ONNX here")
    onnx.save(model, sys.argv[3])
    print(flops)


if __name__ == "__main__":
    main()
