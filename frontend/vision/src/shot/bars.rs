//! Bars: what a film leaves empty above and below its picture, or at its sides. They stay whatever they frame.

use std::ops::Range;

use crate::frame::{HEIGHT, WIDTH};

/// A row or column of the picture whose luma varies by no more than this may belong to a bar…
const FLAT: i16 = 8;
/// …and surely does where it is no lighter than this: coded black and what a lossy encoder makes of it.
const BLACK: i16 = 24;

/// The columns and rows of a picture's luma that neither may be bars, of any colour, nor are among the next `beside` to one.
pub(super) fn inside(luma: &[i16], beside: usize) -> [Range<usize>; 2] {
    between(luma, beside, |least, most| most - least <= FLAT)
}

/// The columns and rows of a picture's luma that are no black bars.
pub(super) fn lit(luma: &[i16]) -> [Range<usize>; 2] {
    between(luma, 0, |_, most| most <= BLACK)
}

fn between(luma: &[i16], beside: usize, is_bar: fn(i16, i16) -> bool) -> [Range<usize>; 2] {
    let is_bar = |values: &mut dyn Iterator<Item = i16>| {
        let (least, most) = values.fold((i16::MAX, i16::MIN), |(a, b), x| (a.min(x), b.max(x)));
        is_bar(least, most)
    };
    let column = |x: usize| is_bar(&mut luma.iter().skip(x).step_by(WIDTH).copied());
    let row = |y: usize| is_bar(&mut luma.iter().skip(y * WIDTH).take(WIDTH).copied());
    [within(WIDTH, beside, column), within(HEIGHT, beside, row)]
}

/// What of `0..len` lies within the bars at both ends.
fn within(len: usize, beside: usize, is_bar: impl Fn(usize) -> bool) -> Range<usize> {
    let wide = |bars: usize| if bars > 0 { bars + beside } else { 0 };
    let first = (0..len).take_while(|&i| is_bar(i)).count();
    let last = (first..len).rev().take_while(|&i| is_bar(i)).count();
    wide(first)..len.saturating_sub(wide(last))
}
