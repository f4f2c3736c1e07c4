//! The capture contract: what a session must deliver, and what of it may leave the device.
//!
//! It is data. Its JSON Schema is `public/schema/contract-1.json`, which a shop serves at [`SCHEMA_PATH`]. A contract has a
//! version: whoever changes it makes the next one, and what was filmed under an earlier one goes on naming that.
//!
//! [`Contract::unmet`] holds a recording against one, [`Contract::permit`] an upload before its bytes are taken.

pub mod form;
#[cfg(test)]
mod law;
mod permit;
mod recorded;
pub mod template;
#[cfg(test)]
mod test;
pub mod words;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use self::{
    permit::{Announced, Refusal},
    recorded::{Recorded, Unmet},
};
use super::{LONGEST, Metadata, Selection};
use crate::{
    id::ContractId,
    invalid::{Invalid, one_line},
    media::{MAX_CLIP_BYTES, MAX_CLIP_MS, MAX_PHOTO_BYTES},
};

/// Where the JSON Schema of contracts is served.
pub const SCHEMA_PATH: &str = "/static/schema/contract-1.json";

/// The longest name of a contract, characters.
pub const LONGEST_NAME: usize = 60;
/// The longest name of a shot, characters.
pub const LONGEST_SHOT_NAME: usize = 80;
/// The most shots that a contract asks for.
pub const MOST_SHOTS: usize = 20;
/// The most clips, and the most photos.
pub const MOST_FILES: u32 = 20;
/// The highest version.
pub const LAST_VERSION: u32 = 1_000_000;
/// The shortest clip that can be asked for, ms.
const SHORTEST_CLIP_MS: u32 = 500;
/// The most light that can be asked for: brighter pictures are too bright, per cent of full scale.
const MOST_LIGHT: u32 = 60;
/// The sound that can be asked for, dB full scale.
const SOUND: std::ops::RangeInclusive<i32> = -90..=-10;

/// Which schema a contract follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// `public/schema/contract-1.json`.
    #[default]
    #[serde(rename = "urn:vitrine:schema:contract:1")]
    First,
}

/// What a capture must deliver, and what of it may leave the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Which schema it follows.
    #[serde(rename = "$schema")]
    pub schema: Schema,
    /// What it is known by, in all its versions.
    pub id: ContractId,
    /// Counted from 1.
    pub version: u32,
    /// What people call it.
    pub name: String,
    /// What the recording must be.
    pub film: Film,
    /// What must be shown, in this order; empty for anything.
    pub shots: Vec<WantedShot>,
    /// The clips that are chosen.
    pub clips: Clips,
    /// The most photos that are chosen.
    pub most_photos: u32,
    /// The longest reel, ms.
    pub reel_ms: u32,
    /// What the server takes at most.
    pub limits: Limits,
    /// Which metadata may leave the device.
    pub metadata: Metadata,
}

/// A least and a most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// No less than this.
    pub least: u32,
    /// No more than this.
    pub most: u32,
}

impl Bounds {
    const fn within(self, least: u32, most: u32) -> bool {
        least <= self.least && self.least <= self.most && self.most <= most
    }
}

/// What a recording must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Film {
    /// How long, ms.
    pub length_ms: Bounds,
    /// Which way the picture stands.
    pub orientation: Orientation,
    /// The least mean luma, per cent of full scale; 0 for any.
    pub least_light: u32,
    /// The least loudness, dB full scale; `None` for any, also for a silent film.
    pub least_sound: Option<i32>,
}

/// Which way a picture stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Orientation {
    /// As it comes.
    #[default]
    Any,
    /// Higher than wide.
    Portrait,
    /// Wider than high.
    Landscape,
    /// As wide as high.
    Square,
}

impl Orientation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Any, Self::Portrait, Self::Landscape, Self::Square];

    /// Its name in JSON and in forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Portrait => "portrait",
            Self::Landscape => "landscape",
            Self::Square => "square",
        }
    }

    /// Whether a picture of so many pixels stands like this. Sides that differ by less than a fiftieth count as equal, since
    /// encoders round them.
    #[must_use]
    pub fn takes(self, width: u32, height: u32) -> bool {
        let (width, height) = (u64::from(width), u64::from(height));
        let square = width.abs_diff(height) * 50 <= width.max(height);
        match self {
            Self::Any => true,
            Self::Portrait => height > width && !square,
            Self::Landscape => width > height && !square,
            Self::Square => square,
        }
    }
}

/// Something that must be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedShot {
    /// What, in words for whoever films.
    pub name: String,
    /// For how long at least, ms.
    pub least_ms: u32,
}

/// The clips that are chosen of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clips {
    /// How many.
    pub count: Bounds,
    /// How long each, ms.
    pub length_ms: Bounds,
}

/// What the server takes at most. A kind whose bytes are 0 is not taken at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The longest clip, ms. A person may trim a clip to more than was chosen.
    pub clip_ms: u32,
    /// The largest clip, bytes.
    pub clip_bytes: u64,
    /// The largest photo or poster, bytes.
    pub photo_bytes: u64,
}

/// A contract in one of its versions, written `id/version`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference {
    /// Which contract.
    pub id: ContractId,
    /// Which of its versions.
    pub version: u32,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.id, self.version)
    }
}

impl FromStr for Reference {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let malformed = || {
            Invalid::new(
                "contract",
                "A contract is named by its identifier and its version, like demo-30/1.",
            )
        };
        let (id, version) = text.split_once('/').ok_or_else(malformed)?;
        let digits = version.bytes().all(|byte| byte.is_ascii_digit());
        let version = version
            .parse()
            .ok()
            .filter(|version| digits && (1..=LAST_VERSION).contains(version));
        Ok(Self {
            id: id.parse().map_err(|_| malformed())?,
            version: version.ok_or_else(malformed)?,
        })
    }
}

impl TryFrom<String> for Reference {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

/// Whether a name is one line, as it is kept, and of a length that fits.
fn is_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.chars().count()) && one_line(name) == name
}

impl Contract {
    /// The contract in this version.
    #[must_use]
    pub fn reference(&self) -> Reference {
        Reference {
            id: self.id.clone(),
            version: self.version,
        }
    }

    /// What is chosen of a recording under it.
    #[must_use]
    pub fn selection(&self) -> Selection {
        let seconds = |ms: u32| f64::from(ms) / 1000.0;
        Selection {
            min_clips: self.clips.count.least as usize,
            max_clips: self.clips.count.most as usize,
            min_length: seconds(self.clips.length_ms.least),
            max_length: seconds(self.clips.length_ms.most),
            max_stills: self.most_photos as usize,
            reel_length: seconds(self.reel_ms),
            ..Selection::default()
        }
    }

    /// Checks that all of it can be met together.
    ///
    /// # Errors
    /// The first thing that cannot, by the name of its field in the form.
    pub fn check(&self) -> Result<(), Invalid> {
        let wrong = |field: &'static str, message: String| Err(Invalid::new(field, message));
        if !(1..=LAST_VERSION).contains(&self.version) {
            return wrong(
                "version",
                format!("A version is a number from 1 to {LAST_VERSION}."),
            );
        }
        if !is_name(&self.name, LONGEST_NAME) {
            return wrong(
                "name",
                format!("Give it a name of 1 to {LONGEST_NAME} characters on one line."),
            );
        }
        self.check_film()?;
        self.check_shots()?;
        self.check_files()?;
        self.check_limits()
    }

    fn check_film(&self) -> Result<(), Invalid> {
        let longest = (LONGEST * 1000.0) as u32;
        let film = &self.film;
        if film.length_ms.most == 0 || !film.length_ms.within(0, longest) {
            return Err(Invalid::new(
                "film_most",
                format!(
                    "A film lasts at most {} s, and the least is no more than the most.",
                    longest / 1000
                ),
            ));
        }
        if film.least_light > MOST_LIGHT {
            return Err(Invalid::new(
                "light",
                format!("The least light is 0 to {MOST_LIGHT} per cent: more is too bright."),
            ));
        }
        if film
            .least_sound
            .is_some_and(|least| !SOUND.contains(&least))
        {
            return Err(Invalid::new(
                "sound",
                format!(
                    "The least sound is {} to {} dB. Leave it empty where a film may be silent.",
                    SOUND.start(),
                    SOUND.end()
                ),
            ));
        }
        Ok(())
    }

    fn check_shots(&self) -> Result<(), Invalid> {
        if self.shots.len() > MOST_SHOTS {
            return Err(Invalid::new(
                "shots",
                format!("A contract asks for at most {MOST_SHOTS} shots."),
            ));
        }
        let named = |shot: &WantedShot| is_name(&shot.name, LONGEST_SHOT_NAME);
        if !self.shots.iter().all(named) {
            return Err(Invalid::new(
                "shots",
                format!(
                    "Say in 1 to {LONGEST_SHOT_NAME} characters what each shot shows, one on a line."
                ),
            ));
        }
        let together: u64 = self.shots.iter().map(|shot| u64::from(shot.least_ms)).sum();
        if together > u64::from(self.film.length_ms.most) {
            return Err(Invalid::new(
                "shots",
                "All shots together last longer than the film may. Shorten some, or allow a longer film.",
            ));
        }
        Ok(())
    }

    fn check_files(&self) -> Result<(), Invalid> {
        let Clips { count, length_ms } = self.clips;
        if !count.within(0, MOST_FILES) {
            return Err(Invalid::new(
                "clips_most",
                format!(
                    "There are at most {MOST_FILES} clips, and the least is no more than the most."
                ),
            ));
        }
        let longest = MAX_CLIP_MS as u32;
        if !length_ms.within(SHORTEST_CLIP_MS, longest) {
            return Err(Invalid::new(
                "clip_most",
                format!(
                    "A clip lasts 0.5 to {} s, and the least is no more than the most.",
                    longest / 1000
                ),
            ));
        }
        if self.most_photos > MOST_FILES {
            return Err(Invalid::new(
                "photos_most",
                format!("There are at most {MOST_FILES} photos."),
            ));
        }
        if !(length_ms.least..=longest).contains(&self.reel_ms) {
            return Err(Invalid::new(
                "reel",
                format!(
                    "A reel lasts as long as one clip at least, and at most {} s.",
                    longest / 1000
                ),
            ));
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), Invalid> {
        let limits = &self.limits;
        let takes_clips = self.clips.count.most > 0;
        if u64::from(limits.clip_ms) > MAX_CLIP_MS || limits.clip_ms < self.clips.length_ms.most {
            return Err(Invalid::new(
                "limit_clip_s",
                format!(
                    "The longest clip that is taken lasts at most {} s, and no less than the clips that are chosen.",
                    MAX_CLIP_MS / 1000
                ),
            ));
        }
        if limits.clip_bytes > MAX_CLIP_BYTES || (limits.clip_bytes == 0) == takes_clips {
            return Err(Invalid::new(
                "limit_clip_mb",
                format!(
                    "The largest clip has 1 to {} MB, or 0 where no clips are chosen.",
                    MAX_CLIP_BYTES / (1024 * 1024)
                ),
            ));
        }
        // The posters of clips are photos.
        let takes_photos = self.most_photos > 0 || takes_clips;
        if limits.photo_bytes > MAX_PHOTO_BYTES || (limits.photo_bytes == 0) == takes_photos {
            return Err(Invalid::new(
                "limit_photo_mb",
                format!(
                    "The largest photo has 1 to {} MB. Clips need photos too, as their posters.",
                    MAX_PHOTO_BYTES / (1024 * 1024)
                ),
            ));
        }
        if takes_photos {
            Ok(())
        } else {
            Err(Invalid::new(
                "clips_most",
                "A contract asks for clips or photos, or both.",
            ))
        }
    }
}
