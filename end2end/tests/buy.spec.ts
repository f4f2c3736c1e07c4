import { phone } from "../src/browser.ts";
import { expect, onSale, test } from "../src/demo.ts";
import { fillCheckout, pay, recover } from "../src/steps.ts";

const ada = { email: "ada@example.com", name: "Ada" };

for (const { javaScriptEnabled, ready } of [
  { javaScriptEnabled: true, ready: "html[data-awake]" },
  { javaScriptEnabled: false, ready: "html" },
]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test("a decline says so and can be tried again; an unknown outcome becomes known", async ({ vitrine, browse }) => {
      test.setTimeout(240_000);
      const url = await onSale(vitrine);
      const page = await (await (await browse()).newContext({ ...phone, javaScriptEnabled })).newPage();
      await page.goto(url);
      await expect(page.locator("body")).toContainText(/test payments/i);
      await page.locator("form[action$='/buy'] [type=submit]").first().click();
      await page.waitForURL(/\/checkout\//);
      await pay(page, ada, "decline");
      await expect(page.locator("[role=alert]").first()).toContainText(/declined/i);
      await pay(page, ada, "success");
      await page.waitForURL(/\/order\//);
      await expect(page.locator("body")).toContainText(/paid/i);

      await page.goto(url);
      await page.locator("form[action$='/buy'] [type=submit]").first().click();
      await page.waitForURL(/\/checkout\//);
      await pay(page, ada, "unknown");
      await page.waitForURL(/\/order\//);
      await expect(page.locator("[data-order-state]")).toHaveAttribute("data-order-state", "paid", { timeout: 90_000 });
    });

    test("pressing twice buys once", async ({ vitrine, browse }) => {
      test.setTimeout(240_000);
      const url = await onSale(vitrine);
      const page = await (await (await browse()).newContext({ ...phone, javaScriptEnabled })).newPage();
      await page.goto(url);
      await page.locator(ready).waitFor();
      await page.locator("form[action$='/buy'] [type=submit]").first().dblclick();
      // Without JavaScript the second press cuts off the page that the first one had begun to load, which is no failure.
      await expect(page).toHaveURL(/\/checkout\//, { timeout: 30_000 });
      const checkout = page.url();
      await (await fillCheckout(page, ada)).dblclick();
      await expect(page).toHaveURL(/\/order\//, { timeout: 30_000 });
      const order = page.url();

      // Back, and once more: the same order, not another.
      await page.goto(checkout);
      await expect(page).toHaveURL(order);

      const { code, out } = await vitrine.command("owner-link");
      expect(code, out).toBe(0);
      const owner = await (await browse()).newPage();
      await recover(owner, out.match(/http:\/\/localhost:\d+\/setup\/[A-Za-z0-9_-]+/)?.[0] ?? "no link");
      await owner.goto(`${vitrine.url}/manage/orders`);
      await expect(owner.locator("table.orders tbody tr")).toHaveCount(1);
      await expect(owner.locator("table.orders tbody tr")).toContainText(ada.name);
      await owner.goto(`${vitrine.url}/manage/orders?show=unpaid`);
      await expect(owner.locator("table.orders tbody tr")).toHaveCount(0);
    });

    test("the end of a reservation stands in the reader's time zone, or says that it is UTC", async ({ vitrine, browse }) => {
      const url = await onSale(vitrine);
      const context = { ...phone, javaScriptEnabled, timezoneId: "Asia/Kolkata" };
      const page = await (await (await browse()).newContext(context)).newPage();
      await page.goto(url);
      await page.locator("form[action$='/buy'] [type=submit]").first().click();
      await page.waitForURL(/\/checkout\//);
      const until = page.locator("time[data-time=clock]");
      const at = new Date((await until.getAttribute("datetime")) ?? "");
      const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
      const zone = javaScriptEnabled ? "Asia/Kolkata" : "UTC";
      const written = new Intl.DateTimeFormat("en-GB", { ...clock, timeZone: zone }).format(at);
      await expect(until).toHaveText(javaScriptEnabled ? written : `${written} UTC`);
    });
  });
}

test("a page that comes back from the browser's memory buys anew", async ({ vitrine, browse }) => {
  const page = await (await (await browse()).newContext(phone)).newPage();
  await page.goto(await onSale(vitrine));
  await page.locator("html[data-awake]").waitFor();
  const key = page.locator("input[name=idempotency_key]");
  const shown = async (persisted: boolean) => {
    await page.evaluate((persisted) => dispatchEvent(new PageTransitionEvent("pageshow", { persisted })), persisted);
    return key.inputValue();
  };
  const first = await key.inputValue();
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(await shown(false)).toBe(first);
  const second = await shown(true);
  expect(second).toMatch(/^[0-9a-f]{32}$/);
  expect(second).not.toBe(first);
});
