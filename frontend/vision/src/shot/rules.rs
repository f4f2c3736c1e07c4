//! What is known of frames beside the network, and what that changes in its scores.

use std::collections::VecDeque;

use super::{
    background::Background,
    blank::Blank,
    plain::{Look, Plain},
};
use crate::frame::Thumb;

/// What makes a boundary, whatever the network says: where `domain::highlight::boundaries` lets one begin.
pub(super) const SURE: f32 = 0.9;

/// A frame that may belong to a boundary but makes none: the last hundredth below [`SURE`].
pub(super) const UNSURE: f32 = 0.89;

/// A frame in which the shot surely goes on scores no more: below the 0.30 down to which a boundary spreads.
pub(super) const SAME: f32 = 0.29;

/// Judges each frame beside the network. Whole numbers, and so the same on every machine.
#[derive(Debug, Default)]
pub(super) struct Rules {
    plain: Plain,
    looks: VecDeque<Look>,
    blank: Blank,
    blanks: VecDeque<bool>,
    background: Background,
    backgrounds: VecDeque<bool>,
}

impl Rules {
    pub(super) fn push(&mut self, thumb: &Thumb) {
        self.looks.extend(self.plain.push(thumb));
        self.blanks.extend(self.blank.push(thumb));
        self.backgrounds.extend(self.background.push(thumb));
    }

    /// The film is over: judges what waits for what follows.
    pub(super) fn finish(&mut self) {
        self.looks.extend(self.plain.finish());
        self.blanks.extend(self.blank.finish());
        self.backgrounds.extend(self.background.finish());
    }

    /// Frames that are judged and not asked for. None is judged later than the network answers.
    pub(super) fn judged(&self) -> usize {
        let each = [self.looks.len(), self.blanks.len(), self.backgrounds.len()];
        each.into_iter().min().unwrap_or(0)
    }

    /// The score of the next frame, of which the network says this.
    pub(super) fn join(&mut self, network: f32) -> f32 {
        let look = self.looks.pop_front().unwrap_or(Look::Quiet);
        let blank = self.blanks.pop_front().unwrap_or(false);
        let stays = self.backgrounds.pop_front().unwrap_or(false);
        join(network, look, blank, stays)
    }
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
/// the background stays, what the network takes for a transition is something that passes; near the ends of a true one the
/// background stays as well, so such frames may still belong to one. Of all other frames the network decides.
pub(super) fn join(network: f32, look: Look, blank: bool, stays: bool) -> f32 {
    if blank {
        return network.max(SURE);
    }
    match look {
        Look::Quiet if stays => network.min(UNSURE),
        Look::Quiet => network,
        Look::Same => network.min(SAME),
        Look::Cut(score) => network.max(score),
    }
}
