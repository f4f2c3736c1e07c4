//! What a process is. (The edge becomes the second role: both answer through the same cache layer.)

pub mod serve;
