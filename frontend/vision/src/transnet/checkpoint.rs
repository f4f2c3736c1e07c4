//! The published weights of TransNetV2, a PyTorch checkpoint, turned into ours. Native only.
//!
//! Per block the checkpoint has, for each dilation d, `Conv3D_{d}.layers.0` `[2F, in, 1, 3, 3]` over space and
//! `Conv3D_{d}.layers.1` `[F, 2F, 3, 1, 1]` over time, then `bn`, a batch normalisation of all 4F channels with ε = 10⁻³. The
//! rest is dense layers, whose matrices PyTorch keeps as `[out, in]`.

use std::{collections::HashMap, path::Path};

use burn::tensor::Device;
use pytorch_reader::{DType, PytorchReader, Tensor};

use super::{
    net::{DILATIONS, FILTERS, Network},
    weights,
};
use crate::weights::{Table, fill};

/// Keeps the square root of a batch normalisation from nothing.
const EPSILON: f64 = 1e-3;
/// Tensors of the checkpoint; one with many more is not it.
const TENSORS_MAX: usize = 200;
/// The largest is the dense layer's 1024 × 4864.
const VALUES_MAX: usize = 8_000_000;

/// Dense layers: our name, the checkpoint's.
const DENSE: [(&str, &str); 6] = [
    ("project", "frame_sim_layer.projection"),
    ("likeness", "frame_sim_layer.fc"),
    ("colours", "color_hist_layer.fc"),
    ("dense", "fc1"),
    ("single", "cls_layer1"),
    ("many", "cls_layer2"),
];

/// Reads the published checkpoint and answers the bytes of a weights file.
///
/// # Errors
/// A message when the file cannot be read or is not this network's.
pub fn convert(file: &Path) -> Result<Vec<u8>, String> {
    Ok(weights::write(&read(file, &Device::flex())?))
}

/// Reads the published checkpoint into a network, its values as they are.
pub(super) fn read(file: &Path, device: &Device) -> Result<Network, String> {
    let not_it = |why: String| {
        format!(
            "{} is not the checkpoint of TransNetV2: {why}",
            file.display()
        )
    };
    let reader = PytorchReader::new(file).map_err(|e| not_it(e.to_string()))?;
    let tensors = reader.into_tensors();
    if tensors.len() > TENSORS_MAX {
        return Err(not_it(format!("it has {} tensors.", tensors.len())));
    }
    let table = table(&Checkpoint(tensors)).map_err(not_it)?;
    fill(Network::new(device), table, device).map_err(|e| not_it(e.to_string()))
}

struct Checkpoint(HashMap<String, Tensor>);

impl Checkpoint {
    /// Shape and values of a tensor of 32-bit floats.
    fn tensor(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), String> {
        let tensor = self.0.get(name).ok_or(format!("it lacks {name}."))?;
        if tensor.dtype() != DType::F32 || tensor.num_elements() > VALUES_MAX {
            return Err(format!("{name} has another type or size."));
        }
        let bytes = tensor.read().map_err(|e| e.to_string())?;
        // The reader gives them in the machine's own order.
        let values = bytes.chunks_exact(4);
        let values = values.map(|b| f32::from_ne_bytes([b[0], b[1], b[2], b[3]]));
        Ok((tensor.shape().to_vec(), values.collect()))
    }

    /// Values of a tensor that must have this shape.
    fn shaped(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let (found, values) = self.tensor(name)?;
        if found != shape {
            return Err(format!("{name} has the shape {found:?}, not {shape:?}."));
        }
        Ok(values)
    }
}

fn table(from: &Checkpoint) -> Result<Table, String> {
    let mut table = Table::new();
    let mut channels = 3;
    for (stage, filters) in FILTERS.into_iter().enumerate() {
        for (half, ours) in ["first", "second"].into_iter().enumerate() {
            let theirs = format!("SDDCNN.{stage}.DDCNN.{half}");
            let ours = format!("stages.{stage}.{ours}");
            block(from, &theirs, &ours, channels, filters, &mut table)?;
            channels = filters * DILATIONS.len();
        }
    }
    for (ours, theirs) in DENSE {
        let (shape, values) = from.tensor(&format!("{theirs}.weight"))?;
        let [out, into] = shape[..] else {
            return Err(format!("{theirs} is no matrix."));
        };
        let turned = (0..into * out).map(|i| values[i % out * into + i / out]);
        let turned = turned.collect();
        table.insert(format!("{ours}.weight"), (vec![into, out], turned));
        let bias = from.shaped(&format!("{theirs}.bias"), &[out])?;
        table.insert(format!("{ours}.bias"), (vec![out], bias));
    }
    Ok(table)
}

/// One block: its convolutions over space become one, those over time three 1×1 each with the normalisation folded in.
fn block(
    from: &Checkpoint,
    theirs: &str,
    ours: &str,
    channels: usize,
    filters: usize,
    table: &mut Table,
) -> Result<(), String> {
    let between = 2 * filters;
    let norm = |what: &str| {
        let all = [filters * DILATIONS.len()];
        from.shaped(&format!("{theirs}.bn.{what}"), &all)
    };
    let (gain, shift) = (norm("weight")?, norm("bias")?);
    let (mean, variance) = (norm("running_mean")?, norm("running_var")?);
    let scale =
        |channel: usize| f64::from(gain[channel]) / (f64::from(variance[channel]) + EPSILON).sqrt();
    let mut space = Vec::new();
    for (i, dilation) in DILATIONS.into_iter().enumerate() {
        let name = format!("{theirs}.Conv3D_{dilation}.layers");
        space.extend(from.shaped(&format!("{name}.0.weight"), &[between, channels, 1, 3, 3])?);
        let time = from.shaped(&format!("{name}.1.weight"), &[filters, between, 3, 1, 1])?;
        for (at, part) in ["before", "now", "after"].into_iter().enumerate() {
            let values = time.iter().skip(at).step_by(3).enumerate();
            let values = values
                .map(|(k, &x)| (f64::from(x) * scale(i * filters + k / between)) as f32)
                .collect();
            let shape = vec![filters, between, 1, 1];
            table.insert(format!("{ours}.time.{i}.{part}.weight"), (shape, values));
        }
        let bias = (i * filters..(i + 1) * filters)
            .map(|c| (f64::from(shift[c]) - f64::from(mean[c]) * scale(c)) as f32)
            .collect();
        table.insert(format!("{ours}.time.{i}.now.bias"), (vec![filters], bias));
    }
    let shape = vec![between * DILATIONS.len(), channels, 3, 3];
    table.insert(format!("{ours}.space.weight"), (shape, space));
    Ok(())
}
