//! The page: one component per part of the flow, over one shared [`Studio`](crate::state::Studio). What they show is
//! worked out elsewhere, and what they do is an act of the studio.

mod analysis;
mod app;
mod clip;
mod contract;
mod controls;
mod filming;
mod guidance;
mod icon;
mod level;
mod monitor;
mod picture;
mod queue;
mod reel;
mod review;
mod room;
mod sessions;
mod timeline;
mod upload;

pub(crate) use app::App;
