// TransNetV2 on WebGPU beside the same port on the CPU: three windows of it.

import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

import { kept, native, sets, type Span } from "../src/dev.ts";
import { figure } from "../src/figure.ts";
import { expect, test } from "../src/shop.ts";
import { Site } from "../src/site.ts";
import { type Bench, prepare, type Score } from "../src/workers.ts";

const run = promisify(execFile);
const size = 48 * 27 * 3;
/** A window sees 100 frames and answers 50; with what stands before the first and after the last, these are three. */
const frames = 150;
/** Where a decision turns (`domain::highlight::boundaries`), hundredths. */
const turns = [3, 30, 90];

/** The frames of a stretch with as many boundaries as there are anywhere. */
function liveliest(scores: Score[], found: Span[]): number {
  const boundaries = (at: number) => found.filter(([start]) => start >= (scores[at]?.[0] ?? 0) && start < (scores[at + frames]?.[0] ?? 0)).length;
  const starts = Array.from({ length: Math.max(1, Math.floor((scores.length - frames) / 10)) }, (_, i) => 10 * i);
  return starts.reduce((best, at) => (boundaries(at) > boundaries(best) ? at : best), 0);
}

test("precise analysis: three windows of TransNetV2 on WebGPU and on the CPU", async ({ browse }) => {
  test.setTimeout(3_600_000);
  const weights = process.env["VITRINE_TRANSNET_WEIGHTS"];
  const program = process.env["VITRINE_EVAL"];
  const [set] = await sets();
  if (!weights || !program || !set) throw new Error("run this by `cargo xtask bench vision --part clips,precise`");
  const folder = join(kept, "clips", set.name);
  const [clip = ""] = set.clips.at(-1) ?? [];
  const all = await readFile(join(folder, "shown", `${clip}.rgb`));
  const scores = (JSON.parse(await readFile(join(folder, "scores.json"), "utf8")) as Record<string, Score[]>)[clip] ?? [];
  const { found } = await native(set.truth, { scores: join(folder, "scores.json") }, join(folder, "browser.json"));
  const from = liveliest(scores, found[clip] ?? []);
  const thumbs = all.subarray(from * size, (from + frames) * size);
  expect(thumbs.length).toBe(frames * size);
  const file = join(folder, "windows.rgb");
  await writeFile(file, thumbs);

  const { stdout } = await run(program, ["--plain", "--precise", weights, "--thumbs", file], { maxBuffer: 64 << 20 });
  const cpu = JSON.parse(stdout) as Score[];
  const site = await Site.serve({ model: dirname(weights) });
  const page = await (await (await browse({ gpu: true })).newContext()).newPage();
  await prepare(page, site.url, site.bundles);
  const began = performance.now();
  const gpu = await page.evaluate(
    ([published, thumbs, times]) => (globalThis as unknown as { bench: Bench }).bench.judgePublished(published, thumbs, times),
    [`/model/${basename(weights)}`, thumbs.toString("base64"), cpu.map(([t]) => t)] as const,
  );
  const seconds = (performance.now() - began) / 1000;
  await site.close();

  // For a look at what differs: it took minutes.
  await writeFile(join(folder, "windows.json"), JSON.stringify({ cpu, gpu }));
  // Times lose their last bit on the way through JSON.
  expect(gpu.length).toBe(cpu.length);
  for (const [at, [t]] of cpu.entries()) expect(Math.abs(t - (gpu[at]?.[0] ?? Number.NaN))).toBeLessThan(1e-9);
  const pairs = cpu.map(([, score], at) => [score, gpu[at]?.[1] ?? Number.NaN] as const);
  const side = (score: number) => turns.filter((turn) => Math.round(score * 100) >= turn).length;
  await figure({ metric: "precise_frames", value: gpu.length, unit: "" });
  await figure({ metric: "precise_seconds", value: seconds, unit: "s" });
  await figure({ metric: "precise_boundaries", value: pairs.filter(([score], at) => side(score) === 3 && side(pairs[at - 1]?.[0] ?? 0) < 3).length, unit: "", limit: 1, at_least: true });
  await figure({ metric: "precise_worst_difference", value: Math.max(...pairs.map(([a, b]) => Math.abs(a - b))), unit: "", limit: 1e-4 });
  await figure({ metric: "precise_frames_decided_otherwise", value: pairs.filter(([a, b]) => side(a) !== side(b)).length, unit: "", limit: 0 });
});
