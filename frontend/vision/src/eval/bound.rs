//! What an evaluation has to reach.

use super::score::{Measure, Total};

/// A bound for each measure, in the order of [`Measure::ALL`]: the least, and of false alarms the most.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bounds([Option<f64>; Measure::ALL.len()]);

impl Bounds {
    /// The bound of a measure.
    #[must_use]
    pub fn limit(&self, measure: Measure) -> Option<f64> {
        let at = Measure::ALL.iter().position(|m| *m == measure)?;
        self.0[at]
    }

    /// Whether a value keeps the bound of its measure; without a bound any does.
    #[must_use]
    pub fn kept(&self, measure: Measure, value: f64) -> bool {
        self.limit(measure).is_none_or(|limit| match measure {
            Measure::FaPerMin => value <= limit,
            _ => value >= limit,
        })
    }

    /// Whether all are kept. What the clips have nothing to measure on is not.
    #[must_use]
    pub fn reached(&self, total: &Total) -> bool {
        Measure::ALL.into_iter().all(|m| {
            self.limit(m).is_none() || m.of(total).is_some_and(|value| self.kept(m, value))
        })
    }
}

impl std::str::FromStr for Bounds {
    type Err = String;

    /// `cut_f1=0.94,fa_per_min=1`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut out = Self::default();
        for part in text.split(',') {
            let read = part.split_once('=').and_then(|(name, value)| {
                let at = Measure::ALL.iter().position(|m| m.name() == name.trim())?;
                let value: f64 = value.trim().parse().ok()?;
                value.is_finite().then_some((at, value))
            });
            let Some((at, value)) = read else {
                let names = Measure::ALL.map(Measure::name).join(", ");
                return Err(format!(
                    "\u{201c}{part}\u{201d} asks for nothing: give NAME=NUMBER, separated by commas, with a name of {names}."
                ));
            };
            out.0[at] = Some(value);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_and_held_against_what_was_reached() {
        let bounds: Bounds = "cut_f1=0.94, fa_per_min=1".parse().expect("bounds");
        assert_eq!(bounds.limit(Measure::CutF1), Some(0.94));
        assert_eq!(bounds.limit(Measure::F1), None);
        assert!(bounds.kept(Measure::CutF1, 0.94) && !bounds.kept(Measure::CutF1, 0.93));
        assert!(bounds.kept(Measure::FaPerMin, 1.0) && !bounds.kept(Measure::FaPerMin, 1.1));
        let total = |cut_f1, fa_per_min| Total {
            cuts: 4,
            cut_f1,
            fa_per_min,
            ..Total::default()
        };
        assert!(bounds.reached(&total(0.95, Some(0.5))));
        assert!(!bounds.reached(&total(0.95, Some(1.5))));
        assert!(!bounds.reached(&total(0.9, Some(0.5))));
        assert!(!bounds.reached(&total(0.95, None)), "nothing was measured");
        assert!(Bounds::default().reached(&total(0.0, None)));
    }

    #[test]
    fn what_asks_for_nothing_is_refused() {
        for text in ["", "f1", "f1=", "f1=x", "f1=NaN", "speed=2", "f1=0.9,,"] {
            let refused = text.parse::<Bounds>().expect_err(text);
            assert!(refused.contains("fa_per_min"), "{refused}");
        }
    }
}
