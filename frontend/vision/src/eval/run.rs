//! A folder of clips through the whole pipeline.

use std::{
    future::Future,
    path::Path,
    pin::pin,
    task::{Context, Poll, Waker},
};

use domain::highlight::{Boundary, Moment, Recording, boundaries};

use super::{decode, score::Predicted, truth::Truth};
use crate::{device, shot::Detector};

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
}

impl Detect {
    fn detector(&self) -> Result<Detector, String> {
        match self {
            Self::Plain => Ok(Detector::plain()),
            Self::Network(weights) => {
                Detector::new(weights, device::cpu()).map_err(|e| e.to_string())
            }
        }
    }
}

/// All that is known of a film before highlights are chosen.
///
/// # Errors
/// A sentence when it cannot be decoded or the weights cannot be used.
pub fn recording(file: &Path, detect: &Detect) -> Result<Recording, String> {
    let mut detector = detect.detector()?;
    let mut moments: Vec<Moment> = Vec::new();
    let mut scores = Vec::new();
    decode::frames(file, |sample| {
        scores.extend(block(detector.push(sample.t, &sample.thumb)));
        moments.push(Moment {
            t: sample.t,
            boundary: 0.0,
            motion: sample.motion,
            sharpness: sample.sharpness,
            exposure: sample.exposure,
            clipped: sample.clipped,
            colourfulness: sample.colourfulness,
        });
    })?;
    scores.extend(block(detector.finish()));
    for (moment, (_, score)) in moments.iter_mut().zip(scores) {
        moment.boundary = score;
    }
    let last = moments.last().map_or(0.0, |m| m.t);
    let step = last / moments.len().max(2) as f64;
    Ok(Recording {
        duration: last + step,
        loudness: decode::loudness(file)?,
        keyframes: decode::keyframes(file)?,
        moments,
    })
}

/// Boundaries as the scorer takes them.
#[must_use]
pub fn predicted(moments: &[Moment]) -> Vec<Predicted> {
    let spans = boundaries(moments);
    spans.iter().map(|b: &Boundary| (b.start, b.end)).collect()
}

/// The clips of a truth file that count: second encodes of listed clips do not.
pub fn clips(truth: &Truth) -> impl Iterator<Item = (&String, &super::truth::Entry)> {
    truth
        .iter()
        .filter(|(_, entry)| entry.same_content_as.is_none())
}
