#!/usr/bin/python3
"""Writes the golden vectors of Loom 0.0.7 as data: one file per case, next to this one.

The outputs below were printed by the original (amd64, its float32 path); weights and inputs come from two
fill rules. The files are committed; run this only to add a case.

    tensor number s, element k:  (((37 k + 17 s + 11) mod 101) - 50) / 100
    input element k:             (((29 k + 7) mod 41) - 20) / 10

Each layer is written as the original saved it, with an `activation` even where it is ignored, plus what its Go API
could set and its files could not: num_kv_heads, filter_gate, "activation": "identity", "disabled": true.
"""
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def tensor(s, n):
    return [((37 * k + 17 * s + 11) % 101 - 50) / 100 for k in range(n)]


def inputs(n):
    return [((29 * k + 7) % 41 - 20) / 10 for k in range(n)]


def tensors(s, **sizes):
    """Consecutive tensor numbers from s, in the order given."""
    return {key: tensor(s + i, n) for i, (key, n) in enumerate(sizes.items())}


# ---- layers: (description, weights) -------------------------------------------------------------

def dense(n_in, n_out, activation, s=1, **more):
    return ({"type": "dense", "activation": activation, "input_size": n_in, "output_size": n_out, **more},
            tensors(s, kernel=n_in * n_out, biases=n_out))


def conv2d(s=1):
    return ({"type": "conv2d", "activation": "leaky_relu", "input_channels": 2, "input_height": 4,
             "input_width": 4, "filters": 3, "kernel_size": 3, "stride": 2, "padding": 1,
             "output_height": 2, "output_width": 2}, tensors(s, kernel=3 * 2 * 9, conv_bias=3))


def conv1d(s=1):
    return ({"type": "conv1d", "activation": "tanh", "input_channels": 2, "input_length": 5,
             "filters": 2, "kernel_size": 3, "stride": 1, "padding": 1},
            tensors(s, kernel=2 * 2 * 3, conv_bias=2))


def mha(d, heads, kv_heads, length, s=1):
    layer = {"type": "multi_head_attention", "activation": "relu", "d_model": d, "num_heads": heads,
             "seq_length": length}
    if kv_heads != heads:
        layer["num_kv_heads"] = kv_heads
    kv = d // heads * kv_heads
    return layer, tensors(s, q_weights=d * d, k_weights=d * kv, v_weights=d * kv, output_weight=d * d,
                          q_bias=d, k_bias=kv, v_bias=kv, output_bias=d)


def rnn(n, hidden, length, s=1):
    return ({"type": "rnn", "activation": "relu", "input_size": n, "hidden_size": hidden,
             "seq_length": length},
            tensors(s, weight_ih=hidden * n, weight_hh=hidden * hidden, bias_h=hidden))


def lstm(n, hidden, length, s=1):
    sizes = {}
    for gate in "ifgo":
        sizes |= {f"weight_i{gate}": hidden * n, f"weight_h{gate}": hidden * hidden, f"bias_{gate}": hidden}
    return ({"type": "lstm", "activation": "relu", "input_size": n, "hidden_size": hidden,
             "seq_length": length}, tensors(s, **sizes))


def softmax(**fields):
    return {"type": "softmax", "activation": "relu", **fields}, {}


def layer_norm(n, s=1):
    return ({"type": "layer_norm", "activation": "relu", "norm_size": n, "epsilon": 1e-05},
            tensors(s, gamma=n, beta=n))


def rms_norm(n, s=1):
    return ({"type": "rms_norm", "activation": "relu", "norm_size": n, "epsilon": 1e-05},
            tensors(s, gamma=n))


def swiglu(n, mid, s=1):
    return ({"type": "swiglu", "activation": "relu", "input_height": n, "output_height": mid},
            tensors(s, gate_weights=n * mid, up_weights=n * mid, down_weights=mid * n,
                    gate_bias=mid, up_bias=mid, down_bias=n))


def embedding(vocab, dim, length, s=1):
    return ({"type": "embedding", "activation": "relu", "vocab_size": vocab, "embedding_dim": dim,
             "input_length": length}, tensors(s, embedding=vocab * dim))


def nest(kind, branches, **fields):
    return ({"type": kind, "activation": "relu", **fields, "branches": [b for b, _ in branches]},
            {"branch_weights": [w for _, w in branches]})


def parallel(mode, **fields):
    return nest("parallel", [dense(4, 3, "tanh", 1), dense(4, 3, "sigmoid", 3)], combine_mode=mode, **fields)


def gated():
    """The original's gate reads its weights as [out][in], unlike every other dense."""
    layer, weights = parallel("filter", filter_temperature=0.5)
    gate, weights["filter_gate"] = dense(4, 2, "relu", 7, gate_layout="out_in")
    return {**layer, "filter_gate": gate}, weights


SCATTER = {
    "grid_output_rows": 2, "grid_output_cols": 1, "grid_output_layers": 1,
    "grid_positions": [
        {"branch_index": 0, "target_row": 1, "target_col": 0, "target_layer": 0},
        {"branch_index": 1, "target_row": 0, "target_col": 0, "target_layer": 0}]}


# ---- files --------------------------------------------------------------------------------------

def write(name, layers, values, expected, shape, batch, note):
    description = {"id": name, "compat": "loom-0.0.7", "batch_size": batch, "grid_rows": 1, "grid_cols": 1,
                   "layers_per_cell": len(layers), "input": {"shape": shape}}
    lines = ",\n".join("      " + json.dumps(layer) for layer, _ in layers)
    weights = ",\n".join("      " + json.dumps(w) for _, w in layers)
    text = ("{\n" + f'  "note": {json.dumps(note)},\n'
            + '  "description": {\n    ' + json.dumps(description)[1:-1] + ',\n    "layers": [\n' + lines
            + "\n    ]},\n"
            + '  "weights": {\n    "type": "float32", "dtype": "", "layers": [\n' + weights + "\n    ]},\n"
            + f'  "input": {json.dumps(values)},\n  "expected": {json.dumps(expected)}\n' + "}\n")
    with open(os.path.join(HERE, name + ".json"), "w") as file:
        file.write(text)


def case(name, layers, expected, note, shape, batch=1, values=None):
    size = batch
    for n in shape:
        size *= n
    layers = layers if isinstance(layers, list) else [layers]
    write(name, layers, inputs(size) if values is None else values, json.loads(expected), shape, batch, note)


def dense_cases():
    for activation, expected, note in (
            ("relu", "[0,0.3355,0]", "relu is max(0, 1.1 x)"),
            ("sigmoid", "[0.49300045,0.57566434,0.4326616]", "sigmoid"),
            ("tanh", "[-0.027992709,0.2958816,-0.26455513]", "tanh"),
            ("softplus", "[0.6792452,0.85723054,0.56679934]", "softplus"),
            ("leaky_relu", "[-0.0028000022,0.305,-0.027100002]", "slope 0.1"),
            ("identity", "[-0.028000023,0.305,-0.27100003]",
             "activation -1 of the Go API; the original's files cannot say it")):
        case("dense_" + activation, dense(4, 3, activation), expected, note, [4])
    case("dense_linear", dense(4, 3, "linear"), "[0,0.3355,0]",
         "every activation name that the original does not know means relu, max(0, 1.1 x)", [4])
    case("dense_tanh_batch2", dense(4, 3, "tanh"),
         "[-0.027992709,0.2958816,-0.26455513,0.16643712,-0.4891938,0.59216917]", "two samples", [4], 2)
    case("dense_disabled", dense(4, 4, "tanh", disabled=True), "[-1.3,1.6,0.4,-0.8]",
         "a disabled layer passes its input on", [4])


def conv_cases():
    case("conv2d_leaky_relu", conv2d(), "[-0.16190001,-0.14550002,-0.028600004,-0.060500003,2.455,0.8530001,"
         "-0.10330001,3.091,-0.074300006,-0.13839999,-0.036599994,-0.058599986]",
         "stride 2, padding 1", [2, 4, 4])
    case("conv1d_tanh", conv1d(), "[-0.59605134,0.5928181,-0.6831516,0.82555026,-0.28397456,-0.13614927,"
         "0.766588,-0.29588157,0.79467773,-0.16059755]", "stride 1, padding 1", [2, 5])


def mha_cases():
    case("mha", mha(8, 2, 2, 3), "[0.26193005,0.08588001,0.69258,0.10243003,-0.41298017,0.53308004,-0.057069935,"
         "-0.2230201,-0.007617429,0.5414062,-0.07672934,0.017979562,0.27232614,-0.05113233,0.043576576,"
         "-0.083053865,0.16261497,0.21522094,0.18239766,0.15528807,0.007406026,0.17507072,0.1479612,-0.4327073]",
         "causal, RoPE with base 1000000", [3, 8])
    case("mha_grouped_query", mha(8, 2, 1, 3), "[-0.16203997,-0.8898,1.0751,-0.62023985,0.50333,0.6168999,"
         "-1.07844,0.6329499,-0.3150683,-0.4419604,0.3875972,-0.5753148,0.623704,0.12735075,-0.8355614,0.624352,"
         "-0.24492615,0.39314312,-0.117140554,-0.29225418,0.25554013,-0.16446853,-0.33958223,-0.5290987]",
         "one key/value head for two query heads, set through the Go API", [3, 8])


def recurrent_cases():
    case("rnn", rnn(3, 4, 3), "[0.421899,0.7113937,0.30950692,0.641077,-0.2962806,-0.47151035,-0.8009686,"
         "-0.57862574,-0.56058824,-0.2471022,-0.68228334,-0.7764701]",
         "always tanh: the activation field is ignored", [3, 3])
    case("lstm", lstm(3, 4, 3), "[0.056031987,0.14056203,0.07409766,0.24245156,-0.011808491,0.082357325,"
         "-0.050858065,0.036724266,-0.10560385,-0.04426638,-0.16989784,-0.09933912]", "three steps", [3, 3])
    case("lstm_batch2", lstm(3, 4, 2), "[0.056031987,0.14056203,0.07409766,0.24245156,-0.011808491,0.082357325,"
         "-0.050858065,0.036724266,-0.10377227,-0.089407384,-0.13465182,-0.11830689,-0.15463375,-0.16780905,"
         "-0.24048738,-0.17813593]", "two samples of two steps", [2, 3], 2)


def softmax_cases():
    twice = "tau counts the support's sum twice"
    for name, fields, expected, note in (
            ("standard", {}, "[0.032058604,0.087144315,0.23688282,0.6439143]", "temperature 1"),
            ("temperature", {"temperature": 0.5}, "[0.0021440089,0.015842201,0.11705891,0.8649549]",
             "temperature 0.5"),
            ("grid", {"softmax_rows": 2, "softmax_cols": 2}, "[0.26894143,0.7310586,0.26894143,0.7310586]",
             "a softmax per row"),
            ("hierarchical", {"hierarchy_levels": [2, 2]}, "[0.26894143,0.7310586,0.26894143,0.7310586]",
             "a softmax per group of the last level"),
            ("masked", {"mask": [True, True, False, True]}, "[0.042010065,0.1141952,0,0.84379476]",
             "a masked value gives 0"),
            ("sparse", {}, "[0,0,0,0]", twice),
            ("entmax", {"entmax_alpha": 1.5}, "[0.032058604,0.087144315,0.23688282,0.6439143]",
             "halfway between softmax and the sparse variant, made to sum to 1; " + twice)):
        fields = {"softmax_variant": name, **fields}
        case("softmax_" + name, softmax(**fields), expected, note, [4], values=[1, 2, 3, 4])
    small = [0.1, 0.2, 0.3, 0.15]
    case("softmax_sparse_small", softmax(softmax_variant="sparse"), "[0,0.075,0.17500001,0.025000006]", twice,
         [4], values=small)
    case("softmax_entmax_small", softmax(softmax_variant="entmax", entmax_alpha=1.5),
         "[0.17915523,0.25682068,0.3560756,0.20794857]", "as softmax_entmax", [4], values=small)


def norm_cases():
    case("layer_norm", layer_norm(6), "[0.14111821,0.5332311,-0.55218494,0.10686162,0.064614855,-0.55880046]",
         "one row", [6])
    case("rms_norm", rms_norm(6), "[0.22310118,0.18721779,-0.15289453,0.07488711,-0.39003703,-0.27380598]",
         "one row", [6])
    case("rms_norm_two_rows", rms_norm(3),
         "[0.23588802,0.19794801,-0.16165753,0.13057916,-0.22257811,-0.3271898]", "norm_size 3 on 6 values", [2, 3])
    case("layer_norm_two_rows", layer_norm(3), "[0.2335269,0.49230143,-0.3886404,0,0,0]",
         "only the first batch_size rows are normalised, the rest is 0", [2, 3])


def sequence_cases():
    case("swiglu", swiglu(4, 6), "[-0.36797917,0.059764937,0.36743507,-0.27210417]",
         "a layer with gate weights is SwiGLU; without them the original built a dense layer", [4])
    case("swiglu_two_rows", swiglu(4, 6), "[-0.36797917,0.059764937,0.36743507,-0.27210417,-0.30966577,"
         "0.06531545,0.29575095,-0.22434896]", "two rows of one sample", [2, 4])
    case("embedding", embedding(5, 3, 3), "[-0.02,0.35,-0.29,0.18,-0.46,-0.09,0,0,0]",
         "an id outside the vocabulary gives zeros", [3], values=[2, 4, 9])


def container_cases():
    half = "[0.27053156,0.2311657,0.122097]"
    case("parallel_concat", parallel("concat"),
         "[-0.027992709,0.2958816,-0.26455513,0.56905586,0.16644982,0.5087491]", "branch after branch", [4])
    case("parallel_concat_batch2", parallel("concat"),
         "[-0.027992709,0.2958816,-0.26455513,0.16643712,-0.4891938,0.59216917,"
         "0.56905586,0.16644982,0.5087491,0.3827245,0.21720996,0.5087491]",
         "the whole batch of one branch, then the whole batch of the next", [4], 2)
    case("parallel_add", parallel("add"), "[0.54106313,0.4623314,0.244194]", "sum", [4])
    case("parallel_avg", parallel("avg"), half, "mean", [4])
    case("parallel_average", parallel("average"), half, "mean", [4])
    case("parallel_grid_scatter", parallel("grid_scatter", **SCATTER),
         "[0.56905586,0.16644982,0.5087491,-0.027992709,0.2958816,-0.26455513]", "branch 0 in row 1", [4])
    case("parallel_grid_scatter_batch2", parallel("grid_scatter", **SCATTER),
         "[0.56905586,0.16644982,0.5087491,-0.027992709,0.2958816,-0.26455513,"
         "0.3827245,0.21720996,0.5087491,0.16643712,-0.4891938,0.59216917]",
         "sample after sample, unlike concat", [4], 2)
    case("parallel_filter", parallel("filter"), half, "without a gate every branch has the same share", [4])
    case("parallel_filter_gate", gated(), "[0.013827492,0.28681558,-0.21038912]",
         "gate of the Go API, its kernel [out][in] (gate_layout), its activation ignored, temperature 0.5", [4])
    case("sequential", nest("sequential", [dense(4, 5, "leaky_relu", 1), dense(5, 3, "sigmoid", 3)]),
         "[0.6054328,0.3033542,0.5363955]", "two dense layers", [4])
    case("sequential_ignores_norm", nest("sequential", [rms_norm(4, 5), dense(4, 3, "sigmoid", 3)]),
         "[0.56905586,0.16644982,0.5087491]",
         "a sequential runs dense and softmax only and passes over all others", [4])


def stream_cases():
    case("stream_rms_swiglu", [rms_norm(4, 9), swiglu(4, 6)], "[-1.6496456,1.6283005,0.74523413,-1.0482451]",
         "rms_norm remembers its input, swiglu adds it to its output", [4])
    case("stream_rms_mha_layer_norm", [rms_norm(8, 9), mha(8, 2, 2, 2), layer_norm(8, 20)],
         "[0.17003836,0.25732723,-0.2202629,0.20631105,-0.71849954,-0.17229258,0.33374488,0.13051371,"
         "0,0,0,0,0,0,0,0]",
         "mha adds the remembered value and layer_norm adds it again; layer_norm does the first row only",
         [2, 8])
    case("residual_is_activation", [dense(4, 4, "tanh"), ({"type": "residual", "activation": "relu"}, {})],
         "[0.3951515,0,0.5397851,0.4784579]", "residual adds nothing: it is max(0, 1.1 x)", [4])


if __name__ == "__main__":
    dense_cases()
    conv_cases()
    mha_cases()
    recurrent_cases()
    softmax_cases()
    norm_cases()
    sequence_cases()
    container_cases()
    stream_cases()
