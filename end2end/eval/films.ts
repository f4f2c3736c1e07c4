// Films of every kind, made with ffmpeg and, where it writes none, by changing a box of what it wrote: container × encoding × odd property.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { kinds, type Kind } from "./kinds.ts";

const run = promisify(execFile);

/** Six seconds: green with a yellow square, then mauve with a blue one; corners that differ, and a white square that wanders. */
function scene(size: string, rate: string, seconds: number): string {
  const half = (ground: string, square: string): string =>
    `color=${ground}:s=${size}:r=${rate}:d=${seconds / 2},drawbox=x=iw/2-ih/4:y=ih/4:w=ih/2:h=ih/2:color=${square}:t=fill,drawbox=x=0:y=0:w=iw/6:h=ih/6:color=0xc03030:t=fill,drawbox=x=iw*5/6:y=ih*5/6:w=iw/6:h=ih/6:color=0x3060c0:t=fill`;
  return (
    `${half("0x74b696", "0xe6cd3a")}[first];${half("0x9a6fb0", "0x2040c0")}[second];[first][second]concat=n=2:v=1:a=0[ground];` +
    `color=white:s=24x24:r=${rate}:d=${seconds}[small];[ground][small]overlay=x='mod(t*90,main_w-24)':y=main_h*0.8:shortest=1`
  );
}

/** A tone that climbs, so that a shift in time shows. */
function sweep(seconds: number): string {
  return `aevalsrc='0.3*sin(2*PI*(200+90*t)*t)':s=48000:d=${seconds}`;
}

async function ffmpeg(...args: string[]): Promise<void> {
  await run("ffmpeg", ["-v", "error", "-y", ...args], { maxBuffer: 64 << 20 });
}

async function make(kind: Kind, folder: string): Promise<void> {
  const path = join(folder, kind.name);
  if (existsSync(path)) return;
  const draft = join(folder, `draft-${kind.name}`);
  const seconds = kind.seconds ?? 6;
  const pictures = kind.pictures === undefined ? scene(kind.size ?? "320x180", kind.rate ?? "30", seconds) : kind.pictures;
  const sound = kind.sound === undefined ? sweep(seconds) : kind.sound;
  // Colours as players take small films that do not say.
  const matrix = kind.matrix ?? "bt601";
  const sounds = sound === null ? [] : Array.isArray(sound) ? sound : [sound];
  const inputs = sounds.flatMap((one) => ["-f", "lavfi", "-i", one]);
  const maps = sounds.flatMap((_, at) => ["-map", `${at}:a`]);
  if (pictures) {
    const graph = `${pictures},scale=out_color_matrix=${matrix}:out_range=${kind.range ?? "tv"}${kind.filter ? `,${kind.filter}` : ""}[v]`;
    inputs.push("-filter_complex", graph);
    maps.unshift("-map", "[v]");
  }
  await ffmpeg(...inputs, ...maps, ...kind.how, draft);
  for (const [at, again] of (kind.again ?? []).entries()) {
    const next = join(folder, `draft-${at}-${kind.name}`);
    await ffmpeg(...again.map((argument) => (argument === "IN" ? draft : argument)), next);
    await rename(next, draft);
  }
  if (kind.change) await writeFile(draft, kind.change(await readFile(draft)));
  await rename(draft, path);
}

/** What a film is made by. A change of its bytes is known by the text it stands in. */
async function recipe(kind: Kind): Promise<string> {
  const here = dirname(fileURLToPath(import.meta.url));
  const texts = kind.change ? await Promise.all(["kinds.ts", "boxes.ts", "elements.ts"].map((name) => readFile(join(here, name), "utf8"))) : [];
  return createHash("sha256").update(JSON.stringify([kind, scene("", "", 0), sweep(0), texts])).digest("hex");
}

/** Makes what is not there yet or was made in another way, and removes what nobody asks for any more. */
export async function makeFilms(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const list = join(folder, "recipes.json");
  const made: Record<string, string> = existsSync(list) ? (JSON.parse(await readFile(list, "utf8")) as Record<string, string>) : {};
  const wanted = new Map(await Promise.all(kinds.map(async (kind) => [kind.name, await recipe(kind)] as const)));
  for (const name of await readdir(folder)) {
    if (name !== "recipes.json" && (!wanted.has(name) || made[name] !== wanted.get(name))) await rm(join(folder, name));
  }
  for (const kind of kinds) {
    await make(kind, folder).catch((error: unknown) => {
      throw new Error(`${kind.name} cannot be made`, { cause: error });
    });
  }
  await writeFile(list, JSON.stringify(Object.fromEntries(wanted)));
}
