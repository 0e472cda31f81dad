// samples.mts - the forms that samples come in.
import type { Numbers } from "./instance.mjs";
import { checkNumbers } from "./instance.mjs";

/** Numbers one after another, or samples one after another. */
export type Samples = ArrayLike<number> | readonly ArrayLike<number>[];

/** One list of numbers. `size`: how many a sample has, which a list of samples must obey. */
export function flatten(values: Samples, size: number, what: string): ArrayLike<number> {
  if (!Array.isArray(values) || typeof values[0] !== "object" || values[0] === null) return values as ArrayLike<number>;
  const n = size, flat = new Float64Array(n * values.length);
  (values as ArrayLike<number>[]).forEach((sample, i) => {
    checkNumbers(sample, `${what}[${i}]`);
    if (sample.length !== n) throw new RangeError(`loom: ${what}[${i}] has ${sample.length} numbers, expected ${n}`);
    flat.set(sample, i * n);
  });
  return flat;
}

/** The i-th n numbers. */
export function part<T extends Numbers>(values: T, i: number, n: number): T {
  return values.subarray(i * n, (i + 1) * n) as T;
}
