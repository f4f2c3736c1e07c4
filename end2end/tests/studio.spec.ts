import { listen } from "../src/browser.ts";
import { studioFootage } from "../src/footage.ts";
import { film as probe } from "../src/probe.ts";
import { expect, test } from "../src/shop.ts";
import { by, bytesOf, film, openShop, openStudio, rememberBlobs } from "../src/steps.ts";

const lorna = { name: "Lorna Makes", handle: "lorna" };

test("what a person trims, drops and puts first is what the page gets", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const footage = await studioFootage();
  const context = await (await browse()).newContext({ viewport: { width: 1440, height: 900 } });
  await rememberBlobs(context);
  const complaints = listen(context);
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await page.goto(`${vitrine.url}/studio`);
  await expect(by(page, "import-file")).toBeEnabled();
  await by(page, "import-file").setInputFiles(footage.film);
  await expect(by(page, "make-page")).toBeVisible({ timeout: 180_000 });

  // The end of the first clip, by its handle on the timeline and the keyboard: to the spot before.
  const card = by(page, "clip-card").first();
  const end = async () => Number(await card.getAttribute("data-end"));
  const start = Number(await card.getAttribute("data-start"));
  const before = await end();
  await by(page, "handle-end").press("ArrowLeft");
  await expect.poll(end, { message: "the clip is shorter" }).toBeLessThan(before - 0.05);
  const after = await end();
  await expect
    .poll(async () => Math.abs((await probe(await bytesOf(card.locator("[data-test=clip-video]")))).duration - (after - start)), { timeout: 30_000, message: "the file is cut anew" })
    .toBeLessThan(0.1);
  // By dragging, as far as it goes: it stays inside its shot, whose end no clip passes.
  const handle = by(page, "handle-end");
  const box = await handle.boundingBox();
  if (!box) throw new Error("the handle is not on the page");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 900, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
  const cuts = [...footage.cuts, footage.duration];
  const shotEnd = cuts.find((cut) => cut > start + 0.1) ?? footage.duration;
  expect(await end()).toBeGreaterThan(after);
  expect(await end()).toBeLessThanOrEqual(shotEnd + 0.04);

  // The signals lie under the timeline, and say in words what they were at the head.
  await expect(by(page, "lane")).toHaveCount(6);
  const steady = page.locator("[data-lane=Steady]");
  await expect(steady.locator("path")).toHaveAttribute("d", /^M/);
  await expect(steady.locator("[data-test=lane-value]")).toHaveText(/^(steady|a little shaky|shaky), \d+ of 100$/);

  // The whole clip, by dragging it and by the arrow keys: as long as before, on keyframes, inside its shot.
  const place = async () => [Number(await card.getAttribute("data-start")), await end()] as const;
  const span = by(page, "span").first();
  await by(page, "handle-end").press("Home");
  const short = await place();
  const length = short[1] - short[0];
  const shotStart = [0, ...footage.cuts].filter((cut) => cut <= start + 0.04).at(-1) ?? 0;
  const drag = async (by: number) => {
    const at = await span.boundingBox();
    if (!at) throw new Error("the clip is not on the timeline");
    const [x, y] = [at.x + at.width / 2, at.y + at.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + by, y, { steps: 8 });
    await page.mouse.up();
  };
  await drag(900);
  const right = await place();
  expect(right[0]).toBeGreaterThan(short[0]);
  expect(right[1]).toBeLessThanOrEqual(shotEnd + 0.04);
  expect(right[1] - right[0]).toBeCloseTo(length, 2);
  await drag(-900);
  const left = await place();
  expect(left[0]).toBeLessThan(right[0]);
  expect(left[0]).toBeGreaterThanOrEqual(shotStart - 0.04);
  expect(left[1] - left[0]).toBeCloseTo(length, 2);
  // A finger does the same.
  const finger = await context.newCDPSession(page);
  const swipe = async (by: number) => {
    const at = await span.boundingBox();
    if (!at) throw new Error("the clip is not on the timeline");
    const [x, y] = [at.x + at.width / 2, at.y + at.height / 2];
    await finger.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x, y }] });
    for (let step = 1; step <= 8; step += 1) await finger.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [{ x: x + (by * step) / 8, y }] });
    await finger.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  };
  await swipe(900);
  await expect.poll(place, { message: "a finger drags the clip as far as the mouse" }).toEqual(right);
  await swipe(-900);
  await expect.poll(place).toEqual(left);
  await finger.detach();
  await span.press("ArrowRight");
  await expect.poll(async () => (await place())[0], { message: "one keyframe on" }).toBeGreaterThan(left[0] + 0.1);
  await span.press("ArrowLeft");
  await expect.poll(place).toEqual(left);

  // "Never this": the clip goes and comes back in no other place; what was trimmed stays.
  const spans = () => by(page, "clip-card").evaluateAll((cards) => cards.map((one) => [Number(one.getAttribute("data-start")), Number(one.getAttribute("data-end"))] as const));
  const trimmed = await place();
  const gone = (await spans())[1];
  if (!gone) throw new Error("one clip is not enough to choose from");
  await by(page, "clip-card").nth(1).locator("[data-test=never]").click();
  await expect.poll(async () => (await spans()).every(([from, to]) => to <= gone[0] || gone[1] <= from)).toBe(true);
  // "More like this": it stays, and the others are chosen anew, with the reason in words.
  const liked = (await spans())[1];
  await by(page, "clip-card").nth(1).locator("[data-test=more]").click();
  await expect(page.locator("[data-test=more][aria-pressed=true]")).toHaveCount(1);
  await expect(by(page, "reason").filter({ hasText: "like what you asked for more of" }).first()).toBeVisible();
  expect(await spans()).toContainEqual(liked);
  expect(await spans()).toContainEqual(trimmed);

  // Every clip but the first is dropped; another photo comes first.
  const count = await by(page, "clip-card").count();
  for (let at = 1; at < count; at += 1) await by(page, "clip-card").nth(at).locator("[data-test=drop]").click();
  await by(page, "still").nth(1).locator("[data-test=hero]").click();
  await expect(by(page, "still").nth(1)).toHaveAttribute("data-hero", "true");
  await expect(page.locator("[data-test=still][data-hero=true]")).toHaveCount(1);
  const clip = await probe(await bytesOf(card.locator("[data-test=clip-video]")));

  await by(page, "product-title").fill("Trimmed vase");
  await by(page, "make-page").click();
  await page.waitForURL(/\/manage\/products\//, { timeout: 120_000 });
  const videos = page.locator("video source, video[src]");
  await expect(videos).toHaveCount(1);
  const address = await videos.first().getAttribute("src");
  const served = await probe(await (await page.request.get(new URL(address ?? "", vitrine.url).href)).body());
  expect(served).toEqual(clip);
  expect(complaints).toEqual([]);
});

test("films the screen, without a camera", async ({ vitrine, browse }) => {
  const context = await (await browse({ screen: true })).newContext({ viewport: { width: 1440, height: 900 } });
  await rememberBlobs(context);
  const complaints = listen(context);
  const page = await context.newPage();
  await openShop(page, vitrine, lorna);
  await openStudio(page, vitrine, "device-screen");
  await film(page, 6);
  const card = by(page, "clip-card").first();
  await expect(card.or(by(page, "notice").first()).first()).toBeVisible({ timeout: 30_000 });
  await expect(card).toBeVisible();
  const clip = await probe(await bytesOf(card.locator("[data-test=clip-video]")));
  expect(clip.frames).toBeGreaterThan(5);
  expect(clip.width).toBeGreaterThan(300);
  expect(complaints).toEqual([]);
});
