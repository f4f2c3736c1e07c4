//! The recorder: answers the page's requests one after another and owns the one session that is recorded or open.

pub mod message;

#[cfg(target_arch = "wasm32")]
mod import;
#[cfg(target_arch = "wasm32")]
mod live;
#[cfg(target_arch = "wasm32")]
mod open;
#[cfg(target_arch = "wasm32")]
mod playback;
#[cfg(target_arch = "wasm32")]
mod recording;
#[cfg(target_arch = "wasm32")]
mod recovery;
#[cfg(target_arch = "wasm32")]
mod requests;
#[cfg(target_arch = "wasm32")]
mod session;
#[cfg(target_arch = "wasm32")]
mod session_store;
#[cfg(target_arch = "wasm32")]
mod still;
#[cfg(all(test, target_arch = "wasm32"))]
mod test;

#[cfg(target_arch = "wasm32")]
pub(crate) use requests::start;
