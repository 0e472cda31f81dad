// Uses of net.mjs that its types must allow.
import { load, Model, LoomError, tensors, outputShape, batch } from "./net.mjs";

const model: Model = await load({ simd: false });
const net = model.create();
const output: Float32Array = net.forward(new Float32Array(10));
const two: 2 = batch, shape: readonly [2, 3] = outputShape;
net.input.fill(0.5);
net.target.set([1, 0, 0, 0, 1, 0]);
const loss: number = net.trainBatches() + net.trainBatches([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], net.target);
net.learningRate = 0.01;
net.tensor("first_kernel").fill(0);
for (const t of tensors) net.tensor(t.name).fill(t.shape.length);
try {
  net.load(net.save({ training: true }));
} catch (e) {
  if (e instanceof LoomError) console.log(e.status, output, loss, two, shape, net.steps);
}
net.free();
