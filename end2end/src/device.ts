// What happens to a device and what lies on it: tabs that die, a service worker, the queue's rows.

import { expect, type BrowserContext, type Page, type Request } from "@playwright/test";

import { by, film, openStudio } from "./steps.ts";
import type { Vitrine } from "./vitrine.ts";

/** Ends a tab as a crash does: no handler of the page runs any more. */
export async function kill(page: Page): Promise<void> {
  const crashed = page.waitForEvent("crash");
  const cdp = await page.context().newCDPSession(page);
  // Never answered: there is nobody left to.
  cdp.send("Page.crash").catch(() => undefined);
  await crashed;
  await page.close();
}

/** Waits until the service worker of the page has kept what it needs. */
export async function kept(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (!active || active.state === "activated") return;
    await new Promise<void>((done) => active.addEventListener("statechange", () => active.state === "activated" && done()));
  });
}

/** Films briefly and names the product; ends in the review, with everything cut. */
export async function review(page: Page, vitrine: Vitrine, title: string, seconds = 8): Promise<void> {
  await openStudio(page, vitrine);
  await film(page, seconds);
  await expect(by(page, "make-page")).toBeEnabled({ timeout: 60_000 });
  await by(page, "product-title").fill(title);
}

/** Slows what a page sends to so many bytes a second. */
export async function slow(page: Page, bytes: number): Promise<void> {
  const line = await page.context().newCDPSession(page);
  await line.send("Network.enable");
  await line.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
}

/** What a page sent of which upload: the address, the offset and how many bytes. */
export interface Sent {
  url: string;
  offset: number;
  bytes: number;
}

/** Follows what the pages of a context send: the uploads they create and the pieces that arrived, those of new tabs too. */
export function follow(context: BrowserContext): { created: Request[]; pieces: Sent[] } {
  const created: Request[] = [];
  const pieces: Sent[] = [];
  const watch = (page: Page) => {
    page.on("requestfinished", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/api/uploads")) created.push(request);
      if (request.method() === "PATCH") {
        const headers = request.headers();
        pieces.push({ url: request.url(), offset: Number(headers["upload-offset"]), bytes: request.postDataBuffer()?.length ?? 0 });
      }
    });
  };
  context.pages().forEach(watch);
  context.on("page", watch);
  return { created, pieces };
}

/** An item of the queue, as the device keeps it. */
export interface Item {
  id: string;
  kind: "photo" | "clip";
  rank: "hero" | "poster" | "photo" | "clip";
  length: number;
  sent: number;
  url: string | null;
  complete: boolean;
}

/** The queue's files, read from the device. */
export async function items(page: Page): Promise<Item[]> {
  const texts = await page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((opened, failed) => {
      const request = indexedDB.open("vitrine");
      request.onsuccess = () => opened(request.result);
      request.onerror = () => failed(request.error ?? new Error("no rows"));
    });
    const rows = await new Promise<Array<{ text: string }>>((read, failed) => {
      const request = database.transaction("upload").objectStore("upload").getAll();
      request.onsuccess = () => read(request.result as Array<{ text: string }>);
      request.onerror = () => failed(request.error ?? new Error("no rows"));
    });
    database.close();
    return rows.map(({ text }) => text);
  });
  return texts.map((text) => JSON.parse(text) as Item);
}

/** The names of the files that wait in the queue's folder. */
export async function files(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("uploads", { create: true });
    const names: string[] = [];
    for await (const name of folder.keys()) names.push(name);
    return names;
  });
}
