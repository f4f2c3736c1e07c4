//! The page: one component per part of the flow, over one shared [`studio::Studio`].

mod analysis;
mod app;
mod clip;
mod controls;
mod desk;
mod file;
mod filming;
mod icon;
mod kept;
mod level;
mod monitor;
mod picture;
mod reel;
mod review;
mod sending;
mod stage;
mod studio;
mod timeline;
mod upload;

pub(crate) use app::App;
