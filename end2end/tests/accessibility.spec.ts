import type { AxeResults } from "axe-core";
import axe from "axe-core";

import { expect, test } from "../src/demo.ts";
import { places } from "../src/places.ts";

declare const window: { axe: { run: () => Promise<AxeResults> } };

for (const width of [390, 1440]) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`no page breaks a rule of axe at ${width} px, ${colorScheme}`, async ({ vitrine, browse }) => {
      test.setTimeout(240_000);
      const browser = await browse();
      const { all, owner } = await places(vitrine, browser);
      const page = await (await browser.newContext({ viewport: { width, height: 900 }, colorScheme, storageState: owner })).newPage();
      const broken: string[] = [];
      for (const { name, open } of all) {
        await open(page);
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate(() => window.axe.run());
        for (const { id, nodes } of violations) broken.push(...nodes.map((node) => `${name}: ${id}: ${node.html.slice(0, 160)}: ${node.failureSummary}`));
      }
      expect(broken).toEqual([]);
    });
  }
}
