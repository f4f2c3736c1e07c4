// Elements put into a made Matroska file (RFC 9559), to make what ffmpeg does not write. The file must be a live one: nothing in it counts from its start.

interface Found {
  id: number;
  /** Where it begins, where its content does, and one past that. */
  at: number;
  from: number;
  to: number;
}

/** The element at a place; one of unknown length goes on to the end. */
function element(bytes: Buffer, at: number): Found {
  const idLength = Math.clz32(bytes[at] ?? 0) - 23;
  const sizeAt = at + idLength;
  const sizeLength = Math.clz32(bytes[sizeAt] ?? 0) - 23;
  let size = BigInt((bytes[sizeAt] ?? 0) & (0xff >> sizeLength));
  let unknown = size === BigInt(0xff >> sizeLength);
  for (let n = 1; n < sizeLength; n++) {
    const byte = bytes[sizeAt + n] ?? 0;
    unknown &&= byte === 0xff;
    size = size * 256n + BigInt(byte);
  }
  const from = sizeAt + sizeLength;
  return { id: bytes.readUIntBE(at, idLength), at, from, to: unknown ? bytes.length : from + Number(size) };
}

function children(bytes: Buffer, from: number, to: number): Found[] {
  const found = [];
  for (let at = from; at < to; ) {
    const one = element(bytes, at);
    found.push(one);
    at = one.to;
  }
  return found;
}

function sized(id: number, content: Buffer): Buffer {
  const head = Buffer.alloc(12);
  const length = id > 0xff_ffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1;
  head.writeUIntBE(id, 0, length);
  head.writeBigUInt64BE(BigInt(content.length) | (1n << 56n), length);
  return Buffer.concat([head.subarray(0, length + 8), content]);
}

const SEGMENT = 0x1853_8067;
const TRACKS = 0x1654_ae6b;
const TRACK = 0xae;
const VIDEO = 0xe0;

/** Changes what the first picture says of itself: elements of the names given are taken out, and others put in. */
export function told(without: number[], more: Buffer): (bytes: Buffer) => Buffer {
  return (bytes) => {
    const segment = children(bytes, 0, bytes.length).find((one) => one.id === SEGMENT);
    const tracks = segment && children(bytes, segment.from, segment.to).find((one) => one.id === TRACKS);
    if (!tracks) throw new Error("there are no tracks");
    let seen = false;
    const entries = children(bytes, tracks.from, tracks.to).map((track) => {
      const inside = children(bytes, track.from, track.to);
      if (seen || track.id !== TRACK || !inside.some((one) => one.id === VIDEO)) return bytes.subarray(track.at, track.to);
      seen = true;
      const parts = inside.map((one) => {
        if (one.id !== VIDEO) return bytes.subarray(one.at, one.to);
        const kept = children(bytes, one.from, one.to).filter((child) => !without.includes(child.id));
        return sized(VIDEO, Buffer.concat([...kept.map((child) => bytes.subarray(child.at, child.to)), more]));
      });
      return sized(TRACK, Buffer.concat(parts));
    });
    return Buffer.concat([bytes.subarray(0, tracks.at), sized(TRACKS, Buffer.concat(entries)), bytes.subarray(tracks.to)]);
  };
}

/** A flat picture turned, degrees counted against the clock, and turned over. */
export function projection(roll: number, yaw: number): Buffer {
  const angle = (value: number): Buffer => {
    const content = Buffer.alloc(4);
    content.writeFloatBE(value);
    return content;
  };
  return sized(0x7670, Buffer.concat([sized(0x7671, Buffer.from([0])), sized(0x7673, angle(yaw)), sized(0x7675, angle(roll))]));
}

/** The size a picture is shown at, as a ratio rather than in pixels. */
export function shownAs(width: number, height: number): Buffer {
  return Buffer.concat([sized(0x54b0, Buffer.from([width])), sized(0x54ba, Buffer.from([height])), sized(0x54b2, Buffer.from([3]))]);
}

/** What says at which size a picture is shown. */
export const SHOWN = [0x54b0, 0x54ba, 0x54b2];
