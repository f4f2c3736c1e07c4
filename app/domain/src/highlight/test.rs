use proptest::prelude::*;

use super::*;
use crate::capture::{LONG_SESSION, Selection};

/// A session of shots at 30 frames a second, each with its own brightness, cuts scored 0.9.
pub(super) fn session(lengths: &[f64]) -> Measurements {
    let mut moments = Vec::new();
    let mut cuts = Vec::new();
    let mut t = 0.0;
    for (k, length) in lengths.iter().enumerate() {
        let n = (length * 30.0).round() as usize;
        for i in 0..n {
            moments.push(Moment {
                t,
                boundary: if i == 0 && k > 0 { 0.9 } else { 0.01 },
                motion: 0.01,
                sharpness: 100.0 + (k * 37 % 11) as f32 * 20.0,
                exposure: 0.3 + (k % 5) as f32 * 0.1,
                clipped: 0.0,
                colourfulness: 20.0 + (k % 3) as f32 * 15.0,
                stability: Some(0.9),
                layout: None,
            });
            if i == 0 && k > 0 {
                cuts.push(t);
            }
            t = (moments.len()) as f64 / 30.0;
        }
    }
    Measurements {
        duration: t,
        keyframes: (0..=(t * 2.0) as usize).map(|i| i as f64 * 0.5).collect(),
        loudness: (0..(t * 10.0) as usize)
            .map(|i| Loudness {
                t: i as f64 / 10.0,
                dbfs: -30.0 + (i % 40) as f32 / 4.0,
                clipped: 0.0,
            })
            .collect(),
        frames: moments.len(),
        moments,
    }
}

#[test]
fn a_cut_is_where_the_score_peaks_and_a_gradual_has_both_ends() {
    let mut measurements = session(&[3.0, 3.0, 3.0]);
    for m in &mut measurements.moments {
        if (6.0..6.5).contains(&m.t) {
            m.boundary = if m.t < 6.2 { 0.6 } else { 0.95 };
        }
    }
    let found = boundaries(&measurements.moments);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].is_cut());
    assert!((found[0].start - 3.0).abs() < 1e-9);
    assert!(
        (found[1].start - 6.0).abs() < 1e-9 && (found[1].end - 6.5).abs() < 1e-9,
        "{found:?}"
    );
    let shots = shots(&measurements.moments, measurements.duration);
    assert_eq!(shots.len(), 3);
    // Two frames of margin round a gradual, none round a cut.
    assert!(
        (shots[1].start - 3.0).abs() < 1e-9 && (shots[1].end - (6.0 - 2.0 / 30.0)).abs() < 1e-9
    );
    assert!((shots[2].start - (6.5 + 2.0 / 30.0)).abs() < 1e-9);
}

#[test]
fn a_dip_does_not_split_a_dissolve_and_a_murmur_is_no_boundary() {
    let mut measurements = session(&[6.0]);
    for (i, m) in measurements.moments.iter_mut().enumerate() {
        m.boundary = match i {
            60..=70 => 0.7,
            73..=85 => 0.95,
            120..=125 => 0.85,
            _ => 0.0,
        };
    }
    let found = boundaries(&measurements.moments);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn no_clip_and_no_still_shows_a_stretch_where_a_transition_may_hide() {
    let mut measurements = session(&[9.0, 9.0]);
    for m in &mut measurements.moments {
        // A dissolve that the network only half saw, in the best-looking part of the first shot.
        if (4.0..4.6).contains(&m.t) {
            m.boundary = 0.2;
        }
        if (3.5..5.5).contains(&m.t) {
            m.sharpness *= 2.0;
        }
    }
    let choice = choose(&measurements, &Selection::default());
    assert_eq!(choice.shots.len(), 2, "a doubt is no boundary");
    assert!(choice.highlights.len() >= 3);
    for h in &choice.highlights {
        assert!(h.end <= 4.0 || h.start >= 4.6, "{}–{}", h.start, h.end);
    }
    for s in &choice.stills {
        assert!(!(4.0..4.6).contains(&s.t), "{}", s.t);
    }
}

#[test]
fn a_session_all_in_doubt_still_gives_clips() {
    let mut measurements = session(&[12.0]);
    for m in &mut measurements.moments {
        m.boundary = 0.2;
    }
    let choice = choose(&measurements, &Selection::default());
    assert!(choice.highlights.len() >= Selection::default().min_clips);
    assert!(!choice.stills.is_empty());
}

#[test]
fn a_clip_of_less_than_a_second_is_taken_only_where_there_is_no_longer_one() {
    let lengths = |shots: &[f64]| -> Vec<f64> {
        let choice = choose(&session(shots), &Selection::default());
        choice.highlights.iter().map(|h| h.end - h.start).collect()
    };
    // Nine seconds, of which the last two shots have no room for a clip.
    let found = lengths(&[7.6, 0.7, 0.7]);
    assert!(found.len() >= 2, "{found:?}");
    assert!(found.iter().all(|&length| length >= 1.0), "{found:?}");
    // Quick cuts only: better those than nothing.
    let found = lengths(&[0.8; 6]);
    assert!(!found.is_empty(), "{found:?}");
    assert!(found.iter().all(|&length| length < 0.8), "{found:?}");
}

#[test]
fn rounding_hides_the_last_bits() {
    let mut a = session(&[3.0, 3.0]);
    let mut b = a.clone();
    for (i, (x, y)) in a.moments.iter_mut().zip(&mut b.moments).enumerate() {
        // Scores right at the thresholds, but for arithmetic noise as two backends have it.
        let base = [0.5, 0.3, 0.1, 0.499_999][i % 4];
        x.boundary = base + 2e-6;
        y.boundary = base - 2e-6;
    }
    assert_eq!(boundaries(&a.moments), boundaries(&b.moments));
}

#[test]
fn every_distinct_shot_gets_a_clip_while_there_is_room() {
    let measurements = session(&[4.0, 5.0, 6.0, 4.0, 5.0, 6.0]);
    let choice = choose(&measurements, &Selection::default());
    let shots: std::collections::BTreeSet<usize> =
        choice.highlights.iter().map(|h| h.shot).collect();
    assert_eq!(shots.len(), 6, "{choice:?}");
    assert_eq!(choice.notice, None);
    assert!(choice.stills.len() >= 6);
    assert!(choice.highlights.iter().all(|h| {
        !h.reasons.is_empty()
            && h.reasons
                .iter()
                .all(|r| r.words.chars().any(char::is_numeric) || r.words.contains("shot"))
    }));
}

#[test]
fn a_long_session_gives_at_most_its_share() {
    let measurements = session(&[12.0; 10]);
    let selection = Selection::default();
    let choice = choose(&measurements, &selection);
    let total: f64 = choice.highlights.iter().map(|h| h.end - h.start).sum();
    assert!(
        total <= selection.max_share * measurements.duration + 1e-6,
        "{total}"
    );
    assert!(choice.highlights.len() >= 5);
    assert!(
        total > 0.5 * selection.max_share * measurements.duration,
        "{total}"
    );
}

#[test]
fn better_stretches_win() {
    let mut measurements = session(&[30.0]);
    for m in &mut measurements.moments {
        let good = (10.0..16.0).contains(&m.t);
        m.sharpness = if good { 400.0 } else { 20.0 };
        m.exposure = if good { 0.5 } else { 0.1 };
        m.colourfulness = if good { 55.0 } else { 8.0 };
    }
    let choice = choose(
        &measurements,
        &Selection {
            min_clips: 1,
            max_clips: 1,
            ..Selection::default()
        },
    );
    let clip = &choice.highlights[0];
    assert!(clip.start >= 10.0 && clip.end <= 16.5, "{clip:?}");
    assert!((10.0..16.0).contains(&choice.stills[0].t));
}

#[test]
fn poor_sessions_end_in_something_or_a_sentence() {
    let selection = Selection::default();
    let nothing = choose(&Measurements::default(), &selection);
    assert!(nothing.notice.is_some() && nothing.highlights.is_empty());

    let mut one = session(&[4.0]);
    one.moments.truncate(1);
    one.keyframes = vec![0.0];
    one.duration = 0.04;
    let choice = choose(&one, &selection);
    assert_eq!(choice.stills.len(), 1);
    assert!(choice.notice.is_some());

    let mut black = session(&[8.0]);
    for m in &mut black.moments {
        (m.exposure, m.sharpness, m.clipped) = (0.0, 0.0, 1.0);
    }
    let choice = choose(&black, &selection);
    assert!(choice.highlights.is_empty() && choice.notice.is_some_and(|n| n.contains("black")));

    let mut still = session(&[8.0]);
    for m in &mut still.moments {
        m.motion = 0.0;
    }
    let choice = choose(&still, &selection);
    assert!(
        choice.highlights.len() >= 3 && choice.notice.is_some_and(|n| n.contains("hardly moved"))
    );

    let mut silent = session(&[8.0]);
    for l in &mut silent.loudness {
        l.dbfs = -120.0;
    }
    let choice = choose(&silent, &selection);
    assert!(
        choice.highlights.len() >= 3 && choice.notice.is_some_and(|n| n.contains("microphone"))
    );

    let short = session(&[1.0]);
    let choice = choose(&short, &selection);
    assert!(!choice.highlights.is_empty() && choice.notice.is_some());

    let mut no_keys = session(&[8.0]);
    no_keys.keyframes.clear();
    let choice = choose(&no_keys, &selection);
    assert!(choice.highlights.is_empty() && !choice.stills.is_empty() && choice.notice.is_some());
}

#[test]
fn an_old_selection_still_reads() {
    let text = r#"{"min_clips":3,"max_clips":10,"min_length":1.5,"max_length":6.0,"max_stills":8}"#;
    let selection: Selection = serde_json::from_str(text).expect("reads");
    assert_eq!(selection, Selection::default());
}

fn any_f32() -> impl Strategy<Value = f32> {
    prop_oneof![4 => 0.0_f32..1.0, 1 => any::<f32>()]
}

fn any_time() -> impl Strategy<Value = f64> {
    prop_oneof![8 => 0.0_f64..100.0, 1 => any::<f64>()]
}

prop_compose! {
    fn any_moment()(t in any_time(), boundary in any_f32(), motion in any_f32(), sharpness in any_f32(), exposure in any_f32(), clipped in any_f32(), colourfulness in any_f32(), stability in prop::option::of(any_f32()), layout in prop::option::of(prop::array::uniform12(any::<i8>()))) -> Moment {
        Moment { t, boundary, motion, sharpness: sharpness * 300.0, exposure, clipped, colourfulness: colourfulness * 60.0, stability, layout: layout.map(ColourLayout) }
    }
}

prop_compose! {
    fn any_recording()(
        duration in any_time(),
        moments in prop::collection::vec(any_moment(), 0..200),
        loudness in prop::collection::vec((any_time(), any_f32()), 0..40),
        keyframes in prop::collection::vec(any_time(), 0..60),
    ) -> Measurements {
        Measurements {
            duration, moments, keyframes, frames: 0,
            loudness: loudness.into_iter().map(|(t, x)| Loudness { t, dbfs: x * -90.0, clipped: x }).collect(),
        }
    }
}

prop_compose! {
    fn plausible_recording()(lengths in prop::collection::vec(0.2_f64..15.0, 1..14), gap in 0.1_f64..1.0, wobble in prop::collection::vec(0.0_f32..1.0, 40)) -> Measurements {
        let mut out = session(&lengths);
        for (i, m) in out.moments.iter_mut().enumerate() {
            let w = wobble[i / 20 % wobble.len()];
            m.motion = w * 0.05;
            m.sharpness *= 0.2 + w;
        }
        out.keyframes = (0..(out.duration / gap) as usize).map(|i| i as f64 * gap).collect();
        out
    }
}

fn laws(measurements: &Measurements, selection: &Selection) -> Result<(), TestCaseError> {
    let choice = choose(measurements, selection);
    prop_assert_eq!(
        &choice,
        &choose(measurements, selection),
        "the same input gives the same choice"
    );
    prop_assert!(choice.highlights.len() <= selection.max_clips);
    prop_assert!(choice.stills.len() <= selection.max_stills);
    prop_assert!(
        choice.notice.is_some() || !choice.highlights.is_empty() || selection.max_clips == 0
    );
    for pair in choice.shots.windows(2) {
        prop_assert!(pair[0].end <= pair[1].start);
    }
    for pair in choice.highlights.windows(2) {
        prop_assert!(pair[0].end <= pair[1].start, "clips are in order and apart");
    }
    let found = boundaries(&measurements.moments);
    for h in &choice.highlights {
        let shot = choice.shots.get(h.shot);
        prop_assert!(
            shot.is_some_and(|s| s.start - 1e-6 <= h.start && h.start < h.end && h.end <= s.end)
        );
        prop_assert!(
            measurements.keyframes.contains(&h.start),
            "a clip starts on a keyframe"
        );
        prop_assert!(!h.reasons.is_empty() && h.score.is_finite());
        for b in &found {
            let clear = h.end <= b.start || h.start >= b.end - 1e-6;
            prop_assert!(clear, "{h:?} shows the boundary {b:?}");
        }
    }
    for s in &choice.stills {
        prop_assert!(measurements.moments.iter().any(|m| m.t == s.t));
        prop_assert!(!s.reasons.is_empty());
    }
    let total: f64 = choice.highlights.iter().map(|h| h.end - h.start).sum();
    if measurements.duration.is_finite() && measurements.duration > LONG_SESSION {
        prop_assert!(total <= selection.max_share * measurements.duration + 1e-6);
    }
    for h in &choice.highlights {
        let says = h.reasons.iter().any(|r| r.words.contains("not shown yet"));
        let shared = choice
            .highlights
            .iter()
            .filter(|o| o.shot == h.shot)
            .count()
            > 1;
        prop_assert!(!(says && shared), "{:?}", h);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_laws_hold_for_any_numbers(measurements in any_recording()) {
        laws(&measurements, &Selection::default())?;
    }

    #[test]
    fn the_laws_hold_for_plausible_sessions(measurements in plausible_recording(), max_clips in 0_usize..12) {
        laws(&measurements, &Selection { max_clips, ..Selection::default() })?;
    }

    #[test]
    fn no_contract_can_break_it(measurements in plausible_recording(), a in any::<f64>(), b in any::<f64>(), c in any::<f64>(), n in 0_usize..5) {
        let selection = Selection { min_clips: n * 2, max_clips: n, min_length: a, max_length: b, max_stills: n, max_share: c, ..Selection::default() };
        let choice = choose(&measurements, &selection);
        prop_assert!(choice.highlights.len() <= n);
    }
}

fn span(highlight: &Highlight) -> Span {
    Span {
        start: highlight.start,
        end: highlight.end,
    }
}

fn apart(a: &Span, b: &Span) -> bool {
    a.end <= b.start || b.end <= a.start
}

#[test]
fn more_like_this_brings_what_looks_like_it_and_says_so() {
    // Eight shots, two looks by turns: dull and dark, vivid and bright.
    let mut measurements = session(&[4.0; 8]);
    let dull = |t: f64| ((t / 4.0) as usize).is_multiple_of(2);
    for m in &mut measurements.moments {
        (m.exposure, m.colourfulness, m.sharpness) = if dull(m.t) {
            (0.2, 5.0, 60.0)
        } else {
            (0.5, 70.0, 300.0)
        };
    }
    let selection = Selection {
        min_clips: 1,
        max_clips: 4,
        ..Selection::default()
    };
    let first = choose(&measurements, &selection);
    let seed = first.highlights.iter().find(|h| dull(h.start)).map_or_else(
        || Span {
            start: 0.5,
            end: 2.5,
        },
        span,
    );
    let taste = Taste {
        more: vec![seed],
        held: vec![seed],
        ..Taste::default()
    };
    let again = choose_again(&measurements, &selection, &taste);
    assert!(!again.highlights.is_empty());
    for h in &again.highlights {
        assert!(dull(h.start), "{h:?}");
        assert!(apart(&span(h), &seed));
        assert!(
            h.reasons
                .iter()
                .any(|r| r.words.starts_with("like what you asked for")),
            "{h:?}"
        );
    }
    // And the other way round: what looks like it is avoided while there is anything else.
    let never = Taste {
        never: vec![seed],
        ..Taste::default()
    };
    let again = choose_again(&measurements, &selection, &never);
    assert!(again.highlights.iter().all(|h| !dull(h.start)), "{again:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever a person says, nothing they hold or refuse is proposed again, and what is held counts.
    #[test]
    fn what_is_taken_is_not_chosen_again(
        measurements in plausible_recording(), starts in prop::collection::vec((0.0_f64..60.0, 0.1_f64..5.0), 0..6), roles in prop::collection::vec(0_usize..4, 6),
    ) {
        let mut taste = Taste::default();
        for ((start, length), role) in starts.iter().zip(&roles) {
            let one = Span { start: *start, end: start + length };
            [&mut taste.more, &mut taste.never, &mut taste.held, &mut taste.dropped][*role].push(one);
        }
        let selection = Selection::default();
        let choice = choose_again(&measurements, &selection, &taste);
        for h in &choice.highlights {
            for taken in taste.never.iter().chain(&taste.held).chain(&taste.dropped) {
                prop_assert!(apart(&span(h), taken), "{h:?} {taken:?}");
            }
        }
        prop_assert!(choice.highlights.len() + taste.held.len() <= selection.max_clips.max(taste.held.len()));
        prop_assert_eq!(&choice, &choose_again(&measurements, &selection, &taste));
    }

    /// Nothing that can be said breaks it.
    #[test]
    fn no_taste_can_break_it(measurements in plausible_recording(), spans in prop::collection::vec((any::<f64>(), any::<f64>()), 0..4)) {
        let spans: Vec<Span> = spans.into_iter().map(|(start, end)| Span { start, end }).collect();
        let taste = Taste { more: spans.clone(), never: spans.clone(), held: spans.clone(), dropped: spans };
        let _ = choose_again(&measurements, &Selection::default(), &taste);
    }
}

#[test]
fn steady_hands_count_and_are_said() {
    let mut measurements = session(&[10.0, 10.0]);
    for m in &mut measurements.moments {
        m.sharpness = 100.0;
        m.exposure = 0.48;
        m.colourfulness = 30.0;
        m.stability = Some(if m.t < 10.0 { 0.1 } else { 1.0 });
    }
    let choice = choose(&measurements, &Selection::default());
    let best = |shot| {
        let of_shot = choice.highlights.iter().filter(|h| h.shot == shot);
        of_shot.max_by(|a, b| a.score.total_cmp(&b.score))
    };
    let (shaken, steady) = (best(0).expect("one a shot"), best(1).expect("one a shot"));
    assert!(steady.score > shaken.score + 0.05);
    let said = |h: &Highlight| {
        h.reasons
            .iter()
            .any(|r| r.words.starts_with("steady hands"))
    };
    assert!(said(steady), "{:?}", steady.reasons);
    assert!(!said(shaken), "{:?}", shaken.reasons);
}

#[test]
fn seconds_say_what_was_there() {
    let mut measurements = session(&[2.5]);
    measurements.duration = 4.5;
    for m in &mut measurements.moments {
        m.exposure = if m.t < 1.0 { 0.2 } else { 0.6 };
        m.stability = (m.t >= 1.0).then_some(0.5);
        m.sharpness = (m.t * 100.0) as f32;
    }
    measurements.loudness = (0..10)
        .map(|i| Loudness {
            t: f64::from(i) / 10.0,
            dbfs: -40.0,
            clipped: 0.0,
        })
        .chain([Loudness {
            t: 1.5,
            dbfs: -20.0,
            clipped: 0.0,
        }])
        .collect();
    let rows = seconds(&measurements);
    assert_eq!(rows.len(), 5);
    let near = |x: Option<f32>, y: f32| x.is_some_and(|x| (x - y).abs() < 1e-3);
    assert!(near(rows[0].exposure, 0.2) && near(rows[1].exposure, 0.6));
    assert!(
        near(rows[4].exposure, 0.6),
        "the last picture stays on show"
    );
    assert_eq!(rows[0].stability, None);
    assert!(near(rows[1].stability, 0.5) && near(rows[0].motion, 0.01));
    assert!(rows[0].sharpness < rows[1].sharpness);
    assert!(near(rows[0].loudness, -40.0) && near(rows[1].change, 20.0));
    assert_eq!((rows[0].change, rows[2].loudness), (None, None));
}

#[test]
fn a_frame_counts_for_as_long_as_it_is_on_show() {
    let mut measurements = session(&[1.0]);
    // Nine frames in the first half of a second, one for the other half.
    measurements.moments.truncate(10);
    for (i, m) in measurements.moments.iter_mut().enumerate() {
        m.t = 0.5 * i as f64 / 9.0;
        m.exposure = if i == 9 { 1.0 } else { 0.0 };
    }
    measurements.duration = 1.0;
    let exposure = seconds(&measurements)[0].exposure.expect("measured");
    assert!((exposure - 0.5).abs() < 1e-6, "{exposure}");
}

#[test]
fn the_jump_at_a_cut_is_neither_movement_nor_shake() {
    let mut measurements = session(&[1.5, 1.5]);
    let calm = seconds(&measurements);
    for m in measurements.moments.iter_mut().filter(|m| m.boundary > 0.5) {
        m.motion = 0.9;
        m.stability = Some(0.0);
    }
    let near = |a: Option<f32>, b: Option<f32>| (a.unwrap_or(9.0) - b.unwrap_or(9.0)).abs() < 1e-6;
    for (a, b) in calm.iter().zip(seconds(&measurements)) {
        assert!(near(a.motion, b.motion) && near(a.stability, b.stability));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn seconds_are_finite_and_in_range(measurements in any_recording()) {
        let rows = seconds(&measurements);
        if measurements.duration.is_finite() && measurements.duration > 0.0 && measurements.duration < 1e5 {
            prop_assert_eq!(rows.len(), measurements.duration.ceil() as usize);
        }
        for row in rows {
            for (x, range) in [
                (row.motion, 0.0..=1.0), (row.sharpness, 0.0..=1.0), (row.exposure, 0.0..=1.0), (row.stability, 0.0..=1.0),
                (row.colourfulness, 0.0..=1e6), (row.loudness, -120.0..=20.0), (row.change, -90.0..=90.0),
            ] {
                prop_assert!(x.is_none_or(|x| range.contains(&x)), "{x:?} in {range:?}");
            }
        }
    }

    #[test]
    fn seconds_do_not_depend_on_the_order_of_what_was_measured(measurements in plausible_recording(), at in 0.0..1.0_f64) {
        let mut other = measurements.clone();
        let turn = (other.moments.len() as f64 * at) as usize;
        other.moments.rotate_left(turn);
        let turn = (other.loudness.len() as f64 * at) as usize;
        other.loudness.rotate_left(turn);
        prop_assert_eq!(seconds(&measurements), seconds(&other));
    }
}
