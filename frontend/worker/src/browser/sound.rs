//! Sound between the browser's buffers and plain samples.

use js_sys::{Float32Array, Uint8Array};
use wasm_bindgen::JsValue;
use web_sys::{AudioData, AudioDataCopyToOptions, AudioDataInit, AudioSampleFormat};

use super::Owned;
use crate::film::sound::Stretch;

/// The samples of a buffer.
///
/// # Errors
/// What the browser says.
pub(crate) fn samples(data: &AudioData) -> Result<Stretch, JsValue> {
    let frames = data.number_of_frames() as usize;
    let mut bytes = vec![0; frames * 4];
    let mut planes = Vec::new();
    for channel in 0..data.number_of_channels() {
        let options = AudioDataCopyToOptions::new(channel);
        options.set_format(AudioSampleFormat::F32Planar);
        data.copy_to_with_u8_slice(&mut bytes, &options)?;
        let sample = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        planes.push(bytes.chunks_exact(4).map(sample).collect());
    }
    Ok(Stretch {
        rate: data.sample_rate() as u32,
        planes,
    })
}

/// A buffer of samples that are due at `t_us`.
///
/// # Errors
/// What the browser says.
pub(crate) fn buffer(stretch: &Stretch, t_us: i64) -> Result<Owned<AudioData>, JsValue> {
    let all: Vec<f32> = stretch.planes.concat();
    let init = AudioDataInit::new_with_u8_array(
        &Uint8Array::new(&Float32Array::from(all.as_slice()).buffer()),
        AudioSampleFormat::F32Planar,
        stretch.planes.len() as u32,
        stretch.frames() as u32,
        stretch.rate as f32,
        0,
    );
    init.set_timestamp_f64(t_us as f64);
    AudioData::new(&init).map(Owned)
}
