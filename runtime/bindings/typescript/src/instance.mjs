// instance.mjs - one network in a WebAssembly module: what the loaders that loomc generates and the package @loom/runtime share.
// It is JavaScript with types in comments because loomc writes it into the loader of each model.
//
// Compiled models and libloom export the same functions of an instance, whose address is their first argument (targets/wasm).
// They return a negative status when they fail.

/**
 * @typedef {"f32" | "f64"} Type
 * @typedef {Float32Array | Float64Array} Numbers
 * @typedef {ArrayBuffer | ArrayBufferView} Bytes
 * @typedef {Bytes | Response | URL | string} Source bytes, or where they come from
 *
 * @typedef {object} TensorInfo
 * @property {string} name
 * @property {readonly number[]} shape
 * @property {"param" | "memory" | "state" | "gradient" | "frozen"} role
 *
 * @typedef {object} ModelInfo
 * @property {string} id
 * @property {Type} type what it computes in
 * @property {number} batch samples in one call
 * @property {readonly number[]} inputShape the batch is the first dimension
 * @property {readonly number[]} outputShape
 * @property {readonly TensorInfo[]} tensors
 * @property {string} description as JSON; "" when the module has none
 *
 * @typedef {object} SaveOptions
 * @property {"f32" | "f64" | "i8" | "i16" | "i32"} [type] how numbers are stored; without it exactly
 * @property {"tensor" | "channel"} [scales] of integer types: one scale for a tensor, or one for each row or column
 * @property {boolean} [training] also all that training needs to go on
 * @property {boolean} [description] the network's description too
 *
 * @typedef {object} Model the module that an instance runs in
 * @property {any} exports
 * @property {ModelInfo} info
 * @property {(status: number) => string} statusText
 * @property {<T>(bytes: Bytes | number, use: (at: number, size: number) => T) => T} with calls use while the bytes lie in its memory
 * @property {(at: number, id: string) => string} [bundle] of an instance
 */

/** What a call returned that failed. `status` is the number of loom_types.h; where, line and column tell the place in a JSON text. */
export class LoomError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message, where = "", line = 0, column = 0) {
    super(message);
    this.name = "LoomError";
    this.status = status;
    this.where = where;
    this.line = line;
    this.column = column;
  }
}

const E_ARGUMENT = -1, E_UNSUPPORTED = -7, FROZEN = "frozen";
const types = ["", "f32", "f64", "i8", "i16", "i32"], scalings = ["tensor", "channel"];

// A module that is valid only where there is SIMD: one function that fills a vector and drops it.
const probe = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 17, 26, 11);

/** Does this machine run modules with SIMD? */
export function hasSimd() {
  return WebAssembly.validate(probe);
}

/**
 * The bytes of a file, a response, or themselves.
 * @param {Source} source @param {string | URL} base what a relative URL is relative to
 * @returns {Promise<Bytes>}
 */
export async function bytesOf(source, base) {
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return source;
  let response = source;
  if (typeof response === "string" || response instanceof URL) {
    const url = new URL(response, base);
    if (url.protocol === "file:" && /** @type {any} */ (globalThis).process?.versions?.node) {
      const fs = "node:fs/promises"; // not a literal below: bundlers for browsers must leave it alone
      return (await import(/* @vite-ignore */ /* webpackIgnore: true */ fs)).readFile(url);
    }
    response = await fetch(url);
  }
  if (!response.ok) throw new Error(`loom: ${response.url || "the response"}: HTTP status ${response.status}`);
  return response.arrayBuffer();
}

/** @param {Bytes} bytes @returns {Uint8Array} */
export function asBytes(bytes) {
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  throw new TypeError(`loom: bytes are ${describe(bytes)}, expected an ArrayBuffer or a view of one`);
}

/**
 * The text at an address of a module.
 * @param {any} exports @param {number} at
 */
export function textAt(exports, at) {
  const bytes = new Uint8Array(exports.memory.buffer, at >>> 0);
  return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
}

/** @param {unknown} value */
function describe(value) {
  return value === null ? "null" : Array.isArray(value) ? "an array" : typeof value === "object" ? `a ${value.constructor?.name}` : `a ${typeof value}`;
}

/**
 * Throws unless it is an array of numbers.
 * @param {ArrayLike<number>} values @param {string} what
 */
export function checkNumbers(values, what) {
  const isArray = values !== null && typeof values === "object" && Number.isInteger(values.length) && !(values instanceof DataView);
  if (!isArray) throw new TypeError(`loom: ${what} is ${describe(values)}, expected an array of numbers`);
  if (ArrayBuffer.isView(values) && !(values instanceof BigInt64Array || values instanceof BigUint64Array)) return;
  for (let i = 0; i < values.length; i++)
    if (typeof values[i] !== "number") throw new TypeError(`loom: ${what}[${i}] is ${describe(values[i])}, expected a number`);
}

/** @param {readonly number[]} shape */
const product = (shape) => shape.reduce((n, d) => n * d, 1);

/** One network with its memory. Its arrays are the module's memory: they hold the last result until the next call. */
export class Network {
  /** @type {Model} */ #model;
  /** @type {number} */ #at;
  /** @type {() => void} */ #release;
  /** @type {number[]} */ #sizes;
  /** @type {Numbers[]} */ #views = [];
  #busy = "";

  /**
   * Models make them.
   * @protected
   * @param {Model} model @param {number} at the instance @param {() => void} release gives its memory back
   */
  constructor(model, at, release) {
    const { inputShape, outputShape, tensors } = model.info;
    this.#model = model;
    this.#at = at;
    this.#release = release;
    this.#sizes = [inputShape, outputShape, outputShape, ...tensors.map((t) => t.shape)].map(product);
  }

  /**
   * The module, while the network has memory.
   * @protected @returns {any}
   */
  get exports() {
    if (this.#at === 0) throw this.error(E_ARGUMENT, "this network was freed");
    return this.#model.exports;
  }

  /**
   * Of the instance, in the module's memory.
   * @protected
   */
  get address() {
    return this.#at;
  }

  /** @protected */
  get model() {
    return this.#model;
  }

  /**
   * @protected
   * @param {number} status @param {string} [what]
   */
  error(status, what = this.#model.statusText(status)) {
    return new LoomError(status, `${this.#model.info.id}: ${what}`);
  }

  /**
   * What the module's function of that name returns for this instance.
   * @protected
   * @param {string} name @param {unknown[]} args @returns {number}
   */
  call(name, ...args) {
    const f = this.exports[name];
    if (!f) throw this.error(E_UNSUPPORTED);
    const result = f(this.#at, ...args);
    if (result < 0) throw this.error(result);
    return result;
  }

  /**
   * What the last call had for a result, where that is a number.
   * @returns {number}
   */
  #number() {
    return this.exports.number(this.#at);
  }

  /**
   * Until the function that it returns is called nothing else may change the network.
   * @protected
   * @param {string} what @returns {() => void}
   */
  occupy(what) {
    this.#idle();
    this.#busy = what;
    return () => {
      this.#busy = "";
    };
  }

  #idle() {
    if (this.#busy) throw this.error(E_ARGUMENT, `this network is busy: ${this.#busy} has not ended`);
  }

  // The i-th array of the instance, in the memory as it is now.
  /** @param {number} i */
  #view(i) {
    const { memory, place } = this.exports, old = this.#views[i];
    if (old && old.buffer === memory.buffer) return old;
    const at = place(this.#at, i) >>> 0, Type = this.#model.info.type === "f64" ? Float64Array : Float32Array;
    if (at === 0) throw this.error(E_UNSUPPORTED);
    return (this.#views[i] = new Type(memory.buffer, at, this.#sizes[i]));
  }

  /**
   * Numbers as an array that stays what it is when the module's memory grows.
   * @protected
   * @param {ArrayLike<number>} values @param {string} what @returns {Numbers}
   */
  numbers(values, what) {
    const Type = this.#model.info.type === "f64" ? Float64Array : Float32Array;
    if (values instanceof Type) return values.buffer === this.exports.memory.buffer ? values.slice() : values;
    checkNumbers(values, what);
    return Type.from(values);
  }

  /** @param {number} i @param {ArrayLike<number>} values @param {string} what */
  #fill(i, values, what) {
    if (values === this.#view(i)) return;
    const n = this.#sizes[i], from = this.numbers(values, what);
    if (from.length !== n) throw new RangeError(`loom: ${what} has ${from.length} numbers, expected ${n}`);
    this.#view(i).set(from);
  }

  /** The numbers of one call, to be filled. */
  get input() {
    return this.#view(0);
  }

  /** The result of the last call. */
  get output() {
    return this.#view(1);
  }

  /** The outputs wanted of one mini-batch, to be filled. */
  get target() {
    return this.#view(2);
  }

  /**
   * One call, on `input` or on what this.input holds. Returns this.output.
   * @param {ArrayLike<number>} [input]
   */
  forward(input) {
    if (input !== undefined) this.#fill(0, input, "input");
    const { forward } = this.exports, status = forward(this.#at);
    if (status < 0) throw this.error(status);
    return this.#view(1);
  }

  /** Forgets what is kept from call to call. */
  reset() {
    this.#idle();
    this.call("reset");
  }

  /** Gives the memory back; the network is of no use after that. */
  free() {
    if (this.#at === 0) return;
    this.#idle();
    this.#at = 0;
    this.#views = [];
    this.#release();
  }

  /**
   * Trains on whole mini-batches, in their order: one step for each. Without arguments on what this.input and this.target hold.
   * Returns the mean of the losses before the steps.
   * @param {ArrayLike<number>} [inputs] @param {ArrayLike<number>} [targets]
   */
  trainBatches(inputs, targets) {
    this.#idle();
    const { x, y, n } = this.batches(inputs, targets);
    let sum = 0;
    for (let i = 0; i < n; i++) sum += this.step("train", x, y, i);
    return this.mean(sum, n);
  }

  /**
   * Adds the gradients of one mini-batch to those that are kept; its loss.
   * @param {ArrayLike<number>} [inputs] @param {ArrayLike<number>} [targets]
   */
  backward(inputs, targets) {
    this.#idle();
    const { x, y, n } = this.batches(inputs, targets);
    if (n !== 1) throw new RangeError(`loom: inputs has ${x.length} numbers, expected ${this.#sizes[0]}`);
    return this.step("backward", x, y, 0);
  }

  /** One step with their mean, after which they are zero. */
  update() {
    this.#idle();
    this.call("update");
  }

  /**
   * Whole mini-batches, checked.
   * @protected
   * @param {ArrayLike<number>} [inputs] @param {ArrayLike<number>} [targets]
   */
  batches(inputs = this.input, targets = this.target) {
    const x = this.numbers(inputs, "inputs"), y = this.numbers(targets, "targets"), [size, , wanted] = this.#sizes, n = x.length / size;
    if (!Number.isInteger(n) || n === 0)
      throw new RangeError(`loom: inputs has ${x.length} numbers, expected ${size} for each mini-batch of ${this.#model.info.batch}`);
    if (y.length !== n * wanted)
      throw new RangeError(`loom: targets has ${y.length} numbers, expected ${n * wanted} for these inputs`);
    return { x, y, n };
  }

  /**
   * The loss of mini-batch i.
   * @protected
   * @param {"train" | "backward"} what @param {Numbers} x @param {Numbers} y @param {number} i
   */
  step(what, x, y, i) {
    const [size, , wanted] = this.#sizes;
    this.#view(0).set(x.subarray(i * size, (i + 1) * size));
    this.#view(2).set(y.subarray(i * wanted, (i + 1) * wanted));
    this.call(what);
    return this.#number();
  }

  /**
   * The mean of n losses, in the network's precision.
   * @protected
   * @param {number} sum @param {number} n
   */
  mean(sum, n) {
    return this.#model.info.type === "f64" ? sum / n : Math.fround(sum / n);
  }

  /** The learning rate of the next step. Setting it sets the rate that the schedule starts from. */
  get learningRate() {
    this.call("rate");
    return this.#number();
  }

  /** @param {number} rate */
  set learningRate(rate) {
    if (!(typeof rate === "number" && rate >= 0 && rate < Infinity)) throw new RangeError(`loom: a learning rate of ${rate}`);
    this.call("set_rate", rate);
  }

  /** Steps so far. */
  get steps() {
    this.call("steps");
    return this.#number();
  }

  /**
   * The numbers of a tensor, row-major, in the network's own memory: writing them changes the network. Of a frozen tensor, which
   * nothing may change, a copy.
   * @param {string} name
   */
  tensor(name) {
    const { tensors } = this.#model.info, i = tensors.findIndex((t) => t.name === name);
    if (i < 0) throw new RangeError(`loom: no tensor '${name}'; there are ${tensors.map((t) => t.name).join(", ") || "none"}`);
    const view = this.#view(3 + i);
    return tensors[i].role === FROZEN ? view.slice() : view;
  }

  /**
   * The weights as the bytes of a .loom file, which every engine reads.
   * @param {SaveOptions} [options]
   */
  save(options) {
    const { type, scales = "tensor", training = false, description = false } = options ?? {};
    const kind = types.indexOf(type ?? ""), how = scalings.indexOf(scales);
    if (kind < 0) throw new RangeError(`loom: unknown type '${type}'`);
    if (how < 0) throw new RangeError(`loom: unknown scales '${scales}'`);
    /** @param {number} at @param {number} n */
    const write = (at, n) => this.call("save", kind, how, Number(training), Number(description), at, n);
    return this.#model.with(write(0, 0), (at, n) => {
      write(at, n);
      return new Uint8Array(this.exports.memory.buffer, at, n).slice();
    });
  }

  /**
   * Takes the weights of a .loom file, of this or any other engine. Nothing is changed when it throws.
   * @param {Bytes} bytes
   */
  load(bytes) {
    this.#idle();
    const { load, problem } = this.exports;
    if (!load) throw this.error(E_UNSUPPORTED);
    this.#model.with(asBytes(bytes), (at, n) => {
      const status = load(this.#at, at, n);
      if (status >= 0) return;
      const name = problem(this.#at, at, n);
      throw this.error(status, this.#model.statusText(status) + (name ? `: ${textAt(this.#model.exports, name)}` : ""));
    });
  }
}

// For `using`, where the language has it.
if ("dispose" in Symbol) Object.defineProperty(Network.prototype, /** @type {any} */ (Symbol).dispose, { value: Network.prototype.free });
