// compiled.mts - models that loomc compiled for WebAssembly, with the same class of networks.
import { LoomError } from "./instance.mjs";
import { Network } from "./network.mjs";

/** What a module that loomc generated (<id>.mjs) exports. */
export interface GeneratedModule {
  load(options?: any): Promise<GeneratedModel>;
}

/** What its `load` gives. */
export interface GeneratedModel {
  readonly module: WebAssembly.Module;
  readonly info: { readonly id: string };
  create(type: any): any;
}

type LoadOptions<M extends GeneratedModule> = Parameters<M["load"]>[0];

/**
 * Loads a compiled model: `await compiled(import("./digits.mjs"))`. The options are those of its `load`: another source, without SIMD,
 * weights. What needs loom.h (save, load, evaluate, shuffle) is there when it was compiled with --abi.
 */
export async function compiled<M extends GeneratedModule>(generated: M | Promise<M>, options?: LoadOptions<M>): Promise<CompiledModel> {
  const { load } = (await generated) ?? {}, expected = "expected a module that loomc generated: compiled(import('./<id>.mjs'))";
  if (typeof load !== "function") throw new TypeError(`loom: ${expected}`);
  const model = await own(() => load(options));
  if (!model.info) throw new TypeError(`loom: ${expected}, by this version of loomc`);
  return new CompiledModel(model);
}

/** A compiled model: its networks share one module and its memory. */
export class CompiledModel {
  #model: GeneratedModel;

  /** @internal */
  constructor(model: GeneratedModel) {
    this.#model = model;
  }

  /** Can be sent to workers: `compiled(import("./digits.mjs"), { source: module })`. */
  get module(): WebAssembly.Module {
    return this.#model.module;
  }

  /** A new network, with the weights as they were compiled in. Arrays of other networks of this model lose their memory. */
  create(): Network {
    return this.#model.create(Network);
  }
}

// A generated module has an error class of its own.
async function own<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (e) {
    throw e instanceof Error && e.name === "LoomError" ? new LoomError((e as LoomError).status, e.message) : e;
  }
}
