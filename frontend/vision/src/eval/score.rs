//! Scoring boundaries against the truth, by the rules of the data's `score.py`, ported rule by rule:
//!
//! * predictions that touch an `ignore` span (widened by one frame) are dropped;
//! * hard cuts: greedy one-to-one by distance, within one frame (`frame_s`); a span of at most four frames may be a cut;
//! * graduals: the predictions left over, greedy one-to-one by the distance of middles, a match when the prediction
//!   overlaps the span widened by two frames;
//! * every other prediction is a false alarm; those inside a gradual already found also count as extra;
//! * false alarms per minute come from single-shot clips only.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::truth::Entry;

const SLACK: f64 = 1e-3;

/// A predicted boundary: first and last moment, s; equal for a cut.
pub type Predicted = (f64, f64);

/// What one clip got.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Row {
    /// Cuts there are.
    pub cuts: usize,
    /// Cuts found.
    pub cut_tp: usize,
    /// Graduals there are.
    pub graduals: usize,
    /// Graduals found.
    pub gradual_tp: usize,
    /// False alarms.
    pub fp: usize,
    /// False alarms inside a gradual that was found.
    pub extra: usize,
    /// Whether the clip has no boundary.
    pub single_shot: bool,
    /// Length, s.
    pub seconds: f64,
    /// Times of missed cuts.
    pub missed: Vec<f64>,
    /// Starts of missed graduals.
    pub missed_graduals: Vec<f64>,
    /// Times of false alarms.
    pub false_at: Vec<f64>,
    /// False alarms by the disturbance they fell on.
    pub fp_on: BTreeMap<String, usize>,
}

/// Scores one clip.
#[must_use]
pub fn clip(truth: &Entry, predicted: &[Predicted]) -> Row {
    let frame = truth.frame_s;
    let step = 1.0 / truth.fps;
    let mut all: Vec<Predicted> = predicted
        .iter()
        .copied()
        .filter(|p| {
            !truth
                .ignore
                .iter()
                .any(|g| p.0 <= g.end + step && p.1 >= g.start - step)
        })
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));

    let mut pairs = Vec::new();
    for (i, &c) in truth.cuts.iter().enumerate() {
        for (j, &(a, b)) in all.iter().enumerate() {
            let short = b - a <= 4.0 * frame;
            let d = if short && a <= c && c <= b {
                0.0
            } else {
                (a - c).abs().min((b - c).abs())
            };
            if short && d <= frame + SLACK {
                pairs.push((d, i, j));
            }
        }
    }
    let (cut_found, mut used) = greedy(pairs);

    let mut pairs = Vec::new();
    for (i, g) in truth.graduals.iter().enumerate() {
        for (j, &(a, b)) in all.iter().enumerate() {
            let near = a <= g.end + 2.0 * step + SLACK && b >= g.start - 2.0 * step - SLACK;
            if !used.contains(&j) && near {
                pairs.push((((a + b) / 2.0 - (g.start + g.end) / 2.0).abs(), i, j));
            }
        }
    }
    let touching: BTreeSet<usize> = pairs.iter().map(|p| p.2).collect();
    let (gradual_found, gradual_used) = greedy(pairs);
    used.extend(&gradual_used);

    let wrong: Vec<usize> = (0..all.len()).filter(|j| !used.contains(j)).collect();
    let mut fp_on = BTreeMap::new();
    for &j in &wrong {
        let on = |n: &&super::truth::Span| {
            all[j].0 <= n.end + 2.0 * step && all[j].1 >= n.start - 2.0 * step
        };
        if let Some(n) = truth.hard_negatives.iter().find(on) {
            *fp_on.entry(n.kind.clone()).or_insert(0) += 1;
        }
    }
    Row {
        cuts: truth.cuts.len(),
        cut_tp: cut_found.len(),
        graduals: truth.graduals.len(),
        gradual_tp: gradual_found.len(),
        fp: wrong.len(),
        extra: wrong.iter().filter(|j| touching.contains(j)).count(),
        single_shot: truth.single_shot,
        seconds: truth.duration_s,
        missed: left(&truth.cuts, &cut_found),
        missed_graduals: left(
            &truth.graduals.iter().map(|g| g.start).collect::<Vec<_>>(),
            &gradual_found,
        ),
        false_at: wrong.iter().map(|&j| all[j].0).collect(),
        fp_on,
    }
}

/// Nearest pairs first, each side once.
fn greedy(mut pairs: Vec<(f64, usize, usize)>) -> (BTreeSet<usize>, BTreeSet<usize>) {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let (mut left, mut right) = (BTreeSet::new(), BTreeSet::new());
    for (_, i, j) in pairs {
        if !left.contains(&i) && !right.contains(&j) {
            left.insert(i);
            right.insert(j);
        }
    }
    (left, right)
}

fn left(times: &[f64], found: &BTreeSet<usize>) -> Vec<f64> {
    let kept = times.iter().enumerate().filter(|(i, _)| !found.contains(i));
    kept.map(|(_, &t)| t).collect()
}

/// What a set of clips got, by the names of `score.py`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Total {
    /// Clips scored.
    pub clips: usize,
    /// Cuts there are.
    pub cuts: usize,
    /// Cuts found.
    pub cut_tp: usize,
    /// Graduals there are.
    pub graduals: usize,
    /// Graduals found.
    pub gradual_tp: usize,
    /// False alarms.
    pub fp: usize,
    /// False alarms inside found graduals.
    pub extra: usize,
    /// Found cuts of found cuts and false alarms.
    pub cut_precision: f64,
    /// Found cuts of cuts.
    pub cut_recall: f64,
    /// Harmonic mean of the two.
    pub cut_f1: f64,
    /// Found graduals of graduals.
    pub gradual_recall: Option<f64>,
    /// Found of found and false.
    pub precision: f64,
    /// Found of all.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// False alarms per minute of single-shot clips.
    pub fa_per_min: Option<f64>,
    /// False alarms by disturbance.
    pub fp_on: BTreeMap<String, usize>,
}

/// What a set is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Of hard cuts.
    CutF1,
    /// Of graduals.
    GradualRecall,
    /// Of all boundaries.
    F1,
    /// On clips without a boundary.
    FaPerMin,
}

impl Measure {
    /// All, in the order they are told.
    pub const ALL: [Self; 4] = [Self::CutF1, Self::GradualRecall, Self::F1, Self::FaPerMin];

    /// The name `score.py` gives it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CutF1 => "cut_f1",
            Self::GradualRecall => "gradual_recall",
            Self::F1 => "f1",
            Self::FaPerMin => "fa_per_min",
        }
    }

    /// What it is counted in; nothing for shares.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::FaPerMin => "1/min",
            _ => "",
        }
    }

    /// Its value; none where the clips have nothing to measure it on.
    #[must_use]
    pub fn of(self, total: &Total) -> Option<f64> {
        match self {
            Self::CutF1 => (total.cuts > 0).then_some(total.cut_f1),
            Self::GradualRecall => total.gradual_recall,
            Self::F1 => (total.cuts + total.graduals > 0).then_some(total.f1),
            Self::FaPerMin => total.fa_per_min,
        }
    }
}

/// Adds clips up.
#[must_use]
pub fn total<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Total {
    let sum = |f: fn(&Row) -> usize| rows.clone().map(f).sum::<usize>();
    let (cuts, cut_tp) = (sum(|r| r.cuts), sum(|r| r.cut_tp));
    let (graduals, gradual_tp) = (sum(|r| r.graduals), sum(|r| r.gradual_tp));
    let fp = sum(|r| r.fp);
    let single = rows.clone().filter(|r| r.single_shot);
    let minutes: f64 = single.clone().map(|r| r.seconds).sum::<f64>() / 60.0;
    let single_fp: usize = single.map(|r| r.fp).sum();
    let mut fp_on = BTreeMap::new();
    for row in rows.clone() {
        for (kind, n) in &row.fp_on {
            *fp_on.entry(kind.clone()).or_insert(0) += n;
        }
    }
    let share = |a: usize, b: usize| if b == 0 { 0.0 } else { a as f64 / b as f64 };
    let (cut_precision, cut_recall) = (share(cut_tp, cut_tp + fp), share(cut_tp, cuts));
    let found = cut_tp + gradual_tp;
    let (precision, recall) = (share(found, found + fp), share(found, cuts + graduals));
    Total {
        clips: rows.clone().count(),
        cuts,
        cut_tp,
        graduals,
        gradual_tp,
        fp,
        extra: sum(|r| r.extra),
        cut_precision: round(cut_precision),
        cut_recall: round(cut_recall),
        cut_f1: round(f1(cut_precision, cut_recall)),
        gradual_recall: (graduals > 0).then(|| round(share(gradual_tp, graduals))),
        precision: round(precision),
        recall: round(recall),
        f1: round(f1(precision, recall)),
        fa_per_min: (minutes > 0.0).then(|| (single_fp as f64 / minutes * 1000.0).round() / 1000.0),
        fp_on,
    }
}

fn f1(p: f64, r: f64) -> f64 {
    if p + r > 0.0 {
        2.0 * p * r / (p + r)
    } else {
        0.0
    }
}

fn round(x: f64) -> f64 {
    (x * 1e4).round() / 1e4
}
