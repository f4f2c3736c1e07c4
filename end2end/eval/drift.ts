// By how much one sound is late beside another.

import { rate } from "./referee.ts";

/** The farthest that is looked, s. */
const FAR = 0.2;

/** Windows, s, and where in the film they lie, as shares of it. */
const WINDOW = 1.2;
const PLACES = [0.2, 0.5, 0.8];

/** Likeness of two stretches, 1 where they differ in loudness only. */
function likeness(a: Float32Array, from: number, b: Float32Array, at: number, length: number): number {
  let [product, ofA, ofB] = [0, 0, 0];
  for (let n = 0; n < length; n++) {
    const [x, y] = [a[from + n] ?? 0, b[at + n] ?? 0];
    product += x * y;
    ofA += x * x;
    ofB += y * y;
  }
  return ofA > 0 && ofB > 0 ? product / Math.sqrt(ofA * ofB) : 0;
}

/** Where a stretch of `a` lies in `b`, in samples late; nothing where one more than `apart` away is almost as likely, by `almost`. */
function place(a: Float32Array, b: Float32Array, from: number, length: number, far: number, apart: number, almost: number): { late: number } | undefined {
  const found = [];
  for (let late = -far; late <= far; late++) {
    if (from + late < 0 || from + late + length > b.length) continue;
    found.push({ late, likeness: likeness(a, from, b, from + late, length) });
  }
  const best = found.reduce((one, other) => (other.likeness > one.likeness ? other : one), { late: 0, likeness: 0 });
  const rival = found.some((other) => Math.abs(other.late - best.late) > apart && other.likeness > almost * best.likeness);
  return best.likeness < 0.5 || rival ? undefined : best;
}

/** Loudness every 5 ms, its mean taken away. */
function envelope(sound: Float32Array): Float32Array {
  const step = rate / 200;
  const loud = new Float32Array(Math.floor(sound.length / step));
  for (let n = 0; n < loud.length; n++) loud[n] = Math.sqrt(sound.subarray(n * step, (n + 1) * step).reduce((sum, x) => sum + x * x, 0) / step);
  const mean = loud.reduce((sum, x) => sum + x, 0) / (loud.length || 1);
  return loud.map((x) => x - mean);
}

/** The most that `b` is late (or early) beside `a`, ms; nothing where a sound is of a kind that does not show it. */
export function drift(a: Float32Array, b: Float32Array): number | undefined {
  const shared = Math.min(a.length, b.length);
  const length = Math.min(Math.floor(WINDOW * rate), Math.floor(shared / 3));
  const far = Math.floor(FAR * rate);
  const found = PLACES.map((share) => place(a, b, Math.floor(share * (shared - length)), length, far, 0.02 * rate, 0.9)).filter((one) => one !== undefined);
  if (found.length > 0) return Math.max(...found.map((one) => (Math.abs(one.late) * 1000) / rate));
  // A steady tone is alike everywhere; what it swells by is not.
  const [ours, theirs] = [envelope(a), envelope(b)];
  const all = Math.min(ours.length, theirs.length) - 80;
  const swell = all > 200 ? place(ours, theirs, 40, all, 40, 20, 0.995) : undefined;
  return swell && Math.abs(swell.late) * 5;
}

/** Loudness, root mean square. */
export function loudness(sound: Float32Array): number {
  return Math.sqrt(sound.reduce((sum, x) => sum + x * x, 0) / (sound.length || 1));
}
