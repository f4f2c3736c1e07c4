// What a <video> of the same browser makes of a film.

import type { Page } from "@playwright/test";

import { sampled } from "./referee.ts";

export interface Played {
  width: number;
  height: number;
}

/** Opens a film in a page that is nothing but a player; nothing where it shows no picture. */
export async function play(page: Page, path: string): Promise<Played | undefined> {
  await page.goto("about:blank");
  await page.setContent("<input type=file><video muted playsinline></video>");
  await page.locator("input").setInputFiles(path);
  return page.evaluate(
    () =>
      new Promise<{ width: number; height: number } | undefined>((resolve) => {
        const [video, file] = [document.querySelector("video"), document.querySelector("input")?.files?.[0]];
        if (!video || !file) throw new Error("no player");
        video.addEventListener("loadeddata", () => resolve(video.videoWidth > 0 ? { width: video.videoWidth, height: video.videoHeight } : undefined));
        video.addEventListener("error", () => resolve(undefined));
        video.src = URL.createObjectURL(file);
      }),
  );
}

/** The pictures it shows at some times, s, small, as red, green and blue. */
export async function shownAt(page: Page, times: number[]): Promise<Uint8Array[]> {
  const seen = await page.evaluate(
    async ({ times, width, height }) => {
      const video = document.querySelector("video");
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [width, height];
      const context = canvas.getContext("2d", { willReadFrequently: true });
      if (!video || !context) throw new Error("no player");
      context.imageSmoothingQuality = "high";
      const pictures: number[][] = [];
      for (const time of times) {
        await new Promise((resolve) => {
          video.addEventListener("seeked", resolve, { once: true });
          video.currentTime = time;
        });
        context.drawImage(video, 0, 0, width, height);
        const { data } = context.getImageData(0, 0, width, height);
        pictures.push(Array.from(data).filter((_, at) => at % 4 !== 3));
      }
      return pictures;
    },
    { times, ...sampled },
  );
  return seen.map((picture) => Uint8Array.from(picture));
}
