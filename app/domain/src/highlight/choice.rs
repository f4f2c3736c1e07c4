//! Which clips: greedy selection by relevance and diversity under the contract.
//!
//! The objective of a set of clips is the sum of their relevances plus what each adds in variety: a clip from a shot that
//! shows nothing chosen yet gains [`NEW_SHOT`], one that looks unlike all chosen gains up to [`NEW_LOOK`] (by where which colours
//! lie, [`super::look`]; the camera often goes back to what it has shown), and one near a chosen
//! clip in time loses up to [`NEAR`]. Clips are taken one by one, the best gain first (for such objectives the greedy set
//! is known to come within 1 − 1/e of the best: Nemhauser, Wolsey, Fisher 1978), while the contract has room.
//!
//! No clip runs through a boundary, and none through a stretch where one is in doubt unless that leaves too few.

use super::{
    Choice, Frames, Highlight, Histogram, Measurements, Reason, Shot, boundary,
    document::Histograms,
    look::Look,
    measure::Measured,
    notice,
    relevance::{self, Session},
    still,
    taste::{Liking, Span, Taste},
};
use crate::capture::{LONG_SESSION, Selection};

const NEW_SHOT: f32 = 0.4;
const NEW_LOOK: f32 = 0.6;
const NEAR: f32 = 0.3;
/// Nearness ends at this distance in time, s.
const NEAR_REACH: f64 = 8.0;
/// Shortest clip beside others, s: what is shorter shows nothing, and fewer clips are better.
const SHORT: f64 = 1.0;
/// Shortest clip ever, s: taken only where nothing longer can be had.
const SHORTEST: f64 = 0.5;
/// Left out before a shot's end, s: one frame, in which a boundary might be late.
const END_MARGIN: f64 = 0.034;

/// One way to cut a clip.
struct Candidate {
    shot: usize,
    start: f64,
    end: f64,
    score: f32,
    reasons: Vec<Reason>,
    look: Look,
    /// Whether a person asked for more like it.
    wanted: bool,
}

impl Candidate {
    /// Counts in what a person said.
    fn liked(&mut self, liking: &Liking) {
        let (gain, reason) = liking.of(&self.look);
        self.score += gain;
        self.wanted = reason.is_some();
        if let Some(reason) = reason {
            self.reasons.push(reason);
            self.reasons = relevance::strongest(std::mem::take(&mut self.reasons));
        }
    }
}

/// Chooses clips and stills. A session that cannot give what the contract asks gives what it can and a notice.
#[must_use]
pub fn choose(measurements: &Measurements, selection: &Selection) -> Choice {
    choose_again(measurements, selection, &Taste::default())
}

/// Chooses again, after a person said what they like of the last choice. What they hold is not listed again; the rest is
/// chosen beside it.
#[must_use]
pub fn choose_again(measurements: &Measurements, selection: &Selection, taste: &Taste) -> Choice {
    let moments = Measured::moments(&measurements.moments);
    let loudness = Measured::loudness(&measurements.loudness);
    let keyframes = Measured::keyframes(&measurements.keyframes);
    let duration = Measured::length(&moments, measurements.duration);
    let selection = sound(selection);
    let frames = Frames {
        // One that was analysed was recorded.
        recorded: measurements.frames.max(moments.len()),
        analysed: moments.len(),
    };
    if moments.is_empty() {
        return Choice {
            frames,
            notice: Some(notice::NO_PICTURE.to_owned()),
            ..Choice::default()
        };
    }
    let shots = boundary::shots(&moments, duration);
    if notice::is_black(&moments) {
        return Choice {
            shots,
            frames,
            notice: Some(notice::BLACK.to_owned()),
            ..Choice::default()
        };
    }
    let doubts = boundary::doubts(&moments, duration);
    let session = Session::new(&moments, &loudness);
    let places = Places {
        shots: &shots,
        doubts: &doubts,
        keyframes: &keyframes,
    };
    let (highlights, relevance) = clips(&session, &places, duration, &selection, taste);
    let stills = still::stills(&moments, &shots, &doubts, selection.max_stills);
    let notice = notice::of(
        &moments,
        &loudness,
        &keyframes,
        frames,
        duration,
        &selection,
        highlights.len() + taste.held.len(),
    );
    Choice {
        shots,
        highlights,
        stills,
        notice,
        histograms: Histograms {
            boundary: Histogram::of(moments.iter().map(|m| m.boundary)),
            relevance,
        },
        frames,
    }
}

/// A contract whose numbers can be met: finite, positive, the least not above the most.
pub(super) fn sound(selection: &Selection) -> Selection {
    let or = |x: f64, y: f64| if x.is_finite() && x > 0.0 { x } else { y };
    let usual = Selection::default();
    let min_length = or(selection.min_length, usual.min_length).max(SHORTEST);
    Selection {
        min_clips: selection.min_clips.min(selection.max_clips),
        max_clips: selection.max_clips,
        min_length,
        max_length: or(selection.max_length, usual.max_length).max(min_length),
        max_stills: selection.max_stills,
        max_share: or(selection.max_share, usual.max_share).min(1.0),
        reel_length: or(selection.reel_length, usual.reel_length),
    }
}

/// Where clips can be cut.
struct Places<'a> {
    shots: &'a [Shot],
    /// In order of time.
    doubts: &'a [(f64, f64)],
    keyframes: &'a [f64],
}

/// The chosen clips, and how relevant all were that could have been cut.
fn clips(
    session: &Session,
    places: &Places<'_>,
    duration: f64,
    selection: &Selection,
    taste: &Taste,
) -> (Vec<Highlight>, Histogram) {
    let budget = if duration > LONG_SESSION {
        duration * selection.max_share
    } else {
        duration
    };
    let length = wanted_length(places.shots, budget, selection);
    let mut chosen = held(session, places.shots, taste);
    let before = chosen.len();
    let all = candidates(session, places, length, selection.min_length);
    let relevance = Histogram::of(all.iter().map(|c| c.score));
    let looks: Vec<Look> = all.iter().map(|c| c.look).collect();
    let liking = Liking::new(taste, session, &looks);
    let free = |mut all: Vec<Candidate>| {
        all.retain(|c| taste.allows(c.start, c.end));
        all.iter_mut().for_each(|c| c.liked(&liking));
        all
    };
    let all = free(all);
    take(&mut chosen, all, budget, selection.max_clips, selection);
    // Shots too short for the selection, or keyframes that fall badly: shorter clips are better than none. So are doubtful ones.
    let anywhere = Places {
        doubts: &[],
        ..*places
    };
    for (places, least) in [
        (places, SHORT),
        (&anywhere, SHORT),
        (places, SHORTEST),
        (&anywhere, SHORTEST),
    ] {
        let wanted = chosen.len() < selection.min_clips && (least == SHORT || chosen.is_empty());
        if wanted {
            let least = least.min(selection.min_length);
            let all = candidates(session, places, selection.min_length, least);
            take(
                &mut chosen,
                free(all),
                budget,
                selection.min_clips,
                selection,
            );
        }
    }
    unsay_new_shots(&mut chosen);
    let mut chosen = chosen.split_off(before);
    chosen.sort_by(|a, b| a.start.total_cmp(&b.start));
    let highlights = chosen
        .into_iter()
        .map(|c| Highlight {
            start: c.start,
            end: c.end,
            shot: c.shot,
            score: c.score,
            reasons: c.reasons,
        })
        .collect();
    (highlights, relevance)
}

/// Clips that a person holds, as if they had been chosen: they take up room, and what is like them adds no variety.
fn held(session: &Session, shots: &[Shot], taste: &Taste) -> Vec<Candidate> {
    let real = |span: &&Span| span.start.is_finite() && span.end.is_finite();
    taste
        .held
        .iter()
        .filter(real)
        .filter(|span| span.start < span.end)
        .map(|span| Candidate {
            // One of no shot shows none.
            shot: shots
                .iter()
                .position(|shot| span.start >= shot.start && span.start < shot.end)
                .unwrap_or(usize::MAX),
            start: span.start,
            end: span.end,
            score: 0.0,
            reasons: Vec::new(),
            look: session.look(span.start, span.end),
            wanted: false,
        })
        .collect()
}

/// The time there is, shared by the clips that shots long enough can give.
fn wanted_length(shots: &[Shot], budget: f64, selection: &Selection) -> f64 {
    let long = shots
        .iter()
        .filter(|s| s.end - s.start >= selection.min_length)
        .count();
    let clips = long.clamp(selection.min_clips.max(1), selection.max_clips.max(1));
    // Half the time at most in short sessions: a highlight is not the whole.
    let share = budget.min(shots.iter().map(|s| s.end - s.start).sum::<f64>() / 2.0);
    (share / clips as f64).clamp(selection.min_length, selection.max_length)
}

fn candidates(session: &Session, places: &Places<'_>, length: f64, least: f64) -> Vec<Candidate> {
    let mut out = Vec::new();
    for (i, shot) in places.shots.iter().enumerate() {
        let from = places.keyframes.partition_point(|&k| k < shot.start - 1e-6);
        let keys = places.keyframes[from..].iter();
        for &key in keys.take_while(|&&k| k < shot.end) {
            let doubt = boundary::next_doubt(places.doubts, key);
            let last = doubt.map_or(shot.end, |doubt| shot.end.min(doubt.0)) - END_MARGIN;
            let end = last.min(key + length);
            if end - key < least {
                continue;
            }
            let (score, reasons) = session.relevance(key, end);
            out.push(Candidate {
                shot: i,
                start: key,
                end,
                score,
                reasons,
                look: session.look(key, end),
                wanted: false,
            });
        }
    }
    out
}

/// Moves the best candidates over, while there is room.
fn take(
    chosen: &mut Vec<Candidate>,
    mut all: Vec<Candidate>,
    budget: f64,
    most: usize,
    selection: &Selection,
) {
    let mut spent: f64 = chosen.iter().map(|c| c.end - c.start).sum();
    while chosen.len() < most {
        all.retain(|c| {
            let free = chosen.iter().all(|d| c.end <= d.start || d.end <= c.start);
            free && spent + c.end - c.start <= budget + 1e-9
        });
        // Beyond the fewest, a shot already shown gives no second clip unless it is much longer than one, or a person asked for
        // more like it.
        if chosen.len() >= selection.min_clips {
            all.retain(|c| {
                c.wanted
                    || chosen.iter().all(|d| {
                        d.shot != c.shot || (c.start - d.start).abs() > 3.0 * selection.max_length
                    })
            });
        }
        let mut best: Option<(usize, f32)> = None;
        for (i, c) in all.iter().enumerate() {
            let g = gain(c, chosen);
            if best.is_none_or(|(_, b)| g > b) {
                best = Some((i, g));
            }
        }
        let Some((i, _)) = best else {
            return;
        };
        let mut c = all.swap_remove(i);
        if !chosen.is_empty() && chosen.iter().all(|d| d.shot != c.shot) {
            let unlike = unlike(&c, chosen);
            let percent = (unlike * 100.0).round() as i32;
            c.reasons.push(relevance::reason(
                NEW_SHOT + NEW_LOOK * unlike,
                format!("{NOT_SHOWN}{percent} % unlike the other clips"),
            ));
            c.reasons = relevance::strongest(c.reasons);
        }
        spent += c.end - c.start;
        chosen.push(c);
    }
}

/// Where there were too few shots, one gave two clips, and neither shows what nothing else does.
fn unsay_new_shots(chosen: &mut [Candidate]) {
    let shots: Vec<usize> = chosen.iter().map(|c| c.shot).collect();
    for c in chosen {
        if shots.iter().filter(|&&shot| shot == c.shot).count() > 1 {
            for reason in &mut c.reasons {
                if let Some(rest) = reason.words.strip_prefix(NOT_SHOWN) {
                    reason.words = rest.to_owned();
                }
            }
        }
    }
}

/// What a clip of a new shot is said to be, before how unlike the others it looks.
const NOT_SHOWN: &str = "a shot not shown yet: ";

/// What a candidate adds to the chosen.
fn gain(c: &Candidate, chosen: &[Candidate]) -> f32 {
    let new_shot = chosen.iter().all(|d| d.shot != c.shot);
    let apart = chosen
        .iter()
        .map(|d| (c.start - d.end).max(d.start - c.end).max(0.0))
        .fold(NEAR_REACH, f64::min);
    let near = 1.0 - (apart / NEAR_REACH) as f32;
    c.score + if new_shot { NEW_SHOT } else { 0.0 } + NEW_LOOK * unlike(c, chosen) - NEAR * near
}

/// How unlike the most alike of the chosen it looks, 0–1.
fn unlike(c: &Candidate, chosen: &[Candidate]) -> f32 {
    let each = chosen.iter().map(|d| c.look.distance(&d.look));
    each.fold(1.0, f32::min)
}
