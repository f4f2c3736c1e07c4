import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { listen } from "../src/browser.ts";
import { studioFootage } from "../src/footage.ts";
import { film as probe } from "../src/probe.ts";
import { expect, test } from "../src/shop.ts";
import { by, bytesOf, openShop, rememberBlobs } from "../src/steps.ts";

const run = promisify(execFile);

test("a WebM film, as browsers record them, is brought in with its sound and cut at its shots", async ({ vitrine, browse }) => {
  test.setTimeout(180_000);
  const footage = await studioFootage();
  const folder = await mkdtemp(join(tmpdir(), "vitrine-webm-"));
  const film = join(folder, "film.webm");
  // Without lengths of clusters, without an index.
  const pictures = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M", "-g", "60"];
  await run("ffmpeg", ["-v", "error", "-i", footage.film, "-t", "30", ...pictures, "-c:a", "libvorbis", "-f", "webm", "-live", "1", film]);
  const context = await (await browse()).newContext({ viewport: { width: 1440, height: 900 } });
  await rememberBlobs(context);
  const complaints = listen(context);
  const page = await context.newPage();
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
  await page.goto(`${vitrine.url}/studio`);
  await expect(by(page, "import-file")).toBeEnabled();
  await by(page, "import-file").setInputFiles(film);
  await expect(by(page, "make-page")).toBeVisible({ timeout: 90_000 });

  const found = (await by(page, "shot").evaluateAll((ticks) => ticks.map((tick) => Number(tick.getAttribute("data-start"))))).slice(1);
  const cuts = footage.cuts.filter((cut) => cut < 29);
  expect(found.length).toBe(cuts.length);
  for (const [at, cut] of cuts.entries()) expect(Math.abs((found[at] ?? 0) - cut)).toBeLessThan(0.07);
  const clip = await probe(await bytesOf(by(page, "clip-card").first().locator("[data-test=clip-video]")));
  expect(clip.duration).toBeGreaterThan(1);
  expect(clip.audio, "it is heard").toBeDefined();
  expect(complaints).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});
