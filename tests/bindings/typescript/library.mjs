// loom.wasm: any network at run time. One check by its name; its outcomes are those of loomc.
//   node library.mjs DIR LOOMC NAME [network...]     in DIR the package is installed; without arguments prints the names
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

const [dir, loomc, name, ...networks] = process.argv.slice(2);
const here = (file) => new URL(`../../wasm/${file}`, import.meta.url).pathname;
const text = readFileSync(here("net.json"), "utf8"), data = JSON.parse(readFileSync(here("samples.json"))).data;
const input = JSON.parse(readFileSync(here("input.json")));
const inputs = data.flatMap((d) => d.input), targets = data.flatMap((d) => d.target);
const loomOf = async () => (await import(pathToFileURL(`${dir}/node_modules/@loom/runtime/dist/index.mjs`))).load();
const same = (got, want, what) => {
  assert.equal(got.length, want.length, what);
  for (let i = 0; i < want.length; i++) assert.ok(Object.is(got[i], want[i]), `${what}: number ${i}: ${got[i]}, expected ${want[i]}`);
};
const number = (v) => ({ NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity })[v] ?? v;
const run = (net, x, ...more) => {
  writeFileSync(`${dir}/x.json`, JSON.stringify(Array.from(x)));
  return JSON.parse(execFileSync(loomc, ["run", net, "--input", `${dir}/x.json`, ...more], { maxBuffer: 1 << 28 })).output.map(number);
};

const checks = {
  async "the networks of the corpus"() {
    const loom = await loomOf();
    for (const file of networks) {
      const net = loom.create(readFileSync(file, "utf8"));
      net.input.forEach((_, i, x) => (x[i] = ((i * 7) % 17) / 8 - 1));
      const Numbers = net.type === "f64" ? Float64Array : Float32Array;
      same(net.forward(), Numbers.from(run(file, net.input)), basename(file));
      net.free();
    }
  },
  async "training"() {
    const loom = await loomOf();
    for (const type of ["f32", "f64"]) {
      const net = loom.create(text, { train: true, type }), Numbers = type === "f64" ? Float64Array : Float32Array;
      net.learningRate = 0.05;
      for (let i = 0; i < 7; i++) net.trainBatches(inputs, targets);
      assert.equal(net.steps, 14);
      const trained = `${dir}/trained.${type}.json`;
      execFileSync(loomc, ["train", here("net.json"), "--precision", type, "--data", here("samples.json"), "--no-shuffle",
        "--interpret", "--epochs", "7", "--learning-rate", "0.05", "-o", trained]);
      same(net.forward(input), Numbers.from(run(here("net.json"), input, "--precision", type, "--weights", trained)), type);
    }
  },
  async "gradients that are kept"() {
    const loom = await loomOf();
    const a = loom.create(text, { train: 2 }), b = loom.create(text, { train: true });
    for (const net of [a, b]) net.learningRate = 0.05;
    const loss = a.backward(inputs.slice(0, 10), targets.slice(0, 6));
    a.update();
    assert.equal(loss, b.trainBatches(inputs.slice(0, 10), targets.slice(0, 6)));
    same(a.tensor("last_kernel"), b.tensor("last_kernel"), "last_kernel");
    assert.throws(() => b.backward(inputs.slice(0, 10), targets.slice(0, 6)), /not made for that/);
  },
  async "save and load"() {
    const loom = await loomOf();
    const a = loom.create(text, { train: true }), b = loom.create(text, { train: true });
    a.trainBatches(inputs, targets);
    b.load(a.save({ training: true }));
    same(b.forward(input), a.forward(input), "output");
    assert.equal(b.trainBatches(inputs, targets), a.trainBatches(inputs, targets));
    writeFileSync(`${dir}/saved.loom`, a.save());
    same(a.forward(input), Float32Array.from(run(here("net.json"), input, "--weights", `${dir}/saved.loom`)), "loomc");
    const file = a.save();
    file[file.length - 20] ^= 1;
    assert.throws(() => a.load(file), (e) => e.status === -4);
    const other = loom.create({ id: "other", input: { shape: [3] }, layers: [{ type: "dense", output_size: 2 }] });
    assert.throws(() => other.load(a.save()), (e) => e.status === -3 && /: \w+/.test(e.message));
  },
  async "text in, text out"() {
    const loom = await loomOf();
    assert.equal(JSON.parse(loom.CreateLoomNetwork(text)).status, "success");
    same(Float32Array.from(JSON.parse(loom.LoomForward(input))), Float32Array.from(run(here("net.json"), input)), "LoomForward");
    const result = JSON.parse(loom.LoomTrain({ epochs: 3, learning_rate: 0.05, data }));
    assert.equal(result.LossHistory.length, 3);
    assert.ok(result.TotalTime > 0);
    const bundle = loom.LoomSaveModel("kept"), before = loom.LoomForward(input);
    assert.deepEqual(JSON.parse(loom.LoomLoadModel(bundle, "kept")), { success: true });
    assert.equal(loom.LoomForward(input), before);
    assert.ok(JSON.parse(loom.LoomForward("[1, 2")).error.message);
    assert.ok(JSON.parse(loom.LoomLoadModel(bundle, "lost")).error);
    const cosine = loom.LoomCreateCosineScheduler(1, 0, 10);
    assert.equal(loom.LoomSchedulerGetLR(cosine, 5), 0.5);
    assert.equal(loom.LoomSchedulerName(cosine), "CosineAnnealing");
  },
  async "errors say what loomc says"() {
    const loom = await loomOf();
    const wrong = ['{"layers":[{"type":"desne"}]}', '{"input":{"shape":[3]},"layers":[{"type":"dense","output_size":0}]}', "{", "[1,]",
      '{"input":{"shape":[0.5]},"layers":[]}', '{"layers":[{"type":"dense","output_size":3}]}', '{"seed":-1e400,"layers":[]}',
      '{"input":{"shape":[4]},"layers":[{"type":"conv2d","kernel_size":3,"filters":2}]}'];
    for (const description of wrong) {
      writeFileSync(`${dir}/wrong.json`, description);
      const said = spawnSync(loomc, ["run", `${dir}/wrong.json`, "--input", here("input.json")], { encoding: "utf8" }).stderr;
      assert.throws(() => loom.create(description), (e) =>
        said.includes(`:${e.line}:${e.column}: error: ${e.message}`) && e.status === -14, `${description}: ${said}`);
    }
    const net = loom.create(text);
    assert.throws(() => net.forward([1]), /input has 1 numbers, expected 5 for each sample/);
    assert.throws(() => net.trainBatches(inputs, targets), /not made for that/);
    assert.throws(() => loom.create(text, { type: "i8" }), /f32 and f64 only/);
    assert.throws(() => loom.create(text, { type: "f16" }), /unknown type 'f16'/);
  },
  async "memory comes back"() {
    const loom = await loomOf(), big = { input: { shape: [500] }, layers: [{ type: "dense", output_size: 500 }] };
    loom.create(big, { train: true }).free();
    const bytes = loom.exports.memory.buffer.byteLength;
    for (let i = 0; i < 50; i++) {
      const net = loom.create(big, { train: true });
      net.load(net.save({ training: true }));
      net.free();
      assert.throws(() => loom.create('{"layers":[{"type":"desne"}]}'));
    }
    assert.ok(loom.exports.memory.buffer.byteLength <= 2 * bytes);
  },
  async "running out of memory"() {
    const loom = await loomOf(), net = loom.create(text), before = net.forward(input).slice();
    const huge = { input: { shape: [30000] }, layers: [1, 2, 3].map(() => ({ type: "dense", output_size: 30000 })) };
    for (let i = 0; i < 3; i++) assert.throws(() => loom.create(huge), (e) => e.status === -6);
    assert.match(loom.CreateLoomNetwork(huge), /out of memory/);
    same(net.forward(input), before, "afterwards");
    assert.equal(JSON.parse(loom.CreateLoomNetwork(text)).status, "success");
  },
};

if (name) await checks[name]();
else console.log(Object.keys(checks).join("\n"));
