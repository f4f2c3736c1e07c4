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

test("an owner adds a second passkey, ends a session elsewhere, and moves to another handle", async ({ vitrine, browse }) => {
  const browser = await browse();
  const context = await browser.newContext();
  const complaints = listen(context);
  const page = await context.newPage();
  const settings = `${vitrine.url}/manage/settings`;
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });

  const elsewhere = await (await browser.newContext()).newPage();
  await elsewhere.goto(`${vitrine.url}/sign-in?next=/manage`);
  await elsewhere.locator("[name=handle]").fill("lorna");
  await elsewhere.locator("[name=password]").fill(password);
  await elsewhere.locator("form:has([name=password]) [type=submit]").click();
  await expect(elsewhere).toHaveURL(`${vitrine.url}/manage`);

  // Two passkeys, each of a device of its own, by the button and by the Enter key.
  await page.goto(`${vitrine.url}/manage`);
  await page.getByRole("navigation", { name: "Manage" }).getByRole("link", { name: "Settings" }).click();
  await expect(page).toHaveURL(settings);
  for (const [name, how] of [
    ["Laptop", "click"],
    ["Key ring", "enter"],
  ] as const) {
    const cdp = await authenticator(page);
    await page.locator("[name=passkey_name]").fill(name);
    if (how === "click") await page.locator("[data-passkey=add]").click();
    else await page.locator("[name=passkey_name]").press("Enter");
    await expect(page).toHaveURL(`${settings}?flash=passkey`);
    await expect(page.getByRole("list", { name: "Passkeys" })).toContainText(name);
    await page.goto(settings);
    if (how === "click") await cdp.send("WebAuthn.disable");
  }

  const browsers = page.getByRole("list", { name: "Browsers" });
  await expect(browsers.getByRole("listitem")).toHaveCount(2);
  await expect(browsers.getByText("This one")).toHaveCount(1);
  await browsers.getByRole("button", { name: /^Sign out/ }).click();
  await expect(page.getByRole("status")).toContainText("signed out");
  await elsewhere.goto(`${vitrine.url}/manage`);
  await expect(elsewhere).toHaveURL(/\/sign-in/);

  await page.locator("[name=handle]").fill("lorna-makes");
  await page.getByRole("button", { name: "Change the handle" }).click();
  await expect(page.getByRole("status")).toContainText("Changed.");
  const old = await elsewhere.goto(`${vitrine.url}/@lorna`);
  expect(old?.status()).toBe(200);
  await expect(elsewhere).toHaveURL(`${vitrine.url}/@lorna-makes`);

  // The last passkey that was added signs in, by the handle of before.
  await context.clearCookies();
  await page.goto(`${vitrine.url}/sign-in`);
  await page.locator("[name=handle]").fill("lorna");
  await page.locator("[data-passkey=sign-in]").click();
  await page.waitForURL(`${vitrine.url}/manage`);
  expect(complaints).toEqual([]);
});

test("signing in loads no more than a few kilobytes of script", async ({ vitrine, browse }) => {
  const page = await (await browse()).newPage();
  const scripts: Array<Promise<number>> = [];
  page.on("response", (response) => {
    if (response.request().resourceType() === "script" || response.url().endsWith(".wasm")) {
      scripts.push(response.body().then((body) => body.length));
    }
  });
  await page.goto(`${vitrine.url}/sign-in`, { waitUntil: "networkidle" });
  await expect(page.locator("[data-passkey=sign-in]")).toBeVisible();
  const bytes = (await Promise.all(scripts)).reduce((sum, length) => sum + length, 0);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThanOrEqual(10_000);
});

test("a browser without the JSON methods of passkeys uses them all the same", async ({ vitrine, browse }) => {
  const context = await (await browse()).newContext();
  const complaints = listen(context);
  await context.addInitScript(() => {
    if (!("PublicKeyCredential" in globalThis)) return;
    const passkey = PublicKeyCredential as unknown as Record<string, unknown>;
    delete passkey["parseCreationOptionsFromJSON"];
    delete passkey["parseRequestOptionsFromJSON"];
    delete (PublicKeyCredential.prototype as unknown as Record<string, unknown>)["toJSON"];
  });
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
  await page.waitForURL(`${vitrine.url}/manage`);
  expect(complaints).toEqual([]);
});

test("doctor answers for a healthy shop and refuses test payments under a public address", async ({ vitrine }) => {
  const healthy = await vitrine.command("doctor");
  expect(healthy.code, healthy.out).toBe(0);
  const exposed = await vitrine.command("doctor", "--public-url", "https://shop.example", "--test-payments");
  expect(exposed.code, exposed.out).toBe(1);
  expect(exposed.out).toMatch(/test payments/i);
});
