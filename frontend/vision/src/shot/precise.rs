//! TransNetV2 beside the student: its score counts where the student is in doubt.
//!
//! By itself it takes flashes and jolts for cuts that the student was taught to see through, and finds dissolves of which the
//! student only says that something may be there.

use std::collections::VecDeque;

use super::{Score, WeightsError, rules::SURE};
use crate::{
    device::Device,
    frame::Thumb,
    transnet::{self, THRESHOLD},
};

/// From this score on the student is in doubt; `domain::highlight` lets no clip run through such frames.
const DOUBT: f32 = 0.03;

/// How far apart the two networks may see the same boundary, frames.
const NEAR: usize = 2;

/// Both networks' scores of a film, each frame's once both have scored it.
pub(super) struct Precise {
    network: transnet::Detector,
    /// Of frames that the student has not scored, oldest first, in its terms. TransNetV2 marks the last frame before a cut; here
    /// the first after it is meant, so a score is that of the frame before.
    scores: VecDeque<f32>,
    /// The student's, oldest first: up to [`NEAR`] frames that are answered, then those that are not.
    student: VecDeque<Score>,
    /// How many of these are answered.
    answered: usize,
    /// Whether there is a student; without one TransNetV2 decides.
    advised: bool,
    /// Whether the film has begun.
    begun: bool,
}

impl Precise {
    /// # Errors
    /// [`WeightsError`] where the file cannot be used, or nothing computes tensors there.
    pub(super) fn new(
        weights: &[u8],
        device: &Device,
        advised: bool,
    ) -> Result<Self, WeightsError> {
        Ok(Self {
            network: transnet::Detector::new(weights, device)?,
            scores: VecDeque::new(),
            student: VecDeque::new(),
            answered: 0,
            advised,
            begun: false,
        })
    }

    pub(super) fn lost(&self) -> bool {
        self.network.lost()
    }

    /// Takes the next frame, and what the student has scored by now; answers what both have.
    pub(super) async fn push(&mut self, thumb: &Thumb, student: Vec<Score>) -> Vec<Score> {
        if !std::mem::replace(&mut self.begun, true) {
            self.scores.push_back(0.0);
        }
        let scores = self.network.push(0.0, thumb).await;
        self.scores.extend(scores.into_iter().map(|s| terms(s.1)));
        self.student.extend(student);
        self.ripe(NEAR)
    }

    /// Answers the rest. It is then as new, for the next film.
    pub(super) async fn finish(&mut self, student: Vec<Score>) -> Vec<Score> {
        let scores = self.network.finish().await;
        self.scores.extend(scores.into_iter().map(|s| terms(s.1)));
        self.student.extend(student);
        let rest = self.ripe(0);
        // Nothing follows the last frame.
        self.scores.clear();
        self.student.clear();
        self.answered = 0;
        self.begun = false;
        rest
    }

    /// Answers frames that both have scored, once the student's scores of so many more are known.
    fn ripe(&mut self, ahead: usize) -> Vec<Score> {
        let known = self.student.len().saturating_sub(self.answered + ahead);
        let ripe = known.min(self.scores.len());
        let mut out = Vec::with_capacity(ripe);
        for precise in self.scores.drain(..ripe) {
            let mut near = self.student.iter().take(self.answered + 1 + NEAR);
            let asked = !self.advised || near.any(|s| s.1 >= DOUBT);
            let (t, score) = self.student[self.answered];
            out.push((t, if asked { score.max(precise) } else { score }));
            if self.answered < NEAR {
                self.answered += 1;
            } else {
                self.student.pop_front();
            }
        }
        out
    }
}

/// From its score to the student's: it begins a transition at [`THRESHOLD`], where the student is [`SURE`].
fn terms(score: f32) -> f32 {
    if score <= THRESHOLD {
        score * (SURE / THRESHOLD)
    } else {
        SURE + (score - THRESHOLD) * ((1.0 - SURE) / (1.0 - THRESHOLD))
    }
}

#[cfg(all(test, feature = "flex"))]
mod test {
    use super::*;
    use crate::{device, shot::test::block};

    /// Answers of a film of one picture, whose frames the student scores seven at a time, late.
    fn answers(weights: &[u8], student: &[f32], advised: bool) -> Vec<f32> {
        let mut precise = Precise::new(weights, &device::cpu(), advised).expect("whole");
        let all: Vec<Score> = (0..).map(f64::from).zip(student.iter().copied()).collect();
        let mut blocks = all.chunks(7);
        let mut out = Vec::new();
        for i in 0..all.len() {
            let ready = if i % 7 == 6 { blocks.next() } else { None };
            let ready = ready.unwrap_or_default().to_vec();
            out.extend(block(precise.push(&Thumb::filled([90; 3]), ready)));
        }
        out.extend(block(precise.finish(blocks.flatten().copied().collect())));
        let times: Vec<f64> = out.iter().map(|s| s.0).collect();
        assert_eq!(times, all.iter().map(|s| s.0).collect::<Vec<_>>());
        out.into_iter().map(|s| s.1).collect()
    }

    #[test]
    fn its_word_counts_near_a_doubt_of_the_student() {
        // Random, so that it says something of every frame.
        let weights = transnet::untaught();
        let mut student = [0.01; 18];
        student[8] = DOUBT;
        let precise = answers(&weights, &[0.0; 18], false);
        assert_eq!(precise[0], 0.0, "no frame is before the first");
        assert!(precise[1..].iter().all(|&s| s > DOUBT), "{precise:?}");
        let both = answers(&weights, &student, true);
        for (i, score) in both.into_iter().enumerate() {
            let asked = i.abs_diff(8) <= NEAR;
            assert_eq!(
                score,
                if asked { precise[i] } else { student[i] },
                "frame {i}"
            );
        }
    }
}
