import { readFile } from "node:fs/promises";

import { listen } from "../src/browser.ts";
import { studioFootage } from "../src/footage.ts";
import { pictures, within } from "../src/log.ts";
import { film as probe } from "../src/probe.ts";
import { expect, test } from "../src/shop.ts";
import { by, bytesOf, film, openShop, openStudio, rememberBlobs, shown } from "../src/steps.ts";

/** Longest reel of the studio's capture contract, s. */
const LONGEST = 30;

test("the clips of a filmed session play, reorder and save as one reel", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const context = await (await browse({ footage: await studioFootage() })).newContext({ viewport: { width: 1440, height: 900 } });
  await rememberBlobs(context);
  const complaints = listen(context);
  const page = await context.newPage();
  const sent: string[] = [];
  page.on("request", (request) => {
    if (request.method() !== "GET") sent.push(request.url());
  });
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
  await openStudio(page, vitrine);
  await film(page, 27);

  // The list stands as soon as the recording has stopped; the film is made when somebody wants to see it.
  const parts = by(page, "reel-part");
  await expect(parts.first()).toBeVisible({ timeout: 60_000 });
  await expect(by(page, "reel-summary")).toContainText("ready to play and save");
  const spans = () => parts.evaluateAll((rows) => rows.map((row) => [Number(row.getAttribute("data-start")), Number(row.getAttribute("data-end"))] as [number, number]));
  const wanted = async () => (await spans()).reduce((sum, [start, end]) => sum + end - start, 0);
  const video = by(page, "reel-video");
  await expect(video).toHaveAttribute("data-made", "false");
  expect(await parts.count()).toBeGreaterThanOrEqual(3);
  expect(await wanted()).toBeLessThanOrEqual(LONGEST + 0.1);

  // It plays, from one clip into the next.
  await by(page, "reel-play").click();
  await expect(video).toHaveAttribute("data-made", "true");
  await shown(video);
  const duration = await video.evaluate((node: HTMLVideoElement) => node.duration);
  expect(duration).toBeGreaterThan(3);
  expect(duration).toBeLessThanOrEqual(LONGEST + 0.1);
  expect(Math.abs(duration - (await wanted()))).toBeLessThan(0.1);
  const [first] = await spans();
  if (!first) throw new Error("there is no first clip");
  const join = first[1] - first[0];
  // Past the first join, by the events of its playing.
  await video.evaluate(
    (node: HTMLVideoElement, past) =>
      new Promise<void>((played, stuck) => {
        const timer = setTimeout(() => stuck(new Error(`it stands at ${node.currentTime} s`)), 30_000);
        node.addEventListener("timeupdate", () => {
          if (node.currentTime <= past) return;
          clearTimeout(timer);
          node.pause();
          played();
        });
      }),
    join + 0.5,
  );
  const before = await bytesOf(video);

  // Later by its button, back and to the end by the keyboard; the reel is made anew each time.
  const order = async () => (await spans()).map(([start]) => start);
  const atFirst = await order();
  const moved = (from: number, to: number) => {
    const all = [...atFirst];
    all.splice(to, 0, ...all.splice(from, 1));
    return all;
  };
  await by(page, "reel-later").first().click();
  expect(await order()).toEqual(moved(0, 1));
  await expect(by(page, "reel-later").nth(1), "the focus goes along").toBeFocused();
  await by(page, "reel-grip").nth(1).press("ArrowUp");
  expect(await order()).toEqual(atFirst);
  await expect(by(page, "reel-grip").first(), "the focus goes along").toBeFocused();
  await page.keyboard.press("End");
  expect(await order()).toEqual(moved(0, atFirst.length - 1));
  // By dragging: the last before the first.
  const boxes = await Promise.all([by(page, "reel-grip").last().boundingBox(), by(page, "reel-grip").first().boundingBox()]);
  const [from, to] = boxes;
  if (!from || !to) throw new Error("the grips are not on the page");
  await page.mouse.move(from.x + 10, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(to.x + 10, to.y + to.height / 2, { steps: 6 });
  await page.mouse.up();
  expect(await order()).toEqual(atFirst);
  await by(page, "reel-earlier").nth(1).click();
  expect(await order()).toEqual(moved(1, 0));
  await expect(video).toHaveAttribute("data-made", "true");
  await expect.poll(async () => Buffer.compare(await bytesOf(video), before), { message: "the reel is another" }).not.toBe(0);

  // A clip that is dropped leaves the reel.
  const count = await parts.count();
  await by(page, "clip-card").last().locator("[data-test=drop]").click();
  await expect(parts).toHaveCount(count - 1);
  const length = await wanted();

  // Saved under the product's name: one film that decodes, with sound, as long as its clips, each beginning with a keyframe.
  await by(page, "product-title").fill("Glazed cup");
  const saved = page.waitForEvent("download");
  await by(page, "reel-save").click();
  const download = await saved;
  expect(download.suggestedFilename()).toBe("glazed-cup-reel.mp4");
  const reel = await probe(await readFile(await download.path()));
  expect(Math.abs(reel.duration - length)).toBeLessThan(0.1);
  expect(reel.audio).toBeTruthy();
  const filmed = await pictures(page);
  const held = (await spans()).reduce((sum, span) => sum + within(filmed, span), 0);
  expect(reel.frames, "every picture of its clips").toBe(held);
  let at = 0;
  for (const [start, end] of await spans()) {
    expect(reel.keyframes.some((keyframe) => Math.abs(keyframe - at) < 0.05), `a keyframe at ${at} s`).toBe(true);
    at += end - start;
  }

  // It stays on the device.
  expect(sent.filter((url) => /upload|products/.test(url))).toEqual([]);
  expect(complaints).toEqual([]);
});
