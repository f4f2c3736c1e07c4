//! The studio's Web Worker.

pub mod clock;
pub mod codec;
pub mod cut;
pub mod entry;
pub mod film;
pub mod index;
pub mod join;
pub mod mp4;
pub mod pace;
pub mod record;
