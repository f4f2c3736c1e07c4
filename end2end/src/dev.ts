// The development clips with their truth, as far as they are on this machine, and a set made here where they are not.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { studioFootage } from "./footage.ts";

const run = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const data = join(root, "..", "shared", "data");

/** Where what the benches make is kept. */
export const kept = join(process.env["CARGO_TARGET_DIR"] ?? join(root, "target"), "bench");

export interface Entry {
  fps: number;
  /** Largest step between frames next to a cut, s: how close is the same place. */
  frame_s: number;
  duration_s: number;
  same_content_as?: string | null;
}

export interface DevSet {
  name: string;
  /** Folder of the clips. */
  media: string;
  /** Truth file. */
  truth: string;
  /** By clip, without second encodes of others. */
  clips: Array<[string, Entry]>;
}

async function set(name: string, media: string, truth: string): Promise<DevSet> {
  const entries = JSON.parse(await readFile(truth, "utf8")) as Record<string, Entry>;
  return { name, media, truth, clips: Object.entries(entries).filter(([, entry]) => !entry.same_content_as) };
}

/** All sets there are. */
export async function sets(): Promise<DevSet[]> {
  const dev = join(data, "shots", "dev");
  if (existsSync(join(dev, "truth.json"))) {
    return [
      await set("sessions", join(data, "sessions"), join(data, "sessions", "truth.json")),
      await set("real", join(dev, "media"), join(dev, "truth.json")),
      await set("constructed", join(dev, "constructed"), join(dev, "constructed", "truth.json")),
    ];
  }
  process.stderr.write("clips: the evaluation data is absent, so only a film made here is brought in\n");
  const footage = await studioFootage();
  const truth = join(kept, "made.json");
  const entry = { cuts: footage.cuts, graduals: [], ignore: [], single_shot: false, fps: 30, frame_s: 1 / 30, vfr: false, first_pts: 0, duration_s: footage.duration, frames: footage.duration * 30 };
  await mkdir(kept, { recursive: true });
  await writeFile(truth, JSON.stringify({ "film.mp4": entry }));
  return [await set("made", dirname(footage.film), truth)];
}

/** A boundary, start and end, s. */
export type Span = [number, number];

/** What the native `eval-shots` says. */
export interface Verdict {
  f1: number;
  found: Record<string, Span[]>;
}

/** Scores and decides natively: the clips of a folder, or what a browser answered about them. */
export async function native(truth: string, source: { media: string } | { scores: string }, out: string): Promise<Verdict> {
  const program = process.env["VITRINE_EVAL"];
  if (!program) throw new Error("VITRINE_EVAL is not set: run this by `cargo xtask bench vision`");
  const given = "media" in source ? ["--media", source.media] : ["--scores", source.scores];
  const { stdout } = await run(program, ["--truth", truth, ...given, "--predictions", out, "--json"], { cwd: root, maxBuffer: 64 << 20 });
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line) as { bench: string; metric: string; value: number });
  const f1 = lines.find((line) => line.bench === "shots" && line.metric === "f1")?.value;
  if (f1 === undefined) throw new Error(`eval-shots said no f1:\n${stdout}`);
  return { f1, found: (JSON.parse(await readFile(out, "utf8")) as { clips: Record<string, Span[]> }).clips };
}
