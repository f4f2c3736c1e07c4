//! Which frames of a recording are encoded as keyframes.

use super::KEYFRAME_INTERVAL;

/// A mean luma difference (0–1) below this is no cut, whatever surrounds it: 12 of 255 levels, as in the vision crate.
const ABRUPT: f32 = 12.0 / 255.0;
/// How many times its surroundings an abrupt difference is. Surroundings quieter than one level count as one.
const RATIO: f32 = 3.0;
const LEVEL: f32 = 1.0 / 255.0;
/// Share of a new difference in the mean that stands for its surroundings.
const NEW: f32 = 0.2;
/// Least time between two keyframes that cuts asked for, µs: lights that flicker must not make every frame key.
const GAP_US: i64 = 500_000;

/// Decides about keyframes by timestamp, so that a variable frame rate keeps the bound, and sets one behind each abrupt
/// change, so that a clip can start where its shot does.
///
/// A frame is encoded before it is looked at, so that filming never waits for the analysis; the keyframe is then
/// the frame after the cut. The clip loses one frame, and its first picture is free of what the cut cost the encoder.
#[derive(Debug, Clone, Default)]
pub struct Keyframes {
    last_key_us: Option<i64>,
    before_us: Option<i64>,
    /// Longest recent step between frames, µs.
    step_us: i64,
    /// Mean of recent differences, and the last of them: movement that sets in grows from frame to frame. 0–1.
    around: (f32, f32),
    last_cut_us: Option<i64>,
}

impl Keyframes {
    /// Whether the frame at `t_us` must be a keyframe. Call once for each frame that goes to the encoder, in order.
    ///
    /// A frame is made key when the one after it could lie beyond the interval. The step ahead is taken for twice the
    /// longest of late, because cameras and busy browsers tremble by that much. Two keyframes are then further apart
    /// than [`KEYFRAME_INTERVAL`] only where a step suddenly grew.
    pub fn due(&mut self, t_us: i64) -> bool {
        let interval = (KEYFRAME_INTERVAL * 1e6) as i64;
        let step = self.before_us.map_or(0, |before| {
            t_us.saturating_sub(before).clamp(0, interval / 2)
        });
        // Falls back slowly after a hiccup, so that one late frame does not keep the distance short for long.
        self.step_us = step.max(self.step_us - self.step_us / 8);
        self.before_us = Some(t_us);
        let due = self
            .last_key_us
            .is_none_or(|key| t_us.saturating_sub(key).saturating_add(2 * self.step_us) > interval);
        if due {
            self.last_key_us = Some(t_us);
        }
        due
    }

    /// Makes the next frame a keyframe: after a new encoder, or a frame that was promised as key and lost.
    pub fn force(&mut self) {
        self.last_key_us = None;
    }

    /// Takes in how much the frame at `t_us` differs from the one before (mean luma difference, 0–1). After an abrupt
    /// change the next frame is a keyframe.
    pub fn saw(&mut self, t_us: i64, motion: f32) {
        if !motion.is_finite() {
            return;
        }
        let (mean, last) = self.around;
        let abrupt = motion >= ABRUPT && motion >= RATIO * mean.max(last).max(LEVEL);
        self.around = (mean + (motion - mean) * NEW, motion);
        let long_ago = self
            .last_cut_us
            .is_none_or(|cut| t_us.saturating_sub(cut) >= GAP_US);
        if abrupt && long_ago {
            self.last_cut_us = Some(t_us);
            self.force();
        }
    }
}

#[cfg(test)]
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

        /// Whatever is seen, cuts add at most two keyframes a second, and none goes missing.
        #[test]
        fn no_picture_makes_every_frame_key(motion in prop::collection::vec(-0.5..1.5_f32, 300)) {
            let mut keyframes = Keyframes::default();
            let mut keys = Vec::new();
            for (i, &motion) in motion.iter().enumerate() {
                let t = i as i64 * 33_333;
                if keyframes.due(t) { keys.push(t); }
                keyframes.saw(t, motion);
            }
            prop_assert!(keys.windows(2).all(|pair| pair[1] - pair[0] <= 1_000_000));
            prop_assert!(keys.len() <= 32);
        }

        #[test]
        fn any_numbers_are_borne(seen in prop::collection::vec((any::<i64>(), any::<f32>()), 0..50)) {
            let mut keyframes = Keyframes::default();
            for (t, motion) in seen {
                keyframes.due(t);
                keyframes.saw(t, motion);
            }
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
    fn the_frame_after_a_cut_is_key_and_a_pan_is_no_cut() {
        let keys = |motion: fn(usize) -> f32| -> Vec<usize> {
            let mut keyframes = Keyframes::default();
            let mut keys = Vec::new();
            for i in 0..60 {
                let t = i as i64 * 33_333;
                if keyframes.due(t) {
                    keys.push(i);
                }
                keyframes.saw(t, motion(i));
            }
            keys
        };
        let regular = keys(|_| 0.01);
        assert_eq!(
            keys(|i| if i == 20 { 0.2 } else { 0.01 }),
            [0, 21, 50],
            "regular: {regular:?}"
        );
        // Sets in within a few frames and goes on.
        assert_eq!(keys(|i| (i as f32 - 15.0).clamp(0.0, 8.0) * 0.01), regular);
    }
}
