//! What was found and what is kept, in a line each.

use super::{decision::Decisions, key::Key};
use crate::wording;

/// What was found, as the title of the review.
#[must_use]
pub fn title(review: &Decisions) -> String {
    match (review.clips.len(), review.pictures.len()) {
        (0, 0) => "Nothing to show yet".to_owned(),
        (0, n) => wording::count(n, "photo", "photos"),
        (n, _) => format!("{} found", wording::count(n, "highlight", "highlights")),
    }
}

/// What is kept against what was `recorded`: its length in seconds and in bytes. `length` says how many bytes a file has, as
/// soon as it is known.
#[must_use]
pub fn kept(
    review: &Decisions,
    recorded: Option<(f64, u64)>,
    length: impl Fn(&Key) -> Option<u64>,
) -> String {
    let (clips, pictures) = (review.kept_clips(), review.kept_pictures());
    if clips.is_empty() && pictures.is_empty() {
        return "Nothing is kept. Keep at least one clip or photo.".to_owned();
    }
    let keys = clips
        .iter()
        .map(|clip| Key::clip(clip))
        .chain(pictures.iter().map(|picture| Key::picture(picture)));
    let lengths: Vec<Option<u64>> = keys.map(|key| length(&key)).collect();
    let known: u64 = lengths.iter().flatten().sum();
    let counting = if lengths.iter().any(Option::is_none) {
        ", still counting"
    } else {
        ""
    };
    let what = format!(
        "{} and {}",
        wording::count(clips.len(), "clip", "clips"),
        wording::count(pictures.len(), "photo", "photos")
    );
    match recorded {
        Some((seconds, bytes)) => format!(
            "{what} · {} of {} · {} of {} leave this device ({} %{counting})",
            wording::length(review.kept_length()),
            wording::length(seconds),
            wording::size(known),
            wording::size(bytes),
            wording::percent(known, bytes)
        ),
        None => format!("{what} · {}{counting}", wording::size(known)),
    }
}

#[cfg(test)]
mod tests {
    use domain::highlight::{Choice, Highlight};

    use super::*;

    fn review() -> Decisions {
        let choice = Choice {
            highlights: vec![Highlight {
                start: 1.0,
                end: 3.0,
                shot: 0,
                score: 0.5,
                reasons: Vec::new(),
            }],
            ..Choice::default()
        };
        Decisions::new(&choice, &["1.jpg".into()])
    }

    #[test]
    fn says_what_leaves_the_device_and_whether_that_is_all() {
        let review = review();
        assert_eq!(title(&review), "1 highlight found");
        assert_eq!(
            kept(&review, Some((60.0, 10_000_000)), |_| Some(500_000)),
            "1 clip and 1 photo · 2.0 s of 1 min 0 s · 1.0 MB of 10.0 MB leave this device (10 %)"
        );
        let only_clips = |key: &Key| matches!(key, Key::Clip(..)).then_some(500_000);
        assert!(kept(&review, Some((60.0, 10_000_000)), only_clips).ends_with("still counting)"));
        assert_eq!(
            kept(&review, None, |_| Some(1000)),
            "1 clip and 1 photo · 2.0 kB"
        );
    }

    #[test]
    fn without_anything_it_says_what_to_do() {
        let mut review = review();
        for id in [review.clips[0].id, review.pictures[0].id] {
            review.keep(id, false);
        }
        assert!(kept(&review, None, |_| None).starts_with("Nothing is kept"));
        assert_eq!(title(&Decisions::default()), "Nothing to show yet");
    }
}
