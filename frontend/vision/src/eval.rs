//! Measuring the pipeline on folders of real clips, natively: the same resampler, detector and decisions as in the browser.

pub mod decode;
pub mod score;
pub mod truth;
