// The row of TypeScript in Node: node node.mjs DESCRIPTION|"" FOLDER, in the project with program.mjs.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./program.mjs";

const [file, folder] = process.argv.slice(2);
const result = await run(file && readFileSync(file, "utf8"));
for (const name in result) writeFileSync(join(folder, name), result[name]);
