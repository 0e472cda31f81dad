// loom.d.mts - the types of loom.mjs.

type Bytes = ArrayBuffer | ArrayBufferView;
type Numbers = Float32Array | Float64Array;
type Batches = Numbers | readonly number[];

/** What a call returned that failed; where, line and column tell the place in a JSON text. */
export declare class LoomError extends Error {
  readonly status: number;
  readonly where: string;
  readonly line: number;
  readonly column: number;
}

export interface CreateOptions {
  /** The precision to compute in; without it the description's. */
  type?: "f32" | "f64";
  /** true or 1: it can train; 2: and keeps its gradients, so that backward works. */
  train?: boolean | 0 | 1 | 2;
  /** Of a bundle with several networks: which. */
  id?: string;
  /** Instead of the description's. */
  loss?: string;
}

export declare function load(source?: WebAssembly.Module | Bytes | Response | URL | string): Promise<Loom>;

/** The module. Each has its own memory and its own current network. */
export declare class Loom {
  constructor(module: WebAssembly.Module);
  readonly module: WebAssembly.Module;
  readonly exports: WebAssembly.Exports;
  /** Makes a network of a description or a bundle: JSON text or an object. */
  create(description: string | object, options?: CreateOptions): Network;

  // Text in, text out, as in loom.h. Objects are given as JSON.
  CreateLoomNetwork(json: string | object): string;
  LoomForward(input: string | object): string;
  LoomTrain(training: string | object): string;
  LoomSaveModel(id?: string): string;
  LoomLoadModel(bundle: string | object, id?: string): string;
  LoomGetNetworkInfo(): string;
  LoomEvaluateNetwork(inputs: string | object, expected: string | object): string;
  LoomBackward(gradient: string | object): string;
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

export interface TensorInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: "param" | "memory" | "state" | "gradient" | "frozen";
}

/** One network with its memory. Its arrays are the module's memory: they change with the next call. */
export declare class Network {
  private constructor();
  readonly id: string;
  readonly type: "f32" | "f64";
  readonly batch: number;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  readonly tensors: readonly TensorInfo[];
  readonly canTrain: boolean;
  get input(): Numbers;
  get output(): Numbers;
  get target(): Numbers;
  forward(input?: ArrayLike<number>): Numbers;
  reset(): void;
  free(): void;
  train(inputs?: Batches, targets?: Batches): number;
  backward(inputs?: Batches, targets?: Batches): number;
  update(): void;
  learningRate: number;
  get steps(): number;
  tensor(name: string): Numbers;
  save(options?: SaveOptions): Uint8Array;
  load(bytes: Bytes): void;
}

export interface SaveOptions {
  /** How numbers are stored; without it exactly. */
  type?: "f32" | "f64" | "i8" | "i16" | "i32";
  scales?: "tensor" | "channel";
  /** Also all that training needs to go on. */
  training?: boolean;
  /** The network's description too. */
  description?: boolean;
}
