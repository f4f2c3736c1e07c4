//! What a session's log holds, kept in memory: where each chunk lies, and everything highlights are chosen from.
//!
//! Bounded by [`domain::capture::LONGEST`]: two hours at 60 pictures and 50 stretches of sound a second are 800 000
//! chunks of 32 bytes.

use domain::{
    capture::Network,
    highlight::{Measurements, Moment},
};

use crate::log::record::{self, AudioConfig, Checkpoint, Kind, Meta, RecordHeader, VideoConfig};

/// One encoded chunk in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Presentation time, µs.
    pub t_us: i64,
    /// Duration, µs; 0 where the encoder did not say.
    pub duration_us: u32,
    /// Length, bytes.
    pub len: u32,
    /// Offset of the payload in the log.
    pub at: u64,
    /// Which of [`Index::video_configs`] or [`Index::audio_configs`] decodes it.
    pub config: u16,
    /// Decodes on its own.
    pub key: bool,
}

/// Everything known about a session.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// The first record.
    pub meta: Option<Meta>,
    /// By order of appearance.
    pub video_configs: Vec<VideoConfig>,
    /// By order of appearance.
    pub audio_configs: Vec<AudioConfig>,
    /// Pictures by time.
    pub video: Vec<Chunk>,
    /// Sound by time.
    pub audio: Vec<Chunk>,
    /// What highlights are chosen from; always up to date.
    pub measurements: Measurements,
    /// The last checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// What the creator was told of what was lost or left out, each sentence once.
    pub notes: Vec<String>,
}

impl Index {
    /// Adds one record: while writing it, or when scanning the log later, with the same result.
    ///
    /// A chunk without a configuration before it, or that goes back in time, cannot be used and is left out.
    pub fn apply(&mut self, header: RecordHeader, at: u64, payload: &[u8]) {
        match header.kind {
            Kind::Meta => self.meta = serde_json::from_slice(payload).ok(),
            Kind::VideoConfig => self
                .video_configs
                .extend(serde_json::from_slice::<VideoConfig>(payload).ok()),
            Kind::AudioConfig => self
                .audio_configs
                .extend(serde_json::from_slice::<AudioConfig>(payload).ok()),
            Kind::Video => {
                if let Some(chunk) = chunk(header, at, self.video_configs.len(), self.video.last())
                {
                    self.grow(chunk);
                    if chunk.key {
                        self.measurements.keyframes.push(seconds(chunk.t_us));
                    }
                    self.video.push(chunk);
                    self.measurements.frames = self.video.len();
                }
            }
            Kind::Audio => {
                if let Some(chunk) = chunk(header, at, self.audio_configs.len(), self.audio.last())
                {
                    self.grow(chunk);
                    self.audio.push(chunk);
                }
            }
            Kind::Moments | Kind::SteadyMoments | Kind::EarlyMoments => {
                self.add_moments(record::moments_from_bytes(header.kind, payload));
            }
            Kind::Loudness | Kind::EarlyLoudness => {
                for loudness in record::loudness_from_bytes(header.kind, payload) {
                    if self
                        .measurements
                        .loudness
                        .last()
                        .is_none_or(|last| micros(last.t) < micros(loudness.t))
                    {
                        self.measurements.loudness.push(loudness);
                    }
                }
            }
            Kind::Checkpoint => self.checkpoint = Checkpoint::from_bytes(payload),
            Kind::Note => {
                let note = String::from_utf8_lossy(payload).into_owned();
                if !self.notes.contains(&note) {
                    self.notes.push(note);
                }
            }
        }
    }

    /// Adds analysed frames that are later than all before.
    fn add_moments(&mut self, moments: impl Iterator<Item = Moment>) {
        for moment in moments {
            let last = self.measurements.moments.last();
            if last.is_none_or(|last| micros(last.t) < micros(moment.t)) {
                self.measurements.moments.push(moment);
            }
        }
    }

    fn grow(&mut self, chunk: Chunk) {
        let end = seconds(chunk.t_us + i64::from(chunk.duration_us));
        self.measurements.duration = self.measurements.duration.max(end);
    }

    /// Forgets the chunks that do not lie wholly before `end` in the log, because they could not be written.
    pub fn forget_from(&mut self, end: u64) {
        let kept = |chunk: &Chunk| chunk.at + u64::from(chunk.len) <= end;
        self.video.retain(kept);
        self.audio.retain(kept);
        let ends = self.video.last().into_iter().chain(self.audio.last());
        self.measurements.duration = ends
            .map(|chunk| seconds(chunk.t_us + i64::from(chunk.duration_us)))
            .fold(0.0, f64::max);
        self.measurements.frames = self.video.len();
        self.measurements.keyframes = self
            .video
            .iter()
            .filter(|c| c.key)
            .map(|c| seconds(c.t_us))
            .collect();
    }

    /// Whether the session ended in good order.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.checkpoint
            .is_some_and(|checkpoint| checkpoint.complete)
    }

    /// Which network found where shots begin, as far as is known.
    #[must_use]
    pub fn network(&self) -> Network {
        self.checkpoint
            .map_or(Network::PLAIN, |checkpoint| checkpoint.network)
    }

    /// Width and height as displayed, pixels; zeros without video.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.video_configs
            .last()
            .map_or((0, 0), |config| match config.rotation {
                90 | 270 => (config.height, config.width),
                _ => (config.width, config.height),
            })
    }

    /// Loudness per 0.1 s over the whole length, dBFS, for a waveform.
    #[must_use]
    pub fn waveform(&self) -> Vec<f32> {
        if self.measurements.loudness.is_empty() {
            return Vec::new();
        }
        let slots = (self.measurements.duration.max(0.0) * 10.0).ceil() as usize;
        let mut out = vec![-120.0_f32; slots];
        // Stretches need not begin where slots do: each counts wherever a fifth of a slot or more of it is heard, so that sound
        // without a hole has none here.
        for loudness in &self.measurements.loudness {
            let from = (loudness.t * 10.0).max(0.0);
            let (first, inside) = (from as usize, from.fract());
            for slot in [
                (inside < 0.8).then_some(first),
                (inside > 0.2).then_some(first + 1),
            ]
            .into_iter()
            .flatten()
            {
                if let Some(slot) = out.get_mut(slot) {
                    *slot = slot.max(loudness.dbfs);
                }
            }
        }
        out
    }

    /// The picture shown at `t` seconds and what must be decoded for it: chunks from its keyframe up to and with it.
    #[must_use]
    pub fn to_decode(&self, t: f64) -> Option<&[Chunk]> {
        let t_us = micros(t);
        let after = self.video.partition_point(|chunk| chunk.t_us <= t_us);
        let last = after
            .saturating_sub(1)
            .min(self.video.len().checked_sub(1)?);
        let first = self.video[..=last].iter().rposition(|chunk| chunk.key)?;
        Some(&self.video[first..=last])
    }

    /// The pictures that were not analysed, from the keyframe before the first of them; `None` when nothing worth an
    /// effort is missing (half a second: less than a chosen clip can hold).
    #[must_use]
    pub fn unanalysed(&self) -> Option<&[Chunk]> {
        let last = self.video.last()?;
        let known = self
            .measurements
            .moments
            .last()
            .map_or(i64::MIN, |moment| micros(moment.t));
        if last.t_us.saturating_sub(known) < 500_000 {
            return None;
        }
        let first = self.video.partition_point(|chunk| chunk.t_us <= known);
        let from = self.video[..=first.min(self.video.len() - 1)]
            .iter()
            .rposition(|chunk| chunk.key)?;
        Some(&self.video[from..])
    }
}

fn chunk(header: RecordHeader, at: u64, configs: usize, before: Option<&Chunk>) -> Option<Chunk> {
    let config = u16::try_from(configs.checked_sub(1)?).ok()?;
    if before.is_some_and(|before| before.t_us >= header.t_us) {
        return None;
    }
    Some(Chunk {
        t_us: header.t_us,
        duration_us: header.duration_us,
        len: header.len,
        at,
        config,
        key: header.key,
    })
}

/// Seconds of microseconds. Exact both ways for sessions (far under 2^53 µs).
#[must_use]
pub fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}

/// Microseconds of seconds, nearest.
#[must_use]
pub fn micros(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use domain::highlight::Loudness;

    use super::*;

    fn config() -> Vec<u8> {
        serde_json::to_vec(&VideoConfig {
            codec: "vp8".into(),
            width: 640,
            height: 360,
            rotation: 90,
            description: Vec::new(),
            colour: None,
        })
        .expect("plain data")
    }

    fn header(kind: Kind, t_us: i64, key: bool) -> RecordHeader {
        RecordHeader {
            kind,
            key,
            t_us,
            duration_us: 40_000,
            len: 9,
        }
    }

    fn filmed(pictures: i64) -> Index {
        let mut index = Index::default();
        index.apply(header(Kind::VideoConfig, 0, false), 0, &config());
        for i in 0..pictures {
            index.apply(
                header(Kind::Video, i * 40_000, i % 25 == 0),
                100 + i as u64,
                &[],
            );
        }
        index
    }

    #[test]
    fn chunks_need_a_configuration_and_go_forward() {
        let mut index = Index::default();
        index.apply(header(Kind::Video, 0, true), 0, &[]);
        assert!(index.video.is_empty());
        let mut index = filmed(2);
        index.apply(header(Kind::Video, 40_000, false), 0, &[]);
        assert_eq!(index.video.len(), 2);
        assert_eq!(index.measurements.duration, 0.08);
        assert_eq!(index.size(), (360, 640));
    }

    #[test]
    fn a_still_needs_its_group_of_pictures() {
        let index = filmed(60);
        let chunks = index.to_decode(1.5).expect("inside");
        assert_eq!(
            (chunks[0].t_us, chunks[chunks.len() - 1].t_us),
            (1_000_000, 1_480_000)
        );
        assert_eq!(index.to_decode(-3.0).expect("held at the start").len(), 1);
        assert_eq!(
            index.to_decode(99.0).and_then(|c| c.last().map(|c| c.t_us)),
            Some(2_360_000)
        );
        assert_eq!(Index::default().to_decode(0.0), None);
    }

    #[test]
    fn missing_analysis_starts_at_a_keyframe() {
        let mut index = filmed(100);
        assert_eq!(index.unanalysed().map(<[_]>::len), Some(100));
        let moments: Vec<Moment> = (0..60)
            .map(|i| Moment {
                t: i as f64 * 0.04,
                boundary: 0.0,
                motion: 0.0,
                sharpness: 0.0,
                exposure: 0.0,
                clipped: 0.0,
                colourfulness: 0.0,
                stability: None,
                layout: None,
            })
            .collect();
        index.apply(
            header(Kind::Moments, 0, false),
            0,
            &record::moments_to_bytes(&moments),
        );
        let missing = index.unanalysed().expect("1.6 s are missing");
        assert_eq!(missing[0].t_us, 2_000_000);
        assert!(missing[0].key);
        let rest: Vec<Moment> = moments
            .iter()
            .map(|m| Moment { t: m.t + 1.6, ..*m })
            .collect();
        index.apply(
            header(Kind::Moments, 0, false),
            0,
            &record::moments_to_bytes(&rest),
        );
        assert_eq!(index.unanalysed(), None);
        assert_eq!(index.measurements.moments.len(), 100);
    }

    #[test]
    fn what_a_full_disk_refused_is_forgotten() {
        let mut index = filmed(60);
        // Chunks lie at 100, 101, …, nine bytes each: those up to 134 end by 143.
        index.forget_from(143);
        assert_eq!(index.video.len(), 35);
        assert_eq!(index.measurements.keyframes, [0.0, 1.0]);
        assert_eq!(index.measurements.duration, 1.4);
    }

    #[test]
    fn the_waveform_spans_the_session() {
        let mut index = filmed(30);
        let loudness = [
            Loudness {
                t: 0.0,
                dbfs: -20.0,
                clipped: 0.0,
            },
            Loudness {
                t: 0.3,
                dbfs: -30.0,
                clipped: 0.0,
            },
        ];
        index.apply(
            header(Kind::Loudness, 0, false),
            0,
            &record::loudness_to_bytes(&loudness),
        );
        let wave = index.waveform();
        assert_eq!(wave.len(), 12);
        assert_eq!((wave[0], wave[1], wave[3]), (-20.0, -120.0, -30.0));
    }

    #[test]
    fn a_waveform_has_no_hole_where_the_sound_has_none() {
        // A decoder's delay shifts the stretches, and a clock that drifts moves them on.
        for (offset, step) in [
            (0.0, 0.1),
            (0.0935, 0.1),
            (0.0935, 0.100_02),
            (0.05, 0.099_98),
            (0.02, 0.1),
        ] {
            let mut index = filmed(250);
            let loudness: Vec<Loudness> = (0..99)
                .map(|n| Loudness {
                    t: offset + f64::from(n) * step,
                    dbfs: -20.0,
                    clipped: 0.0,
                })
                .collect();
            index.apply(
                header(Kind::Loudness, 0, false),
                0,
                &record::loudness_to_bytes(&loudness),
            );
            let wave = index.waveform();
            assert!(
                wave[1..98].iter().all(|&dbfs| dbfs == -20.0),
                "{offset} {step}"
            );
        }
    }

    #[test]
    fn what_the_creator_was_told_is_kept_once() {
        let mut index = filmed(1);
        for note in ["without sound", "without sound", "two pictures"] {
            index.apply(header(Kind::Note, 0, false), 0, note.as_bytes());
        }
        assert_eq!(index.notes, ["without sound", "two pictures"]);
    }
}
