// The network in our worker beside the same network in onnxruntime-web: same page, same thumbnails, one thread and SIMD each.

import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type { Browser } from "@playwright/test";

import { sessions, studioFootage } from "../src/footage.ts";
import { figure, median } from "../src/figure.ts";
import { expect, test } from "../src/shop.ts";
import { Site } from "../src/site.ts";
import { type Bench, prepare } from "../src/workers.ts";

const run = promisify(execFile);

const PEER = "onnxruntime-web";
const BLOCK = 32;
const BYTES = 48 * 27 * 3;

function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run this by \`cargo xtask bench vision\``);
  return value;
}

/** The first minute's thumbnails, as whole blocks. */
async function thumbnails(): Promise<Buffer> {
  const footage = (await sessions())[0] ?? (await studioFootage());
  const { stdout } = (await run("ffmpeg", ["-v", "error", "-i", footage.film, "-an", "-vf", "scale=48:27:flags=area", "-f", "rawvideo", "-pix_fmt", "rgb24", "-fps_mode", "passthrough", "-"], {
    encoding: "buffer",
    maxBuffer: 64 << 20,
  })) as unknown as { stdout: Buffer };
  const frames = Math.floor(stdout.length / BYTES / BLOCK) * BLOCK;
  return stdout.subarray(0, frames * BYTES);
}

/** A page on a browser that has never seen the site, as a first visit is. */
async function visit(browser: Browser, site: Site) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await prepare(page, site.url, site.bundles);
  return { page, leave: () => context.close() };
}

async function served(): Promise<Site> {
  return Site.serve({ runtime: given("VITRINE_ORT"), model: dirname(given("VITRINE_ONNX")), bench: dirname(fileURLToPath(import.meta.url)) });
}

test("onnx beside: the first result on a first visit", async ({ browse }) => {
  const site = await served();
  const browser = await browse();
  const thumbs = (await thumbnails()).subarray(0, 2 * BLOCK * BYTES).toString("base64");
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    {
      const { page, leave } = await visit(browser, site);
      ours.push(await page.evaluate((thumbs) => (globalThis as unknown as { bench: Bench }).bench.first(thumbs), thumbs));
      await leave();
    }
    {
      const { page, leave } = await visit(browser, site);
      theirs.push(await page.evaluate((thumbs) => (globalThis as unknown as { bench: Bench }).bench.peer(thumbs, 0).then(({ first }) => first), thumbs));
      await leave();
    }
  }
  await site.close();
  process.stderr.write(`first result, s: ours ${ours.map((s) => s.toFixed(3)).join(" ")}, ${PEER} ${theirs.map((s) => s.toFixed(3)).join(" ")}\n`);
  await figure({ metric: "first_result", value: median(ours), unit: "s", peer: PEER, peer_value: median(theirs), limit: 1 / 3 });
});

test("onnx beside: frames a second when warm", async ({ browse }) => {
  const site = await served();
  const { page, leave } = await visit(await browse(), site);
  const all = await thumbnails();
  const frames = all.length / BYTES;
  const thumbs = all.toString("base64");
  const ours: number[] = [];
  const theirs: number[] = [];
  const turn = async () => {
    const mine = await page.evaluate((thumbs) => (globalThis as unknown as { bench: Bench }).bench.pace(thumbs), thumbs);
    const peer = await page.evaluate((thumbs) => (globalThis as unknown as { bench: Bench }).bench.peer(thumbs, 1), thumbs);
    return { mine, peer };
  };
  // The first turn is for the compilers. The same network: frames differ only where our differences overrule it, and at the
  // film's very end.
  const first = await turn();
  const same = first.peer.scores.filter((score, at) => Math.abs(score - (first.mine.scores[at]?.[1] ?? Number.NaN)) < 2e-3).length;
  expect(same / first.peer.scores.length).toBeGreaterThan(0.9);
  // Turn by turn, so that whatever else the machine does meets both.
  for (let round = 0; round < 5; round += 1) {
    const { mine, peer } = await turn();
    ours.push(frames / mine.seconds);
    theirs.push(frames / peer.seconds);
  }
  await leave();
  await site.close();
  process.stderr.write(`frames/s: ours ${ours.map((f) => f.toFixed(0)).join(" ")}, ${PEER} ${theirs.map((f) => f.toFixed(0)).join(" ")}\n`);
  await figure({ metric: "warm_throughput", value: median(ours), unit: "frames/s", peer: PEER, peer_value: median(theirs), limit: 1, at_least: true });
});
