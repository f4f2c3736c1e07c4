// A film as it came in beside the film as it is.

import type { Page } from "@playwright/test";

import { drift, loudness } from "./drift.ts";
import { play, shownAt } from "./player.ts";
import { colours, heard, type Picture, rate, type Referee, referee } from "./referee.ts";
import type { Brought } from "./studio.ts";

/** Tolerances. */
const TIME = 0.004;
const DRIFT_MS = 20;
const COLOUR = 8;
/** Of films whose colours a browser brings into those of common screens: two ways of its own differ as well. */
const WIDE_COLOUR = 20;

/** One film, one row. */
export interface Row {
  film: string;
  ok: boolean;
  outcome: "whole" | "refused";
  says: string;
  seconds?: number;
  seconds_wanted?: number;
  frames?: number;
  frames_wanted?: number;
  size?: string;
  size_wanted?: string;
  /** Mean difference of the sampled pictures, of 255. */
  colour?: number;
  /** That of the first still. */
  still_colour?: number;
  /** By how much the sound is late or early at most, ms. */
  drift_ms?: number;
  /** What is wrong, in words. */
  wrong: string[];
}

/** What encodings that browsers do not decode are called, by ffmpeg's name. */
const names: Record<string, RegExp> = {
  hevc: /HEVC/,
  mpeg4: /MPEG-4 Part 2/,
  prores: /ProRes/,
  mjpeg: /Motion JPEG/,
  theora: /Theora/,
  mpeg2video: /MPEG-2/,
  mpeg1video: /MPEG-1/,
  dnxhd: /DNxHD/,
  ffv1: /FFV1/,
  alac: /Apple Lossless/,
  ac3: /AC-3/,
  eac3: /E-AC-3/,
  dts: /DTS/,
  mp2: /MP2/,
};

/** Sound that browsers decode, or that is not encoded. */
const audible = /^(aac|mp3|opus|vorbis|flac|pcm_.*)$/;

/** Containers that are not read, by the ending of a file. */
const containers: Record<string, RegExp> = { avi: /AVI/, ts: /transport stream/, mts: /AVCHD|transport/, wmv: /Windows Media/, flv: /Flash/, mpg: /MPEG/, ogv: /Ogg/ };

function ending(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1).toLowerCase();
}

/** Holds what came in against the referee, and against a player where the referee does not say. */
export async function compare(name: string, theirs: Referee, brought: Brought, player: Page): Promise<Row> {
  const wrong: string[] = [];
  const row: Row = { film: name, ok: false, outcome: brought.film ? "whole" : "refused", says: brought.says, wrong };
  // Of a film whose sound is lost, the beginning is that of its picture.
  if (theirs.picture && theirs.sound && !audible.test(theirs.sound.codec)) {
    const first = theirs.picture.times[0] ?? 0;
    theirs.picture.times = theirs.picture.times.map((time) => time - first);
  }
  const played = theirs.picture ? await play(player, theirs.path) : undefined;
  if (!brought.film) {
    refused(theirs, brought.says, played !== undefined, wrong);
  } else {
    const ours = await referee(brought.film);
    row.seconds = round(end(ours) + brought.start);
    row.seconds_wanted = round(end(theirs));
    if (theirs.picture) await pictures(row, theirs, theirs.picture, ours, brought, player, played);
    else if (Math.abs(row.seconds - row.seconds_wanted) > 0.05) wrong.push("length");
    if (theirs.sound) await sounds(row, theirs, ours, brought);
    else if (ours.sound) wrong.push("sound from nowhere");
  }
  row.ok = wrong.length === 0;
  return row;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** One past the last moment of a film, s. */
function end(film: Referee): number {
  const { picture, sound } = film;
  return picture ? (picture.times.at(-1) ?? 0) + picture.last : (sound?.to ?? 0);
}

function refused(theirs: Referee, says: string, plays: boolean, wrong: string[]): void {
  const container = containers[ending(theirs.path)];
  const codec = theirs.picture?.codec ?? theirs.sound?.codec ?? "";
  if (container) {
    if (!container.test(says)) wrong.push("refused without naming what it is");
  } else if (plays) {
    wrong.push("refused, and a <video> plays it");
  } else if (!(names[codec] ?? new RegExp(codec, "i")).test(says)) {
    wrong.push(`refused without naming ${codec}`);
  }
  if (!/export|choose|record/.test(says)) wrong.push("refused without saying what to do");
}

async function pictures(row: Row, theirs: Referee, wanted: Picture, ours: Referee, brought: Brought, player: Page, played: { width: number; height: number } | undefined): Promise<void> {
  const { wrong } = row;
  const got = ours.picture;
  if (!got) {
    wrong.push("no picture");
    return;
  }
  [row.frames, row.frames_wanted] = [got.times.length, wanted.times.length];
  if (row.frames !== row.frames_wanted) wrong.push("frame count");
  if (Math.abs((row.seconds ?? 0) - (row.seconds_wanted ?? 0)) > wanted.frame) wrong.push("length");
  const late = wanted.times.map((time, at) => Math.abs((got.times[at] ?? 0) + brought.start - time));
  const worst = Math.max(...late);
  if (row.frames === row.frames_wanted && worst > TIME + wanted.loose) wrong.push(`a picture is ${Math.round(worst * 1000)} ms off`);
  const size = played ?? wanted;
  row.size = `${got.width}x${got.height}`;
  row.size_wanted = `${size.width}x${size.height}`;
  // Encoders take even sides.
  if (Math.abs(got.width - size.width) > 1 || Math.abs(got.height - size.height) > 1) wrong.push("size");
  if (brought.still && (Math.abs(brought.still.width - size.width) > 1 || Math.abs(brought.still.height - size.height) > 1)) wrong.push(`a still of ${brought.still.width}x${brought.still.height}`);
  const numbers = [...new Set([0.15, 0.45, 0.55, 0.9].map((share) => Math.floor(share * (wanted.times.length - 1))))];
  const seen = await colours(ours.path, got, numbers);
  const most = wanted.wide ? WIDE_COLOUR : COLOUR;
  const byPlayer = wanted.wide && played;
  const apart = (real: Uint8Array[]): number => Math.max(...real.map((picture, at) => mean(picture, seen[at] ?? new Uint8Array())));
  let colour = byPlayer ? Infinity : apart(await colours(theirs.path, wanted, numbers));
  if (colour > most && played) colour = Math.min(colour, apart(await shownAt(player, numbers.map((at) => middle(wanted, at)))));
  row.colour = Math.round(colour * 10) / 10;
  if (!(row.colour <= most)) wrong.push("colours");
  if (brought.still) await still(row, theirs, wanted, brought.still, byPlayer ? player : undefined, played ? player : undefined);
}

/** Halfway through the time a picture is shown, s. */
function middle(picture: Picture, at: number): number {
  const from = picture.times[at] ?? 0;
  return (from + (picture.times[at + 1] ?? from + picture.last)) / 2;
}

/** Holds a still against the pictures around its time, which is told in tenths. What this ffmpeg knows nothing of (turns in Matroska,
 * how bright pictures are shown on common screens) a player says. */
async function still(row: Row, theirs: Referee, wanted: Picture, taken: NonNullable<Brought["still"]>, only: Page | undefined, player: Page | undefined): Promise<void> {
  const numbers = wanted.times.flatMap((time, at) => (Math.abs(time - taken.time) < 0.1 + wanted.frame ? [at] : [])).slice(0, 60);
  const least = (real: Uint8Array[]): number => Math.min(...real.map((picture) => mean(picture, taken.colours)));
  const most = wanted.wide ? WIDE_COLOUR : COLOUR;
  let colour = only ? Infinity : least(await colours(theirs.path, wanted, numbers));
  if (colour > most && player) colour = Math.min(colour, least(await shownAt(player, numbers.map((at) => middle(wanted, at)))));
  row.still_colour = Math.round(colour * 10) / 10;
  if (!(row.still_colour <= most)) row.wrong.push("colours of a still");
}

/** Mean difference of two pictures; that of black and white where one is missing. */
function mean(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return 255;
  return a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0) / a.length;
}

/** The first moment at which a film is heard and its waveform shows nothing, s. */
function silentIn(sound: Float32Array, waveform: Array<[number, number]>): number | undefined {
  const tenth = rate / 10;
  // Not at its ends: a decoder may need a moment, and the last stretch may be short.
  for (let at = 2; at < Math.floor(sound.length / tenth) - 2; at++) {
    const around = [-1, 0, 1].map((by) => loudness(sound.subarray((at + by) * tenth, (at + by + 1) * tenth)));
    const least = 20 * Math.log10(Math.min(...around));
    const shown = waveform.filter(([t]) => Math.abs(t - at / 10) < 0.1).map(([, dbfs]) => dbfs);
    if (least > -40 && !shown.some((dbfs) => dbfs > least - 12)) return at / 10;
  }
  return undefined;
}

async function sounds(row: Row, theirs: Referee, ours: Referee, brought: Brought): Promise<void> {
  const { wrong } = row;
  if (!theirs.sound) return;
  if (!audible.test(theirs.sound.codec)) {
    const name = names[theirs.sound.codec] ?? new RegExp(theirs.sound.codec, "i");
    if (ours.sound) wrong.push(`sound out of ${theirs.sound.codec}`);
    if (!name.test(brought.says) || !/without sound/.test(brought.says)) wrong.push(`sound lost without naming ${theirs.sound.codec}`);
    return;
  }
  if (!ours.sound) {
    wrong.push("no sound");
    return;
  }
  const [is, wanted] = [await heard(ours, ours.sound), await heard(theirs, theirs.sound)];
  const same = wanted.subarray(Math.round(brought.start * rate));
  if (loudness(wanted) > 0.001 && loudness(is) < loudness(wanted) / 4) wrong.push("sound too quiet");
  const hole = silentIn(wanted, brought.loudness);
  if (hole !== undefined) wrong.push(`the waveform has a hole at ${hole.toFixed(1)} s`);
  const late = drift(same, is);
  if (late === undefined) return;
  row.drift_ms = Math.round(late * 10) / 10;
  if (late >= DRIFT_MS) wrong.push("sound out of place");
}
