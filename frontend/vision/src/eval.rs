//! Measuring the pipeline on folders of real clips, natively: the same resampler, detector and decisions as in the browser.

pub mod choice;
pub mod decode;
pub mod plot;
pub mod run;
pub mod score;
#[cfg(test)]
mod test;
pub mod truth;
