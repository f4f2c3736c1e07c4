//! Training of the student, natively: synthetic shots and transitions over real and made footage.
//!
//! Everything is drawn from one seed: which footage, its look and movement, the transitions and the disturbances that are
//! no boundaries. The same seed, footage and step count give the same weights on the same machine.

pub mod actor;
pub mod footage;
pub mod learn;
pub mod panorama;
pub mod sequence;
pub mod shots;

use crate::random;
