//! When a frame must be given up, and how many frames are analysed.

/// Frames an encoder may hold before new ones are given up: a quarter of a second at 30 frames/s. More would only add
/// delay and memory, because a camera does not wait.
pub const QUEUE_LIMIT: u32 = 8;

/// Share of the time between frames that shrinking them for analysis may take.
const SAMPLING_SHARE: f64 = 0.5;

/// Decides which frames are analysed, as many as the device can follow.
#[derive(Debug, Clone, Default)]
pub struct AnalysisRate {
    cost_ms: Option<f64>,
    step_ms: Option<f64>,
    before_us: Option<i64>,
    wait: u32,
}

impl AnalysisRate {
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
    use super::*;

    #[test]
    fn a_quick_device_analyses_every_frame_and_a_slow_one_some() {
        let run = |cost: f64, behind: usize| {
            let mut sampling = AnalysisRate::default();
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
