import { listen, phone } from "../src/browser.ts";
import { sessions, studioFootage } from "../src/footage.ts";
import { pictures, within } from "../src/log.ts";
import { film as probe, picture, thumbs } from "../src/probe.ts";
import { expect, test } from "../src/shop.ts";
import { by, bytesOf, film, openShop, openStudio, pay, rememberBlobs, shown } from "../src/steps.ts";

/** What the test reads of `public/schema/highlight-1.json`. */
interface HighlightDocument {
  model: { name: string; engine: string; weights: string };
  items: Array<{ photoVideoMetadataIPTC: object; photoVideoMetadata_vitrine: { kind: "photo" | "clip" } }>;
  frames: { recorded: number; analysed: number };
  histograms: { boundary: number[] };
}

// The main job, end to end: from the camera tab to a paid order.
for (const footage of [await studioFootage(), ...(await sessions())]) {
  test(`films ${footage.name}, publishes its highlights and sells them on a phone`, async ({ vitrine, browse }) => {
    test.setTimeout(300_000);
    const browser = await browse({ footage });
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    await rememberBlobs(context);
    const complaints = listen(context);
    const page = await context.newPage();
    await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
    await openStudio(page, vitrine);
    await film(page, 62);

    // Highlights: three to ten, each with its time and its reasons, playable from the device.
    const cards = by(page, "clip-card");
    await expect(cards.first()).toBeVisible({ timeout: 30_000 });
    await expect(by(page, "make-page")).toBeEnabled({ timeout: 30_000 });
    const count = await cards.count();
    expect(count).toBeGreaterThanOrEqual(3);
    expect(count).toBeLessThanOrEqual(10);
    const filmed = await pictures(page);
    const lengths: number[] = [];
    for (let at = 0; at < count; at += 1) {
      const card = cards.nth(at);
      await expect(card.locator("[data-test=reason]").first()).toHaveText(/\w+/);
      const start = Number(await card.getAttribute("data-start"));
      const end = Number(await card.getAttribute("data-end"));
      const video = card.locator("[data-test=clip-video]");
      const bytes = await bytesOf(video);
      // It plays from the device.
      await shown(video);
      const clip = await probe(bytes);
      expect(Math.abs(clip.duration - (end - start))).toBeLessThan(0.1);
      expect(clip.frames, "every picture that was filmed from its start to its end").toBe(within(filmed, [start, end]));
      lengths.push(clip.frames);
      expect(clip.keyframes[0]).toBeLessThan(0.05);
      // No frame of a neighbouring shot: a cut inside would be the largest step by far.
      const frames = await thumbs(bytes);
      const steps = frames.slice(1).map((frame, index) => frame.reduce((sum, value, pixel) => sum + Math.abs(value - (frames[index]?.[pixel] ?? 0)), 0) / frame.length);
      expect(Math.max(...steps), `clip ${start}–${end} s has no cut inside`).toBeLessThan(25);
    }

    // Drop one, then make a page of the rest.
    await cards.last().locator("[data-test=drop]").click();
    await expect(cards.last()).toHaveAttribute("data-kept", "false");
    const recorded = Number(await by(page, "recorded").getAttribute("data-bytes"));
    const uploaded: Array<Promise<number>> = [];
    let told: HighlightDocument | undefined;
    page.on("requestfinished", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/fn/create-product"))
        told = (request.postDataJSON() as { draft: { highlights: HighlightDocument } }).draft.highlights;
      if (request.method() === "PATCH") uploaded.push(request.allHeaders().then((headers) => Number(headers["content-length"] ?? 0)));
    });
    await by(page, "product-title").fill("Glazed cup");
    await by(page, "make-page").click();
    await page.waitForURL(/\/manage\/products\//, { timeout: 120_000 });
    const sent = (await Promise.all(uploaded)).reduce((sum, bytes) => sum + bytes, 0);
    expect(sent).toBeGreaterThan(0);
    expect(recorded).toBeGreaterThan(100_000);
    expect(sent / recorded, `${sent} of ${recorded} bytes left the device`).toBeLessThanOrEqual(0.3);

    // Beside the bytes, only what the capture contract lets go: what was kept and how the model fared, not what else was filmed.
    if (!told) throw new Error("no highlight document was sent");
    expect(Object.keys(told).sort()).toEqual(["$schema", "frames", "histograms", "items", "model", "session"]);
    expect(told.model).toMatchObject({ name: "shots", engine: "cpu", weights: expect.stringMatching(/^[0-9a-f]{12}$/) });
    expect(told.items.filter((item) => item.photoVideoMetadata_vitrine.kind === "clip").length).toBe(count - 1);
    for (const item of told.items) {
      expect(Object.keys(item.photoVideoMetadataIPTC).sort()).toEqual(["description", "identifier", "mediaType", "parentId"]);
      expect(Object.keys(item.photoVideoMetadata_vitrine).sort()).toEqual(["end", "kind", "reasons", "score", "start"]);
    }
    expect(told.frames.recorded).toBe(filmed.length);
    expect(told.frames.analysed).toBeLessThanOrEqual(told.frames.recorded);
    expect(told.histograms.boundary.reduce((sum, frames) => sum + frames, 0), "most frames were judged").toBeGreaterThan(filmed.length / 2);

    // The draft becomes a page.
    await page.locator("[name=price]").fill("38,00");
    await page.locator("[name=stock]").fill("2");
    await page.locator("[name=summary]").fill("A cup that keeps coffee warm.");
    await page.locator("form:has([name=price]) [type=submit]").first().click();
    await page.locator("[formaction$='/publish']").click();
    const address = await page.locator("a[href*='/p/']").first().getAttribute("href");
    expect(address).toBeTruthy();
    const url = new URL(address ?? "", vitrine.url).href;

    // Two shoppers on phones, with JavaScript and without.
    for (const [javaScriptEnabled, name] of [[true, "Ada"], [false, "Ben"]] as const) {
      const shopper = await browser.newContext({ ...phone, javaScriptEnabled });
      const theirs = listen(shopper);
      const shop = await shopper.newPage();
      const answer = await shop.goto(url);
      expect(answer?.status()).toBe(200);
      expect(await shopper.cookies()).toEqual([]);
      await expect(shop.locator("h1")).toHaveText("Glazed cup");
      const hero = shop.locator("img[fetchpriority=high]").first();
      const box = await hero.boundingBox();
      expect(box?.width).toBe(390);
      expect(await hero.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBeGreaterThan(300);
      const shown = await shop.request.get(new URL(await hero.evaluate((image: HTMLImageElement) => image.currentSrc), url).href);
      const still = await picture(await shown.body());
      expect(still.contrast, "the hero is a picture, not a flat colour").toBeGreaterThan(8);
      const source = await shop.locator("video source, video[src]").first().getAttribute("src");
      const clip = await shop.request.get(new URL(source ?? "", url).href);
      expect(lengths, "a clip as it was cut").toContain((await probe(await clip.body())).frames);
      // Every clip has a poster, in sizes to choose from.
      const clips = shop.locator(".slide:has(video)");
      await expect(clips.locator("img")).toHaveCount(await clips.count());
      const poster = clips.first().locator("img");
      await expect(poster).toHaveAttribute("srcset", / 320w/);
      await poster.scrollIntoViewIfNeeded();
      expect(await poster.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBeGreaterThan(100);
      await expect(shop.locator(".thumb:has(.length) img")).toHaveCount(await clips.count());
      await shop.locator("form[action$='/buy'] [type=submit]").first().click();
      await shop.waitForURL(/\/checkout\//);
      await pay(shop, { email: `${name.toLowerCase()}@example.com`, name });
      await shop.waitForURL(/\/order\//);
      await expect(shop.locator("body")).toContainText("Glazed cup");
      await expect(shop.locator("body")).toContainText(/38/);
      expect(theirs).toEqual([]);
      await shopper.close();
    }

    // Sold out, and the creator sees both orders.
    const late = await (await browser.newContext(phone)).newPage();
    await late.goto(url);
    await expect(late.locator("body")).toContainText("Sold out");
    await late.locator("form.waitlist [name=email]").fill("cleo@example.com");
    await late.locator("form.waitlist [type=submit]").click();
    await late.waitForURL(/flash=noted/);
    await expect(late.locator("h1")).toHaveText("Noted");
    const editor = page.url();
    await page.goto(editor);
    await expect(page.locator("#waitlist-emails")).toHaveValue("cleo@example.com");
    await page.goto(`${vitrine.url}/manage/orders`);
    await expect(page.locator("body")).toContainText("Ada");
    await expect(page.locator("body")).toContainText("Ben");
    expect(complaints).toEqual([]);
  });
}
