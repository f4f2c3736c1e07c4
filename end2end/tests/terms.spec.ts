// A shop's terms from end to end: its owner types them, and a phone pays what they make of a price.

import { phone } from "../src/browser.ts";
import { expect, onSale, test } from "../src/demo.ts";
import { recover } from "../src/steps.ts";

for (const javaScriptEnabled of [true, false]) {
  test(`delivery, tax and a code make the total, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async ({ vitrine, browse }) => {
    test.setTimeout(240_000);
    const { code, out } = await vitrine.command("owner-link");
    expect(code, out).toBe(0);
    const owner = await (await (await browse()).newContext({ ...phone, javaScriptEnabled })).newPage();
    await recover(owner, out.match(/http:\/\/localhost:\d+\/setup\/[A-Za-z0-9_-]+/)?.[0] ?? "no link");

    await owner.goto(`${vitrine.url}/manage/taxes`);
    await owner.locator("[name=home]").selectOption("DE");
    await owner.locator("[name=registered]").check();
    await owner.locator("[name=one_stop_shop]").check();
    await owner.locator("form[action$='/seller'] [type=submit]").click();
    await expect(owner.locator("[role=status]")).toContainText("Saved");
    await owner.locator("form[action$='/usual'] [type=submit]").click();
    await expect(owner.locator("ul[aria-label=Rates]")).toContainText("France");

    for (const [name, countries, price] of [
      ["Home", "Germany", "4,90"],
      ["Everywhere else", "", "12"],
    ] as const) {
      await owner.goto(`${vitrine.url}/manage/delivery`);
      await owner.locator("[name=zone_name]").fill(name);
      await owner.locator("[name=countries]").fill(countries);
      await owner.locator("form[action$='/zones'] [type=submit]").click();
      const zone = owner.locator("section", { has: owner.getByRole("heading", { name, exact: true }) });
      await zone.locator("summary").click();
      await zone.locator("[name=method_name]").fill("Parcel");
      await zone.locator("[name=price]").fill(price);
      await zone.locator("form[action$='/methods'] [type=submit]").click();
      await expect(owner.locator(`ul[aria-label='Ways of sending in the zone ${name}']`)).toContainText("Parcel");
    }
    await owner.goto(`${vitrine.url}/manage/codes`);
    await owner.locator("[name=code]").fill("thanks");
    await owner.locator("[name=value]").fill("50");
    await owner.locator("form[action$='/codes'] [type=submit]").click();
    await expect(owner.locator("ul[aria-label=Codes]")).toContainText("THANKS");

    const page = await (await (await browse()).newContext({ ...phone, javaScriptEnabled })).newPage();
    await page.goto(await onSale(vitrine));
    await page.locator("form[action$='/buy'] [type=submit]").first().click();
    await page.waitForURL(/\/checkout\//);
    const side = page.locator(".order-side");
    const pay = page.locator("form[data-checkout] button.whole");
    await expect(side).toContainText("tax (DE, 19");
    await expect(side).toContainText("4,90");
    const home = await pay.innerText();
    await page.locator("[name=email]").fill("ada@example.com");
    await page.locator("[name=country]").selectOption("FR");
    if (!javaScriptEnabled) await page.getByRole("button", { name: "Show the total for this country" }).click();
    await expect(side).toContainText("tax (FR, 20");
    await expect(side).toContainText("12");
    await expect(pay).not.toHaveText(home);
    // What was typed is still there.
    await expect(page.locator("[name=email]")).toHaveValue("ada@example.com");
    const abroad = await pay.innerText();
    await page.getByText("Have a code?").click();
    await page.locator("[name=code]").fill("no such code");
    await page.getByRole("button", { name: "Apply" }).click();
    await expect(page.locator("#code-wrong")).toContainText("letters");
    await page.locator("[name=code]").fill("Thanks");
    await page.getByRole("button", { name: "Apply" }).click();
    await expect(side).toContainText("Code THANKS");
    await expect(pay).not.toHaveText(abroad);
    await page.locator("[name=name]").fill("Ada");
    await page.locator("[name=address]").fill("1 rue du Four\n75006 Paris");
    const total = (await pay.innerText()).replace("Pay ", "");
    await pay.click();
    await page.waitForURL(/\/order\//);
    await expect(page.locator("[data-order-state=paid]")).toBeVisible();
    await expect(page.locator(".receipt")).toContainText(total);
    await expect(page.locator("address")).toContainText("France");
  });
}
