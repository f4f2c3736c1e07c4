// The fixtures tests share: a binary of their own and browsers that are closed again.

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
    if (info.status !== info.expectedStatus) await info.attach("vitrine.log", { body: vitrine.said, contentType: "text/plain" });
    await vitrine.remove();
  },
  browse: async ({}, use) => {
    const opened: Browser[] = [];
    await use(async (options) => {
      const browser = await open(options);
      opened.push(browser);
      return browser;
    });
    await Promise.all(opened.map((browser) => browser.close()));
  },
});

export { expect } from "@playwright/test";
