// index.mts - the package: neural networks with the same bits everywhere.
//
//     import { load, compiled } from "@loom/runtime";
//     const loom = await load(), net = loom.create(description, { train: true });  // any network, at run time
//     const digits = (await compiled(import("./digits.mjs"))).create();            // one that loomc compiled
export { compiled, CompiledModel } from "./compiled.mjs";
export { hasSimd, LoomError } from "./instance.mjs";
export { load, Loom } from "./library.mjs";
export { Network } from "./network.mjs";
export type { GeneratedModule } from "./compiled.mjs";
export type { Bytes, ModelInfo, Numbers, SaveOptions, Source, TensorInfo, Type } from "./instance.mjs";
export type { CreateOptions } from "./library.mjs";
export type { Metrics, NetworkInfo } from "./network.mjs";
export type { Samples } from "./samples.mjs";
export type { Progress, TrainAsyncOptions, TrainOptions } from "./training.mjs";
