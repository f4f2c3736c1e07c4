// What the studio makes of a film: what it says, and the session it keeps of it as a film of its own.

import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect, type Page } from "@playwright/test";

import { by } from "../src/steps.ts";
import { sampled } from "./referee.ts";

const run = promisify(execFile);

export interface Brought {
  /** What it says of the film as a whole, or why it is refused. */
  says: string;
  /** The session as a film; nothing where the film is refused. */
  film: string | undefined;
  /** Where in the session its first picture is, s. */
  start: number;
  /** What the waveform is drawn of: moments, s, and loudness from there on for a tenth of a second, dB. */
  loudness: Array<[number, number]>;
  /** Length as the studio tells it. */
  recorded: string;
  /** The first still: its size, pixels, when it is from, s, and its colours, small. */
  still: { width: number; height: number; time: number; colours: Uint8Array } | undefined;
}

/** Forgets every session of this browser. The studio must not be open. */
async function forget(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/manage`);
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry("sessions", { recursive: true }).catch((error: unknown) => {
      if (!(error instanceof DOMException && error.name === "NotFoundError")) throw error;
    });
  });
}

/** The log of the only session there is; nothing where there is none. The studio must not be open. */
async function log(page: Page, url: string): Promise<Buffer | undefined> {
  await page.goto(`${url}/manage`);
  const text = await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const sessions = await root.getDirectoryHandle("sessions", { create: true });
    const logs: Blob[] = [];
    for await (const session of (sessions as unknown as { values(): AsyncIterable<FileSystemHandle> }).values()) {
      if (session.kind === "directory") logs.push(await (await (session as FileSystemDirectoryHandle).getFileHandle("log")).getFile());
    }
    const [one, another] = logs;
    if (another) throw new Error(`${logs.length} sessions of one film`);
    if (!one) return undefined;
    const bytes = new Uint8Array(await one.arrayBuffer());
    let binary = "";
    for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(binary);
  });
  return text === undefined ? undefined : Buffer.from(text, "base64");
}

/** Brings a film in. `folder` takes what is made of it. */
export async function bringIn(page: Page, url: string, path: string, folder: string): Promise<Brought> {
  await forget(page, url);
  await page.goto(`${url}/studio`);
  await expect(by(page, "import-file")).toBeEnabled();
  await expect(page.locator(".studio")).toHaveAttribute("data-analysis", "cpu");
  await by(page, "import-file").setInputFiles(path);
  await expect(by(page, "recorded").or(by(page, "failure")).first()).toBeVisible({ timeout: 300_000 });
  await expect(by(page, "working")).toHaveCount(0, { timeout: 300_000 });
  const says = (await by(page, "notice").or(by(page, "failure")).allInnerTexts()).join(" ");
  const recorded = (await by(page, "recorded").allInnerTexts()).join(" ");
  const picture = by(page, "still").first().locator("img").first();
  let still: Brought["still"];
  if ((await by(page, "still").count()) > 0) {
    await expect(picture).toHaveAttribute("src", /^blob:/);
    const seen = await picture.evaluate(async (image: HTMLImageElement, { width, height }) => {
      await image.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [width, height];
      const context = canvas.getContext("2d");
      if (!context) throw new Error("no canvas");
      context.imageSmoothingQuality = "high";
      context.drawImage(image, 0, 0, width, height);
      return { width: image.naturalWidth, height: image.naturalHeight, data: Array.from(context.getImageData(0, 0, width, height).data) };
    }, sampled);
    const [, minutes, seconds] = /(\d+):(\d+(?:\.\d+)?)/.exec(await by(page, "still").first().innerText()) ?? [];
    still = { width: seen.width, height: seen.height, time: Number(minutes) * 60 + Number(seconds), colours: Uint8Array.from(seen.data.filter((_, at) => at % 4 !== 3)) };
  }
  const bytes = await log(page, url);
  if (!bytes) return { says, film: undefined, start: 0, loudness: [], recorded, still };
  const [kept, film] = [join(folder, "session.log"), join(folder, "session.mp4")];
  await writeFile(kept, bytes);
  const program = process.env["VITRINE_SESSION_FILM"];
  if (!program) throw new Error("VITRINE_SESSION_FILM is not set: run this by `cargo xtask eval import`");
  const { stdout } = await run(program, [kept, film]);
  const { start, loudness } = JSON.parse(stdout) as Pick<Brought, "start" | "loudness">;
  return { says, film, start, loudness, recorded, still };
}
