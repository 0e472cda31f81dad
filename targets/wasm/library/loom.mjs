// loom.mjs - Loom as a WebAssembly module: any network from its JSON at run time, training included, in browsers, workers
// and Node. Runs the interpreter, which gives the bits of compiled networks.
//
//     import { load } from "./loom.mjs";
//     const loom = await load();
//     const net = loom.create(description, { train: true });
//     const output = net.forward(input), loss = net.train(inputs, targets);
//     loom.CreateLoomNetwork(json);     // and the other functions of loom.h that take text and give text
//
// Arrays that a network gives out are the module's memory, not copies: they hold the last result until the next call, and
// lose their memory when the module needs more. Take them from the network again, or slice() them.

const types = ["", "f32", "f64", "i8", "i16", "i32"];
const roles = ["", "param", "memory", "state", "gradient", "frozen"];
const scalings = ["tensor", "channel"];

/** What a call returned that failed. `status` is the number of loom_types.h; where, line and column tell the place in a JSON text. */
export class LoomError extends Error {
  constructor(status, message, where = "", line = 0, column = 0) {
    super(message);
    this.name = "LoomError";
    Object.assign(this, { status, where, line, column });
  }
}

async function bytesOf(source) {
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return source;
  if (typeof source === "string" || source instanceof URL) {
    const url = new URL(source, import.meta.url);
    if (url.protocol === "file:" && globalThis.process?.versions?.node) {
      const fs = "node:fs/promises"; // not a literal below: bundlers for browsers must leave it alone
      return (await import(/* @vite-ignore */ /* webpackIgnore: true */ fs)).readFile(url);
    }
    source = await fetch(url);
  }
  if (!source.ok) throw new Error(`loom: ${source.url || "the response"}: HTTP status ${source.status}`);
  return source.arrayBuffer();
}

/** Loads the module: its bytes, a Response, a URL or a WebAssembly.Module; without any the file beside this one. */
export async function load(source = new URL("./loom.wasm", import.meta.url)) {
  return new Loom(source instanceof WebAssembly.Module ? source : await WebAssembly.compile(await bytesOf(source)));
}

// What the module throws when it runs out of memory; protect catches the one with its tag.
class Unwind {
  constructor(tag) {
    this.tag = tag;
  }
}

/** The module. Each has its own memory and its own current network. */
export class Loom {
  constructor(module) {
    this.module = module;
    let x;
    const protect = (body, arg, tag) => {
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
    const unwind = (tag) => {
      throw new Unwind(tag);
    };
    const host = { protect, unwind, now: () => performance.now() };
    x = this.exports = new WebAssembly.Instance(module, { host }).exports;
  }

  /** Makes a network of a description or a bundle: JSON text or an object. */
  create(description, { type = "", train = false, id, loss } = {}) {
    const x = this.exports, kind = types.indexOf(type);
    if (kind < 0) throw new RangeError(`loom: unknown type '${type}'`);
    const model = this.#with([description, id, loss], ([text, name, chosen]) =>
      x.model_new(text.at, text.size, kind, Number(train), name.at, chosen.at));
    if (!model) throw this.#error();
    const instance = x.instance_new(model);
    if (instance) return new Network(this, model, instance);
    x.loom_model_free(model);
    throw this.error(x.status());
  }

  /** The text at an address of the module. */
  text(at) {
    const bytes = new Uint8Array(this.exports.memory.buffer, at >>> 0);
    return at ? new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0))) : null;
  }

  error(status, what = "") {
    return new LoomError(status, this.text(this.exports.loom_status_text(status)) + what);
  }

  #error() {
    const x = this.exports;
    return new LoomError(x.status(), this.text(x.error_message()), this.text(x.error_where()), x.error_line(), x.error_column());
  }

  // Calls use with the texts while they lie in the module's memory.
  #with(texts, use) {
    const put = [];
    try {
      for (const t of texts) put.push(this.#put(t));
      return use([...put]);
    } finally {
      for (const t of put) this.exports.release(t.at);
    }
  }

  // A text of the module's, which the caller releases; NULL for undefined.
  #put(text) {
    if (text === undefined || text === null) return { at: 0, size: 0 };
    const bytes = new TextEncoder().encode(typeof text === "string" ? text : JSON.stringify(text));
    const at = this.allocate(bytes.length + 1), to = new Uint8Array(this.exports.memory.buffer, at, bytes.length + 1);
    to.set(bytes);
    to[bytes.length] = 0;
    return { at, size: bytes.length };
  }

  /** Memory of the module, which the caller gives back by exports.release. */
  allocate(bytes) {
    const at = this.exports.allocate(bytes) >>> 0;
    if (at === 0) throw this.error(-6);
    return at;
  }

  /** Calls a function of loom.h that returns text: texts and objects are given as text, numbers as they are. */
  call(name, args) {
    const isNumber = (a) => typeof a === "number" || typeof a === "bigint", x = this.exports;
    return this.#with(args.filter((a) => !isNumber(a)), (texts) => {
      const at = x[name](...args.map((a) => (isNumber(a) ? a : texts.shift().at)));
      const result = this.text(at);
      x.FreeLoomString(at);
      return result;
    });
  }
}

for (const name of ["CreateLoomNetwork", "LoomForward", "LoomTrain", "LoomSaveModel", "LoomLoadModel", "LoomGetNetworkInfo",
  "LoomEvaluateNetwork", "LoomBackward", "LoomUpdateWeights", "LoomApplyGradients", "LoomApplyGradientsAdamW",
  "LoomApplyGradientsRMSprop", "LoomApplyGradientsSGDMomentum", "LoomSchedulerName"])
  Loom.prototype[name] = function (...args) {
    return this.call(name, args);
  };
for (const name of ["LoomCreateConstantScheduler", "LoomCreateLinearDecayScheduler", "LoomCreateCosineScheduler",
  "LoomSchedulerGetLR", "LoomFreeScheduler"])
  Loom.prototype[name] = function (...args) {
    return this.exports[name](...args);
  };

/** One network with its memory. Loom.create makes them. */
export class Network {
  #loom;
  #model;
  #instance;
  #buffers = [];
  #views = new Map();

  constructor(loom, model, instance) {
    const x = loom.exports, dims = (rank, dim) => Array.from({ length: rank(model) }, (_, i) => dim(model, i));
    this.#loom = loom;
    this.#model = model;
    this.#instance = instance;
    this.id = loom.text(x.loom_model_id(model));
    this.type = types[x.loom_model_type(model)];
    this.batch = x.loom_model_batch(model);
    this.inputShape = dims(x.loom_input_rank, x.loom_input_dim);
    this.outputShape = dims(x.loom_output_rank, x.loom_output_dim);
    this.tensors = Array.from({ length: x.loom_tensor_count(model) }, (_, i) => ({
      name: loom.text(x.loom_tensor_name(model, i)),
      shape: dims((m) => x.loom_tensor_rank(m, i), (m, k) => x.loom_tensor_dim(m, i, k)),
      role: roles[x.loom_tensor_role(model, i)],
    }));
    this.canTrain = x.loom_can_train(model) === 1;
    const sizes = [x.loom_input_size(model), x.loom_output_size(model), x.loom_output_size(model)];
    try {
      for (const n of sizes) this.#buffers.push({ n, at: loom.allocate(n * x.loom_type_size(x.loom_model_type(model))) });
    } catch (e) {
      this.free();
      throw e;
    }
  }

  get #x() {
    if (this.#instance === 0) throw new Error("loom: this network was freed");
    return this.#loom.exports;
  }

  // n numbers at an address, in the memory as it is now.
  #view(key, at, n) {
    const { buffer } = this.#x.memory, old = this.#views.get(key);
    if (old && old.buffer === buffer) return old;
    const view = new (this.type === "f64" ? Float64Array : Float32Array)(buffer, at >>> 0, n);
    this.#views.set(key, view);
    return view;
  }

  #buffer(i) {
    const x = this.#x;
    return x && this.#view(i, this.#buffers[i].at, this.#buffers[i].n);
  }

  #check(status) {
    if (status < 0) throw this.#loom.error(status);
    return status;
  }

  /** Gives the memory back; the network is of no use after that. */
  free() {
    const x = this.#loom.exports;
    if (this.#instance === 0) return;
    for (const b of this.#buffers) x.release(b.at);
    x.loom_instance_free(this.#model, this.#instance);
    x.loom_model_free(this.#model);
    this.#instance = 0;
    this.#views.clear();
  }

  /** The numbers of one call, to be filled. */
  get input() {
    return this.#buffer(0);
  }

  /** The result of the last call. */
  get output() {
    return this.#buffer(1);
  }

  /** The outputs wanted of one mini-batch, to be filled. */
  get target() {
    return this.#buffer(2);
  }

  #fill(i, values, what) {
    const n = this.#buffers[i].n;
    if (values.length !== n) throw new RangeError(`loom: ${what} has ${values.length} numbers, expected ${n}`);
    this.#buffer(i).set(values);
  }

  /** One call, on `input` or on what this.input holds. Returns this.output. */
  forward(input) {
    const x = this.#x, [from, to] = this.#buffers;
    if (input !== undefined && input !== this.input) this.#fill(0, input, "input");
    this.#check(x.loom_forward(this.#model, this.#instance, from.at, from.n, to.at, to.n));
    return this.output;
  }

  /** Forgets what is kept from call to call. */
  reset() {
    this.#check(this.#x.loom_reset(this.#model, this.#instance));
  }

  /** Trains on whole mini-batches of this.batch samples; the mean of the losses before the steps. */
  train(inputs = this.input, targets = this.target) {
    const [from, , wanted] = this.#buffers, m = this.#model;
    return this.#batches(inputs, targets, (x) => x.train(m, this.#instance, from.at, wanted.at, this.batch));
  }

  /** Adds the gradients of one mini-batch to those that are kept; its loss. Needs { train: 2 }. */
  backward(inputs = this.input, targets = this.target) {
    const [from, , wanted] = this.#buffers;
    if (inputs.length !== from.n) throw new RangeError(`loom: inputs has ${inputs.length} numbers, expected ${from.n}`);
    return this.#batches(inputs, targets, (x) => x.backward(this.#model, this.#instance, from.at, wanted.at));
  }

  /** One step with their mean, after which they are zero. */
  update() {
    this.#check(this.#x.loom_update(this.#model, this.#instance));
  }

  #batches(inputs, targets, step) {
    const x = this.#x, [{ n: size }, , { n: wanted }] = this.#buffers, n = inputs.length / size;
    if (!Number.isInteger(n) || n === 0)
      throw new RangeError(`loom: inputs has ${inputs.length} numbers, expected ${size} for each mini-batch of ${this.batch}`);
    if (targets.length !== n * wanted)
      throw new RangeError(`loom: targets has ${targets.length} numbers, expected ${n * wanted} for these inputs`);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      if (inputs !== this.input) this.#fill(0, inputs.slice(i * size, (i + 1) * size), "inputs");
      if (targets !== this.target) this.#fill(2, targets.slice(i * wanted, (i + 1) * wanted), "targets");
      this.#check(step(x));
      sum += x.number();
    }
    return this.type === "f64" ? sum / n : Math.fround(sum / n);
  }

  /** The learning rate of the next step. Setting it sets the rate that the schedule starts from. */
  get learningRate() {
    this.#check(this.#x.rate(this.#model, this.#instance));
    return this.#x.number();
  }

  set learningRate(rate) {
    this.#check(this.#x.loom_set_learning_rate(this.#model, this.#instance, rate));
  }

  /** Steps so far. */
  get steps() {
    this.#check(this.#x.steps(this.#model, this.#instance));
    return this.#x.number();
  }

  /** The numbers of a tensor, row-major; writing them changes the network. this.tensors has the names. */
  tensor(name) {
    const x = this.#x, i = this.tensors.findIndex((t) => t.name === name);
    if (i < 0) throw new RangeError(`loom: no tensor '${name}'; there are ${this.tensors.map((t) => t.name).join(", ")}`);
    return this.#view(name, x.tensor_data(this.#model, this.#instance, i), x.loom_tensor_size(this.#model, i));
  }

  /**
   * The weights as the bytes of a .loom file. `type`: how numbers are stored, "f32", "f64", "i8", "i16" or "i32" (default: exact);
   * `scales` of integers: "tensor" or "channel"; `training`: also all that training needs to go on; `description`: the
   * network's description too.
   */
  save({ type = "", scales = "tensor", training = false, description = false } = {}) {
    const x = this.#x, kind = types.indexOf(type), how = scalings.indexOf(scales);
    if (kind < 0) throw new RangeError(`loom: unknown type '${type}'`);
    if (how < 0) throw new RangeError(`loom: unknown scales '${scales}'`);
    const write = (at, n) => this.#check(x.save(this.#model, this.#instance, kind, how, training, description, at, n));
    const size = write(0, 0), at = this.#loom.allocate(size);
    try {
      write(at, size);
      return new Uint8Array(x.memory.buffer, at, size).slice();
    } finally {
      x.release(at);
    }
  }

  /** Takes the weights of a .loom file. Nothing is changed when it throws. */
  load(bytes) {
    const x = this.#x, n = bytes.byteLength, at = this.#loom.allocate(n);
    try {
      const from = ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, n) : new Uint8Array(bytes);
      new Uint8Array(x.memory.buffer, at, n).set(from);
      const status = x.loom_load(this.#model, this.#instance, at, n);
      if (status >= 0) return;
      const name = this.#loom.text(x.loom_load_problem(this.#model, this.#instance, at, n));
      throw this.#loom.error(status, name ? `: ${name}` : "");
    } finally {
      x.release(at);
    }
  }
}
