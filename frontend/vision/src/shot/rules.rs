//! What is known of frames beside the network, and what that changes in its scores.

use std::collections::VecDeque;

use super::{
    background::Background,
    blank::Blank,
    light::Light,
    plain::{Look, Plain},
};
use crate::frame::Thumb;

/// What makes a boundary, whatever the network says: where `domain::highlight::boundaries` lets one begin.
pub(super) const SURE: f32 = 0.9;

/// A frame that may belong to a boundary but makes none: the last hundredth below [`SURE`].
pub(super) const UNSURE: f32 = 0.89;

/// A frame in which the shot surely goes on scores no more: below the 0.30 down to which a boundary spreads.
pub(super) const SAME: f32 = 0.29;

/// Scores each frame beside the network. Whole numbers, and so the same on every machine.
#[derive(Debug, Default)]
pub(super) struct Rules {
    plain: Plain,
    looks: VecDeque<Look>,
    blank: Blank,
    blanks: VecDeque<bool>,
    /// The blank frames at hand are a flash.
    flash: bool,
    background: Background,
    backgrounds: VecDeque<bool>,
    light: Light,
    lights: VecDeque<bool>,
}

impl Rules {
    pub(super) fn push(&mut self, thumb: &Thumb) {
        self.looks.extend(self.plain.push(thumb));
        self.blanks.extend(self.blank.push(thumb));
        self.backgrounds.extend(self.background.push(thumb));
        self.lights.extend(self.light.push(thumb));
    }

    /// The film is over: scores what waits for what follows.
    pub(super) fn finish(&mut self) {
        self.looks.extend(self.plain.finish());
        self.blanks.extend(self.blank.finish());
        self.backgrounds.extend(self.background.finish());
        self.lights.extend(self.light.finish());
    }

    /// Frames that are scored and not asked for. None is scored later than the network answers.
    pub(super) fn scored(&self) -> usize {
        let bools = [&self.blanks, &self.backgrounds, &self.lights].map(VecDeque::len);
        bools.into_iter().fold(self.looks.len(), usize::min)
    }

    /// The score of the next frame, of which the network says this.
    pub(super) fn join(&mut self, network: f32) -> f32 {
        let next = |of: &mut VecDeque<bool>| of.pop_front().unwrap_or(false);
        let look = self.looks.pop_front().unwrap_or_default();
        let blank = next(&mut self.blanks);
        // A blank that comes at once and lets the earlier picture come back is a flash, also where that has moved on
        // by then, unless the network sees a transition.
        self.flash = match (look, blank) {
            (Look::Same, _) => network < SURE,
            (_, true) => self.flash,
            _ => false,
        };
        let seen = Seen {
            look,
            blank: blank && !self.flash,
            stays: next(&mut self.backgrounds),
            lit: next(&mut self.lights),
        };
        join(network, seen)
    }
}

/// What is known of a frame beside the network.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// What the differences say.
    pub(super) look: Look,
    /// It is a part of a blank between two shots.
    pub(super) blank: bool,
    /// The background stays.
    pub(super) stays: bool,
    /// Only the light changes.
    pub(super) lit: bool,
}

/// BT.601 luma of each cell, 0–255, in whole numbers.
pub(super) fn luma(thumb: &Thumb) -> impl Iterator<Item = u8> {
    let pixels = thumb.as_bytes().chunks_exact(3);
    pixels.map(|p| {
        let thousandths = 299 * u32::from(p[0]) + 587 * u32::from(p[1]) + 114 * u32::from(p[2]);
        (thousandths / 1000) as u8
    })
}

/// Differences see every hard cut the network overlooks when both pictures share a background, and cannot see graduals. So they
/// can raise a frame to a cut; and where they see an abrupt change that ended no shot, the network, which now and then
/// takes a caption or a jump of exposure for a cut, is overruled. A blank picture between two shots is a transition. Where
/// the background stays, what the network takes for a transition is something that passes, and where only the light
/// changes it is that, whatever the differences say; near the ends of a true transition both may be so, so such frames may
/// still belong to one. Of all other frames the network decides.
pub(super) fn join(network: f32, seen: Seen) -> f32 {
    if seen.blank {
        return network.max(SURE);
    }
    match seen.look {
        Look::Same => network.min(SAME),
        _ if seen.lit => network.min(UNSURE),
        Look::Quiet if seen.stays => network.min(UNSURE),
        Look::Quiet => network,
        Look::Cut(score) => network.max(score),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Score,
            test::{decided, thumb},
        },
        *,
    };
    use crate::frame::{HEIGHT, WIDTH};

    const NOTHING: Seen = Seen {
        look: Look::Quiet,
        blank: false,
        stays: false,
        lit: false,
    };
    const STAYS: Seen = Seen {
        stays: true,
        ..NOTHING
    };

    #[test]
    fn differences_raise_a_cut_and_hold_back_what_is_none() {
        let looks = |look| Seen { look, ..NOTHING };
        for network in [0.0, 0.2, 0.29, 0.4, 0.7, 0.95, 1.0] {
            let of = |seen| join(network, seen);
            assert_eq!(of(NOTHING), network);
            assert_eq!(of(STAYS), network.min(UNSURE));
            for stays in [false, true] {
                let also = |seen| of(Seen { stays, ..seen });
                assert_eq!(also(looks(Look::Cut(0.92))), network.max(0.92));
                assert_eq!(also(looks(Look::Same)), network.min(SAME));
                let (blank, lit) = (true, true);
                let same = looks(Look::Same);
                assert_eq!(also(Seen { blank, ..same }), network.max(SURE));
                assert_eq!(also(Seen { lit, ..same }), network.min(SAME));
                for look in [Look::Cut(0.92), Look::Quiet] {
                    let seen = Seen { lit, ..looks(look) };
                    assert_eq!(also(seen), network.min(UNSURE));
                }
            }
        }
        let alone =
            |x: f32| decided(&[(0.0, 0.0), (0.1, 0.0), (0.2, x), (0.3, 0.0), (0.4, 0.0)]).len();
        let blank = Seen {
            blank: true,
            ..NOTHING
        };
        assert_eq!(alone(join(0.0, looks(Look::Cut(SURE)))), 1);
        assert_eq!(alone(join(0.0, blank)), 1);
        assert_eq!(alone(join(1.0, looks(Look::Same))), 0);
        assert_eq!(alone(join(1.0, STAYS)), 0);
        // A part of a boundary that begins elsewhere.
        let beside = [0.0, SURE, UNSURE, UNSURE, UNSURE, UNSURE, 0.0];
        let beside = beside.into_iter().enumerate();
        let beside: Vec<Score> = beside.map(|(i, x)| (0.1 * i as f64, x)).collect();
        let found = decided(&beside);
        assert!(found.len() == 1 && found[0].end > 0.25, "{found:?}");
    }

    #[test]
    fn a_flash_is_no_blank_between_shots_unless_the_network_says_so() {
        // The picture has moved on behind a white flash, so that the two sides are not alike.
        let film = |network: f32, flash: usize| -> Vec<f32> {
            let mut rules = Rules::default();
            for i in 0..60 {
                let picture = if (30..30 + flash).contains(&i) {
                    [[0.95; 3]; WIDTH * HEIGHT]
                } else {
                    let mut picture = [[0.2; 3]; WIDTH * HEIGHT];
                    let right = i >= 30;
                    for (at, pixel) in picture.iter_mut().enumerate() {
                        if (at % WIDTH / 2).is_multiple_of(2) == right {
                            *pixel = [0.35; 3];
                        }
                    }
                    picture
                };
                rules.push(&thumb(&picture));
            }
            rules.finish();
            (0..60).map(|_| rules.join(network)).collect()
        };
        for flash in 1..=3 {
            assert!(film(0.1, flash).iter().all(|&x| x < SURE), "{flash}");
            assert!(
                film(0.95, flash)[30..30 + flash].iter().all(|&x| x >= SURE),
                "{flash}"
            );
        }
        assert!(film(0.1, 12).iter().any(|&x| x >= SURE));
    }
}
