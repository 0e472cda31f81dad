#!/usr/bin/python3
"""An independent forward pass of the description format, made of PyTorch's own layers.

It reads what `loomc` reads (a description, a bundle, an input) and shares no code with it. What PyTorch
lacks (RoPE, SwiGLU, rms_norm, sparsemax, entmax) is written from its mathematical definition.

    /usr/bin/python3 tests/oracle/oracle.py net.json --weights bundle.json --input x.json [--precision f32]
        prints {"shape": [...], "output": [...]}; float64 unless told otherwise, because that is the
        yardstick. Without --weights it draws random ones.

A tensor here is always [B, ...sample]. `Weights` hands out the tensors of one layer by name and checks
their sizes; `RandomWeights` makes them up instead, so that the oracle runs without any file.
"""
import argparse
import base64
import json
import math
import random
import sys

import torch
import torch.nn.functional as F

torch.set_num_threads(1)


# ---- weights ------------------------------------------------------------------------------------

class Weights:
    """The weights object of one layer, as it stands in a bundle.

    It also keeps the layer's reduction length, the number of terms of its longest chain of sums: that
    is what a limit for rounding errors depends on."""

    def __init__(self, data, dtype, where):
        self.data, self.dtype, self.where = data, dtype, where
        self.terms, self.parts = 1, []

    def get(self, key, *shape):
        values = self.data.get(key)
        if values is None:
            raise ValueError(f"{self.where}: no weights '{key}'")
        if len(values) != math.prod(shape):
            raise ValueError(f"{self.where}: '{key}' has {len(values)} numbers, expected {shape}")
        return torch.tensor(values, dtype=torch.float64).to(self.dtype).reshape(shape)

    def bias(self, layer, key, *shape):
        if layer.get("bias", True):
            return self.get(key, *shape)
        if self.data.get(key):
            raise ValueError(f"{self.where}: has '{key}' in spite of \"bias\": false")
        return torch.zeros(shape, dtype=self.dtype)

    def branch(self, i):
        return self.child(self.data["branch_weights"][i], f"{self.where}/{i}")

    def gate(self):
        return self.child(self.data["filter_gate"], f"{self.where}/gate")

    def child(self, data, where):
        self.parts.append(type(self)(data, self.dtype, where))
        return self.parts[-1]

    def sums(self, *terms):
        self.terms += sum(terms)

    def length(self):
        return self.terms + sum(p.length() for p in self.parts)


class RandomWeights(Weights):
    """Invents each tensor when it is first asked for, and keeps it in `data`."""

    def get(self, key, *shape):
        if key not in self.data:
            n = math.prod(shape)
            scale = 1 / math.sqrt(shape[-1] if len(shape) > 1 else 4)
            low, high = (0.5, 1.5) if key in ("gamma", "variance") else (-scale, scale)
            draw = random.Random(f"{self.where} {key}")
            self.data[key] = [round(draw.uniform(low, high) * 1024) / 1024 for _ in range(n)]
        return super().get(key, *shape)

    def branch(self, i):
        rows = self.data.setdefault("branch_weights", [])
        while len(rows) <= i:
            rows.append({})
        return super().branch(i)

    def gate(self):
        self.data.setdefault("filter_gate", {})
        return super().gate()


def bundle_layers(bundle):
    """The list of weights objects of a bundle's first model, whichever way it is wrapped."""
    weights = bundle["models"][0]["weights"]
    if weights["fmt"] == "jsonModelB64":
        weights = json.loads(base64.b64decode(weights["data"]))
    return weights["layers"]


# ---- activations --------------------------------------------------------------------------------

def activate(layer, x, default="linear"):
    name = layer.get("activation", default)
    alpha = layer.get("alpha")
    return {
        "linear": lambda: x,
        "relu": lambda: F.relu(x),
        "scaled_relu": lambda: F.relu(1.1 * x),
        "leaky_relu": lambda: F.leaky_relu(x, 0.1 if alpha is None else alpha),
        "sigmoid": lambda: torch.sigmoid(x),
        "tanh": lambda: torch.tanh(x),
        "softplus": lambda: F.softplus(x, threshold=40),
        "gelu": lambda: F.gelu(x),
        "silu": lambda: F.silu(x),
        "elu": lambda: F.elu(x, 1.0 if alpha is None else alpha),
        "hard_sigmoid": lambda: (x / 6 + 0.5).clamp(0, 1),  # F.hardsigmoid's gradient has float32's 1/6
        "hard_swish": lambda: F.hardswish(x),
    }[name]()


# ---- dense, convolution, pooling ----------------------------------------------------------------

def first(layer, *names):
    return next((layer[n] for n in names if layer.get(n)), None)


def dense(layer, x, w):
    inputs = first(layer, "input_size", "width", "input_height")
    outputs = first(layer, "output_size", "height", "output_height")
    if inputs is not None and inputs != x.shape[-1]:
        x = x.flatten(1)
    inputs = inputs or x.shape[-1]
    kernel = w.get("kernel", inputs, outputs)
    w.sums(inputs)
    return activate(layer, F.linear(x, kernel.T, w.bias(layer, "biases", outputs)))


def pair(value, n):
    return [value] * n if isinstance(value, int) else list(value)


def window(layer, sizes, default_stride):
    """kernel, stride, dilation per axis, and (before, after) padding per axis."""
    n = len(sizes)
    kernel = pair(layer["kernel_size"], n)
    stride = pair(layer.get("stride", default_stride or kernel), n)
    dilation = pair(layer.get("dilation", 1), n)
    padding = layer.get("padding", 0)
    if padding == "valid":
        pads = [(0, 0)] * n
    elif padding == "same":
        totals = [max((math.ceil(i / s) - 1) * s + d * (k - 1) + 1 - i, 0)
                  for i, k, s, d in zip(sizes, kernel, stride, dilation)]
        pads = [(t // 2, t - t // 2) for t in totals]
    elif isinstance(padding, int):
        pads = [(padding, padding)] * n
    elif len(padding) == 2 * n:
        pads = list(zip(padding[:n], padding[n:]))
    else:
        pads = [(p, p) for p in padding]
    return kernel, stride, dilation, pads


def pad(x, pads, value=0.0):
    return F.pad(x, [p for before_after in reversed(pads) for p in before_after], value=value)


def conv(layer, x, w):
    if layer["type"] == "conv2d":
        run = F.conv2d
        shape = [layer.get(k) for k in ("input_channels", "input_height", "input_width")]
    else:
        run = F.conv1d
        shape = [layer.get("input_channels"), layer.get("input_length")]
    if any(want not in (None, have) for want, have in zip(shape, x.shape[1:])):
        raise ValueError(f"{w.where}: input {list(x.shape[1:])} is not {shape}")
    kernel, stride, dilation, pads = window(layer, x.shape[2:], 1)
    groups, filters = layer.get("groups", 1), layer["filters"]
    weight = w.get("kernel", filters, x.shape[1] // groups, *kernel)
    w.sums(weight[0].numel())
    return activate(layer, run(pad(x, pads), weight, w.bias(layer, "conv_bias", filters), stride,
                               0, dilation, groups))


def pool(layer, x, w):
    kernel, stride, _, pads = window(layer, x.shape[2:], None)
    average, largest = {3: (F.avg_pool1d, F.max_pool1d), 4: (F.avg_pool2d, F.max_pool2d)}[x.dim()]
    if layer["type"] == "max_pool":
        return largest(pad(x, pads, -math.inf), kernel, stride)
    w.sums(math.prod(kernel))
    y = average(pad(x, pads), kernel, stride)
    if not layer.get("count_include_pad", True):
        y = y / average(pad(torch.ones_like(x), pads), kernel, stride)
    return y


def global_avg_pool(layer, x, w):
    w.sums(math.prod(x.shape[2:]))
    return x.flatten(2).mean(2)


# ---- norms --------------------------------------------------------------------------------------

def batch_norm(layer, x, w):
    gamma, beta, mean, variance = (w.get(k, x.shape[1]) for k in ("gamma", "beta", "mean", "variance"))
    return F.batch_norm(x, mean, variance, gamma, beta, False, 0.0, layer.get("epsilon", 1e-5))


def layer_norm(layer, x, w):
    n = layer.get("norm_size") or x.shape[-1]
    rows = x.reshape(-1, n)
    w.sums(2 * n)
    return F.layer_norm(rows, [n], w.get("gamma", n), w.get("beta", n),
                        layer.get("epsilon", 1e-5)).reshape(x.shape)


def rms_norm(layer, x, w):
    n = layer.get("norm_size") or x.shape[-1]
    rows = x.reshape(-1, n)
    w.sums(n)
    rms = torch.sqrt(rows.square().mean(1, keepdim=True) + layer.get("epsilon", 1e-5))
    return (rows / rms * w.get("gamma", n)).reshape(x.shape)


# ---- softmax ------------------------------------------------------------------------------------

def sparsemax(z):
    """The Euclidean projection onto the simplex (Martins and Astudillo 2016), by sorting."""
    ordered, _ = z.sort(-1, descending=True)
    k = torch.arange(1, z.shape[-1] + 1, dtype=z.dtype)
    sums = ordered.cumsum(-1)
    support = (1 + k * ordered > sums).sum(-1, keepdim=True)
    tau = (sums.gather(-1, support - 1) - 1) / support
    return (z - tau).clamp(min=0)


def entmax(z, alpha):
    """p_i = [(alpha-1) z_i - tau]+ ^ (1/(alpha-1)) with tau such that p sums to 1, by bisection."""
    z = (alpha - 1) * z
    z = z - z.amax(-1, keepdim=True)
    low, high = torch.full_like(z[..., :1], -1.0), torch.zeros_like(z[..., :1])
    for _ in range(120):
        tau = (low + high) / 2
        p = (z - tau).clamp(min=0) ** (1 / (alpha - 1))
        too_much = p.sum(-1, keepdim=True) >= 1
        low, high = torch.where(too_much, tau, low), torch.where(too_much, high, tau)
    return p / p.sum(-1, keepdim=True)


def softmax(layer, x, w):
    variant = layer.get("softmax_variant", "standard")
    z = x / layer.get("temperature", 1)
    w.sums(x.shape[-1])
    if variant == "grid":
        rows = z.reshape(x.shape[0], layer["softmax_rows"], layer["softmax_cols"])
        return rows.softmax(-1).reshape(x.shape)
    if variant == "hierarchical":
        return z.reshape(x.shape[0], *layer["hierarchy_levels"]).softmax(-1).reshape(x.shape)
    if variant == "masked":
        return z.masked_fill(~torch.tensor(layer["mask"]), -math.inf).softmax(-1)
    if variant == "sparse":
        return sparsemax(z)
    if variant == "entmax":
        alpha = layer.get("entmax_alpha", 1.5)
        return z.softmax(-1) if alpha == 1 else sparsemax(z) if alpha == 2 else entmax(z, alpha)
    if variant == "mixture":
        weights = torch.tensor(layer["mixture_weights"], dtype=x.dtype)
        groups = z.unflatten(-1, (len(weights), -1)).softmax(-1)
        return ((weights / weights.sum()).unsqueeze(-1) * groups).sum(-2)
    if variant == "gumbel" and layer.get("gumbel_noise"):
        raise ValueError(f"{w.where}: gumbel noise cannot be compared")
    return z.softmax(-1)


# ---- sequences ----------------------------------------------------------------------------------

def embedding(layer, x, w):
    vocab = layer["vocab_size"]
    ids = x.trunc().long()
    known = (ids >= 0) & (ids < vocab)
    table = w.get("embedding", vocab, layer["embedding_dim"])
    return F.embedding(ids.clamp(0, vocab - 1), table) * known.unsqueeze(-1)


def rope(x, base):
    """Rotate-half position encoding of [B, heads, S, hd]: pairs are (j, j + hd/2)."""
    half = x.shape[-1] // 2
    frequency = base ** (-torch.arange(half, dtype=torch.float64) / half)
    angle = torch.arange(x.shape[2], dtype=torch.float64)[:, None] * frequency
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def mha(layer, x, w):
    batch, length, d = x.shape
    heads = layer.get("num_heads", 8)
    kv_heads = layer.get("num_kv_heads") or heads
    size = layer.get("head_dim") or layer.get("d_model", d) // heads

    w.sums(d, size, length, heads * size)

    def project(key, bias, n):
        y = F.linear(x, w.get(key, d, n * size).T, w.bias(layer, bias, n * size))
        return y.reshape(batch, length, n, size).transpose(1, 2)

    q = project("q_weights", "q_bias", heads)
    k = project("k_weights", "k_bias", kv_heads)
    v = project("v_weights", "v_bias", kv_heads)
    if layer.get("rope", True):
        base = layer.get("rope_freq_base", 10000)
        q, k = rope(q, base), rope(k, base)
    k, v = (t.repeat_interleave(heads // kv_heads, 1) for t in (k, v))
    scores = q @ k.transpose(2, 3) / math.sqrt(size)
    if layer.get("causal", True):
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(future, -math.inf)
    context = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, heads * size)
    return F.linear(context, w.get("output_weight", heads * size, d).T, w.bias(layer, "output_bias", d))


def swiglu(layer, x, w):
    n = x.shape[-1]
    mid = first(layer, "hidden_size", "output_height", "intermediate_size")
    w.sums(n, mid)
    gate = F.linear(x, w.get("gate_weights", n, mid).T, w.bias(layer, "gate_bias", mid))
    up = F.linear(x, w.get("up_weights", n, mid).T, w.bias(layer, "up_bias", mid))
    return F.linear(F.silu(gate) * up, w.get("down_weights", mid, n).T, w.bias(layer, "down_bias", n))


def recurrent(layer, x, w):
    """The functions behind torch.nn's RNN, LSTM and GRU, with our weights in PyTorch's stacked layout."""
    inputs, hidden = x.shape[-1], first(layer, "hidden_size") or x.shape[-1]
    kind = layer["type"]
    gates = {"rnn": ["h"], "lstm": list("ifgo"), "gru": list("rzn")}[kind]
    from_input = ["weight_ih"] if kind == "rnn" else [f"weight_i{g}" for g in gates]
    from_state = ["weight_hh"] if kind == "rnn" else [f"weight_h{g}" for g in gates]
    w.sums(inputs, hidden, x.shape[1])
    weights = [torch.cat([w.get(k, hidden, inputs) for k in from_input]),
               torch.cat([w.get(k, hidden, hidden) for k in from_state]),
               torch.cat([w.get(f"bias_{g}", hidden) for g in gates]),
               torch.zeros(len(gates) * hidden, dtype=x.dtype)]
    if kind == "gru":
        weights[3] = torch.cat([weights[3][hidden:], w.get("bias_hn", hidden)])
    zeros = torch.zeros(1, x.shape[0], hidden, dtype=x.dtype)
    run = {"lstm": torch._VF.lstm, "gru": torch._VF.gru}.get(kind) or (
        torch._VF.rnn_relu if layer.get("activation") == "relu" else torch._VF.rnn_tanh)
    y = run(x, (zeros, zeros) if kind == "lstm" else zeros, weights, True, 1, 0.0, False, False, True)[0]
    return y if layer.get("return_sequences", True) else y[:, -1]


# ---- containers ---------------------------------------------------------------------------------

def inner(layer):
    return layer["branches"] if "branches" in layer else layer.get("layers", [])


def sequence(layers, x, weight_of):
    """Runs layers in order; a residual without branches adds the input of the layer before it."""
    before = None
    for i, layer in enumerate(layers):
        w = weight_of(i)
        if layer["type"] == "residual" and not inner(layer):
            if before is None:
                raise ValueError(f"{w.where}: a first residual has nothing to add")
            y = activate(layer, x + before)
        else:
            y = LAYERS[layer["type"]](layer, x, w)
        before, x = x, y
    return x


def sequential(layer, x, w):
    return sequence(inner(layer), x, w.branch)


def residual(layer, x, w):
    return activate(layer, x + sequence(inner(layer), x, w.branch))


def concat(parts, axis):
    shapes = [list(p.shape) for p in parts]
    fits = all(len(s) == len(shapes[0]) and s[:axis + 1] == shapes[0][:axis + 1]
               and s[axis + 2:] == shapes[0][axis + 2:] for s in shapes) and axis + 1 < len(shapes[0])
    return torch.cat(parts, axis + 1) if fits else torch.cat([p.flatten(1) for p in parts], 1)


def grid_scatter(layer, parts):
    columns, layers = layer["grid_output_cols"], layer.get("grid_output_layers", 1)
    cells = {}
    for p in layer["grid_positions"]:
        row, column, depth = (p.get(k, 0) for k in ("target_row", "target_col", "target_layer"))
        cells[(row * columns + column) * layers + depth] = parts[p["branch_index"]].flatten(1)
    return torch.cat([cells[c] for c in sorted(cells)], 1)


def parallel(layer, x, w):
    branches = inner(layer)
    parts = [LAYERS[b["type"]](b, x, w.branch(i)) for i, b in enumerate(branches)]
    mode = layer.get("combine_mode", "concat")
    w.sums(0 if mode == "concat" else len(parts))
    if mode == "concat":
        y = concat(parts, layer.get("axis", 0))
    elif mode == "add":
        y = sum(parts[1:], parts[0])
    elif mode in ("avg", "average"):
        y = sum(parts[1:], parts[0]) / len(parts)
    elif mode == "grid_scatter":
        y = grid_scatter(layer, parts)
    else:
        assert mode == "filter", mode
        logits = torch.zeros(x.shape[0], len(parts), dtype=x.dtype)
        if "filter_gate" in layer:
            gate = layer["filter_gate"]
            logits = LAYERS[gate["type"]](gate, x, w.gate()).flatten(1)
        w.sums(len(parts))
        share = (logits / layer.get("filter_temperature", 1)).softmax(1)
        y = sum(share[:, i].reshape([-1] + [1] * (p.dim() - 1)) * p for i, p in enumerate(parts))
    w.parts = [max(w.parts, key=Weights.length)]
    return activate(layer, y)


LAYERS = {
    "dense": dense, "conv2d": conv, "conv1d": conv, "max_pool": pool, "avg_pool": pool,
    "global_max_pool": lambda layer, x, w: x.flatten(2).amax(2),
    "global_avg_pool": global_avg_pool,
    "flatten": lambda layer, x, w: x.flatten(1),
    "reshape": lambda layer, x, w: x.reshape(x.shape[0], *layer["shape"]),
    "activation": lambda layer, x, w: activate(layer, x),
    "dropout": lambda layer, x, w: x,
    "batch_norm": batch_norm, "layer_norm": layer_norm, "rms_norm": rms_norm, "softmax": softmax,
    "embedding": embedding, "mha": mha, "multi_head_attention": mha, "swiglu": swiglu,
    "rnn": recurrent, "lstm": recurrent, "gru": recurrent,
    "residual": residual, "sequential": sequential, "parallel": parallel,
}


# ---- networks -----------------------------------------------------------------------------------

def input_shape(net):
    """The sample shape: given, or told by the first layer."""
    if "input" in net:
        return net["input"]["shape"]
    layer = net["layers"][0]
    while inner(layer):
        layer = inner(layer)[0]
    size = first(layer, "input_size", "width", "input_height")
    return {
        "conv2d": lambda: [layer["input_channels"], layer["input_height"], layer["input_width"]],
        "conv1d": lambda: [layer.get("input_channels", 1), layer["input_length"]],
        "embedding": lambda: [layer["input_length"]],
        "mha": lambda: [layer["seq_length"], layer["d_model"]],
        "rnn": lambda: [layer["seq_length"], size],
        "lstm": lambda: [layer["seq_length"], size],
        "gru": lambda: [layer["seq_length"], size],
    }.get(layer["type"], lambda: [size])()


def forward(net, layers, values, dtype):
    """The output tensor [B, ...] for flat input `values`, and the network's reduction length.
    `layers` is a bundle's list of weights, or None for random ones."""
    if layers is not None and len(layers) != len(net["layers"]):
        raise ValueError(f"weights for {len(layers)} layers, the network has {len(net['layers'])}")
    names = [f"/layers/{i}" for i in range(len(net["layers"]))]
    weights = ([RandomWeights({}, dtype, name) for name in names] if layers is None else
               [Weights(data, dtype, name) for data, name in zip(layers, names)])
    x = torch.tensor(values, dtype=torch.float64).to(dtype)
    x = x.reshape(net.get("batch_size", 1), *input_shape(net))
    with torch.no_grad():
        y = sequence(net["layers"], x, weights.__getitem__)
    return y, sum(w.length() for w in weights)


def main():
    parser = argparse.ArgumentParser(description="forward pass of a description, by PyTorch")
    parser.add_argument("network")
    parser.add_argument("--weights")
    parser.add_argument("--input", required=True)
    parser.add_argument("--precision", choices=["f32", "f64"], default="f64")
    args = parser.parse_args()
    with open(args.network) as file:
        net = json.load(file)
    with open(args.input) as file:
        values = torch.tensor(json.load(file), dtype=torch.float64).flatten().tolist()
    layers = None
    if args.weights:
        with open(args.weights) as file:
            layers = bundle_layers(json.load(file))
    y, _ = forward(net, layers, values, {"f32": torch.float32, "f64": torch.float64}[args.precision])
    json.dump({"shape": list(y.shape), "output": y.flatten().tolist()}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
