//! A folder of clips through the whole pipeline.

use std::{
    collections::BTreeMap,
    future::Future,
    path::Path,
    pin::pin,
    task::{Context, Poll, Waker},
};

use domain::highlight::{Boundary, Measurements, Moment, boundaries};

use super::{
    decode,
    score::Predicted,
    truth::{Entry, Truth},
};
#[cfg(feature = "transnet")]
use crate::transnet;
use crate::{
    device,
    frame::{BYTES, Thumb},
    shot::{Detector, Score},
};

/// Runs a future that never waits for anything but itself, as those of the CPU detector.
pub fn block<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(out) = future.as_mut().poll(&mut context) {
            return out;
        }
        std::thread::yield_now();
    }
}

/// Which detector to run.
#[derive(Debug, Clone)]
pub enum Detect {
    /// The network in these weights.
    Network(Vec<u8>),
    /// Frame differences.
    Plain,
    /// TransNetV2 with these weights.
    #[cfg(feature = "transnet")]
    Transnet(Vec<u8>),
    /// The network in the first weights, or frame differences, and TransNetV2 in the second beside it, as on a GPU in the
    /// studio.
    #[cfg(feature = "transnet")]
    Precise(Option<Vec<u8>>, Vec<u8>),
}

impl Detect {
    fn running(&self) -> Result<Running, String> {
        Ok(match self {
            Self::Plain => Running::Ours(Box::new(Detector::plain())),
            Self::Network(weights) => {
                let detector = Detector::new(weights, device::cpu());
                Running::Ours(Box::new(detector.map_err(|e| e.to_string())?))
            }
            #[cfg(feature = "transnet")]
            Self::Transnet(weights) => {
                let detector = transnet::Detector::new(weights, &device::cpu());
                Running::Transnet(Box::new(detector.map_err(foreign)?), Vec::new())
            }
            #[cfg(feature = "transnet")]
            Self::Precise(weights, published) => {
                let mut detector = match weights {
                    Some(weights) => {
                        let detector = Detector::new(weights, device::cpu());
                        detector.map_err(|e| e.to_string())?
                    }
                    None => Detector::plain(),
                };
                let added = detector.add_transnet(published, &device::cpu());
                added.map_err(foreign)?;
                Running::Ours(Box::new(detector))
            }
        })
    }
}

#[cfg(feature = "transnet")]
fn foreign(error: transnet::WeightsError) -> String {
    format!("These are no weights of TransNetV2 ({error:?}). Make them with `cargo xtask models`.")
}

/// A detector at work on one film.
enum Running {
    Ours(Box<Detector>),
    /// With the scores so far: it decides on whole films.
    #[cfg(feature = "transnet")]
    Transnet(Box<transnet::Detector>, Vec<Score>),
}

impl Running {
    fn push(&mut self, t: f64, thumb: &Thumb) -> Vec<Score> {
        match self {
            Self::Ours(detector) => block(detector.push(t, thumb)),
            #[cfg(feature = "transnet")]
            Self::Transnet(detector, scores) => {
                scores.extend(block(detector.push(t, thumb)));
                Vec::new()
            }
        }
    }

    fn finish(self) -> Vec<Score> {
        match self {
            Self::Ours(mut detector) => block(detector.finish()),
            #[cfg(feature = "transnet")]
            Self::Transnet(mut detector, mut scores) => {
                scores.extend(block(detector.finish()));
                // Its decisions, as scores of which ours are made: frames that begin a shot, each a cut.
                let cuts = transnet::cuts(&scores);
                let mut decided: Vec<Score> = scores.iter().map(|s| (s.0, 0.0)).collect();
                for i in cuts {
                    decided[i].1 = 1.0;
                }
                decided
            }
        }
    }
}

/// All that is known of a film before highlights are chosen.
///
/// # Errors
/// A message when it cannot be decoded or the weights cannot be used.
pub fn measurements(file: &Path, detect: &Detect) -> Result<Measurements, String> {
    let mut detector = detect.running()?;
    let mut moments: Vec<Moment> = Vec::new();
    let mut scores = Vec::new();
    decode::frames(file, |sample| {
        scores.extend(detector.push(sample.t, &sample.thumb));
        moments.push(sample.moment(0.0));
    })?;
    scores.extend(detector.finish());
    for (moment, (_, score)) in moments.iter_mut().zip(scores) {
        moment.boundary = score;
    }
    let last = moments.last().map_or(0.0, |m| m.t);
    let step = last / moments.len().max(2) as f64;
    Ok(Measurements {
        duration: last + step,
        loudness: decode::loudness(file)?,
        // The measures plan those that a recorder would set.
        keyframes: Vec::new(),
        frames: moments.len(),
        moments,
    })
}

/// A film of which only scores are known, of pictures that ffmpeg shrank.
///
/// # Errors
/// As [`measurements`].
pub fn bicubic(file: &Path, detect: &Detect) -> Result<Measurements, String> {
    let mut detector = detect.running()?;
    let mut scores = Vec::new();
    decode::bicubic(file, |t, thumb| scores.extend(detector.push(t, thumb)))?;
    scores.extend(detector.finish());
    Ok(of_scores(&scores))
}

/// Scores of 48×27 RGB pictures that lie one after another in a file, 30 a second.
///
/// # Errors
/// A message when it cannot be read or the weights cannot be used.
pub fn score_pictures(file: &Path, detect: &Detect) -> Result<Vec<Score>, String> {
    let bytes = std::fs::read(file)
        .map_err(|e| format!("The pictures {} cannot be read: {e}", file.display()))?;
    let mut detector = detect.running()?;
    let mut scores = Vec::new();
    let thumbs = bytes.chunks_exact(BYTES).filter_map(Thumb::from_bytes);
    for (i, thumb) in (0..).zip(thumbs) {
        scores.extend(detector.push(f64::from(i) / 30.0, &thumb));
    }
    scores.extend(detector.finish());
    Ok(scores)
}

/// What a film lacks that its truth lists: a message where it ends early.
#[must_use]
pub fn lacking(file: &Path, measurements: &Measurements, truth: &Entry) -> Option<String> {
    let end = truth.first_pts + truth.duration_s;
    // Containers round the length of their last frame.
    (measurements.duration < end - 0.5).then(|| {
        format!(
            "{} ends at {:.1} s, and its truth at {end:.1} s: it is damaged, or another clip.",
            file.display(),
            measurements.duration
        )
    })
}

/// What another build answered, by clip.
pub type Scores = BTreeMap<String, Vec<Score>>;

/// Reads a file of them.
///
/// # Errors
/// A message when there is none or it is something else.
pub fn scores(file: &Path) -> Result<Scores, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| format!("The scores {} cannot be read: {e}", file.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{} holds no scores: {e}", file.display()))
}

/// A film of which only the scores are known.
///
/// # Errors
/// A message when there are none of this clip.
pub fn scored(scores: &Scores, clip: &str) -> Result<Measurements, String> {
    let scores = scores
        .get(clip)
        .ok_or_else(|| format!("There are no scores of {clip}."))?;
    Ok(of_scores(scores))
}

fn of_scores(scores: &[Score]) -> Measurements {
    let moments = scores.iter().map(|&(t, boundary)| Moment {
        t,
        boundary,
        motion: 0.0,
        sharpness: 0.0,
        exposure: 0.0,
        clipped: 0.0,
        stability: None,
        colourfulness: 0.0,
        layout: None,
    });
    let moments: Vec<Moment> = moments.collect();
    Measurements {
        duration: moments.last().map_or(0.0, |m| m.t),
        moments,
        ..Measurements::default()
    }
}

/// Boundaries as the scorer takes them.
#[must_use]
pub fn predicted(moments: &[Moment]) -> Vec<Predicted> {
    let spans = boundaries(moments);
    spans.iter().map(|b: &Boundary| (b.start, b.end)).collect()
}

/// The clips of a truth file that count: second encodes of listed clips do not.
pub fn clips(truth: &Truth) -> impl Iterator<Item = (&String, &Entry)> {
    truth
        .iter()
        .filter(|(_, entry)| entry.same_content_as.is_none())
}
