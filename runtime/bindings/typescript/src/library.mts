// library.mts - libloom as a module: any network from its JSON at run time, run by the interpreter, which gives the bits of compiled
// networks.
import { asBytes, bytesOf, LoomError, textAt } from "./instance.mjs";
import { Network } from "./network.mjs";
import type { Bytes, ModelInfo, Source, TensorInfo, Type } from "./instance.mjs";

export interface CreateOptions {
  /** What to compute in; without it what the description says. */
  type?: Type;
  /** true or 1: it can train; 2: and keeps its gradients, so that backward works. */
  train?: boolean | 0 | 1 | 2;
  /** Of a bundle with several networks: which. */
  id?: string;
  /** Instead of the description's. */
  loss?: string;
  /** The longest that the gradient may be; instead of the description's. */
  clipNorm?: number;
}

/** A text in the module's memory; address 0 for none. */
interface Placed {
  at: number;
  size: number;
}

const types = ["", "f32", "f64", "i8", "i16", "i32"], roles = ["", "param", "memory", "state", "gradient", "frozen"], E_MEMORY = -6;

// What the module throws when it runs out of memory; protect catches the one with its tag.
class Unwind {
  constructor(readonly tag: number) {}
}

/** Loads the module: its bytes, a Response, a URL or a WebAssembly.Module; without any the file of this package. */
export async function load(source: WebAssembly.Module | Source = new URL("./loom.wasm", import.meta.url)): Promise<Loom> {
  return new Loom(source instanceof WebAssembly.Module ? source : await WebAssembly.compile((await bytesOf(source, import.meta.url)) as BufferSource));
}

/** The module. Each has its own memory and, for the text functions, its own current network. */
export class Loom {
  /** Can be sent to workers. */
  readonly module: WebAssembly.Module;
  /** @internal */
  readonly exports: any;

  constructor(module: WebAssembly.Module) {
    this.module = module;
    let x: any;
    const protect = (body: number, arg: number, tag: number) => {
      const stack = x.__stack_pointer.value;
      try {
        x.__indirect_function_table.get(body)(arg);
        return 1;
      } catch (e) {
        if (!(e instanceof Unwind) || e.tag !== tag) throw e;
        x.__stack_pointer.value = stack;
        return 0;
      }
    };
    const unwind = (tag: number) => {
      throw new Unwind(tag);
    };
    const host = { protect, unwind, now: () => performance.now() };
    x = this.exports = new WebAssembly.Instance(module, { host }).exports;
  }

  /** Makes a network of a description or a bundle: JSON text, or an object that becomes one. */
  create(description: string | object, { type, train = false, id, loss, clipNorm = 0 }: CreateOptions = {}): Network {
    const kind = types.indexOf(type ?? ""), x = this.exports;
    if (kind < 0) throw new RangeError(`loom: unknown type '${type}'`);
    const at = this.#with([asText(description), id, loss], ([text, name, chosen]) =>
      x.network_new(text.at, text.size, kind, Number(train), name.at, chosen.at, clipNorm));
    if (at === 0) throw this.#failure();
    return new Network(this.#model(x.network_model(at)), at, () => x.network_free(at));
  }

  /** Makes a network of a file: a .loom file that was saved with its description, or a bundle. Options as for create. */
  open(file: Bytes, options: CreateOptions = {}): Network {
    const bytes = asBytes(file);
    if (bytes[0] === 0x7b /* { */) return this.create(new TextDecoder().decode(bytes), options);
    const net = this.create(this.#described(bytes), options);
    try {
      net.load(bytes);
    } catch (e) {
      net.free();
      throw e;
    }
    return net;
  }

  #described(bytes: Uint8Array): string {
    const x = this.exports;
    return this.with(bytes, (at, n) => {
      const status = x.file_open(at, n);
      if (status < 0) throw this.#error(status);
      const size = x.file_description_size();
      if (size === 0) throw this.#error(-2, "this file has no description: save it with { description: true }, or load it into its network");
      return new TextDecoder().decode(new Uint8Array(x.memory.buffer, x.file_description() >>> 0, size));
    });
  }

  // What instances need to know of a loom_model.
  #model(m: number) {
    const text = (status: number) => this.#text(this.exports.loom_status_text(status));
    const use = <T,>(bytes: Bytes | number, f: (at: number, size: number) => T) => this.with(bytes, f);
    return { exports: this.exports, info: this.#info(m), statusText: text, with: use, bundle: (at: number, id: string) => this.#bundle(at, id) };
  }

  #info(m: number): ModelInfo {
    const x = this.exports, list = <T,>(n: number, item: (i: number) => T) => Array.from({ length: n }, (_, i) => item(i));
    return {
      id: this.#text(x.loom_model_id(m)),
      type: types[x.loom_model_type(m)] as Type,
      batch: x.loom_model_batch(m),
      inputShape: list(x.loom_input_rank(m), (i) => x.loom_input_dim(m, i)),
      outputShape: list(x.loom_output_rank(m), (i) => x.loom_output_dim(m, i)),
      description: this.#text(x.loom_model_description(m)),
      tensors: list(x.loom_tensor_count(m), (i) => ({
        name: this.#text(x.loom_tensor_name(m, i)),
        shape: list(x.loom_tensor_rank(m, i), (k) => x.loom_tensor_dim(m, i, k) as number),
        role: roles[x.loom_tensor_role(m, i)] as TensorInfo["role"],
      })),
    };
  }

  #bundle(network: number, id: string): string {
    const status = this.#with([asText(id)], ([name]) => this.exports.bundle(network, name.at));
    if (status < 0) throw this.#failure();
    return this.take(this.exports.bundle_text());
  }

  // ---- texts and bytes in the module's memory

  #text(at: number): string {
    return at === 0 ? "" : textAt(this.exports, at);
  }

  /** The text at an address, which is given back. @internal */
  take(at: number): string {
    const text = this.#text(at);
    this.exports.FreeLoomString(at);
    return text;
  }

  #error(status: number, what = this.#text(this.exports.loom_status_text(status))): LoomError {
    return new LoomError(status, what);
  }

  // The error that a function left behind.
  #failure(): LoomError {
    const x = this.exports, [status, line, column] = new Int32Array(x.memory.buffer, x.error(), 3);
    const message = this.#text(x.error_message()) || this.#text(x.loom_status_text(status));
    return new LoomError(status, message, this.#text(x.error_where()), line, column);
  }

  #allocate(bytes: number): number {
    const at = this.exports.allocate(bytes) >>> 0;
    if (at === 0) throw this.#error(E_MEMORY);
    return at;
  }

  /** Calls use while the bytes (or so many bytes) lie in the module's memory. @internal */
  with<T>(bytes: Bytes | number, use: (at: number, size: number) => T): T {
    const n = typeof bytes === "number" ? bytes : bytes.byteLength, at = this.#allocate(n || 1);
    try {
      if (typeof bytes !== "number") new Uint8Array(this.exports.memory.buffer, at, n).set(asBytes(bytes));
      return use(at, n);
    } finally {
      this.exports.release(at);
    }
  }

  // Calls use while the texts lie there.
  #with<T>(texts: (string | undefined)[], use: (placed: Placed[]) => T): T {
    const next = (i: number, placed: Placed[]): T => {
      if (i === texts.length) return use(placed);
      const text = texts[i];
      if (text === undefined) return next(i + 1, [...placed, { at: 0, size: 0 }]);
      return this.with(new TextEncoder().encode(text + "\0"), (at, n) => next(i + 1, [...placed, { at, size: n - 1 }]));
    };
    return next(0, []);
  }

  /** Calls a function of loom.h that takes texts (NULL for undefined) or numbers and returns text. @internal */
  call(name: string, texts: readonly unknown[], numbers: readonly number[]): string {
    return this.#with(texts.map((t) => (t === undefined ? undefined : asText(t))), (placed) =>
      this.take(this.exports[name](...placed.map((t) => t.at), ...numbers)));
  }
}

// JSON: a text as it is, an object as text.
function asText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  throw new TypeError(`loom: ${value === null ? "null" : `a ${typeof value}`} is given, expected JSON: a text or an object`);
}

type Json = string | object;

/** Text in, text out, as in loom.h: one network is current, errors are JSON too. */
export interface Loom {
  CreateLoomNetwork(json: Json): string;
  LoomForward(input: Json): string;
  LoomTrain(training: Json): string;
  LoomSaveModel(id?: string): string;
  LoomLoadModel(bundle: Json, id?: string): string;
  LoomGetNetworkInfo(): string;
  LoomEvaluateNetwork(inputs: Json, expected: Json): string;
  LoomBackward(gradient: Json): string;
  LoomUpdateWeights(rate: number): string;
  LoomApplyGradients(rate: number): string;
  LoomApplyGradientsAdamW(rate: number, beta1: number, beta2: number, decay: number): string;
  LoomApplyGradientsRMSprop(rate: number, alpha: number, epsilon: number, momentum: number): string;
  LoomApplyGradientsSGDMomentum(rate: number, momentum: number, dampening: number, nesterov: number): string;
  LoomCreateConstantScheduler(rate: number): bigint;
  LoomCreateLinearDecayScheduler(start: number, end: number, steps: number): bigint;
  LoomCreateCosineScheduler(start: number, minimum: number, steps: number): bigint;
  LoomSchedulerGetLR(handle: bigint, step: number): number;
  LoomSchedulerName(handle: bigint): string;
  LoomFreeScheduler(handle: bigint): void;
}

// How many texts they take; those that take none take numbers.
const texts = { CreateLoomNetwork: 1, LoomForward: 1, LoomTrain: 1, LoomSaveModel: 1, LoomLoadModel: 2, LoomGetNetworkInfo: 0,
  LoomEvaluateNetwork: 2, LoomBackward: 1, LoomUpdateWeights: 0, LoomApplyGradients: 0, LoomApplyGradientsAdamW: 0,
  LoomApplyGradientsRMSprop: 0, LoomApplyGradientsSGDMomentum: 0 };
for (const [name, n] of Object.entries(texts))
  (Loom.prototype as any)[name] = function (this: Loom, ...args: unknown[]) {
    return this.call(name, Array.from({ length: n }, (_, i) => args[i]), n > 0 ? [] : args.map(Number));
  };
for (const name of ["LoomCreateConstantScheduler", "LoomCreateLinearDecayScheduler", "LoomCreateCosineScheduler", "LoomSchedulerGetLR", "LoomFreeScheduler"])
  (Loom.prototype as any)[name] = function (this: Loom, ...args: unknown[]) {
    return this.exports[name](...args);
  };
Loom.prototype.LoomSchedulerName = function (this: Loom, handle: bigint) {
  return this.take(this.exports.LoomSchedulerName(handle));
};
