//! Backgrounds that stay: behind a car that drives past, a hand that comes in, a title that fades in.
//!
//! All of these mix and move as graduals do, and the network takes some for such. What tells them apart is what they leave
//! alone: after a transition the fine structure of the picture is another in every place, while behind something that
//! passes it is the same in some places, whatever happens in the others. So places are compared one by one, between frames
//! far enough apart for most of a transition to lie between them. Light is left out as far as it is smooth, and a
//! structure that has faded is not the same.
//!
//! Everything is decided in whole numbers, so every machine decides alike.

use std::collections::VecDeque;

use super::{bars, rules::luma};
use crate::frame::{HEIGHT, Thumb, WIDTH};

/// Frames between a frame and each of the two that are compared across it: in a gradual of up to 60 frames they leave its
/// middle third unlike (300 pairs of the development clips' pictures, dissolved). An answer is so many frames late, no later than the network's.
const SIDE: usize = 16;
/// A place is so many cells wide and high; the picture's topmost row and the two at its foot belong to none.
const PLACE: [usize; 2] = [6, 4];
const PLACES: [usize; 2] = [WIDTH / PLACE[0], HEIGHT / PLACE[1]];
const CELLS: usize = PLACE[0] * PLACE[1];
/// A cell's structure is nine times what its luma has over the mean of the nine cells round it. A place has structure to
/// speak of where that is one level in the root mean square.
const STRUCTURE: i32 = CELLS as i32 * 81;
/// Two structures a and b are the same where 2ab / (a² + b²) is at least 3/4: alike in shape and in strength.
const SAME: (i64, i64) = (3, 4);
/// The background stays where it is the same in 3/20 of the places with structure, and in so many at least. (Of the
/// development clips' 87 graduals none has more than 4/50 in the middle; what passes leaves 9/50 and more.)
const STAYS: (usize, usize) = (3, 20);
const STAYS_LEAST: usize = 4;
/// So many of them lie above the lower third, where subtitles stay while shots change.
const STAYS_ABOVE: usize = 3;
const ABOVE: usize = PLACES[0] * PLACES[1] * 2 / 3;

/// Rows or columns beside a bar that say nothing either: one that is half bar, and one that is held against that.
const BESIDE: usize = 2;

/// The structure of a picture, place by place.
type Structure = Vec<[i16; CELLS]>;

/// The stream of frames; each is answered once, in order: whether the background is the same before and after it.
#[derive(Debug, Default)]
pub(super) struct Background {
    /// The last frames, at most 2 · [`SIDE`] + 1.
    window: VecDeque<Structure>,
    /// Frames not answered.
    waiting: usize,
}

impl Background {
    pub(super) fn push(&mut self, thumb: &Thumb) -> Option<bool> {
        self.window.push_back(structure(thumb));
        self.waiting += 1;
        if self.waiting <= SIDE {
            return None;
        }
        self.waiting -= 1;
        if self.window.len() <= 2 * SIDE {
            // Too little is known of what was before.
            return Some(false);
        }
        let stays = stays(&self.window[0], &self.window[2 * SIDE]);
        self.window.pop_front();
        Some(stays)
    }

    pub(super) fn finish(&mut self) -> Vec<bool> {
        let rest = std::mem::take(self).waiting;
        vec![false; rest]
    }
}

fn stays(before: &Structure, after: &Structure) -> bool {
    let (mut same, mut above, mut known) = (0, 0, 0);
    for (i, (a, b)) in before.iter().zip(after).enumerate() {
        let product = |x: &[i16; CELLS], y: &[i16; CELLS]| -> i32 {
            // At most 24 · 2295²: within 32 bits.
            x.iter()
                .zip(y)
                .map(|(&x, &y)| i32::from(x) * i32::from(y))
                .sum()
        };
        let (aa, bb) = (product(a, a), product(b, b));
        if aa.max(bb) < STRUCTURE {
            continue;
        }
        known += 1;
        let (both, each) = (i64::from(product(a, b)), i64::from(aa) + i64::from(bb));
        if 2 * both * SAME.1 >= each * SAME.0 {
            same += 1;
            above += usize::from(i < ABOVE);
        }
    }
    same >= STAYS_LEAST && above >= STAYS_ABOVE && same * STAYS.1 >= known * STAYS.0
}

fn structure(thumb: &Thumb) -> Structure {
    let luma: Vec<i16> = luma(thumb).map(i16::from).collect();
    // Sums of three along the rows; at the sides the last cell counts again.
    let along: Vec<i16> = luma
        .chunks_exact(WIDTH)
        .flat_map(|row| {
            (0..WIDTH).map(|x| row[x.saturating_sub(1)] + row[x] + row[(x + 1).min(WIDTH - 1)])
        })
        .collect();
    let [across, down] = bars::inside(&luma, BESIDE);
    let mut out = Vec::with_capacity(PLACES[0] * PLACES[1]);
    for top in (0..PLACES[1]).map(|i| 1 + i * PLACE[1]) {
        for left in (0..PLACES[0]).map(|i| i * PLACE[0]) {
            out.push(std::array::from_fn(|i| {
                let (x, y) = (left + i % PLACE[0], top + i / PLACE[0]);
                if !across.contains(&x) || !down.contains(&y) {
                    return 0;
                }
                let at = y * WIDTH + x;
                9 * luma[at] - along[at - WIDTH] - along[at] - along[at + WIDTH]
            }));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::test::grey as thumb, *};
    use crate::random::Random;

    const FILM: usize = 80;

    /// A picture of random light, cell by cell.
    fn picture(seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed);
        (0..WIDTH * HEIGHT)
            .map(|_| random.between(20.0, 220.0))
            .collect()
    }

    fn answers(film: impl IntoIterator<Item = Thumb>) -> Vec<bool> {
        let mut background = Background::default();
        let mut out = Vec::new();
        let mut frames = 0;
        for thumb in film {
            frames += 1;
            out.extend(background.push(&thumb));
            assert!(frames - out.len() <= SIDE, "an answer is never later");
        }
        out.extend(background.finish());
        assert_eq!(out.len(), frames, "each frame is answered once");
        out
    }

    /// Where there are frames enough on both sides.
    fn known(answers: &[bool]) -> &[bool] {
        &answers[SIDE..FILM - SIDE]
    }

    #[test]
    fn what_passes_before_a_background_leaves_it() {
        let (street, car) = (picture(1), picture(2));
        let found = answers((0..FILM).map(|t| {
            // Half as wide as the picture and as high.
            let left = t as f32 * 2.0 - 40.0;
            let passes = |i: usize| (left..left + 24.0).contains(&((i % WIDTH) as f32));
            thumb(|i| if passes(i) { car[i] } else { street[i] })
        }));
        assert!(known(&found).iter().all(|&x| x), "{found:?}");
    }

    #[test]
    fn a_title_that_fades_in_leaves_the_background() {
        let scene = picture(3);
        let found = answers((0..FILM).map(|t| {
            let k = ((t as f32 - 30.0) / 16.0).clamp(0.0, 1.0);
            let title = |i: usize| (8..14).contains(&(i / WIDTH)) && !i.is_multiple_of(3);
            thumb(|i| {
                if title(i) {
                    scene[i] * (1.0 - k) + 255.0 * k
                } else {
                    scene[i]
                }
            })
        }));
        assert!(known(&found).iter().all(|&x| x), "{found:?}");
    }

    #[test]
    fn light_that_changes_leaves_the_background() {
        let scene = picture(4);
        let found =
            answers((0..FILM).map(|t| thumb(|i| scene[i] * (1.0 + 0.2 * (t as f32 / 9.0).sin()))));
        assert!(known(&found).iter().all(|&x| x), "{found:?}");
    }

    #[test]
    fn a_transition_does_not() {
        let (before, after) = (picture(5), picture(6));
        for len in [1, 8, 20, 40, 60] {
            let part = |t: usize| ((t as f32 - 40.0) / len as f32 + 0.5).clamp(0.0, 1.0);
            let dissolve = answers(
                (0..FILM).map(|t| thumb(|i| before[i] * (1.0 - part(t)) + after[i] * part(t))),
            );
            let wipe = answers((0..FILM).map(|t| {
                let edge = part(t) * WIDTH as f32;
                thumb(|i| {
                    if ((i % WIDTH) as f32) < edge {
                        after[i]
                    } else {
                        before[i]
                    }
                })
            }));
            let third = 40 - len / 6..=40 + len / 6;
            assert!(
                !dissolve[third.clone()].iter().any(|&x| x),
                "dissolve of {len}: {dissolve:?}"
            );
            // Half of a slow wipe is still to come.
            assert!(
                len > 32 || !wipe[third].iter().any(|&x| x),
                "wipe of {len}: {wipe:?}"
            );
            assert!(
                known(&dissolve)[0] && dissolve[FILM - SIDE - 1],
                "it stays before and after"
            );
        }
    }

    #[test]
    fn bars_and_subtitles_stay_and_are_no_background() {
        let (before, after) = (picture(8), picture(9));
        let words = |i: usize| (22..25).contains(&(i / WIDTH)) && (6..42).contains(&(i % WIDTH));
        for bars in [0, 2, 3, 4] {
            for sides in [0, 6, 12] {
                let found = answers((0..FILM).map(|t| {
                    let k = ((t as f32 - 30.0) / 20.0).clamp(0.0, 1.0);
                    thumb(|i| {
                        let (x, y) = (i % WIDTH, i / WIDTH);
                        let bar = y.min(HEIGHT - 1 - y) < bars || x.min(WIDTH - 1 - x) < sides;
                        // The first row that shows something is half bar.
                        let half = bars > 0 && y.min(HEIGHT - 1 - y) == bars;
                        match (bar, words(i)) {
                            (true, _) => 16.0,
                            (_, true) => {
                                if i % 2 == 0 {
                                    235.0
                                } else {
                                    20.0
                                }
                            }
                            _ => {
                                (before[i] * (1.0 - k) + after[i] * k)
                                    * if half { 0.5 } else { 1.0 }
                            }
                        }
                    })
                }));
                assert!(
                    !found[36..44].iter().any(|&x| x),
                    "{bars} {sides}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn what_has_no_structure_says_nothing() {
        let grey = answers((0..FILM).map(|_| thumb(|i| 60.0 + (i % WIDTH) as f32)));
        assert!(!grey.iter().any(|&x| x));
    }

    #[test]
    fn a_fade_is_no_background_that_stays() {
        let scene = picture(7);
        let found = answers((0..FILM).map(|t| {
            let k = (t as f32 / FILM as f32 * 4.0 - 1.5).clamp(0.0, 1.0);
            thumb(|i| scene[i] * (1.0 - k) + 200.0 * k)
        }));
        assert!(!found[40], "{found:?}");
    }

    proptest! {
        #[test]
        fn each_frame_of_any_film_is_answered_once(scenes in prop::collection::vec(0_usize..4, 0..120)) {
            let all: Vec<Thumb> = (0..4).map(|k| {
                let picture = picture(k);
                thumb(|i| picture[i])
            }).collect();
            let found = answers(scenes.iter().map(|&k| all[k].clone()));
            for (i, &stays) in found.iter().enumerate() {
                let sides = i.checked_sub(SIDE).and_then(|b| Some((scenes[b], *scenes.get(i + SIDE)?)));
                prop_assert_eq!(stays, sides.is_some_and(|(b, a)| a == b));
            }
        }
    }
}
