// Variants and baskets on a phone, with and without JavaScript.

import type { Page } from "@playwright/test";

import { phone } from "../src/browser.ts";
import { expect, onSale, product, test } from "../src/demo.ts";
import { pay } from "../src/steps.ts";

const ada = { email: "ada@example.com", name: "Ada" };

/** What stands in a basket: the numbers of its lines, in order. */
async function counts(page: Page): Promise<string[]> {
  return page.locator(".cart-line input[name^='quantity.']").evaluateAll((fields) => fields.map((field) => (field as HTMLInputElement).value));
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test("a variant is chosen, and what is sold out can be read and not chosen", async ({ vitrine, browse }) => {
      test.setTimeout(240_000);
      const url = await product(vitrine, (page) => page.includes('class="pick"'));
      const page = await (await (await browse()).newContext({ ...phone, javaScriptEnabled })).newPage();
      await page.goto(url);
      if (javaScriptEnabled) await page.locator("html[data-awake]").waitFor();
      const out = page.locator(".pick-value", { has: page.locator("input:disabled") }).first();
      await expect(out).toContainText("sold out");
      await expect(out).toBeVisible();
      const dear = page.locator(".pick-value input[data-price^='59']");
      await page.locator(".pick-value input[data-price^='59'] + label").click();
      await expect(dear).toBeChecked();
      const buy = page.locator("form[action$='/buy'] [type=submit]").first();
      await expect(buy).toHaveText(javaScriptEnabled ? /Buy for 59/ : "Buy");
      await expect(page.locator("#price")).toHaveText(javaScriptEnabled ? /^59/ : /^from 42/);
      await buy.click();
      await page.waitForURL(/\/checkout\//);
      await expect(page.locator(".order-side")).toContainText("Dinner 27 cm · Iron");
      await pay(page, ada, "success");
      await page.waitForURL(/\/order\//);
      await expect(page.locator(".receipt")).toContainText("Dinner 27 cm · Iron");
      await expect(page.locator(".receipt")).toContainText("59");
    });

    test("several things are put into the basket, changed, and bought at once", async ({ vitrine, browse }) => {
      test.setTimeout(240_000);
      const plate = await product(vitrine, (page) => page.includes('class="pick"'));
      const other = await onSale(vitrine);
      const page = await (await (await browse()).newContext({ ...phone, javaScriptEnabled })).newPage();
      for (const url of [plate, other, other]) {
        await page.goto(url);
        if (javaScriptEnabled) await page.locator("html[data-awake]").waitFor();
        await page.getByRole("button", { name: "Add to basket" }).click();
        if (javaScriptEnabled) {
          await expect(page.locator("[data-added]")).toContainText("In the basket");
          expect(page.url()).toBe(url);
        } else {
          await page.waitForURL(/\/cart/);
        }
      }
      if (javaScriptEnabled) {
        await expect(page.locator(".cart-link")).toHaveText("Basket · 3");
        await page.reload();
        await expect(page.locator(".cart-link")).toHaveText("Basket · 3");
        await page.locator(".cart-link").click();
      }
      await page.waitForURL(/\/cart/);
      expect(await counts(page)).toEqual(["1", "2"]);
      await page.locator(".cart-line").nth(1).locator("input[name^='quantity.']").fill("3");
      if (javaScriptEnabled) {
        await page.locator("h1").click();
        await expect.poll(() => counts(page)).toEqual(["1", "3"]);
      } else {
        // Whoever goes on at once is shown what that makes first.
        await page.getByRole("button", { name: "Check out" }).click();
        await expect(page.locator("h1")).toHaveText("Basket");
        expect(await counts(page)).toEqual(["1", "3"]);
      }
      const sum = await page.locator(".cart-sum strong").innerText();
      await page.getByRole("button", { name: "Check out" }).click();
      await page.waitForURL(/\/checkout\//);
      await expect(page.locator(".order-side .lines tbody tr")).toHaveCount(2);
      await expect(page.locator("form[data-checkout] button.whole")).toContainText(sum);
      await pay(page, ada, "success");
      await page.waitForURL(/\/order\//);
      await expect(page.locator("[data-order-state=paid]")).toBeVisible();
      await page.goto(`${new URL(plate).origin}/@marram/cart`);
      await expect(page.locator("main")).toContainText("Nothing is in it yet");
    });

    test("more than there is is refused in words, and put right on the spot", async ({ vitrine, browse }) => {
      test.setTimeout(240_000);
      const plate = await product(vitrine, (page) => page.includes('class="pick"'));
      const page = await (await (await browse()).newContext({ ...phone, javaScriptEnabled })).newPage();
      await page.goto(plate);
      if (javaScriptEnabled) await page.locator("html[data-awake]").waitFor();
      await page.getByRole("button", { name: "Add to basket" }).click();
      if (javaScriptEnabled) await page.locator(".cart-link").click();
      await page.waitForURL(/\/cart/);
      await page.locator("input[name^='quantity.']").fill("12");
      if (javaScriptEnabled) await page.locator("h1").click();
      else await page.getByRole("button", { name: "Update", exact: true }).last().click();
      await expect(page.locator(".cart-note")).toHaveText("Only 9 can be bought now.");
      await expect(page.getByRole("button", { name: "Check out" })).toBeDisabled();
      await page.getByRole("button", { name: /^Take out / }).click();
      await expect(page.locator("main")).toContainText("Nothing is in it yet");
    });
  });
}

test("the basket is filled while the line is away", async ({ vitrine, browse }) => {
  const context = await (await browse()).newContext(phone);
  const page = await context.newPage();
  await page.goto(await onSale(vitrine));
  await page.locator("html[data-awake]").waitFor();
  await context.setOffline(true);
  await page.getByRole("button", { name: "Add to basket" }).click();
  await expect(page.locator("[data-added] [role=status]")).toHaveText("In the basket.");
  await page.getByRole("button", { name: "Add to basket" }).click();
  await expect(page.locator("[data-added] [role=status]")).toHaveText("In the basket: 2.");
  await context.setOffline(false);
  await page.locator(".cart-link").click();
  await page.waitForURL(/\/cart/);
  expect(await counts(page)).toEqual(["2"]);
});
