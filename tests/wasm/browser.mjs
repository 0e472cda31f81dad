// The generated .mjs and loom.mjs in Chromium: a page runs them and sends what came out.
//   node browser.mjs DIR     DIR/net, DIR/library as tests/wasm/run has made them, and DIR/after.f32.json: the outputs expected
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const dir = process.argv[2];
const local = (name) => readFileSync(new URL(name, import.meta.url), "utf8");

const page = `<!doctype html><script type="module">
const result = {};
try {
  const { load, hasSimd } = await import("/net/net.mjs"), description = ${local("net.json")};
  const samples = ${local("samples.json")}.data, input = ${local("input.json")};
  const loom = await (await import("/library/loom.mjs")).load(), model = await load();
  const x = samples.flatMap((s) => s.input), y = samples.flatMap((s) => s.target);
  const trained = (net) => {
    net.learningRate = 0.05;
    for (let i = 0; i < 7; i++) net.train(x, y);
    return net;
  };
  const nets = {
    simd: trained(model.create()),
    plain: trained((await load({ simd: false })).create()),
    interpreter: trained(loom.create(description, { train: true })),
    loaded: model.create(),
  };
  nets.loaded.load(nets.interpreter.save());
  for (const name in nets) result[name] = Array.from(nets[name].forward(input));
  result.hasSimd = hasSimd();
  result.worker = await new Promise((done) => {
    const worker = new Worker("/worker.mjs", { type: "module" });
    worker.onmessage = (e) => done(e.data);
    worker.postMessage({ module: model.module, file: nets.plain.save(), input });
  });
} catch (e) {
  result.error = String(e.stack ?? e);
}
await fetch("/result", { method: "POST", body: JSON.stringify(result) });
</script>`;

const worker = `import { Model } from "/net/net.mjs";
onmessage = ({ data }) => {
  const net = new Model(data.module).create();
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
  setTimeout(() => fail(new Error("the page did not answer within 60 seconds")), 60000);
}).finally(async () => {
  browser.kill();
  await once(browser, "exit");
});

const want = Array.from(Float32Array.from(JSON.parse(readFileSync(join(dir, "after.f32.json"))).output));
assert.equal(result.error, undefined);
assert.equal(result.hasSimd, true);
for (const name of ["simd", "plain", "interpreter", "loaded", "worker"]) assert.deepEqual(result[name], want, name);
process.exit();
