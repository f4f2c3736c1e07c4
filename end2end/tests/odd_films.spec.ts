// Films that are not as they should be, brought in from a file: each ends in something usable, or in a sentence that says why not.

import { execFile } from "node:child_process";
import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { type BrowserContext, type Page } from "@playwright/test";

import { listen } from "../src/browser.ts";
import { studioFootage } from "../src/footage.ts";
import { expect, test } from "../src/shop.ts";
import { by, openShop } from "../src/steps.ts";

const run = promisify(execFile);

/** Twelve seconds in which something moves, with a cut at six. */
const scenes = "testsrc2=s=320x180:r=30:d=6[a];mandelbrot=s=320x180:r=30:end_pts=180,trim=duration=6,setpts=PTS-STARTPTS[b];[a][b]concat=n=2[v]";
const tone = "sine=f=330:r=48000:d=12,volume=0.3[s]";
const h264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-pix_fmt", "yuv420p"];

/** A film by ffmpeg, of the scenes and a tone where nothing else is said. */
async function make(folder: string, name: string, options: { pictures?: string; sound?: string | undefined; how?: string[] }): Promise<string> {
  const path = join(folder, name);
  const sound = "sound" in options ? options.sound : tone;
  const graph = [options.pictures ?? scenes, ...(sound ? [sound] : [])].join(";");
  const heard = sound ? ["-map", "[s]", "-c:a", "aac"] : [];
  await run("ffmpeg", ["-v", "error", "-y", "-filter_complex", graph, "-map", "[v]", ...heard, ...(options.how ?? h264), path]);
  return path;
}

interface Outcome {
  /** What the studio says of the film as a whole, or why it has nothing to show. */
  says: string;
  clips: number;
  stills: number;
}

async function bringIn(page: Page, url: string, film: string): Promise<Outcome> {
  await page.goto(`${url}/studio`);
  await expect(by(page, "import-file")).toBeEnabled();
  await expect(page.locator(".studio")).toHaveAttribute("data-analysis", "cpu");
  await by(page, "import-file").setInputFiles(film);
  await expect(by(page, "make-page").or(by(page, "failure")).first()).toBeVisible({ timeout: 120_000 });
  // What is told on the way stands beside a film that is still being brought in.
  await expect(by(page, "working")).toHaveCount(0, { timeout: 120_000 });
  const said = await by(page, "notice").or(by(page, "failure")).allInnerTexts();
  return { says: said.join(" "), clips: await by(page, "clip-card").count(), stills: await by(page, "still").count() };
}

test("films that are not as they should be end in something usable or in a sentence", async ({ vitrine, browse }) => {
  test.setTimeout(600_000);
  const folder = await mkdtemp(join(tmpdir(), "vitrine-odd-"));
  const context: BrowserContext = await (await browse()).newContext({ viewport: { width: 1440, height: 900 } });
  const complaints = listen(context);
  const page = await context.newPage();
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
  const outcome = async (film: string): Promise<Outcome> => bringIn(page, vitrine.url, film);

  await test.step("no bytes", async () => {
    const film = join(folder, "empty.mp4");
    await writeFile(film, "");
    const found = await outcome(film);
    expect(found.says).toMatch(/empty|no (video|picture|film)|not.*(film|video)/i);
    expect(found.clips + found.stills).toBe(0);
  });

  await test.step("no film", async () => {
    const film = join(folder, "letter.mp4");
    await writeFile(film, "Dear shop, this is not a film. ".repeat(5000));
    const found = await outcome(film);
    expect(found.says).not.toBe("");
    expect(found.clips + found.stills).toBe(0);
  });

  await test.step("a film that breaks off, its index gone", async () => {
    const film = await make(folder, "broken.mp4", {});
    await truncate(film, 60_000);
    const found = await outcome(film);
    expect(found.says).not.toBe("");
    expect(found.clips).toBe(0);
  });

  await test.step("a film that breaks off after its index", async () => {
    const film = await make(folder, "torn.mp4", { how: [...h264, "-movflags", "+faststart"] });
    const file = await open(film);
    const { size } = await file.stat();
    await file.close();
    await truncate(film, Math.floor(size * 0.7));
    const found = await outcome(film);
    expect(found.clips, found.says).toBeGreaterThan(0);
    expect(found.says).toMatch(/damaged further on; what came before/);
  });

  await test.step("one frame", async () => {
    const found = await outcome(await make(folder, "frame.mp4", { pictures: "testsrc2=s=320x180:r=30:d=1,trim=end_frame=1[v]", sound: undefined }));
    expect(found.says).toMatch(/short/i);
    expect(found.clips).toBe(0);
  });

  await test.step("an odd size", async () => {
    const how = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "30", "-pix_fmt", "yuv420p"];
    const found = await outcome(await make(folder, "odd.webm", { pictures: scenes.replaceAll("320x180", "321x179"), sound: undefined, how }));
    expect(found.clips, found.says).toBeGreaterThan(1);
    expect(found.stills).toBeGreaterThan(0);
  });

  await test.step("a film on its side", async () => {
    const upright = await make(folder, "upright.mp4", {});
    const film = join(folder, "side.mp4");
    await run("ffmpeg", ["-v", "error", "-y", "-i", upright, "-c", "copy", "-metadata:s:v", "rotate=90", film]);
    const found = await outcome(film);
    expect(found.clips, found.says).toBeGreaterThan(1);
    const picture = by(page, "still").first().locator("img").first();
    await expect(picture).toHaveAttribute("src", /^blob:/);
    const size = await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => [image.naturalWidth, image.naturalHeight]));
    expect(size, "its stills stand upright, at full size").toEqual([180, 320]);
  });

  await test.step("a frozen picture", async () => {
    const found = await outcome(await make(folder, "frozen.mp4", { pictures: "testsrc2=s=320x180:r=30:d=1,trim=end_frame=1,loop=360:1:0[v]" }));
    expect(found.says).toMatch(/hardly moved/);
  });

  await test.step("frames at uneven times", async () => {
    const { film } = await studioFootage();
    const uneven = `movie=${film},trim=duration=12,select='not(eq(mod(n\\,7)\\,3))*not(between(mod(n\\,50)\\,20\\,26))'[v]`;
    const found = await outcome(await make(folder, "uneven.mp4", { pictures: uneven, how: [...h264, "-fps_mode", "vfr"] }));
    expect(found.clips, found.says).toBeGreaterThan(1);
    const shots = await by(page, "shot").evaluateAll((ticks) => ticks.map((tick) => Number(tick.getAttribute("data-start"))));
    expect(shots.length).toBe(2);
    expect(Math.abs((shots[1] ?? 0) - 6)).toBeLessThan(0.07);
  });

  await test.step("a large picture", async () => {
    const film = await make(folder, "large.mp4", { pictures: "testsrc2=s=3840x2160:r=30:d=3[v]", sound: undefined, how: ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-pix_fmt", "yuv420p"] });
    const found = await outcome(film);
    expect(found.clips, found.says).toBeGreaterThan(0);
    const picture = by(page, "still").first().locator("img").first();
    await expect(picture).toHaveAttribute("src", /^blob:/);
    const width = await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth));
    expect(width, "its stills are as large as it is").toBe(3840);
  });

  await test.step("sound without a sound", async () => {
    const found = await outcome(await make(folder, "silent.mp4", { sound: "anullsrc=r=48000:cl=mono:d=12[s]" }));
    expect(found.clips).toBeGreaterThan(1);
    expect(found.says).toMatch(/microphone heard nothing/);
  });

  await test.step("sound that was too loud", async () => {
    const found = await outcome(await make(folder, "loud.mp4", { sound: "sine=f=330:r=48000:d=12,volume=40:precision=fixed[s]" }));
    expect(found.clips).toBeGreaterThan(1);
    expect(found.says).toMatch(/distorted/);
  });

  await test.step("no sound at all", async () => {
    const found = await outcome(await make(folder, "mute.mp4", { sound: undefined }));
    expect(found.clips).toBeGreaterThan(1);
    expect(found.says).not.toMatch(/microphone/);
  });

  expect(complaints).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});

for (const [how, damage] of [
  ["missing", undefined],
  ["damaged", (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte, at) => (at === bytes.length - 100 ? byte ^ 1 : byte)))],
] as const) {
  test(`a ${how} model is told of, and frame differences find the cuts`, async ({ vitrine, browse }) => {
    test.setTimeout(180_000);
    const context = await (await browse()).newContext();
    await context.route(/shots.*\.bin/, async (route) => {
      if (!damage) return route.fulfill({ status: 404, body: "gone" });
      const response = await route.fetch();
      await route.fulfill({ response, body: damage(await response.body()) });
    });
    const page = await context.newPage();
    await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
    await page.goto(`${vitrine.url}/studio`);
    await expect(page.locator(".studio")).toHaveAttribute("data-analysis", "plain");
    await expect(by(page, "notice").first()).toContainText(how === "missing" ? /model.* is not there/ : /model.* damaged/);
    const footage = await studioFootage();
    await by(page, "import-file").setInputFiles(footage.film);
    await expect(by(page, "make-page")).toBeVisible({ timeout: 120_000 });
    await expect(by(page, "engine")).toHaveAttribute("data-engine", "plain");
    const shots = await by(page, "shot").evaluateAll((ticks) => ticks.map((tick) => Number(tick.getAttribute("data-start"))));
    const found = shots.slice(1);
    expect(found.length).toBe(footage.cuts.length);
    for (const [at, cut] of footage.cuts.entries()) expect(Math.abs((found[at] ?? 0) - cut)).toBeLessThan(0.07);
  });
}
