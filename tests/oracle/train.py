#!/usr/bin/python3
"""Compares `loomc train` with PyTorch's autograd and optimisers, in float64.

    /usr/bin/python3 tests/oracle/train.py --loomc build/loomc [--quiet] [net.json ...]

Gradients: each network of the corpus (or those named) makes one step of sgd with the learning rate 1; what a weight
lost is its gradient. Optimisers: a handful of networks make 100 steps with each optimiser, and 20 with clipping, schedules
and weight decay too. Both start from the weights that `loomc init` draws, constant ones varied as in compare.py.

An error is relative to the largest gradient of its tensor (or 1e-5 where all are smaller: rounding of the weight
itself), or to the largest number of the trained tensor. The limit is 1e-10; a training that magnifies small
differences may differ by ten times as much as PyTorch does from itself when the weights are nudged by 2^-50. Entmax is left out: its bisection has
no gradient in PyTorch; ../gradients checks it.
"""
import argparse
import glob
import json
import math
import os
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F

import compare
import oracle

LIMIT = 1e-10
MACS = 4000000


# ---- weights that train -------------------------------------------------------------------------

class Leaves(oracle.Weights):
    """Hands out the same tensor each time, so that gradients arrive in it."""
    known = None  # (where, key) -> tensor, shared by all

    def get(self, key, *shape):
        if (self.where, key) not in self.known:
            tensor = super().get(key, *shape)
            tensor.requires_grad = key not in ("mean", "variance") and not self.frozen
            self.known[self.where, key] = tensor
        return self.known[self.where, key]

    def child(self, data, where):
        child = super().child(data, where)
        child.frozen = self.frozen
        return child

    frozen = False


def batch_norm(layer, x, w):
    gamma, beta, mean, variance = (w.get(k, x.shape[1]) for k in ("gamma", "beta", "mean", "variance"))
    if w.frozen:
        return F.batch_norm(x, mean, variance, gamma, beta, False, 0.0, layer.get("epsilon", 1e-5))
    if x.numel() == x.shape[1]:  # PyTorch refuses
        mean.mul_(0.9).add_(0.1 * x.detach().reshape(-1))
        variance.mul_(0.9)
        return x * 0 + beta.reshape(-1, *[1] * (x.dim() - 2))
    return F.batch_norm(x, mean, variance, gamma, beta, True, 0.1, layer.get("epsilon", 1e-5))


def random_u64(*counters):
    """The generator of runtime/loom_random.h, written anew: seed, stream, call, index."""
    word, golden = 2**64 - 1, 0x9e3779b97f4a7c15

    def mix(x):
        x = (x ^ x >> 32) * 0x243f6a8885a308d3 & word
        x = (x ^ x >> 29) * 0xb7e151628aed2a6b & word
        return x ^ x >> 32

    x = mix(counters[0] + golden & word)
    for c in counters[1:]:
        x = mix(x + (c + 1) * golden & word)
    return mix(x + golden & word)


def dropout(layer, x, w):
    """By loomc's own random numbers, at step dropout.step of the seed dropout.seed."""
    rate, stream = layer.get("rate", 0.5), 1
    for c in layer.get("name", "dropout" + w.where.split("/")[-1]).encode():
        stream = (stream * 31 + c) % 2**32
    bits = [random_u64(dropout.seed, stream >> 1, dropout.step, i) >> 12 for i in range(x.numel())]
    kept = torch.tensor([(2 * b + 1) * 2.0**-53 >= rate for b in bits]).reshape(x.shape)
    return x * kept / (1 - rate)


oracle.LAYERS["batch_norm"] = batch_norm
oracle.LAYERS["dropout"] = dropout


def tensors(data, where):
    """(where, key) and values of everything in a layer's weights."""
    for key, value in data.items():
        if key == "branch_weights":
            for i, branch in enumerate(value):
                yield from tensors(branch, f"{where}/{i}")
        elif key == "filter_gate":
            yield from tensors(value, f"{where}/gate")
        else:
            yield (where, key), torch.tensor(value, dtype=torch.float64)


def all_tensors(layers):
    return {name: value for i, data in enumerate(layers) for name, value in tensors(data, f"/layers/{i}")}


# ---- losses and optimisers ----------------------------------------------------------------------

def loss_of(name, y, t):
    return {
        "mse": lambda: F.mse_loss(y, t),
        "mae": lambda: F.l1_loss(y, t),
        "huber": lambda: F.huber_loss(y, t),
        "cross_entropy": lambda: -(t * y.clamp(1e-7, 1 - 1e-7).log()).mean(),
        "cross_entropy_logits": lambda: -(t * y.log_softmax(-1)).mean(),
        "binary_cross_entropy": lambda: F.binary_cross_entropy(y, t),
    }[name]()


class RMSprop(torch.optim.Optimizer):
    """As PyTorch's, but with epsilon within the root."""

    def __init__(self, parameters, lr, momentum=0, alpha=0.99, eps=1e-8):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})
        self.alpha, self.eps = alpha, eps

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                s = self.state[p]
                s["v"] = self.alpha * s.get("v", 0) + (1 - self.alpha) * p.grad ** 2
                s["m"] = group["momentum"] * s.get("m", 0) + p.grad / (s["v"] + self.eps).sqrt()
                p -= group["lr"] * s["m"]


def drawn(name):
    """Is it drawn at random? Then weight decay counts for it."""
    return "bias" not in name[1] and name[1] not in ("gamma", "beta")


def optimizer_of(how, leaves):
    trained = {k: v for k, v in leaves.items() if v.requires_grad}
    groups = [{"params": [v for k, v in trained.items() if drawn(k)]},
              {"params": [v for k, v in trained.items() if not drawn(k)], "weight_decay": 0}]
    groups = [g for g in groups if g["params"]]
    name, lr = how["optimizer"], how["learning_rate"]
    decay = how.get("weight_decay", 0.01 if name == "adamw" else 0)
    if name in ("sgd", "momentum", "nesterov"):
        return torch.optim.SGD(groups, lr, how.get("momentum", 0 if name == "sgd" else 0.9), weight_decay=decay,
                               nesterov=name == "nesterov")
    if name == "adam":
        return torch.optim.Adam(groups, lr, weight_decay=decay)
    if name == "adamw":
        return torch.optim.AdamW(groups, lr, weight_decay=decay)
    if how.get("epsilon") == 1e-30:
        return torch.optim.RMSprop(groups, lr, eps=1e-30, momentum=how.get("momentum", 0))
    return RMSprop(groups, lr, how.get("momentum", 0))


def rate(how, done, steps):
    """The learning rate after `done` steps."""
    top, end, warm = how["learning_rate"], how.get("schedule_end", 0), how.get("warmup_steps", 0)
    kind = how.get("schedule", "constant")
    if done < warm:
        return top * done / warm
    span = how.get("schedule_steps", {"exponential": 1000, "step": 10000}.get(kind, steps - warm))
    part = (done - warm) / span
    return {
        "constant": lambda: top,
        "linear": lambda: top + (end - top) * min(part, 1),
        "cosine": lambda: end + (top - end) * (1 + math.cos(math.pi * min(part, 1))) / 2,
        "exponential": lambda: top * how.get("schedule_factor", 0.96) ** part,
        "step": lambda: top * how.get("schedule_factor", 0.1) ** math.floor(part),
        "polynomial": lambda: end + (top - end) * (1 - min(part, 1)) ** how.get("schedule_power", 1),
    }[kind]()


def clip(how, leaves):
    gradients = [v.grad for v in leaves.values() if v.requires_grad and v.grad is not None]
    norm = math.sqrt(sum(float((g ** 2).sum()) for g in gradients))
    for g in gradients:
        if how.get("clip_norm") and norm > how["clip_norm"]:
            g *= how["clip_norm"] / norm
        if how.get("clip_value"):
            g.clamp_(-how["clip_value"], how["clip_value"])


# ---- one training, twice ------------------------------------------------------------------------

def frozen_layers(net):
    return {f"/layers/{i}" for i, layer in enumerate(net["layers"]) if layer.get("frozen")}


def train_torch(net, layers, samples, how, epochs):
    """Losses of the epochs, and the tensors afterwards."""
    Leaves.known = {}
    weights = [Leaves(data, torch.float64, f"/layers/{i}") for i, data in enumerate(layers)]
    for i, w in enumerate(weights):
        w.frozen = w.where in frozen_layers(net)
    batch, optimizer, losses, done, seen = net.get("batch_size", 1), None, [], 0, 0
    count = -(-len(samples) // batch)
    for _ in range(epochs):
        total = 0
        for k in range(count):
            dropout.seed, dropout.step = net.get("seed", 0), seen
            chosen = [samples[(k * batch + i) % len(samples)] for i in range(batch)]
            x = torch.tensor([s["input"] for s in chosen], dtype=torch.float64)
            y = oracle.sequence(net["layers"], x.reshape(batch, *oracle.input_shape(net)), weights.__getitem__)
            t = torch.tensor([s["target"] for s in chosen], dtype=torch.float64).reshape(y.shape)
            loss = loss_of(how.get("loss", "mse"), y, t)
            optimizer = optimizer or optimizer_of(how, Leaves.known)
            every = how.get("accumulate", 1)
            if seen % every == 0:
                optimizer.zero_grad()
            (loss / every).backward()
            seen += 1
            total += float(loss.detach())
            if seen % every:
                continue
            for leaf in Leaves.known.values():
                if leaf.requires_grad and leaf.grad is None:
                    leaf.grad = torch.zeros_like(leaf)
            clip(how, Leaves.known)
            for group in optimizer.param_groups:
                group["lr"] = rate(how, done, count * epochs // how.get("accumulate", 1))
            optimizer.step()
            done += 1
        losses.append(total / count)
    return losses, {name: leaf.detach().flatten() for name, leaf in Leaves.known.items()}


def make_samples(net, count, outputs):
    draw = compare.generator(net["id"] + " targets")
    values = []
    while len(values) < count * math.prod(oracle.input_shape(net)):
        values += compare.make_input(dict(net, id=f"{net['id']} {len(values)}"))
    size = math.prod(oracle.input_shape(net))
    samples = []
    for i in range(count):
        target = [(next(draw) + 1) / 2**24 for _ in range(outputs)]
        samples.append({"input": values[i * size:(i + 1) * size], "target": [t / sum(target) for t in target]})
    return samples


def train_loomc(args, folder, net, bundle, samples, how, epochs):
    paths = {name: os.path.join(folder, name + ".json") for name in ("net", "data", "trained")}
    compare.write_json(paths["net"], dict(net, training=how))
    compare.write_json(paths["data"], {"data": samples})
    lines = compare.call(args.loomc, "train", paths["net"], "--data", paths["data"], "--weights", bundle, "--epochs",
                         str(epochs), "--precision", "f64", "--no-shuffle", "--json", "-o", paths["trained"])
    with open(paths["trained"]) as file:
        epochs = [json.loads(line) for line in lines.splitlines() if line.startswith('{"epoch"')]
        return [epoch["loss"] for epoch in epochs], all_tensors(oracle.bundle_layers(json.load(file)))


def start(args, path, folder):
    """The network, its initial weights, their file, and the size of its output."""
    with open(path) as file:
        net = json.load(file)
    bundle, plain = os.path.join(folder, "bundle.json"), os.path.join(folder, "plain.json")
    args.precision = "f64"
    layers = compare.make_bundle(args, path, net, bundle)
    compare.write_json(plain, net)
    report = json.loads(compare.call(args.loomc, "report", path, "--json"))
    return net, layers, bundle, math.prod(report["output"][1:]), report["macs"]


def check_losses(got, want):
    return max(abs(a - b) / max(abs(b), 1e-12) for a, b in zip(got, want))


def gradients(args, path, folder):
    """The largest relative error of a gradient, None for a network that cannot be compared."""
    net, layers, bundle, outputs, macs = start(args, path, folder)
    first = all_tensors(layers)
    text = json.dumps(net)
    if macs > MACS or not first or '"entmax"' in text or '"gumbel_noise": true' in text:
        return None
    samples = make_samples(net, net.get("batch_size", 1), outputs)
    how = {"optimizer": "sgd", "learning_rate": 1}
    losses, trained = train_loomc(args, folder, net, bundle, samples, how, 1)
    want_losses, want = train_torch(net, layers, samples, how, 1)
    worst = check_losses(losses, want_losses)
    for name, before in first.items():
        size = max(float((want[name] - before).abs().max()), 1e-5)
        worst = max(worst, float((trained[name] - want[name]).abs().max()) / size)
    return worst


NETS = """dense_gelu conv2d_groups_batch5 lenet_batch7 lstm_odd_batch5 gru_odd_batch5 rnn_stacked embedding_transformer
    parallel_filter_gate_batch5 batch_norm_after_conv2d layer_norm_rows residual_bottleneck mixed_everything_small""".split()
PLAIN = [{"optimizer": name, "learning_rate": 0.01} for name in "sgd momentum nesterov adam adamw rmsprop".split()]
HOW = PLAIN + [
    {"optimizer": "rmsprop", "learning_rate": 0.001, "momentum": 0.9},
    {"optimizer": "momentum", "learning_rate": 0.02, "weight_decay": 0.1, "clip_norm": 0.01},
    {"optimizer": "adam", "learning_rate": 0.01, "clip_value": 0.001, "schedule": "cosine", "warmup_steps": 4},
    {"optimizer": "sgd", "learning_rate": 0.1, "schedule": "linear", "schedule_end": 0.01, "loss": "mae"},
    {"optimizer": "sgd", "learning_rate": 0.1, "schedule": "exponential", "schedule_steps": 7, "loss": "huber"},
    {"optimizer": "sgd", "learning_rate": 0.1, "schedule": "step", "schedule_steps": 6, "loss": "cross_entropy_logits"},
    {"optimizer": "nesterov", "learning_rate": 0.01, "schedule": "polynomial", "schedule_power": 2},
    {"optimizer": "adam", "learning_rate": 0.01, "accumulate": 3, "schedule": "linear", "clip_norm": 0.1}]
EXTRA = [("dense_sigmoid", {"optimizer": "adam", "learning_rate": 0.01, "loss": "binary_cross_entropy"}),
         ("softmax_after_dense", {"optimizer": "adam", "learning_rate": 0.01, "loss": "cross_entropy"}),
         ("dense_gelu", {"optimizer": "rmsprop", "learning_rate": 0.01, "epsilon": 1e-30})] + [
    (name, dict(HOW[4], frozen=k)) for name in "lenet_batch7 rnn_stacked mixed_everything_small".split() for k in (0, 1)]


def steps(args, path, how, folder):
    """The largest relative error after 20 steps: 4 mini-batches (the last one filled up), 5 epochs. The optimisers
    alone make 100."""
    epochs = 25 if how in PLAIN else 5
    net, layers, bundle, outputs, _ = start(args, path, folder)
    if "frozen" in how:
        net["layers"][how["frozen"]]["frozen"] = True
    if net["layers"][-1].get("softmax_variant") == "entmax":
        net["layers"][-1] = {"type": "softmax"}
    batch = net.get("batch_size", 1)
    samples = make_samples(net, 4 * batch - batch // 2, outputs)
    how = {k: v for k, v in how.items() if k != "frozen"}
    losses, trained = train_loomc(args, folder, net, bundle, samples, how, epochs)
    want_losses, want = train_torch(net, layers, samples, how, epochs)
    worst = max(check_losses(losses, want_losses), distance(trained, want))
    if worst < LIMIT:
        return worst
    nudged = json.loads(json.dumps(layers), parse_float=lambda x: float(x) * (1 + 2**-50))
    noise = distance(train_torch(net, nudged, samples, how, epochs)[1], want)
    return worst if worst > 10 * noise else LIMIT / 2


def distance(got, want):
    """The largest difference of a tensor, relative to its largest number."""
    return max(float((got[name] - want[name]).abs().max()) / float(want[name].abs().max()) for name in want)


def jobs(networks):
    for path in networks or sorted(glob.glob(os.path.join(compare.CORPUS, "*.json"))):
        name = os.path.splitext(os.path.basename(path))[0]
        yield f"gradients of {name}", lambda args, folder, path=path: gradients(args, path, folder)
    for name, how in [] if networks else [(n, h) for n in NETS for h in HOW] + EXTRA:
        path = os.path.join(compare.CORPUS, name + ".json")
        words = " ".join(f"{k}={v}" for k, v in how.items())
        yield f"{name} {words}", lambda args, folder, path=path, how=how: steps(args, path, how, folder)


def main():
    parser = argparse.ArgumentParser(description="compare training with PyTorch")
    parser.add_argument("--loomc", required=True, help="path of loomc")
    parser.add_argument("--quiet", action="store_true", help="only failures and the last line")
    parser.add_argument("networks", nargs="*")
    args = parser.parse_args()
    passed = failed = 0
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name, job in jobs(args.networks):
            try:
                error = job(args, folder)
                if error is None:
                    continue
                good, note = error < LIMIT, f"{error:.1e}"
                worst = max(worst, error)
            except (compare.Failure, ValueError, KeyError, IndexError, RuntimeError) as problem:
                good, note = False, f"{type(problem).__name__}: {problem}"
            passed, failed = passed + good, failed + (not good)
            if not (good and args.quiet):
                print(f"{name:60} {note}{'' if good else '   FAILED'}", flush=True)
    print(f"{passed} passed, {failed} failed, largest relative error {worst:.1e}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
