use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    run,
    score::{self, Predicted, Row},
    truth::Truth,
};

/// Made-up truth and predictions with what the data's `score.py` said of them.
#[derive(Deserialize)]
struct Fixture {
    truth: Truth,
    predictions: BTreeMap<String, Vec<Predicted>>,
    expected: serde_json::Value,
}

#[test]
fn scores_equal_those_of_the_reference_scorer() {
    let text = include_str!("../../fixture/score.json");
    let fixture: Fixture = serde_json::from_str(text).expect("the fixture reads");
    let rows: BTreeMap<&String, Row> = fixture
        .truth
        .iter()
        .map(|(name, entry)| (name, score::clip(entry, &fixture.predictions[name])))
        .collect();
    for (name, row) in &rows {
        let want = &fixture.expected["per_clip"][name.as_str()];
        let number = |key: &str| want[key].as_u64().expect("a count") as usize;
        assert_eq!(row.cut_tp, number("cut_tp"), "{name}");
        assert_eq!(row.gradual_tp, number("grad_tp"), "{name}");
        assert_eq!(row.fp, number("fp"), "{name}");
        assert_eq!(row.extra, number("extra"), "{name}");
        assert_eq!(serde_json::json!(row.missed), want["missed"], "{name}");
        assert_eq!(
            serde_json::json!(row.missed_graduals),
            want["missed_grad"],
            "{name}"
        );
        assert_eq!(serde_json::json!(row.fp_on), want["fp_on"], "{name}");
    }
    let total = score::total(rows.values());
    let want = &fixture.expected["total"];
    let got = serde_json::to_value(&total).expect("numbers");
    for key in [
        "clips",
        "cuts",
        "cut_tp",
        "graduals",
        "gradual_tp",
        "fp",
        "extra",
        "cut_precision",
        "cut_recall",
        "cut_f1",
        "gradual_recall",
        "precision",
        "recall",
        "f1",
        "fa_per_min",
        "fp_on",
    ] {
        assert_eq!(got[key], want[key], "{key}");
    }
    assert!(
        total.f1 > 0.3 && total.f1 < 0.95,
        "the fixture has hits and misses"
    );
}

#[test]
fn scores_of_another_build_are_decided_as_our_own() {
    let score = |i: usize| if i == 20 { 0.9 } else { 0.1 };
    let film: Vec<(f64, f32)> = (0..60).map(|i| (i as f64 / 30.0, score(i))).collect();
    let scores = run::Scores::from([("a.mp4".to_owned(), film)]);
    let recording = run::scored(&scores, "a.mp4").expect("has scores");
    assert_eq!(recording.moments.len(), 60);
    let at = 20.0 / 30.0;
    assert_eq!(run::predicted(&recording.moments), [(at, at)]);
    let error = run::scored(&scores, "b.mp4").expect_err("has none");
    assert!(error.contains("b.mp4"));
}
