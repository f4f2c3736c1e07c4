// What tests of other people's upload clients share: a shop to send to, and what became of what was sent.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { type Browser, expect, type Page } from "@playwright/test";

import { sha256 } from "./picture.ts";
import { openShop } from "./steps.ts";
import type { Vitrine } from "./vitrine.ts";

/** A shop whose owner is signed in in a page, and the headers of a program that uploads to it. */
export interface Owner {
  vitrine: Vitrine;
  page: Page;
  endpoint: string;
  headers: Record<string, string>;
}

/** Opens a shop. Its pages run scripts of the test, which their own policy would not. */
export async function owner(vitrine: Vitrine, browser: Browser): Promise<Owner> {
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
  await page.goto(`${vitrine.url}/manage`);
  const { out } = await vitrine.command("token", "upload", "--name", "Test");
  const token = out.trim().split("\n").at(-1) ?? "";
  return { vitrine, page, endpoint: `${vitrine.url}/api/uploads`, headers: { Authorization: `Bearer ${token}` } };
}

/** Asks for an upload as tus does. */
export async function head(owner: Owner, url: string): Promise<{ status: number; offset: number; headers: Headers }> {
  const answer = await fetch(url, { method: "HEAD", headers: { ...owner.headers, "Tus-Resumable": "1.0.0" } });
  return { status: answer.status, offset: Number(answer.headers.get("upload-offset") ?? Number.NaN), headers: answer.headers };
}

/** Waits until an upload has become a photo; its original must be what was sent. */
export async function arrived(owner: Owner, url: string, bytes: Buffer): Promise<void> {
  const state = async () => {
    const answer = await fetch(url, { headers: owner.headers });
    const { state, error } = (await answer.json()) as { state: string; error?: string };
    return error ?? state;
  };
  // What becomes of an upload is asked for; there is no event of it.
  await expect.poll(state, { timeout: 60_000 }).toBe("ready");
  const media = join(owner.vitrine.data, "media");
  // Beside the shops' folders are the parts of uploads, which come and go.
  const shops = (await readdir(media)).filter((name) => !name.startsWith("."));
  const objects = (await Promise.all(shops.map(async (shop) => (await readdir(join(media, shop))).map((hash) => join(media, shop, hash))))).flat();
  const originals: string[] = [];
  for (const object of objects) if ((await readdir(object)).includes("original.png")) originals.push(join(object, "original.png"));
  const hashes = await Promise.all(originals.map(async (file) => sha256(await readFile(file))));
  expect(hashes, "the original is what was sent").toContain(sha256(bytes));
}
