//! Measuring the pipeline on folders of real clips, natively: the same resampler, detector and decisions as in the browser.

pub mod bound;
pub mod choice;
pub mod confidence;
pub mod decode;
pub mod peer;
mod pipe;
pub mod plot;
pub mod report;
pub mod run;
pub mod score;
#[cfg(test)]
mod test;
pub mod truth;
