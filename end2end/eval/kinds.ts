// Which films are made: a name that says container, encoding and what is odd about it, and how ffmpeg makes it.

import { edited, offsetsOfVersionZero, renamed, turned } from "./boxes.ts";
import { projection, SHOWN, shownAs, told } from "./elements.ts";

export interface Kind {
  name: string;
  /** Encoders and muxer. */
  how: string[];
  /** Length, s; 6 where nothing is said. */
  seconds?: number;
  size?: string;
  /** Frames a second. */
  rate?: string;
  /** A filter graph for the pictures; `null` for none. */
  pictures?: string | null;
  /** A filter graph for the sound, or several for as many tracks; `null` for none. */
  sound?: string | string[] | null;
  /** What the pictures go through last. */
  filter?: string;
  matrix?: string;
  range?: string;
  /** Further calls, in which IN stands for the film so far. */
  again?: string[][];
  /** A change of its bytes. */
  change?: (bytes: Buffer) => Buffer;
}

const tone = (seconds: number, channels = 1): string => `aevalsrc='${Array.from({ length: channels }, () => "0.3*sin(2*PI*(200+90*t)*t)").join("|")}':s=48000:d=${seconds}`;
const x264 = (format = "yuv420p"): string[] => ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-g", "30", "-bf", "2", "-pix_fmt", format];
const h264 = x264();
const aac = ["-c:a", "aac"];
const opus = ["-c:a", "libopus"];
const vp8 = ["-c:v", "libvpx", "-pix_fmt", "yuv420p", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M", "-g", "30"];
const vp9 = (format = "yuv420p"): string[] => ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M", "-g", "30", "-pix_fmt", format];
const av1 = (format = "yuv420p"): string[] => ["-c:v", "libsvtav1", "-preset", "10", "-crf", "25", "-g", "30", "-pix_fmt", format];
const tags = (primaries: string, transfer: string, matrix: string): string[] => ["-color_primaries", primaries, "-color_trc", transfer, "-colorspace", matrix];
/** Frames left out unevenly. */
const uneven = "select='not(eq(mod(n\\,7)\\,3))*not(between(mod(n\\,50)\\,20\\,26))'";
const slides = "color=0x74b696:s=320x180:r=1/2:d=2[a];color=0x9a6fb0:s=320x180:r=1/2:d=2[b];color=0xe6cd3a:s=320x180:r=1/2:d=2[c];color=0x2040c0:s=320x180:r=1/2:d=2[d];[a][b][c][d]concat=n=4:v=1:a=0";
const surround = "aevalsrc='0|0|0.3*sin(2*PI*(200+90*t)*t)|0|0.1*sin(2*PI*150*t)|0':c=5.1:s=48000:d=6";

const mp4 = (what: string, rest: Partial<Kind> = {}): Kind => ({ name: `mp4-h264-${what}.mp4`, how: [...h264, ...aac], ...rest });
const mov = (what: string, sound: string[], rest: Partial<Kind> = {}): Kind => ({ name: `mov-h264-${what}.mov`, how: [...h264, ...sound], ...rest });
/** Another picture, first in the file and switched off. */
const beside = ["-i", "IN", "-f", "lavfi", "-i", "color=0xc03030:s=320x180:r=30:d=6", "-map", "1:v", "-map", "0:v", "-map", "0:a", ...h264, "-c:a", "copy", "-disposition:v:0", "0", "-disposition:v:1", "default"];
const turn = (degrees: number): string[] => ["-i", "IN", "-c", "copy", "-metadata:s:v", `rotate=${degrees}`];

export const kinds: Kind[] = [
  // As most are.
  mp4("plain"),
  mp4("no-reordering", { how: [...h264, "-bf", "0", ...aac] }),
  mp4("open-groups", { how: [...h264, "-bf", "3", "-x264-params", "open-gop=1", ...aac] }),
  mp4("index-first", { how: [...h264, ...aac, "-movflags", "+faststart"] }),
  mp4("one-keyframe", { how: [...h264, "-g", "600", ...aac] }),
  mp4("no-sound", { sound: null }),
  mp4("sound-shorter", { sound: tone(3) }),
  mp4("sound-longer", { sound: tone(8) }),
  mp4("sound-late", { again: [["-i", "IN", "-itsoffset", "0.7", "-i", "IN", "-map", "0:v", "-map", "1:a", "-c", "copy"]] }),
  mp4("picture-late", { again: [["-itsoffset", "0.7", "-i", "IN", "-i", "IN", "-map", "0:v", "-map", "1:a", "-c", "copy"]] }),
  mp4("starts-at-3", { how: [...h264, ...aac, "-output_ts_offset", "3"] }),
  { name: "mp4-sound-only.mp4", pictures: null, how: aac },
  { name: "webm-sound-only.webm", pictures: null, how: opus },

  // Sound.
  mp4("aac-stereo-44100", { sound: tone(6, 2), how: [...h264, ...aac, "-ar", "44100"] }),
  mp4("aac-22050", { how: [...h264, ...aac, "-ar", "22050"] }),
  mp4("aac-six-channels", { sound: surround }),
  mp4("mp3", { how: [...h264, "-c:a", "libmp3lame"] }),
  mp4("opus", { how: [...h264, ...opus] }),
  mp4("flac", { how: [...h264, "-c:a", "flac", "-strict", "-2"] }),
  mp4("alac", { how: [...h264, "-c:a", "alac"] }),
  mp4("ac3", { how: [...h264, "-c:a", "ac3"] }),
  mp4("eac3", { how: [...h264, "-c:a", "eac3"] }),
  mov("pcm-s16le", ["-c:a", "pcm_s16le"]),
  mov("pcm-s16be", ["-c:a", "pcm_s16be"]),
  mov("pcm-s24le", ["-c:a", "pcm_s24le"]),
  mov("pcm-f32le", ["-c:a", "pcm_f32le"]),
  mov("pcm-u8", ["-c:a", "pcm_u8"]),
  mov("pcm-alaw-8000", ["-c:a", "pcm_alaw", "-ar", "8000"]),
  mov("pcm-mulaw", ["-c:a", "pcm_mulaw", "-ar", "16000"]),
  mov("pcm-96000", ["-c:a", "pcm_s24le", "-ar", "96000"]),
  mov("pcm-six-channels", ["-c:a", "pcm_s16le"], { sound: surround }),
  mov("aac", aac),

  // Fragments.
  mp4("fragments", { how: [...h264, ...aac, "-movflags", "+frag_keyframe+empty_moov"] }),
  mp4("fragments-by-track", { how: [...h264, ...aac, "-movflags", "+frag_keyframe+empty_moov+separate_moof+default_base_moof"] }),
  mp4("fragments-delayed-index", { how: [...h264, ...aac, "-movflags", "+frag_keyframe+delay_moov"] }),
  mp4("fragments-start-at-20", { how: [...h264, ...aac, "-movflags", "+frag_keyframe+empty_moov", "-output_ts_offset", "20"] }),
  { name: "mp4-vp9-fragments.mp4", how: [...vp9(), ...opus, "-movflags", "+frag_keyframe+empty_moov"] },

  // Edit lists, as far as this ffmpeg honours them; the reader's own tests have those that show nothing in between or one picture for long.
  mp4("cut-without-encoding", { seconds: 9, again: [["-ss", "2.2", "-i", "IN", "-c", "copy"]] }),
  mp4("edit-start-and-end", { change: edited([{ length: 3, from: 1.5 }]) }),
  mp4("edit-of-two-parts", { change: edited([{ length: 1.5, from: 0.5 }, { length: 2, from: 3.5 }]) }),
  mp4("edit-turned-round", { change: edited([{ length: 2, from: 3.5 }, { length: 2, from: 0.5 }]) }),
  mp4("edit-empty-first", { change: edited([{ length: 1 }, { length: 4, from: 1 }]) }),
  mov("edit-start-and-end", ["-c:a", "pcm_s16le"], { change: edited([{ length: 3, from: 1.5 }]) }),

  // Composition offsets.
  mp4("negative-offsets", { how: [...h264, ...aac, "-movflags", "+negative_cts_offsets"] }),
  mov("negative-offsets-version-0", aac, { how: [...h264, ...aac, "-movflags", "+negative_cts_offsets"], change: offsetsOfVersionZero }),
  mp4("parameters-repeated", { how: [...h264, ...aac, "-bsf:v", "dump_extra=freq=keyframe"] }),

  // Time.
  mp4("uneven-times", { filter: uneven, how: [...h264, ...aac, "-fps_mode", "vfr"] }),
  mp4("slides", { pictures: slides, seconds: 8, sound: tone(8), how: [...h264, ...aac, "-fps_mode", "passthrough"] }),
  mp4("time-lapse", { seconds: 40, rate: "1", sound: null }),
  mp4("24000-1001", { rate: "24000/1001" }),
  mp4("25", { rate: "25" }),
  mp4("60", { rate: "60" }),
  mp4("120", { rate: "120" }),
  mp4("240", { rate: "240", seconds: 4 }),
  { name: "webm-vp9-uneven-times.webm", filter: uneven, how: [...vp9(), ...opus, "-fps_mode", "vfr"] },
  { name: "mkv-h264-uneven-times.mkv", filter: uneven, how: [...h264, ...aac, "-fps_mode", "vfr"] },
  { name: "webm-vp8-slides.webm", rate: "10", seconds: 8, filter: "select='not(mod(n\\,20))'", how: [...vp8, ...opus, "-fps_mode", "vfr"] },

  // Shape.
  mp4("turned-90", { again: [turn(90)] }),
  mp4("turned-180", { again: [turn(180)] }),
  mp4("turned-270", { again: [turn(270)] }),
  mp4("mirrored", { change: turned(-1, 0, 0, 1) }),
  mp4("upside-down-mirrored", { change: turned(1, 0, 0, -1) }),
  mov("turned-90", ["-c:a", "pcm_s16le"], { again: [[...turn(90)]] }),
  mp4("anamorphic", { filter: "scale=240:180,setsar=4/3" }),
  mp4("anamorphic-narrow", { filter: "scale=320:240,setsar=3/4" }),
  mp4("anamorphic-turned", { filter: "scale=240:180,setsar=4/3", again: [turn(90)] }),
  { name: "mkv-h264-anamorphic.mkv", filter: "scale=240:180,setsar=4/3", how: [...h264, ...aac] },
  { name: "webm-vp9-anamorphic.webm", filter: "scale=240:180,setsar=4/3", how: [...vp9(), ...opus] },
  { name: "webm-vp8-odd-size.webm", filter: "scale=321:181", how: [...vp8, ...opus] },
  mp4("upright", { size: "180x320" }),
  mp4("hd", { size: "1280x720", matrix: "bt709" }),

  // Depth and colour.
  mp4("10-bit", { how: [...x264("yuv420p10le"), ...aac] }),
  mp4("422", { how: [...x264("yuv422p"), ...aac] }),
  mp4("422-10-bit", { how: [...x264("yuv422p10le"), ...aac] }),
  mp4("444", { how: [...x264("yuv444p"), ...aac] }),
  mp4("full-range", { range: "pc", how: [...h264, "-color_range", "pc", ...aac] }),
  mp4("tagged-bt709", { matrix: "bt709", how: [...h264, ...tags("bt709", "bt709", "bt709"), ...aac] }),
  mp4("tagged-bt601", { how: [...h264, ...tags("smpte170m", "smpte170m", "smpte170m"), ...aac] }),
  mp4("hlg", { matrix: "bt2020", how: [...x264("yuv420p10le"), ...tags("bt2020", "arib-std-b67", "bt2020nc"), ...aac] }),
  mp4("pq", { matrix: "bt2020", how: [...x264("yuv420p10le"), ...tags("bt2020", "smpte2084", "bt2020nc"), ...aac] }),
  mp4("bt2020", { matrix: "bt2020", how: [...x264("yuv420p10le"), ...tags("bt2020", "bt2020-10", "bt2020nc"), ...aac] }),
  { name: "mp4-av1-bt709-in-stream.mp4", matrix: "bt709", how: [...av1(), ...tags("bt709", "bt709", "bt709"), ...aac], change: renamed("colr", "free") },
  { name: "webm-vp9-bt709.webm", matrix: "bt709", how: [...vp9(), ...tags("bt709", "bt709", "bt709"), ...opus] },
  { name: "webm-vp9-10-bit.webm", how: [...vp9("yuv420p10le"), ...opus] },
  { name: "webm-vp9-hlg.webm", matrix: "bt2020", how: [...vp9("yuv420p10le"), ...tags("bt2020", "arib-std-b67", "bt2020nc"), ...opus] },
  { name: "webm-vp9-444.webm", how: [...vp9("yuv444p"), ...opus] },
  { name: "mp4-av1-10-bit.mp4", how: [...av1("yuv420p10le"), ...opus] },
  { name: "mkv-h264-pq.mkv", matrix: "bt2020", how: [...x264("yuv420p10le"), ...tags("bt2020", "smpte2084", "bt2020nc"), ...aac] },

  // WebM and Matroska.
  { name: "webm-vp8-vorbis.webm", how: [...vp8, "-c:a", "libvorbis"] },
  { name: "webm-vp9-opus.webm", how: [...vp9(), ...opus] },
  { name: "webm-av1-opus.webm", how: [...av1(), ...opus] },
  { name: "webm-vp9-live.webm", how: [...vp9(), ...opus, "-live", "1"] },
  { name: "webm-vp9-starts-at-20.webm", how: [...vp9(), ...opus, "-output_ts_offset", "20"] },
  { name: "mkv-h264-turned-90.mkv", how: [...h264, ...aac, "-live", "1"], change: told([], projection(-90, 0)) },
  { name: "webm-vp9-turned-270.webm", how: [...vp9(), ...opus, "-live", "1"], change: told([], projection(90, 0)) },
  { name: "webm-vp9-turned-180.webm", how: [...vp9(), ...opus, "-live", "1"], change: told([], projection(180, 0)) },
  { name: "mkv-h264-mirrored.mkv", how: [...h264, ...aac, "-live", "1"], change: told([], projection(0, 180)) },
  { name: "mkv-h264-shown-as-16-to-9.mkv", filter: "scale=240:180", how: [...h264, ...aac, "-live", "1"], change: told(SHOWN, shownAs(16, 9)) },
  { name: "mkv-h264-aac.mkv", how: [...h264, ...aac] },
  { name: "mkv-h264-pcm.mkv", how: [...h264, "-c:a", "pcm_s16le"] },
  { name: "mkv-h264-flac.mkv", how: [...h264, "-c:a", "flac"] },
  { name: "mkv-h264-mp3.mkv", how: [...h264, "-c:a", "libmp3lame"] },
  { name: "mkv-h264-ac3.mkv", how: [...h264, "-c:a", "ac3"] },
  { name: "mkv-h264-six-channels.mkv", sound: surround, how: [...h264, ...aac] },
  { name: "mkv-h264-two-sounds.mkv", sound: [tone(6), "sine=f=900:r=48000:d=6"], how: [...h264, ...aac, "-disposition:a:0", "default", "-disposition:a:1", "0"] },
  { name: "mp4-vp9.mp4", how: [...vp9(), ...opus] },
  { name: "mp4-av1.mp4", how: [...av1(), ...aac] },

  // Several tracks.
  mp4("two-sounds", { sound: ["sine=f=900:r=48000:d=6", tone(6)], how: [...h264, ...aac, "-disposition:a:0", "0", "-disposition:a:1", "default"] }),

  mp4("two-pictures", { again: [beside] }),
  { name: "mkv-h264-two-pictures.mkv", how: [...h264, ...aac], again: [beside] },
  { name: "mkv-h264-second-sound.mkv", sound: ["sine=f=900:r=48000:d=6", tone(6)], how: [...h264, ...aac, "-disposition:a:0", "0", "-disposition:a:1", "default"] },

  // What browsers do not decode.
  { name: "mp4-hevc.mp4", how: ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-tag:v", "hvc1", "-pix_fmt", "yuv420p", ...aac] },
  { name: "mkv-hevc.mkv", how: ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p", ...aac] },
  { name: "mp4-mpeg4-part2.mp4", how: ["-c:v", "mpeg4", ...aac] },
  { name: "mkv-mpeg4-part2.mkv", how: ["-c:v", "mpeg4", ...aac] },
  { name: "mov-prores.mov", how: ["-c:v", "prores_ks", "-c:a", "pcm_s16le"] },
  { name: "mov-mjpeg.mov", range: "pc", how: ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"] },
  { name: "mkv-theora.mkv", how: ["-c:v", "libtheora", "-c:a", "libvorbis"] },
  { name: "mkv-mpeg2.mkv", how: ["-c:v", "mpeg2video", "-c:a", "mp2"] },
  { name: "avi-mpeg4-part2.avi", how: ["-c:v", "mpeg4", "-c:a", "libmp3lame"] },
  { name: "ts-h264.ts", how: [...h264, ...aac] },
  { name: "wmv-wmv2.wmv", how: ["-c:v", "wmv2", "-c:a", "wmav2"] },
];
