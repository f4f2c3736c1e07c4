//! What an evaluation says: a table to read (and to paste into a page), or one JSON object a line.

use serde_json::{Value, json};

use super::{
    bound::Bounds,
    choice::{Needed, Shown, Thrown, WANTED, generous},
    confidence::{self, DRAWS, Interval},
    score::{self, Measure, Row, Total},
};

/// Draws of the intervals start here, so that a run repeats.
const SEED: u64 = 1;

/// One detector's score over a set.
#[derive(Debug, Clone)]
pub struct Line {
    /// What the detector is called.
    pub name: String,
    /// All clips together.
    pub total: Total,
    /// How far each measure would move with other clips, in the order of [`Measure::ALL`].
    pub intervals: [Option<Interval>; 4],
}

impl Line {
    /// Adds up what one detector got.
    #[must_use]
    pub fn new(name: &str, rows: &[&Row]) -> Self {
        Self {
            name: name.to_owned(),
            total: score::total(rows.iter().copied()),
            intervals: Measure::ALL.map(|m| confidence::interval(rows, m, SEED, DRAWS)),
        }
    }

    fn measured(&self) -> impl Iterator<Item = (Measure, Option<f64>, Option<Interval>)> {
        let values = Measure::ALL.map(|m| m.of(&self.total));
        let all = Measure::ALL.into_iter().zip(values).zip(self.intervals);
        all.map(|((m, value), interval)| (m, value, interval))
    }
}

/// A Markdown table, ours first: each measure with its 95 % interval over clips.
#[must_use]
pub fn table(ours: &Line, peers: &[Line]) -> String {
    let mut out = "| detector |".to_owned();
    for m in Measure::ALL {
        out.push_str(&format!(" {} |", m.name()));
    }
    out.push_str("\n| --- |");
    out.push_str(&" --- |".repeat(Measure::ALL.len()));
    for line in std::iter::once(ours).chain(peers) {
        out.push_str(&format!("\n| {} |", line.name));
        for (measure, value, interval) in line.measured() {
            out.push_str(&format!(
                " {} |",
                cell(&line.total, measure, value, interval)
            ));
        }
    }
    out.push('\n');
    out
}

fn cell(total: &Total, measure: Measure, value: Option<f64>, interval: Option<Interval>) -> String {
    let (Some(value), Some(Interval { low, high })) = (value, interval) else {
        return "–".to_owned();
    };
    match measure {
        Measure::FaPerMin => format!("{value:.2} ({low:.2}–{high:.2})"),
        Measure::GradualRecall => format!(
            "{value:.3}, {} of {} ({low:.3}–{high:.3})",
            total.gradual_tp, total.graduals
        ),
        Measure::CutF1 | Measure::F1 => format!("{value:.3} ({low:.3}–{high:.3})"),
    }
}

/// One object a measure, then one for each peer beside it.
#[must_use]
pub fn json(set: &str, ours: &Line, peers: &[Line], bounds: &Bounds) -> Vec<Value> {
    let mut out = Vec::new();
    for (i, (measure, value, interval)) in ours.measured().enumerate() {
        let Some(value) = value else {
            continue;
        };
        let limit = bounds.limit(measure);
        let mut object = json!({
            "bench": "shots", "set": set, "detector": ours.name,
            "metric": measure.name(), "value": value, "unit": measure.unit(),
            "limit": limit, "ok": bounds.kept(measure, value),
        });
        if limit.is_none() {
            put(&mut object, "limit", None);
        }
        put(&mut object, "low", interval.map(|i| i.low));
        put(&mut object, "high", interval.map(|i| i.high));
        out.push(object.clone());
        put(&mut object, "limit", None);
        object["ok"] = true.into();
        for peer in peers {
            let Some(theirs) = measure.of(&peer.total) else {
                continue;
            };
            let mut object = object.clone();
            object["peer"] = peer.name.as_str().into();
            object["peer_value"] = theirs.into();
            put(&mut object, "peer_low", peer.intervals[i].map(|i| i.low));
            put(&mut object, "peer_high", peer.intervals[i].map(|i| i.high));
            put(&mut object, "ratio", (theirs > 0.0).then(|| value / theirs));
            out.push(object);
        }
    }
    out
}

/// What a choice must reach; nothing where it is only told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Least share of the product spans.
    pub spans_shown: Option<f64>,
    /// Largest share of the time.
    pub share: Option<f64>,
}

/// What time it takes to show most of a session's product spans, beside even spacing and random places.
#[must_use]
pub fn needed(set: &str, needed: &Needed) -> Vec<Value> {
    [("even spacing", needed.even), ("random spacing", needed.random)]
        .into_iter()
        .map(|(peer, theirs)| {
            json!({
                "bench": "choice", "set": set, "metric": "time_needed", "value": needed.chosen, "unit": "",
                "spans_shown": WANTED, "limit": generous().max_share, "ok": needed.beats(theirs),
                "peer": peer, "peer_value": theirs,
            })
        })
        .collect()
}

/// One object a measure of a choice: beside even spacing, then beside random places, with the margin over each.
#[must_use]
pub fn choice(
    set: &str,
    shown: &Shown,
    even: &Shown,
    thrown: &Thrown,
    limits: Limits,
) -> Vec<Value> {
    let share = |a: f64, b: usize| a / b.max(1) as f64;
    let object = |metric: &str, value: f64, limit: Option<f64>, ok: bool| {
        json!({
            "bench": "choice", "set": set, "metric": metric, "value": value, "unit": "",
            "limit": limit, "ok": ok,
        })
    };
    let mut out = vec![
        object("clips", shown.clips as f64, None, true),
        object(
            "share",
            shown.share,
            limits.share,
            // Times are sums of hundredths: the last digit decides nothing.
            limits.share.is_none_or(|most| shown.share <= most + 1e-3),
        ),
        object(
            "spilled_clips",
            shown.spilled as f64,
            Some(0.0),
            shown.spilled == 0,
        ),
        object("random_as_good", thrown.as_good, None, true),
    ];
    let spans = share(shown.spans_shown as f64, shown.spans);
    for (metric, value, limit, even, thrown) in [
        (
            "spans_shown",
            spans,
            limits.spans_shown,
            share(even.spans_shown as f64, shown.spans),
            share(thrown.spans_shown, shown.spans),
        ),
        (
            "products_shown",
            share(shown.products_shown as f64, shown.products),
            None,
            share(even.products_shown as f64, shown.products),
            share(thrown.products_shown, shown.products),
        ),
    ] {
        for (peer, theirs) in [("even spacing", even), ("random spacing", thrown)] {
            let ok = limit.is_none_or(|least| value >= least);
            let mut line = object(metric, value, limit, ok);
            line["peer"] = peer.into();
            line["peer_value"] = theirs.into();
            line["margin"] = (value - theirs).into();
            put(&mut line, "ratio", (theirs > 0.0).then(|| value / theirs));
            out.push(line);
        }
    }
    for line in &mut out {
        if line["limit"].is_null() {
            put(line, "limit", None);
        }
    }
    out
}

/// Sets a field, or takes it away.
fn put(object: &mut Value, key: &str, value: Option<f64>) {
    if let (Some(fields), None) = (object.as_object_mut(), value) {
        fields.remove(key);
    } else if let Some(value) = value {
        object[key] = value.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, cut_tp: usize) -> Line {
        let row = Row {
            cuts: 4,
            cut_tp,
            graduals: 2,
            gradual_tp: 1,
            seconds: 30.0,
            ..Row::default()
        };
        Line::new(name, &[&row])
    }

    #[test]
    fn a_table_to_paste() {
        let text = table(&line("ours", 4), &[line("theirs", 2)]);
        let want = "\
| detector | cut_f1 | gradual_recall | f1 | fa_per_min |
| --- | --- | --- | --- | --- |
| ours | 1.000 (1.000–1.000) | 0.500, 1 of 2 (0.500–0.500) | 0.909 (0.909–0.909) | – |
| theirs | 0.667 (0.667–0.667) | 0.500, 1 of 2 (0.500–0.500) | 0.667 (0.667–0.667) | – |
";
        assert_eq!(text, want);
    }

    #[test]
    fn a_peer_stands_beside_and_never_alone() {
        let bounds = "f1=0.9".parse().expect("a bound");
        let lines = json("set", &line("ours", 2), &[line("theirs", 4)], &bounds);
        // Nothing is said of false alarms: no clip has but one shot.
        assert_eq!(lines.len(), 6);
        let f1 = &lines[4];
        assert_eq!(f1["metric"], "f1");
        assert_eq!(f1["limit"], 0.9);
        assert_eq!(f1["ok"], false);
        assert_eq!(f1["low"], f1["value"]);
        assert!(f1.get("peer").is_none());
        let beside = &lines[5];
        assert_eq!(beside["value"], f1["value"]);
        assert_eq!(beside["peer"], "theirs");
        assert_eq!(beside["peer_value"], 0.9091);
        assert_eq!(beside["peer_high"], 0.9091);
        assert_eq!(beside["ok"], true);
        assert!(beside.get("limit").is_none());
        assert!(beside["ratio"].as_f64().is_some_and(|r| r < 1.0));
    }

    #[test]
    fn a_choice_is_told_with_its_margins() {
        let shown = Shown {
            spans: 10,
            spans_shown: 8,
            products: 5,
            products_shown: 5,
            share: 0.39,
            clips: 9,
            spilled: 0,
        };
        let even = Shown {
            spans_shown: 6,
            ..shown.clone()
        };
        let thrown = Thrown {
            spans_shown: 5.0,
            products_shown: 4.0,
            as_good: 0.02,
        };
        let limits = Limits {
            spans_shown: Some(0.9),
            share: Some(0.4),
        };
        let lines = choice("a", &shown, &even, &thrown, limits);
        let of = |metric: &str, peer: &str| {
            let fits = |l: &&Value| l["metric"] == metric && (peer.is_empty() || l["peer"] == peer);
            lines.iter().find(fits).expect("it is told").clone()
        };
        assert_eq!(of("share", "")["ok"], true);
        assert_eq!(of("spilled_clips", "")["ok"], true);
        let spans = of("spans_shown", "random spacing");
        assert_eq!(spans["ok"], false);
        assert_eq!(spans["peer_value"], 0.5);
        assert!(
            spans["margin"]
                .as_f64()
                .is_some_and(|m| (m - 0.3).abs() < 1e-9)
        );
        assert_eq!(of("products_shown", "even spacing")["margin"], 0.0);
        let free = choice("a", &shown, &even, &thrown, Limits::default());
        assert!(free.iter().all(|line| line["ok"] == true));
    }
}
