//! The reel under review: the kept clips as one film, in the order the person wants.

use domain::{
    capture::Selection,
    highlight::{self, Choice, Offer, Span},
};

use super::decision::{Clip, Decisions};

/// A kept clip's place in the reel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// The clip.
    pub id: u32,
    /// Its number among all clips by time, from 1, as the timeline and the cards count.
    pub number: usize,
    /// All of it.
    pub whole: Span,
    /// What is shown of it; `None` where there is no room for it.
    pub shown: Option<Span>,
}

impl Decisions {
    /// The kept clips in the order of the reel, and how much of each fits the contract's length. What a person has touched
    /// is left out last.
    #[must_use]
    pub fn reel(&self, selection: &Selection) -> Vec<Entry> {
        let kept: Vec<&Clip> = self.in_order().into_iter().filter(|c| c.kept).collect();
        let offers: Vec<Offer> = kept
            .iter()
            .map(|clip| Offer {
                span: clip.span(),
                score: match clip.score {
                    Some(score) if !clip.held() => score,
                    _ => f32::INFINITY,
                },
            })
            .collect();
        let mut entries: Vec<Entry> = kept
            .iter()
            .map(|clip| Entry {
                id: clip.id,
                number: self.number(clip.id),
                whole: clip.span(),
                shown: None,
            })
            .collect();
        for part in highlight::reel(&offers, selection) {
            if let Some(place) = entries.get_mut(part.offer) {
                place.shown = Some(part.span);
            }
        }
        entries
    }

    /// Moves a clip to this place among the kept ones, from 0. Returns whether that changed the reel.
    pub fn place(&mut self, id: u32, to: usize) -> bool {
        let kept: Vec<u32> = self
            .in_order()
            .iter()
            .filter(|clip| clip.kept)
            .map(|clip| clip.id)
            .collect();
        let to = to.min(kept.len().saturating_sub(1));
        let Some(from) = kept.iter().position(|other| *other == id) else {
            return false;
        };
        if from == to {
            return false;
        }
        // Dropped clips keep their place between the others, should they come back.
        let mut all: Vec<u32> = self.in_order().iter().map(|clip| clip.id).collect();
        all.retain(|other| *other != id);
        let beside = all.iter().position(|other| *other == kept[to]);
        all.insert(beside.unwrap_or(0) + usize::from(to > from), id);
        self.order = all;
        true
    }

    /// All clips in the order of the reel: as the person put them; a clip that came later follows the one before it in time.
    fn in_order(&self) -> Vec<&Clip> {
        let find = |id: &u32| self.clips.iter().find(|clip| clip.id == *id);
        let mut out: Vec<&Clip> = self.order.iter().filter_map(find).collect();
        let mut before: Option<u32> = None;
        for clip in &self.clips {
            if !self.order.contains(&clip.id) {
                let after = out.iter().position(|other| Some(other.id) == before);
                out.insert(after.map_or(0, |at| at + 1), clip);
            }
            before = Some(clip.id);
        }
        out
    }

    fn number(&self, id: u32) -> usize {
        let at = self.clips.iter().position(|clip| clip.id == id);
        at.map_or(0, |at| at + 1)
    }
}

/// How long a reel of this choice would be, s.
#[must_use]
pub fn length(choice: &Choice, selection: &Selection) -> f64 {
    let offers: Vec<Offer> = choice
        .highlights
        .iter()
        .map(|highlight| Offer {
            span: Span {
                start: highlight.start,
                end: highlight.end,
            },
            score: highlight.score,
        })
        .collect();
    total(
        highlight::reel(&offers, selection)
            .iter()
            .map(|part| &part.span),
    )
}

/// How long spans are together, s.
pub fn total<'a>(spans: impl IntoIterator<Item = &'a Span>) -> f64 {
    spans
        .into_iter()
        .map(|span| span.end - span.start)
        // The sum of nothing is -0.
        .fold(0.0, |sum, length| sum + length)
}

/// Where in the session a reel is after `t` seconds, and in which of its spans.
#[must_use]
pub fn at(spans: &[Span], t: f64) -> Option<(usize, f64)> {
    let mut left = t;
    for (n, span) in spans.iter().enumerate() {
        let length = span.end - span.start;
        if left < length || n + 1 == spans.len() {
            return Some((n, span.start + left.clamp(0.0, length)));
        }
        left -= length;
    }
    None
}

#[cfg(test)]
mod tests {
    use domain::highlight::Highlight;

    use super::*;

    /// Clips of three seconds at 0, 10, 20, …, each less relevant than the one before.
    fn review(clips: usize) -> Decisions {
        let highlights = (0..clips).map(|n| Highlight {
            start: n as f64 * 10.0,
            end: n as f64 * 10.0 + 3.0,
            shot: 0,
            score: 1.0 - n as f32 * 0.1,
            reasons: Vec::new(),
        });
        let choice = Choice {
            highlights: highlights.collect(),
            ..Choice::default()
        };
        Decisions::new(&choice, &[])
    }

    fn numbers(review: &Decisions) -> Vec<usize> {
        let entries = review.reel(&Selection::default());
        entries.iter().map(|place| place.number).collect()
    }

    #[test]
    fn nothing_is_no_time_at_all() {
        assert!(total([]).is_sign_positive(), "never -0.0 s");
    }

    #[test]
    fn clips_go_where_they_are_put_and_stay_there() {
        let mut review = review(5);
        let ids: Vec<u32> = review.clips.iter().map(|clip| clip.id).collect();
        assert_eq!(numbers(&review), [1, 2, 3, 4, 5]);
        assert!(review.place(ids[4], 0));
        assert_eq!(numbers(&review), [5, 1, 2, 3, 4]);
        assert!(review.place(ids[0], 2));
        assert_eq!(numbers(&review), [5, 2, 1, 3, 4]);
        assert!(review.place(ids[1], 99), "held at the end");
        assert_eq!(numbers(&review), [5, 1, 3, 4, 2]);
        assert!(!review.place(ids[1], 4) && !review.place(77, 0));

        // One that is dropped steps aside, and comes back to its place; one that is new follows its time.
        review.keep(ids[2], false);
        assert_eq!(numbers(&review), [5, 1, 4, 2]);
        assert!(review.place(ids[3], 0));
        assert_eq!(numbers(&review), [4, 5, 1, 2]);
        review.keep(ids[2], true);
        assert_eq!(numbers(&review), [4, 5, 1, 3, 2]);
        review.propose(&Highlight {
            start: 5.0,
            end: 8.0,
            shot: 0,
            score: 0.3,
            reasons: Vec::new(),
        });
        assert_eq!(
            numbers(&review),
            [5, 6, 1, 2, 4, 3],
            "the new one is the second by time"
        );
        let saved = serde_json::to_string(&review).unwrap();
        assert_eq!(serde_json::from_str::<Decisions>(&saved).unwrap(), review);
        review.never(ids[1]);
        assert_eq!(numbers(&review), [4, 5, 1, 2, 3]);
    }

    #[test]
    fn what_a_person_touched_is_left_out_last() {
        let mut review = review(4);
        let last = review.clips[3].id;
        review.like(last);
        let selection = Selection {
            reel_length: 3.0,
            ..Selection::default()
        };
        let entries = review.reel(&selection);
        let shown: Vec<usize> = entries
            .iter()
            .filter(|place| place.shown.is_some())
            .map(|place| place.number)
            .collect();
        assert_eq!((entries.len(), shown), (4, vec![1, 4]));
        assert!(
            (total(entries.iter().filter_map(|place| place.shown.as_ref())) - 3.0).abs() < 1e-9
        );
    }

    #[test]
    fn the_reel_knows_where_it_is_in_the_session() {
        let spans = [(20.0, 23.0), (4.0, 5.5)].map(|(start, end)| Span { start, end });
        assert_eq!(at(&spans, 1.0), Some((0, 21.0)));
        assert_eq!(at(&spans, 3.5), Some((1, 4.5)));
        assert_eq!(at(&spans, 9.0), Some((1, 5.5)));
        assert_eq!(at(&[], 1.0), None);
    }
}
