//! What was recorded, held against a contract.

use super::{Contract, Orientation, template::FREE};

/// What is known of a recording, and of what was kept of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recorded {
    /// How long it is, ms.
    pub length_ms: u32,
    /// Width and height in pixels; `None` where nothing was filmed.
    pub size: Option<(u32, u32)>,
    /// Mean luma, per cent of full scale; `None` where it was not measured.
    pub light: Option<u32>,
    /// Loudness, dB full scale; `None` without sound.
    pub sound: Option<i32>,
    /// How long each shot is, ms, in the order they were filmed.
    pub shots: Vec<u32>,
    /// How long each kept clip is, ms.
    pub clips: Vec<u32>,
    /// Kept photos.
    pub photos: u32,
}

/// A point of a contract that a recording does not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet {
    /// So many ms are missing.
    TooShort(u32),
    /// It is so many ms too long.
    TooLong(u32),
    /// The picture should stand this way.
    Orientation(Orientation),
    /// Light in per cent, where more is wanted.
    Dark(u32),
    /// Loudness in dB, where more is wanted; `None` where there is no sound at all.
    Quiet(Option<i32>),
    /// The shot of this number (from 0) is missing, or is too short.
    Shot(usize),
    /// So many clips more are wanted.
    FewClips(u32),
    /// The clip of this number (from 0) is longer than is taken, by so many ms.
    LongClip(usize, u32),
    /// So many clips fewer are wanted.
    ManyClips(u32),
    /// So many photos fewer are wanted.
    ManyPhotos(u32),
}

impl Unmet {
    /// Whether the server refuses what was kept as it is. Everything else is a wish that a page can be made without.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        matches!(self, Self::LongClip(..))
    }
}

impl Contract {
    /// How many of the wanted shots, in their order, are among those that were filmed, ms each.
    #[must_use]
    pub fn shots_done(&self, filmed: &[u32]) -> usize {
        // Taking the first that is long enough leaves most for those after it.
        filmed.iter().fold(0, |done, length| {
            let next = self.shots.get(done);
            done + usize::from(next.is_some_and(|next| *length >= next.least_ms))
        })
    }

    /// What a recording does not meet, in the order of the contract; empty when it delivers all of it. The free one requires
    /// nothing: its numbers are what is usually chosen.
    #[must_use]
    pub fn unmet(&self, recorded: &Recorded) -> Vec<Unmet> {
        let mut unmet = self.unmet_requirements(recorded);
        if self.id.as_str() == FREE {
            unmet.retain(Unmet::is_refused);
        }
        unmet
    }

    fn unmet_requirements(&self, recorded: &Recorded) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        if let Some((width, height)) = recorded.size {
            let wanted = self.film.length_ms;
            if recorded.length_ms < wanted.least {
                unmet.push(Unmet::TooShort(wanted.least - recorded.length_ms));
            } else if recorded.length_ms > wanted.most {
                unmet.push(Unmet::TooLong(recorded.length_ms - wanted.most));
            }
            if !self.film.orientation.takes(width, height) {
                unmet.push(Unmet::Orientation(self.film.orientation));
            }
            let dark = recorded
                .light
                .filter(|light| *light < self.film.least_light);
            unmet.extend(dark.map(Unmet::Dark));
            if let Some(least) = self.film.least_sound
                && recorded.sound.is_none_or(|sound| sound < least)
            {
                unmet.push(Unmet::Quiet(recorded.sound));
            }
        } else if self.film.length_ms.least > 0 {
            unmet.push(Unmet::TooShort(self.film.length_ms.least));
        }
        let done = self.shots_done(&recorded.shots);
        unmet.extend((done..self.shots.len()).map(Unmet::Shot));
        let clips = u32::try_from(recorded.clips.len()).unwrap_or(u32::MAX);
        let count = self.clips.count;
        if clips < count.least {
            unmet.push(Unmet::FewClips(count.least - clips));
        }
        for (at, length) in recorded.clips.iter().enumerate() {
            let over = length.saturating_sub(self.limits.clip_ms);
            if over > 0 {
                unmet.push(Unmet::LongClip(at, over));
            }
        }
        if clips > count.most {
            unmet.push(Unmet::ManyClips(clips - count.most));
        }
        if recorded.photos > self.most_photos {
            unmet.push(Unmet::ManyPhotos(recorded.photos - self.most_photos));
        }
        unmet
    }
}
