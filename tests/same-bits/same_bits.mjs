// same_bits.mjs - what program.c does, through the JavaScript of the target wasm: in Node (a main program) and in browsers
// (index.html calls `all`). Prints a line for each network: NAME DIGEST-OF-OUTPUTS-AND-LOSSES DIGEST-OF-WEIGHTS.
//   node same_bits.mjs FOLDER SIMD(true|false) NETWORK:VOCABULARY...

const calls = 3, steps = 50;

// A number from a counter.
function scramble(x) {
  x = Math.imul(x + 1, 2654435761);
  x = Math.imul(x ^ (x >>> 15), 2246822519);
  x = Math.imul(x ^ (x >>> 13), 3266489917);
  return (x ^ (x >>> 16)) >>> 0;
}

function makeInput(x, turn, vocabulary) {
  for (let i = 0; i < x.length; i++) {
    const r = scramble(turn * 65536 + i);
    x[i] = vocabulary ? r % vocabulary : ((r % 2001) - 1000) / 512;
  }
}

function makeTarget(x, turn) {
  for (let i = 0; i < x.length; i++) x[i] = (scramble(turn * 65536 + 32768 + i) % 257) / 256;
}

// Collects numbers; the digest of their bits, little-endian.
class Digest {
  #bytes = [];
  add(numbers, what) {
    if (!numbers.every(Number.isFinite)) throw new Error(`${what} is not finite`);
    const view = new DataView(new ArrayBuffer(4 * numbers.length));
    numbers.forEach((x, i) => view.setFloat32(4 * i, x, true));
    this.#bytes.push(new Uint8Array(view.buffer));
  }
  async text() {
    const all = new Uint8Array(await new Blob(this.#bytes).arrayBuffer());
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", all));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

function weights(module, net, roles, digest = new Digest()) {
  for (const { name, role } of module.tensors) if (roles.includes(role)) digest.add(net.tensor(name), "a weight");
  return digest;
}

async function run(folder, simd, name, vocabulary) {
  const module = await import(`${folder}/${name}.mjs`);
  const net = (await module.load({ simd })).create();
  const outputs = new Digest(), fresh = weights(module, net, ["param"]);
  let turn = 0;
  const call = () => {
    makeInput(net.input, turn++, vocabulary);
    outputs.add(net.forward(), "an output");
  };
  while (turn < calls) call();
  while (turn < calls + steps) {
    makeInput(net.input, turn, vocabulary);
    makeTarget(net.target, turn++);
    outputs.add(Float32Array.of(net.trainBatches()), "a loss");
  }
  net.reset();
  while (turn < calls + steps + calls) call();
  const all = await weights(module, net, ["param", "memory", "state"]).text();
  if ((await weights(module, net, ["param"]).text()) === (await fresh.text())) throw new Error("training changed no weight");
  return `${name} ${await outputs.text()} ${all}\n`;
}

/** All networks ("name:vocabulary"), one after the other. The lines. */
export async function all(folder, simd, networks) {
  let text = "";
  for (const [name, vocabulary] of networks.map((word) => word.split(":"))) {
    text += await run(folder, simd, name, Number(vocabulary)).catch((error) => `error ${name} ${error.message}\n`);
  }
  return text;
}

if (globalThis.process?.versions?.node) {
  const { pathToFileURL } = await import("node:url");
  globalThis.crypto ??= (await import("node:crypto")).webcrypto; // Node 18
  const [folder, simd, ...networks] = process.argv.slice(2);
  process.stdout.write(await all(pathToFileURL(folder).href, simd === "true", networks));
}
