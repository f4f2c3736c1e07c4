import type { Page } from "@playwright/test";

import { listen, phone } from "../src/browser.ts";
import { expect, product, test } from "../src/demo.ts";

const desktop = { viewport: { width: 1440, height: 900 } };

/** Opens a product with a clip and waits until its gallery is awake; collects what is fetched of clips. */
async function open(page: Page, address: string): Promise<string[]> {
  const fetched: string[] = [];
  page.on("request", (request) => {
    if (request.resourceType() === "media") fetched.push(request.url());
  });
  await page.goto(address, { waitUntil: "networkidle" });
  await page.locator("html[data-awake]").waitFor();
  return fetched;
}

/** The clip stands still after two more frames. */
async function waits(page: Page): Promise<boolean> {
  return page.locator("video.clip").first().evaluate(async (clip: HTMLVideoElement) => {
    for (const _ of [1, 2]) await new Promise((frame) => requestAnimationFrame(frame));
    return clip.paused;
  });
}

test("a clip on a wall is fetched when a pointer comes to it, and not before", async ({ vitrine, browse }) => {
  const context = await (await browse()).newContext(desktop);
  const complaints = listen(context);
  const page = await context.newPage();
  const fetched = await open(page, await product(vitrine, (html) => html.includes("<video")));
  const clip = page.locator("video.clip").first();
  await clip.scrollIntoViewIfNeeded();
  expect(await waits(page)).toBe(true);
  expect(fetched).toEqual([]);
  await clip.hover();
  await expect(clip).toHaveJSProperty("paused", false);
  await expect.poll(() => fetched.length).toBeGreaterThan(0);
  expect(complaints).toEqual([]);
});

test("a clip that is swiped to plays", async ({ vitrine, browse }) => {
  const page = await (await (await browse()).newContext(phone)).newPage();
  const fetched = await open(page, await product(vitrine, (html) => html.includes("<video")));
  expect(fetched).toEqual([]);
  await page.locator("a.thumb:has(.length)").first().click();
  await expect(page.locator("video.clip").first()).toHaveJSProperty("paused", false);
});

for (const wish of ["less motion", "less data"]) {
  test(`a clip waits for its own controls where somebody wants ${wish}`, async ({ vitrine, browse }) => {
    const context = await (await browse()).newContext({ ...desktop, reducedMotion: wish === "less motion" ? "reduce" : "no-preference" });
    if (wish === "less data") {
      await context.addInitScript(() => Object.defineProperty(navigator, "connection", { value: { saveData: true } }));
    }
    const page = await context.newPage();
    const fetched = await open(page, await product(vitrine, (html) => html.includes("<video")));
    await page.locator("video.clip").first().hover();
    expect(await waits(page)).toBe(true);
    expect(fetched).toEqual([]);
  });
}
