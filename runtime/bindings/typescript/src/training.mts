// training.mts - what a training is: how many epochs and steps, and which samples each mini-batch takes. The same as loom_fit in
// runtime/loom_fit.c, in pieces, so that a program can do other things between two steps.
import { part } from "./samples.mjs";
import type { ModelInfo, Numbers } from "./instance.mjs";

/** How a training goes. */
export interface Progress {
  /** Epochs so far. */
  readonly epoch: number;
  /** How many it will be. */
  readonly epochs: number;
  /** Of this epoch. */
  readonly loss: number;
  /** Of the next step. */
  readonly learningRate: number;
  /** Since the network was made. */
  readonly steps: number;
}

export interface TrainOptions {
  /** How often all samples are taken; default: what the description says, else 10. */
  epochs?: number;
  /** Epochs that were before, for orders and schedule; 0. */
  firstEpoch?: number;
  /** Constant when it is given; default: the description's schedule, which takes all steps when it does not say how many. */
  learningRate?: number;
  /** Whether each epoch takes the samples in an order of its own, the same on every engine; true. */
  shuffle?: boolean;
  /** That these orders depend on; default: the description's, else 0. */
  seed?: number;
  /** Called after each epoch; false ends the training. It may run and evaluate the network, not change it. */
  onProgress?: (progress: Progress) => boolean | void;
}

export interface TrainAsyncOptions extends TrainOptions {
  /** Ends the training between two steps: the promise is rejected with its reason, the steps so far stay. */
  signal?: AbortSignal;
}

/** Mini-batches, one after another. */
export type Batches = Iterable<{ x: Numbers; y: Numbers }>;

export interface Training {
  first: number;
  end: number;
  samples: number;
  seed: bigint;
  /** Mini-batches in all epochs, and how many of them make a step of the optimiser. */
  calls: number;
  accumulate: number;
  /** The mini-batches of one epoch, which takes the samples in this order. */
  batches(order: readonly number[] | undefined): Batches;
}

function whole(value: number, least: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw new RangeError(`loom: ${what} is ${value}, expected a whole number from ${least}`);
  return value;
}

/** Of x and y, whole samples. */
export function training(info: ModelInfo, x: Numbers, y: Numbers, options: TrainOptions): Training {
  const { batch } = info, settings = info.description ? JSON.parse(info.description) : {};
  const wide = sampleSize(info.inputShape, batch), wanted = sampleSize(info.outputShape, batch), samples = x.length / wide;
  if (y.length !== samples * wanted)
    throw new RangeError(`loom: targets has ${y.length} numbers, expected ${samples * wanted} for these inputs`);
  const { learningRate } = options;
  if (learningRate !== undefined && !(learningRate > 0 && learningRate < Infinity))
    throw new RangeError(`loom: the learning rate is ${learningRate}, expected a number above 0`);
  const epochs = whole(options.epochs ?? settings.training?.epochs ?? 10, 1, "epochs");
  const first = whole(options.firstEpoch ?? 0, 0, "firstEpoch"), end = first + epochs;
  const seed = BigInt(whole(options.seed ?? settings.seed ?? 0, 0, "seed"));
  const calls = epochs * Math.ceil(samples / batch), accumulate = Math.max(settings.training?.accumulate ?? 1, 1);
  const batches = function* (order: readonly number[] | undefined) {
    for (let first = 0; first < samples; first += batch) yield gather(first, order);
  };
  // The first samples of the order fill up the last mini-batch.
  const gather = (first: number, order: readonly number[] | undefined) => {
    if (!order && first + batch <= samples)
      return { x: part(x, first / batch, batch * wide), y: part(y, first / batch, batch * wanted) };
    const Type = info.type === "f64" ? Float64Array : Float32Array, to = { x: new Type(batch * wide), y: new Type(batch * wanted) };
    for (let i = 0; i < batch; i++) {
      const k = (first + i) % samples, from = order ? order[k] : k;
      to.x.set(part(x, from, wide), i * wide);
      to.y.set(part(y, from, wanted), i * wanted);
    }
    return to;
  };
  return { first, end, samples, seed, calls, accumulate, batches };
}

function sampleSize(shape: readonly number[], batch: number): number {
  return shape.reduce((n, d) => n * d, 1) / batch;
}
