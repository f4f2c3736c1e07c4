// What a recording holds, read from the session's log on the page's device (`frontend/worker/src/record.rs`).

import type { Page } from "@playwright/test";

const header = 28;
const video = 4;

/** Presentation times of every picture recorded on this page's device, s. Expects one session there. */
export async function pictures(page: Page): Promise<number[]> {
  return page.evaluate(
    async ([header, video]) => {
      const root = await navigator.storage.getDirectory();
      const times: number[] = [];
      const sessions = await root.getDirectoryHandle("sessions");
      for await (const name of sessions.keys()) {
        const log = await (await (await sessions.getDirectoryHandle(name)).getFileHandle("log")).getFile();
        for (let at = 0; at + header <= log.size; ) {
          const head = new DataView(await log.slice(at, at + header).arrayBuffer());
          if (head.getUint8(4) === video) times.push(Number(head.getBigInt64(8, true)) / 1e6);
          at += header + head.getUint32(20, true);
        }
      }
      return times;
    },
    [header, video] as const,
  );
}

/** How many pictures lie in a span: a clip begins with a keyframe at its start and ends before its end. */
export function within(times: number[], [start, end]: [number, number]): number {
  // Both are known to the microsecond, and a picture may come less than a millisecond before a clip ends.
  const us = (s: number) => Math.round(s * 1e6);
  return times.filter((t) => us(t) >= us(start) && us(t) < us(end)).length;
}
