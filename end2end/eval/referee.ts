// What ffprobe and ffmpeg make of a film: its pictures and when they are shown, its shape, colours and sound.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

import { edits } from "./boxes.ts";

const run = promisify(execFile);
const patience = { maxBuffer: 1 << 30 };

interface Stream {
  index: number;
  codec_type: string;
  codec_name?: string;
  codec_tag_string?: string;
  width?: number;
  height?: number;
  sample_aspect_ratio?: string;
  color_space?: string;
  color_range?: string;
  color_transfer?: string;
  color_primaries?: string;
  start_time?: string;
  disposition: { default: number; attached_pic: number };
  side_data_list?: Array<{ rotation?: number }>;
}

export interface Picture {
  /** Which stream, and its encoding by ffmpeg's name. */
  stream: number;
  codec: string;
  /** As it is shown: turned, its pixels square, pixels. */
  width: number;
  height: number;
  /** When each picture is shown, s from the film's beginning, by time. */
  times: number[];
  /** How long the last one is, and how long one is in the middle, s. */
  last: number;
  frame: number;
  /** By how much its times may be off: ffmpeg shows whole pictures of each of several edits, s. */
  loose: number;
  /** Whether its colours are not those of common screens, so that a browser says how they are shown. */
  wide: boolean;
  matrix: string;
  range: string;
}

export interface Sound {
  stream: number;
  codec: string;
  /** First and last moment, s from the film's beginning. */
  from: number;
  to: number;
}

export interface Referee {
  path: string;
  /** What its first moment is numbered, s. */
  begins: number;
  picture: Picture | undefined;
  sound: Sound | undefined;
}

async function probe<T>(path: string, ...args: string[]): Promise<T> {
  const { stdout } = await run("ffprobe", ["-v", "error", ...args, "-of", "json", path], patience);
  return JSON.parse(stdout) as T;
}

/** The one that plays where nobody chose. */
function main(streams: Stream[], kind: string): Stream | undefined {
  const all = streams.filter((stream) => stream.codec_type === kind && !stream.disposition.attached_pic);
  return all.find((stream) => stream.disposition.default) ?? all[0];
}

function square(stream: Stream): [number, number] {
  const [width, height] = [stream.width ?? 0, stream.height ?? 0];
  const [x, y] = (stream.sample_aspect_ratio ?? "1:1").split(":").map(Number);
  const ratio = x && y ? x / y : 1;
  const shown: [number, number] = ratio > 1 ? [Math.round(width * ratio), height] : [width, Math.round(height / ratio)];
  const turn = Math.abs(stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? 0);
  return turn === 90 || turn === 270 ? [shown[1], shown[0]] : shown;
}

/** Looks at a film; fails where ffmpeg finds none. */
export async function referee(path: string): Promise<Referee> {
  const { streams, format } = await probe<{ streams: Stream[]; format: { start_time?: string } }>(path, "-show_streams", "-show_format");
  // Nothing before 0 is ever shown: in fragments, sound that only warms a decoder up is there all the same.
  const begins = Math.max(0, Number(format.start_time ?? 0) || 0);
  const pictures = main(streams, "video");
  const sounds = main(streams, "audio");
  let picture: Picture | undefined;
  if (pictures) {
    const { frames } = await probe<{ frames: Array<{ best_effort_timestamp_time?: string; pkt_duration_time?: string }> }>(
      path,
      ...["-select_streams", `${pictures.index}`, "-show_entries", "frame=best_effort_timestamp_time,pkt_duration_time"],
    );
    const times = frames.map((frame) => Number(frame.best_effort_timestamp_time) - begins).sort((a, b) => a - b);
    const steps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    const frame = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0.033;
    const told = Number(frames.at(-1)?.pkt_duration_time) || 0;
    const [width, height] = square(pictures);
    const known = pictures.color_space && !["unknown", "reserved"].includes(pictures.color_space);
    const matrices: Record<string, string> = { bt709: "bt709", smpte170m: "bt601", bt470bg: "bt601", bt2020nc: "bt2020" };
    picture = {
      stream: pictures.index,
      codec: pictures.codec_name ?? pictures.codec_tag_string ?? "",
      width,
      height,
      times,
      last: told || frame,
      frame,
      loose: edits(await readFile(path)) > 1 ? frame : 0,
      wide: ["smpte2084", "arib-std-b67"].includes(pictures.color_transfer ?? "") || pictures.color_primaries === "bt2020",
      matrix: (known && matrices[pictures.color_space ?? ""]) || ((pictures.height ?? 0) < 720 ? "bt601" : "bt709"),
      range: pictures.color_range === "pc" ? "pc" : "tv",
    };
  }
  let sound: Sound | undefined;
  if (sounds) {
    const { packets } = await probe<{ packets: Array<{ pts_time?: string; duration_time?: string; side_data_list?: Array<{ side_data_type?: string; discard_padding?: number }> }> }>(
      path,
      ...["-select_streams", `${sounds.index}`, "-show_packets"],
    );
    const ends = packets.map((packet) => Number(packet.pts_time ?? 0) + Number(packet.duration_time ?? 0) - begins);
    sound = { stream: sounds.index, codec: sounds.codec_name ?? sounds.codec_tag_string ?? "", from: Math.max(0, Number(sounds.start_time ?? 0) - begins), to: ends.reduce((a, b) => Math.max(a, b), 0) };
  }
  return { path, begins, picture, sound };
}

/** Width and height of a sampled picture, pixels. */
export const sampled = { width: 32, height: 18 } as const;

/** Some of the pictures by their numbers, small, as red, green and blue. */
export async function colours(path: string, picture: Picture, numbers: number[]): Promise<Uint8Array[]> {
  const choose = numbers.map((number) => `eq(n\\,${number})`).join("+");
  const filter = `select='${choose}',scale=${sampled.width}:${sampled.height}:flags=area:in_color_matrix=${picture.matrix}:in_range=${picture.range},format=rgb24`;
  const { stdout } = (await run("ffmpeg", ["-v", "error", "-i", path, "-map", `0:${picture.stream}`, "-vf", filter, "-fps_mode", "passthrough", "-f", "rawvideo", "-"], { ...patience, encoding: "buffer" })) as unknown as { stdout: Buffer };
  const length = sampled.width * sampled.height * 3;
  return Array.from({ length: Math.floor(stdout.length / length) }, (_, at) => stdout.subarray(at * length, (at + 1) * length));
}

/** Samples a second of sound that is compared. */
export const rate = 8000;

/** A film's sound, one channel, from the film's beginning on. */
export async function heard({ path, begins }: Referee, sound: Sound): Promise<Float32Array> {
  const { stdout } = (await run("ffmpeg", ["-v", "error", "-copyts", "-i", path, "-map", `0:${sound.stream}`, "-af", `asetpts=PTS-${begins}/TB,aresample=${rate}:async=1:first_pts=0`, "-ac", "1", "-f", "f32le", "-"], { ...patience, encoding: "buffer" })) as unknown as { stdout: Buffer };
  return new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + (stdout.length & ~3)));
}
