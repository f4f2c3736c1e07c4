// What bytes really are, by an independent reader: ffprobe and ffmpeg.

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Film {
  /** Length of the video track, s. */
  duration: number;
  width: number;
  height: number;
  codec: string;
  audio: string | undefined;
  /** Frames that decode without an error. */
  frames: number;
  /** Presentation time of each keyframe, s. */
  keyframes: number[];
}

async function withFile<T>(bytes: Uint8Array, name: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "vitrine-probe-"));
  try {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Decodes a film from first to last frame; throws where a frame does not decode. */
export async function film(bytes: Uint8Array): Promise<Film> {
  return withFile(bytes, "film.mp4", async (path) => {
    await run("ffmpeg", ["-v", "error", "-xerror", "-i", path, "-f", "null", "-"]);
    const { stdout } = await run(
      "ffprobe",
      ["-v", "error", "-show_entries", "stream=codec_type,codec_name,width,height,duration:packet=pts_time,flags,stream_index", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "json", path],
      { maxBuffer: 64 << 20 },
    );
    const found = JSON.parse(stdout) as {
      streams: Array<{ codec_type: string; codec_name: string; width?: number; height?: number; duration?: string; nb_read_frames?: string }>;
      packets: Array<{ stream_index: number; pts_time: string; flags: string }>;
    };
    const at = found.streams.findIndex((stream) => stream.codec_type === "video");
    const video = found.streams[at];
    if (!video) throw new Error("no video track");
    return {
      duration: Number(video.duration),
      width: video.width ?? 0,
      height: video.height ?? 0,
      codec: video.codec_name,
      audio: found.streams.find((stream) => stream.codec_type === "audio")?.codec_name,
      frames: Number(video.nb_read_frames),
      keyframes: found.packets.filter((packet) => packet.stream_index === at && packet.flags.startsWith("K")).map((packet) => Number(packet.pts_time)),
    };
  });
}

/** Decodes a picture; throws where it is none. */
export async function picture(bytes: Uint8Array): Promise<{ width: number; height: number; codec: string; /** Standard deviation of its luma, 0–255. */ contrast: number }> {
  return withFile(bytes, "picture", async (path) => {
    const { stdout } = await run("ffprobe", ["-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "json", path]);
    const stream = (JSON.parse(stdout) as { streams: Array<{ codec_name: string; width: number; height: number }> }).streams[0];
    if (!stream) throw new Error("not a picture");
    const { stdout: grey } = (await run("ffmpeg", ["-v", "error", "-xerror", "-i", path, "-frames:v", "1", "-vf", "scale=64:64", "-f", "rawvideo", "-pix_fmt", "gray", "-"], {
      encoding: "buffer",
    })) as unknown as { stdout: Buffer };
    const mean = grey.reduce((sum, value) => sum + value, 0) / grey.length;
    const contrast = Math.sqrt(grey.reduce((sum, value) => sum + (value - mean) ** 2, 0) / grey.length);
    return { width: stream.width, height: stream.height, codec: stream.codec_name, contrast };
  });
}

/** A film's frames at 16 × 9 grey, one array a frame, to compare what they show. */
export async function thumbs(bytes: Uint8Array): Promise<Uint8Array[]> {
  return withFile(bytes, "film.mp4", async (path) => {
    const { stdout } = (await run("ffmpeg", ["-v", "error", "-i", path, "-an", "-vf", "scale=16:9", "-f", "rawvideo", "-pix_fmt", "gray", "-fps_mode", "passthrough", "-"], {
      encoding: "buffer",
      maxBuffer: 64 << 20,
    })) as unknown as { stdout: Buffer };
    return Array.from({ length: stdout.length / 144 }, (_, at) => stdout.subarray(at * 144, (at + 1) * 144));
  });
}
