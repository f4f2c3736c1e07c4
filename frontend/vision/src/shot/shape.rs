//! The student's sizes, for the network on tensors and for its forward pass written out.

use crate::frame::{HEIGHT, WIDTH};

/// Frames answered at once, and how far the network looks to each side (its receptive field is 31).
pub const BLOCK: usize = 32;
/// How many frames away a frame is compared with, to each side.
pub(super) const OFFSETS: [usize; 10] = [1, 2, 3, 4, 6, 8, 10, 13, 16, 20];
/// Pairs round a frame: k frames before it with k − 1 after it.
pub(super) const PAIRS: [usize; 10] = [1, 2, 3, 4, 6, 8, 10, 13, 16, 20];
pub(super) const COMPARED: usize = OFFSETS.len() * 2 + PAIRS.len();
/// How far before and after a frame are the two it may be a mixture of.
pub(super) const MIXED: [usize; 5] = [3, 6, 10, 15, 20];
/// Numbers per pair of [`mixtures`].
pub(super) const MIXTURE: usize = 4;
/// Numbers a frame's comparisons come to: four descriptions, each compared alike, and the mixtures.
pub const COMPARISONS: usize = 4 * COMPARED + MIXED.len() * MIXTURE;

pub(super) const COLOURS: usize = 24;
pub(super) const EMBEDDING: usize = 64;
pub(super) const RAW: usize = 9 * 16 * 3;
/// Length of one frame's description.
pub const DESCRIPTION: usize = RAW + COLOURS + EMBEDDING;
pub(super) const SAID: usize = 24;
pub(super) const HIDDEN: usize = 64;
pub(super) const DILATIONS: [usize; 3] = [2, 4, 4];

/// Multiply–accumulates per frame: the convolutions, the comparisons and the part over time.
pub const MACS: usize = HEIGHT * WIDTH * 3 * COLOURS
    + 14 * 24 * 16 * 27
    + 7 * 12 * 24 * 9 * 16
    + 7 * 12 * 32 * 9 * 24
    + 4 * 6 * 48 * 9 * 32
    + 4 * 6 * 48 * EMBEDDING
    + 3 * BLOCK * 3 * (DESCRIPTION + RAW)
    + MIXED.len() * 8 * RAW * 3
    + (EMBEDDING * SAID
        + 3 * (COMPARISONS + SAID) * HIDDEN
        + DILATIONS.len() * 3 * HIDDEN * HIDDEN
        + HIDDEN)
        * 3;
