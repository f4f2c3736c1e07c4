// Boxes of a made MP4 changed, to make what ffmpeg does not write. The media data stand before the index, so that nothing moves them.

interface Found {
  at: number;
  length: number;
}

function children(bytes: Buffer, from: number, to: number): Array<Found & { kind: string }> {
  const found = [];
  for (let at = from; at + 8 <= to; ) {
    const length = bytes.readUInt32BE(at);
    found.push({ at, length, kind: bytes.toString("latin1", at + 4, at + 8) });
    at += Math.max(length, 8);
  }
  return found;
}

/** The boxes on the way to one, outermost first, in the track of that number. */
function path(bytes: Buffer, names: string[], track: number): Found[] {
  const found: Found[] = [];
  let [from, to] = [0, bytes.length];
  for (const name of names) {
    const same = children(bytes, from, to).filter((box) => box.kind === name);
    const box = name === "trak" ? same[track] : same[0];
    if (!box) throw new Error(`there is no box ${name}`);
    found.push(box);
    [from, to] = [box.at + 8, box.at + box.length];
  }
  return found;
}

function body(bytes: Buffer, names: string[], track: number): Buffer {
  const box = path(bytes, names, track).at(-1);
  if (!box) throw new Error("no names");
  return bytes.subarray(box.at + 8, box.at + box.length);
}

/** How many spans the edit list of an MP4's first track shows, one after another; 0 where there is none. */
export function edits(bytes: Buffer): number {
  const box = ["moov", "trak", "edts", "elst"].reduce<Found | undefined>((outer, name) => outer && children(bytes, outer.at + 8, outer.at + outer.length).find((box) => box.kind === name), { at: -8, length: bytes.length + 8 });
  if (!box) return 0;
  const wide = bytes[box.at + 8] === 1;
  const starts = Array.from({ length: bytes.readUInt32BE(box.at + 12) }, (_, at) => (wide ? bytes.readBigInt64BE(box.at + 24 + 20 * at) : bytes.readInt32BE(box.at + 20 + 12 * at)));
  return starts.filter((start) => start >= 0).length;
}

export interface Edit {
  /** How long, s. */
  length: number;
  /** From where in the track, s; nothing is shown without it. */
  from?: number;
  /** One picture stands for all of it. */
  still?: boolean;
}

/** Gives both tracks of a film these edits (ISO/IEC 14496-12 §8.6.6); the picture's own time begins where its first picture is. */
export function edited(edits: Edit[]): (bytes: Buffer) => Buffer {
  return (bytes) => {
    let changed: Buffer = bytes;
    for (const track of [0, 1]) {
      const film = body(changed, ["moov", "mvhd"], 0).readUInt32BE(12);
      const own = body(changed, ["moov", "trak", "mdia", "mdhd"], track).readUInt32BE(12);
      const before = children(changed, ...inside(changed, track)).find((box) => box.kind === "edts");
      const begins = before ? body(changed, ["moov", "trak", "edts", "elst"], track).readInt32BE(12) / own : 0;
      const list = Buffer.alloc(8 + 12 * edits.length);
      list.writeUInt32BE(edits.length, 4);
      for (const [at, edit] of edits.entries()) {
        list.writeUInt32BE(Math.round(edit.length * film), 8 + 12 * at);
        list.writeInt32BE(edit.from === undefined ? -1 : Math.round((edit.from + begins) * own), 12 + 12 * at);
        list.writeUInt32BE(edit.still ? 0 : 0x10000, 16 + 12 * at);
      }
      const boxed = boxOf("edts", boxOf("elst", list));
      const outer = path(changed, ["moov", "trak"], track);
      const place = before ?? { at: inside(changed, track)[0] + body(changed, ["moov", "trak", "tkhd"], track).length + 8, length: 0 };
      const grown: Buffer = Buffer.concat([changed.subarray(0, place.at), boxed, changed.subarray(place.at + place.length)]);
      for (const box of outer) grown.writeUInt32BE(box.length + boxed.length - place.length, box.at);
      changed = grown;
    }
    return changed;
  };
}

function inside(bytes: Buffer, track: number): [number, number] {
  const trak = path(bytes, ["moov", "trak"], track).at(-1);
  if (!trak) throw new Error("no track");
  return [trak.at + 8, trak.at + trak.length];
}

function boxOf(kind: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(content.length + 8);
  head.write(kind, 4, "latin1");
  return Buffer.concat([head, content]);
}

/** Composition offsets under a version that knows no negative ones, as QuickTime writes them. */
export function offsetsOfVersionZero(bytes: Buffer): Buffer {
  body(bytes, ["moov", "trak", "mdia", "minf", "stbl", "ctts"], 0)[0] = 0;
  return bytes;
}

/** The first track's matrix: a, b, c, d, and where the picture is moved to by widths and heights. */
export function turned(a: number, b: number, c: number, d: number): (bytes: Buffer) => Buffer {
  return (bytes) => {
    const header = body(bytes, ["moov", "trak", "tkhd"], 0);
    const matrix = header[0] === 1 ? 52 : 40;
    for (const [at, value] of [a, b, 0, c, d].entries()) header.writeInt32BE(value * 0x10000, matrix + 4 * at);
    return bytes;
  };
}

/** A box, wherever it is, under a name that nobody reads. */
export function renamed(from: string, to: string): (bytes: Buffer) => Buffer {
  return (bytes) => {
    const at = bytes.indexOf(from, 0, "latin1");
    if (at < 0) throw new Error(`there is no box ${from}`);
    bytes.write(to, at, "latin1");
    return bytes;
  };
}
