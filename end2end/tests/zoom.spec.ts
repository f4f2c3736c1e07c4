import type { Page } from "@playwright/test";

import { expect, test } from "../src/demo.ts";
import { places } from "../src/places.ts";

/** What nobody can read or press on the page: broken words, controls under others, and what lies beside the screen. */
async function faults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) found.push(`the page is ${root.scrollWidth} px wide on a screen of ${root.clientWidth} px`);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (texts.nextNode()) {
      const text = texts.currentNode;
      // Longer words may be divided: German ones must.
      for (const { 0: word, index } of text.textContent?.matchAll(/(?<!\p{L})\p{L}{2,9}(?!\p{L})/gu) ?? []) {
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        const lines = new Set([...range.getClientRects()].filter((rect) => rect.width > 0).map((rect) => Math.round(rect.top)));
        if (lines.size > 1) found.push(`"${word}" stands on ${lines.size} lines: ${text.parentElement?.outerHTML.slice(0, 120)}`);
      }
    }
    const floats = (element: Element | null): boolean => element !== null && (["fixed", "sticky"].includes(getComputedStyle(element).position) || floats(element.parentElement));
    const controls = [...document.querySelectorAll("a, button, input, select, textarea, summary")].filter((control) => control.checkVisibility() && !floats(control) && !control.matches(".skip"));
    const boxes = controls.flatMap((control) => [...control.getClientRects()].map((box) => ({ control, box })));
    for (const [at, one] of boxes.entries()) {
      for (const two of boxes.slice(at + 1)) {
        if (one.control.contains(two.control) || two.control.contains(one.control)) continue;
        const across = Math.min(one.box.right, two.box.right) - Math.max(one.box.left, two.box.left);
        const down = Math.min(one.box.bottom, two.box.bottom) - Math.max(one.box.top, two.box.top);
        if (across > 2 && down > 2) found.push(`${one.control.outerHTML.slice(0, 100)} and ${two.control.outerHTML.slice(0, 100)} overlap`);
      }
    }
    return found;
  });
}

for (const { what, width, size } of [
  // Chromium shows a phone of 390 px at 200 % as one of half the width.
  { what: "a phone at 200 %", width: 195, size: "" },
  { what: "a phone whose letters are twice as large", width: 390, size: "200%" },
  { what: "a phone", width: 390, size: "" },
]) {
  test(`${what} breaks no word and covers no control`, async ({ vitrine, browse }) => {
    test.setTimeout(240_000);
    const browser = await browse();
    const { all, owner } = await places(vitrine, browser);
    const page = await (await browser.newContext({ viewport: { width, height: 422 }, storageState: owner })).newPage();
    const found: string[] = [];
    // The studio is for a screen beside a camera.
    for (const { name, open } of all.filter(({ name }) => name !== "studio")) {
      await open(page);
      await page.evaluate((size) => (document.documentElement.style.fontSize = size), size);
      found.push(...(await faults(page)).map((fault) => `${name}: ${fault}`));
    }
    expect(found).toEqual([]);
  });
}
