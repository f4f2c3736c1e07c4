//! The pictures of a recording, measured.

use web_sys::VideoFrame;

use super::{FRAMES_BEHIND, Recording};
use crate::{
    browser::{describe, now_ms, sampler::FrameSampler},
    log::index::seconds,
};

/// A picture of a file that stands so long is measured again every [`HELD_STEP_US`], µs.
const HELD_US: i64 = 150_000;
const HELD_STEP_US: i64 = 33_333;

impl Recording {
    /// Measures a frame shown at `t_us`. `new_shot`: one starts here for sure.
    pub(super) async fn measure_frame(
        &self,
        frame: &VideoFrame,
        t_us: i64,
        new_shot: bool,
        sampler: &mut FrameSampler,
    ) {
        let began = now_ms();
        match sampler.sample(frame, seconds(t_us)).await {
            Ok(sample) => {
                {
                    let mut state = self.state.borrow_mut();
                    state.rate.took(now_ms() - began);
                    state.keyframes.saw(t_us, sample.motion);
                    state.exposure = sample.exposure;
                }
                self.analysis.push(&sample, new_shot);
                self.analysis.pump(seconds(t_us), false).await;
            }
            Err(error) => {
                if !std::mem::replace(&mut self.state.borrow_mut().no_analysis, true) {
                    self.report_problem(format!(
                        "A picture could not be analysed ({}); the film is recorded, but highlights may be missing.",
                        describe(&error)
                    ));
                }
            }
        }
    }

    /// A picture that stands is measured again as often as a film would show it: what a network of films says of a few slides in a
    /// row, and how long a shot of one picture is, means nothing.
    pub(super) async fn measure_held(
        &self,
        frame: &VideoFrame,
        t_us: i64,
        length_us: i64,
        sampler: &mut FrameSampler,
    ) {
        if length_us < HELD_US {
            return;
        }
        let mut later_us = t_us + HELD_STEP_US;
        while later_us < t_us + length_us - HELD_STEP_US / 2 && !self.stopping.get() {
            self.measure_frame(frame, later_us, false, sampler).await;
            let stopping = || self.stopping.get();
            self.analysis
                .catch_up(seconds(later_us), FRAMES_BEHIND, stopping)
                .await;
            later_us += HELD_STEP_US;
        }
    }
}
