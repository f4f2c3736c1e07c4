//! Weights files: the tensors of one network by name.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | which network, for one `VITRSHOT` |
//! | 4 | format version, u32 little-endian, now 1 |
//! | 32 | BLAKE3 of all bytes that follow |
//! | 4 | number of tensors, u32 |
//! | per tensor | name length u8, name UTF-8, rank u8, each side u32, values f16 |
//!
//! Values are stored as f16 and computed in f32. Tensors go by name, so their order does not matter, but every
//! parameter of the network must be there with its exact shape.

use std::collections::BTreeMap;

#[cfg(feature = "tensor")]
use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::{Device, Tensor, TensorData},
};
use half::f16;

/// The first bytes of a file: which network it is for.
pub(crate) type Magic = [u8; 8];

const VERSION: u32 = 1;
const HEADER: usize = 8 + 4 + 32;
/// The largest rank a network here has.
const RANK_MAX: usize = 4;

/// Why a weights file cannot be used. Run on `shot::Detector::plain` then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeightsError {
    /// Nothing was given.
    Missing,
    /// Not a weights file, or one of another version.
    Format,
    /// The bytes do not have the hash the header states: cut short, or changed on the way.
    Corrupt,
    /// The tensor of this name is absent or has another shape: the file belongs to another network.
    Tensor(String),
    /// This build computes no tensors on the device that was asked for.
    Device,
}

impl std::fmt::Display for WeightsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str(
                "The model for finding shots is not there; plain frame differences are used instead. Reload the page to try again.",
            ),
            Self::Format => f.write_str(
                "The model for finding shots has a format this version does not read; plain frame differences are used instead. Reload the page to fetch the right one.",
            ),
            Self::Corrupt => f.write_str(
                "The model for finding shots arrived damaged; plain frame differences are used instead. Reload the page to fetch it again.",
            ),
            Self::Device => f.write_str("This build has no way to run that model on this device."),
            Self::Tensor(name) => write!(
                f,
                "The model for finding shots lacks \u{201c}{name}\u{201d}; plain frame differences are used instead. Reload the page to fetch the right one."
            ),
        }
    }
}

impl std::error::Error for WeightsError {}

/// Tensors by name: shape, and values row-major.
pub(crate) type Table = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Reads the file of a network into one that has its shape.
///
/// # Errors
/// [`WeightsError`]; nothing is used of a file that is not whole.
#[cfg(feature = "tensor")]
pub(crate) fn read<M: Module>(
    magic: &Magic,
    bytes: &[u8],
    into: M,
    device: &Device,
) -> Result<M, WeightsError> {
    fill(into, table(magic, bytes)?, device)
}

/// Puts named tensors into a network that has their shapes.
///
/// # Errors
/// [`WeightsError::Tensor`] with the first parameter that is absent or has another shape.
#[cfg(feature = "tensor")]
pub(crate) fn fill<M: Module>(into: M, table: Table, device: &Device) -> Result<M, WeightsError> {
    let mut load = Load {
        table,
        path: Vec::new(),
        device: device.clone(),
        lacking: None,
    };
    let network = into.map(&mut load);
    match load.lacking {
        Some(name) => Err(WeightsError::Tensor(name)),
        None => Ok(network),
    }
}

/// The hash in a file's header, hexadecimal: which weights these are.
///
/// # Errors
/// [`WeightsError`] where there is no header.
pub(crate) fn hash(bytes: &[u8]) -> Result<String, WeightsError> {
    let stated = bytes.get(12..HEADER).ok_or(WeightsError::Format)?;
    Ok(stated.iter().map(|b| format!("{b:02x}")).collect())
}

/// Writes a network as a weights file.
#[cfg(feature = "tensor")]
pub(crate) fn write<M: Module>(magic: &Magic, network: &M) -> Vec<u8> {
    let mut save = Save::default();
    network.visit(&mut save);
    let mut body = (save.count).to_le_bytes().to_vec();
    body.extend(save.body);
    let mut out = magic.to_vec();
    out.extend(VERSION.to_le_bytes());
    out.extend(blake3::hash(&body).as_bytes());
    out.extend(body);
    out
}

/// The tensors in a file.
///
/// # Errors
/// [`WeightsError`]; nothing is used of a file that is not whole.
pub(crate) fn table(magic: &Magic, bytes: &[u8]) -> Result<Table, WeightsError> {
    if bytes.is_empty() {
        return Err(WeightsError::Missing);
    }
    if bytes.get(..8) != Some(magic) || bytes.get(8..12) != Some(&VERSION.to_le_bytes()) {
        return Err(WeightsError::Format);
    }
    let (Some(stated), Some(body)) = (bytes.get(12..HEADER), bytes.get(HEADER..)) else {
        return Err(WeightsError::Corrupt);
    };
    if blake3::hash(body).as_bytes() != stated {
        return Err(WeightsError::Corrupt);
    }
    // The hash holds, but it is no proof of a well-made table: every length is checked.
    parse(body).ok_or(WeightsError::Format)
}

fn parse(mut rest: &[u8]) -> Option<Table> {
    fn take<'a>(rest: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
        let (head, tail) = rest.split_at_checked(n)?;
        *rest = tail;
        Some(head)
    }
    let number = |b: &[u8]| Some(u32::from_le_bytes(b.try_into().ok()?) as usize);
    let count = number(take(&mut rest, 4)?)?;
    let mut out = Table::new();
    for _ in 0..count {
        let len = usize::from(*take(&mut rest, 1)?.first()?);
        let name = std::str::from_utf8(take(&mut rest, len)?).ok()?.to_owned();
        let rank = usize::from(*take(&mut rest, 1)?.first()?);
        if rank > RANK_MAX {
            return None;
        }
        let mut shape = Vec::new();
        for _ in 0..rank {
            shape.push(number(take(&mut rest, 4)?)?);
        }
        let values = shape.iter().try_fold(1_usize, |n, &x| n.checked_mul(x))?;
        let data = take(&mut rest, values.checked_mul(2)?)?;
        let data = data
            .chunks_exact(2)
            .map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32())
            .collect();
        out.insert(name, (shape, data));
    }
    rest.is_empty().then_some(out)
}

#[cfg(feature = "tensor")]
#[derive(Default)]
struct Save {
    path: Vec<String>,
    count: u32,
    body: Vec<u8>,
}

#[cfg(feature = "tensor")]
impl ModuleVisitor for Save {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.join(".");
        let shape = param.val().dims();
        let values: Vec<f32> = param.val().into_data().iter::<f32>().collect();
        self.count += 1;
        self.body.push(name.len() as u8);
        self.body.extend(name.bytes());
        self.body.push(D as u8);
        for side in shape {
            self.body.extend((side as u32).to_le_bytes());
        }
        for value in values {
            self.body.extend(f16::from_f32(value).to_le_bytes());
        }
    }
}

#[cfg(feature = "tensor")]
struct Load {
    table: Table,
    path: Vec<String>,
    device: Device,
    lacking: Option<String>,
}

#[cfg(feature = "tensor")]
impl ModuleMapper for Load {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.join(".");
        match self.table.remove(&name) {
            Some((shape, values)) if param.lazy_shape().as_slice() == shape => {
                Param::from_data(TensorData::new(values, shape), &self.device)
            }
            _ => {
                self.lacking.get_or_insert(name);
                param
            }
        }
    }
}
