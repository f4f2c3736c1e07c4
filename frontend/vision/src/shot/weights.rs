//! The weights file of the student, `public/models/shots.bin`. Its format is that of [`crate::weights`], and it begins with
//! `VITRSHOT`.

#[cfg(feature = "tensor")]
use burn::tensor::Device;

use domain::capture::Weights;

use super::forward::Forward;
#[cfg(feature = "tensor")]
use super::net::Student;
pub use crate::weights::WeightsError;
use crate::weights::{self, Magic};

const MAGIC: &Magic = b"VITRSHOT";

/// What a weights file is called: the first bytes of the hash in its header.
pub(super) fn name(bytes: &[u8]) -> Option<Weights> {
    bytes.get(12..18)?.try_into().ok().map(Weights)
}

/// Reads a weights file into what the CPU runs.
///
/// # Errors
/// [`WeightsError`]; nothing is used of a file that is not whole.
pub(super) fn forward(bytes: &[u8]) -> Result<Forward, WeightsError> {
    Forward::new(&weights::table(MAGIC, bytes)?)
}

/// Reads a weights file into a network on `device`.
///
/// # Errors
/// [`WeightsError`]; nothing is used of a file that is not whole.
#[cfg(feature = "tensor")]
pub fn read(bytes: &[u8], device: &Device) -> Result<Student, WeightsError> {
    weights::read(MAGIC, bytes, Student::new(device), device)
}

/// The hash in a file's header, hexadecimal: which weights these are.
///
/// # Errors
/// [`WeightsError`] where there is no header.
pub fn hash(bytes: &[u8]) -> Result<String, WeightsError> {
    weights::hash(bytes)
}

/// Writes a network as a weights file.
#[cfg(feature = "tensor")]
#[must_use]
pub fn write(student: &Student) -> Vec<u8> {
    weights::write(MAGIC, student)
}
