//! What Vitrine sees and hears, on the device: frames are shrunk and measured ([`frame`]), sound is measured
//! ([`loudness`]), and a small network of the project's own finds shot boundaries ([`shot`]) on the CPU or on WebGPU
//! ([`device`]). Native and wasm run the same code, so what is scored in `eval` is what users get.
//!
//! Nothing here decides: scores and signals go to `domain::highlight`, which is pure.

pub mod device;
pub mod frame;
pub mod loudness;
pub mod shot;
#[cfg(feature = "transnet")]
pub mod transnet;
mod weights;

#[cfg(all(feature = "eval", not(target_family = "wasm")))]
pub mod eval;
#[cfg(all(feature = "eval", not(target_family = "wasm")))]
pub mod random;
#[cfg(all(feature = "train", not(target_family = "wasm")))]
pub mod train;
