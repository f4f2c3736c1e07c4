//! From a track's own time to the film's: edit lists (ISO/IEC 14496-12 §8.6.6), and what must be decoded for what is shown.
//!
//! An edit shows a span of the track. Decoders start at keyframes, so a run of samples begins before its span where
//! it must; what lies outside the span is decoded and given to nobody.

use std::ops::Range;

use super::{FilmError, MAX_SAMPLES, Sample};

/// A sample on its track's own time, ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) at: u64,
    pub(super) len: u32,
    /// When it is presented.
    pub(super) t: i64,
    pub(super) length: u32,
    pub(super) key: bool,
}

/// An entry of an edit list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edit {
    /// How long it lasts, ticks of the film; 0 goes on to the end of the track.
    pub(super) length: u64,
    /// Where in the track it begins, ticks of the track; `None` shows nothing for so long.
    pub(super) from: Option<i64>,
    /// Whether one picture stands for its whole length (a rate of 0).
    pub(super) still: bool,
}

/// The body of an `elst`. A media time below -1, which the standard does not know, counts as nothing shown.
pub(super) fn edits(body: &[u8]) -> Option<Vec<Edit>> {
    let wide = *body.first()? == 1;
    let count = u32::from_be_bytes(body.get(4..8)?.try_into().ok()?) as usize;
    let entries = body.get(8..)?.chunks_exact(if wide { 20 } else { 12 });
    let edit = |entry: &[u8]| {
        let (length, from, rate) = if wide {
            let (length, rest) = entry.split_first_chunk()?;
            let (from, rate) = rest.split_first_chunk()?;
            (u64::from_be_bytes(*length), i64::from_be_bytes(*from), rate)
        } else {
            let (length, rest) = entry.split_first_chunk()?;
            let (from, rate) = rest.split_first_chunk()?;
            (
                u64::from(u32::from_be_bytes(*length)),
                i64::from(i32::from_be_bytes(*from)),
                rate,
            )
        };
        Some(Edit {
            length,
            from: (from >= 0).then_some(from),
            still: rate == [0; 4],
        })
    };
    entries.take(count).map(edit).collect()
}

/// Samples that are decoded one after another, and what of them is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Which of the track's samples.
    pub samples: Range<usize>,
    /// What is shown or heard of them, on the film's timeline, µs.
    pub shown: Range<i64>,
}

/// How the samples of a track depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    /// Pictures need the keyframe before them.
    Picture,
    /// Sound needs what was heard a moment before.
    Sound,
}

/// Sound that is decoded before what is heard, µs: 80 ms let a decoder of Opus converge (RFC 7845 §4.6).
const WARM_UP_US: i64 = 80_000;

/// A picture that an edit cuts into is shown from the edit's start if this much of it is left, µs: of a slide a person sees the
/// rest, of one picture of a moving film nobody does.
const WORTH_SHOWING_US: i64 = 40_000;

/// A hole in the sound from which on it is placed anew, µs. Below, times tremble: files count in whole milliseconds.
const HOLE_US: i64 = 60_000;

/// Most edits of a track. An editor's list for two hours is far shorter.
const MAX_EDITS: usize = 10_000;

/// Ticks per second, of a track or of the film.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timescale(pub(super) u32);

impl Timescale {
    /// Ticks as µs; absurd ones at the ends of what can be told.
    pub(super) fn us(self, ticks: i64) -> i64 {
        let us = (i128::from(ticks) * 1_000_000).div_euclid(i128::from(self.0.max(1)));
        us.clamp(i128::from(i64::MIN / 8), i128::from(i64::MAX / 8)) as i64
    }

    pub(super) fn length(self, ticks: u32) -> u32 {
        u32::try_from(self.us(i64::from(ticks))).unwrap_or(u32::MAX)
    }
}

/// A track's samples on the film's timeline.
#[derive(Debug, Default)]
pub(super) struct Laid {
    pub(super) samples: Vec<Sample>,
    pub(super) runs: Vec<Run>,
}

/// Lays a track out as its edits say; a track without edits is shown from its first sample to its last.
///
/// # Errors
/// [`FilmError::Damaged`] for absurdly many edits, or edits that show absurdly much.
pub(super) fn lay_out(
    raws: &[Raw],
    edits: &[Edit],
    track: Timescale,
    film: Timescale,
    medium: Medium,
) -> Result<Laid, FilmError> {
    if edits.len() > MAX_EDITS {
        return Err(FilmError::Damaged);
    }
    let mut us: Vec<Sample> = raws
        .iter()
        .map(|raw| Sample {
            at: raw.at,
            len: raw.len,
            t_us: track.us(raw.t),
            duration_us: track.length(raw.length),
            key: raw.key,
        })
        .collect();
    let order = in_order(&us);
    if medium == Medium::Picture {
        fill_lengths(&mut us, &order);
    }
    let media = Media { us: &us, order };
    let mut laid = Laid::default();
    if edits.iter().all(|edit| edit.from.is_none()) {
        let empty: u64 = edits
            .iter()
            .map(|edit| edit.length)
            .fold(0, u64::saturating_add);
        let first = media
            .order
            .first()
            .and_then(|&i| us.get(i))
            .map_or(0, |s| s.t_us);
        let span = Span {
            from: first.min(0),
            to: i64::MAX / 4,
            at: film.us(i64::try_from(empty).unwrap_or(i64::MAX)),
            still: false,
            rounding: 0,
        };
        media.show(&span, medium, &mut laid)?;
        return Ok(split_holes(laid, medium));
    }
    // Counted in ticks, so that nothing adds up from edit to edit.
    let mut at = 0_i64;
    for edit in edits {
        let end = at.saturating_add_unsigned(edit.length);
        if let Some(from) = edit.from {
            let from = track.us(from);
            let to = match edit.length {
                0 => i64::MAX / 4,
                length => from.saturating_add(film.us(i64::try_from(length).unwrap_or(i64::MAX))),
            };
            let span = Span {
                from,
                to,
                at: film.us(at),
                still: edit.still,
                rounding: film.us(1).min(1_700),
            };
            media.show(&span, medium, &mut laid)?;
            if edit.length == 0 {
                break;
            }
        }
        at = end;
    }
    Ok(split_holes(laid, medium))
}

/// A span of a track and where on the film's timeline it is shown, µs.
struct Span {
    from: i64,
    to: i64,
    at: i64,
    still: bool,
    /// What an edit may be rounded by: a tick of the film. A picture that begins so little before the end was cut off.
    rounding: i64,
}

/// A track's samples on its own time, µs, and the order they are presented in.
struct Media<'a> {
    us: &'a [Sample],
    order: Vec<usize>,
}

impl Media<'_> {
    fn show(&self, span: &Span, medium: Medium, laid: &mut Laid) -> Result<(), FilmError> {
        let samples = self.us;
        let t = |i: &usize| samples.get(*i).map_or(0, |s| s.t_us);
        let end = |i: &usize| {
            samples
                .get(*i)
                .map_or(0, |s| s.t_us + i64::from(s.duration_us))
        };
        let first = self.order.partition_point(|i| t(i) < span.from);
        let rounding = if medium == Medium::Picture {
            span.rounding
        } else {
            0
        };
        let last = self
            .order
            .partition_point(|i| t(i) < span.to - rounding)
            .max(first);
        let mut shown: Vec<usize> = self.order.get(first..last).unwrap_or_default().to_vec();
        // What began before the span and is still there.
        let before = first
            .checked_sub(1)
            .and_then(|n| self.order.get(n))
            .copied();
        let left = before.map_or(0, |i| end(&i).min(span.to) - span.from);
        let cut_into = match medium {
            Medium::Picture => {
                let alone = shown.is_empty() && left > 0;
                before.filter(|_| left >= WORTH_SHOWING_US || alone || span.still)
            }
            Medium::Sound => before.filter(|_| left > 0),
        };
        shown.extend(cut_into);
        if span.still {
            // Of a picture that stands, the one that is there when it begins.
            let at = cut_into.filter(|_| left > 0).or(shown.first().copied());
            shown = at.into_iter().collect();
        }
        shown.sort_unstable();
        let (Some(&low), Some(&high)) = (shown.first(), shown.last()) else {
            return Ok(());
        };
        let range = match medium {
            Medium::Picture => self.key_before(low, &shown)..high + 1,
            Medium::Sound => {
                let warm = |i: &usize| span.from - t(i) < WARM_UP_US;
                let early = (0..low).rev().take_while(warm).last().unwrap_or(low);
                // A decoder that lags gives the last of it with the packet after.
                early.min(low.saturating_sub(1))..(high + 2).min(samples.len())
            }
        };
        let from = laid.samples.len();
        if from + range.len() > 2 * MAX_SAMPLES {
            return Err(FilmError::Damaged);
        }
        let until = span.at.saturating_add(span.to - span.from);
        let mut most = span.at;
        for i in range {
            let Some(sample) = samples.get(i) else { break };
            let mut sample = Sample {
                t_us: sample.t_us - span.from + span.at,
                ..*sample
            };
            if medium == Medium::Picture {
                let end = sample
                    .t_us
                    .saturating_add(i64::from(sample.duration_us))
                    .min(until);
                if shown.binary_search(&i).is_err() {
                    // Decoded for others only, however little it lies within the span.
                    if (span.at..until).contains(&sample.t_us) {
                        sample.t_us = until;
                    }
                } else {
                    sample.t_us = sample.t_us.max(span.at);
                    let end = if span.still { until } else { end };
                    sample.duration_us = u32::try_from(end - sample.t_us).unwrap_or(1);
                }
            }
            most = most.max(sample.t_us.saturating_add(i64::from(sample.duration_us)));
            laid.samples.push(sample);
        }
        laid.runs.push(Run {
            samples: from..laid.samples.len(),
            shown: span.at..until.min(most),
        });
        Ok(())
    }

    /// The keyframe from which everything shown can be decoded, `low` being the first of it in decoding order. Pictures that
    /// follow a keyframe and are shown before it may need what was before that.
    fn key_before(&self, low: usize, shown: &[usize]) -> usize {
        let samples = self.us;
        let key = |until: usize| samples.get(..=until)?.iter().rposition(|s| s.key);
        let Some(found) = key(low) else { return low };
        let led = samples.get(found).map_or(0, |s| s.t_us);
        let leads = |&i: &usize| i > found && samples.get(i).is_some_and(|s| s.t_us < led);
        match found.checked_sub(1).and_then(key) {
            Some(earlier) if shown.iter().any(leads) => earlier,
            _ => found,
        }
    }
}

/// Indices by presentation time.
fn in_order(samples: &[Sample]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_by_key(|&i| samples.get(i).map_or(0, |s| s.t_us));
    order
}

/// A picture is shown until the next one is; the last as long as its file says, or as the one before it.
fn fill_lengths(samples: &mut [Sample], order: &[usize]) {
    let mut before = 0;
    for (n, &i) in order.iter().enumerate() {
        let next = order
            .get(n + 1)
            .and_then(|&next| samples.get(next))
            .map(|s| s.t_us);
        let Some(sample) = samples.get_mut(i) else {
            continue;
        };
        match next {
            Some(next) => {
                sample.duration_us = u32::try_from(next - sample.t_us).unwrap_or(u32::MAX);
            }
            None if sample.duration_us == 0 => sample.duration_us = before,
            None => {}
        }
        before = sample.duration_us;
    }
}

/// One run of samples as a file without edits has them, pictures and sound alike; times are on the film's timeline already.
pub(super) fn whole(mut samples: Vec<Sample>, medium: Medium) -> Laid {
    if medium == Medium::Picture {
        let order = in_order(&samples);
        fill_lengths(&mut samples, &order);
    }
    let runs = vec![Run {
        samples: 0..samples.len(),
        shown: 0..i64::MAX / 4,
    }];
    split_holes(Laid { samples, runs }, medium)
}

/// Decoders of sound count what they give and know no holes, so sound after a hole is a run of its own.
fn split_holes(mut laid: Laid, medium: Medium) -> Laid {
    if medium == Medium::Picture {
        return laid;
    }
    let mut runs = Vec::with_capacity(laid.runs.len());
    for run in laid.runs {
        let mut from = run.samples.start;
        let mut expected = None;
        for i in run.samples.clone() {
            let Some(sample) = laid.samples.get(i) else {
                break;
            };
            let due = expected.unwrap_or(sample.t_us);
            if (sample.t_us - due).abs() > HOLE_US {
                runs.push(Run {
                    samples: from..i,
                    shown: run.shown.clone(),
                });
                from = i;
                expected = Some(sample.t_us + i64::from(sample.duration_us));
            } else {
                expected = Some(due + i64::from(sample.duration_us));
            }
        }
        runs.push(Run {
            samples: from..run.samples.end,
            shown: run.shown,
        });
    }
    laid.runs = runs;
    laid
}
