// Runs the module that `cargo build --target wasm32-unknown-unknown` makes of this folder.
import { readFile } from "node:fs/promises";

const { instance } = await WebAssembly.instantiate(await readFile(process.argv[2]), {});
const status = instance.exports.register();
if (status !== 201) throw new Error(`expected 201, got ${status}`);
console.log("a registration on wasm32-unknown-unknown: 201");
