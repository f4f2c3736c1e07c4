//! Loudness of the sound, one value per tenth of a second.
//!
//! RMS in dB relative to full scale: `20·log10(sqrt(mean(x²)))`, as AES17 measures it but without its +3 dB for a sine.
//! Unweighted: it drives a waveform and the search for moments that get louder, not a broadcast level.

pub use domain::highlight::Loudness;

/// Length of one measured stretch, s.
pub const STRETCH: f64 = 0.1;
/// A sample of this size is at full scale: lossy codecs round the corners of what was clipped.
const FULL_SCALE: f32 = 0.98;
/// What silence is called, dB.
pub const SILENCE_DBFS: f32 = -120.0;

/// Sums samples up and answers a [`Loudness`] for every full [`STRETCH`].
#[derive(Debug, Clone, Default)]
pub struct Meter {
    start: Option<f64>,
    seconds: f64,
    energy: f64,
    /// Time at full scale, s.
    clipped: f64,
}

impl Meter {
    /// An empty meter.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes mono samples (−1..1; values that are not numbers count as silence) that start at presentation time `t` (s) at `rate`
    /// samples a second. A gap or a step back in time of more than a stretch ends the stretch under way early.
    /// A `t` or `rate` that makes no sense is answered with nothing.
    pub fn push(&mut self, t: f64, mono: &[f32], rate: f64) -> Vec<Loudness> {
        let mut out = Vec::new();
        if !t.is_finite() || !rate.is_finite() || rate < 1.0 {
            return out;
        }
        if let Some(start) = self.start
            && (start + self.seconds - t).abs() > STRETCH
        {
            out.extend(self.finish());
        }
        let step = 1.0 / rate;
        for (i, &x) in mono.iter().enumerate() {
            if self.start.is_none() {
                self.start = Some(t + i as f64 * step);
            }
            let x = if x.is_finite() { x } else { 0.0 };
            self.energy += f64::from(x) * f64::from(x) * step;
            if x.abs() >= FULL_SCALE {
                self.clipped += step;
            }
            self.seconds += step;
            // Half a sample of slack: 0.1 s is not a whole number of samples at every rate.
            if self.seconds + step * 0.5 >= STRETCH {
                out.extend(self.finish());
            }
        }
        out
    }

    /// Ends the stretch under way, however short, and answers it.
    pub fn finish(&mut self) -> Option<Loudness> {
        let t = self.start.take()?;
        let of_it = |x: f64| {
            if self.seconds > 0.0 {
                x / self.seconds
            } else {
                0.0
            }
        };
        let (mean, clipped) = (of_it(self.energy), of_it(self.clipped));
        *self = Self::default();
        let dbfs = if mean > 0.0 {
            (10.0 * mean.log10()) as f32
        } else {
            SILENCE_DBFS
        };
        Some(Loudness {
            t,
            dbfs: dbfs.max(SILENCE_DBFS),
            clipped: clipped.min(1.0) as f32,
        })
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn sound_that_is_too_loud_is_at_full_scale_for_long() {
        let share = |gain: f32| {
            let tone: Vec<f32> = (0..48_000)
                .map(|i| {
                    (gain * (i as f32 / 48_000.0 * 440.0 * std::f32::consts::TAU).sin())
                        .clamp(-1.0, 1.0)
                })
                .collect();
            let stretches = Meter::new().push(0.0, &tone, 48_000.0);
            stretches.iter().map(|l| l.clipped).sum::<f32>() / stretches.len() as f32
        };
        assert_eq!(share(0.9), 0.0);
        // Where a sine is above 0.98 of its peak: 2 · acos(0.98) / π.
        assert!((share(1.0) - 0.1275).abs() < 0.01, "{}", share(1.0));
        assert!(share(4.0) > 0.8, "{}", share(4.0));
    }

    #[test]
    fn a_full_scale_sine_is_minus_three_db() {
        let rate = 48_000.0;
        let tone: Vec<f32> = (0..48_000)
            .map(|i| (i as f32 / 48_000.0 * 1000.0 * std::f32::consts::TAU).sin())
            .collect();
        let mut meter = Meter::new();
        let mut all = Vec::new();
        for (i, part) in tone.chunks(1024).enumerate() {
            all.extend(meter.push(i as f64 * 1024.0 / rate, part, rate));
        }
        assert_eq!(all.len(), 10);
        for (i, l) in all.iter().enumerate() {
            assert!((l.t - i as f64 * 0.1).abs() < 1e-3, "{l:?}");
            assert!((l.dbfs + 3.0103).abs() < 0.05, "{l:?}");
        }
    }

    #[test]
    fn silence_and_nonsense_are_silent() {
        let mut meter = Meter::new();
        let out = meter.push(0.0, &[0.0; 4800], 48_000.0);
        assert_eq!(out.len(), 1);
        assert_eq!(out[0].dbfs, SILENCE_DBFS);
        let out = meter.push(0.1, &[f32::NAN; 4800], 48_000.0);
        assert_eq!(out[0].dbfs, SILENCE_DBFS);
        assert!(meter.push(f64::NAN, &[1.0; 10], 48_000.0).is_empty());
        assert!(meter.push(0.2, &[1.0; 10], 0.0).is_empty());
    }

    #[test]
    fn a_gap_ends_a_stretch() {
        let mut meter = Meter::new();
        assert!(meter.push(0.0, &[0.5; 2400], 48_000.0).is_empty());
        let out = meter.push(5.0, &[0.5; 4800], 48_000.0);
        assert_eq!(out.len(), 2);
        assert_eq!(out[0].t, 0.0);
        assert!((out[1].t - 5.0).abs() < 1e-9);
    }
}
