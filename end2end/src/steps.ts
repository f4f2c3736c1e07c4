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

/** Signs the owner of a shop in by a link of `vitrine owner-link`, with a new password. */
export async function recover(page: Page, link: string): Promise<void> {
  await page.goto(link);
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
  await shown(by(page, "preview"));
}

/** Waits until a video has a picture, by the event that says so. */
export async function shown(video: Locator): Promise<void> {
  await video.evaluate(
    (node: HTMLVideoElement) =>
      new Promise<void>((there, broken) => {
        if (node.videoWidth > 0) there();
        // A camera's first picture may come after the metadata, as a change of size.
        for (const event of ["loadeddata", "resize"]) node.addEventListener(event, () => node.videoWidth > 0 && there());
        node.addEventListener("error", () => broken(new Error(node.error?.message ?? "the video cannot be played")));
      }),
  );
}

/** Presses record and waits until the studio's own clock shows so many seconds of recording. */
export async function record(page: Page, seconds: number): Promise<void> {
  await by(page, "record").click();
  await expect(by(page, "elapsed")).toBeVisible();
  await page.evaluate(
    ([seconds, patience]) =>
      new Promise<void>((reached, late) => {
        const elapsed = () => Number(document.querySelector("[data-test=elapsed]")?.getAttribute("data-seconds"));
        const observer = new MutationObserver(() => look());
        const timer = setTimeout(() => late(new Error(`the clock of the recording stands at ${elapsed()} s`)), patience * 1000);
        const look = () => {
          if (elapsed() < seconds) return;
          observer.disconnect();
          clearTimeout(timer);
          reached();
        };
        observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ["data-seconds"] });
        look();
      }),
    [seconds, seconds + 60] as const,
  );
}

/** Films for so many seconds and stops. */
export async function film(page: Page, seconds: number): Promise<void> {
  await record(page, seconds);
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

export interface Buyer {
  email: string;
  name: string;
}

/** Fills the form of the checkout, field by field, and gives its button. */
export async function fillCheckout(page: Page, buyer: Buyer, outcome: "success" | "decline" | "unknown" = "success"): Promise<Locator> {
  const form = page.locator("form[action$='/pay']");
  await form.locator("input[name=email]").fill(buyer.email);
  await form.locator("input[name=name]").fill(buyer.name);
  await form.locator("textarea[name=address]").fill("Torstrasse 1\n10115 Berlin\nGermany");
  await form.locator(`input[name=outcome][value=${outcome}]`).check();
  return form.locator("[type=submit]:not([formaction])");
}

/** Pays with the test gateway; ends on the order page where that says yes. */
export async function pay(page: Page, buyer: Buyer, outcome: "success" | "decline" | "unknown" = "success"): Promise<void> {
  await (await fillCheckout(page, buyer, outcome)).click();
}
