//! When a keyframe is due, when a frame must be given up, and how many frames are analysed.

use domain::capture::KEYFRAME_INTERVAL;

/// Frames an encoder may hold before new ones are given up: a quarter of a second at 30 frames/s. More would only add
/// delay and memory, because a camera does not wait.
pub const QUEUE_LIMIT: u32 = 8;

/// Share of the time between frames that shrinking them for analysis may take.
const SAMPLING_SHARE: f64 = 0.5;

/// Decides about keyframes by timestamp, so that a variable frame rate keeps the bound.
#[derive(Debug, Clone, Default)]
pub struct Keyframes {
    last_key_us: Option<i64>,
    before_us: Option<i64>,
    /// Longest recent step between frames, µs.
    step_us: i64,
}

impl Keyframes {
    /// Whether the frame at `t_us` must be a keyframe. Call once for each frame that goes to the encoder, in order.
    ///
    /// A frame is made key when the one after it could lie beyond the interval. The step ahead is taken for twice the
    /// longest of late, because cameras and busy browsers tremble by that much. Two keyframes are then further apart than [`KEYFRAME_INTERVAL`] only where a step suddenly grew.
    pub fn due(&mut self, t_us: i64) -> bool {
        let interval = (KEYFRAME_INTERVAL * 1e6) as i64;
        let step = self
            .before_us
            .map_or(0, |before| (t_us - before).clamp(0, interval / 2));
        // Falls back slowly after a hiccup, so that one late frame does not keep the distance short for long.
        self.step_us = step.max(self.step_us - self.step_us / 8);
        self.before_us = Some(t_us);
        let due = self
            .last_key_us
            .is_none_or(|key| t_us - key + 2 * self.step_us > interval);
        if due {
            self.last_key_us = Some(t_us);
        }
        due
    }

    /// Makes the next frame a keyframe: after a new encoder, or a frame that was promised as key and lost.
    pub fn force(&mut self) {
        self.last_key_us = None;
    }
}

/// Decides which frames are analysed, as many as the device can follow.
#[derive(Debug, Clone, Default)]
pub struct Sampling {
    cost_ms: Option<f64>,
    step_ms: Option<f64>,
    before_us: Option<i64>,
    wait: u32,
}

impl Sampling {
    /// The longest stride: even a slow device looks at every sixth frame (five a second at 30).
    pub const MAX_STRIDE: u32 = 6;

    /// Whether the frame at `t_us` is analysed. `behind` is how many frames wait for the network's answer.
    pub fn due(&mut self, t_us: i64, behind: usize) -> bool {
        if let Some(before) = self.before_us {
            let step = (t_us - before).max(1) as f64 / 1e3;
            self.step_ms = Some(
                self.step_ms
                    .map_or(step, |mean| mean + (step - mean) / 16.0),
            );
        }
        self.before_us = Some(t_us);
        if self.wait > 0 {
            self.wait -= 1;
            return false;
        }
        self.wait = self.stride(behind) - 1;
        true
    }

    /// Notes what analysing one frame took here, ms.
    pub fn took(&mut self, ms: f64) {
        self.cost_ms = Some(self.cost_ms.map_or(ms, |mean| mean + (ms - mean) / 16.0));
    }

    /// Every how many frames one is analysed.
    #[must_use]
    pub fn stride(&self, behind: usize) -> u32 {
        let own = match (self.cost_ms, self.step_ms) {
            (Some(cost), Some(step)) => (cost / (step * SAMPLING_SHARE))
                .ceil()
                .clamp(1.0, f64::from(Self::MAX_STRIDE))
                as u32,
            _ => 1,
        };
        // The network is batched, so some dozens on the way are normal; hundreds mean that it cannot follow.
        let network = match behind {
            0..300 => 1,
            300..600 => 2,
            600..1200 => 3,
            _ => Self::MAX_STRIDE,
        };
        own.max(network)
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keyframes_keep_the_bound_at_any_rate(steps in prop::collection::vec(8_000..120_000_i64, 50..400)) {
            let mut keyframes = Keyframes::default();
            let mut t = 0;
            let mut keys = Vec::new();
            let mut worst_step = 0;
            for step in steps {
                if keyframes.due(t) { keys.push(t); }
                t += step;
                worst_step = worst_step.max(step);
            }
            prop_assert_eq!(keys[0], 0);
            for pair in keys.windows(2) {
                // Never further than one interval, but where a step outgrew the ones before it.
                prop_assert!(pair[1] - pair[0] <= 1_000_000 + worst_step);
                prop_assert!(pair[1] - pair[0] > 1_000_000 - 3 * worst_step);
            }
        }

        #[test]
        fn a_steady_camera_never_exceeds_the_interval(step in 8_000..400_000_i64) {
            let mut keyframes = Keyframes::default();
            let keys: Vec<i64> = (0..300).map(|i| i * step).filter(|t| keyframes.due(*t)).collect();
            prop_assert!(keys.windows(2).all(|pair| pair[1] - pair[0] <= 1_000_000));
        }
    }

    #[test]
    fn a_new_encoder_starts_with_a_keyframe() {
        let mut keyframes = Keyframes::default();
        assert!(keyframes.due(0));
        assert!(!keyframes.due(33_000));
        keyframes.force();
        assert!(keyframes.due(66_000));
    }

    #[test]
    fn a_quick_device_analyses_every_frame_and_a_slow_one_some() {
        let run = |cost: f64, behind: usize| {
            let mut sampling = Sampling::default();
            (0..600)
                .filter(|i| {
                    let due = sampling.due(i * 33_333, behind);
                    if due {
                        sampling.took(cost);
                    }
                    due
                })
                .count()
        };
        assert_eq!(run(3.0, 0), 600);
        let slow = run(40.0, 0);
        assert!((190..=230).contains(&slow), "{slow}");
        // The first two tell what one costs.
        assert_eq!(run(1e9, 0), 1 + 100);
        assert_eq!(run(3.0, 400), 300);
    }
}
