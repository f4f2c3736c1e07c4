//! Spans of a session after one another on one timeline, as the samples of an MP4's tracks.
//!
//! Pictures join without a seam: each says how long it is shown, and every span begins with a keyframe. Packets of sound do
//! not end where pictures do. An edit for every span could cut them to the sample; but a player that reads an edit list's first
//! edit only plays each later warm-up of the decoder and falls further behind the picture at every join, and ffmpeg, and with
//! it Chromium, cuts all but the first edit to whole packets. So one edit trims the beginning, which every player knows, and
//! from there whole packets follow without a gap: a span goes on with the packet nearest to what is due, half a packet off at
//! most (10 ms; people notice from 45 ms on, ITU-R BT.1359). What is due is counted from the pictures, so that nothing adds up
//! from span to span; and players that count samples hear what those that read times hear.
//!
//! A decoder that comes from another span would go on from its loudness, and the first packets would sound as loud
//! as what was before. A packet of silence at the join, where there is one ([`AudioEntry::silence`]), makes it begin anew.

use super::{
    entry::{self, AudioEntry},
    span::SpanChunks,
};
use crate::log::index::Chunk;

/// A last packet whose encoder did not say how long it is, µs.
const USUAL_US: i64 = 20_000;

/// Length of [`AudioEntry::silence`], ticks (Opus counts in 48 kHz),
const SILENCE: i64 = 960;
/// and bytes.
const SILENCE_LEN: u32 = entry::SILENCE as u32;

/// One sample of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutputSample {
    /// Where its bytes are in the log; `None` for silence.
    pub(crate) from: Option<u64>,
    /// How many they are.
    pub(crate) len: u32,
    /// When it is due in the film, µs; sound before 0 only warms the decoder up.
    pub(crate) t_us: i64,
    /// How long it lasts, in ticks of its track.
    pub(crate) ticks: u32,
    /// Whether it decodes on its own.
    pub(crate) key: bool,
}

/// How long the spans last together, µs.
pub(crate) fn length_us(spans: &[SpanChunks<'_>]) -> i64 {
    spans.iter().map(|span| span.end_us - span.start_us).sum()
}

/// The pictures, in ticks of a microsecond.
pub(crate) fn pictures(spans: &[SpanChunks<'_>]) -> Vec<OutputSample> {
    let mut out = Vec::new();
    let mut offset = 0;
    for span in spans {
        let ends = span.video.iter().skip(1).map(|next| next.t_us);
        for (chunk, end_us) in span.video.iter().zip(ends.chain([span.end_us])) {
            out.push(OutputSample {
                from: Some(chunk.at),
                len: chunk.len,
                t_us: chunk.t_us - span.start_us + offset,
                ticks: u32::try_from(end_us - chunk.t_us).unwrap_or(0),
                key: chunk.key,
            });
        }
        offset += span.end_us - span.start_us;
    }
    out
}

/// A track of sound.
#[derive(Debug, Clone, Default)]
pub(crate) struct SoundTrack {
    /// The packets.
    pub(crate) samples: Vec<OutputSample>,
    /// When the first of them is due, µs.
    first_us: i64,
    /// Length of all packets, ticks.
    pub(crate) total: u64,
    /// Nothing is heard so long at first, µs.
    pub(crate) gap_us: u64,
    /// Ticks that are decoded and not heard at first.
    pub(crate) skip: u64,
    /// Ticks that are heard.
    pub(crate) heard: u64,
}

/// The sound of the spans. Timestamps that only tremble (encoders round to microseconds, sound cards drift) do not show; where
/// sound is missing there is silence, or, of a codec without a packet for it, the packet before lasts longer.
pub(crate) fn sounds(spans: &[SpanChunks<'_>], sound: &AudioEntry) -> SoundTrack {
    let ticks = Ticks { rate: sound.rate };
    let mut track = SoundTrack::default();
    let (mut audible_us, mut offset) = (0, 0);
    for (n, span) in spans.iter().enumerate() {
        let end = offset + span.end_us - span.start_us;
        let goes_on = spans[n + 1..].iter().any(|later| !later.audio.is_empty());
        for (i, chunk) in span.audio.iter().enumerate() {
            let t_us = chunk.t_us - span.start_us + offset;
            let own = ticks.of(duration_us(chunk, span.audio.get(i + 1))).max(1);
            if track.samples.is_empty() {
                (track.first_us, audible_us) = (t_us, offset);
            }
            // What silence follows is heard to its end before the next span; what another packet follows, most of it.
            let over = match sound.silence {
                Some(_) => i64::from(sound.pre_skip),
                None => own / 2,
            };
            if goes_on && ticks.of(t_us - end) + own > over {
                break;
            }
            let missing = ticks.of(t_us - track.first_us) - track.total as i64;
            if missing < -own / 2 {
                continue; // its time has passed
            }
            if sound.silence.is_some() {
                for _ in 0..(missing + SILENCE / 2 - 1).max(0) / SILENCE {
                    track.push(None, SILENCE_LEN, SILENCE, &ticks);
                }
            } else if missing > own / 2 {
                track.lengthen(missing);
            }
            track.push(Some(chunk.at), chunk.len, own, &ticks);
        }
        offset = end;
        if goes_on && sound.silence.is_some() && !track.samples.is_empty() {
            track.push(None, SILENCE_LEN, SILENCE, &ticks);
        }
    }
    let gap_us = track.first_us.max(audible_us);
    track.gap_us = gap_us.max(0) as u64;
    track.skip = ticks.of(audible_us - track.first_us).max(0) as u64 + u64::from(sound.pre_skip);
    let wanted = ticks.of(offset - gap_us).max(0) as u64;
    track.heard = wanted.min(track.total.saturating_sub(track.skip));
    track
}

impl SoundTrack {
    fn push(&mut self, from: Option<u64>, len: u32, own: i64, ticks: &Ticks) {
        self.samples.push(OutputSample {
            from,
            len,
            t_us: self.first_us + ticks.to_us(self.total) as i64,
            ticks: u32::try_from(own).unwrap_or(u32::MAX),
            key: true,
        });
        self.total += own as u64;
    }

    fn lengthen(&mut self, ticks: i64) {
        if let Some(last) = self.samples.last_mut() {
            last.ticks = u32::try_from(i64::from(last.ticks) + ticks).unwrap_or(u32::MAX);
            self.total += ticks as u64;
        }
    }
}

/// A packet's own length, or the way to the next where its encoder did not say, µs.
fn duration_us(chunk: &Chunk, next: Option<&Chunk>) -> i64 {
    match (chunk.duration_us, next) {
        (0, Some(next)) => next.t_us - chunk.t_us,
        (0, None) => USUAL_US,
        (own, _) => i64::from(own),
    }
}

/// Ticks of a track, so many a second.
pub(crate) struct Ticks {
    pub(crate) rate: u32,
}

impl Ticks {
    fn of(&self, us: i64) -> i64 {
        // Rounded to the nearest tick.
        (us * i64::from(self.rate) + 500_000).div_euclid(1_000_000)
    }

    pub(crate) fn to_us(&self, ticks: u64) -> u64 {
        (ticks * 1_000_000 + u64::from(self.rate) / 2) / u64::from(self.rate.max(1))
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sound(silence: Option<[u8; entry::SILENCE]>) -> AudioEntry {
        AudioEntry {
            entry: Vec::new(),
            rate: 48_000,
            pre_skip: 312,
            silence,
        }
    }

    fn chunk(t_us: i64, duration_us: u32) -> Chunk {
        Chunk {
            t_us,
            duration_us,
            len: 100,
            at: t_us as u64,
            config: 0,
            key: true,
        }
    }

    proptest! {
        /// Whatever the spans and however times tremble or packets are missing, each packet is heard within half a packet of
        /// when it is due, in a timeline without holes, and sound ends with the pictures.
        #[test]
        fn sound_is_never_half_a_packet_off(
            cuts in prop::collection::vec((0..50_000_000_i64, 100_000..6_000_000_i64), 1..9),
            trembling in prop::collection::vec(-2_000..2_000_i64, 64),
            missing in 0..60_000_000_i64,
            own_us in prop_oneof![Just(20_000_u32), Just(10_000), Just(60_000), Just(21_333)],
            silent in any::<bool>(),
        ) {
            let count = 60_000_000 / i64::from(own_us);
            let all: Vec<Chunk> = (0..count)
                .map(|n| chunk(2_000 + n * i64::from(own_us) + trembling[n as usize % 64], own_us))
                .filter(|chunk| !(missing..missing + 700_000).contains(&chunk.t_us))
                .collect();
            // Two spans may hold the same packet: which one it was taken for stands in its place in the log.
            let place = |n: usize, t_us: i64| ((n as u64) << 40) + t_us as u64;
            let packets: Vec<Vec<Chunk>> = cuts
                .iter()
                .enumerate()
                .map(|(n, &(start_us, length))| {
                    let from = all.partition_point(|c| c.t_us < start_us - 100_000);
                    let to = all.partition_point(|c| c.t_us < start_us + length + 20_000);
                    let mine = all[from..to].iter().map(|c| Chunk { at: place(n, c.t_us), ..*c });
                    mine.collect()
                })
                .collect();
            let spans: Vec<SpanChunks<'_>> = cuts
                .iter()
                .zip(&packets)
                .map(|(&(start_us, length), audio)| SpanChunks { video: &[], audio, start_us, end_us: start_us + length })
                .collect();
            let track = sounds(&spans, &sound(silent.then_some([0xf8, 0xff, 0xfe])));
            let mut counted = 0;
            let mut offset = 0;
            let mut samples = track.samples.iter().peekable();
            let first = track.samples.first().and_then(|first| first.from);
            for (n, span) in spans.iter().enumerate() {
                let mut before = None;
                while let Some(sample) = samples.peek() {
                    if let Some(from) = sample.from {
                        if from >> 40 != n as u64 {
                            break;
                        }
                        prop_assert!(before.is_none_or(|b| b < from), "in order");
                        before = Some(from);
                        let due = (from - place(n, 0)) as i64 - span.start_us + offset;
                        let first_us = track.first_us;
                        let at = first_us + Ticks { rate: 48_000 }.to_us(counted) as i64;
                        let off = (at - due).abs();
                        // The first packet sets the timeline; what trembles may tremble both ways.
                        let half = i64::from(own_us.max(20_000)) / 2 + 100;
                        prop_assert!(off <= half, "{off} µs off in span {n}");
                    }
                    counted += u64::from(sample.ticks);
                    samples.next();
                }
                offset += span.end_us - span.start_us;
            }
            prop_assert_eq!(samples.next(), None, "every packet belongs to a span, in order");
            prop_assert_eq!(counted, track.total);
            prop_assert!(track.samples.is_sorted_by_key(|sample| sample.t_us));
            if let Some(first) = first {
                let heard_us = track.gap_us as i64 + Ticks { rate: 48_000 }.to_us(track.heard) as i64;
                prop_assert!(heard_us <= offset + 30);
                prop_assert!(packets.iter().flatten().any(|c| c.at == first));
            }
        }
    }
}
