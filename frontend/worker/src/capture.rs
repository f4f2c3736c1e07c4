//! Rules for frames and sound while they come in: their times, their encodings, and how many of them are analysed.

pub mod clock;
pub mod codec;
pub mod rate;
