// Photos in the editor of a product: nothing that was typed is lost beside them, and HEIC is turned into JPEG where a browser can.

import type { Page } from "@playwright/test";

import { listen } from "../src/browser.ts";
import { expect, test } from "../src/shop.ts";
import { openShop } from "../src/steps.ts";
import type { Vitrine } from "../src/vitrine.ts";

/** A picture as a file of its own kind, drawn by the browser. */
async function drawn(page: Page, type: string): Promise<Buffer> {
  const bytes = await page.evaluate(async (type) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 120, height: 90 });
    const context = canvas.getContext("2d");
    if (context) {
      context.fillStyle = "teal";
      context.fillRect(0, 0, 120, 90);
    }
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, type));
    return [...new Uint8Array(await (blob ?? new Blob()).arrayBuffer())];
  }, type);
  return Buffer.from(bytes);
}

async function openEditor(page: Page, vitrine: Vitrine): Promise<void> {
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
  await page.goto(`${vitrine.url}/manage/products`);
  await page.getByRole("button", { name: "New empty draft" }).click();
  await expect(page.locator("[name=title]")).toBeVisible();
}

for (const javaScriptEnabled of [true, false]) {
  test(`what is typed outlives the photos, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async ({ vitrine, browse }) => {
    const browser = await browse();
    const context = await browser.newContext();
    const page = await context.newPage();
    await openEditor(page, vitrine);
    const photo = await drawn(page, "image/png");
    const editor = page.url();
    const bare = await (await browser.newContext({ javaScriptEnabled, storageState: await context.storageState() })).newPage();
    await bare.goto(editor);
    const typed = async () => {
      await expect(bare.locator("[name=title]")).toHaveValue("Bowl, “large”");
      await expect(bare.locator("[name=text]")).toHaveValue("One\n\nTwo & <three>");
      await expect(bare.locator("[name=price]")).toHaveValue("38");
      await expect(bare.locator("[role=status]").first()).toContainText("not saved yet");
    };
    await bare.locator("[name=title]").fill("Bowl, “large”");
    await bare.locator("[name=text]").fill("One\n\nTwo & <three>");
    await bare.locator("[name=price]").fill("38");
    for (const name of ["a.png", "b.png"]) {
      await bare.locator("[name=photos]").setInputFiles({ name, mimeType: "image/png", buffer: photo });
      await bare.getByRole("button", { name: "Upload photos" }).click();
      await typed();
    }
    await expect(bare.locator(".card")).toHaveCount(2);
    await bare.getByRole("button", { name: /^Later.*photo 1$/ }).click();
    await typed();
    await bare.getByRole("button", { name: /^Remove.*photo 2$/ }).click();
    await typed();
    await expect(bare.locator(".card")).toHaveCount(1);
    // Enter in a field saves, whatever buttons stand above it.
    await bare.locator("[name=title]").press("Enter");
    await expect(bare).toHaveURL(/flash=saved/);
    await expect(bare.locator("[name=title]")).toHaveValue("Bowl, “large”");
    await expect(bare.locator(".card")).toHaveCount(1);
  });
}

test("a browser that cannot decode HEIC does not offer it", async ({ vitrine, browse }) => {
  const page = await (await browse()).newPage();
  await openEditor(page, vitrine);
  await page.waitForLoadState("networkidle");
  await expect(page.locator("[name=photos]")).toHaveAttribute("accept", /^image\/jpeg[a-z/,]*avif$/);
});

test("a browser that decodes HEIC turns it into JPEG before it is sent", async ({ vitrine, browse }) => {
  const context = await (await browse()).newContext();
  const complaints = listen(context);
  const page = await context.newPage();
  // No Chromium decodes HEIC: this one says so, and finds a PNG in every such file but a broken one.
  await page.addInitScript(() => {
    ImageDecoder.isTypeSupported = (type) => Promise.resolve(type === "image/heic");
    const decode = window.createImageBitmap.bind(window);
    Object.assign(window, {
      createImageBitmap: (file: File, options?: ImageBitmapOptions) => decode(new Blob([file], { type: "image/png" }), options),
    });
  });
  await openEditor(page, vitrine);
  const picker = page.locator("[name=photos]");
  await expect(picker).toHaveAttribute("accept", /image\/heic/);
  await expect(page.locator("#photos-hint")).toContainText("WebP, AVIF or HEIC");
  const png = await drawn(page, "image/png");
  await picker.setInputFiles([
    { name: "IMG_1.HEIC", mimeType: "image/heic", buffer: png },
    { name: "b.png", mimeType: "image/png", buffer: png },
    { name: "קעררה.heic", mimeType: "image/heic", buffer: Buffer.from("broken") },
  ]);
  await expect(page.locator("[data-heic] bdi")).toHaveText("קעררה.heic");
  const chosen = await picker.evaluate((input: HTMLInputElement) =>
    Promise.all([...(input.files ?? [])].map(async (file) => [file.name, file.type, new Uint8Array(await file.slice(0, 2).arrayBuffer()).join()])),
  );
  expect(chosen).toEqual([
    ["IMG_1.jpg", "image/jpeg", "255,216"],
    ["b.png", "image/png", "137,80"],
  ]);
  await page.getByRole("button", { name: "Upload photos" }).click();
  await expect(page.locator(".card")).toHaveCount(2);
  expect(complaints).toEqual([]);
});
