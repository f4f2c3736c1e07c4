//! What a creator should know about a session that could not give all.

use super::{Contract, Loudness, Moment};

pub(super) const NO_PICTURE: &str = "No picture was recorded, so there is nothing to choose from. Check that the camera or screen is shared, then film again.";
pub(super) const BLACK: &str = "The picture was black the whole time, so no clips were chosen. Uncover the camera or turn on a light, then film again.";
const NO_KEYFRAMES: &str = "The recording has no point at which a clip could start, so only stills were chosen. Film again to get clips.";
const TOO_SHORT: &str = "The recording is too short for a clip, so only stills were chosen. Film for a few seconds to get clips.";
const SHORT: &str = "The recording is short, so there are fewer or shorter clips than usual. Film a little longer to get more to choose from.";
const STATIC: &str = "The picture hardly moved, so the clips look like stills. Move the product or the camera a little, or use the stills.";
const SILENT: &str = "The microphone heard nothing, so the clips are silent. Check the microphone if you meant to speak.";

/// Darker than any lit room, with nothing bright in it.
pub(super) fn is_black(moments: &[Moment]) -> bool {
    moments
        .iter()
        .all(|m| m.exposure < 0.04 && m.sharpness < 4.0)
}

pub(super) fn of(
    moments: &[Moment],
    loudness: &[Loudness],
    keyframes: &[f64],
    duration: f64,
    contract: &Contract,
    clips: usize,
) -> Option<String> {
    let still = moments.len() > 1 && moments.iter().all(|m| m.motion < 0.001);
    let silent = !loudness.is_empty() && loudness.iter().all(|l| l.dbfs <= -70.0);
    let sentence = if clips == 0 && contract.max_clips > 0 {
        if keyframes.is_empty() {
            NO_KEYFRAMES
        } else {
            TOO_SHORT
        }
    } else if still {
        STATIC
    } else if clips < contract.min_clips
        || duration < contract.min_length * contract.min_clips as f64
    {
        SHORT
    } else if silent {
        SILENT
    } else {
        return None;
    };
    Some(sentence.to_owned())
}
