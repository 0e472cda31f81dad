// loom_verify.mjs - runs verify.wasm: gives it the files that it asks for and writes those that it fills.
import { readFileSync, writeFileSync, existsSync } from "node:fs";

const files = [null];
const bytes = (at, n) => new Uint8Array(run.exports.memory.buffer, at >>> 0, n);
const text = (at) => {
  const all = bytes(at);
  return new TextDecoder().decode(all.subarray(0, all.indexOf(0)));
};

const host = {
  open(name, mode) {
    const path = text(name), write = text(mode)[0] === "w";
    if (!write && !existsSync(path)) return 0;
    return files.push({ path, write, at: 0, data: write ? new Uint8Array(65536) : readFileSync(path) }) - 1;
  },
  read(file, to, n) {
    const f = files[file], part = f.data.subarray(f.at, f.at + n);
    bytes(to, n).set(part);
    f.at += part.length;
    return part.length;
  },
  put(file, byte) {
    const f = files[file];
    if (f.at === f.data.length) {
      const more = new Uint8Array(2 * f.at);
      more.set(f.data);
      f.data = more;
    }
    f.data[f.at++] = byte;
  },
  close(file) {
    const f = files[file];
    if (f.write) writeFileSync(f.path, f.data.subarray(0, f.at));
  },
};

const run = new WebAssembly.Instance(new WebAssembly.Module(readFileSync("verify.wasm")), { host });
process.exit(run.exports.run());
