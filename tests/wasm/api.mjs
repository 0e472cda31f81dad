// The interface of a generated .mjs, one check by its name.
//   node api.mjs DIR SIMD NAME     in DIR what tests/wasm/run has made; without arguments prints the names
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { pathToFileURL } from "node:url";

const [dir, simdWord, name] = process.argv.slice(2);
const simd = simdWord === "true";
const json = (file) => JSON.parse(readFileSync(file === "input.json" || file === "samples.json" ? new URL(file, import.meta.url) : `${dir}/${file}`));
const open = (folder, id = "net") => import(pathToFileURL(`${dir}/${folder}/${id}.mjs`));
// Equal bits: +0 and -0 differ, and so do neighbours.
const same = (got, want) => {
  assert.equal(got.length, want.length);
  for (let i = 0; i < want.length; i++) assert.ok(Object.is(got[i], want[i]), `number ${i}: ${got[i]}, expected ${want[i]}`);
};
const as32 = (list) => Float32Array.from(list);
const samples = () => {
  const data = json("samples.json").data;
  return [data.flatMap((d) => d.input), data.flatMap((d) => d.target)];
};
const bundleTensor = (file, layer, key) =>
  JSON.parse(Buffer.from(json(file).models[0].weights.data, "base64")).layers[layer][key].flat(Infinity);

async function trains(folder, p, Numbers) {
  const { load } = await open(folder);
  const net = (await load({ simd })).create(), [x, y] = samples();
  net.learningRate = 0.05;
  let loss;
  for (let i = 0; i < 7; i++) loss = net.trainBatches(Numbers.from(x), Numbers.from(y));
  assert.equal(net.steps, 14);
  assert.ok(loss > 0 && loss < 1);
  same(net.forward(json("input.json")), Numbers.from(json(`after.${p}.json`).output));
  return net;
}

const checks = {
  async "forward: the interpreter's bits"() {
    const { load, inputShape, outputShape, batch, id } = await open("net");
    const net = (await load({ simd })).create(), want = as32(json("before.json").output);
    assert.deepEqual([inputShape, outputShape, batch, id], [[2, 5], [2, 3], 2, "net"]);
    same(net.forward(json("input.json")), want);
    net.input.set(json("input.json"));
    same(net.forward(), want);
    same(net.output, want);
    assert.equal(net.forward(net.input), net.output);
  },
  async "train: the interpreter's bits"() {
    const net = await trains("net", "f32", Float32Array);
    if (simd) writeFileSync(`${dir}/saved.loom`, net.save());
  },
  async "train: the interpreter's bits, f64"() {
    await trains("net64", "f64", Float64Array);
  },
  async "train: lists, views and single batches are one"() {
    const { load } = await open("net");
    const model = await load({ simd }), [x, y] = samples(), a = model.create(), b = model.create();
    const both = a.trainBatches(x, y);
    let sum = 0;
    for (let i = 0; i < 2; i++) {
      b.input.set(x.slice(i * 10, i * 10 + 10));
      b.target.set(y.slice(i * 6, i * 6 + 6));
      sum += b.trainBatches();
    }
    assert.equal(both, Math.fround(sum / 2));
    same(a.tensor("last_kernel"), b.tensor("last_kernel"));
  },
  async "backward and update"() {
    const { load } = await open("accumulate");
    const net = (await load({ simd })).create(), [x, y] = samples();
    net.learningRate = 0.05;
    for (let i = 0; i < 3; i++) {
      for (let k = 0; k < 2; k++) net.backward(x.slice(k * 10, k * 10 + 10), y.slice(k * 6, k * 6 + 6));
      assert.ok(net.tensor("first_kernel_sum").some((g) => g !== 0));
      net.update();
    }
    assert.equal(net.steps, 3);
    same(net.forward(json("input.json")), as32(json("accumulated.out.json").output));
  },
  async "many instances"() {
    const { load } = await open("net");
    const model = await load({ simd }), first = model.create(), [x, y] = samples(), input = json("input.json");
    const want = first.forward(input).slice(), nets = [];
    for (let i = 0; i < 200; i++) nets.push(model.create());
    for (let i = 0; i < 200; i += 3) nets[i].trainBatches(x, y);
    for (let i = 1; i < 200; i += 3) same(nets[i].forward(input), want);
    same(first.forward(input), want);
    const bytes = model.exports.memory.buffer.byteLength;
    for (const net of nets) net.free();
    for (let i = 0; i < 200; i++) same(model.create().forward(input), want); // fresh weights in used memory
    assert.equal(model.exports.memory.buffer.byteLength, bytes);
  },
  async "weights: get, set"() {
    const { load, tensors } = await open("net");
    const model = await load({ simd }), net = model.create(), other = model.create();
    assert.deepEqual(tensors[0], { name: "first_kernel", shape: [5, 11], role: "param" });
    net.tensor("last_kernel").fill(0);
    net.tensor("last_biases").fill(0);
    same(net.forward(json("input.json")), new Float32Array(6).fill(0.5));
    same(other.forward(json("input.json")), as32(json("before.json").output));
    assert.throws(() => net.tensor("kernel"), /no tensor 'kernel'; there are first_kernel, /);
  },
  async "save and load"() {
    const { load } = await open("net");
    const model = await load({ simd }), net = model.create(), [x, y] = samples(), input = json("input.json");
    net.learningRate = 0.05;
    for (let i = 0; i < 3; i++) net.trainBatches(x, y);
    const file = net.save({ training: true }), other = model.create();
    for (let i = 0; i < 4; i++) net.trainBatches(x, y);
    other.load(file);
    assert.equal(other.steps, 6);
    for (let i = 0; i < 4; i++) other.trainBatches(x, y);
    same(other.forward(input), as32(json("after.f32.json").output)); // as if it had not been interrupted
    same(other.forward(input), net.forward(input));
    other.load(new Uint8Array(readFileSync(`${dir}/fresh.loom`)));
    same(other.forward(input), as32(json("before.json").output));
    assert.ok(net.save({ type: "i8", scales: "channel" }).length < net.save().length);
    assert.ok(net.save({ description: true }).length > net.save().length);
    assert.throws(() => net.save({ training: true, type: "i8" }), /argument/);
    assert.throws(() => net.save({ type: "i7" }), /unknown type 'i7'/);
  },
  async "load: damaged files"() {
    const { load, LoomError } = await open("net");
    const net = (await load({ simd })).create(), file = net.save(), want = net.forward(json("input.json")).slice();
    const broken = (change, status) => {
      const bytes = change(file.slice());
      assert.throws(() => net.load(bytes), (e) => e instanceof LoomError && e.status === status, `${status}`);
      same(net.forward(json("input.json")), want);
    };
    broken((b) => b.subarray(0, b.length - 1), -2);
    broken((b) => b.fill(0, 0, 4), -2);
    broken((b) => ((b[b.length - 20] ^= 1), b), -4);
    broken(() => new Uint8Array(0), -2);
    const wide = await open("state", "gru_stateful");
    broken(() => new Uint8Array(readFileSync(`${dir}/fresh.loom`)).fill(1), -2);
    const gru = (await wide.load({ simd })).create();
    assert.throws(() => gru.load(file), (e) => e.status === -3 && /: \w+/.test(e.message));
  },
  async "wrong arguments"() {
    const { load } = await open("net");
    const net = (await load({ simd })).create();
    assert.throws(() => net.forward([1, 2]), /input has 2 numbers, expected 10/);
    assert.throws(() => net.trainBatches([1, 2], []), /inputs has 2 numbers, expected 10 for each mini-batch of 2/);
    assert.throws(() => net.trainBatches([], []), /inputs has 0 numbers/);
    assert.throws(() => net.trainBatches(new Float32Array(20), new Float32Array(6)), /targets has 6 numbers, expected 12/);
    assert.throws(() => (net.learningRate = -1), RangeError);
    assert.throws(() => (net.learningRate = NaN), RangeError);
    net.free();
    net.free();
    assert.throws(() => net.forward([1]), /freed/);
    assert.throws(() => net.input, /freed/);
    await assert.rejects(load({ source: new Uint8Array(8) }), WebAssembly.CompileError);
    await assert.rejects(load({ source: "nothing.wasm" }), /ENOENT/);
    await assert.rejects(load({ source: new Response("", { status: 404 }) }), /404/);
  },
  async "sources"() {
    const { load } = await open("net");
    const file = `${dir}/net/net${simd ? ".simd" : ""}.wasm`, bytes = readFileSync(file), want = as32(json("before.json").output);
    for (const source of [bytes, new Uint8Array(bytes).buffer, new Response(bytes), pathToFileURL(file), new WebAssembly.Module(bytes)])
      same((await load({ source })).create().forward(json("input.json")), want);
  },
  async "states"() {
    const { load, inputShape } = await open("state", "gru_stateful");
    const net = (await load({ simd })).create(), x = new Float32Array(inputShape.reduce((a, b) => a * b)).fill(0.3);
    const first = net.forward(x).slice(), second = net.forward(x).slice();
    assert.notDeepEqual(first, second);
    const file = net.save({ training: true });
    net.reset();
    same(net.forward(x), first);
    net.load(file);
    const third = net.forward(x).slice();
    assert.notDeepEqual(third, second);
    net.reset();
    net.forward(x);
    same(net.forward(x), second);
  },
  async "weights in a file"() {
    const { load } = await open("file");
    same((await load({ simd })).create().forward(json("input.json")), as32(json("before.json").output));
    const weights = readFileSync(`${dir}/file/net.weights`);
    same((await load({ simd, weights })).create().forward(json("input.json")), as32(json("before.json").output));
    weights[weights.length - 1] ^= 1;
    await assert.rejects(load({ simd, weights }), (e) => e.status === -4);
  },
  async "inference only"() {
    const { load, tensors } = await open("infer");
    const net = (await load({ simd })).create();
    same(net.forward(json("input.json")), as32(json("before.json").output));
    assert.deepEqual(tensors, []);
    for (const missing of [() => net.trainBatches(), () => net.target, () => net.save(), () => net.load(new Uint8Array(8)), () => net.learningRate])
      assert.throws(missing, (e) => e.status === -7);
    assert.throws(() => net.tensor("kernel"), /no tensor 'kernel'; there are none/);
  },
  async "trained weights are those of the bundle"() {
    const net = await trains("net", "f32", Float32Array);
    const saved = bundleTensor("trained.f32.json", 0, "kernel");
    same(net.tensor("first_kernel"), as32(saved));
  },
  async "workers"() {
    const { load } = await open("net");
    const module = (await load({ simd })).module, url = pathToFileURL(`${dir}/net/net.mjs`).href;
    const code = `const { parentPort, workerData: d } = require("node:worker_threads");
      import(d.url).then(({ Model }) => parentPort.postMessage(new Model(d.module).create().forward(d.input).slice()));`;
    const run = () => new Promise((done, fail) => {
      const worker = new Worker(code, { eval: true, workerData: { url, module, input: json("input.json") } });
      worker.once("message", done).once("error", fail);
    });
    for (const output of await Promise.all([run(), run()])) same(output, as32(json("before.json").output));
  },
};

if (name) await checks[name]();
else console.log(Object.keys(checks).join("\n"));
