//! The log of a session: records one after another, each with its own checksum, so that a file cut off anywhere (a
//! crashed tab, a full disk) is read up to its last whole record.
//!
//! A record is a header of [`HEADER`] bytes and a payload. Little-endian:
//!
//! | bytes | what |
//! | --- | --- |
//! | 0–3 | magic `VTR1` |
//! | 4 | kind |
//! | 5 | 1: keyframe |
//! | 6–7 | zero |
//! | 8–15 | presentation time, µs, signed |
//! | 16–19 | duration, µs (0: unknown) |
//! | 20–23 | payload length |
//! | 24–27 | CRC-32 (ISO-HDLC) of bytes 4–23 and the payload |

mod signal;

pub use signal::{loudness_from_bytes, loudness_to_bytes, moments_from_bytes, moments_to_bytes};

use domain::{
    capture::{Engine, Network, Selection, Weights},
    id::SessionId,
};
use serde::{Deserialize, Serialize};

/// Length of a record's header, bytes.
pub const HEADER: usize = 28;

/// The longest payload that is believed, bytes. A keyframe of an 8K camera stays far below.
pub const MAX_PAYLOAD: usize = 64 << 20;

const MAGIC: [u8; 4] = *b"VTR1";
/// Length of a checkpoint's payload, bytes: small and fixed, so that one is found at the end of a file without reading it all.
pub const CHECKPOINT: usize = 16;

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`Meta`] as JSON; first in the file.
    Meta,
    /// [`VideoConfig`] as JSON; holds for the video chunks after it.
    VideoConfig,
    /// [`AudioConfig`] as JSON; holds for the audio chunks after it.
    AudioConfig,
    /// One encoded picture.
    Video,
    /// One encoded stretch of sound.
    Audio,
    /// Analysed frames, see [`moments_to_bytes`].
    Moments,
    /// Analysed frames without a layout; read from older sessions, never written.
    SteadyMoments,
    /// Analysed frames without stability either; read from older sessions, never written.
    EarlyMoments,
    /// Loudness, see [`loudness_to_bytes`].
    Loudness,
    /// Loudness without what was clipped; read from older sessions, never written.
    EarlyLoudness,
    /// [`Checkpoint`]: how far the session has come.
    Checkpoint,
    /// A sentence for the creator, UTF-8: what was lost or left out when the session was made.
    Note,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Self::Meta => 1,
            Self::VideoConfig => 2,
            Self::AudioConfig => 3,
            Self::Video => 4,
            Self::Audio => 5,
            Self::EarlyMoments => 6,
            Self::EarlyLoudness => 7,
            Self::Checkpoint => 8,
            Self::SteadyMoments => 9,
            Self::Moments => 10,
            Self::Loudness => 11,
            Self::Note => 12,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Meta,
            2 => Self::VideoConfig,
            3 => Self::AudioConfig,
            4 => Self::Video,
            5 => Self::Audio,
            6 => Self::EarlyMoments,
            7 => Self::EarlyLoudness,
            8 => Self::Checkpoint,
            9 => Self::SteadyMoments,
            10 => Self::Moments,
            11 => Self::Loudness,
            12 => Self::Note,
            _ => return None,
        })
    }
}

/// The header of a record, without magic and checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// What the payload is.
    pub kind: Kind,
    /// Whether an encoded chunk can be decoded without those before it.
    pub key: bool,
    /// Presentation time from the start of the session, µs.
    pub t_us: i64,
    /// Duration, µs; 0 where unknown.
    pub duration_us: u32,
    /// Length of the payload, bytes.
    pub len: u32,
}

/// First record of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// The session.
    pub session: SessionId,
    /// When it began, unix ms.
    pub started_at: i64,
    /// What must come out.
    #[serde(alias = "contract")]
    pub selection: Selection,
}

/// How the video chunks that follow are decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoConfig {
    /// RFC 6381 codec string.
    pub codec: String,
    /// Picture width, pixels.
    pub width: u32,
    /// Picture height, pixels.
    pub height: u32,
    /// Clockwise turn for display, degrees: 0, 90, 180 or 270.
    pub rotation: u16,
    /// The decoder's configuration record (`avcC` body for H.264); empty where the codec has none.
    pub description: Vec<u8>,
    /// What its numbers mean, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<Colour>,
}

/// What a picture's numbers mean, in the numbers of ITU-T H.273; 2 stands for what is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colour {
    /// Table 2.
    pub primaries: u8,
    /// Table 3.
    pub transfer: u8,
    /// Table 4.
    pub matrix: u8,
    /// Luma 0–255 instead of 16–235.
    pub full: bool,
}

impl Colour {
    /// What is not told, as players take it: pictures of fewer than 720 rows as ITU-R BT.601, others as BT.709.
    #[must_use]
    pub fn settled(told: Option<Self>, height: u32) -> Self {
        let usual = if height < 720 { 6 } else { 1 };
        let told = told.unwrap_or(Self {
            primaries: 2,
            transfer: 2,
            matrix: 2,
            full: false,
        });
        // Where only a part is told, the others are what goes with it.
        let parts = [told.matrix, told.primaries, told.transfer];
        let known = parts
            .into_iter()
            .find(|part| matches!(part, 1 | 5 | 6 | 7 | 9));
        let usual = match known {
            Some(known) => known,
            None => usual,
        };
        let or = |part: u8, usual: u8| {
            if matches!(part, 0 | 2 | 3) {
                usual
            } else {
                part
            }
        };
        Self {
            primaries: or(told.primaries, usual),
            // Table 3 numbers the curve of BT.2020 14, and BT.601's 6 also stands for 5.
            transfer: or(
                told.transfer,
                match usual {
                    9 => 14,
                    5 => 6,
                    other => other,
                },
            ),
            matrix: match told.matrix {
                2 | 3 => usual,
                matrix => matrix,
            },
            full: told.full,
        }
    }

    /// Brighter than a common screen shows: perceptual quantization or hybrid log-gamma (ITU-R BT.2100).
    #[must_use]
    pub const fn is_hdr(self) -> bool {
        matches!(self.transfer, 16 | 18)
    }

    /// More colours than common screens show (ITU-R BT.2020).
    #[must_use]
    pub const fn is_wide(self) -> bool {
        self.primaries == 9
    }
}

/// How the audio chunks that follow are decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioConfig {
    /// RFC 6381 codec string: `opus` or `mp4a.40.2`.
    pub codec: String,
    /// Samples per second.
    pub rate: u32,
    /// Channels.
    pub channels: u32,
    /// The decoder's configuration (an Opus identification header, an AudioSpecificConfig); may be empty for Opus.
    pub description: Vec<u8>,
}

/// How far a session has come; written each second and last of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Length so far, µs.
    pub duration_us: u64,
    /// Whether recording and analysis ended in good order.
    pub complete: bool,
    /// Which network found where shots begin.
    pub network: Network,
}

impl Checkpoint {
    /// The payload.
    #[must_use]
    pub fn to_bytes(self) -> [u8; CHECKPOINT] {
        let mut out = [0; CHECKPOINT];
        out[..8].copy_from_slice(&self.duration_us.to_le_bytes());
        out[8] = u8::from(self.complete);
        out[9] = match self.network.engine {
            Engine::Plain => 0,
            Engine::Cpu => 1,
            Engine::Gpu => 2,
            Engine::Precise => 3,
        };
        // All zeros: none.
        out[10..].copy_from_slice(&self.network.weights.map_or([0; 6], |weights| weights.0));
        out
    }

    /// Reads a payload; `None` if it is not one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; CHECKPOINT] = bytes.try_into().ok()?;
        Some(Self {
            duration_us: u64_at(bytes, 0)?,
            complete: bytes[8] == 1,
            network: Network {
                engine: match bytes[9] {
                    1 => Engine::Cpu,
                    2 => Engine::Gpu,
                    3 => Engine::Precise,
                    _ => Engine::Plain,
                },
                weights: array(bytes, 10)
                    .filter(|weights| *weights != [0; 6])
                    .map(Weights),
            },
        })
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

fn checksum(fields: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(fields);
    hasher.update(payload);
    hasher.finalize()
}

/// Appends a record to `out`. `header.len` is taken from the payload.
///
/// Returns the header as written, or `None` (and writes nothing) for a payload over [`MAX_PAYLOAD`].
pub fn append(out: &mut Vec<u8>, header: RecordHeader, payload: &[u8]) -> Option<RecordHeader> {
    if payload.len() > MAX_PAYLOAD {
        return None;
    }
    let header = RecordHeader {
        len: u32::try_from(payload.len()).ok()?,
        ..header
    };
    let mut bytes = [0; HEADER];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4] = header.kind.code();
    bytes[5] = u8::from(header.key);
    bytes[8..16].copy_from_slice(&header.t_us.to_le_bytes());
    bytes[16..20].copy_from_slice(&header.duration_us.to_le_bytes());
    bytes[20..24].copy_from_slice(&header.len.to_le_bytes());
    let crc = checksum(&bytes[4..24], payload);
    bytes[24..].copy_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&bytes);
    out.extend_from_slice(payload);
    Some(header)
}

fn header(bytes: &[u8]) -> Option<(RecordHeader, u32)> {
    if bytes.get(..4)? != MAGIC {
        return None;
    }
    let len = u32_at(bytes, 20)?;
    if len as usize > MAX_PAYLOAD {
        return None;
    }
    let header = RecordHeader {
        kind: Kind::from_code(*bytes.get(4)?)?,
        key: bytes[5] == 1,
        t_us: array(bytes, 8).map(i64::from_le_bytes)?,
        duration_us: u32_at(bytes, 16)?,
        len,
    };
    Some((header, u32_at(bytes, 24)?))
}

/// Reads the record at the start of `bytes`: header and payload, or `None` where there is no whole, sound record.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<(RecordHeader, &[u8])> {
    let (header, crc) = header(bytes)?;
    let payload = bytes.get(HEADER..HEADER + header.len as usize)?;
    (checksum(&bytes[4..24], payload) == crc).then_some((header, payload))
}

/// Walks a log of `size` bytes from its start and gives each sound record, with the offset of its payload, to `sink`.
///
/// `fill(at, buffer)` reads at a byte offset and says how many bytes it got. Returns the length of the sound part: a
/// torn or damaged record ends the walk.
///
/// # Errors
/// What `fill` returns.
pub fn scan<E>(
    size: u64,
    mut fill: impl FnMut(u64, &mut [u8]) -> Result<usize, E>,
    mut sink: impl FnMut(RecordHeader, u64, &[u8]),
) -> Result<u64, E> {
    const BLOCK: usize = 1 << 20;
    let mut window: Vec<u8> = Vec::new();
    let mut base = 0_u64; // file offset of window[0]
    let mut cursor = 0_usize; // within the window
    loop {
        let need = match header(&window[cursor..]) {
            Some((header, _)) => HEADER + header.len as usize,
            None => HEADER,
        };
        if window.len() - cursor < need {
            let end = base + window.len() as u64;
            let missing = need - (window.len() - cursor);
            let want = usize::try_from(size - end)
                .unwrap_or(usize::MAX)
                .min(missing.max(BLOCK));
            if want < missing {
                return Ok(base + cursor as u64);
            }
            window.drain(..cursor);
            base += cursor as u64;
            cursor = 0;
            let had = window.len();
            window.resize(had + want, 0);
            let got = fill(base + had as u64, &mut window[had..])?.min(want);
            window.truncate(had + got);
            if got < missing {
                return Ok(base);
            }
            continue;
        }
        let Some((header, payload)) = read(&window[cursor..]) else {
            return Ok(base + cursor as u64);
        };
        sink(header, base + (cursor + HEADER) as u64, payload);
        cursor += need;
    }
}

/// The last sound checkpoint in the tail of a log, and whether the log ends with it.
#[must_use]
pub fn last_checkpoint(tail: &[u8]) -> Option<(Checkpoint, bool)> {
    let whole = HEADER + CHECKPOINT;
    let mut at = tail.len().checked_sub(whole)?;
    loop {
        if let Some((
            RecordHeader {
                kind: Kind::Checkpoint,
                ..
            },
            payload,
        )) = read(&tail[at..])
        {
            return Checkpoint::from_bytes(payload)
                .map(|checkpoint| (checkpoint, at + whole == tail.len()));
        }
        at = at.checked_sub(1)?;
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chunk(t_us: i64, key: bool) -> RecordHeader {
        RecordHeader {
            kind: Kind::Video,
            key,
            t_us,
            duration_us: 33_333,
            len: 0,
        }
    }

    fn log(payloads: &[Vec<u8>]) -> Vec<u8> {
        let mut out = Vec::new();
        for (i, payload) in payloads.iter().enumerate() {
            append(&mut out, chunk(i as i64 * 33_333, i % 30 == 0), payload)
                .expect("within bounds");
        }
        out
    }

    fn walk(bytes: &[u8], step: usize) -> (u64, Vec<(RecordHeader, u64, Vec<u8>)>) {
        let mut seen = Vec::new();
        let good = scan::<()>(
            bytes.len() as u64,
            |at, buffer| {
                let from = &bytes[at as usize..];
                let n = buffer.len().min(from.len()).min(step.max(HEADER + 4096));
                buffer[..n].copy_from_slice(&from[..n]);
                Ok(n)
            },
            |header, at, payload| seen.push((header, at, payload.to_vec())),
        )
        .expect("no reader error");
        (good, seen)
    }

    proptest! {
        #[test]
        fn a_log_is_read_back_whole(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..40)) {
            let bytes = log(&payloads);
            let (good, seen) = walk(&bytes, usize::MAX);
            prop_assert_eq!(good, bytes.len() as u64);
            prop_assert_eq!(seen.len(), payloads.len());
            for ((header, at, payload), expected) in seen.iter().zip(&payloads) {
                prop_assert_eq!(payload, expected);
                prop_assert_eq!(&bytes[*at as usize..*at as usize + header.len as usize], expected.as_slice());
            }
        }

        #[test]
        fn a_torn_log_keeps_every_record_before_the_tear(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
            cut in 0.0..1.0_f64,
        ) {
            let bytes = log(&payloads);
            let kept = (bytes.len() as f64 * cut) as usize;
            let (good, seen) = walk(&bytes[..kept], usize::MAX);
            let mut whole = 0;
            let mut end = 0;
            for payload in &payloads {
                if end + HEADER + payload.len() > kept { break; }
                end += HEADER + payload.len();
                whole += 1;
            }
            prop_assert_eq!(seen.len(), whole);
            prop_assert_eq!(good, end as u64);
        }

        #[test]
        fn a_flipped_bit_is_noticed(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..100), 1..8),
            at in 0.0..1.0_f64, bit in 0..8_u8,
        ) {
            let mut bytes = log(&payloads);
            let at = ((bytes.len() - 1) as f64 * at) as usize;
            let mut start = 0;
            let mut index = 0;
            for (i, payload) in payloads.iter().enumerate() {
                if start + HEADER + payload.len() > at { index = i; break; }
                start += HEADER + payload.len();
            }
            // Bytes 6 and 7 are under the checksum too, so every bit counts.
            bytes[at] ^= 1 << bit;
            let (good, seen) = walk(&bytes, usize::MAX);
            prop_assert_eq!(seen.len(), index);
            prop_assert_eq!(good, start as u64);
        }

        #[test]
        fn noise_is_no_record(noise in prop::collection::vec(any::<u8>(), 0..400)) {
            let (good, seen) = walk(&noise, usize::MAX);
            prop_assert_eq!((good, seen.len()), (0, 0));
        }
    }

    #[test]
    fn a_record_longer_than_a_block_is_read() {
        let payloads = vec![vec![7; 10], vec![9; 3 << 20], vec![1; 5]];
        let bytes = log(&payloads);
        let (good, seen) = walk(&bytes, usize::MAX);
        assert_eq!(good, bytes.len() as u64);
        assert_eq!(seen[1].2, payloads[1]);
    }

    #[test]
    fn the_last_mark_is_found_behind_a_torn_tail() {
        let checkpoint = |seconds: u64, complete| Checkpoint {
            duration_us: seconds * 1_000_000,
            complete,
            network: Network {
                engine: Engine::Gpu,
                weights: complete.then_some(Weights([1, 2, 3, 4, 5, 6])),
            },
        };
        let head = RecordHeader {
            kind: Kind::Checkpoint,
            key: false,
            t_us: 0,
            duration_us: 0,
            len: 0,
        };
        let mut bytes = log(&[vec![1; 50]]);
        append(&mut bytes, head, &checkpoint(1, false).to_bytes()).expect("small");
        append(&mut bytes, head, &checkpoint(2, true).to_bytes()).expect("small");
        assert_eq!(last_checkpoint(&bytes), Some((checkpoint(2, true), true)));
        bytes.extend_from_slice(&[0; 33]);
        assert_eq!(last_checkpoint(&bytes), Some((checkpoint(2, true), false)));
        bytes.truncate(bytes.len() - 34);
        assert_eq!(last_checkpoint(&bytes), Some((checkpoint(1, false), false)));
        assert_eq!(last_checkpoint(&[]), None);
    }
}
