import type { Browser, BrowserContext, Page } from "@playwright/test";

import { listen } from "../src/browser.ts";
import { type Footage, studioFootage } from "../src/footage.ts";
import { expect, test } from "../src/shop.ts";
import { by, openShop, openStudio, record } from "../src/steps.ts";
import type { Vitrine } from "../src/vitrine.ts";

interface Choice {
  engine: string | null;
  clips: Array<[string | null, string | null]>;
  shots: number[];
}

/** Imports the film and gives what was chosen from it, by which engine; `meanwhile` is done while it is analysed. */
async function choose(page: Page, vitrine: Vitrine, footage: Footage, engine: "cpu" | "gpu", meanwhile?: () => Promise<void>): Promise<Choice> {
  await page.goto(`${vitrine.url}/studio`);
  await expect(by(page, "import-file")).toBeEnabled();
  // The CPU build is up at once; the GPU build first compiles and rehearses.
  await expect(page.locator(".studio")).toHaveAttribute("data-analysis", engine, { timeout: 120_000 });
  await by(page, "import-file").setInputFiles(footage.film);
  await meanwhile?.();
  // A GPU in software beside other tests takes minutes.
  await expect(by(page, "make-page")).toBeVisible({ timeout: 400_000 });
  const clips = await by(page, "clip-card").evaluateAll((cards) => cards.map((card): [string | null, string | null] => [card.getAttribute("data-start"), card.getAttribute("data-end")]));
  const shots = await by(page, "shot").evaluateAll((ticks) => ticks.map((tick) => Number(tick.getAttribute("data-start"))));
  return { engine: await by(page, "engine").getAttribute("data-engine"), clips, shots };
}

/** What the CPU chooses from the film, in a shop made for it, and how its owner stays signed in. */
async function byCpu(vitrine: Vitrine, browse: () => Promise<Browser>): Promise<{ footage: Footage; cpu: Choice; storageState: Awaited<ReturnType<BrowserContext["storageState"]>> }> {
  const footage = await studioFootage();
  const context = await (await browse()).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
  const cpu = await choose(page, vitrine, footage, "cpu");
  return { footage, cpu, storageState: await context.storageState() };
}

test("WebGPU and WebAssembly choose the same highlights, at the true cuts", async ({ vitrine, browse }) => {
  test.setTimeout(700_000);
  const { footage, cpu, storageState } = await byCpu(vitrine, browse);
  expect(cpu.engine).toBe("cpu");

  const second = await (await browse({ gpu: true })).newContext({ storageState });
  const complaints = listen(second);
  const gpu = await choose(await second.newPage(), vitrine, footage, "gpu");
  expect(gpu.engine).toBe("gpu");
  expect(complaints).toEqual([]);

  expect(gpu.shots).toEqual(cpu.shots);
  expect(gpu.clips).toEqual(cpu.clips);
  expect(cpu.clips.length).toBeGreaterThanOrEqual(3);
  // What the network found is what was made: every cut within two frames, and no other.
  const found = cpu.shots.slice(1);
  expect(found.length).toBe(footage.cuts.length);
  for (const [at, cut] of footage.cuts.entries()) expect(Math.abs((found[at] ?? 0) - cut)).toBeLessThan(0.07);
});

test("precise analysis is offered where there is a GPU, and a larger network that cannot be had costs nothing", async ({ vitrine, browse }) => {
  test.setTimeout(400_000);
  const context = await (await browse({ gpu: true })).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
  // A server with something else where the weights of the larger network should be.
  await page.route("**/studio", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace('"precise":null', '"precise":"/static/favicon.svg"') });
  });
  await page.goto(`${vitrine.url}/studio`);
  await expect(page.locator(".studio")).toHaveAttribute("data-analysis", "gpu", { timeout: 200_000 });
  await expect(by(page, "analysis-quick")).toHaveAttribute("aria-pressed", "true");
  await by(page, "analysis-precise").click();
  await expect(by(page, "analysis-precise")).toHaveAttribute("aria-pressed", "true");
  await expect(by(page, "notice")).toContainText("larger network does not run", { timeout: 200_000 });
  await expect(by(page, "analysis-quick")).toHaveAttribute("aria-pressed", "true");
  await expect(page.locator(".studio")).toHaveAttribute("data-analysis", "gpu");
});

/** From now on `takeGpu` takes the GPU away from the page's workers, as a driver that breaks does. */
async function holdGpu(context: BrowserContext): Promise<void> {
  await context.route(/worker-boot/, async (route) => {
    const response = await route.fetch();
    const taking = `
      const wanted = self.GPUAdapter?.prototype.requestDevice;
      if (wanted) GPUAdapter.prototype.requestDevice = async function (...how) {
        const device = await wanted.apply(this, how);
        new BroadcastChannel("gpu").addEventListener("message", () => device.destroy());
        return device;
      };`;
    await route.fulfill({ response, body: `${taking}\n${await response.text()}` });
  });
}

async function takeGpu(page: Page): Promise<void> {
  await page.evaluate(() => new BroadcastChannel("gpu").postMessage("gone"));
}

test("a GPU that is lost while a film is analysed costs no frame", async ({ vitrine, browse }) => {
  test.setTimeout(700_000);
  const { footage, cpu, storageState } = await byCpu(vitrine, browse);

  const second = await (await browse({ gpu: true })).newContext({ storageState });
  await holdGpu(second);
  const page = await second.newPage();
  const lost = await choose(page, vitrine, footage, "gpu", async () => {
    // A part of it is judged.
    await expect
      .poll(async () => Number(await by(page, "working").locator("progress").getAttribute("value")), { timeout: 300_000 })
      .toBeGreaterThan(0.1);
    await expect(page.locator(".studio")).toHaveAttribute("data-analysis", "gpu");
    await takeGpu(page);
  });
  expect(lost.engine).toBe("cpu");
  expect(lost.shots).toEqual(cpu.shots);
  expect(lost.clips).toEqual(cpu.clips);
});

test("a network that never answers costs no frame while filming, and frame differences take its place", async ({ vitrine, browse }) => {
  test.setTimeout(180_000);
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  // Its worker starts and never gets ready; the recorder, of the same bundle, does.
  await context.route(/worker-boot/, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace("await import(boot.js)", 'await (boot.role === "inference" ? new Promise(() => {}) : import(boot.js))');
    expect(body).toContain("new Promise");
    await route.fulfill({ response, body });
  });
  const page = await context.newPage();
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
  await openStudio(page, vitrine);
  await record(page, 29);
  await expect(by(page, "dropped")).toHaveCount(0);
  await by(page, "stop").click();
  await expect(by(page, "clip-card").first()).toBeVisible({ timeout: 90_000 });
  await expect(by(page, "engine")).toHaveAttribute("data-engine", "plain");
  // Four cuts in so long; while hundreds of frames waited, fewer were looked at, which is told.
  expect(await by(page, "shot").count()).toBeGreaterThanOrEqual(3);
  await expect(by(page, "notice").first()).toContainText("could not look at every picture");
});
