//! What the studio asks of the browser, each in one place: devices, frames, workers, storage, requests.

pub(crate) mod awake;
pub(crate) mod compose;
pub(crate) mod device;
pub(crate) mod engine;
pub(crate) mod js;
pub(crate) mod listener;
pub(crate) mod lock;
pub(crate) mod meter;
pub(crate) mod photo;
pub(crate) mod recorder;
pub(crate) mod request;
pub(crate) mod source;
pub(crate) mod store;
