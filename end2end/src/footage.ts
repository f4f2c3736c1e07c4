// What the camera sees: footage made here from the demo shop's own pictures, and the real sessions where they are present.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const kept = join(process.env["CARGO_TARGET_DIR"] ?? join(root, "target"), "footage");

/** A film as Chromium's fake devices take it, with what is true of it. */
export interface Footage {
  name: string;
  /** MJPEG for the camera, 640 × 360 at 30 frames a second; loops. */
  camera: string;
  /** WAV for the microphone, 48 kHz; plays once. */
  microphone: string;
  /** The same as an MP4 (H.264, AAC) for the import path. */
  film: string;
  /** Length, s. */
  duration: number;
  /** First frames of new shots, s. */
  cuts: number[];
}

async function encode(name: string, key: string, input: string[]): Promise<Pick<Footage, "name" | "camera" | "microphone" | "film">> {
  const folder = join(kept, `${name}-${createHash("sha256").update(key).digest("hex").slice(0, 12)}`);
  const paths = { name, camera: join(folder, "camera.mjpeg"), microphone: join(folder, "microphone.wav"), film: join(folder, "film.mp4") };
  if (existsSync(folder)) return paths;
  const draft = `${folder}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  const film = join(draft, "film.mp4");
  const options = { maxBuffer: 64 << 20 };
  await run("ffmpeg", ["-v", "error", "-y", ...input, "-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ar", "48000", "-movflags", "+faststart", film], options);
  await run("ffmpeg", ["-v", "error", "-y", "-i", film, "-an", "-vf", "scale=640:360,fps=30", "-c:v", "mjpeg", "-q:v", "4", "-pix_fmt", "yuvj420p", join(draft, "camera.mjpeg")], options);
  await run("ffmpeg", ["-v", "error", "-y", "-i", film, "-vn", "-ac", "2", "-ar", "48000", "-c:a", "pcm_s16le", join(draft, "microphone.wav")], options);
  // The other worker may have made the same film meanwhile; one of them is enough.
  await rename(draft, folder).catch(async (error: unknown) => {
    if (!existsSync(folder)) throw error;
    await rm(draft, { recursive: true, force: true });
  });
  return paths;
}

/** Eleven shots of six seconds over the demo shop's pictures: slow pans and zooms, hard cuts, a tone that swells in every second shot. */
export async function studioFootage(): Promise<Footage> {
  const folder = join(root, "server", "seed");
  const photos = (await readdir(folder)).filter((name) => name.endsWith(".jpg")).sort();
  const shots = 11;
  const seconds = 6;
  if (photos.length < 4) throw new Error(`${folder} has ${photos.length} pictures, and neighbouring shots need to differ`);
  const chosen = Array.from({ length: shots }, (_, at) => join(folder, photos[at % photos.length] ?? ""));
  const frames = seconds * 30;
  const pictures = chosen.flatMap((path) => ["-i", path]);
  const moves = chosen.map((_, at) => {
    const zoom = at % 2 === 0 ? `1.1+0.3*on/${frames}` : `1.4-0.3*on/${frames}`;
    const across = at % 3 === 0 ? `(iw-iw/zoom)*on/${frames}` : "(iw-iw/zoom)/2";
    return `[${at}:v]scale=1280:-2,crop=1280:720,zoompan=z='${zoom}':x='${across}':y='(ih-ih/zoom)/2':d=${frames}:s=640x360:fps=30,setsar=1[v${at}]`;
  });
  const graph = [
    ...moves,
    `${chosen.map((_, at) => `[v${at}]`).join("")}concat=n=${shots}:v=1:a=0[v]`,
    `aevalsrc='0.02*random(0)+0.25*sin(2*PI*330*t)*gt(mod(t\\,12)\\,6)*sin(PI*mod(t\\,6)/6)':s=48000:d=${shots * seconds}[a]`,
  ].join(";");
  const key = JSON.stringify([graph, await Promise.all(chosen.map(async (path) => createHash("sha256").update(await readFile(path)).digest("hex")))]);
  const files = await encode("studio", key, [...pictures, "-filter_complex", graph, "-map", "[v]", "-map", "[a]"]);
  return { ...files, duration: shots * seconds, cuts: Array.from({ length: shots - 1 }, (_, at) => (at + 1) * seconds) };
}

/** A film of one colour and no sound: nothing to choose from. */
export async function blackFootage(): Promise<Footage> {
  const input = ["-f", "lavfi", "-i", "color=black:s=640x360:r=30:d=8", "-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo:d=8", "-shortest"];
  return { ...(await encode("black", JSON.stringify(input), input)), duration: 8, cuts: [] };
}

/** One still picture held for eight seconds, without sound. */
export async function staticFootage(): Promise<Footage> {
  const input = ["-f", "lavfi", "-i", "testsrc=s=640x360:r=30:d=1,trim=end_frame=1,loop=240:1:0", "-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo:d=8", "-shortest"];
  return { ...(await encode("static", JSON.stringify(input), input)), duration: 8, cuts: [] };
}

/** The real sessions with their truth; empty where the evaluation data is absent. */
export async function sessions(): Promise<Footage[]> {
  const folder = join(root, "..", "shared", "data", "sessions");
  if (!existsSync(join(folder, "truth.json"))) {
    process.stderr.write("sessions: the evaluation data is absent, so only footage made here is filmed\n");
    return [];
  }
  const truth = JSON.parse(await readFile(join(folder, "truth.json"), "utf8")) as Record<string, { duration_s: number; cuts: number[]; sha256: string }>;
  const found: Footage[] = [];
  for (const [file, entry] of Object.entries(truth)) {
    const name = file.replace(/\.mp4$/, "");
    const files = await encode(name, entry.sha256, ["-i", join(folder, file)]);
    found.push({ ...files, duration: entry.duration_s, cuts: entry.cuts });
  }
  return found;
}

