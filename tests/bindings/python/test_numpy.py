"""With NumPy: no copies, conversions, refusals."""
import numpy as np
import pytest

import loom

LOGIC = {"id": "logic", "seed": 1, "layers": [
    {"type": "dense", "input_size": 2, "output_size": 8, "activation": "tanh", "name": "fc1"},
    {"type": "dense", "output_size": 1, "activation": "sigmoid", "name": "fc2"}]}
IMAGE = {"id": "image", "seed": 2, "batch_size": 2, "input": {"shape": [2, 4, 4]}, "layers": [
    {"type": "conv2d", "filters": 3, "kernel_size": 3, "padding": 1, "name": "conv"}]}
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)


@pytest.fixture
def net():
    return loom.Network(LOGIC)


def test_results(net):
    y = net(X)
    assert isinstance(y, np.ndarray) and y.dtype == np.float32 and y.shape == (4, 1) and net(X[1]).shape == (1,)
    assert loom.Network(LOGIC, precision="f64")(X).dtype == np.float64
    out = np.empty((4, 1), np.float32)
    assert net(X, out=out) is out and np.array_equal(out, y)
    with pytest.raises(TypeError):
        net(X, out=np.empty((4, 1)))
    out.flags.writeable = False
    with pytest.raises(TypeError):
        net(X, out=out)


def test_layouts_and_types(net):
    y = net(X)
    big = np.zeros((8, 5), np.float32)
    big[::2, 1:3] = X
    readonly = X.copy()
    readonly.flags.writeable = False
    for x in (np.asfortranarray(X), big[::2, 1:3], X[::-1][::-1], X.astype(np.float64), X.astype(np.int8), X.astype(bool), X.astype(">f4"),
              X.astype(np.float16), readonly, list(X), np.ma.array(X)):
        assert np.array_equal(net(x), y)
        assert np.array_equal(net(x[1]), y[1])
    for x, kind in ((X.astype(complex), TypeError), (X.astype(object), TypeError), (X.astype("U3"), TypeError), (X[:, :1], ValueError),
                    (X.astype("M8[s]"), TypeError), (np.zeros((2, 2, 2)), ValueError)):
        with pytest.raises(kind):
            net(x)
    assert net(np.zeros((0, 2), np.float32)).shape == (0, 1)
    with pytest.raises(ValueError):
        net.train(np.zeros((0, 2)), np.zeros((0, 1)))


def test_shapes():
    net = loom.Network(IMAGE)
    x = np.random.default_rng(1).normal(size=(5, 2, 4, 4)).astype(np.float32)
    y = net(x)
    assert y.shape == (5, 3, 4, 4) and np.array_equal(net(x.reshape(5, 32)), y) and np.array_equal(net(x[3]), y[3])
    assert np.array_equal(net(x[3].ravel()), y[3])
    for bad in (x.reshape(5, 4, 4, 2), x[:, 0], x.reshape(5, 2, 16), x.ravel()):
        with pytest.raises(ValueError, match=r"expected \(2, 4, 4\)"):
            net(bad)


def test_convolution_is_the_formula():
    net = loom.Network(IMAGE, precision="f64")
    kernel, bias = net.weights["conv_kernel"], net.weights["conv_conv_bias"]
    x = np.random.default_rng(2).normal(size=(3, 2, 4, 4))
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    want = sum(padded[:, None, c, i:i + 4, j:j + 4] * kernel[None, :, c, i, j, None, None] for c in range(2) for i in range(3) for j in range(3))
    assert np.allclose(net(x), want + bias[None, :, None, None], rtol=0, atol=1e-13)


def test_no_copy_of_large_inputs():
    import tracemalloc
    net = loom.Network({"id": "wide", "input": {"shape": [1 << 20]}, "layers": [{"type": "activation", "activation": "relu"}]}, train=False)
    x, out = np.ones(1 << 20, np.float32), np.empty(1 << 20, np.float32)
    net(x, out=out)
    tracemalloc.start()
    net(x, out=out)
    assert tracemalloc.get_traced_memory()[1] < 100_000  # the input has 4 MB
    tracemalloc.stop()
    assert out.sum() == 1 << 20


def test_views(net):
    kernel = net.weights["fc1_kernel"]
    assert isinstance(kernel, np.ndarray) and not kernel.flags.owndata and kernel.flags.writeable
    kernel[:] = 0
    assert np.all(net.weights["fc1_kernel"] == 0)
    net.weights["fc1_kernel"] = np.ones((2, 8))
    assert np.all(kernel == 1)
    frozen = loom.Network({**LOGIC, "layers": [{**LOGIC["layers"][0], "frozen": True}, LOGIC["layers"][1]]}).weights["fc1_kernel"]
    with pytest.raises(ValueError):
        frozen.flags.writeable = True
    del net
    assert np.all(kernel == 1)


def test_training_takes_arrays(net):
    a, b = net, net.copy()
    y = np.array([[0], [1], [1], [0]])
    assert a.train(X, y, epochs=3) == b.train(X.tolist(), y.tolist(), epochs=3)
    assert len(a.train(X, y, epochs=np.int64(2), learning_rate=np.float32(0.5))) == len(b.train(X, y, epochs=2, learning_rate=0.5))
    assert np.array_equal(a(X), b(X)) and a.evaluate(X, y).samples == 4
