import { files, follow, items, kept, kill, review, slow } from "../src/device.ts";
import { studioFootage } from "../src/footage.ts";
import { expect, test } from "../src/shop.ts";
import { by, openShop } from "../src/steps.ts";

const lorna = { name: "Lorna Makes", handle: "lorna" };

test("a tab killed while sending goes on when the studio opens again, and sends no byte twice that arrived", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await review(page, vitrine, "Tall vase", 12);
  await slow(page, 24 * 1024);
  const sent = follow(context);
  await by(page, "make-page").click();
  // In the middle of a file, when something of the whole has arrived.
  await expect(by(page, "upload-state").filter({ hasText: / of .* [kM]B/ }).first()).toBeVisible({ timeout: 60_000 });
  await expect.poll(() => sent.created.length, { message: "uploads are under way", timeout: 60_000 }).toBeGreaterThan(1);
  await kill(page);
  const before = sent.pieces.length;

  const next = await context.newPage();
  const asked: Array<{ url: string; offset: number }> = [];
  next.on("response", (response) => {
    if (response.request().method() === "HEAD" && response.ok()) asked.push({ url: response.url(), offset: Number(response.headers()["upload-offset"]) });
  });
  await next.goto(`${vitrine.url}/studio`);
  await expect(by(next, "queue-open")).toBeVisible({ timeout: 120_000 });
  await expect(by(next, "queue-row")).toHaveAttribute("data-step", "made");

  // It asked where the server stands and went on from there, so what was sent again is less than the piece that was cut.
  expect(asked.length).toBeGreaterThan(0);
  const rows = await items(next);
  for (const { url, offset } of asked) {
    const after = sent.pieces.slice(before).filter((piece) => piece.url === url);
    const whole = rows.find((item) => item.url && url.endsWith(item.url))?.length;
    // One whose last answer was cut off is there already, and nothing of it goes again.
    if (offset === whole) expect(after, url).toEqual([]);
    else expect(Math.min(...after.map((piece) => piece.offset)), url).toBe(offset);
  }
  const starts = sent.pieces.map(({ url, offset }) => `${url} ${offset}`);
  expect(new Set(starts).size, "no piece began twice at the same place").toBe(starts.length);
  // What was begun was not begun anew.
  expect(sent.created.length).toBe(new Set(sent.pieces.map(({ url }) => url)).size);
  // The device has nothing left to send.
  await by(next, "queue-remove").click();
  await expect(by(next, "queue-row")).toHaveCount(0);
  await expect.poll(() => files(next)).toEqual([]);
  expect(await items(next)).toEqual([]);
});

test("pictures go before clips, and two tabs send nothing twice", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  const idle = await context.newPage();
  await openShop(idle, vitrine, lorna);
  await idle.goto(`${vitrine.url}/studio`);
  await expect(by(idle, "use-camera")).toBeVisible();
  const sent = follow(context);
  const page = await context.newPage();
  await review(page, vitrine, "Bowl", 12);
  // Both tabs are slow, whichever sends.
  await slow(page, 64 * 1024);
  await slow(idle, 64 * 1024);
  await by(page, "make-page").click();
  await expect(by(page, "upload-what")).toContainText(/of \d/, { timeout: 60_000 });
  // The one that sends dies; the other takes over. Both show the same queue all the while.
  await expect(by(idle, "queue-row")).toContainText("Bowl");
  await expect.poll(() => sent.pieces.length).toBeGreaterThan(0);
  const queue = await items(page);
  await kill(idle);
  await page.waitForURL(/\/manage\/products\//, { timeout: 120_000 });

  const starts = sent.pieces.map(({ url, offset }) => `${url} ${offset}`);
  expect(new Set(starts).size, "no piece was sent by both").toBe(starts.length);
  expect(sent.created.length, "one upload a file").toBe(queue.length);
  const kinds = sent.created.map((request) => atob(/kind ([\w+/=]+)/.exec(request.headers()["upload-metadata"] ?? "")?.[1] ?? ""));
  expect(kinds.indexOf("clip"), kinds.join(" ")).toBe(kinds.filter((kind) => kind === "photo").length);
});

test("what waits is its person's: nobody else sends it or sees it, and it goes when they are back", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await page.goto(`${vitrine.url}/studio`);
  await kept(page);
  await review(page, vitrine, "Lorna's cup");
  await context.setOffline(true);
  await by(page, "make-page").click();
  await expect(by(page, "upload-what")).toHaveText("Waits for the network");

  // Another tab signs somebody else in. This one still believes to be Lorna's when the network is back.
  const sent = follow(context);
  const { out } = await vitrine.command("owner-link", "--new");
  const link = out.match(/http:\/\/localhost:\d+\/setup\/[A-Za-z0-9_-]+/)?.[0] ?? "no link";
  const refused = page.waitForResponse((response) => response.url().endsWith("/api/access-token") && response.status() === 403);
  const cookies = await context.cookies();
  await context.clearCookies();
  await context.setOffline(false);
  await expect(by(page, "hold")).toHaveAttribute("data-hold", "signed-out", { timeout: 60_000 });
  const ben = await context.newPage();
  await openShop(ben, vitrine, { name: "Ben Blows Glass", handle: "ben", link });
  await page.bringToFront();
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await refused;
  await expect(by(page, "hold")).toHaveAttribute("data-hold", "other-person");

  await ben.goto(`${vitrine.url}/studio`);
  await expect(by(ben, "queue-others")).toContainText(/somebody else/);
  await expect(by(ben, "queue-row")).toHaveCount(0);
  await expect(by(ben, "kept-session")).toHaveCount(0);
  await expect(by(ben, "sessions-others")).toBeVisible();
  await expect(ben.locator("body")).not.toContainText("Lorna's cup");
  expect(sent.pieces).toEqual([]);
  await ben.goto(`${vitrine.url}/manage/products`);
  await expect(ben.locator("body")).not.toContainText("Lorna's cup");
  await ben.locator("form[action='/sign-out'] [type=submit]").click();
  await ben.waitForURL(`${vitrine.url}/`);

  await context.clearCookies();
  await context.addCookies(cookies);
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await page.waitForURL(/\/manage\/products\//, { timeout: 90_000 });
  await expect(page.locator("[name=title]")).toHaveValue("Lorna's cup");
});

test("the same bytes in two pages are sent once", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await page.goto(`${vitrine.url}/studio`);
  await kept(page);
  await review(page, vitrine, "Cup");
  await context.setOffline(true);
  const sent = follow(context);
  await by(page, "make-page").click();
  await expect(by(page, "upload-what")).toHaveText("Waits for the network");
  await by(page, "leave-to-queue").click();
  const once = await items(page);
  await by(page, "session-open").click();
  await expect(by(page, "product-title"), "its name was kept too").toHaveValue("Cup", { timeout: 60_000 });
  await by(page, "product-title").fill("Cup, second page");
  await by(page, "make-page").click();
  await expect(by(page, "upload-what")).toHaveText("Waits for the network", { timeout: 60_000 });
  await by(page, "leave-to-queue").click();
  await expect(by(page, "queue-row")).toHaveCount(2);
  expect((await items(page)).map((item) => item.id)).toEqual(once.map((item) => item.id));

  await context.setOffline(false);
  await expect(by(page, "queue-open")).toHaveCount(2, { timeout: 120_000 });
  expect(sent.created.length).toBe(once.length);
  await page.goto(`${vitrine.url}/manage/products`);
  await expect(page.locator(".row-key a").filter({ hasText: "Cup" })).toHaveCount(2);
});

test("where data costs money clips wait, until their person says otherwise", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  await context.addInitScript(() => {
    const connection = Object.assign(new EventTarget(), { saveData: false, type: "cellular" });
    Object.defineProperty(navigator, "connection", { value: connection, configurable: true });
  });
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await review(page, vitrine, "Jug");
  await by(page, "make-page").click();
  await by(page, "leave-to-queue").click();
  await expect(by(page, "queue-metered")).toContainText(/costs data/);
  const pictures = async () => (await items(page)).filter((item) => item.kind === "photo");
  await expect.poll(async () => (await pictures()).every((item) => item.complete), { timeout: 60_000 }).toBe(true);
  expect((await items(page)).filter((item) => item.kind === "clip").every((item) => !item.url)).toBe(true);
  await by(page, "clips-when-metered").check();
  await expect(by(page, "queue-open")).toBeVisible({ timeout: 60_000 });
});

test("with no tab open the browser sends what waits, by Background Sync", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const context = await (await browse({ footage: await studioFootage() })).newContext();
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await page.goto(`${vitrine.url}/studio`);
  await kept(page);
  const other = await context.newPage();
  await other.goto(`${vitrine.url}/manage`);
  await page.bringToFront();
  await review(page, vitrine, "Plate");
  await context.setOffline(true);
  await by(page, "make-page").click();
  await expect(by(page, "upload-what")).toHaveText("Waits for the network");
  const queue = await items(page);
  await page.close();
  await context.setOffline(false);

  // What the browser does once it finds a network.
  const cdp = await context.newCDPSession(other);
  const registered = new Promise<string>((found) => {
    cdp.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const one = registrations.find((registration) => !registration.isDeleted);
      if (one) found(one.registrationId);
    });
  });
  await cdp.send("ServiceWorker.enable");
  await cdp.send("ServiceWorker.dispatchSyncEvent", { origin: vitrine.url, registrationId: await registered, tag: "vitrine-queue", lastChance: false });
  await expect.poll(async () => (await items(other)).every((item) => item.complete), { timeout: 60_000 }).toBe(true);
  expect((await items(other)).length).toBe(queue.length);

  // The page itself is made when the studio opens, and no byte is sent again.
  const sent = follow(context);
  await other.goto(`${vitrine.url}/studio`);
  await expect(by(other, "queue-open")).toBeVisible({ timeout: 60_000 });
  expect(sent.pieces).toEqual([]);
});
