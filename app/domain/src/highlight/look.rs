//! What a stretch looks like, and how different two are: for variety among clips and stills, and for "more like this".

use serde::{Deserialize, Serialize};

use super::Moment;

/// Where which colours lie in a picture: its lowest frequencies. The colour layout descriptor of MPEG-7 (ISO/IEC 15938-3;
/// Kasutani & Yamada, ICIP 2001) with even steps instead of its quantisation.
///
/// Coefficients of the two-dimensional DCT-II of luma, Cb and Cr (ITU-R BT.601) in zigzag order: six, three and three. A unit is
/// 1/127 of half of full scale; the first of each is the mean, 0 for middle grey, the others are amplitudes, held
/// to ±127.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColourLayout(pub [i8; COEFFICIENTS]);

/// Numbers of a [`ColourLayout`].
pub const COEFFICIENTS: usize = 12;

/// What a coefficient counts for in [`distance`]. Low frequencies tell scenes apart, and skin, cloth and goods differ in
/// red more than in blue: the weights of the reference software (ISO/IEC 15938-6).
const WEIGHTS: [f32; COEFFICIENTS] = [2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 4.0, 2.0, 2.0];

/// Layouts this far apart show something else; as the root of the weighted squares, each in halves of full scale.
const ANOTHER: f32 = 0.4;

/// Pictures a stretch's layout is the mean of, at most.
const TAKEN: usize = 8;

/// How different two layouts are, 0–1.
pub(super) fn distance(a: &Mean, b: &Mean) -> f32 {
    let squares = a.iter().zip(b).zip(WEIGHTS);
    let sum: f32 = squares.map(|((a, b), w)| w * (a - b).powi(2)).sum();
    (sum.sqrt() / ANOTHER).min(1.0)
}

/// The layout of a mean picture, in halves of full scale.
pub(super) type Mean = [f32; COEFFICIENTS];

/// A stretch's look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    /// Exposure, colourfulness and sharpness on scales on which 1 is a plain difference to the eye.
    pub(super) plain: [f32; 3],
    /// `None` in sessions filmed before layouts were measured.
    pub(super) layout: Option<Mean>,
}

impl Look {
    /// How different two looks are, 0–1. By layout where both have one, else by what is left.
    pub(super) fn distance(&self, other: &Self) -> f32 {
        if let (Some(a), Some(b)) = (&self.layout, &other.layout) {
            return distance(a, b);
        }
        let both = self.plain.iter().zip(&other.plain);
        let sum: f32 = both.map(|(a, b)| (a - b).powi(2)).sum();
        (sum.sqrt() / 2.0).min(1.0)
    }
}

/// A session's layouts, by time.
pub(super) struct Layouts(Vec<(f64, ColourLayout)>);

impl Layouts {
    pub(super) fn new(moments: &[Moment]) -> Self {
        let known = moments.iter().filter_map(|m| Some((m.t, m.layout?)));
        Self(known.collect())
    }

    /// From `start` to before `end`. The DCT is linear: the mean of layouts is that of the mean picture.
    pub(super) fn mean(&self, start: f64, end: f64) -> Option<Mean> {
        let from = self.0.partition_point(|&(t, _)| t < start);
        let to = self.0.partition_point(|&(t, _)| t < end);
        let here = self.0.get(from..to)?;
        let step = here.len().div_ceil(TAKEN).max(1);
        let taken: Vec<Mean> = here.iter().step_by(step).map(|(_, l)| l.mean()).collect();
        let n = taken.len() as f32;
        (!taken.is_empty())
            .then(|| std::array::from_fn(|i| taken.iter().map(|l| l[i]).sum::<f32>() / n))
    }
}

impl ColourLayout {
    /// Of this picture alone.
    pub(super) fn mean(self) -> Mean {
        self.0.map(|c| f32::from(c) / 127.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        capture::Selection,
        highlight::{Highlight, Measurements, choose, test::session},
    };

    /// Shots that show things by turns: each a colour of its own.
    fn returning(things: &[i8]) -> Measurements {
        let mut measurements = session(&vec![5.0; things.len()]);
        for m in &mut measurements.moments {
            let mut layout = [0; COEFFICIENTS];
            layout[9] = things[((m.t / 5.0) as usize).min(things.len() - 1)];
            m.layout = Some(ColourLayout(layout));
        }
        measurements
    }

    #[test]
    fn what_comes_back_is_chosen_once_before_anything_twice() {
        let things = [0, 100, 0, -100, 0, 100, 50, 0, -50, 0, 100, -100];
        let measurements = returning(&things);
        let selection = Selection {
            max_clips: 5,
            max_stills: 5,
            ..Selection::default()
        };
        let choice = choose(&measurements, &selection);
        let shown = |times: Vec<f64>| {
            let mut shown: Vec<i8> = times.iter().map(|t| things[(t / 5.0) as usize]).collect();
            shown.sort_unstable();
            shown
        };
        let each = vec![-100, -50, 0, 50, 100];
        let clips = choice.highlights.iter().map(|h| h.start).collect();
        assert_eq!(shown(clips), each, "{:?}", choice.highlights);
        let stills = choice.stills.iter().map(|s| s.t).collect();
        assert_eq!(shown(stills), each, "{:?}", choice.stills);
        let unlike = |h: &&Highlight| h.reasons[0].words.ends_with("% unlike the other clips");
        assert!(choice.highlights.iter().filter(unlike).count() >= 4);
    }

    #[test]
    fn layouts_differ_by_their_distance_and_by_no_more_than_one() {
        let of = |cr: i8| {
            let mut layout = [0; COEFFICIENTS];
            layout[9] = cr;
            ColourLayout(layout).mean()
        };
        let apart = |a: i8, b: i8| distance(&of(a), &of(b));
        assert_eq!(apart(7, 7), 0.0);
        assert_eq!(apart(0, 10), apart(10, 0));
        assert!(apart(0, 10) < apart(0, 20));
        assert_eq!(apart(-127, 127), 1.0);
    }
}
