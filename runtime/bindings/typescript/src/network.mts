// network.mts - what a network of this package can do: an instance, with any number of samples, training in epochs, evaluation,
// information and bundles. It works alike on libloom's networks and on compiled models.
import { checkNumbers, Network as Instance } from "./instance.mjs";
import { flatten, part, Samples } from "./samples.mjs";
import { Batches, TrainAsyncOptions, TrainOptions, training } from "./training.mjs";
import type { Model, ModelInfo, Numbers, SaveOptions, TensorInfo, Type } from "./instance.mjs";

declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}

/** What evaluate found; see loom_metrics in loom.h. */
export interface Metrics {
  readonly samples: number;
  /** Mean of what deviations leave of 100. */
  readonly score: number;
  /** Mean deviation, in per cent. */
  readonly deviation: number;
  /** Samples that deviate up to 10, 20, 30, 40, 50, 100 per cent, and more. */
  readonly buckets: readonly number[];
}

export interface NetworkInfo extends ModelInfo {
  /** Numbers in weights, trained or frozen. */
  readonly parameters: number;
}

const buckets = 7, sliceMs = 12, E_UNSUPPORTED = -7, E_NOT_FINITE = -15;

const product = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);

// Lets others run: events, timers, painting.
function pause(): Promise<void> {
  const { scheduler, setImmediate } = globalThis as any;
  return scheduler?.yield ? scheduler.yield() : new Promise((done) => (setImmediate ?? setTimeout)(done));
}

/** One network with its memory; `loom.create`, `loom.open` and `model.create` make them. Its arrays are the module's memory. */
export class Network extends Instance {
  /** @internal */
  constructor(model: Model, at: number, release: () => void) {
    super(model, at, release);
  }

  get id(): string {
    return this.model.info.id;
  }

  /** What it computes in. */
  get type(): Type {
    return this.model.info.type;
  }

  /** Samples in one call of the network. */
  get batch(): number {
    return this.model.info.batch;
  }

  /** The batch is the first dimension. */
  get inputShape(): readonly number[] {
    return this.model.info.inputShape;
  }

  get outputShape(): readonly number[] {
    return this.model.info.outputShape;
  }

  /** What an instance keeps: weights, and what training adds. `tensor` has their numbers. */
  get tensors(): readonly TensorInfo[] {
    return this.model.info.tensors;
  }

  /** All that is known of the network, as one object. */
  get info(): NetworkInfo {
    const weights = this.tensors.filter((t) => t.role === "param" || t.role === "frozen");
    return { ...this.model.info, parameters: weights.reduce((sum, t) => sum + product(t.shape), 0) };
  }

  /**
   * Runs samples: one list of numbers, or a list of samples; without any what this.input holds. Those of one call give this.output,
   * which is valid until the next call; more or fewer go through the network in its batches, the last one filled up with zeros, and give a
   * new array.
   */
  override forward(samples?: Samples): Numbers {
    if (samples === undefined || samples === this.input) return super.forward();
    const x = this.#numbers(samples, "input");
    return x.length === product(this.inputShape) ? super.forward(x) : this.#forwardAll(x);
  }

  #forwardAll(x: Numbers): Numbers {
    const size = product(this.inputShape), calls = Math.ceil(x.length / size), all = [];
    for (let i = 0; i < calls; i++) {
      this.input.fill(0).set(part(x, i, size));
      all.push(super.forward().slice());
    }
    const output = new (this.type === "f64" ? Float64Array : Float32Array)((x.length / size) * product(this.outputShape));
    all.forEach((y, i) => output.set(part(y, 0, output.length - i * y.length), i * y.length));
    return output;
  }

  /**
   * Trains epoch after epoch, with the bits of `loomc train` and of LoomTrain. The last mini-batch of an epoch is filled up with the
   * epoch's first samples. Returns the loss of each epoch: the mean of those of its mini-batches, each taken before its step.
   */
  train(inputs: Samples, targets: Samples, options: TrainOptions = {}): number[] {
    const steps = this.#steps(inputs, targets, options);
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  }

  /** The same step by step, between the other events of the program. The network must not be changed before it ends. */
  async trainAsync(inputs: Samples, targets: Samples, options: TrainAsyncOptions = {}): Promise<number[]> {
    const { signal } = options, steps = this.#steps(inputs, targets, options);
    signal?.throwIfAborted();
    try {
      for (let since = performance.now(); ; ) {
        const { done, value } = steps.next();
        if (done) return value;
        if (performance.now() - since < sliceMs) continue;
        await pause();
        signal?.throwIfAborted();
        since = performance.now();
      }
    } finally {
      steps.return([]);
    }
  }

  // Yields after each step of the optimiser; returns the losses of the epochs.
  *#steps(inputs: Samples, targets: Samples, options: TrainOptions): Generator<void, number[]> {
    const release = this.occupy("its training");
    let begun = false;
    try {
      const x = this.#numbers(inputs, "inputs"), y = this.#numbers(targets, "targets");
      const plan = training(this.model.info, x, y, options), losses: number[] = [];
      this.call("begin", options.learningRate ?? 0, plan.calls, plan.accumulate);
      begun = true;
      for (let epoch = plan.first; epoch < plan.end; epoch++) {
        const batches = plan.batches(options.shuffle === false ? undefined : this.#order(plan.seed, epoch, plan.samples));
        const loss = yield* this.#epoch(batches);
        losses.push(loss);
        const more = options.onProgress?.({ epoch: epoch + 1, epochs: plan.end, loss, learningRate: this.learningRate, steps: this.steps });
        if (!Number.isFinite(loss))
          throw this.error(E_NOT_FINITE, `the loss is no finite number any more in epoch ${epoch + 1}, and the weights are spoilt: ` +
            "load or create the network again (is the learning rate too large?)");
        if (more === false) break;
      }
      return losses;
    } finally {
      if (begun) this.call("finish");
      release();
    }
  }

  *#epoch(batches: Batches): Generator<void, number> {
    let sum = 0, n = 0;
    for (const { x, y } of batches) {
      sum += this.step("train", x, y, 0);
      n++;
      yield;
    }
    return sum / n;
  }

  // The order in which an epoch takes its samples.
  #order(seed: bigint, epoch: number, samples: number): number[] {
    const { order } = this.exports;
    if (!order) throw this.error(E_UNSUPPORTED, "shuffle needs a model that was compiled with --abi; { shuffle: false } does without");
    return this.model.with(8 * samples, (at) => {
      order(seed, BigInt(epoch), at, samples);
      return Array.from(new BigUint64Array(this.exports.memory.buffer, at, samples), Number);
    });
  }

  /** One step of the optimiser for each whole mini-batch, in their order; as of a compiled model alone. The mean loss. */
  override trainBatches(inputs?: Samples, targets?: Samples): number {
    return super.trainBatches(this.#given(inputs, "inputs"), this.#given(targets, "targets"));
  }

  /** Adds the gradients of one mini-batch to those that are kept; its loss. */
  override backward(inputs?: Samples, targets?: Samples): number {
    return super.backward(this.#given(inputs, "inputs"), this.#given(targets, "targets"));
  }

  /** Makes the gradients that are kept zero. */
  clear(): void {
    this.occupy("clear")();
    this.call("clear");
  }

  /**
   * Runs samples and compares what each output predicts with what is expected: its number when there is one, else the index of the
   * largest.
   */
  evaluate(inputs: Samples, expected: ArrayLike<number>): Metrics {
    checkNumbers(expected, "expected");
    const x = this.#numbers(inputs, "inputs"), samples = x.length / this.#sample("inputs");
    if (expected.length !== samples)
      throw new RangeError(`loom: expected has ${expected.length} numbers, expected ${samples} for these inputs`);
    const { metrics_clear, metrics_add } = this.exports;
    if (!metrics_add) throw this.error(E_UNSUPPORTED, "evaluate needs a model that was compiled with --abi");
    const outputs = this.forward(x), wide = this.#sample("targets");
    metrics_clear();
    for (let i = 0; i < samples; i++) metrics_add(expected[i], prediction(part(outputs, i, wide)));
    return this.#metrics();
  }

  #metrics(): Metrics {
    const { memory, metrics } = this.exports, at = metrics() >>> 0;
    const [samples, ...counts] = new Uint32Array(memory.buffer, at, 1 + buckets);
    const [score, deviation] = new Float64Array(memory.buffer, at + 4 * (1 + buckets), 2);
    return { samples, score, deviation, buckets: counts };
  }

  /** The weights as the bytes of a .loom file, which every engine reads; with the description, unless that is false. */
  override save(options: SaveOptions = {}): Uint8Array {
    return super.save({ description: this.model.info.description !== "", ...options });
  }

  /** The network with its weights as a bundle: JSON text, in which it is called `id` (default: its own). */
  saveBundle(id = this.id): string {
    const { exports, model } = this;
    if (!exports.bundle || !model.bundle)
      throw this.error(E_UNSUPPORTED, "a compiled model makes no bundle: give its save() to loom.open, which makes a network that does");
    return model.bundle(this.address, id);
  }

  // Numbers in a sample.
  #sample(what: string): number {
    return product(what === "targets" ? this.outputShape : this.inputShape) / this.batch;
  }

  #given(values: Samples | undefined, what: string): ArrayLike<number> | undefined {
    return values === undefined ? undefined : flatten(values, this.#sample(what), what);
  }

  // Whole samples, checked; whole batches where the network mixes the samples of a batch.
  #numbers(values: Samples, what: string): Numbers {
    const sample = this.#sample(what), apart = this.outputShape[0] === this.batch, size = apart ? sample : sample * this.batch;
    const x = this.numbers(flatten(values, sample, what), what);
    if (x.length % size !== 0 || x.length === 0)
      throw new RangeError(`loom: ${what} has ${x.length} numbers, expected ${size} for each ${apart ? "sample" : "batch"}`);
    return x;
  }
}

export interface Network {
  /** free, for `using`. */
  [Symbol.dispose](): void;
}

// What loom_prediction gives.
function prediction(row: Numbers): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i] > row[best]) best = i;
  return row.length === 1 ? row[0] : best;
}
