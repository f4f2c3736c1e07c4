// Figures for `cargo xtask bench`: one JSON object a line, in the file it names.

import { appendFile } from "node:fs/promises";

export interface Figure {
  metric: string;
  value: number;
  unit: string;
  /** What it is held against, and what that has. */
  peer?: string;
  peer_value?: number;
  /** Value by peer's value. */
  ratio?: number;
  /** The bound of the ratio, or of the value where there is no ratio. */
  limit?: number;
  /** Whether the bound is the least it may be rather than the most. */
  at_least?: boolean;
  ok: boolean;
}

/** Writes a figure; says whether it is within its bound. */
export async function figure(told: Omit<Figure, "ok" | "ratio">): Promise<boolean> {
  const ratio = told.peer_value === undefined ? undefined : told.value / told.peer_value;
  const bounded = ratio ?? told.value;
  const ok = told.limit === undefined || (told.at_least ? bounded >= told.limit : bounded <= told.limit);
  const line = JSON.stringify({ bench: "vision", ...told, ratio, ok });
  const file = process.env["VITRINE_FIGURES"];
  if (file) await appendFile(file, `${line}\n`);
  else process.stderr.write(`${line}\n`);
  return ok;
}

/** The middle one of an odd number of measurements. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("nothing was measured");
  return middle;
}
