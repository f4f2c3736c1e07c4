//! Where a clip may begin and end. A cut of encoded video begins at a keyframe, so its ends move from one possible point
//! to the next instead of freely; and a clip never leaves its shot.

use domain::highlight::Shot;

/// Times closer than this are the same point, s: half a frame at 60 frames a second.
const SAME: f64 = 1.0 / 120.0;
/// Shortest clip a person can trim to, s. Shorter ones read as a fault of the page.
pub const SHORTEST: f64 = 0.5;

/// The points at which a clip in one shot can begin and end.
#[derive(Debug, Clone, PartialEq)]
pub struct CutPoints {
    starts: Vec<f64>,
    ends: Vec<f64>,
}

impl CutPoints {
    /// CutPoints in `shot`: its keyframes as starts; its keyframes and its own end as ends. The span chosen for the person
    /// counts too: it may begin where the recorder makes a keyframe of its own, and end between two.
    #[must_use]
    pub fn new(shot: Shot, keyframes: &[f64], chosen: (f64, f64)) -> Self {
        let inside = |t: &f64| *t >= shot.start - SAME && *t <= shot.end + SAME;
        let points = |extra: &[f64]| {
            let mut all: Vec<f64> = keyframes
                .iter()
                .chain(extra)
                .copied()
                .filter(inside)
                .collect();
            all.sort_by(f64::total_cmp);
            all.dedup_by(|later, earlier| *later - *earlier < SAME);
            all
        };
        Self {
            starts: points(&[chosen.0]),
            ends: points(&[chosen.1, shot.end]),
        }
    }

    /// Possible starts of a clip that ends at `end`, ascending; never empty for a span made of these points.
    #[must_use]
    pub fn starts(&self, end: f64) -> Vec<f64> {
        self.starts
            .iter()
            .copied()
            .filter(|start| end - start >= SHORTEST - SAME)
            .collect()
    }

    /// Starts at which a clip of the length of `span` stays inside the shot, ascending.
    #[must_use]
    pub fn moves(&self, span: (f64, f64)) -> Vec<f64> {
        let last = self.ends.last().copied().unwrap_or(span.1).max(span.1);
        let length = span.1 - span.0;
        self.starts
            .iter()
            .copied()
            .filter(|start| start + length <= last + SAME)
            .collect()
    }

    /// Possible ends of a clip that begins at `start`, ascending.
    #[must_use]
    pub fn ends(&self, start: f64) -> Vec<f64> {
        self.ends
            .iter()
            .copied()
            .filter(|end| end - start >= SHORTEST - SAME)
            .collect()
    }
}

/// The point nearest to `t`, by index; `None` without points.
#[must_use]
pub fn nearest(points: &[f64], t: f64) -> Option<usize> {
    (0..points.len()).min_by(|a, b| (points[*a] - t).abs().total_cmp(&(points[*b] - t).abs()))
}

/// The point `steps` further than the one nearest to `t`, held at the ends; `t` itself without points.
#[must_use]
pub fn step(points: &[f64], t: f64, steps: isize) -> f64 {
    nearest(points, t).map_or(t, |at| {
        points[at.saturating_add_signed(steps).min(points.len() - 1)]
    })
}

/// The span proposed when a person picks a shot by hand: from its first keyframe, `longest` seconds at most.
/// `None` when no keyframe leaves enough of the shot.
#[must_use]
pub fn propose(shot: Shot, keyframes: &[f64], longest: f64) -> Option<(f64, f64)> {
    let start = keyframes
        .iter()
        .copied()
        .find(|t| *t >= shot.start - SAME && shot.end - t >= SHORTEST)?;
    Some((start, shot.end.min(start + longest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOT: Shot = Shot {
        start: 2.3,
        end: 7.1,
    };

    fn keyframes() -> Vec<f64> {
        (0..12).map(f64::from).collect()
    }

    #[test]
    fn ends_stay_inside_the_shot_and_on_cut_points() {
        let points = CutPoints::new(SHOT, &keyframes(), (3.0, 6.4));
        assert_eq!(points.starts(6.4), [3.0, 4.0, 5.0]);
        assert_eq!(points.ends(5.0), [6.0, 6.4, 7.0, 7.1]);
        assert_eq!(points.starts(3.5), [3.0]);
    }

    #[test]
    fn a_clip_moves_from_keyframe_to_keyframe_as_far_as_its_length_allows() {
        let points = CutPoints::new(SHOT, &keyframes(), (3.0, 5.5));
        assert_eq!(points.moves((3.0, 5.5)), [3.0, 4.0]);
        assert_eq!(points.moves((3.0, 4.0)), [3.0, 4.0, 5.0, 6.0]);
        assert_eq!(points.moves((3.0, 7.1)), [3.0]);
    }

    #[test]
    fn a_start_the_recorder_makes_itself_is_kept_as_a_cut_point() {
        let short = Shot {
            start: 2.2,
            end: 2.9,
        };
        let points = CutPoints::new(short, &keyframes(), (2.2, 2.9));
        assert_eq!(points.starts(2.9), [2.2]);
        assert_eq!(points.ends(2.2), [2.9]);
    }

    #[test]
    fn steps_go_from_point_to_point_and_stop_at_the_ends() {
        let points = [1.0, 2.0, 3.0];
        assert_eq!(step(&points, 2.0, 1), 3.0);
        assert_eq!(step(&points, 2.2, -1), 1.0);
        assert_eq!(step(&points, 1.0, -1), 1.0);
        assert_eq!(step(&points, 3.0, 10), 3.0);
        assert_eq!(step(&[], 4.0, 1), 4.0);
    }

    #[test]
    fn a_shot_picked_by_hand_starts_at_its_first_keyframe() {
        assert_eq!(propose(SHOT, &keyframes(), 3.0), Some((3.0, 6.0)));
        assert_eq!(propose(SHOT, &keyframes(), 60.0), Some((3.0, 7.1)));
        assert_eq!(
            propose(
                Shot {
                    start: 2.3,
                    end: 2.9
                },
                &keyframes(),
                3.0
            ),
            None
        );
    }
}
