//! Transitions through a blank picture: black, white or any one colour between two different shots.
//!
//! A fade to a flat colour that is held, or a flash to a title, leaves the network little to compare: nothing moves and
//! nothing mixes. What tells such a transition from a flash or a covered lens is what comes back, so the pictures on
//! both sides are compared. (PySceneDetect's threshold detector looks for black in the same way; it does not ask what follows.)
//!
//! Everything is decided in whole numbers, so every machine decides alike.

use super::{plain::alike, rules::luma};
use crate::frame::Thumb;

/// A picture whose luma varies by less than this (variance, squared 8-bit units: a standard deviation of 4) is blank…
const FLAT: u64 = 16;
/// …and one with at least this much (8) shows something.
const CLEAR: u64 = 64;
/// Frames that a picture may take to go blank.
const DOWN: usize = 24;
/// Frames of a blank that are held for what follows; of a longer one the last so many.
const HELD: usize = 24;
/// Frames that the next picture may take to come up. With [`HELD`] an answer is at most 32 frames late, no later than the
/// network's.
const UP: usize = 8;
/// Correlation, whatever the light, from which on the picture after is the one before.
const ALIKE: f64 = 0.6;

/// The stream of frames; each is answered once, in order: whether it is a part of such a transition.
#[derive(Debug, Default)]
pub(super) struct Blank {
    /// The last picture that showed something, and how many frames ago that was.
    before: Option<(Thumb, usize)>,
    /// Blank frames that wait for what follows, and those after them that do not show enough yet.
    flat: usize,
    rising: usize,
}

impl Blank {
    pub(super) fn push(&mut self, thumb: &Thumb) -> Vec<bool> {
        let contrast = variance(thumb);
        if contrast >= CLEAR {
            // To compare two pictures takes a third as long as all the network does; mostly nothing waits for it.
            let waits = self.flat > 0;
            let before = self.before.as_ref().filter(|_| waits);
            let different = before.is_some_and(|(before, _)| !alike(before, thumb, ALIKE));
            let mut out = self.settle(different);
            out.push(false);
            self.before = Some((thumb.clone(), 0));
            return out;
        }
        if let Some((_, age)) = &mut self.before {
            *age += 1;
        }
        let waits = self.flat > 0;
        let recent = self.before.as_ref().is_some_and(|(_, age)| *age <= DOWN);
        if contrast < FLAT && (waits || recent) {
            // What rose and fell again belongs to the blank.
            self.flat += self.rising + 1;
            self.rising = 0;
            let late = self.flat.saturating_sub(HELD);
            self.flat -= late;
            return vec![false; late];
        }
        if !waits {
            return vec![false];
        }
        self.rising += 1;
        if self.rising > UP {
            self.before = None;
            return self.settle(false);
        }
        Vec::new()
    }

    pub(super) fn finish(&mut self) -> Vec<bool> {
        let out = self.settle(false);
        *self = Self::default();
        out
    }

    /// Answers everything that waits.
    fn settle(&mut self, answer: bool) -> Vec<bool> {
        vec![answer; std::mem::take(&mut self.flat) + std::mem::take(&mut self.rising)]
    }
}

/// Variance of the luma, in squared 8-bit units.
fn variance(thumb: &Thumb) -> u64 {
    let (mut sum, mut squares, mut n) = (0_u64, 0_u64, 0_u64);
    for luma in luma(thumb).map(u64::from) {
        sum += luma;
        squares += luma * luma;
        n += 1;
    }
    (n * squares - sum * sum) / (n * n)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frame::{HEIGHT, WIDTH};

    /// Stripes across or along, at a share of their contrast over a grey.
    fn stripes(along: bool, contrast: f32, grey: f32) -> Thumb {
        let mut thumb = Thumb::filled([0; 3]);
        for (i, pixel) in thumb.as_bytes_mut().chunks_exact_mut(3).enumerate() {
            let at = if along { i / WIDTH } else { i % WIDTH };
            let bright = if at % 8 < 4 { 60.0 } else { -60.0 };
            pixel.fill((grey + bright * contrast) as u8);
        }
        thumb
    }

    fn answers(film: &[Thumb]) -> Vec<bool> {
        let mut blank = Blank::default();
        let mut out = Vec::new();
        for (i, thumb) in film.iter().enumerate() {
            out.extend(blank.push(thumb));
            assert!(i + 1 - out.len() <= HELD + UP, "an answer is never later");
        }
        out.extend(blank.finish());
        assert_eq!(out.len(), film.len(), "each frame is answered once");
        out
    }

    fn film(after_along: bool, held: usize, grey: f32) -> Vec<Thumb> {
        let down = (0..20).map(|_| stripes(false, 1.0, grey));
        let fade = (1..8).map(|i| stripes(false, 1.0 - i as f32 / 8.0, grey));
        let blank = (0..held).map(|_| stripes(false, 0.0, grey));
        let rise = (1..8).map(|i| stripes(after_along, i as f32 / 8.0, grey));
        let up = (0..20).map(|_| stripes(after_along, 1.0, grey));
        down.chain(fade)
            .chain(blank)
            .chain(rise)
            .chain(up)
            .collect()
    }

    #[test]
    fn another_picture_after_a_blank_is_a_transition() {
        for grey in [70.0, 128.0, 190.0] {
            for held in [1, 5, 20, 60] {
                let found = answers(&film(true, held, grey));
                let blank = 27..27 + held;
                assert!(
                    found[blank.end - held.min(HELD - 1)..blank.end]
                        .iter()
                        .all(|&x| x)
                );
                assert!(
                    found[..20]
                        .iter()
                        .chain(&found[blank.end + 7..])
                        .all(|&x| !x)
                );
            }
        }
    }

    #[test]
    fn the_same_picture_after_a_blank_is_none() {
        for held in [1, 5, 20, 60] {
            assert!(answers(&film(false, held, 128.0)).iter().all(|&x| !x));
        }
    }

    #[test]
    fn a_film_that_begins_or_ends_blank_has_no_transition_there() {
        let film = film(true, 30, 128.0);
        assert!(answers(&film[30..]).iter().all(|&x| !x), "it begins blank");
        assert!(answers(&film[..50]).iter().all(|&x| !x), "it ends blank");
    }

    proptest! {
        #[test]
        fn each_frame_of_any_film_is_answered_once(levels in prop::collection::vec((any::<bool>(), 0.0..1.0_f32), 0..200)) {
            let film: Vec<Thumb> = levels.iter().map(|&(along, c)| stripes(along, if c < 0.5 { 0.0 } else { c - 0.4 }, 128.0)).collect();
            answers(&film);
        }
    }

    #[test]
    fn variance_is_that_of_the_luma() {
        assert_eq!(variance(&Thumb::filled([7, 90, 200])), 0);
        // Half at 68, half at 188.
        assert_eq!(variance(&stripes(false, 1.0, 128.0)), 3600);
        assert_eq!(WIDTH * HEIGHT, 1296);
    }
}
