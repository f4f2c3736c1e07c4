// What users get is what is scored: every development clip by the studio's import, and on WebGPU what the CPU was shown.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { type Entry, kept, native, sets, type Span } from "../src/dev.ts";
import { figure } from "../src/figure.ts";
import { expect, test } from "../src/shop.ts";
import { Site } from "../src/site.ts";
import { type Bench, type Imported, prepare, type Score } from "../src/workers.ts";

const frames = { width: 48, height: 27 };

/** Brings one file in on a fresh page. */
async function bring(page: Page, site: Site, file: string): Promise<Imported> {
  await prepare(page, site.url, site.bundles);
  // Its name says what it is only to people.
  await page.locator("input[type=file]").setInputFiles({ name: "film.mp4", mimeType: "video/mp4", buffer: await readFile(file) });
  return page.evaluate(() => (globalThis as unknown as { bench: Bench }).bench.bring());
}

/** Boundaries of either that the other does not have within one frame. */
function apart(one: Span[], other: Span[], entry: Entry): Span[] {
  const near = entry.frame_s + 1e-3;
  const same = (a: Span, b: Span) => Math.abs(a[0] - b[0]) <= near && Math.abs(a[1] - b[1]) <= near;
  return [...one.filter((a) => !other.some((b) => same(a, b))), ...other.filter((b) => !one.some((a) => same(a, b)))];
}

for (const set of await sets()) {
  const folder = join(kept, "clips", set.name);
  const shown = (clip: string) => join(folder, "shown", clip);

  test(`clips ${set.name}: the import finds what the native build finds`, async ({ browse }) => {
    const site = await Site.serve();
    const browser = await browse();
    const scores: Record<string, Score[]> = {};
    let seen = 0;
    await rm(join(folder, "shown"), { recursive: true, force: true });
    await mkdir(join(folder, "shown"), { recursive: true });
    for (const [clip, entry] of set.clips) {
      const context = await browser.newContext();
      const page = await context.newPage();
      const got = await bring(page, site, join(set.media, clip));
      await context.close();
      expect(got.engine, `${clip}: ${got.sentences.join(" ")}`).toBe("cpu");
      const bytes = Buffer.from(got.thumbs, "base64");
      expect(bytes.length, "every frame shown was answered").toBe(got.scores.length * frames.width * frames.height * 3);
      await writeFile(shown(`${clip}.rgb`), bytes);
      scores[clip] = got.scores;
      seen += got.scores.length;
      expect(Math.abs(got.scores.length / entry.fps - entry.duration_s), `${clip}: no frame is missing`).toBeLessThan(0.05 * entry.duration_s + 1);
    }
    await site.close();
    const file = join(folder, "scores.json");
    await writeFile(file, JSON.stringify(scores));
    const theirs = await native(set.truth, { scores: file }, join(folder, "browser.json"));
    const ours = await native(set.truth, { media: set.media }, join(folder, "native.json"));
    let elsewhere = 0;
    let boundaries = 0;
    for (const [clip, entry] of set.clips) {
      const off = apart(theirs.found[clip] ?? [], ours.found[clip] ?? [], entry);
      boundaries += ours.found[clip]?.length ?? 0;
      elsewhere += off.length;
      if (off.length > 0) process.stderr.write(`${clip}: the browser ${JSON.stringify(theirs.found[clip])}, native ${JSON.stringify(ours.found[clip])}\n`);
    }
    const named = (metric: string) => `import_${set.name}_${metric}`;
    await figure({ metric: named("clips"), value: set.clips.length, unit: "" });
    await figure({ metric: named("frames"), value: seen, unit: "" });
    await figure({ metric: named("boundaries"), value: boundaries, unit: "" });
    await figure({ metric: named("boundaries_elsewhere"), value: elsewhere, unit: "", limit: 0 });
    await figure({ metric: named("f1_native"), value: ours.f1, unit: "" });
    await figure({ metric: named("f1"), value: theirs.f1, unit: "" });
    await figure({ metric: named("f1_apart"), value: Math.abs(theirs.f1 - ours.f1), unit: "", limit: 0.01 });
  });

  test(`engines ${set.name}: WebGPU decides as the CPU does`, async ({ browse }) => {
    test.setTimeout(3_600_000);
    const cpu = JSON.parse(await readFile(join(folder, "scores.json"), "utf8")) as Record<string, Score[]>;
    const site = await Site.serve();
    const page = await (await (await browse({ gpu: true })).newContext()).newPage();
    await prepare(page, site.url, site.bundles);
    const gpu: Record<string, Score[]> = {};
    let worst = 0;
    let rounded = 0;
    let seen = 0;
    for (const [clip] of set.clips) {
      const asked = cpu[clip] ?? [];
      const thumbs = (await readFile(shown(`${clip}.rgb`))).toString("base64");
      const answer = await page.evaluate(
        ([thumbs, times]) => (globalThis as unknown as { bench: Bench }).bench.judge("gpu", thumbs, times),
        [thumbs, asked.map(([t]) => t)] as const,
      );
      expect(answer.map(([t]) => t)).toEqual(asked.map(([t]) => t));
      gpu[clip] = answer;
      seen += answer.length;
      for (const [at, [, score]] of answer.entries()) {
        const other = asked[at]?.[1] ?? Number.NaN;
        worst = Math.max(worst, Math.abs(score - other));
        if (Math.round(score * 100) !== Math.round(other * 100)) rounded += 1;
      }
    }
    await site.close();
    const file = join(folder, "gpu.json");
    await writeFile(file, JSON.stringify(gpu));
    const theirs = await native(set.truth, { scores: file }, join(folder, "gpu-found.json"));
    const ours = await native(set.truth, { scores: join(folder, "scores.json") }, join(folder, "browser.json"));
    const other = set.clips.filter(([clip]) => JSON.stringify(theirs.found[clip]) !== JSON.stringify(ours.found[clip]));
    for (const [clip] of other) process.stderr.write(`${clip}: WebGPU ${JSON.stringify(theirs.found[clip])}, CPU ${JSON.stringify(ours.found[clip])}\n`);
    const named = (metric: string) => `engines_${set.name}_${metric}`;
    await figure({ metric: named("frames"), value: seen, unit: "" });
    await figure({ metric: named("worst_difference"), value: worst, unit: "" });
    await figure({ metric: named("hundredths_apart"), value: rounded, unit: "frames" });
    await figure({ metric: named("clips_decided_otherwise"), value: other.length, unit: "", limit: 0 });
  });
}
