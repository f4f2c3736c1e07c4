// Writes a variable font without the parts of its axes that no page uses: node instance.js IN OUT AXES.
// AXES is JSON as subset-font takes it, e.g. {"wght": {"min": 400, "max": 600}, "opsz": 36}. Every glyph stays.
import { readFile, writeFile } from "node:fs/promises";
import { argv } from "node:process";
import instance from "subset-font";

const [source, target, axes] = argv.slice(2);
const settings = { keepAllGlyphs: true, targetFormat: "woff2", variationAxes: JSON.parse(axes) };
await writeFile(target, await instance(await readFile(source), null, settings));
