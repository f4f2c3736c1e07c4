//! Looking at a recorded session: what to keep, what to trim, what comes first.

pub mod lane;
pub mod reel;
pub mod session;
pub mod taste;
pub mod trim;
pub mod wave;
