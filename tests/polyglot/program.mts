// What the TypeScript rows do, in Node and in a browser.
import { compiled, load, Network } from "@loom/runtime";

export interface Result {
  outputs: Uint8Array;
  weights: Uint8Array;
  saved: Uint8Array;
}

const bytes = (numbers: Float32Array) => new Uint8Array(numbers.slice().buffer);

/** With libloom, or with the compiled model when there is no description. */
export async function run(description?: string): Promise<Result> {
  // @ts-ignore: loomc writes it
  const net: Network = description ? (await load()).create(description, { train: true }) : (await compiled(import("./c/grid_scatter.mjs"))).create();
  const inputs = [[0.2, 0.8], [0.9, 0.1], [0.7, 0.3], [0.3, 0.7]].map(([a, b]) => [a, a, a, a, b, b, b, b]);
  net.train(inputs, [[1, 0], [0, 1], [0, 1], [1, 0]], { epochs: 25, learningRate: 0.15, shuffle: false });
  const weights = net.tensors.filter((t) => t.role === "param").flatMap((t) => Array.from(bytes(net.tensor(t.name) as Float32Array)));
  return { outputs: bytes(net.forward(inputs) as Float32Array), weights: Uint8Array.from(weights), saved: net.save() };
}
