import { authenticator, listen } from "../src/browser.ts";
import { expect, test } from "../src/shop.ts";
import { openShop, password, recover } from "../src/steps.ts";

test("the owner link opens a shop once, with a password", async ({ vitrine, browse }) => {
  const context = await (await browse()).newContext();
  const complaints = listen(context);
  const page = await context.newPage();

  await page.goto(vitrine.url);
  await expect(page.locator("h1")).toBeVisible();

  const link = await vitrine.ownerLink();
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
  const manage = await page.goto(`${vitrine.url}/manage`);
  expect(manage?.status()).toBe(200);
  expect(complaints).toEqual([]);

  const again = await page.goto(link);
  expect(again?.status()).toBe(410);
  await expect(page.locator("body")).toContainText("vitrine owner-link");
});

test("a password signs in, a wrong one does not, and a session outlives a restart", async ({ vitrine, browse }) => {
  const browser = await browse();
  const page = await browser.newPage();
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });

  expect(await vitrine.stop()).toBe(0);
  await vitrine.serve();
  expect((await page.goto(`${vitrine.url}/manage`))?.status()).toBe(200);

  const other = await (await browser.newContext()).newPage();
  await other.goto(`${vitrine.url}/manage/orders`);
  await expect(other).toHaveURL(/\/sign-in\?next=/);
  await other.locator("[name=handle]").fill("lorna");
  await other.locator("[name=password]").fill("not the phrase at all");
  await other.locator("form:has([name=password]) [type=submit]").click();
  await expect(other.locator("[role=alert]").first()).toBeVisible();
  await other.locator("[name=handle]").fill("lorna");
  await other.locator("[name=password]").fill(password);
  await other.locator("form:has([name=password]) [type=submit]").click();
  await expect(other).toHaveURL(`${vitrine.url}/manage/orders`);
});

test("a passkey opens the shop and signs in, and a lost one is answered by a new link", async ({ vitrine, browse }) => {
  const browser = await browse();
  const context = await browser.newContext();
  const complaints = listen(context);
  const page = await context.newPage();
  await authenticator(page);
  await page.goto(await vitrine.ownerLink());
  await page.locator("[name=shop_name]").fill("Lorna Makes");
  await page.locator("[name=handle]").fill("lorna");
  await page.locator("[data-passkey=register]").click();
  await page.waitForURL((url) => !url.pathname.startsWith("/setup"));

  await context.clearCookies();
  await page.goto(`${vitrine.url}/sign-in`);
  await page.locator("[name=handle]").fill("lorna");
  await page.locator("[data-passkey=sign-in]").click();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  expect((await page.goto(`${vitrine.url}/manage`))?.status()).toBe(200);
  expect(complaints).toEqual([]);

  const { code, out } = await vitrine.command("owner-link");
  expect(code).toBe(0);
  const link = out.match(/http:\/\/localhost:\d+\/setup\/[A-Za-z0-9_-]+/)?.[0];
  expect(link).toBeTruthy();
  const lost = await (await browser.newContext()).newPage();
  await lost.goto(link ?? "");
  await expect(lost.locator("[name=shop_name]")).toHaveCount(0);
  await recover(lost, link ?? "");
  expect((await lost.goto(`${vitrine.url}/manage`))?.status()).toBe(200);
});

test("doctor answers for a healthy shop and refuses test payments under a public address", async ({ vitrine }) => {
  const healthy = await vitrine.command("doctor");
  expect(healthy.code, healthy.out).toBe(0);
  const exposed = await vitrine.command("doctor", "--public-url", "https://shop.example", "--test-payments");
  expect(exposed.code, exposed.out).toBe(1);
  expect(exposed.out).toMatch(/test payments/i);
});
