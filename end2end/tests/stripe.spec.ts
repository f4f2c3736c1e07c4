import { rm } from "node:fs/promises";

import { expect, test } from "@playwright/test";

import { open, phone } from "../src/browser.ts";
import { recover } from "../src/steps.ts";
import { FakeStripe, secretKey } from "../src/stripe.ts";
import { Vitrine } from "../src/vitrine.ts";

for (const javaScriptEnabled of [true, false]) {
  test(`a phone ${javaScriptEnabled ? "with" : "without"} JavaScript pays on Stripe's page and comes back`, async () => {
    test.setTimeout(240_000);
    const stripe = await FakeStripe.start();
    const seeded = await Vitrine.seeded();
    const vitrine = await Vitrine.startOn(seeded, "--stripe-api", stripe.url);
    const browser = await open();
    try {
      const { code, out } = await vitrine.command("owner-link");
      expect(code, out).toBe(0);
      const owner = await browser.newPage();
      await recover(owner, out.match(/http:\/\/localhost:\d+\/setup\/[A-Za-z0-9_-]+/)?.[0] ?? "no link");
      await owner.goto(`${vitrine.url}/manage/payments`);
      await owner.locator("[name=secret]").fill(secretKey);
      await owner.getByRole("button", { name: /save the keys/ }).click();
      await expect(owner.locator("[role=status]")).toContainText("Stripe knows these keys");
      expect(await owner.content()).not.toContain(secretKey);

      const page = await (await browser.newContext({ ...phone, javaScriptEnabled })).newPage();
      await page.goto(vitrine.url);
      await page.locator("a[href^='/p/']").first().click();
      await page.locator("form[action$='/buy'] [type=submit]").first().click();
      await page.waitForURL(/\/checkout\//);
      const checkout = page.url();
      await page.locator("[name=email]").fill("ada@example.com");
      await page.locator("[name=name]").fill("Ada");
      await page.locator("[name=address]").fill("1 Quiet St\nLeeds");
      await page.locator("form[action$='/pay'] [type=submit]:not([formaction])").click();
      await page.waitForURL(`${stripe.url}/c/pay/**`);

      // Back to the shop and on again: the same page, and the refusal is told in words.
      const hosted = page.url();
      await page.getByRole("button", { name: "A card that is refused" }).click();
      await page.getByRole("link", { name: "Back to the shop" }).click();
      await expect(page).toHaveURL(checkout);
      await expect(page.locator("main")).toContainText(/not enough money on the card/i);
      await page.locator("form[action$='/pay'] [type=submit]:not([formaction])").click();
      await expect(page).toHaveURL(hosted);

      // 3-D Secure happens there as well.
      await page.getByRole("button", { name: "A card that asks back" }).click();
      await page.getByRole("button", { name: "It is me" }).click();
      await page.waitForURL(/\/order\//);
      await expect(page.locator("[data-order-state]")).toHaveAttribute("data-order-state", "paid");

      // The seller gives it back, and the buyer sees it.
      await owner.goto(`${vitrine.url}/manage/orders`);
      await owner.locator("table.orders tbody a").first().click();
      await owner.getByLabel("Put them back on sale").check();
      await owner.getByRole("button", { name: "Refund" }).click();
      await expect(owner.locator("main")).toContainText("Refunded");
      await page.reload();
      await expect(page.locator("main")).toContainText("went back to where you paid from");
      await owner.goto(`${vitrine.url}/manage/ledger`);
      await expect(owner.locator("table.ledger")).toContainText("Held by the processor");
    } finally {
      await browser.close();
      await vitrine.remove();
      await rm(seeded, { recursive: true, force: true });
      stripe.stop();
    }
  });
}
