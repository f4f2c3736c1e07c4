//! What the studio knows and does. Knows no view: pages show this state and call its acts.

pub(crate) mod analysis;
mod capture;
mod device_store;
pub(crate) mod devices;
mod recording;
pub(crate) mod reel;
mod session;
pub(crate) mod stage;
mod studio;
pub(crate) mod upload;

pub(crate) use studio::Studio;
