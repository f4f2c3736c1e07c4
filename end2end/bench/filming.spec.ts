// What filming costs: the CPU time of the studio's two workers beside the film's own, and the wait after stop.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import type { Browser, Page } from "@playwright/test";

import { type Footage, sessions, studioFootage } from "../src/footage.ts";
import { figure } from "../src/figure.ts";
import { expect, test } from "../src/shop.ts";
import { by, openShop, openStudio } from "../src/steps.ts";

const run = promisify(execFile);

/** What the workers said to the page, and when (ms on the page's clock). */
interface Heard {
  at: number;
  words: { is: string } & Record<string, unknown>;
}

/** Keeps what the workers say. */
async function listenIn(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const heard: Heard[] = [];
    const Real = globalThis.Worker;
    globalThis.Worker = class extends Real {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        this.addEventListener("message", (event) => {
          const { say } = event.data as { say?: string };
          if (say) heard.push({ at: performance.now(), words: JSON.parse(say) as Heard["words"] });
        });
      }
    };
    Object.assign(globalThis, { heard });
  });
}

async function heard(page: Page, is: string): Promise<Heard[]> {
  const all = await page.evaluate(() => (globalThis as unknown as { heard: Heard[] }).heard);
  return all.filter(({ words }) => words.is === is);
}

/** CPU time so far of each dedicated worker of a browser, s, in the order they were started. */
async function workerSeconds(browser: Browser): Promise<number[]> {
  const cdp = await browser.newBrowserCDPSession();
  const { processInfo } = (await cdp.send("SystemInfo.getProcessInfo")) as { processInfo: Array<{ type: string; id: number }> };
  await cdp.detach();
  const seconds: Array<[number, number]> = [];
  for (const { id } of processInfo.filter(({ type }) => type === "renderer")) {
    for (const thread of await readdir(`/proc/${id}/task`)) {
      const folder = `/proc/${id}/task/${thread}`;
      if (!(await readFile(`${folder}/comm`, "utf8")).startsWith("DedicatedWorker")) continue;
      // Nanoseconds on a core, nanoseconds waiting for one, turns.
      const [spent] = (await readFile(`${folder}/schedstat`, "utf8")).split(" ");
      seconds.push([Number(thread), Number(spent) / 1e9]);
    }
  }
  return seconds.sort(([a], [b]) => a - b).map(([, spent]) => spent);
}

/** The same film for a camera of another size. */
async function scaled(footage: Footage, width: number, height: number): Promise<Footage> {
  const camera = join(dirname(footage.camera), `camera-${height}.mjpeg`);
  if (!existsSync(camera)) {
    const draft = join(dirname(footage.camera), `draft-${height}.mjpeg`);
    await run("ffmpeg", ["-v", "error", "-y", "-i", footage.film, "-an", "-vf", `scale=${width}:${height},fps=30`, "-c:v", "mjpeg", "-q:v", "4", "-pix_fmt", "yuvj420p", draft]);
    await rename(draft, camera);
  }
  return { ...footage, camera };
}

const clock = async (page: Page) => Number(await by(page, "elapsed").getAttribute("data-seconds"));

/** Films until the studio's clock shows so many seconds. */
async function until(page: Page, seconds: number): Promise<void> {
  await expect.poll(() => clock(page), { timeout: (seconds + 60) * 1000, intervals: [100] }).toBeGreaterThanOrEqual(seconds);
}

const films = await sessions();
const footage = films[0] ?? (await studioFootage());

for (const [width, height] of [[640, 360], [1280, 720]] as const) {
  test(`filming at ${width}×${height}: what the workers take of a core`, async ({ vitrine, browse }) => {
    const browser = await browse({ footage: await scaled(footage, width, height) });
    const page = await (await browser.newContext()).newPage();
    await listenIn(page);
    await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
    await openStudio(page, vitrine);
    await by(page, "record").click();
    await expect(by(page, "elapsed")).toBeVisible();
    // The first seconds pay for compiling.
    await until(page, 5);
    const [from, before] = [await clock(page), await workerSeconds(browser)];
    await until(page, 35);
    const [to, after] = [await clock(page), await workerSeconds(browser)];
    await by(page, "stop").click();
    await expect(by(page, "clip-card").first()).toBeVisible({ timeout: 60_000 });
    expect(before.length, "the recorder and the network").toBe(2);
    expect(after.length).toBe(2);
    // Which thread is whose nobody says, and they may start in either order.
    const shares = after.map((spent, at) => (spent - (before[at] ?? Number.NaN)) / (to - from));
    const progress = (await heard(page, "progress")).at(-1)?.words as { frames: number; dropped: number; engine: string } | undefined;
    const stopped = (await heard(page, "stopped"))[0]?.words as { width: number; height: number; duration: number } | undefined;
    const chosen = (await heard(page, "chosen")).find(({ words }) => words["last"])?.words as { choice: { histograms: { boundary: number[] } } } | undefined;
    expect([stopped?.width, stopped?.height]).toEqual([width, height]);
    expect(progress?.engine).toBe("cpu");
    const analysed = chosen?.choice.histograms.boundary.reduce((sum, frames) => sum + frames, 0) ?? 0;
    const named = (metric: string) => `filming_${height}p_${metric}`;
    await figure({ metric: named("frame_rate"), value: (progress?.frames ?? 0) / (stopped?.duration ?? 1), unit: "1/s" });
    await figure({ metric: named("dropped"), value: progress?.dropped ?? Number.NaN, unit: "frames", limit: 0 });
    await figure({ metric: named("analysed"), value: analysed / ((progress?.frames ?? 0) + (progress?.dropped ?? 0)), unit: "of all frames", limit: 0.98, at_least: true });
    await figure({ metric: named("busier_worker"), value: Math.max(...shares), unit: "of a core" });
    await figure({ metric: named("other_worker"), value: Math.min(...shares), unit: "of a core" });
    await figure({ metric: named("both"), value: shares.reduce((sum, share) => sum + share, 0), unit: "of a core", limit: 0.25 });
  });
}

test("filming for 90 s: highlights on the screen after stop", async ({ vitrine, browse }) => {
  const browser = await browse({ footage });
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  await listenIn(page);
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
  await openStudio(page, vitrine);
  await by(page, "record").click();
  await expect(by(page, "elapsed")).toBeVisible();
  await until(page, 90);
  // The moments of the press and of the frame in which the first card of the final choice stands, on the page's clock.
  await page.evaluate(() => {
    const times = globalThis as unknown as { pressed?: number; shown?: number };
    document.querySelector("[data-test=stop]")?.addEventListener("click", () => (times.pressed = performance.now()), { capture: true });
    new MutationObserver((_, observer) => {
      if (!document.querySelector("[data-test=clip-card]")) return;
      observer.disconnect();
      requestAnimationFrame(() => (times.shown = performance.now()));
    }).observe(document, { childList: true, subtree: true });
  });
  await by(page, "stop").click();
  await expect(by(page, "clip-card").first()).toBeVisible({ timeout: 60_000 });
  const { pressed, shown } = await page.evaluate(() => new Promise<{ pressed: number; shown: number }>((done) => {
    const look = () => {
      const { pressed, shown } = globalThis as unknown as { pressed?: number; shown?: number };
      if (pressed !== undefined && shown !== undefined) done({ pressed, shown });
      else requestAnimationFrame(look);
    };
    look();
  }));
  const last = (await heard(page, "chosen")).find(({ words }) => words["last"]);
  if (!last) throw new Error("no final choice was made");
  await expect.poll(async () => (await by(page, "clip-card").count()) > 0).toBe(true);
  expect(shown, "what was shown is the final choice").toBeGreaterThanOrEqual(last.at);
  await figure({ metric: "stop_to_choice", value: (last.at - pressed) / 1000, unit: "s" });
  await figure({ metric: "stop_to_highlights", value: (shown - pressed) / 1000, unit: "s", limit: 1 });
});
