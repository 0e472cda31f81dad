// Uses of loom.mjs that its types must allow.
import { load, Loom, LoomError } from "./loom.mjs";

const loom: Loom = await load();
const net = loom.create({ id: "a", layers: [] }, { train: true, type: "f64" });
const output: Float32Array | Float64Array = net.forward([1, 2, 3]);
const loss: number = net.train([1, 2, 3], net.target);
net.learningRate /= 2;
for (const t of net.tensors) net.tensor(t.name).fill(t.shape.length);
const text: string = loom.LoomForward([1, 2, 3]);
try {
  net.load(net.save({ training: true }));
} catch (e) {
  if (e instanceof LoomError) console.log(e.status, e.where, e.line, output, loss, text);
}
net.free();
