//! The signals of a recording as lanes under the timeline: plain names, a common height, and words for one second.

use std::fmt::Write as _;

use domain::highlight::Second;

/// One signal. Definitions and units: [`domain::highlight::seconds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// How much moves.
    Movement,
    /// Against the rest of the session.
    Sharp,
    /// How bright.
    Light,
    /// How calmly the camera is held.
    Steady,
    /// How colourful.
    Colour,
    /// How loud, and how much louder than before.
    Sound,
}

impl Lane {
    /// All, from the top.
    pub const ALL: [Self; 6] = [
        Self::Movement,
        Self::Sharp,
        Self::Light,
        Self::Steady,
        Self::Colour,
        Self::Sound,
    ];

    /// What a creator calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Movement => "Movement",
            Self::Sharp => "Sharp",
            Self::Light => "Light",
            Self::Steady => "Steady",
            Self::Colour => "Colour",
            Self::Sound => "Sound",
        }
    }

    /// Height, 0–1; `None` where nothing was measured.
    #[must_use]
    pub fn height(self, second: &Second) -> Option<f32> {
        let height = match self {
            // The root spreads the small values that tell a hand from a still table; 6 % a frame fills the lane.
            Self::Movement => (second.motion? / 0.06).max(0.0).sqrt(),
            Self::Sharp => second.sharpness?,
            Self::Light => second.exposure?,
            Self::Steady => second.stability?,
            // Vivid, by Hasler and Süsstrunk's own scale, is 60 to 80.
            Self::Colour => second.colourfulness? / 80.0,
            Self::Sound => (second.loudness? + 60.0) / 60.0,
        };
        Some(height.clamp(0.0, 1.0))
    }

    /// One second in words, with its number.
    #[must_use]
    pub fn text(self, second: &Second) -> Option<String> {
        let percent = |x: f32| (x * 100.0).round() as i32;
        let of = |x: f32, steps: [(f32, &'static str); 2], last: &'static str| {
            let step = steps.into_iter().find(|(below, _)| x < *below);
            step.map_or(last, |(_, word)| word)
        };
        Some(match self {
            Self::Movement => {
                let x = second.motion?;
                let word = of(x, [(0.003, "calm"), (0.03, "some")], "a lot");
                format!("{word}, {:.1} % a frame", x * 100.0)
            }
            Self::Sharp => format!("sharper than {} %", percent(second.sharpness?)),
            Self::Light => {
                let x = second.exposure?;
                let word = of(x, [(0.2, "dark"), (0.8, "good")], "bright");
                format!("{word}, {} %", percent(x))
            }
            Self::Steady => {
                let x = second.stability?;
                let word = of(x, [(0.4, "shaky"), (0.75, "a little shaky")], "steady");
                format!("{word}, {} of 100", percent(x))
            }
            Self::Colour => {
                let x = second.colourfulness?;
                let word = of(x, [(15.0, "pale"), (45.0, "colourful")], "vivid");
                format!("{word}, {}", x.round() as i32)
            }
            Self::Sound => {
                let now = second.loudness?.round() as i32;
                match second.change.map(|change| change.round() as i32) {
                    Some(change @ 3..) => format!("{now} dB, {change} louder"),
                    Some(change @ ..=-3) => format!("{now} dB, {} quieter", -change),
                    _ => format!("{now} dB"),
                }
            }
        })
    }
}

/// A lane as SVG path data in a box of `duration` × 1, the values standing on its floor. Empty where nothing was measured.
#[must_use]
pub fn area(lane: Lane, seconds: &[Second], duration: f64) -> String {
    let mut path = String::new();
    for (at, second) in seconds.iter().enumerate() {
        let Some(height) = lane.height(second) else {
            continue;
        };
        let (from, to) = (at as f64, (at as f64 + 1.0).min(duration));
        // Writing to a String cannot fail.
        let _ = write!(path, "M{from} 1V{:.3}H{to:.3}V1Z", 1.0 - height);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second() -> Second {
        Second {
            motion: Some(0.015),
            sharpness: Some(0.92),
            exposure: Some(0.5),
            stability: Some(0.3),
            colourfulness: Some(60.0),
            loudness: Some(-30.0),
            change: Some(6.2),
        }
    }

    #[test]
    fn a_second_is_said_in_words() {
        let said = Lane::ALL.map(|lane| lane.text(&second()).unwrap());
        assert_eq!(
            said,
            [
                "some, 1.5 % a frame",
                "sharper than 92 %",
                "good, 50 %",
                "shaky, 30 of 100",
                "vivid, 60",
                "-30 dB, 6 louder"
            ]
        );
        assert_eq!(
            Lane::ALL.map(|lane| lane.text(&Second::default())),
            [const { None }; 6]
        );
    }

    #[test]
    fn heights_stay_in_the_lane() {
        let heights = Lane::ALL.map(|lane| lane.height(&second()).unwrap());
        assert_eq!(heights[..4], [0.5, 0.92, 0.5, 0.3]);
        let loud = Second {
            loudness: Some(20.0),
            motion: Some(1.0),
            ..second()
        };
        assert_eq!(Lane::Sound.height(&loud), Some(1.0));
        assert_eq!(Lane::Movement.height(&loud), Some(1.0));
    }

    #[test]
    fn what_was_not_measured_leaves_a_gap_and_the_last_second_ends_with_the_recording() {
        let seconds = [second(), Second::default(), second()];
        assert_eq!(
            area(Lane::Light, &seconds, 2.5),
            "M0 1V0.500H1.000V1ZM2 1V0.500H2.500V1Z"
        );
        assert_eq!(area(Lane::Light, &[Second::default()], 1.0), "");
    }
}
