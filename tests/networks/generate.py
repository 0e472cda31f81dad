#!/usr/bin/python3
"""Writes the regular families of the corpus: one network per activation, the very wide and very deep
ones, and the well-known models that are long to type.  Everything else in this folder is written by
hand.  The results are committed; run this only to change a family.

    /usr/bin/python3 tests/networks/generate.py            writes next to itself
"""
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS = 100
ACTIVATIONS = ["relu", "scaled_relu", "leaky_relu", "sigmoid", "tanh", "softplus",
               "gelu", "silu", "elu", "hard_sigmoid", "hard_swish", "linear"]


# ---- text: one layer per line, nested layers indented ------------------------------------------

def layer_text(layer, indent):
    """A layer on one line when it fits, else its nested list one layer per line."""
    flat = json.dumps(layer)
    nested = next((k for k in ("branches", "layers") if layer.get(k)), None)
    if nested is None or len(flat) + indent <= COLUMNS:
        return " " * indent + flat
    head = {k: v for k, v in layer.items() if k not in (nested, "grid_positions", "filter_gate")}
    text = " " * indent + json.dumps(head)[:-1]
    if "filter_gate" in layer:
        text += ",\n" + " " * (indent + 1) + '"filter_gate": ' + json.dumps(layer["filter_gate"])
    if "grid_positions" in layer:
        cells = (",\n" + " " * (indent + 3)).join(json.dumps(c) for c in layer["grid_positions"])
        text += ",\n" + " " * (indent + 1) + '"grid_positions": [\n' + " " * (indent + 3) + cells + "]"
    rows = ",\n".join(layer_text(x, indent + 2) for x in layer[nested])
    return text + ', "' + nested + '": [\n' + rows + "]}"


def network_text(net):
    head = {k: v for k, v in net.items() if k not in ("input", "layers")}
    text = "{\n  " + json.dumps(head)[1:-1] + ",\n"
    if "input" in net:
        text += '  "input": ' + json.dumps(net["input"]) + ",\n"
    if not net["layers"]:
        return text + '  "layers": []\n}\n'
    return text + '  "layers": [\n' + ",\n".join(layer_text(x, 4) for x in net["layers"]) + "\n  ]\n}\n"


def write(net):
    with open(os.path.join(HERE, net["id"] + ".json"), "w") as file:
        file.write(network_text(net))


def network(name, seed, shape, layers, **more):
    write({"id": name, **more, "seed": seed, "input": {"shape": shape}, "layers": layers})


# ---- layers -------------------------------------------------------------------------------------

def layer(kind, **fields):
    return {"type": kind, **fields}


def conv_bn(filters, kernel, **fields):
    """Convolution without bias, batch_norm, relu: the brick of most published CNNs."""
    return [layer("conv2d", filters=filters, kernel_size=kernel, **fields, bias=False),
            layer("batch_norm"), layer("activation", activation="relu")]


def depthwise_block(inputs, outputs, stride):
    return (conv_bn(inputs, 3, stride=stride, padding="same", groups=inputs)
            + conv_bn(outputs, 1))


# ---- families -----------------------------------------------------------------------------------

def activations():
    """Each activation alone after a dense, and on every layer that can carry one."""
    for i, name in enumerate(ACTIVATIONS):
        act = {"activation": name}
        network(f"dense_{name}", 100 + i, [7],
                [layer("dense", input_size=7, output_size=17, **act)], batch_size=3)
        network(f"hosts_{name}", 120 + i, [3, 5], [layer("parallel", branches=[
            layer("dense", output_size=3, **act),
            layer("conv1d", filters=2, kernel_size=3, padding=1, **act),
            layer("sequential", branches=[
                layer("reshape", shape=[1, 3, 5]),
                layer("conv2d", filters=2, kernel_size=[2, 3], **act)]),
            layer("activation", **act),
            layer("residual", **act, branches=[layer("dense", output_size=5)]),
            layer("sequential", branches=[layer("dense", output_size=5), layer("residual", **act)]),
            layer("parallel", combine_mode="add", **act, branches=[
                layer("dense", output_size=5), layer("sequential", branches=[])])])])
    twenty = [layer("sequential", branches=[]) for _ in range(20)]
    network("activations_wide_range", 140, [33], [
        layer("parallel", combine_mode="add", branches=twenty),
        layer("parallel", branches=[layer("activation", activation=a) for a in ACTIVATIONS])])


def wide_and_deep():
    network("parallel_1000_branches", 150, [3], [layer("parallel", branches=[
        layer("dense", output_size=1, activation=ACTIVATIONS[i % 12]) for i in range(1000)])])
    network("dense_40_deep", 151, [17], [
        layer("dense", output_size=[17, 7, 13, 16][i % 4], activation=["tanh", "leaky_relu"][i % 2])
        for i in range(40)])
    network("conv1d_40_deep", 152, [3, 9], [
        layer("residual", branches=[
            layer("conv1d", filters=3, kernel_size=3, padding="same", activation="tanh")])
        for _ in range(40)])


def published():
    network("resnet8", 160, [3, 32, 32],
            conv_bn(16, 3, padding="same") + [
                layer("residual", name="stack1", activation="relu", branches=(
                    conv_bn(16, 3, padding="same")
                    + [layer("conv2d", filters=16, kernel_size=3, padding="same"), layer("batch_norm")]))]
            + [layer("parallel", name=f"stack{n}", combine_mode="add", activation="relu", branches=[
                layer("sequential", branches=(
                    conv_bn(f, 3, stride=2, padding="same")
                    + [layer("conv2d", filters=f, kernel_size=3, padding="same"), layer("batch_norm")])),
                layer("conv2d", filters=f, kernel_size=1, stride=2)]) for n, f in ((2, 32), (3, 64))]
            + [layer("global_avg_pool"), layer("dense", name="logits", output_size=10)])
    network("ds_cnn", 161, [1, 49, 10],
            conv_bn(64, [10, 4], stride=2, padding="same")
            + depthwise_block(64, 64, 1) * 4
            + [layer("dropout", rate=0.4), layer("avg_pool", kernel_size=[25, 5]), layer("flatten"),
               layer("dense", name="logits", output_size=12), layer("softmax")])
    body = conv_bn(8, 3, stride=2, padding="same")
    inputs = 8
    for outputs, stride in ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (128, 1),
                            (128, 1), (128, 1), (128, 1), (256, 2), (256, 1)):
        body += depthwise_block(inputs, outputs, stride)
        inputs = outputs
    network("mobilenet_v1_025", 162, [3, 96, 96], body + [
        layer("global_avg_pool"), layer("dense", name="logits", output_size=2)])
    body = []
    for units in [128] * 4 + [8] + [128] * 4:
        body += [layer("dense", output_size=units), layer("batch_norm"),
                 layer("activation", activation="relu")]
    network("autoencoder_640", 163, [640], body + [layer("dense", name="rebuilt", output_size=640)])


if __name__ == "__main__":
    activations()
    wide_and_deep()
    published()
