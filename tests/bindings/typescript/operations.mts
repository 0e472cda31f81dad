// Every operation of the package, on libloom's networks and on compiled ones, and every way to misuse them.
//   node operations.mjs     in the project that tests/bindings/typescript/run has made; ends with "N passed, N failed"
import { compiled, load, Loom, LoomError, Network } from "@loom/runtime";
import type { CompiledModel, Numbers, Progress, TrainOptions } from "@loom/runtime";
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";

const json = (file: string) => JSON.parse(readFileSync(file, "utf8"));
const text = readFileSync("net.json", "utf8"), data: { input: number[]; target: number[] }[] = json("five.json").data;
const inputs = data.map((d) => d.input), targets = data.map((d) => d.target), two = json("input.json") as number[];
const loom: Loom = await load(), model: CompiledModel = await compiled(import("./net/net.mjs"));

/** Both kinds of networks: each check is for both. */
const kinds: Record<string, () => Network> = {
  libloom: () => loom.create(text, { train: true }),
  compiled: () => model.create(),
};

const same = (got: ArrayLike<number>, want: ArrayLike<number>, what = "numbers") => {
  assert.equal(got.length, want.length, what);
  for (let i = 0; i < want.length; i++) assert.ok(Object.is(got[i], want[i]), `${what} ${i}: ${got[i]}, expected ${want[i]}`);
};
const throws = (f: () => unknown, kind: new (...a: any[]) => Error, message: RegExp, status?: number) =>
  assert.throws(f, (e: any) => {
    assert.ok(e instanceof kind && message.test(e.message), `${e.name}: ${e.message}`);
    if (status !== undefined) assert.equal((e as LoomError).status, status);
    return true;
  });
const outputOf = (file: string) => Float32Array.from(json(file).output);

const checks: Record<string, (make: () => Network) => unknown> = {
  "info"(make) {
    const net = make(), { info } = net;
    assert.deepEqual([net.id, net.type, net.batch, net.inputShape, net.outputShape], ["net", "f32", 2, [2, 5], [2, 3]]);
    assert.equal(info.parameters, 5 * 11 + 11 + 11 * 7 + 7 + 7 * 3 + 3);
    assert.equal(JSON.parse(info.description).id, "net");
    assert.deepEqual(net.tensors[0], { name: "first_kernel", shape: [5, 11], role: "param" });
    net.free();
  },
  "forward: one call, many samples, few samples"(make) {
    const net = make(), want = outputOf("before.json");
    same(net.forward(two), want);
    assert.equal(net.forward(two).buffer, net.output.buffer); // no copy
    const all: number[] = inputs.flatMap((x) => Array.from(net.forward([...x, 0, 0, 0, 0, 0]).slice(0, 3)));
    same(net.forward(inputs), all, "five samples");
    same(net.forward(inputs.flat()), all, "five samples as one list");
    same(net.forward([inputs[3]]), all.slice(9, 12), "one sample");
    same(net.forward(Float64Array.from(inputs.flat())), all, "Float64Array");
    net.input.set(two);
    same(net.forward(), want, "in place");
    net.free();
  },
  "train: the bits of loomc train and of LoomTrain"(make) {
    const training = { epochs: 4, learning_rate: 0.02, shuffle: true, seed: 5, data };
    loom.CreateLoomNetwork(text);
    assert.ok(JSON.parse(loom.LoomTrain(training)).LossHistory);
    const said: Record<string, Numbers> = { seeded: Float32Array.from(JSON.parse(loom.LoomForward(two))) };
    for (const [name, options] of Object.entries(json("trainings.json") as Record<string, TrainOptions>)) {
      const net = make(), seen: Progress[] = [];
      const losses = net.train(inputs, targets, { ...options, onProgress: (p) => void seen.push(p) });
      same(net.forward(two), name in said ? said[name] : outputOf(`${name}.out.json`), name);
      assert.deepEqual(losses, seen.map((p) => p.loss));
      assert.deepEqual([seen.length, seen[0].epoch, seen[0].epochs], [losses.length, 1, losses.length]);
      assert.equal(net.steps, 3 * losses.length);
      net.free();
    }
  },
  "train: in two parts"(make) {
    const whole = make(), parts = make(), options = { learningRate: 0.05 };
    const losses = whole.train(inputs, targets, { ...options, epochs: 5 });
    const first = parts.train(inputs, targets, { ...options, epochs: 2 });
    assert.deepEqual([...first, ...parts.train(inputs, targets, { ...options, epochs: 3, firstEpoch: 2 })], losses);
    same(parts.forward(two), whole.forward(two));
    [whole, parts].forEach((net) => net.free());
  },
  async "trainAsync: the same, between other events"(make) {
    const net = make(), sync = make();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1), options = { epochs: 3000, learningRate: 0.01 };
    const promise = net.trainAsync(inputs, targets, options);
    throws(() => net.trainBatches(), LoomError, /busy: its training has not ended/, -1);
    throws(() => net.free(), LoomError, /busy/, -1);
    net.forward(two); // allowed
    const losses = await promise;
    clearInterval(timer);
    assert.ok(ticks > 0);
    assert.deepEqual(losses, sync.train(inputs, targets, options));
    same(net.forward(two), sync.forward(two));
    net.free();
    sync.free();
  },
  async "trainAsync: stopped"(make) {
    const net = make(), before = net.forward(two).slice(), stop = new AbortController(), stopped = new AbortController();
    stopped.abort();
    await assert.rejects(net.trainAsync(inputs, targets, { signal: stopped.signal }), { name: "AbortError" });
    same(net.forward(two), before);
    setTimeout(() => stop.abort(new Error("enough")), 30);
    await assert.rejects(net.trainAsync(inputs, targets, { epochs: 1e9, signal: stop.signal }), /enough/);
    assert.ok(net.steps > 0);
    net.train(inputs, targets, { epochs: 1 }); // still of use
    assert.equal(net.train(inputs, targets, { epochs: 9, onProgress: ({ epoch }) => epoch < 4 }).length, 4);
    net.free();
  },
  "evaluate: as LoomEvaluateNetwork"(make) {
    const net = make(), expected = [0, 1, 2, 0, 1];
    const got = net.evaluate(inputs.slice(0, 4), expected.slice(0, 4));
    loom.CreateLoomNetwork(text);
    const said = JSON.parse(loom.LoomEvaluateNetwork(inputs.slice(0, 4), expected.slice(0, 4)));
    assert.deepEqual([got.samples, got.score, got.deviation, got.buckets[6]], [said.total_samples, said.score, said.avg_deviation, said.failures]);
    assert.deepEqual(got.buckets, ["0-10%", "10-20%", "20-30%", "30-40%", "40-50%", "50-100%", "100%+"].map((key) => said.buckets[key].count));
    assert.equal(net.evaluate(inputs, expected).samples, 5);
    assert.equal(got.buckets.reduce((a, b) => a + b), 4);
    net.free();
  },
  "tensors: views, no copies"(make) {
    const net = make(), kernel = net.tensor("last_kernel"), biases = net.tensor("last_biases");
    assert.equal(kernel.buffer, net.input.buffer);
    kernel.fill(0);
    biases.fill(0);
    same(net.forward(two), new Float32Array(6).fill(0.5));
    net.free();
  },
  "save, load, open: a training goes on with the same bits"(make) {
    const net = make(), whole = make(), options = { epochs: 2, learningRate: 0.05, shuffle: false };
    whole.train(inputs, targets, options);
    whole.train(inputs, targets, options);
    net.train(inputs, targets, options);
    const file = net.save({ training: true });
    for (const other of [model.create(), loom.create(text, { train: true }), loom.open(file, { train: true })]) {
      other.load(file);
      assert.equal(other.steps, 6);
      other.train(inputs, targets, options);
      same(other.forward(two), whole.forward(two));
      other.free();
    }
    assert.ok(net.save({ description: false }).length < net.save().length);
    assert.ok(net.save({ type: "i8", scales: "channel" }).length < net.save().length);
    throws(() => loom.open(net.save({ description: false })), LoomError, /no description/);
    [net, whole].forEach((n) => n.free());
  },
  "bundles"(make) {
    const net = make();
    net.train(inputs, targets, { epochs: 2 });
    const interpreted = loom.open(net.save()), bundle = interpreted.saveBundle("kept");
    assert.equal(JSON.parse(bundle).models[0].id, "kept");
    const other = loom.create(bundle), again = loom.open(new TextEncoder().encode(bundle), { id: "kept" });
    same(other.forward(two), net.forward(two));
    same(again.forward(two), net.forward(two));
    throws(() => loom.create(bundle, { id: "lost" }), LoomError, /lost/);
    writeFileSync("saved.json", bundle);
    net.free();
  },
  "wrong lengths"(make) {
    const net = make();
    throws(() => net.forward([1, 2]), RangeError, /input has 2 numbers, expected 5 for each sample/);
    throws(() => net.forward([]), RangeError, /input has 0 numbers/);
    throws(() => net.forward([[1, 2, 3, 4, 5], [1]]), RangeError, /input\[1\] has 1 numbers, expected 5/);
    throws(() => net.train(inputs, targets.slice(1)), RangeError, /targets has 12 numbers, expected 15/);
    throws(() => net.train([], []), RangeError, /inputs has 0 numbers/);
    throws(() => net.trainBatches([1, 2, 3, 4, 5], [1, 2, 3]), RangeError, /expected 10 for each mini-batch of 2/);
    throws(() => net.evaluate(inputs, [0, 1]), RangeError, /expected has 2 numbers, expected 5/);
    throws(() => net.input.set(new Float32Array(11)), RangeError, /./);
    net.free();
  },
  "wrong types"(make) {
    const net = make(), any = net as any;
    for (const wrong of [null, "12345", 5, true, {}, new DataView(new ArrayBuffer(40)), () => 1]) {
      throws(() => any.forward(wrong), TypeError, /expected an array of numbers/);
      throws(() => any.train(wrong, targets), TypeError, /expected an array of numbers/);
    }
    throws(() => any.forward(["1", "2", "3", "4", "5"]), TypeError, /input\[0\] is a string, expected a number/);
    throws(() => any.forward([1, 2, null, 4, 5]), TypeError, /input\[2\] is null/);
    throws(() => any.forward(new BigInt64Array(5)), TypeError, /bigint/);
    throws(() => any.forward([[1, 2, 3, 4, "5"]]), TypeError, /input\[0\]\[4\] is a string/);
    throws(() => any.load("file"), TypeError, /bytes are a string/);
    throws(() => any.load([1, 2, 3]), TypeError, /bytes are an array/);
    throws(() => (any.learningRate = "0.1"), RangeError, /a learning rate of 0.1/);
    throws(() => net.train(inputs, targets, { epochs: 0 }), RangeError, /epochs is 0, expected a whole number from 1/);
    throws(() => net.train(inputs, targets, { epochs: 1.5 }), RangeError, /epochs is 1.5/);
    throws(() => net.train(inputs, targets, { seed: -1 }), RangeError, /seed is -1/);
    throws(() => net.train(inputs, targets, { learningRate: NaN }), RangeError, /learning rate is NaN/);
    throws(() => any.tensor(3), RangeError, /no tensor '3'/);
    throws(() => any.save({ type: "i7" }), RangeError, /unknown type 'i7'/);
    throws(() => net.save({ training: true, type: "i8" }), LoomError, /argument/, -1);
    throws(() => any.constructor(), TypeError, /new/);
    throws(() => new any.constructor(), TypeError, /./);
    net.free();
  },
  "files that are damaged"(make) {
    const net = make(), file = net.save(), before = net.forward(two).slice();
    const damaged = (bytes: Uint8Array, status: number) => throws(() => net.load(bytes), LoomError, /./, status);
    damaged(new Uint8Array(0), -2);
    damaged(file.subarray(0, file.length - 1), -2);
    const flipped = file.slice();
    flipped[flipped.length - 20] ^= 1;
    damaged(flipped, -4);
    throws(() => loom.open(flipped), LoomError, /damaged/, -4);
    const other = loom.create({ id: "other", input: { shape: [3] }, layers: [{ type: "dense", output_size: 2 }] });
    throws(() => net.load(other.save()), LoomError, /another model.*: \w+/, -3);
    same(net.forward(two), before);
    net.free();
  },
  "freed"(make) {
    const net = make(), view = net.output;
    net.free();
    net.free();
    const uses: (() => unknown)[] = [() => net.forward(two), () => net.train(inputs, targets), () => net.trainBatches(), () => net.input,
      () => net.save(), () => net.load(new Uint8Array(8)), () => net.reset(), () => net.steps, () => net.tensor("last_kernel"),
      () => net.evaluate(inputs, [0, 0, 0, 0, 0]), () => net.saveBundle(), () => (net.learningRate = 1), () => net.update(), () => net.clear()];
    for (const use of uses) throws(use, LoomError, /this network was freed/, -1);
    assert.equal(net.id, "net");
    assert.equal(view.length, 6); // memory of the module, in which nothing of the network is left to break
  },
  "used while it trains"(make) {
    const net = make();
    let asked = 0;
    const onProgress = () => {
      for (const use of [() => net.train(inputs, targets), () => net.trainBatches(inputs.slice(0, 2).flat(), targets.slice(0, 2).flat()),
        () => net.load(net.save()), () => net.free(), () => net.reset(), () => net.update()])
        throws(use, LoomError, /busy: its training has not ended/, -1);
      net.evaluate(inputs, [0, 0, 0, 0, 0]);
      asked++;
    };
    net.train(inputs, targets, { epochs: 2, onProgress });
    assert.equal(asked, 2);
    throws(() => net.train(inputs, targets, { onProgress: () => { throw new RangeError("mine"); } }), RangeError, /mine/);
    net.train(inputs, targets, { epochs: 1 }); // free again
    net.free();
  },
  "spoilt by a learning rate"(make) {
    const net = make();
    net.tensor("first_kernel").fill(NaN);
    throws(() => net.train(inputs, targets), LoomError, /no finite number any more in epoch 1/, -15);
    net.free();
  },
  "what it was not made for"(make) {
    const net = make();
    throws(() => net.backward(two, new Float32Array(6)), LoomError, /not made for that/, -7);
    if (make === kinds.compiled) throws(() => net.saveBundle(), LoomError, /loom.open/, -7);
    const plain = loom.create(text);
    throws(() => plain.train(inputs, targets), LoomError, /not made for that/, -7);
    for (const n of [plain, net]) n.free();
  },
  "views after the memory grew"(make) {
    const net = make(), old = net.input;
    old.set(two);
    const more = Array.from({ length: 400 }, make);
    same(net.forward(), outputOf("before.json"));
    throws(() => net.forward(old.length === 0 ? old : [1]), RangeError, /input has/);
    more.forEach((n) => n.free());
    net.free();
  },
  "using"(make) {
    const net = make(), dispose: symbol | undefined = (Symbol as any).dispose;
    if (!dispose) return net.free();
    (net as any)[dispose]();
    throws(() => net.forward(two), LoomError, /freed/);
  },
  async "in a worker"(make) {
    const net = make();
    const code = `const { parentPort, workerData: d } = require("node:worker_threads");
      (async () => {
        const { load, compiled } = await import("@loom/runtime");
        const made = d.kind ? (await compiled(import(d.url), { source: d.module })).create() : (await load(d.module)).create(d.text);
        made.load(d.file);
        parentPort.postMessage(made.forward(d.two).slice());
      })();`;
    const workerData = { kind: make === kinds.compiled, module: make === kinds.compiled ? model.module : loom.module,
      url: new URL("./net/net.mjs", import.meta.url).href, text, file: net.save(), two };
    const output = await new Promise<Numbers>((done, fail) => {
      new Worker(code, { eval: true, workerData }).once("message", done).once("error", fail);
    });
    same(output, net.forward(two));
    net.free();
  },
};

const once: Record<string, () => unknown> = {
  "bad JSON"() {
    for (const [wrong, where, line] of [["{", "", 1], ['{"layers":\n[{"type":"desne"}]}', "/layers/0/type", 2]] as const)
      assert.throws(() => loom.create(wrong), (e: any) => e instanceof LoomError && e.status === -14 && e.line === line && e.column > 0 &&
        (where === "" || e.where === where));
    for (const wrong of [null, undefined, 3, Symbol("x"), () => 1] as any[]) throws(() => loom.create(wrong), TypeError, /JSON/);
    const circle: any = {};
    circle.self = circle;
    throws(() => loom.create(circle), TypeError, /circular/);
    throws(() => loom.open(new Uint8Array(0)), LoomError, /./, -2);
    throws(() => loom.open(new TextEncoder().encode("{]")), LoomError, /./, -14);
    assert.ok(JSON.parse(loom.CreateLoomNetwork("{")).error.line === 1);
    for (const missing of [loom.CreateLoomNetwork(undefined as any), loom.LoomLoadModel(undefined as any)])
      assert.ok(JSON.parse(missing).error.message);
    throws(() => loom.CreateLoomNetwork(5 as any), TypeError, /JSON/);
    const deep = "[".repeat(100000);
    throws(() => loom.create(deep), LoomError, /./, -14);
    throws(() => loom.create('{"id": "a\0b", "layers": []}'), LoomError, /./, -14);
  },
  async "no module, a wrong module"() {
    await assert.rejects(compiled({} as any), TypeError);
    await assert.rejects(compiled(null as any), TypeError);
    await assert.rejects(load(new Uint8Array(8)), WebAssembly.CompileError);
    await assert.rejects(load("nothing.wasm"), /ENOENT/);
    await assert.rejects(load(new Response("", { status: 404 })), /404/);
    await assert.rejects(compiled(import("./net/net.mjs"), { source: "nothing.wasm" }), /ENOENT/);
  },
  async "a compiled model without --abi"() {
    const net = (await compiled(import("./bare/net.mjs"))).create();
    same(net.forward(two), outputOf("before.json"));
    assert.equal(net.train(inputs, targets, { epochs: 2, shuffle: false }).length, 2);
    throws(() => net.train(inputs, targets), LoomError, /shuffle needs .* --abi/, -7);
    for (const use of [() => net.save(), () => net.load(new Uint8Array(8)), () => net.evaluate(inputs, [0, 0, 0, 0, 0])])
      throws(use, LoomError, /./, -7);
  },
  async "float64"() {
    const a = loom.create(text, { train: true, type: "f64" }), b = (await compiled(import("./net64/net.mjs"))).create();
    for (const net of [a, b]) net.train(inputs, targets, { epochs: 3 });
    assert.ok(a.input instanceof Float64Array && b.input instanceof Float64Array);
    same(a.forward(inputs), b.forward(inputs));
  },
  "gradients that are kept"() {
    const net = loom.create(text, { train: 2 });
    net.backward(inputs.slice(0, 2), targets.slice(0, 2));
    net.update();
    assert.equal(net.steps, 1);
    net.backward(inputs.slice(0, 2), targets.slice(0, 2));
    assert.ok(net.tensor("last_kernel_sum").some((g) => g !== 0));
    net.clear();
    assert.ok(net.tensor("last_kernel_sum").every((g) => g === 0));
    throws(() => net.backward(inputs.slice(0, 4), targets.slice(0, 4)), RangeError, /inputs has 20 numbers, expected 10/);
  },
  "a loss and a longest gradient of the caller's"() {
    const a = loom.create(text, { train: true, loss: "mse", clipNorm: 1e-3 }), b = loom.create(text, { train: true, loss: "mse" });
    for (const net of [a, b]) net.trainBatches(inputs.slice(0, 2).flat(), targets.slice(0, 2).flat());
    assert.notDeepEqual(a.tensor("last_kernel"), loom.create(text).tensor("last_kernel"));
    throws(() => loom.create(text, { train: true, loss: "msee" }), LoomError, /msee/);
  },
};

let passed = 0, failed = 0;
async function run(name: string, check: () => unknown) {
  try {
    await check();
    passed++;
  } catch (e) {
    failed++;
    console.log(`FAILED ${name}: ${(e as Error).stack}`);
  }
}
for (const [name, check] of Object.entries(checks))
  for (const [kind, make] of Object.entries(kinds)) await run(`${kind}: ${name}`, () => check(make));
for (const [name, check] of Object.entries(once)) await run(name, check);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
