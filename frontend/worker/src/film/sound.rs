//! Decoded sound on its way from a film to the encoder: mixed down, cut to what is heard, without holes.

/// One stretch of sound: a plane for each channel, all of one length, samples −1..1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stretch {
    /// Samples per second.
    pub rate: u32,
    /// One for each channel, in the order of a WAVE file (front left, right, centre, low frequencies, …).
    pub planes: Vec<Vec<f32>>,
}

/// −3 dB.
const THREE_DB: f32 = std::f32::consts::FRAC_1_SQRT_2;

impl Stretch {
    /// How many samples each channel has.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.planes.first().map_or(0, Vec::len)
    }

    /// One or two channels of however many, as ITU-R BS.775 annex 4 has it: the centre and the surrounds go to both sides, or
    /// to their own, 3 dB down, and low frequencies are left out. Nothing is turned down for it; peaks end at full scale.
    #[must_use]
    pub fn mixed_down(self) -> Self {
        // What each channel gives to left and right.
        let (l, r, c, s) = ((1.0, 0.0), (0.0, 1.0), (THREE_DB, THREE_DB), 0.5);
        let (sl, sr, back, none) = ((THREE_DB, 0.0), (0.0, THREE_DB), (s, s), (0.0, 0.0));
        let shares: &[(f32, f32)] = match self.planes.len() {
            0..=2 => return self,
            3 => &[l, r, c],
            4 => &[l, r, sl, sr],
            5 => &[l, r, c, sl, sr],
            6 => &[l, r, c, none, sl, sr],
            7 => &[l, r, c, none, back, sl, sr],
            // Four surrounds share what two have.
            8 => &[l, r, c, none, (s, 0.0), (0.0, s), (s, 0.0), (0.0, s)],
            // Channels that nobody named: microphones of a recorder, half to either side.
            _ => &[],
        };
        let frames = self.frames();
        let mut mixed = vec![vec![0.0; frames], vec![0.0; frames]];
        let even = 1.0 / self.planes.len().max(1) as f32;
        for (n, plane) in self.planes.iter().enumerate() {
            let (left, right) = shares.get(n).copied().unwrap_or((even, even));
            for (side, share) in mixed.iter_mut().zip([left, right]) {
                for (sum, sample) in side.iter_mut().zip(plane) {
                    *sum += sample * share;
                }
            }
        }
        for sample in mixed.iter_mut().flatten() {
            *sample = sample.clamp(-1.0, 1.0);
        }
        Self {
            rate: self.rate,
            planes: mixed,
        }
    }

    /// Leaves out so many samples at the beginning and keeps at most `most` of the rest.
    fn trim(&mut self, from: usize, most: usize) {
        for plane in &mut self.planes {
            plane.drain(..from.min(plane.len()));
            plane.truncate(most);
        }
    }
}

/// Places stretches on the film's timeline by counting samples, because what decoders say of times differs: some count from the
/// first packet and know no time before 0, some repeat what packets said.
#[derive(Debug, Clone, Default)]
pub struct Placer {
    /// When the first sample of the run is due, µs, how many came since, and the samples a second.
    begun: Option<(i64, u64, u32)>,
    shown: std::ops::Range<i64>,
    /// Where the sound given out so far ends, µs.
    ended: Option<i64>,
}

/// Longest silence that stands in for a hole in one piece, s.
const SILENCE_S: f64 = 0.5;

impl Placer {
    /// A run begins: its first packet is due at `t_us`, and only what lies within `shown` (µs) is heard.
    pub fn begin(&mut self, t_us: i64, shown: std::ops::Range<i64>) {
        self.begun = Some((t_us, 0, 0));
        self.shown = shown;
    }

    /// Takes the next stretch of the run. `owed` is how long its packet is, µs, where the decoder may have swallowed its first
    /// samples (an Opus decoder's pre-skip). Gives pieces with their times, µs, in order and without holes between them.
    #[must_use]
    pub fn place(&mut self, mut stretch: Stretch, owed: Option<u32>) -> Vec<(i64, Stretch)> {
        let mut out = Vec::new();
        let rate = stretch.rate.max(1);
        let frames = stretch.frames();
        let Some((base, count, before)) = &mut self.begun else {
            return out;
        };
        if *before != rate {
            // The first of the run, or the encoding changed its rate: it goes on from where it is.
            *base += us(*count, *before);
            let owed = owed.map_or(0, |owed| frames_of(i64::from(owed), rate));
            *count = if *before == 0 {
                (owed.max(0) as u64).saturating_sub(frames as u64)
            } else {
                0
            };
            *before = rate;
        }
        let t_us = *base + us(*count, rate);
        *count += frames as u64;
        let from = self
            .ended
            .map_or(self.shown.start, |ended| ended.max(self.shown.start));
        // Rounding must not cost a sample.
        let early = frames_of(from - t_us, rate).max(0);
        let late = frames_of(self.shown.end.saturating_sub(t_us).min(1 << 40), rate).max(0);
        let most = (late - early).max(0);
        stretch.trim(
            usize::try_from(early).unwrap_or(usize::MAX),
            usize::try_from(most).unwrap_or(usize::MAX),
        );
        if stretch.frames() == 0 {
            return out;
        }
        // The nearest sample may be due a fraction of one before.
        let mut t_us = (t_us + us(early as u64, rate)).max(from);
        if let Some(ended) = self.ended {
            let hole = frames_of(t_us - ended, rate);
            if hole > 1 {
                let mut left = hole as usize;
                let mut at = ended;
                let most = (f64::from(rate) * SILENCE_S) as usize;
                while left > 0 {
                    let silence = Stretch {
                        rate,
                        planes: vec![vec![0.0; left.min(most.max(1))]; stretch.planes.len()],
                    };
                    left -= silence.frames();
                    let next = at + us(silence.frames() as u64, rate);
                    out.push((at, silence));
                    at = next;
                }
                t_us = at;
            } else {
                t_us = ended;
            }
        }
        self.ended = Some(t_us + us(stretch.frames() as u64, rate));
        out.push((t_us, stretch));
        out
    }
}

fn us(frames: u64, rate: u32) -> i64 {
    let us = i128::from(frames) * 1_000_000 / i128::from(rate.max(1));
    i64::try_from(us).unwrap_or(i64::MAX / 4)
}

/// The nearest number of samples.
fn frames_of(us: i64, rate: u32) -> i64 {
    let frames = (i128::from(us) * i128::from(rate) + 500_000).div_euclid(1_000_000);
    i64::try_from(frames).unwrap_or(i64::MAX / 4)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tone(frames: usize, value: f32) -> Stretch {
        Stretch {
            rate: 48_000,
            planes: vec![vec![value; frames]],
        }
    }

    #[test]
    fn six_channels_become_two() {
        let one = |n: usize| {
            let mut planes = vec![vec![0.0; 4]; 6];
            planes[n] = vec![0.5; 4];
            let mixed = Stretch {
                rate: 48_000,
                planes,
            }
            .mixed_down();
            assert_eq!(mixed.planes.len(), 2);
            (mixed.planes[0][0], mixed.planes[1][0])
        };
        let down = 0.5 * THREE_DB;
        assert_eq!(one(0), (0.5, 0.0));
        assert_eq!(one(1), (0.0, 0.5));
        assert_eq!(one(2), (down, down));
        assert_eq!(one(3), (0.0, 0.0));
        assert_eq!(one(4), (down, 0.0));
        assert_eq!(one(5), (0.0, down));
        let loud = Stretch {
            rate: 48_000,
            planes: vec![vec![1.0; 4]; 8],
        }
        .mixed_down();
        assert!(
            loud.planes.iter().flatten().all(|&x| x == 1.0),
            "never beyond full scale"
        );
        assert_eq!(tone(4, 0.5).mixed_down(), tone(4, 0.5));
        let many = Stretch {
            rate: 8000,
            planes: vec![vec![0.5; 4]; 12],
        }
        .mixed_down();
        assert!(
            many.planes.len() == 2 && many.planes.iter().flatten().all(|x| (x - 0.5).abs() < 1e-6)
        );
    }

    #[test]
    fn what_an_edit_cuts_off_is_not_heard_and_a_hole_is_silent() {
        let mut placer = Placer::default();
        placer.begin(-21_333, 0..50_000);
        let mut out = placer.place(tone(1024, 0.1), None);
        assert_eq!(out.len(), 0, "all of it before the start");
        out.extend(placer.place(tone(4096, 0.2), None));
        assert_eq!(out.len(), 1);
        assert_eq!((out[0].0, out[0].1.frames()), (0, 2400));
        // Another run, a second on.
        placer.begin(1_000_000, 1_000_000..2_000_000);
        let out = placer.place(tone(960, 0.3), None);
        let silent: usize = out
            .iter()
            .filter(|(_, s)| s.planes[0][0] == 0.0)
            .map(|(_, s)| s.frames())
            .sum();
        assert_eq!(silent, 48_000 - 2400);
        let last = out.last().expect("sound");
        assert!((last.0 - 1_000_000).abs() < 100, "{}", last.0);
    }

    #[test]
    fn a_decoder_that_swallows_its_pre_skip_is_placed_late_by_it() {
        let mut placer = Placer::default();
        placer.begin(-6_500, 0..i64::MAX / 4);
        let out = placer.place(tone(648, 0.1), Some(20_000));
        assert_eq!((out[0].0, out[0].1.frames()), (0, 648));
        let mut placer = Placer::default();
        placer.begin(-6_500, 0..i64::MAX / 4);
        let out = placer.place(tone(960, 0.1), Some(20_000));
        assert_eq!((out[0].0, out[0].1.frames()), (0, 648));
    }

    proptest! {
        #[test]
        fn what_comes_out_has_neither_holes_nor_overlaps(
            runs in prop::collection::vec((-100_000..4_000_000_i64, 1..40_usize, 100..3000_usize), 1..6),
            rate in prop_oneof![Just(8_000_u32), Just(44_100), Just(48_000)],
        ) {
            let mut placer = Placer::default();
            let mut ended: Option<i64> = None;
            for (t, count, frames) in runs {
                placer.begin(t, 0..3_000_000);
                for _ in 0..count {
                    let stretch = Stretch { rate, planes: vec![vec![0.5; frames]] };
                    for (t, stretch) in placer.place(stretch, None) {
                        prop_assert!(ended.is_none_or(|e| e == t));
                        prop_assert!(t >= 0);
                        let end = t + us(stretch.frames() as u64, rate);
                        prop_assert!(end <= 3_000_000 + 200);
                        ended = Some(end);
                    }
                }
            }
        }
    }
}
