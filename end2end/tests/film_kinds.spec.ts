// The kinds of film that people have, brought in from a file: picture, shape, colour and sound are those of the file.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type { Page } from "@playwright/test";

import { listen } from "../src/browser.ts";
import { expect, test } from "../src/shop.ts";
import { by, bytesOf, openShop, rememberBlobs } from "../src/steps.ts";

const run = promisify(execFile);
const cases = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "shared", "data", "cases");

/** Six seconds of green with a yellow square in its middle, then six of mauve with a blue one. */
const scene = (size: string): string => {
  const half = (ground: string, square: string): string => `color=${ground}:s=${size}:r=30:d=6,drawbox=x=iw/2-ih/4:y=ih/4:w=ih/2:h=ih/2:color=${square}:t=fill`;
  return `${half("0x74b696", "0xe6cd3a")}[a];${half("0x9a6fb0", "0x2040c0")}[b];[a][b]concat=n=2:v=1:a=0`;
};
const tone = "sine=f=330:r=48000:d=12,volume=0.3";
const h264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-bf", "2", "-pix_fmt", "yuv420p"];

async function make(folder: string, name: string, options: { pictures?: string; sound?: string; how?: string[] }): Promise<string> {
  const path = join(folder, name);
  // Sound that comes out of a graph has packets of a length that some encoders refuse.
  await run("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i", options.sound ?? tone, "-filter_complex", `${options.pictures ?? scene("320x180")}[v]`, "-map", "[v]", "-map", "0:a", ...(options.how ?? [...h264, "-c:a", "aac"]), path]);
  return path;
}

interface Brought {
  says: string;
  shots: number[];
  /** The middle of the first still and a place beside it, and its size. */
  middle: number[];
  beside: number[];
  size: number[];
}

async function bringIn(page: Page, url: string, film: string): Promise<Brought> {
  await page.goto(`${url}/studio`);
  await expect(by(page, "import-file")).toBeEnabled();
  await by(page, "import-file").setInputFiles(film);
  await expect(by(page, "make-page").or(by(page, "failure")).first()).toBeVisible({ timeout: 120_000 });
  await expect(by(page, "working")).toHaveCount(0, { timeout: 120_000 });
  const says = (await by(page, "notice").or(by(page, "failure")).allInnerTexts()).join(" ");
  const shots = await by(page, "shot").evaluateAll((ticks) => ticks.map((tick) => Number(tick.getAttribute("data-start"))));
  if ((await by(page, "still").count()) === 0) return { says, shots, middle: [], beside: [], size: [] };
  const picture = by(page, "still").first().locator("img").first();
  await expect(picture).toHaveAttribute("src", /^blob:/);
  const seen = await picture.evaluate(async (image: HTMLImageElement) => {
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext("2d");
    if (!context) throw new Error("no canvas");
    context.drawImage(image, 0, 0);
    const at = (x: number, y: number): number[] => Array.from(context.getImageData(Math.round(x * canvas.width), Math.round(y * canvas.height), 1, 1).data.slice(0, 3));
    return { middle: at(0.5, 0.5), beside: at(0.06, 0.1), size: [canvas.width, canvas.height] };
  });
  return { says, shots, ...seen };
}

/** Either half of the scene, whichever the still is of, within what an encoder rounds. */
function expectScene(found: Brought, by: number): void {
  const near = (a: number[], b: number[]): boolean => a.length === 3 && a.every((value, at) => Math.abs(value - (b[at] ?? 0)) <= by);
  const first = near(found.beside, [0x74, 0xb6, 0x96]) && near(found.middle, [0xe6, 0xcd, 0x3a]);
  const second = near(found.beside, [0x9a, 0x6f, 0xb0]) && near(found.middle, [0x20, 0x40, 0xc0]);
  expect(first || second, JSON.stringify(found)).toBe(true);
}

test("films of every kind come in as they are", async ({ vitrine, browse }) => {
  test.setTimeout(600_000);
  const folder = await mkdtemp(join(tmpdir(), "vitrine-kinds-"));
  const context = await (await browse()).newContext({ viewport: { width: 1440, height: 900 } });
  await rememberBlobs(context);
  const complaints = listen(context);
  const page = await context.newPage();
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
  const bring = (film: string): Promise<Brought> => bringIn(page, vitrine.url, film);

  await test.step("small without colour tags, as players take it", async () => {
    const found = await bring(await make(folder, "small.mp4", { pictures: `${scene("320x180")},scale=out_color_matrix=bt601` }));
    expect(found.shots.length, found.says).toBe(2);
    expectScene(found, 12);
    const clip = join(folder, "clip.mp4");
    await writeFile(clip, await bytesOf(by(page, "clip-card").first().locator("[data-test=clip-video]")));
    const { stdout } = await run("ffprobe", ["-v", "error", "-select_streams", "v", "-show_entries", "stream=color_space", "-of", "csv=p=0", clip]);
    expect(stdout.trim(), "the clip says what its colours mean").toBe("smpte170m");
  });

  await test.step("a clip to the film's end, a reel without a name, and nothing kept", async () => {
    await by(page, "span").last().click();
    await by(page, "handle-end").press("End");
    expect(Number(await by(page, "handle-end").getAttribute("aria-valuenow"))).toBeGreaterThan(11.9);
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth), "the page is as wide as the screen").toBeLessThanOrEqual(width);
    }
    const saved = page.waitForEvent("download");
    await by(page, "reel-save").click();
    expect((await saved).suggestedFilename()).toBe("reel.mp4");
    for (const drop of await by(page, "drop").all()) await drop.click();
    await expect(page.locator("[data-test=clip-card] [data-test=keep][aria-pressed=true]")).toHaveCount(0);
    await expect(page.locator("body")).not.toContainText(/[-−]0\.0/);
  });

  await test.step("pixels that are not square", async () => {
    const found = await bring(await make(folder, "aspect.mp4", { pictures: `${scene("320x180")},scale=240:180:out_color_matrix=bt601,setsar=4/3` }));
    expect(found.size).toEqual([320, 180]);
    expectScene(found, 14);
  });

  await test.step("more bits and more chroma than an encoder takes", async () => {
    for (const format of ["yuv420p10le", "yuv422p", "yuv444p"]) {
      const how = ["-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-pix_fmt", format, "-c:a", "aac"];
      const found = await bring(await make(folder, `${format}.mp4`, { pictures: `${scene("320x180")},scale=out_color_matrix=bt601`, how }));
      expect(found.shots.length, `${format}: ${found.says}`).toBe(2);
      expectScene(found, 14);
    }
  });

  await test.step("uncompressed sound, and six channels", async () => {
    // What is said in the middle goes to both sides, 3 dB lower.
    for (const [name, sound, how, loud] of [
      ["pcm.mov", tone, [...h264, "-c:a", "pcm_s16le"], -31.5],
      ["six.mp4", "aevalsrc='0|0|0.4*sin(2*PI*330*t)|0|0|0':c=5.1:s=48000:d=12", [...h264, "-c:a", "aac"], -14],
    ] as const) {
      const found = await bring(await make(folder, name, { sound, how: [...how] }));
      expect(found.says, name).not.toMatch(/without sound|heard nothing/);
      const clip = join(folder, "heard.mp4");
      await writeFile(clip, await bytesOf(by(page, "clip-card").first().locator("[data-test=clip-video]")));
      const { stderr } = await run("ffmpeg", ["-i", clip, "-af", "volumedetect", "-vn", "-f", "null", "-"]);
      const mean = Number(/mean_volume: (-?[\d.]+) dB/.exec(stderr)?.[1]);
      expect(Math.abs(mean - loud), `${name}: ${mean} dB`).toBeLessThan(1.5);
    }
  });

  await test.step("an encoding that browsers do not decode", async () => {
    const found = await bring(await make(folder, "asp.mp4", { how: ["-c:v", "mpeg4", "-c:a", "aac"] }));
    expect(found.says).toMatch(/MPEG-4 Part 2.*H\.264/);
    await expect(page.locator("body")).not.toContainText("safe on this device");
    await expect(by(page, "import-file"), "another can be chosen at once").toBeEnabled();
  });

  await test.step("sound that is lost is told again", async () => {
    const found = await bring(await make(folder, "ac3.mp4", { how: [...h264, "-c:a", "ac3"] }));
    expect(found.says).toMatch(/AC-3.*without sound/);
    await page.goto(`${vitrine.url}/studio`);
    await by(page, "session-open").first().click();
    await expect(by(page, "make-page")).toBeVisible({ timeout: 60_000 });
    expect((await by(page, "notice").allInnerTexts()).join(" ")).toMatch(/AC-3.*without sound/);
  });

  const drawn = (name: string): string => join(cases, name);
  if (existsSync(drawn("hlg-10bit.mp4"))) {
    await test.step("what others drew", async () => {
      const hlg = await bring(drawn("hlg-10bit.mp4"));
      expect(hlg.shots.length, hlg.says).toBe(2);
      const spread = Math.max(...hlg.middle) - Math.min(...hlg.middle);
      expect(spread, `${hlg.middle} is not grey`).toBeGreaterThan(100);
      for (const [name, shots] of [["composition-offsets.mov", 2], ["h264-annexb.webm", 2], ["pcm-sound.mov", 2], ["anamorphic.mp4", 2]] as const) {
        const found = await bring(drawn(name));
        expect(found.shots.length, `${name}: ${found.says}`).toBe(shots);
      }
      const slides = await bring(drawn("long-frames.mp4"));
      expect(slides.shots).toEqual([0, 4, 8, 12]);
      await expect(by(page, "recorded")).toContainText("16.0 s");
      // The last slide, which one frame stands for, gives a still and a clip of its length.
      const [stills, clips] = [await by(page, "still").count(), await by(page, "clip-card").count()];
      const box = await by(page, "timeline").boundingBox();
      if (!box) throw new Error("there is no timeline");
      await by(page, "timeline").click({ position: { x: box.width * 0.97, y: box.height / 2 } });
      await by(page, "add-still").click();
      await expect(by(page, "still")).toHaveCount(stills + 1);
      if (await by(page, "add-clip").isVisible()) {
        await by(page, "add-clip").click();
        await expect(by(page, "clip-card")).toHaveCount(clips + 1);
      }
      const spans = await by(page, "span").evaluateAll((spans) => spans.map((span) => Number((span as HTMLElement).style.getPropertyValue("--end"))));
      expect(Math.max(...spans), "a clip of the last slide, to its end").toBeGreaterThan(0.99);
      const kept = await bring(drawn("trimmed-by-edit-list.mov"));
      expect(kept.shots.length, kept.says).toBe(1);
      await expect(by(page, "recorded")).toContainText("7.0 s");
    });
  }

  expect(complaints).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});
