//! The weights file of TransNetV2. Its format is that of [`crate::weights`], and it begins with `VITRTNV2`. It is made of the
//! published checkpoint by [`super::checkpoint`] and is no part of the repository.

use burn::tensor::Device;

use super::net::Network;
pub use crate::weights::WeightsError;
use crate::weights::{self, Magic};

const MAGIC: &Magic = b"VITRTNV2";

/// Reads a weights file into a network on `device`.
pub(super) fn read(bytes: &[u8], device: &Device) -> Result<Network, WeightsError> {
    weights::read(MAGIC, bytes, Network::new(device), device)
}

/// Writes a network as a weights file.
#[cfg(feature = "flex")]
pub(super) fn write(network: &Network) -> Vec<u8> {
    weights::write(MAGIC, network)
}
