// What a person does, in their words.

import { type BrowserContext, expect, type Locator, type Page } from "@playwright/test";

import type { Vitrine } from "./vitrine.ts";

export const password = "a long enough phrase";

/** Opens the owner link and makes a shop with a password; ends in the studio or wherever the shop sends its owner. */
export async function openShop(page: Page, vitrine: Vitrine, shop: { name: string; handle: string; link?: string }): Promise<void> {
  await page.goto(shop.link ?? (await vitrine.ownerLink()));
  await page.locator("[name=shop_name]").fill(shop.name);
  await page.locator("[name=handle]").fill(shop.handle);
  await page.locator("[name=password]").fill(password);
  await page.locator("form:has([name=password]) [type=submit]").click();
  await page.waitForURL((url) => !url.pathname.startsWith("/setup"));
}

/** An element by the name tests know it under. */
export function by(page: Page, name: string): Locator {
  return page.locator(`[data-test=${name}]`);
}

/** Opens the studio with a camera (or the screen) chosen, and waits for the picture. */
export async function openStudio(page: Page, vitrine: Vitrine, device: "device-camera" | "device-screen" = "device-camera"): Promise<void> {
  await page.goto(`${vitrine.url}/studio`);
  await by(page, device).click();
  await expect
    .poll(() => by(page, "preview").evaluate((video: HTMLVideoElement) => video.videoWidth), { message: "the preview shows a picture" })
    .toBeGreaterThan(0);
}

/** Films for so many seconds by the studio's own clock and stops. */
export async function film(page: Page, seconds: number): Promise<void> {
  await by(page, "record").click();
  await expect(by(page, "elapsed")).toBeVisible();
  await expect
    .poll(async () => Number(await by(page, "elapsed").getAttribute("data-seconds")), { timeout: (seconds + 60) * 1000, message: "the clock of the recording runs" })
    .toBeGreaterThanOrEqual(seconds);
  await by(page, "stop").click();
}

/**
 * Lets tests read what the page shows from its device. The content security policy forbids fetching `blob:` addresses,
 * rightly, so each blob is remembered where its address is made. Call before the page is opened.
 */
export async function rememberBlobs(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const kept = new Map<string, Blob>();
    Object.assign(globalThis, { keptBlobs: kept });
    const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (source: Blob | MediaSource) => {
      const address = make(source);
      if (source instanceof Blob) kept.set(address, source);
      return address;
    };
  });
}

/** The bytes behind a media element or picture whose source lives on the page's device. */
export async function bytesOf(element: Locator): Promise<Buffer> {
  // A clip is cut after its card is there.
  await expect(element).toHaveAttribute("src", /^blob:/);
  const text = await element.evaluate(async (node: HTMLVideoElement | HTMLImageElement) => {
    const address = node.currentSrc || node.src;
    const blob = (globalThis as unknown as { keptBlobs: Map<string, Blob> }).keptBlobs.get(address);
    if (!blob) throw new Error(`${address} is no blob of this page`);
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let binary = "";
    for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(binary);
  });
  return Buffer.from(text, "base64");
}

/** Buys one piece with the test gateway; ends on the order page. */
export async function pay(page: Page, buyer: { email: string; name: string }, outcome: "success" | "decline" | "unknown" = "success"): Promise<void> {
  await page.locator("[name=email]").fill(buyer.email);
  await page.locator("[name=name]").fill(buyer.name);
  for (const field of ["line1", "city", "postcode", "postal_code", "country", "address"]) {
    const input = page.locator(`input[name=${field}], textarea[name=${field}]`);
    if ((await input.count()) > 0 && (await input.inputValue()) === "") await input.fill(field === "country" ? "DE" : field.includes("post") ? "10115" : "Torstrasse 1");
  }
  await page.locator(`[name=outcome][value=${outcome}]`).check();
  await page.locator("form:has([name=email]) [type=submit]").click();
}
