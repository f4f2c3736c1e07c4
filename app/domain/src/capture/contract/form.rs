//! A contract as somebody types it.

use serde::{Deserialize, Serialize};

use super::{Bounds, Clips, Contract, Film, Limits, Orientation, WantedShot};
use crate::{
    capture::{Metadata, MetadataItem},
    invalid::{Invalid, one_line},
    number::plain,
};

const MB: u64 = 1024 * 1024;

/// The fields of the form. Lengths are seconds, sizes are megabytes of 1 048 576 bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContractForm {
    /// The version that was changed; somebody else may have saved another one meanwhile.
    pub version: String,
    /// What people call it.
    pub name: String,
    /// The shortest film; empty for any.
    pub film_least: String,
    /// The longest film.
    pub film_most: String,
    /// See [`Orientation::as_str`].
    pub orientation: String,
    /// The least light, per cent; empty for any.
    pub light: String,
    /// The least sound, dB full scale; empty for any.
    pub sound: String,
    /// What must be shown: a line each, and its least seconds behind a bar.
    pub shots: String,
    /// The fewest clips.
    pub clips_least: String,
    /// The most clips.
    pub clips_most: String,
    /// The shortest clip.
    pub clip_least: String,
    /// The longest clip that is chosen.
    pub clip_most: String,
    /// The most photos.
    pub photos_most: String,
    /// The longest reel.
    pub reel: String,
    /// The longest clip that is taken.
    pub limit_clip_s: String,
    /// The largest clip.
    pub limit_clip_mb: String,
    /// The largest photo.
    pub limit_photo_mb: String,
    /// Not empty when ticked, like those that follow: see [`Metadata`].
    pub times: String,
    /// See [`Metadata::reasons`].
    pub reasons: String,
    /// See [`Metadata::scores`].
    pub scores: String,
    /// See [`Metadata::model`].
    pub model: String,
    /// See [`Metadata::histograms`].
    pub histograms: String,
    /// See [`Metadata::shots`].
    pub all_shots: String,
    /// See [`Metadata::location`].
    pub location: String,
    /// See [`Metadata::device_names`].
    pub device_names: String,
}

/// Seconds as they are typed, without a fraction that is none.
fn seconds(ms: u32) -> String {
    let text = format!("{:.3}", f64::from(ms) / 1000.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads seconds, with at most three digits after a point or a comma; `None` for nothing.
fn ms(text: &str, field: &'static str) -> Result<Option<u32>, Invalid> {
    let text = plain(text).replace(',', ".");
    if text.is_empty() {
        return Ok(None);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let read = |text: &str| text.parse::<u32>().ok();
    let is_number = digits(whole) && digits(fraction) && fraction.len() <= 3;
    let ms = read(whole)
        .filter(|_| is_number)
        .and_then(|whole| whole.checked_mul(1000))
        .zip(read(&format!("{fraction:0<3}")))
        .and_then(|(whole, fraction)| whole.checked_add(fraction));
    ms.map(Some).ok_or_else(|| {
        Invalid::new(
            field,
            "Write seconds as a number, with at most three digits after the point.",
        )
    })
}

/// Reads a whole number; `None` for nothing.
fn count(text: &str, field: &'static str) -> Result<Option<u32>, Invalid> {
    let text = plain(text);
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(count) if digits => Ok(Some(count)),
        _ => Err(Invalid::new(
            field,
            "Write a whole number, or leave it empty.",
        )),
    }
}

fn wanted(line: &str) -> Result<WantedShot, Invalid> {
    let (name, least) = line.rsplit_once('|').unwrap_or((line, ""));
    Ok(WantedShot {
        name: one_line(name),
        least_ms: ms(least, "shots")?.unwrap_or_default(),
    })
}

fn ticked(on: bool) -> String {
    if on { "on".to_owned() } else { String::new() }
}

impl ContractForm {
    /// A contract, as its form shows it.
    #[must_use]
    pub fn of(contract: &Contract) -> Self {
        let bounds = contract.clips;
        let megabytes = |bytes: u64| bytes.div_ceil(MB).to_string();
        let or_empty = |number: u32| match number {
            0 => String::new(),
            number => number.to_string(),
        };
        let line = |shot: &WantedShot| match shot.least_ms {
            0 => shot.name.clone(),
            least => format!("{} | {}", shot.name, seconds(least)),
        };
        let lines: Vec<String> = contract.shots.iter().map(line).collect();
        let may = |item| ticked(contract.metadata.has(item));
        Self {
            version: contract.version.to_string(),
            name: contract.name.clone(),
            film_least: match contract.film.length_ms.least {
                0 => String::new(),
                least => seconds(least),
            },
            film_most: seconds(contract.film.length_ms.most),
            orientation: contract.film.orientation.as_str().to_owned(),
            light: or_empty(contract.film.least_light),
            sound: contract
                .film
                .least_sound
                .map(|least| least.to_string())
                .unwrap_or_default(),
            shots: lines.join("\n"),
            clips_least: bounds.count.least.to_string(),
            clips_most: bounds.count.most.to_string(),
            clip_least: seconds(bounds.length_ms.least),
            clip_most: seconds(bounds.length_ms.most),
            photos_most: contract.most_photos.to_string(),
            reel: seconds(contract.reel_ms),
            limit_clip_s: seconds(contract.limits.clip_ms),
            limit_clip_mb: megabytes(contract.limits.clip_bytes),
            limit_photo_mb: megabytes(contract.limits.photo_bytes),
            times: may(MetadataItem::Times),
            reasons: may(MetadataItem::Reasons),
            scores: may(MetadataItem::Scores),
            model: may(MetadataItem::Model),
            histograms: may(MetadataItem::Histograms),
            all_shots: may(MetadataItem::Shots),
            location: may(MetadataItem::Location),
            device_names: may(MetadataItem::DeviceNames),
        }
    }

    /// Whether a kind of metadata is ticked.
    #[must_use]
    pub const fn has(&self, item: MetadataItem) -> bool {
        let text = match item {
            MetadataItem::Times => &self.times,
            MetadataItem::Reasons => &self.reasons,
            MetadataItem::Scores => &self.scores,
            MetadataItem::Model => &self.model,
            MetadataItem::Histograms => &self.histograms,
            MetadataItem::Shots => &self.all_shots,
            MetadataItem::Location => &self.location,
            MetadataItem::DeviceNames => &self.device_names,
        };
        !text.is_empty()
    }

    /// The version it was made from.
    ///
    /// # Errors
    /// A sentence about the field `version`.
    pub fn version(&self) -> Result<u32, Invalid> {
        count(&self.version, "version")?
            .ok_or_else(|| Invalid::new("version", "Load the page again; its version is missing."))
    }

    /// What was typed, as the version after `before`.
    ///
    /// # Errors
    /// The first wrong field, with a sentence.
    pub fn contract(&self, before: &Contract) -> Result<Contract, Invalid> {
        let length = |text: &str, field: &'static str| {
            ms(text, field)?.ok_or_else(|| Invalid::new(field, "Write how many seconds."))
        };
        let number = |text: &str, field: &'static str| {
            count(text, field)?.ok_or_else(|| Invalid::new(field, "Write how many."))
        };
        let bytes = |text: &str, field: &'static str| {
            number(text, field).map(|megabytes| u64::from(megabytes) * MB)
        };
        let orientation = Orientation::ALL
            .into_iter()
            .find(|orientation| orientation.as_str() == self.orientation)
            .ok_or_else(|| Invalid::new("orientation", "Choose which way the picture stands."))?;
        let sound = plain(&self.sound);
        let least_sound = match sound.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| {
                Invalid::new(
                    "sound",
                    "Write a whole number of dB, like -45, or leave it empty.",
                )
            })?),
        };
        let lines = self.shots.lines().filter(|line| !line.trim().is_empty());
        let mut metadata = Metadata::NONE;
        for item in MetadataItem::ALL {
            metadata.set(item, self.has(item));
        }
        let contract = Contract {
            schema: before.schema,
            id: before.id.clone(),
            version: before.version.saturating_add(1),
            name: one_line(&self.name),
            film: Film {
                length_ms: Bounds {
                    least: ms(&self.film_least, "film_least")?.unwrap_or_default(),
                    most: length(&self.film_most, "film_most")?,
                },
                orientation,
                least_light: count(&self.light, "light")?.unwrap_or_default(),
                least_sound,
            },
            shots: lines.map(wanted).collect::<Result<_, _>>()?,
            clips: Clips {
                count: Bounds {
                    least: number(&self.clips_least, "clips_least")?,
                    most: number(&self.clips_most, "clips_most")?,
                },
                length_ms: Bounds {
                    least: length(&self.clip_least, "clip_least")?,
                    most: length(&self.clip_most, "clip_most")?,
                },
            },
            most_photos: number(&self.photos_most, "photos_most")?,
            reel_ms: length(&self.reel, "reel")?,
            limits: Limits {
                clip_ms: length(&self.limit_clip_s, "limit_clip_s")?,
                clip_bytes: bytes(&self.limit_clip_mb, "limit_clip_mb")?,
                photo_bytes: bytes(&self.limit_photo_mb, "limit_photo_mb")?,
            },
            metadata,
        };
        contract.check()?;
        Ok(contract)
    }
}
