use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
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
