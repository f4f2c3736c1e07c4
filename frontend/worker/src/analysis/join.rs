//! Joins what was measured on a frame with what the network answers about it later.

use std::collections::VecDeque;

use domain::highlight::Moment;

use crate::log::index::micros;

/// Most frames sent at once to the network's worker, beside [`CONTEXT`].
pub const BATCH: usize = 16;

/// A batch goes out at the latest when its first frame is this old, s.
pub const BATCH_AGE: f64 = 0.3;

/// Answered frames that a worker which takes over is shown first, so that it scores the rest as one that saw it all: what the
/// network looks at to one side (31 frames) and the block before (32), rounded up.
pub const CONTEXT: usize = 64;

/// A measured frame without its answer. Its picture is kept until the answer comes, so that another worker can be asked.
#[derive(Debug, Clone)]
struct Waiting {
    moment: Moment,
    thumb: Box<[u8]>,
    /// A new shot for sure, whatever its score: the camera changed its picture size here.
    certain: bool,
}

/// A batch for the network's worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Presentation times, s.
    pub times: Vec<f64>,
    /// The thumbnails of these frames, one after another.
    pub pixels: Vec<u8>,
}

/// Frames on their way through the network, in order.
#[derive(Debug, Clone, Default)]
pub struct Join {
    waiting: VecDeque<Waiting>,
    /// How many at the front of `waiting` were sent.
    sent: usize,
    /// The last answered frames: time and picture.
    answered: VecDeque<(f64, Box<[u8]>)>,
    /// Whether the worker has not seen `answered` yet.
    fresh: bool,
}

impl Join {
    /// Takes in a measured frame; its `boundary` is not known yet.
    pub fn push(&mut self, moment: Moment, thumb: Box<[u8]>, certain: bool) {
        self.waiting.push_back(Waiting {
            moment,
            thumb,
            certain,
        });
    }

    /// Frames that have no answer yet.
    #[must_use]
    pub fn behind(&self) -> usize {
        self.waiting.len()
    }

    /// The next batch, if it is full, old enough at `now` (presentation s), or `all` must go.
    pub fn batch(&mut self, now: f64, all: bool) -> Option<Batch> {
        let unsent = self.waiting.len() - self.sent;
        let first = self.waiting.get(self.sent)?;
        if !all && unsent < BATCH && now - first.moment.t < BATCH_AGE {
            return None;
        }
        let mut batch = Batch {
            times: Vec::new(),
            pixels: Vec::new(),
        };
        if std::mem::take(&mut self.fresh) {
            for (t, thumb) in &self.answered {
                batch.times.push(*t);
                batch.pixels.extend_from_slice(thumb);
            }
        }
        let due = self.waiting.iter().skip(self.sent).take(BATCH);
        self.sent += due.len();
        for waiting in due {
            batch.times.push(waiting.moment.t);
            batch.pixels.extend_from_slice(&waiting.thumb);
        }
        Some(batch)
    }

    /// Another worker took over: it is shown the last [`CONTEXT`] answered frames, whose second answers are passed over, and
    /// everything without an answer.
    pub fn resend(&mut self) {
        self.sent = 0;
        self.fresh = true;
    }

    /// Takes in answers and returns the frames that are complete now, in order.
    ///
    /// Answers come in order; one for a frame that does not wait (a late one of a replaced worker) is passed over, and
    /// a waiting frame that was skipped gets no boundary.
    pub fn answer(&mut self, scores: &[(f64, f32)]) -> Vec<Moment> {
        let mut complete = Vec::new();
        for &(t, score) in scores {
            let t = micros(t);
            if self
                .waiting
                .front()
                .is_none_or(|first| micros(first.moment.t) > t)
            {
                continue;
            }
            while let Some(first) = self.waiting.front() {
                let at = micros(first.moment.t);
                if at > t {
                    break;
                }
                let score = if at == t { score } else { 0.0 };
                complete.extend(self.take(score));
            }
        }
        complete
    }

    fn take(&mut self, score: f32) -> Option<Moment> {
        let first = self.waiting.pop_front()?;
        self.sent = self.sent.saturating_sub(1);
        let boundary = if first.certain {
            1.0
        } else if score.is_finite() {
            score.clamp(0.0, 1.0)
        } else {
            0.0
        };
        if self.answered.len() == CONTEXT {
            self.answered.pop_front();
        }
        self.answered.push_back((first.moment.t, first.thumb));
        Some(Moment {
            boundary,
            ..first.moment
        })
    }

    /// The thumbnails that wait, for a detector of one's own: pairs of time and picture.
    pub fn thumbs(&self) -> impl Iterator<Item = (f64, &[u8])> {
        self.waiting
            .iter()
            .map(|waiting| (waiting.moment.t, &*waiting.thumb))
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moment(t: f64) -> Moment {
        Moment {
            t,
            boundary: 0.0,
            motion: 0.5,
            sharpness: 1.0,
            exposure: 0.5,
            clipped: 0.0,
            colourfulness: 9.0,
            stability: Some(0.5),
            layout: None,
        }
    }

    fn filled(frames: usize) -> Join {
        let mut join = Join::default();
        for i in 0..frames {
            join.push(moment(i as f64 / 30.0), vec![i as u8; 4].into(), i == 5);
        }
        join
    }

    #[test]
    fn batches_go_out_full_or_old() {
        let mut join = filled(20);
        let batch = join.batch(0.6, false).expect("sixteen wait");
        assert_eq!((batch.times.len(), batch.pixels.len()), (BATCH, BATCH * 4));
        assert_eq!(join.batch(0.65, false), None);
        assert_eq!(join.batch(0.9, false).map(|b| b.times.len()), Some(4));
        assert_eq!(join.batch(9.0, true), None);
        join.resend();
        assert_eq!(join.batch(0.0, true).map(|b| b.times[0]), Some(0.0));
    }

    #[test]
    fn a_new_picture_size_is_a_boundary_whatever_the_network_says() {
        let mut join = filled(8);
        let scores: Vec<(f64, f32)> = (0..8).map(|i| (i as f64 / 30.0, 0.25)).collect();
        let moments = join.answer(&scores);
        assert_eq!(moments[5].boundary, 1.0);
        assert_eq!(moments[6].boundary, 0.25);
        assert_eq!(join.behind(), 0);
    }

    #[test]
    fn a_successor_is_shown_what_came_before() {
        let mut join = filled(80);
        while join.batch(9.0, true).is_some() {}
        let at = |i: usize| i as f64 / 30.0;
        let scores: Vec<(f64, f32)> = (0..70).map(|i| (at(i), 0.0)).collect();
        assert_eq!(join.answer(&scores).len(), 70);
        join.resend();
        let batch = join.batch(9.0, true).expect("ten wait");
        assert_eq!(batch.times.len(), CONTEXT + 10);
        assert_eq!((batch.times[0], batch.times[CONTEXT]), (at(6), at(70)));
        assert_eq!(batch.pixels.len(), batch.times.len() * 4);
        assert_eq!(batch.pixels[..4], [6; 4]);
        let scores: Vec<(f64, f32)> = batch.times.iter().map(|t| (*t, 0.5)).collect();
        let rest = join.answer(&scores);
        assert_eq!(
            (rest.len(), rest[0].t),
            (10, at(70)),
            "the context is not answered twice"
        );
    }

    #[test]
    fn answers_that_are_no_numbers_are_no_boundaries() {
        let mut join = filled(2);
        let moments = join.answer(&[(0.0, f32::NAN), (1.0 / 30.0, 7.0)]);
        assert_eq!((moments[0].boundary, moments[1].boundary), (0.0, 1.0));
    }

    proptest! {
        /// A worker dies at any point and another takes over: every frame comes out once, in order.
        #[test]
        fn no_frame_is_lost_when_the_worker_changes(
            frames in 1..120_usize, death in 0..120_usize, answered in 0..120_usize,
        ) {
            let mut join = filled(frames);
            let mut out = Vec::new();
            let mut sent: Vec<f64> = Vec::new();
            for _ in 0..death { if let Some(batch) = join.batch(9.0, false) { sent.extend(batch.times); } }
            let scores: Vec<(f64, f32)> = sent.iter().take(answered).map(|t| (*t, 0.5)).collect();
            out.extend(join.answer(&scores));
            join.resend();
            let mut again: Vec<(f64, f32)> = Vec::new();
            while let Some(batch) = join.batch(9.0, true) { again.extend(batch.times.iter().map(|t| (*t, 0.75))); }
            // The first worker's last scores arrive late and change nothing.
            out.extend(join.answer(&again));
            out.extend(join.answer(&scores));
            prop_assert_eq!(out.len(), frames);
            prop_assert!(out.windows(2).all(|pair| pair[0].t < pair[1].t));
            prop_assert_eq!(join.behind(), 0);
        }
    }
}
