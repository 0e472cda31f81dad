// Of Node's types what operations.mts uses: Debian has none.
declare module "node:assert" {
  export const strict: any;
}
declare module "node:fs" {
  export const readFileSync: (file: string, encoding: "utf8") => string;
  export const writeFileSync: (file: string, text: string) => void;
}
declare module "node:worker_threads" {
  export const Worker: any;
}
declare const process: any;
