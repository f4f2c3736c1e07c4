// The fixtures tests share: a binary of their own and browsers that are closed again.

import { writeFile } from "node:fs/promises";

import { type Browser, test as base } from "@playwright/test";

import { open, type Options } from "./browser.ts";
import { Vitrine } from "./vitrine.ts";

interface Fixtures {
  /** A fresh Vitrine on an empty data folder. */
  vitrine: Vitrine;
  /** Starts a browser that is closed after the test. */
  browse: (options?: Options) => Promise<Browser>;
}

export const test = base.extend<Fixtures>({
  vitrine: async ({}, use, info) => {
    const vitrine = await Vitrine.start();
    await use(vitrine);
    if (info.status !== info.expectedStatus) await writeFile(info.outputPath("vitrine.log"), vitrine.said);
    await vitrine.remove();
  },
  browse: async ({}, use, info) => {
    const opened: Browser[] = [];
    await use(async (options) => {
      const browser = await open(options);
      opened.push(browser);
      return browser;
    });
    // What each page showed when the test failed.
    if (info.status !== info.expectedStatus) {
      for (const [at, page] of opened.flatMap((browser) => browser.contexts().flatMap((context) => context.pages())).entries()) {
        await page.screenshot({ path: info.outputPath(`page-${at}.png`), fullPage: true }).catch(() => undefined);
      }
    }
    await Promise.all(opened.map((browser) => browser.close()));
  },
});

export { expect } from "@playwright/test";
