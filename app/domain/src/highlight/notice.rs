//! What a creator should know about a session that could not give all.

use super::{Frames, Loudness, Moment};
use crate::capture::Selection;

pub(super) const NO_PICTURE: &str = "No picture was recorded, so there is nothing to choose from. Check that the camera or screen is shared, then film again.";
pub(super) const BLACK: &str = "The picture was black the whole time, so no clips were chosen. Uncover the camera or turn on a light, then film again.";
const NO_KEYFRAMES: &str = "The recording has no point at which a clip could start, so only stills were chosen. Film again to get clips.";
const TOO_SHORT: &str = "The recording is too short for a clip, so only stills were chosen. Film for a few seconds to get clips.";
const SHORT: &str = "The recording is short, so there are fewer or shorter clips than usual. Film a little longer to get more to choose from.";
const STATIC: &str = "The picture hardly moved, so the clips look like stills. Move the product or the camera a little, or use the stills.";
const SILENT: &str = "The microphone heard nothing, so the clips are silent. Check the microphone if you meant to speak.";

const DISTORTED: &str = "The sound was louder than could be recorded, so it is distorted in places. Turn the microphone down or move away from it, or go on without sound.";
const BUSY: &str = "This device could not look at every picture while it filmed, so a quick cut may be overlooked. Nothing of the recording is lost; closing other tabs helps next time.";

/// A tenth of a second of which this share of samples is at full scale is distorted: speech and music that just reach it have a
/// hundredth, and lossy codecs round the corners of what was clipped, down to about this. (A pure tone that just reaches it has 0.13.)
const CLIPPED: f32 = 0.06;
/// So many of them are told: half a second.
const DISTORTED_LEAST: usize = 5;

/// Movement below this is none…
const STILL: f32 = 0.001;
/// …and one frame in twenty may stir by so much: what a keyframe changes in a picture that stands.
const STIRS: f32 = 0.01;

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
    frames: Frames,
    duration: f64,
    selection: &Selection,
    clips: usize,
) -> Option<String> {
    let stirs = moments.iter().filter(|m| m.motion >= STILL).count();
    let still = moments.len() > 1
        && stirs * 20 <= moments.len()
        && moments.iter().all(|m| m.motion < STIRS);
    let silent = !loudness.is_empty() && loudness.iter().all(|l| l.dbfs <= -70.0);
    let distorted = loudness.iter().filter(|l| l.clipped >= CLIPPED).count();
    let message = if clips == 0 && selection.max_clips > 0 {
        if keyframes.is_empty() {
            NO_KEYFRAMES
        } else {
            TOO_SHORT
        }
    } else if still {
        STATIC
    } else if clips < selection.min_clips
        || duration < selection.min_length * selection.min_clips as f64
    {
        SHORT
    } else if silent {
        SILENT
    } else if distorted >= DISTORTED_LEAST {
        DISTORTED
    } else if frames.analysed * 4 < frames.recorded * 3 {
        BUSY
    } else {
        return None;
    };
    Some(message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::highlight::{Measurements, choose, test::session};

    fn notice(measurements: &Measurements) -> Option<String> {
        choose(measurements, &Selection::default()).notice
    }

    #[test]
    fn sound_that_was_too_loud_is_told() {
        let mut loud = session(&[6.0; 5]);
        assert_eq!(notice(&loud), None);
        // A slammed door is no reason to film again.
        for l in &mut loud.loudness[100..104] {
            l.clipped = 0.9;
        }
        assert_eq!(notice(&loud), None);
        for l in &mut loud.loudness[200..210] {
            l.clipped = 0.3;
        }
        assert!(notice(&loud).is_some_and(|n| n.contains("distorted")));
    }

    #[test]
    fn a_picture_that_stands_is_told_also_where_keyframes_stir_it() {
        let mut frozen = session(&[12.0]);
        for (i, m) in frozen.moments.iter_mut().enumerate() {
            m.motion = if i % 30 == 0 { 0.004 } else { 0.0 };
        }
        assert!(notice(&frozen).is_some_and(|n| n.contains("hardly moved")));
        frozen.moments[100].motion = 0.05;
        assert_eq!(notice(&frozen), None);
    }

    #[test]
    fn a_device_that_could_not_follow_is_told() {
        let mut busy = session(&[6.0; 5]);
        let recorded = busy.moments.len();
        let mut i = 0;
        busy.moments.retain(|_| {
            i += 1;
            i % 3 == 0
        });
        let choice = choose(&busy, &Selection::default());
        assert!(choice.notice.is_some_and(|n| n.contains("every picture")));
        assert_eq!(choice.frames.recorded, recorded);
        assert_eq!(choice.frames.analysed, recorded / 3);
        // One that does not say how much was recorded.
        busy.frames = 0;
        assert_eq!(notice(&busy), None);
    }
}
