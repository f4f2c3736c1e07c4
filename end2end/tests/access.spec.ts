// The studio signs what it uploads: a token or a request that was stolen does nothing, and a device that is revoked stops.

import type { BrowserContext, Request } from "@playwright/test";

import { follow, items, review, slow } from "../src/device.ts";
import { studioFootage } from "../src/footage.ts";
import { expect, test } from "../src/shop.ts";
import { by, openShop } from "../src/steps.ts";

const lorna = { name: "Lorna Makes", handle: "lorna" };

/** Every request to the uploads of a shop, its service worker's too. */
function uploads(context: BrowserContext): Request[] {
  const seen: Request[] = [];
  context.on("request", (request) => {
    if (new URL(request.url()).pathname.startsWith("/api/uploads")) seen.push(request);
  });
  return seen;
}

/** What a proof says. */
function claims(request: Request): { jti: string; htm: string; htu: string; ath: string } {
  const [, body = ""] = (request.headers()["dpop"] ?? "").split(".");
  return JSON.parse(Buffer.from(body, "base64url").toString());
}

test("the studio proves each request, and what is stolen of them is refused", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  // A device whose clock is a day ahead uploads all the same.
  await context.addInitScript(() => {
    const now = Date.now;
    Date.now = () => now() + 86_400_000;
  });
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await review(page, vitrine, "Tall vase");
  const seen = uploads(context);
  await by(page, "make-page").click();
  await page.waitForURL(/\/manage\/products\//, { timeout: 120_000 });

  expect(seen.length).toBeGreaterThan(3);
  const proofs = seen.map(claims);
  expect(new Set(proofs.map(({ jti }) => jti)).size, "each request has a proof of its own").toBe(seen.length);
  for (const [at, request] of seen.entries()) {
    expect(request.headers()["authorization"]).toMatch(/^DPoP vitrine_access_/);
    expect(proofs[at]).toMatchObject({ htm: request.method(), htu: request.url() });
  }

  // Whoever has all of a request, but not the key.
  const patch = seen.find((request) => request.method() === "PATCH");
  if (!patch) throw new Error("nothing was sent");
  const stolen: Record<string, string> = { ...patch.headers(), "upload-offset": "0" };
  const ask = async (headers: Record<string, string>) => {
    const answer = await fetch(patch.url(), { method: "PATCH", headers, body: Buffer.from("x") });
    return { status: answer.status, challenge: answer.headers.get("www-authenticate") ?? "", code: ((await answer.json()) as { code: string }).code };
  };
  const again = await ask(stolen);
  expect(again).toMatchObject({ status: 401, code: "replayed_proof" });
  expect(again.challenge).toContain('DPoP error="invalid_dpop_proof"');
  const { dpop: _, ...tokenAlone } = stolen;
  expect(await ask(tokenAlone)).toMatchObject({ status: 401, code: "needs_proof" });
  const asProgram = { ...tokenAlone, authorization: stolen["authorization"]?.replace("DPoP", "Bearer") ?? "" };
  expect(await ask(asProgram)).toMatchObject({ status: 401, code: "wrong_token" });
  // Nor with the cookie of the very browser.
  const besides = await page.evaluate(
    async ([url, authorization]) => {
      const answer = await fetch(url, { method: "HEAD", headers: { Authorization: authorization, "Tus-Resumable": "1.0.0" } });
      return answer.status;
    },
    [patch.url(), stolen["authorization"] ?? ""] as const,
  );
  expect(besides).toBe(401);

  // The key is there, and nobody can take it out.
  const key = await page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((opened, failed) => {
      const request = indexedDB.open("vitrine-keys");
      request.onsuccess = () => opened(request.result);
      request.onerror = () => failed(request.error ?? new Error("no keys"));
    });
    const keys = await new Promise<CryptoKeyPair[]>((read) => {
      const request = database.transaction("key").objectStore("key").getAll();
      request.onsuccess = () => read(request.result as CryptoKeyPair[]);
    });
    database.close();
    const [pair] = keys;
    if (!pair) throw new Error("no key");
    const exported = await crypto.subtle.exportKey("jwk", pair.privateKey).catch((error: Error) => error.name);
    return { keys: keys.length, exported };
  });
  expect(key).toEqual({ keys: 1, exported: "InvalidAccessError" });
});

test("a device that is revoked stops at once, and goes on when its person is back", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await review(page, vitrine, "Bowl", 12);
  await slow(page, 48 * 1024);
  const sent = follow(context);
  await by(page, "make-page").click();
  await expect.poll(() => sent.pieces.length, { timeout: 60_000 }).toBeGreaterThan(0);

  const other = await context.newPage();
  await other.goto(`${vitrine.url}/manage/uploads`);
  await expect(other.locator("main")).toContainText("This one");
  await other.locator("form[action^='/manage/uploads/devices/'] [type=submit]").click();
  await other.waitForURL(/\/sign-in/);
  await expect(by(page, "hold")).toHaveAttribute("data-hold", "signed-out", { timeout: 60_000 });
  const missing = (await items(page)).filter((item) => !item.complete);
  expect(missing.length, "something still waits").toBeGreaterThan(0);

  await other.locator("[name=handle]").fill(lorna.handle);
  await other.locator("[name=password]").fill("a long enough phrase");
  await other.locator("form:has([name=password]) [type=submit]").click();
  await other.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  await page.bringToFront();
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await page.waitForURL(/\/manage\/products\//, { timeout: 120_000 });
});
