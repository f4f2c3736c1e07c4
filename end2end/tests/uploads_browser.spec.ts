// tus-js-client and Uppy in Chromium, on a page of the shop, with the token of a program: its cookie uploads nothing by script.

import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { build } from "esbuild";
import type { Page } from "@playwright/test";

import { noise } from "../src/picture.ts";
import { expect, test } from "../src/shop.ts";
import { arrived, head, owner } from "../src/uploads.ts";

const root = join(import.meta.dirname, "..", "..");

/** Puts a file of the test into the page, as `window.file`. */
async function hold(page: Page, bytes: Buffer): Promise<void> {
  await page.evaluate((encoded) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    Object.assign(window, { file: new File([bytes], "cup.png", { type: "image/png", lastModified: 1 }) });
  }, bytes.toString("base64"));
}

/** What the scripts below find in the page. */
interface Held {
  tus: any;
  Uppy: any;
  Tus: any;
  file: File;
}

const chunkSize = 64 * 1024;
const metadata = { filename: "cup.png", filetype: "image/png" };

test("tus-js-client in Chromium: create, resume, parallel, abort, and the IETF's draft", async ({ vitrine, browse }) => {
  const lorna = await owner(vitrine, await browse());
  const { page, endpoint, headers } = lorna;
  await page.addScriptTag({ content: await readFile(join(root, "node_modules/tus-js-client/dist/tus.min.js"), "utf8") });
  const bytes = noise(420, 300);
  await hold(page, bytes);

  /** Runs an upload to its end, or until so many bytes are accepted. */
  const run = (options: Record<string, unknown>, end: { at?: number; terminate?: boolean } = {}) =>
    page.evaluate(
      ([options, end]) =>
        new Promise<string>((resolve, reject) => {
          const { tus, file } = window as unknown as Held;
          const upload = new tus.Upload(file, {
            ...options,
            retryDelays: null,
            onError: reject,
            onSuccess: () => resolve(upload.url),
            onChunkComplete: (_size: number, accepted: number) => {
              if (end.at !== undefined && accepted >= end.at) upload.abort(end.terminate).then(() => resolve(upload.url), reject);
            },
          });
          void upload.findPreviousUploads().then((previous: unknown[]) => {
            if (previous[0]) upload.resumeFromPreviousUpload(previous[0]);
            upload.start();
          }, reject);
        }),
      [{ endpoint, headers, metadata, chunkSize, ...options }, end] as const,
    );

  const left = await run({}, { at: 2 * chunkSize });
  const stands = await head(lorna, left);
  expect(stands.offset).toBeGreaterThanOrEqual(2 * chunkSize);
  const resumed = await run({ removeFingerprintOnSuccess: true });
  expect(resumed, "local storage knew it").toBe(left);
  await arrived(lorna, resumed, bytes);

  const parallel = await run({ parallelUploads: 3, storeFingerprintForResuming: false });
  await arrived(lorna, parallel, bytes);

  const draft = await run({ protocol: "ietf-draft-05", storeFingerprintForResuming: false });
  await arrived(lorna, draft, bytes);

  const aborted = await run({ storeFingerprintForResuming: false }, { at: chunkSize, terminate: true });
  expect((await head(lorna, aborted)).status).toBe(404);
});

test("Uppy in Chromium: three files at once, one paused and gone on with, one cancelled", async ({ vitrine, browse }) => {
  const lorna = await owner(vitrine, await browse());
  const { page, endpoint, headers } = lorna;
  const bundle = await build({
    stdin: { contents: 'import Uppy from "@uppy/core"; import Tus from "@uppy/tus"; Object.assign(window, { Uppy, Tus });', resolveDir: root },
    bundle: true,
    format: "iife",
    platform: "browser",
    write: false,
    logLevel: "error",
  });
  await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? "" });
  const files = [noise(420, 300), noise(200, 160), noise(160, 200)];
  const urls = await page.evaluate(
    async ([endpoint, headers, chunkSize, files]) => {
      const { Uppy, Tus } = window as unknown as Held;
      const uppy = new Uppy({ autoProceed: false });
      uppy.use(Tus, { endpoint, headers, chunkSize, retryDelays: [0, 100], limit: 3 });
      const ids: string[] = files.map((encoded, at) => {
        const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
        return uppy.addFile({ name: `cup-${at}.png`, type: "image/png", data: new Blob([bytes], { type: "image/png" }), meta: { filename: `cup-${at}.png` } });
      });
      const cancelled = uppy.addFile({ name: "no.png", type: "image/png", data: new Blob([new Uint8Array(8 * 1024 * 1024)], { type: "image/png" }) });
      let paused = false;
      let gone = "";
      uppy.on("upload-progress", (file: { id: string }, progress: { bytesUploaded: number }) => {
        if (file.id === ids[0] && !paused && progress.bytesUploaded > 0) {
          paused = true;
          uppy.pauseResume(file.id);
          queueMicrotask(() => uppy.pauseResume(file.id));
        }
        const url = uppy.getFile(cancelled)?.tus?.uploadUrl;
        if (file.id === cancelled && url && !gone) {
          gone = url;
          uppy.removeFile(cancelled);
        }
      });
      await uppy.upload();
      return { sent: ids.map((id) => uppy.getFile(id)?.tus?.uploadUrl ?? uppy.getFile(id)?.uploadURL ?? ""), gone, paused };
    },
    [endpoint, headers, chunkSize, files.map((file) => file.toString("base64"))] as const,
  );
  expect(urls.paused).toBe(true);
  for (const [at, url] of urls.sent.entries()) await arrived(lorna, url, files[at] ?? Buffer.alloc(0));
  expect(urls.gone).not.toBe("");
  await expect.poll(async () => (await head(lorna, urls.gone)).status, { message: "Uppy ends what it cancels" }).toBe(404);
});
