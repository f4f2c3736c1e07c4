import type { BrowserContext } from "@playwright/test";

import { studioFootage } from "../src/footage.ts";
import { kept, kill, review } from "../src/device.ts";
import { pictures } from "../src/log.ts";
import { expect, test } from "../src/shop.ts";
import { by, openShop, openStudio, record } from "../src/steps.ts";

const lorna = { name: "Lorna Makes", handle: "lorna" };

test("without a network the studio opens and films, and what is published there goes up when it is back", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const context = await (await browse({ footage: await studioFootage() })).newContext({ viewport: { width: 1440, height: 900 } });
  const first = await context.newPage();
  await openShop(first, vitrine, lorna);
  await first.goto(`${vitrine.url}/studio`);
  await kept(first);
  await first.close();
  await vitrine.stop();
  await context.setOffline(true);

  const page = await context.newPage();
  await review(page, vitrine, "Cup filmed on a train");
  await expect(by(page, "hold")).toHaveAttribute("data-hold", "offline");
  await expect(by(page, "hold")).toContainText(/offline.*film.*by itself when the network is back/i);
  await by(page, "make-page").click();
  await expect(by(page, "upload-what")).toHaveText("Waits for the network");
  await by(page, "leave-to-queue").click();
  const row = by(page, "queue-row");
  await expect(row).toContainText("Cup filmed on a train");
  await expect(row).toHaveAttribute("data-step", "sending");

  await vitrine.serve();
  await context.setOffline(false);
  await expect(by(page, "queue-open")).toBeVisible({ timeout: 90_000 });
  await expect(by(page, "hold")).toHaveCount(0);
  await by(page, "queue-open").click();
  await page.waitForURL(/\/manage\/products\//);
  await expect(page.locator("[name=title]")).toHaveValue("Cup filmed on a train");
});

test("a shop that does not answer is said so, and noticed when it is back", async ({ vitrine, browse }) => {
  const context = await (await browse()).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await page.goto(`${vitrine.url}/studio`);
  await kept(page);
  await vitrine.stop();
  await page.goto(`${vitrine.url}/studio`);
  await expect(by(page, "hold")).toHaveAttribute("data-hold", "unreachable");
  await expect(by(page, "use-camera")).toBeVisible();
  await vitrine.serve();
  await expect(by(page, "hold")).toHaveCount(0, { timeout: 90_000 });
});

test("whoever signs out leaves no studio behind, and the next person finds their own", async ({ vitrine, browse }) => {
  const context = await (await browse()).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await page.goto(`${vitrine.url}/studio`);
  await kept(page);
  await page.goto(`${vitrine.url}/manage`);
  await page.locator("form[action='/sign-out'] [type=submit]").click();
  await page.waitForURL(`${vitrine.url}/`);
  await context.setOffline(true);
  const nothing = await page.goto(`${vitrine.url}/studio`);
  expect(nothing?.status()).toBe(503);
  await expect(page.locator("body")).toContainText("Nobody is signed in");
  await expect(page.locator("body")).not.toContainText("Lorna");

  await context.setOffline(false);
  const { out } = await vitrine.command("owner-link", "--new");
  const link = out.match(/http:\/\/localhost:\d+\/setup\/[A-Za-z0-9_-]+/)?.[0] ?? "no link";
  await openShop(page, vitrine, { name: "Ben Blows Glass", handle: "ben", link });
  // Kept as soon as they had signed in: the studio need not have been opened.
  const shell = () => page.evaluate(async () => (await (await caches.match("/studio"))?.text()) ?? "");
  await expect.poll(shell).toContain("Ben Blows Glass");
  await context.setOffline(true);
  await page.goto(`${vitrine.url}/studio`);
  await expect(page.locator(".studio-name")).toHaveText("Ben Blows Glass");
});

test("a tab killed while filming loses less than a second, and the studio offers the rest", async ({ vitrine, browse }) => {
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await openStudio(page, vitrine);
  await record(page, 10);
  const filmed = Number(await by(page, "elapsed").getAttribute("data-seconds"));
  await kill(page);

  const next = await context.newPage();
  await next.goto(`${vitrine.url}/studio`);
  const row = by(next, "kept-session");
  await expect(row).toHaveAttribute("data-complete", "false");
  await expect(row).toContainText("cut off");
  const times = await pictures(next);
  const last = Math.max(...times);
  expect(filmed - last, `filmed ${filmed} s, ${last} s are there`).toBeLessThan(1);
  await expect(row.locator("[data-test=session-delete]")).toBeVisible();
  await row.locator("[data-test=session-open]").click();
  await expect(by(next, "clip-card").first()).toBeVisible({ timeout: 60_000 });
});

/** Lets the browser say that it has so much room in all; both the page and its workers ask. */
async function claimRoom(context: BrowserContext, quota: number): Promise<void> {
  const claim = (quota: number) => {
    const ask = StorageManager.prototype.estimate;
    StorageManager.prototype.estimate = async function (this: StorageManager) {
      return { ...(await ask.call(this)), quota };
    };
  };
  await context.addInitScript(claim, quota);
  await context.route(/worker-boot/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `(${String(claim)})(${quota});\n${await response.text()}` });
  });
}

test("a nearly full device ends the recording in good order, and says before how much room is left", async ({ vitrine, browse }) => {
  // What a service worker loads, tests cannot change.
  const browser = await browse({ footage: await studioFootage() });
  const context = await browser.newContext({ serviceWorkers: "block" });
  // The recorder's reserve, what must stay free, and some seconds of film.
  await claimRoom(context, 64 * 1024 * 1024 + 16_000_000 + 4_000_000);
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await openStudio(page, vitrine);
  await by(page, "record").click();
  await expect(by(page, "room-left")).toContainText(/nearly full/, { timeout: 60_000 });
  await expect(by(page, "failure")).toContainText(/nearly full.*everything up to now is kept/i, { timeout: 90_000 });
  await expect(by(page, "clip-card").first()).toBeVisible({ timeout: 30_000 });

  // Where there is less, another does not even begin.
  const poor = await browser.newContext({ serviceWorkers: "block", storageState: await context.storageState() });
  await claimRoom(poor, 64 * 1024 * 1024 + 10_000_000);
  const next = await poor.newPage();
  await openStudio(next, vitrine);
  await by(next, "record").click();
  await expect(by(next, "failure")).toContainText(/nearly full.*delete old sessions/i);
});

test("a disk that is full all at once ends the recording, and what was filmed can be published", async ({ vitrine, browse }) => {
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await page.goto(`${vitrine.url}/studio`);
  await kept(page);
  await openStudio(page, vitrine);
  const { usage = 0 } = await page.evaluate(() => navigator.storage.estimate());
  const cdp = await context.newCDPSession(page);
  // The reserve fits, and then a little of the film. Browsers may claim more than they have; a write finds out.
  const full = (room: number) => cdp.send("Storage.overrideQuotaForOrigin", { origin: vitrine.url, quotaSize: usage + room });
  await full(64 * 1024 * 1024 + 2_000_000);
  await by(page, "record").click();
  await expect(by(page, "failure")).toContainText(/storage is full.*everything up to now is kept/i, { timeout: 90_000 });
  await expect(by(page, "clip-card").first()).toBeVisible({ timeout: 30_000 });
  await expect(by(page, "make-page")).toBeEnabled({ timeout: 60_000 });
  await by(page, "product-title").fill("Last cup");
  await by(page, "make-page").click();
  await page.waitForURL(/\/manage\/products\//, { timeout: 60_000 });
});
