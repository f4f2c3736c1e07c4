//! How a recording looked and sounded, second by second: what a timeline shows.
//!
//! | field | definition | unit | source |
//! | --- | --- | --- | --- |
//! | motion | mean absolute luma difference to the frame before at 48×27; frames that begin a shot left out | share of full scale, 0–1 | frame difference, as in Zhang, Kankanhalli, Smoliar (1993) |
//! | sharpness | rank of the variance of the Laplacian among all frames of the session | 0–1 | Pech-Pacheco et al. (ICPR 2000) |
//! | exposure | mean luma | share of full scale, 0–1 | ITU-R BT.601 luma |
//! | stability | 1 / (1 + (a / 2)²), a: second derivative of the camera's path, picture widths per s² | 0–1 | Crawford et al. (ICIP 2004), Grundmann et al. (CVPR 2011) |
//! | colourfulness | M(3) on the thumbnail | 8-bit units, from 0 | Hasler & Süsstrunk (SPIE 5007, 2003) |
//! | loudness | root mean square of the samples | dB relative to full scale, −120 to 20 | AES17 without its +3 dB |
//! | change | loudness against that of the second before, both no less than −70 | dB, −90 to 90 | −70: the absolute gate of ITU-R BS.1770 |
//!
//! A frame counts for as long as it is on show, so that neither a variable frame rate nor a gap tilts a mean.

use serde::{Deserialize, Serialize};

use super::{
    Measurements,
    measure::{Measured, Ranks},
};

/// Below this there is nothing to hear, dB.
const GATE: f32 = -70.0;
/// A frame above this score begins a shot: its difference to the one before is no movement.
const BEGINS: f32 = 0.3;

/// One second. `None`: nothing was measured in it. See the module for definitions and units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Movement, 0–1.
    pub motion: Option<f32>,
    /// Rank of sharpness in the session, 0–1.
    pub sharpness: Option<f32>,
    /// Mean luma, 0–1.
    pub exposure: Option<f32>,
    /// Steadiness of the camera, 0–1.
    pub stability: Option<f32>,
    /// Colourfulness, from 0; above 60 is vivid.
    pub colourfulness: Option<f32>,
    /// Loudness, dBFS.
    pub loudness: Option<f32>,
    /// Loudness against the second before, dB.
    pub change: Option<f32>,
}

/// A mean by weight.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    fn add(&mut self, x: f32, weight: f64) {
        self.sum += f64::from(x) * weight;
        self.weight += weight;
    }

    fn value(self) -> Option<f32> {
        (self.weight > 0.0).then(|| (self.sum / self.weight) as f32)
    }
}

/// A row for every second of the recording, the last perhaps begun only: as many as its length rounded up.
#[must_use]
pub fn seconds(measurements: &Measurements) -> Vec<Second> {
    let moments = Measured::moments(&measurements.moments);
    let duration = Measured::length(&moments, measurements.duration);
    let mut means = vec![[Mean::default(); 6]; duration.ceil() as usize];
    let ranks = Ranks::new(moments.iter().map(|m| m.sharpness));
    for (i, m) in moments.iter().enumerate() {
        let end = moments.get(i + 1).map_or(duration, |next| next.t);
        let rank = ranks.share_below(m.sharpness);
        on_show(&mut means, m.t, end.min(duration), |row, weight| {
            if m.boundary < BEGINS {
                row[0].add(m.motion, weight);
                if let Some(stability) = m.stability {
                    row[3].add(stability, weight);
                }
            }
            row[1].add(rank, weight);
            row[2].add(m.exposure, weight);
            row[4].add(m.colourfulness, weight);
        });
    }
    for l in Measured::loudness(&measurements.loudness) {
        if let Some(row) = means.get_mut(l.t as usize) {
            // The mean of energies, not of decibels: that is the root mean square over the second.
            row[5].add(10_f32.powf(l.dbfs / 10.0), 1.0);
        }
    }
    let mut before: Option<f32> = None;
    let rows = means.iter().map(|row| {
        let loudness = row[5]
            .value()
            .map(|e| (10.0 * e.log10()).clamp(-120.0, 20.0));
        let change = before
            .zip(loudness)
            .map(|(before, now)| now.max(GATE) - before.max(GATE));
        before = loudness;
        Second {
            motion: row[0].value(),
            sharpness: row[1].value(),
            exposure: row[2].value(),
            stability: row[3].value(),
            colourfulness: row[4].value(),
            loudness,
            change,
        }
    });
    rows.collect()
}

/// Calls `add` for each second in which something from `start` to `end` is on show, with how long it is.
fn on_show<T>(rows: &mut [T], start: f64, end: f64, mut add: impl FnMut(&mut T, f64)) {
    let from = start as usize;
    for (second, row) in rows.iter_mut().enumerate().skip(from) {
        let weight = end.min(second as f64 + 1.0) - start.max(second as f64);
        if weight <= 0.0 {
            break;
        }
        add(row, weight);
    }
}
