// The demo shop: each test has it, from a data folder that is filled once.

import { rm, writeFile } from "node:fs/promises";

import { test as base } from "./shop.ts";
import { Vitrine } from "./vitrine.ts";

export const test = base.extend<object, { demo: string }>({
  demo: [
    async ({}, use) => {
      const data = await Vitrine.seeded();
      await use(data);
      await rm(data, { recursive: true, force: true });
    },
    { scope: "worker", timeout: 240_000 },
  ],
  vitrine: async ({ demo }, use, info) => {
    const vitrine = await Vitrine.startOn(demo);
    await use(vitrine);
    if (info.status !== info.expectedStatus) await writeFile(info.outputPath("vitrine.log"), vitrine.said);
    await vitrine.remove();
  },
});

/** The address of a product of the demo shop that can be bought. */
export async function onSale(vitrine: Vitrine): Promise<string> {
  return product(vitrine, (page) => page.includes('/buy"'));
}

/** The address of the first product whose page is as asked for. */
export async function product(vitrine: Vitrine, wanted: (page: string) => boolean): Promise<string> {
  const front = await (await fetch(vitrine.url)).text();
  const products = [...front.matchAll(/href="(\/p\/[^"]+)"/g)].map((match) => match[1] ?? "");
  for (const path of products) {
    if (wanted(await (await fetch(vitrine.url + path)).text())) return vitrine.url + path;
  }
  throw new Error("the demo shop has no such product");
}

export { expect } from "./shop.ts";
