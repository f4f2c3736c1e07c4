//! More like this, never this: what a person says about clips, and what another choice may then change.

use domain::highlight::{Choice, Span, Taste};

use super::decision::{Clip, Decisions};

impl Clip {
    /// Whether the person has done something to it: it then outlives another choice.
    pub(super) fn held(&self) -> bool {
        self.liked || self.score.is_none() || (self.start, self.end) != self.proposed
    }

    /// Where it lies in the session.
    pub(super) fn span(&self) -> Span {
        Span {
            start: self.start,
            end: self.end,
        }
    }
}

impl Decisions {
    /// More clips like this one: it stays, and is kept.
    pub fn like(&mut self, id: u32) {
        if let Some(clip) = self.clips.iter_mut().find(|clip| clip.id == id) {
            clip.liked = true;
            clip.kept = true;
        }
    }

    /// Never this clip, nor what looks like it: it goes.
    pub fn never(&mut self, id: u32) {
        if let Some(at) = self.clips.iter().position(|clip| clip.id == id) {
            let clip = self.clips.remove(at);
            self.never.push(clip.span());
        }
    }

    /// What the person has said so far, for another choice.
    #[must_use]
    pub fn taste(&self) -> Taste {
        let spans = |wanted: fn(&Clip) -> bool| {
            self.clips
                .iter()
                .filter(|clip| wanted(clip))
                .map(Clip::span)
                .collect()
        };
        Taste {
            more: spans(|clip| clip.liked),
            never: self.never.clone(),
            held: spans(|clip| clip.kept && clip.held()),
            dropped: spans(|clip| !clip.kept),
        }
    }

    /// Takes another choice in: what the person has touched or dropped stays, the other clips give way to the new ones.
    pub fn rechoose(&mut self, choice: &Choice) {
        self.clips.retain(|clip| clip.held() || !clip.kept);
        for highlight in &choice.highlights {
            let free = self
                .clips
                .iter()
                .all(|clip| clip.end <= highlight.start || highlight.end <= clip.start);
            if free {
                self.propose(highlight);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::highlight::{Highlight, Reason};

    use super::*;

    #[test]
    fn another_choice_leaves_alone_what_was_touched() {
        let clip = |start: f64| Highlight {
            start,
            end: start + 1.0,
            shot: 1,
            // What a person likes less can be worth nothing; that does not make it picked by hand.
            score: 0.0,
            reasons: vec![Reason {
                words: "sharp".into(),
                weight: 0.5,
            }],
        };
        let choice = |starts: &[f64]| Choice {
            highlights: starts.iter().map(|start| clip(*start)).collect(),
            ..Choice::default()
        };
        let many = choice(&[4.0, 5.0, 6.0, 7.0]);
        let mut review = Decisions::new(&many, &[]);
        let ids: Vec<u32> = review.clips.iter().map(|clip| clip.id).collect();
        review.never(ids[0]);
        review.like(ids[1]);
        review.keep(ids[2], false);
        let taste = review.taste();
        let starts = |spans: &[Span]| -> Vec<f64> { spans.iter().map(|span| span.start).collect() };
        assert_eq!(starts(&taste.never), [4.0]);
        assert_eq!(
            (starts(&taste.more), starts(&taste.held)),
            (vec![5.0], vec![5.0])
        );
        assert_eq!(starts(&taste.dropped), [6.0]);

        review.rechoose(&choice(&[0.0, 5.5, 8.0]));
        let left: Vec<(f64, bool)> = review.clips.iter().map(|c| (c.start, c.kept)).collect();
        // The untouched one gave way; what overlaps a held one was not taken.
        assert_eq!(left, [(0.0, true), (5.0, true), (6.0, false), (8.0, true)]);
        let saved = serde_json::to_string(&review).unwrap();
        let saved = serde_json::from_str(&saved).unwrap();
        assert_eq!(Decisions::resume(saved, &many, &[]), Some(review));
    }
}
