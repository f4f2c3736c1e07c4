//! What the studio asks of the browser, each in one place: devices, frames, workers, storage, requests. Knows nothing of
//! what the studio does with it.

pub mod constraint;
pub mod error;
pub mod inset;
pub mod level;

#[cfg(target_arch = "wasm32")]
pub(crate) mod compose;
#[cfg(target_arch = "wasm32")]
pub(crate) mod device;
#[cfg(target_arch = "wasm32")]
pub(crate) mod digest;
#[cfg(target_arch = "wasm32")]
pub(crate) mod http;
#[cfg(target_arch = "wasm32")]
pub(crate) mod inference;
#[cfg(target_arch = "wasm32")]
pub(crate) mod js;
#[cfg(target_arch = "wasm32")]
pub(crate) mod meter;
#[cfg(target_arch = "wasm32")]
pub(crate) mod notify;
#[cfg(target_arch = "wasm32")]
pub(crate) mod photo;
#[cfg(target_arch = "wasm32")]
pub(crate) mod recorder;
#[cfg(target_arch = "wasm32")]
pub(crate) mod session_lock;
#[cfg(target_arch = "wasm32")]
pub(crate) mod source;
#[cfg(target_arch = "wasm32")]
pub(crate) mod storage;
#[cfg(target_arch = "wasm32")]
pub(crate) mod wake_lock;
