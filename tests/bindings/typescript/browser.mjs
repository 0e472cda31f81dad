// The package in Chromium, with libloom and a compiled model: a page runs them and sends what came out.
//   node browser.mjs DIR     the project that tests/bindings/typescript/run has made, with constant.out.json, the outputs expected
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const dir = process.argv[2];
const local = (name) => readFileSync(new URL(name, import.meta.url), "utf8");

const page = `<!doctype html>
<script type="importmap">{"imports": {"@loom/runtime": "/node_modules/@loom/runtime/dist/index.mjs"}}</script>
<script type="module">
const result = {};
try {
  const { load, compiled, hasSimd } = await import("@loom/runtime");
  const generated = import("/net/net.mjs"), description = ${local("../../wasm/net.json")}, input = ${local("../../wasm/input.json")};
  const samples = ${local("five.json")}.data, x = samples.map((s) => s.input), y = samples.map((s) => s.target);
  const loom = await load(), model = await compiled(generated), options = { learningRate: 0.05 };
  const trained = (net) => (net.train(x, y, options), net);
  const nets = {
    simd: trained(model.create()),
    plain: trained((await compiled(generated, { simd: false })).create()),
    interpreter: trained(loom.create(description, { train: true })),
    loaded: model.create(),
    between: loom.create(description, { train: true }),
  };
  nets.loaded.load(nets.interpreter.save());
  await nets.between.trainAsync(x, y, options);
  for (const name in nets) result[name] = Array.from(nets[name].forward(input));
  result.hasSimd = hasSimd();
  let frames = 0;
  const frame = () => (frames++, requestAnimationFrame(frame));
  requestAnimationFrame(frame);
  await loom.create(description, { train: true }).trainAsync(x, y, { epochs: 5000 });
  result.frames = frames;
  result.worker = await new Promise((done, fail) => {
    const worker = new Worker("/worker.mjs", { type: "module" });
    worker.onmessage = (e) => done(e.data);
    worker.onerror = (e) => fail(new Error(e.message));
    worker.postMessage({ module: model.module, file: nets.plain.save(), input });
  });
} catch (e) {
  result.error = String(e.stack ?? e);
}
await fetch("/result", { method: "POST", body: JSON.stringify(result) });
</script>`;

const worker = `import { compiled } from "/node_modules/@loom/runtime/dist/index.mjs";
onmessage = async ({ data }) => {
  const net = (await compiled(import("/net/net.mjs"), { source: data.module })).create();
  net.load(data.file);
  postMessage(Array.from(net.forward(data.input)));
};`;

const types = { html: "text/html", mjs: "text/javascript", wasm: "application/wasm" };
const pages = { "/index.html": page, "/worker.mjs": worker };

function answer(request, response, done) {
  if (request.method === "POST") {
    let body = "";
    request.on("data", (part) => (body += part)).on("end", () => {
      response.end();
      done(JSON.parse(body));
    });
    return;
  }
  try {
    const text = pages[request.url] ?? readFileSync(join(dir, new URL(request.url, "http://x").pathname));
    response.setHeader("content-type", types[request.url.split(".").pop()] ?? "application/octet-stream");
    response.end(text);
  } catch {
    response.writeHead(404).end();
  }
}

let browser;
const result = await new Promise((done, fail) => {
  const server = createServer((request, response) => answer(request, response, done)).listen(0, "127.0.0.1", () => {
    browser = spawn("chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync", `--user-data-dir=${join(dir, "profile")}`,
      `http://127.0.0.1:${server.address().port}/index.html`], { stdio: "ignore" });
    browser.on("error", fail);
  });
  setTimeout(() => fail(new Error("the page did not answer within 120 seconds")), 120000);
}).finally(async () => {
  browser.kill();
  await once(browser, "exit");
});

const want = Array.from(Float32Array.from(JSON.parse(readFileSync(join(dir, "constant.out.json"))).output));
assert.equal(result.error, undefined);
assert.equal(result.hasSimd, true);
assert.ok(result.frames > 0, "the page was painted while it trained");
for (const name of ["simd", "plain", "interpreter", "loaded", "between", "worker"]) assert.deepEqual(result[name], want, name);
process.exit();
