"""The Python row: program.py DESCRIPTION|LIBRARY.so FOLDER"""
import pathlib
import sys

import loom

source, folder = sys.argv[1], pathlib.Path(sys.argv[2])
net = loom.load_library(source) if source.endswith(".so") else loom.Network(source)
inputs = [[a] * 4 + [b] * 4 for a, b in ((0.2, 0.8), (0.9, 0.1), (0.7, 0.3), (0.3, 0.7))]
net.train(inputs, [[1, 0], [0, 1], [0, 1], [1, 0]], epochs=25, learning_rate=0.15, shuffle=False)
(folder / "outputs").write_bytes(memoryview(net(inputs)).tobytes())
(folder / "weights").write_bytes(b"".join(memoryview(net.tensors[t.name]).tobytes() for t in net.info.tensors if t.role == "param"))
(folder / "saved").write_bytes(net.save_bytes())
