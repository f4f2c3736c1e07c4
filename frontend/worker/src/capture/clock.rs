//! One clock for picture and sound.
//!
//! `VideoFrame.timestamp` and `AudioData.timestamp` count from different moments (measured in Chromium: hours apart).
//! What they share is when they arrive here. A track's *lag* is arrival minus timestamp; the smallest lag seen is the one
//! least delayed by a busy thread. Two tracks are aligned by the difference of their smallest lags, once the first
//! [`SETTLE_MS`] have been seen; until then encoded sound waits.

/// How long arrivals are watched before sound is placed, ms.
pub const SETTLE_MS: f64 = 700.0;

/// How long sound waits for a first picture before it starts the session alone, ms.
pub const PATIENCE_MS: f64 = 3000.0;

#[derive(Debug, Clone, Copy)]
struct Arrivals {
    first_ts: i64,
    first_arrival_ms: f64,
    /// Smallest of arrival − end of what arrived, ms; timestamps relative to `first_ts`.
    lag_ms: f64,
}

impl Arrivals {
    fn see(track: &mut Option<Self>, ts: i64, length_us: i64, arrival_ms: f64) -> Self {
        let first_ts = track.map_or(ts, |track| track.first_ts);
        let lag_ms = arrival_ms - (ts - first_ts + length_us) as f64 / 1e3;
        let seen = track.map_or(
            Self {
                first_ts,
                first_arrival_ms: arrival_ms,
                lag_ms,
            },
            |track| Self {
                lag_ms: track.lag_ms.min(lag_ms),
                ..track
            },
        );
        *track = Some(seen);
        seen
    }
}

/// Places timestamps of both tracks on the session's presentation time, whose zero is the first picture (or, without
/// pictures, the first sound).
#[derive(Debug, Clone, Default)]
pub struct Clock {
    video: Option<Arrivals>,
    audio: Option<Arrivals>,
    expects_video: bool,
    /// Presentation time of the first sound, µs, once decided.
    audio_offset: Option<i64>,
    /// Presentation time of the first picture, µs: zero unless sound had to start alone.
    video_offset: Option<i64>,
}

impl Clock {
    /// A clock for a session with (or without) pictures.
    #[must_use]
    pub fn new(expects_video: bool) -> Self {
        Self {
            expects_video,
            ..Self::default()
        }
    }

    /// Presentation time of a picture, µs. `ts` in µs, `arrival_ms` on the worker's monotonic clock.
    pub fn video(&mut self, ts: i64, arrival_ms: f64) -> i64 {
        let track = Arrivals::see(&mut self.video, ts, 0, arrival_ms);
        let offset =
            *self
                .video_offset
                .get_or_insert_with(|| match (self.audio, self.audio_offset) {
                    (Some(audio), Some(audio_offset)) => {
                        audio_offset + ((track.lag_ms - audio.lag_ms) * 1e3).round() as i64
                    }
                    _ => 0,
                });
        ts - track.first_ts + offset
    }

    /// Notes the arrival of sound: `ts` and `length_us` in µs.
    pub fn sound(&mut self, ts: i64, length_us: i64, arrival_ms: f64) {
        let track = Arrivals::see(&mut self.audio, ts, length_us, arrival_ms);
        if self.audio_offset.is_some() {
            return;
        }
        if !self.expects_video {
            self.audio_offset = Some(0);
        } else if let Some(video) = self.video {
            if arrival_ms - video.first_arrival_ms.max(track.first_arrival_ms) >= SETTLE_MS {
                self.settle();
            }
        } else if arrival_ms - track.first_arrival_ms >= PATIENCE_MS {
            self.audio_offset = Some(0);
        }
    }

    /// Decides with what is known, at the end of a short recording.
    pub fn settle(&mut self) {
        if self.audio_offset.is_some() {
            return;
        }
        self.audio_offset = Some(match (self.video, self.audio) {
            (Some(video), Some(audio)) => ((audio.lag_ms - video.lag_ms) * 1e3).round() as i64,
            _ => 0,
        });
    }

    /// Presentation time of a picture that was seen by [`Clock::video`] before, µs.
    #[must_use]
    pub fn shown(&self, ts: i64) -> Option<i64> {
        Some(ts - self.video?.first_ts + self.video_offset?)
    }

    /// Presentation time of sound, µs; may be negative (before the first picture). `None` until the tracks are aligned.
    #[must_use]
    pub fn audio(&self, ts: i64) -> Option<i64> {
        Some(ts - self.audio?.first_ts + self.audio_offset?)
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    const VIDEO_EPOCH: i64 = 7_200_000_000;
    const AUDIO_EPOCH: i64 = 99;

    /// Films both tracks with a true distance: sound starts `late_ms` after the first picture; nothing of a track is seen
    /// before its busy start is over. Returns where the clock puts the first sound, µs.
    fn aligned(late_ms: f64, video_busy_ms: f64, audio_busy_ms: f64) -> i64 {
        let mut clock = Clock::new(true);
        let mut events: Vec<(f64, bool, i64)> = Vec::new();
        for i in 0..60_i64 {
            let arrival = (i as f64 * 33.3 + 5.0).max(video_busy_ms);
            events.push((1000.0 + arrival, true, VIDEO_EPOCH + i * 33_300));
        }
        for i in 0..200_i64 {
            let arrival = (late_ms + (i + 1) as f64 * 10.0 + 5.0).max(audio_busy_ms);
            events.push((1000.0 + arrival, false, AUDIO_EPOCH + i * 10_000));
        }
        events.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (arrival, is_video, ts) in events {
            if is_video {
                assert_eq!(clock.video(ts, arrival), ts - VIDEO_EPOCH);
            } else {
                clock.sound(ts, 10_000, arrival);
            }
        }
        clock.audio(AUDIO_EPOCH).expect("settled")
    }

    #[test]
    fn tracks_with_strange_epochs_are_aligned() {
        assert!((aligned(250.0, 0.0, 0.0) - 250_000).abs() < 1_000);
        assert!((aligned(-80.0, 0.0, 0.0) + 80_000).abs() < 1_000);
    }

    #[test]
    fn a_busy_start_does_not_shift_the_sound() {
        assert!((aligned(100.0, 400.0, 0.0) - 100_000).abs() < 1_000);
        assert!((aligned(100.0, 0.0, 300.0) - 100_000).abs() < 1_000);
    }

    #[test]
    fn sound_alone_starts_at_zero_and_waits_for_no_picture() {
        let mut clock = Clock::new(false);
        clock.sound(5_000_000, 10_000, 10.0);
        assert_eq!(clock.audio(5_020_000), Some(20_000));

        let mut clock = Clock::new(true);
        clock.sound(0, 10_000, 10.0);
        assert_eq!(clock.audio(0), None);
        clock.sound(3_100_000, 10_000, 3_110.0);
        assert_eq!(clock.audio(3_100_000), Some(3_100_000));
        // A picture that comes at last is placed beside it.
        assert!((clock.video(42, 4_000.0) - 4_000_000).abs() < 1_000);
    }

    #[test]
    fn a_short_recording_settles_at_its_end() {
        let mut clock = Clock::new(true);
        assert_eq!(clock.video(0, 100.0), 0);
        clock.sound(0, 10_000, 160.0);
        assert_eq!(clock.audio(0), None);
        clock.settle();
        assert_eq!(clock.audio(0), Some(50_000));
    }
}
