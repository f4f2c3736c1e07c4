// What a tab holds at most while long and large films are brought in.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import type { Browser } from "@playwright/test";

import { type Footage, studioFootage } from "../src/footage.ts";
import { figure } from "../src/figure.ts";
import { expect, test } from "../src/shop.ts";
import { by, openShop } from "../src/steps.ts";

const run = promisify(execFile);

/** A film of the same pictures at another size, played over and over until it is as long as asked. */
async function film(footage: Footage, name: string, width: number, height: number, seconds: number): Promise<string> {
  const path = join(dirname(footage.film), `${name}.mp4`);
  if (existsSync(path)) return path;
  const draft = join(dirname(footage.film), `draft-${name}.mp4`);
  const video = ["-vf", `scale=${width}:${height}`, "-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-pix_fmt", "yuv420p"];
  await run("ffmpeg", ["-v", "error", "-y", "-stream_loop", "-1", "-i", footage.film, "-t", String(seconds), ...video, "-c:a", "copy", "-movflags", "+faststart", draft], { maxBuffer: 1 << 20 });
  await rename(draft, path);
  return path;
}

/** The most that the largest process of a kind has held in memory since it began, MB: the kernel's own high-water mark. */
async function most(browser: Browser, kind: string): Promise<number> {
  const cdp = await browser.newBrowserCDPSession();
  const { processInfo } = (await cdp.send("SystemInfo.getProcessInfo")) as { processInfo: Array<{ type: string; id: number }> };
  await cdp.detach();
  let most = 0;
  for (const { id } of processInfo.filter(({ type }) => type === kind)) {
    const kb = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${id}/status`, "utf8"))?.[1];
    most = Math.max(most, Number(kb) / 1024);
  }
  return most;
}

const films = [
  { name: "minute", what: "66 s at 640×360", width: 640, height: 360, seconds: 66 },
  { name: "4k", what: "20 s at 3840×2160", width: 3840, height: 2160, seconds: 20 },
  { name: "two_hours", what: "two hours at 320×180", width: 320, height: 180, seconds: 7200 },
];

for (const { name, what, width, height, seconds } of films) {
  test(`memory of ${what}, brought into the studio`, async ({ vitrine, browse }) => {
    const path = await film(await studioFootage(), `memory-${name}`, width, height, seconds);
    const browser = await browse();
    const page = await (await browser.newContext()).newPage();
    await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
    await page.goto(`${vitrine.url}/studio`);
    await expect(by(page, "import-file")).toBeEnabled();
    const began = Date.now();
    await by(page, "import-file").setInputFiles(path);
    await expect(by(page, "make-page")).toBeVisible({ timeout: 1_500_000 });
    const took = (Date.now() - began) / 1000;
    expect(await by(page, "clip-card").count()).toBeGreaterThanOrEqual(3);
    const shots = await by(page, "shot").count();
    // Eleven shots of six seconds, over and over; where it begins again, two may be alike.
    expect(shots, "the shots were found to its end").toBeGreaterThanOrEqual(Math.max(3, Math.floor(seconds / 66) * 10));
    await figure({ metric: `memory_${name}_tab`, value: await most(browser, "renderer"), unit: "MB", limit: 1024 });
    await figure({ metric: `memory_${name}_gpu_process`, value: await most(browser, "GPU"), unit: "MB" });
    await figure({ metric: `memory_${name}_pace`, value: seconds / took, unit: "times as fast as it plays" });
  });
}
