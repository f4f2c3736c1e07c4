//! Light alone: a scene that is blown out when the exposure jumps, and one that comes back from it.
//!
//! Where most of a picture turns white, its structure is gone and what is left looks like a fade to white. What tells the two
//! apart is what stays dark: a fade whitens everything, more light multiplies. So the darker of two pictures is brightened
//! as a camera would, by one factor up to white, and held against the brighter one. A fade from black multiplies
//! as well, but takes nothing beyond white.
//!
//! Everything is decided in whole numbers, so every machine decides alike.

use std::collections::VecDeque;

use crate::frame::{BYTES, Thumb};

/// Frames between a frame and each of the two that are compared across it. An answer is so many frames late.
const SIDE: usize = 4;
/// Less than this between two pictures' means (8-bit units) is nothing to explain.
const LEAST: u64 = 16;
/// From here on a value is white.
const WHITE: u64 = 250;
/// A value that the factor takes so far is beyond white…
const BEYOND: u64 = 290;
/// …as one in seven at least are where a scene is blown out.
const BLOWN: u64 = 7;
/// So many values are not white, one in this many: what the factor is taken from.
const KNOWN: u64 = 50;
/// Factors, in 256ths: 1.15 to 2.2.
const FACTORS: std::ops::RangeInclusive<u64> = 294..=563;
/// What the factor leaves unexplained is at most this part of the difference. (Jumps of exposure in constructed clips leave
/// 0.05 to 0.09, and fades to white and dissolves into white 0.2 and more.)
const REST: u64 = 10;

/// The stream of frames; each is answered once, in order: whether only the light changes across it.
#[derive(Debug, Default)]
pub(super) struct Light {
    /// The last frames, at most 2 · [`SIDE`] + 1, each with the sum of its values.
    window: VecDeque<(Thumb, u64)>,
    /// Frames not answered.
    waiting: usize,
}

impl Light {
    pub(super) fn push(&mut self, thumb: &Thumb) -> Option<bool> {
        let sum = thumb.as_bytes().iter().map(|&x| u64::from(x)).sum();
        self.window.push_back((thumb.clone(), sum));
        self.waiting += 1;
        (self.waiting > SIDE).then(|| self.answer())
    }

    pub(super) fn finish(&mut self) -> Vec<bool> {
        let mut out = Vec::new();
        while self.waiting > 0 {
            out.push(self.answer());
        }
        *self = Self::default();
        out
    }

    /// The oldest frame that waits, seen between those that there are.
    fn answer(&mut self) -> bool {
        let at = self.window.len() - self.waiting;
        self.waiting -= 1;
        let before = &self.window[at.saturating_sub(SIDE)];
        let after = &self.window[(at + SIDE).min(self.window.len() - 1)];
        let only = before.1.abs_diff(after.1) >= LEAST * BYTES as u64
            && if before.1 < after.1 {
                blown_out(&before.0, &after.0)
            } else {
                blown_out(&after.0, &before.0)
            };
        if at >= SIDE {
            self.window.pop_front();
        }
        only
    }
}

/// Whether more light makes the bright picture of the dark one, and takes a good part of it beyond white.
fn blown_out(dark: &Thumb, bright: &Thumb) -> bool {
    let pairs = || {
        let values = dark.as_bytes().iter().zip(bright.as_bytes());
        values.map(|(&d, &b)| (u64::from(d), u64::from(b)))
    };
    // The factor with the least squares, of what is not white.
    let (mut both, mut squares, mut known) = (0, 0, 0);
    for (d, b) in pairs().filter(|&(_, b)| b < WHITE) {
        both += d * b;
        squares += d * d;
        known += 1;
    }
    if known * KNOWN < BYTES as u64 || squares == 0 {
        return false;
    }
    let factor = both * 256 / squares;
    if !FACTORS.contains(&factor) {
        return false;
    }
    let (mut beyond, mut rest, mut difference) = (0, 0, 0);
    for (d, b) in pairs() {
        let lit = d * factor / 256;
        beyond += u64::from(b >= WHITE && d < WHITE && lit >= BEYOND);
        rest += lit.min(255).abs_diff(b);
        difference += d.abs_diff(b);
    }
    beyond * BLOWN >= BYTES as u64 && rest * REST <= difference
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::test::grey as thumb, *};
    use crate::{
        frame::{HEIGHT, WIDTH},
        random::Random,
    };

    const FILM: usize = 60;

    /// A bright scene with some dark things in it.
    fn scene(seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed);
        (0..WIDTH * HEIGHT)
            .map(|i| {
                if (i % WIDTH) % 12 < 3 {
                    random.between(20.0, 70.0)
                } else {
                    random.between(150.0, 235.0)
                }
            })
            .collect()
    }

    fn answers(film: impl IntoIterator<Item = Thumb>) -> Vec<bool> {
        let mut light = Light::default();
        let mut out = Vec::new();
        let mut frames = 0;
        for thumb in film {
            frames += 1;
            out.extend(light.push(&thumb));
            assert!(frames - out.len() <= SIDE, "an answer is never later");
        }
        out.extend(light.finish());
        assert_eq!(out.len(), frames, "each frame is answered once");
        out
    }

    /// Part 0–1 of a change over `len` frames that begins at frame 30.
    fn part(t: usize, len: usize) -> f32 {
        ((t as f32 - 29.0) / len as f32).clamp(0.0, 1.0)
    }

    #[test]
    fn a_scene_that_is_blown_out_is_lit() {
        let scene = scene(1);
        for gain in [1.5, 1.9, 2.1] {
            for len in 1..=8 {
                let lit = |p: f32| thumb(|i| scene[i] * (1.0 + (gain - 1.0) * p));
                let there = answers((0..FILM).map(|t| lit(part(t, len))));
                let back = answers((0..FILM).map(|t| lit(1.0 - part(t, len))));
                for found in [&there, &back] {
                    let middle = 30 + len / 2;
                    assert!(found[middle], "{gain} in {len}: {found:?}");
                    assert!(!found[..24].iter().chain(&found[44..]).any(|&x| x));
                }
            }
        }
    }

    #[test]
    fn fades_are_not() {
        let scene = scene(2);
        // A title on white is what black turns into most like a scene that is blown out.
        let title = |i: usize| -> f32 {
            if (i % WIDTH) % 9 < 2 && i / WIDTH == 13 {
                60.0
            } else {
                255.0
            }
        };
        for len in [4, 8, 16, 30] {
            let white =
                answers((0..FILM).map(|t| thumb(|i| scene[i] + (255.0 - scene[i]) * part(t, len))));
            let black = answers((0..FILM).map(|t| thumb(|i| scene[i] * part(t, len))));
            let up = answers((0..FILM).map(|t| thumb(|i| title(i) * part(t, len))));
            for found in [white, black, up] {
                assert!(!found.iter().any(|&x| x), "{len}: {found:?}");
            }
        }
    }

    #[test]
    fn neither_is_another_scene() {
        let (before, after) = (scene(3), scene(4));
        for len in [1, 8, 20] {
            let found = answers((0..FILM).map(|t| {
                let p = part(t, len);
                thumb(|i| before[i] * 0.6 * (1.0 - p) + (after[(i + 5) % after.len()] * 1.4) * p)
            }));
            assert!(!found.iter().any(|&x| x), "{len}: {found:?}");
        }
    }

    proptest! {
        #[test]
        fn each_frame_of_any_film_is_answered_once(levels in prop::collection::vec(0.0..3.0_f32, 0..60)) {
            let scene = scene(5);
            answers(levels.iter().map(|gain| thumb(|i| scene[i] * gain)));
        }
    }
}
