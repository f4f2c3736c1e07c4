import type { Page } from "@playwright/test";

import { expect, onSale, product, test } from "../src/demo.ts";
import { sendEmpty } from "../src/places.ts";

/** How many pixels differ between two pictures. */
async function differing(blank: Page, one: Buffer, two: Buffer): Promise<number> {
  return blank.evaluate(
    async (pictures) => {
      const pixels = await Promise.all(
        pictures.map(async (picture) => {
          const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
          const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
          const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
          if (!context) throw new Error("no canvas");
          context.drawImage(bitmap, 0, 0);
          return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
        }),
      );
      const [a, b] = pixels;
      if (!a || !b || a.length !== b.length) throw new Error("two pictures of one size");
      let count = 0;
      for (let at = 0; at < a.length; at += 4) {
        // A difference of contrast, not of a shade.
        if ([0, 1, 2].some((channel) => Math.abs((a[at + channel] ?? 0) - (b[at + channel] ?? 0)) > 48)) count += 1;
      }
      return count;
    },
    [one.toString("base64"), two.toString("base64")],
  );
}

for (const viewport of [
  { width: 390, height: 844 },
  { width: 1440, height: 900 },
]) {
  test(`the focus can be seen wherever Tab leads at ${viewport.width} px`, async ({ vitrine, browse }) => {
    test.setTimeout(240_000);
    const browser = await browse();
    const blank = await browser.newPage();
    const page = await (await browser.newContext({ viewport, reducedMotion: "reduce" })).newPage();
    const unseen: string[] = [];
    for (const address of [vitrine.url, await product(vitrine, (html) => html.includes("<video"))]) {
      await page.goto(address, { waitUntil: "networkidle" });
      const known = new Set<string>();
      for (;;) {
        await page.keyboard.press("Tab");
        const focused = await page.evaluate(() => {
          const element = document.activeElement;
          if (!element || element === document.body) return null;
          const { width, height } = element.getBoundingClientRect();
          return { html: element.outerHTML.slice(0, 120), edge: 2 * (Math.min(width, innerWidth) + Math.min(height, innerHeight)) };
        });
        // Tab leads through the parts of a player too.
        if (!focused || (known.has(focused.html) && !focused.html.startsWith("<video"))) break;
        if (known.has(focused.html)) continue;
        known.add(focused.html);
        const seen = await page.screenshot();
        await page.evaluate(() => (document.activeElement as HTMLElement).blur());
        const count = await differing(blank, seen, await page.screenshot());
        // A line of one pixel round the control would be the least.
        if (count < focused.edge / 2) unseen.push(`${address}: ${focused.html}: ${count} pixels differ`);
      }
      expect(known.size).toBeGreaterThan(4);
    }
    expect(unseen).toEqual([]);
  });
}

for (const javaScriptEnabled of [true, false]) {
  test(`an empty checkout says everything at once ${javaScriptEnabled ? "with" : "without"} JavaScript`, async ({ vitrine, browse }) => {
    const page = await (await (await browse()).newContext({ javaScriptEnabled })).newPage();
    await page.goto(await onSale(vitrine));
    await page.locator("form[action$='/buy'] [type=submit]").first().click();
    await page.waitForURL(/\/checkout\//);
    await sendEmpty(page, page.url());
    const summary = page.getByRole("alert");
    await expect(summary).toBeFocused();
    await expect(page.locator("[aria-invalid=true]")).toHaveCount(3);
    await summary.getByRole("link").last().click();
    await expect(page.locator("[name=address]")).toBeFocused();
    await expect(page.locator("[name=address]")).toHaveAccessibleDescription(/write the address/i);
  });
}
