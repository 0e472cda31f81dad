"""Networks of libloom and compiled ones: what they compute, keep, take and refuse."""
import array
import gc
import json
import subprocess
import threading

import pytest

import loom
from loom import _native

LOGIC = {"id": "logic", "seed": 1, "layers": [
    {"type": "dense", "input_size": 2, "output_size": 8, "activation": "tanh", "name": "fc1"},
    {"type": "dense", "output_size": 1, "activation": "sigmoid", "name": "fc2"}],
    "training": {"optimizer": "adam", "learning_rate": 0.05}}
BATCHES = {"id": "batches", "seed": 7, "batch_size": 3, "dtype": "float64", "layers": [
    {"type": "dense", "input_size": 4, "output_size": 5, "activation": "tanh", "name": "first"},
    {"type": "dense", "output_size": 3, "name": "second"}], "training": {"epochs": 2, "accumulate": 2, "schedule": "cosine"}}
X = [[0, 0], [0, 1], [1, 0], [1, 1]]
Y = [[0], [1], [1], [0]]


def plain(a):
    return a.tolist() if hasattr(a, "tolist") else a


def samples(n, size):
    """Numbers without a pattern, the same each time."""
    state, out = 12345, []
    for _ in range(n):
        row = []
        for _ in range(size):
            state = (state * 1103515245 + 12345) % 2**31
            row.append(state / 2**30 - 1)
        out.append(row)
    return out


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module", params=["libloom", "compiled"])
def make(request, cache):
    """Makes networks: by the interpreter, or compiled (by the compiler that takes no time)."""
    if request.param == "libloom":
        return loom.Network
    return lambda d, **o: loom.compile(d, train=True, cc="tcc", cflags="", cache=cache, **o)


# ---- what is computed -----------------------------------------------------------------------------------------------

def test_forward_is_the_formula(make):
    net = make(BATCHES)
    w1, b1, w2, b2 = (plain(net.weights[n]) for n in ("first_kernel", "first_biases", "second_kernel", "second_biases"))
    import math
    rows = samples(7, 4)  # two batches and a third
    for row, got in zip(rows, plain(net(rows))):
        hidden = [math.tanh(sum(x * w1[i][k] for i, x in enumerate(row)) + b1[k]) for k in range(5)]
        for k in range(3):
            assert abs(sum(h * w2[i][k] for i, h in enumerate(hidden)) + b2[k] - got[k]) < 1e-14


def test_any_number_of_samples(make):
    net = make(BATCHES)
    rows = samples(8, 4)
    one_by_one = [plain(net(r)) for r in rows]
    for n in range(1, 9):
        assert plain(net(rows[:n])) == one_by_one[:n]
    assert net(rows[0]).shape == (3,) and net(rows[:2]).shape == (2, 3)


def test_compiled_equals_interpreted(cache):
    interpreted = loom.Network(BATCHES)
    rows = samples(10, 4)
    interpreted.train(rows, [r[:3] for r in rows], epochs=2)
    compiled = loom.compile(interpreted, train=True, cflags="-O1", cache=cache)
    assert plain(compiled(rows)) == plain(interpreted(rows))
    losses = [n.train(rows, [r[:3] for r in rows], epochs=3, learning_rate=0.1, seed=5) for n in (interpreted, compiled)]
    assert losses[0] == losses[1] and plain(compiled.weights["second_kernel"]) == plain(interpreted.weights["second_kernel"])


def test_train_equals_loomc(make, tmp_path):
    rows = samples(10, 4)
    (tmp_path / "net.json").write_text(json.dumps(BATCHES))
    (tmp_path / "data.json").write_text(json.dumps([{"input": r, "target": r[:3]} for r in rows]))
    subprocess.run([_native.loomc(), "train", "net.json", "--data", "data.json", "-o", "out.json", "--interpret"], cwd=tmp_path, check=True,
                   stdout=subprocess.DEVNULL)
    net = make(BATCHES)
    assert len(net.train(rows, [r[:3] for r in rows])) == 2  # epochs, rate, order and schedule of the description
    other = loom.Network(tmp_path / "out.json")
    for name in net.weights:
        assert plain(net.weights[name]) == plain(other.weights[name])


def test_learns(make):
    net = make(LOGIC)
    seen = []

    def tell(epochs, loss):
        seen.append((epochs, loss, net.evaluate(X, [0, 1, 1, 0]).score))  # the network may be used meanwhile

    losses = net.train(X, Y, epochs=100, on_progress=tell)
    assert losses[-1] < 0.05 * losses[0] and len(losses) == 100
    assert [s[0] for s in seen] == list(range(1, 101)) and [s[1] for s in seen] == losses and seen[-1][2] > seen[0][2]
    assert net.steps == 400 and net.train(X, Y, epochs=50, on_progress=lambda e, loss: e < 7) and net.steps == 400 + 7 * 4


def test_classes(make):
    rows = samples(6, 4)
    a, b = make(BATCHES), make(BATCHES)
    a.train(rows, [0, 1, 2, 0, 1, 2])
    b.train(rows, [[float(i % 3 == k) for k in range(3)] for i in range(6)])
    assert plain(a.weights["first_kernel"]) == plain(b.weights["first_kernel"])
    with pytest.raises(ValueError, match="3 is no class"):
        a.train(rows, [0, 1, 2, 0, 1, 3])


def test_steps_by_hand():
    a, b = loom.Network(BATCHES, gradients=True), loom.Network(BATCHES)
    rows = samples(6, 4)
    targets = [r[:3] for r in rows]
    assert a.info.keeps_gradients
    for i in (0, 3):
        a.backward(rows[i:i + 3], targets[i:i + 3])
    assert any(plain(a.tensors[t.name]) != 0 for t in a.info.tensors if t.role == "gradient")
    a.update()
    b.train_batches(rows, targets)
    assert plain(a.weights["first_kernel"]) == plain(b.weights["first_kernel"])
    a.backward(rows[:3], targets[:3])
    a.clear()


def test_evaluate(make):
    net = make(BATCHES)
    rows = samples(7, 4)
    classes = [max(range(3), key=lambda k: y[k]) for y in plain(net(rows))]
    m = net.evaluate(rows, classes)
    assert (m.samples, m.score, m.deviation, m.buckets[0]) == (7, 100.0, 0.0, 7)
    wrong = net.evaluate(rows, [c + 1 for c in classes])
    assert wrong.score < 100 and sum(wrong.buckets) == 7
    assert net.evaluate(rows[0], classes[:1]).samples == 1


def test_rates(make):
    net = make(BATCHES)
    net.learning_rate = 0.25
    assert net.learning_rate == 0.25 and net.schedule.kind == "cosine"
    net.schedule = loom.Schedule("step", rate=0.5, factor=0.5, steps=10)
    assert net.schedule.factor == 0.5 and net.learning_rate == 0.5
    for bad in (-1, float("nan"), 0):
        with pytest.raises(ValueError):
            net.learning_rate = bad
    with pytest.raises(ValueError, match="linear"):
        net.schedule = loom.Schedule("lineal")


# ---- weights and files ----------------------------------------------------------------------------------------------

def test_weights_are_the_networks_own(make):
    net = make(LOGIC)
    kernel = net.weights["fc1_kernel"]
    assert kernel.shape == (2, 8) and list(net.weights) == ["fc1_kernel", "fc1_biases", "fc2_kernel", "fc2_biases"]
    before = plain(net([1, 0]))
    kernel[0, 3] = 2.5
    assert plain(net([1, 0])) != before and plain(net.weights["fc1_kernel"])[0][3] == 2.5
    net.weights["fc2_biases"] = [7]
    assert plain(net.weights["fc2_biases"]) == [7]
    with pytest.raises(ValueError):
        net.weights["fc2_biases"] = [7, 8]
    net.close()
    gc.collect()
    assert kernel[0, 3] == 2.5
    kernel[0, 3] = 1  # still memory of its own
    del kernel


def test_frozen_weights_are_read_only(make):
    net = make({**LOGIC, "layers": [{**LOGIC["layers"][0], "frozen": True}, LOGIC["layers"][1]]})
    assert [t.role for t in net.info.tensors if t.name == "fc1_kernel"] == ["frozen"]
    view = net.weights["fc1_kernel"]
    with pytest.raises((ValueError, TypeError)):
        view[0, 0] = 1
    with pytest.raises(TypeError):
        net.weights["fc1_kernel"] = view


def test_files(make, tmp_path):
    net = make(LOGIC)
    net.train(X, Y, epochs=3)
    want = plain(net(X))
    for name in ("a.loom", "a.json"):
        net.save(tmp_path / name)
        assert plain(loom.Network(tmp_path / name)(X)) == want
        other = make(LOGIC)
        other.load(tmp_path / name)
        assert plain(other(X)) == want
    assert plain(loom.Network(net.save_bundle())(X)) == want
    small = net.save_bytes(precision="i8", scales="channel", description=False)
    assert len(small) < len(net.save_bytes(description=False))
    net.load_bytes(small)
    with pytest.raises(ValueError, match="without the network"):
        loom.Network(small)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "a.loom"]


def test_checkpoint_goes_on(make, tmp_path):
    whole, first, second = make(LOGIC), make(LOGIC), make(LOGIC)
    whole.train(X, Y, epochs=6, learning_rate=0.05)
    first.train(X, Y, epochs=2, learning_rate=0.05)
    first.save(tmp_path / "half.loom", training=True)
    second.load(tmp_path / "half.loom")
    assert second.steps == first.steps
    second.train(X, Y, epochs=4, learning_rate=0.05, first_epoch=2)
    assert plain(second.weights["fc1_kernel"]) == plain(whole.weights["fc1_kernel"])
    third = first.copy()
    third.train(X, Y, epochs=4, learning_rate=0.05, first_epoch=2)
    assert plain(third(X)) == plain(whole(X))


def test_damaged_files_change_nothing(make, tmp_path):
    net = make(LOGIC)
    good = net.save_bytes()
    want = plain(net(X))
    for bad in (good[:-1], good[:20], b"", b"{}", b"[1", good[:40] + bytes([good[40] ^ 1]) + good[41:], b"\x89LOOM",
                loom.Network(BATCHES).save_bytes()):
        with pytest.raises(ValueError) as e:
            net.load_bytes(bad)
        assert isinstance(e.value, loom.Error) and e.value.status < 0
        assert plain(net(X)) == want
    with pytest.raises(FileNotFoundError):
        net.load(tmp_path / "none.loom")
    with pytest.raises(FileNotFoundError):
        net.save(tmp_path / "none" / "x.loom")


def test_stateful_and_reset(make):
    net = make({"id": "memory", "seed": 3, "layers": [{"type": "gru", "input_size": 3, "hidden_size": 4, "seq_length": 2, "stateful": True}]})
    x = samples(2, 3)
    first = plain(net(x))
    assert plain(net(x)) != first
    net.reset()
    assert plain(net(x)) == first
    assert [t.role for t in net.info.tensors].count("state") >= 1


# ---- descriptions, libraries ----------------------------------------------------------------------------------------

def test_descriptions(tmp_path):
    path = tmp_path / "net.json"
    path.write_text(json.dumps(LOGIC))
    want = plain(loom.Network(LOGIC)(X))
    for d in (str(path), path, json.dumps(LOGIC), path.read_bytes()):
        assert plain(loom.Network(d)(X)) == want
    info = loom.Network(LOGIC).info
    assert (info.id, info.precision, info.batch, info.input_shape, info.output_shape) == ("logic", "f32", 1, (2,), (1,))
    assert info.trains and not info.compiled and info.description["seed"] == 1
    assert loom.Network(LOGIC, precision="f64").info.precision == "f64"
    lean = loom.Network(LOGIC, train=False)
    with pytest.raises(loom.UnsupportedError, match="train=True"):
        lean.train(X, Y)


@pytest.mark.parametrize("description, where, line", [
    ('{"layers": [\n {"type": "desne"}]}', "/layers/0/type", 2), ('{"layers": [', "", 1), ("[]", "", 1), ("{}", "", 1), ("", "", 0),
    ('{"layers": [{"type": "dense", "input_size": 2, "output_size": 1e99}]}', "/layers/0/output_size", 1)])
def test_wrong_descriptions(description, where, line):
    with pytest.raises(ValueError) as e:
        loom.Network(description.encode())
    assert isinstance(e.value, loom.Error) and e.value.status < 0 and e.value.message
    if where:
        assert (e.value.where, e.value.line) == (where, line) and e.value.column > 0


def test_wrong_arguments(tmp_path):
    for bad, kind in ((3, TypeError), (None, TypeError), ({"layers": {1, 2}}, ValueError), (tmp_path / "none.json", FileNotFoundError)):
        with pytest.raises(kind):
            loom.Network(bad)
    with pytest.raises(ValueError, match="f16"):
        loom.Network(LOGIC, precision="f16")
    with pytest.raises(ValueError, match="hinge"):
        loom.Network(LOGIC, loss="hinge")


def test_compile_says_what_is_wrong(tmp_path, monkeypatch):
    with pytest.raises(loom.CompileError, match="desne") as e:
        loom.compile({"layers": [{"type": "desne"}]})
    assert (e.value.line, "did you mean" in e.value.output) == (1, True)
    with pytest.raises(loom.CompileError, match="no-such-cc"):
        loom.compile(LOGIC, cc="no-such-cc")
    with pytest.raises(loom.CompileError):
        loom.compile(LOGIC, cflags="-ffast-math")  # the generated code refuses it
    with pytest.raises(FileNotFoundError):
        loom.compile(tmp_path / "none.json")
    monkeypatch.setenv("LOOMC", "no-such-loomc")
    with pytest.raises(loom.CompileError, match="no-such-loomc"):
        loom.compile(LOGIC)


def test_compile_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    import tempfile
    monkeypatch.setattr(tempfile, "tempdir", None)
    net = loom.compile(LOGIC, cflags="-O0")
    assert list(tmp_path.iterdir()) == [] and net.info.compiled
    assert plain(net(X)) == plain(loom.Network(LOGIC)(X)) and len(net.weights) == 0  # they are part of the code
    with pytest.raises(loom.UnsupportedError):
        net.save_bundle()
    with pytest.raises(KeyError, match="fc1_kernel"):
        net.weights["fc1_kernel"]


@pytest.mark.parametrize("precision", ["i8", "i16", "i32"])
def test_integers(precision, tmp_path):
    rows = samples(5, 4)
    (tmp_path / "net.json").write_text(json.dumps({**BATCHES, "batch_size": 5, "dtype": "float32", "training": {}}))
    (tmp_path / "x.json").write_text(json.dumps(rows))
    told = subprocess.run([_native.loomc(), "run", "net.json", "--precision", precision, "--input", "x.json"], cwd=tmp_path, check=True,
                          stdout=subprocess.PIPE)
    net = loom.compile(tmp_path / "net.json", precision=precision, cc="tcc", cflags="")
    result = array.array("f", [v for row in plain(net(rows)) for v in row])
    assert result == array.array("f", json.loads(told.stdout)["output"]) and not net.info.trains


def test_cache(tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    loom.compile(LOGIC, cc="tcc", cflags="", cache=kept)
    library = next(kept.glob("*/lib*"))
    monkeypatch.setenv("CC", "false")
    loom.compile(LOGIC, cc="tcc", cflags="", cache=kept)
    assert [p for p in kept.glob("*/*")] == [library]
    with pytest.raises(loom.CompileError):
        loom.compile({**LOGIC, "seed": 2}, cflags="-O0", cache=kept)
    assert [p for p in kept.glob("*")] == [library.parent]
    assert plain(loom.load_library(library)(X)) == plain(loom.load_library(library.parent, "logic")(X))


def test_wrong_libraries(tmp_path):
    (tmp_path / "liblogic.so").write_text("no library")
    for path, id, kind in (("liblogic.so", None, ValueError), ("none.so", None, FileNotFoundError), (".", None, ValueError),
                           (".", "other", FileNotFoundError)):
        with pytest.raises(kind):
            loom.load_library(tmp_path / path, id)
    with pytest.raises(ValueError, match="exports no loom_model"):
        loom.load_library(_native.libloom().path)


# ---- misuse ---------------------------------------------------------------------------------------------------------

def test_wrong_lengths(make):
    net = make(LOGIC)
    for bad in ([], [1], [1, 2, 3], [[1, 2, 3]], [[1], [2]], [[[1, 2]]] * 2, [[1, 2], [3]], [1, [2]], [[1, 2], 3]):
        with pytest.raises(ValueError):
            net(bad)
    for x, y in ((X, Y[:3]), (X[:1], Y), ([], []), (X, [[1, 2]] * 4)):
        with pytest.raises(ValueError):
            net.train(x, y)
    with pytest.raises(ValueError):
        net.evaluate(X, [1, 2, 3])
    with pytest.raises(ValueError):
        make(BATCHES).train_batches(samples(4, 4), samples(4, 3))


def test_wrong_types(make):
    net = make(LOGIC)
    for bad in ("ab", b"abcdefgh", None, {1, 2}, ["a", "b"], [1j, 2], object(), [None, 1], bytearray(8), {"x": 1}):
        with pytest.raises(TypeError):
            net(bad)
    for options in ({"epochs": 1.5}, {"epochs": "3"}, {"learning_rate": "a"}, {"seed": 0.5}):
        with pytest.raises(TypeError):
            net.train(X, Y, **options)
    for options in ({"epochs": 0}, {"epochs": -1}, {"learning_rate": -1}, {"learning_rate": float("inf")}, {"seed": -1}, {"first_epoch": -1}):
        with pytest.raises(ValueError):
            net.train(X, Y, **options)
    with pytest.raises(TypeError):
        net.load_bytes("text")
    with pytest.raises(TypeError):
        net.load_bytes(5)
    with pytest.raises(TypeError):
        net.schedule = 0.1
    with pytest.raises(TypeError):
        net.save_bundle(3)


def test_loss_that_explodes(make):
    net = make({**LOGIC, "layers": [LOGIC["layers"][0], {"type": "dense", "output_size": 1, "name": "fc2"}], "training": {}})
    with pytest.raises(ValueError, match="no finite number") as e:
        net.train([[1e30, 1e30]] * 4, Y, learning_rate=1e30, epochs=5)
    assert e.value.status == -15


def test_closed(make):
    with make(LOGIC) as net:
        assert not net.closed
    assert net.closed and "closed" in repr(net)
    net.close()
    calls = (lambda: net([0, 1]), lambda: net.train(X, Y), lambda: net.evaluate(X, [0] * 4), lambda: net.save_bytes(), lambda: net.save_bundle(),
             lambda: net.load_bytes(b""), lambda: net.reset(), lambda: net.learning_rate, lambda: net.steps, lambda: net.weights["fc1_kernel"],
             lambda: net.copy(), lambda: net.__enter__(), lambda: net.schedule, lambda: net.update(), lambda: net(array.array("f", [0, 1])))
    for call in calls:
        with pytest.raises(loom.ClosedError):
            call()
    assert net.info.id == "logic"


def test_close_while_training(make):
    net = make(LOGIC)
    assert len(net.train(X, Y, epochs=3, on_progress=lambda e, loss: net.close())) == 3
    with pytest.raises(ValueError):
        net([0, 1])


def test_exceptions_of_progress(make):
    net = make(LOGIC)

    def stop(epochs, loss):
        raise KeyboardInterrupt if epochs == 2 else LookupError

    for kind, options in ((LookupError, {}), (KeyboardInterrupt, {"first_epoch": 1})):
        with pytest.raises(kind):
            net.train(X, Y, on_progress=stop, **options)
    assert net.steps == 8 and len(plain(net(X))) == 4


def test_two_threads_on_one_network(make):
    net = make(LOGIC)
    inside, done, errors = threading.Event(), threading.Event(), []

    def other():
        inside.wait(10)
        for call in (lambda: net([0, 1]), lambda: net(array.array("f", [0, 1])), net.close, net.save_bytes, lambda: net.weights["fc1_kernel"],
                     lambda: net.train(X, Y)):
            try:
                call()
            except loom.BusyError as e:
                errors.append(e)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()

    def tell(epochs, loss):
        inside.set()
        return done.wait(10)

    net.train(X, Y, epochs=1, on_progress=tell)
    thread.join()
    assert len(errors) == 6 and isinstance(errors[0], RuntimeError)
    assert len(plain(net(X))) == 4


def test_networks_run_in_parallel(make):
    rows = samples(9, 4)
    want, nets = plain(make(BATCHES)(rows)), [make(BATCHES) for _ in range(4)]
    results = [None] * 4

    def run(i):
        for _ in range(50):
            results[i] = plain(nets[i](rows))

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [want] * 4


def test_many_networks_leave_nothing():
    import resource
    for i in range(60):
        loom.Network(LOGIC)([0, 1])
        if i == 20:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4000  # kB


# ---- buffers --------------------------------------------------------------------------------------------------------

def test_buffers(make):
    net = make(LOGIC)
    want = plain(net([0, 1]))
    flat = array.array("f", [0, 0, 0, 1, 1, 0, 1, 1])
    assert plain(net(array.array("f", [0, 1]))) == want
    assert plain(net(memoryview(flat).cast("B").cast("f", (4, 2)))) == plain(net(X))
    for kind in "dbBhHiIlLqQ":
        assert plain(net(array.array(kind, [0, 1]))) == want
    assert plain(net((0.0, True))) == want
    out = array.array("f", bytes(16))
    assert net(X, out=out) is out and [[v] for v in out] == plain(net(X))
    for bad, kind in ((array.array("d", [0] * 4), TypeError), (array.array("f", [0] * 3), ValueError), (bytes(16), TypeError), ([0] * 4, TypeError),
                      (memoryview(bytes(16)).cast("f"), TypeError)):
        with pytest.raises(kind):
            net(X, out=bad)


# ---- compat ---------------------------------------------------------------------------------------------------------

def test_compat():
    from loom import compat
    compat.create_network_from_json(LOGIC)
    assert abs(compat.forward_simple([1, 0])[0] - plain(loom.Network(LOGIC)([1, 0]))[0]) < 1e-7  # its text is that of a float32
    result = compat.train_simple([{"input": x, "target": y} for x, y in zip(X, Y)], {"epochs": 50, "learning_rate": 0.05})
    assert result["FinalLoss"] < result["LossHistory"][0] and len(result["LossHistory"]) == 50
    assert compat.get_network_info_simple()["total_layers"] == 2
    assert compat.evaluate_network_simple(X, [0, 1, 1, 0])["total_samples"] == 4
    bundle = compat.save_model_simple("mine")
    before = compat.forward_simple([1, 0])
    compat.backward_simple([1.0])
    compat.update_weights_simple(0.1)
    assert compat.forward_simple([1, 0]) != before
    for step in (compat.apply_gradients, compat.apply_gradients_adamw, compat.apply_gradients_rmsprop, compat.apply_gradients_sgd_momentum):
        compat.forward_simple([1, 0])
        compat.backward_simple([1.0])
        step(0.01)
    compat.load_model_simple(bundle, "mine")
    assert compat.forward_simple([1, 0]) == before
    schedule = compat.create_cosine_scheduler(1.0, 0.0, 10)
    assert compat.get_scheduler_lr(schedule, 0) == 1 and compat.get_scheduler_lr(schedule, 10) == 0
    compat.free_scheduler(schedule)
    assert compat.get_scheduler_lr(schedule, 0) == -1
    with pytest.raises(RuntimeError) as e:
        compat.create_network_from_json('{"layers": [{"type": "desne"}]}')
    assert e.value.where == "/layers/0/type" and e.value.line == 1
