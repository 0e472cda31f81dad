#!/usr/bin/python3
"""`loomc train` as a program: the original's numbers, learning rates, order of samples, files.

    /usr/bin/python3 tests/training/run.py --loomc build/loomc

goldens.json has what version 0.0.7 of the original gave after three steps; losses and weights may differ by 2e-6 of the
largest number: the original's tanh and exp are Go's. Needs Python only.
"""
import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def fill(number, count):
    """The original's test weights, tensor `number`."""
    return [(((37 * k + 17 * number + 11) % 101) - 50) / 100 for k in range(count)]


NET = {"id": "golden", "layers": [
    {"type": "dense", "input_size": 4, "output_size": 5, "activation": "tanh", "name": "first"},
    {"type": "dense", "output_size": 2, "activation": "sigmoid", "name": "second"}]}
WEIGHTS = [{"kernel": fill(1, 20), "biases": fill(2, 5)}, {"kernel": fill(3, 10), "biases": fill(4, 2)}]
SAMPLE = {"Input": [(((29 * k + 7) % 41) - 20) / 10 for k in range(4)], "Target": [1, 0]}


class Workshop:
    """A folder in which loomc runs."""

    def __init__(self, loomc, folder):
        self.loomc, self.folder = loomc, folder

    def write(self, name, value):
        with open(os.path.join(self.folder, name), "w") as file:
            json.dump(value, file)

    def call(self, *words):
        return subprocess.run([self.loomc, *words], cwd=self.folder, capture_output=True, text=True, timeout=120)

    def bundle(self, net, weights):
        self.write("start.json", {"type": "modelhost/bundle", "version": 1, "producer": "test", "models": [
            {"id": net["id"], "cfg": net, "weights": {"fmt": "json", "layers": weights}}]})

    def train(self, net, data, *words, weights=None):
        """The lines that it prints, and the weights afterwards."""
        self.write("net.json", net)
        self.write("data.json", data)
        if weights:
            self.bundle(net, weights)
        done = self.call("train", "net.json", "--data", "data.json", "--json", "-o", "trained.json",
                         *(["--weights", "start.json"] if weights else []), *words)
        assert done.returncode == 0 and not done.stderr, done.stderr
        with open(os.path.join(self.folder, "trained.json")) as file:
            text = json.load(file)["models"][0]["weights"]["data"]
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [line for line in lines if "epoch" in line], json.loads(base64.b64decode(text))["layers"]

    def run(self, value, bundle):
        self.write("x.json", value)
        return json.loads(self.call("run", "net.json", "--input", "x.json", "--weights", bundle).stdout)["output"]


def close(got, want, limit=2e-6):
    size = max(map(abs, want))
    assert len(got) == len(want) and all(abs(g - w) <= limit * size for g, w in zip(got, want)), f"{got}, expected {want}"


def golden(shop, case):
    lines, layers = shop.train(dict(NET, training=case["training"]), {"data": [SAMPLE]}, "--epochs", "3", weights=WEIGHTS)
    if "losses" in case:
        close([line["loss"] for line in lines], case["losses"])
    close(layers[1]["kernel"], case["W2"])
    close(layers[1]["biases"], case["b2"])
    close(layers[0]["kernel"][:5], case["W1"])
    close(layers[0]["biases"], case["b1"])
    close(shop.run(SAMPLE["Input"], "trained.json"), case["y"])


def learning_rates(shop):
    """Warm-up, then each schedule at its half and after its end."""
    def rates(**how):
        lines, _ = shop.train(dict(NET, training=dict(how, learning_rate=0.5)), [SAMPLE], "--epochs", "16", "--precision", "f64")
        return [line["learning_rate"] for line in lines]
    close(rates(schedule="linear", schedule_steps=8, schedule_end=0.1)[4:10], [0.3, 0.25, 0.2, 0.15, 0.1, 0.1], 1e-12)
    close(rates(schedule="cosine", schedule_steps=8, schedule_end=0.1, warmup_steps=4)[:5], [0, 0.125, 0.25, 0.375, 0.5], 1e-12)
    close(rates(schedule="cosine", schedule_steps=8, schedule_end=0.1, warmup_steps=4)[8:9], [0.3], 1e-12)
    close(rates(schedule="exponential", schedule_steps=4, schedule_factor=0.25)[:5], [0.5, 0.5 * 0.25**0.25, 0.25, 0.5 * 0.25**0.75, 0.125], 1e-12)
    close(rates(schedule="step", schedule_steps=4, schedule_factor=0.1)[3:9], [0.5, 0.05, 0.05, 0.05, 0.05, 0.005], 1e-12)
    close(rates(schedule="polynomial", schedule_steps=8, schedule_power=2)[4:9], [0.125, 0.0703125, 0.03125, 0.0078125, 0], 1e-12)


def same_again(shop):
    """The same call gives the same file; another order of the samples other weights."""
    data = [{"input": [i, 1, -i, 2], "target": [i % 2, 0]} for i in range(7)]
    net = dict(NET, seed=5, batch_size=2)
    first = shop.train(net, data)
    assert shop.train(net, data) == first, "two runs differ"
    assert shop.train(net, data, "--no-shuffle") != first, "shuffling changes nothing"
    assert shop.train(dict(net, training={"shuffle": False}), data)[1] == shop.train(net, data, "--no-shuffle")[1]


def learns(shop):
    """Parity of two bits, from the seed alone."""
    net = {"id": "xor", "seed": 1, "batch_size": 4, "layers": [
        {"type": "dense", "input_size": 2, "output_size": 8, "activation": "tanh"},
        {"type": "dense", "output_size": 1, "activation": "sigmoid"}],
        "training": {"optimizer": "adam", "learning_rate": 0.05, "loss": "binary_cross_entropy", "epochs": 200}}
    data = [{"input": [a, b], "target": [a ^ b]} for a in (0, 1) for b in (0, 1)]
    lines, _ = shop.train(net, data)
    assert len(lines) == 200 and lines[-1]["loss"] < 0.01, lines[-1]
    assert [round(y) for y in shop.run([[0, 0], [0, 1], [1, 0], [1, 1]], "trained.json")] == [0, 1, 1, 0]


def frozen(shop):
    """A frozen layer, and what lies within it, keeps its weights; the statistics of a frozen batch_norm too."""
    net = {"id": "frozen", "seed": 3, "batch_size": 3, "input": {"shape": [4]}, "layers": [
        {"type": "sequential", "frozen": True, "branches": [{"type": "dense", "output_size": 4}, {"type": "batch_norm"}]},
        {"type": "dense", "output_size": 2}]}
    data = [{"input": [i, 1, -i, 2], "target": [i, 0]} for i in range(3)]
    shop.write("net.json", net)
    shop.call("init", "net.json", "-o", "init.json")
    with open(os.path.join(shop.folder, "init.json")) as file:
        before = json.loads(base64.b64decode(json.load(file)["models"][0]["weights"]["data"]))["layers"]
    after = shop.train(net, data)[1]
    assert after[0] == before[0] and after[1] != before[1]
    thawed = dict(net, layers=[dict(net["layers"][0], frozen=False), net["layers"][1]])
    moved = shop.train(thawed, data)[1][0]["branch_weights"]
    assert all(moved[1][key] != before[0]["branch_weights"][1][key] for key in ("gamma", "mean", "variance"))


def costs_nothing(shop):
    """Nothing is computed for the gradients of what is frozen at the beginning."""
    layers = [{"type": kind, "frozen": True, **fields} for kind, fields in (
        ("conv2d", {"filters": 2, "kernel_size": 3, "name": "first"}), ("max_pool", {"kernel_size": 2}), ("flatten", {}))]
    net = dict(NET, input={"shape": [1, 6, 6]}, layers=layers + [{"type": "dense", "output_size": 2, "name": "last"}])
    shop.write("net.json", net)
    shop.write("data.json", [{"input": [0.5] * 36, "target": [1, 0]}])
    done = shop.call("train", "net.json", "--data", "data.json", "-o", "trained.json", "--dump", "lower")
    ops = [line for line in done.stderr.splitlines() if ";" in line]
    back = [i for i, line in enumerate(ops) if " total " in line][0]
    assert done.returncode == 0 and not [line for line in ops[back:] if "_grad" in line or not line.endswith(("; ", "; last"))], ops
    assert len([line for line in ops if line.startswith("optimise")]) == 2


def keeps_old_file(shop):
    """A training that fails leaves the file that was there; nothing half-written stays."""
    shop.train(NET, [SAMPLE])
    with open(os.path.join(shop.folder, "trained.json")) as file:
        before = file.read()
    linear = dict(NET, layers=[{"type": "dense", "input_size": 4, "output_size": 2}])
    shop.write("net.json", linear)
    done = shop.call("train", "net.json", "--data", "data.json", "-o", "trained.json", "--learning-rate", "1e20")
    with open(os.path.join(shop.folder, "trained.json")) as file:
        assert done.returncode == 1 and "no finite number" in done.stderr and file.read() == before
    assert not [name for name in os.listdir(shop.folder) if name.endswith(".part")]


def main():
    parser = argparse.ArgumentParser(description="loomc train as a program")
    parser.add_argument("--loomc", required=True, help="path of loomc")
    args = parser.parse_args()
    with open(os.path.join(HERE, "goldens.json")) as file:
        cases = [(case["name"], lambda shop, case=case: golden(shop, case)) for case in json.load(file)]
    cases += [(f.__name__, f) for f in (learning_rates, same_again, learns, frozen, costs_nothing, keeps_old_file)]
    failed = 0
    for name, case in cases:
        with tempfile.TemporaryDirectory() as folder:
            try:
                case(Workshop(os.path.abspath(args.loomc), folder))
            except (AssertionError, KeyError, ValueError, OSError) as problem:
                failed += 1
                print(f"FAILED {name}: {type(problem).__name__} {problem}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
