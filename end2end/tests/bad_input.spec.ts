import type { Page } from "@playwright/test";

import { blackFootage, staticFootage, studioFootage } from "../src/footage.ts";
import { expect, test } from "../src/shop.ts";
import { by, film, openShop, openStudio, record } from "../src/steps.ts";
import { Vitrine } from "../src/vitrine.ts";

const lorna = { name: "Lorna Makes", handle: "lorna" };

test("a refused camera is answered by a sentence that says what to do", async ({ vitrine, browse }) => {
  const page = await (await browse({ footage: await staticFootage(), allowed: false })).newPage();
  await openShop(page, vitrine, lorna);
  await page.goto(`${vitrine.url}/studio`);
  await page.context().clearPermissions();
  await by(page, "device-camera").click();
  await expect(by(page, "failure")).toContainText(/camera/i);
  await expect(by(page, "failure")).toContainText(/allow|permission/i);
});

test("a shop on plain http elsewhere says why there is no camera", async ({ browse }) => {
  const host = "shop.test";
  const vitrine = await Vitrine.startAt(host);
  try {
    const page = await (await browse({ footage: await staticFootage(), host })).newPage();
    const link = await vitrine.ownerLink();
    expect(link).toContain(`http://${host}:${vitrine.port}/setup/`);
    // Nobody can be signed in there, so the way to the studio says it, and the one-time link is not used up.
    for (const address of [link, `${vitrine.url}/studio`]) {
      await page.goto(address);
      await expect(page.getByRole("alert")).toContainText(/camera/i);
      await expect(page.getByRole("alert")).toContainText(/https/i);
      await expect(page.locator("[type=submit]")).toHaveCount(0);
    }
  } finally {
    await vitrine.remove();
  }
});

test("no camera at all is answered by a sentence", async ({ vitrine, browse }) => {
  const page = await (await browse()).newPage();
  await openShop(page, vitrine, lorna);
  await page.goto(`${vitrine.url}/studio`);
  await by(page, "device-camera").click();
  await expect(by(page, "failure")).toContainText(/camera/i);
});

for (const [what, make, says] of [
  // Nothing to choose from: the sentence says why.
  ["black", blackFootage, (page: Page) => by(page, "notice").filter({ hasText: /dark|black/i })],
  ["static", staticFootage, (page: Page) => by(page, "clip-card").or(by(page, "notice"))],
] as const) {
  test(`a ${what} session ends in something usable or in a sentence`, async ({ vitrine, browse }) => {
    const page = await (await browse({ footage: await make() })).newPage();
    await openShop(page, vitrine, lorna);
    await openStudio(page, vitrine);
    await film(page, 5);
    await expect(says(page).first()).toBeVisible({ timeout: 30_000 });
  });
}

test("a session shorter than a clip still ends in something usable or in a sentence", async ({ vitrine, browse }) => {
  const page = await (await browse({ footage: await studioFootage() })).newPage();
  await openShop(page, vitrine, lorna);
  await openStudio(page, vitrine);
  await film(page, 0.5);
  await expect(by(page, "clip-card").or(by(page, "notice")).first()).toBeVisible({ timeout: 30_000 });
});

test("an unplugged camera ends the recording and keeps what was filmed", async ({ vitrine, browse }) => {
  const page = await (await browse({ footage: await studioFootage() })).newPage();
  await openShop(page, vitrine, lorna);
  await openStudio(page, vitrine);
  await record(page, 8);
  // Unplugging ends the track from outside: the track stops giving frames and says so.
  await by(page, "preview").evaluate((video: HTMLVideoElement) => {
    for (const track of (video.srcObject as MediaStream).getVideoTracks()) {
      track.stop();
      track.dispatchEvent(new Event("ended"));
    }
  });
  await expect(by(page, "failure").or(by(page, "notice")).first()).toContainText(/camera/i, { timeout: 30_000 });
  await expect(by(page, "clip-card").first()).toBeVisible({ timeout: 30_000 });
});

test("a microphone from which no sound comes is told of while there is time to mend it", async ({ vitrine, browse }) => {
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  await context.addInitScript(() => {
    const asked = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    // A source that is at rest: its track is live and gives no samples.
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      if (!wanted?.audio) return asked(wanted);
      const sound = new AudioContext();
      await sound.suspend();
      return sound.createMediaStreamDestination().stream;
    };
  });
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await openStudio(page, vitrine);
  await by(page, "record").click();
  await expect(by(page, "failure")).toContainText(/no sound/i, { timeout: 60_000 });
  await by(page, "stop").click();
  await expect(by(page, "clip-card").first()).toBeVisible({ timeout: 30_000 });
});

test("a tab that dies while filming loses nothing: the session opens again", async ({ vitrine, browse }) => {
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await openStudio(page, vitrine);
  await record(page, 10);
  await page.close({ runBeforeUnload: false });

  const next = await context.newPage();
  await next.goto(`${vitrine.url}/studio`);
  await by(next, "session-open").first().click();
  await expect(by(next, "clip-card").first()).toBeVisible({ timeout: 60_000 });
  const recorded = Number(await by(next, "recorded").getAttribute("data-bytes"));
  expect(recorded).toBeGreaterThan(50_000);
});

test("a second tab cannot take a session that is being recorded", async ({ vitrine, browse }) => {
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await openStudio(page, vitrine);
  await record(page, 3);

  const second = await context.newPage();
  await second.goto(`${vitrine.url}/studio`);
  await by(second, "session-open").first().click();
  await expect(by(second, "failure")).toContainText(/another tab|other tab/i);

  await page.bringToFront();
  await by(page, "stop").click();
  await expect(by(page, "clip-card").or(by(page, "notice")).first()).toBeVisible({ timeout: 30_000 });
});

test("a cut connection resumes where it was", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await openStudio(page, vitrine);
  await film(page, 20);
  await expect(by(page, "make-page")).toBeEnabled({ timeout: 60_000 });
  await by(page, "product-title").fill("Tall vase");

  // The line is cut while bytes are on their way; the server is killed outright and comes back on the same data.
  const offsets: Array<{ url: string; offset: number }> = [];
  page.on("requestfinished", (request) => {
    if (request.method() === "PATCH") offsets.push({ url: request.url(), offset: Number(request.headers()["upload-offset"]) });
  });
  // A slow line, so that the cut falls within a file however quick this machine is.
  const line = await context.newCDPSession(page);
  await line.send("Network.enable");
  await line.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 16 * 1024 });
  const firstPatch = page.waitForRequest((request) => request.method() === "PATCH");
  await by(page, "make-page").click();
  await firstPatch;
  // Browsers send a request again by themselves when the line they kept is gone; there must be nobody to send it to.
  const failed = page.waitForEvent("requestfailed", { predicate: (request) => request.method() === "PATCH", timeout: 60_000 });
  await vitrine.stop("SIGKILL");
  await failed;
  const head = page.waitForResponse((response) => response.request().method() === "HEAD" && response.url().includes("/api/uploads/") && response.ok(), { timeout: 60_000 });
  await line.detach();
  await vitrine.serve();
  await head;
  await page.waitForURL(/\/manage\/products\//, { timeout: 120_000 });
  await expect(page.locator("[name=title]")).toHaveValue("Tall vase");
  // No byte was sent twice to the same place.
  expect(new Set(offsets.map(({ url, offset }) => `${url} ${offset}`)).size).toBe(offsets.length);
});

test("what is not a picture or has no price is refused in the shop's words", async ({ vitrine, browse }) => {
  const page = await (await browse()).newPage();
  await openShop(page, vitrine, lorna);
  await page.goto(`${vitrine.url}/manage/products`);
  await page.locator("form[action='/manage/products'] [type=submit]").first().click();
  await page.waitForURL(/\/manage\/products\/[a-z0-9]+/);
  const editor = page.url();

  await page.locator("input[type=file]").first().setInputFiles({ name: "holiday.jpg", mimeType: "image/jpeg", buffer: Buffer.from("%PDF-1.7 not a picture at all") });
  await page.locator("[formaction$='/photos']").first().click();
  await expect(page.locator("[role=alert]").first()).toBeVisible();

  for (const price of ["-5", "99999999999999999999", "12,345", "ten"]) {
    await page.goto(editor);
    await page.locator("[name=title]").fill("Bowl");
    await page.locator("[name=price]").fill(price);
    // Not the browser's word but the shop's: what a browser would hold back reaches the server by other ways too.
    await page.locator("form:has([name=price])").evaluate((form: HTMLFormElement) => (form.noValidate = true));
    await page.locator("form:has([name=price]) [type=submit]").first().click();
    await expect(page.locator("[role=alert]").first()).toBeVisible();
    await expect(page.locator("[name=title]"), "what was typed is kept").toHaveValue("Bowl");
  }

  await page.goto(editor);
  const publish = page.locator("[formaction$='/publish']");
  await expect(publish).toBeDisabled();
  await expect(page.locator(".missing")).toContainText(/photo/i);
  // By another way than the button.
  await publish.evaluate((button: HTMLButtonElement) => {
    button.disabled = false;
    button.click();
  });
  await expect(page.locator("[role=alert]").first()).toContainText(/photo|price|title/i);
});
