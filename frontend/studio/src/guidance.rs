//! What a contract asks for, said while filming and before a page is made.

use domain::capture::{
    Contract,
    contract::{Orientation, Recorded, Unmet, words},
};
use domain::highlight::Second;

use crate::wording;

/// How things stand with a point of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known yet, or there is time for it.
    Open,
    /// As wanted.
    Met,
    /// Not as wanted.
    Short,
}

impl Standing {
    /// Its name for style sheets and tests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Met => "met",
            Self::Short => "short",
        }
    }
}

/// A line of guidance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is about, one word.
    pub name: &'static str,
    /// What is, and what is wanted.
    pub value: String,
    /// What to do, where something is to be done.
    pub advice: Option<String>,
    /// How it stands.
    pub standing: Standing,
}

/// What is seen and heard now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Now {
    /// Filmed so far, s; `None` before.
    pub seconds: Option<f64>,
    /// Width and height of the picture in pixels.
    pub size: Option<(u32, u32)>,
    /// Mean luma, 0–1.
    pub exposure: Option<f32>,
    /// Loudness, dB full scale; `None` without a microphone.
    pub dbfs: Option<f32>,
}

/// Seconds in ms, as contracts count.
#[must_use]
pub fn ms(seconds: f64) -> u32 {
    (seconds.max(0.0) * 1000.0).round() as u32
}

fn percent(exposure: f32) -> u32 {
    (exposure.clamp(0.0, 1.0) * 100.0).round() as u32
}

const fn turn(orientation: Orientation) -> &'static str {
    match orientation {
        Orientation::Any => "Any way is fine.",
        Orientation::Portrait => "Turn the camera upright.",
        Orientation::Landscape => "Turn the camera on its side.",
        Orientation::Square => "Pick a camera with a square picture.",
    }
}

fn time(contract: &Contract, seconds: Option<f64>) -> Line {
    let wanted = contract.film.length_ms;
    let clock = |ms: u32| wording::clock(f64::from(ms) / 1000.0);
    let span = match wanted.least {
        0 => format!("up to {}", clock(wanted.most)),
        least => format!("{} to {}", clock(least), clock(wanted.most)),
    };
    let Some(seconds) = seconds else {
        return Line {
            name: "Time",
            value: span,
            advice: None,
            standing: Standing::Open,
        };
    };
    let now = ms(seconds);
    let (standing, advice) = if now < wanted.least {
        let left = f64::from(wanted.least - now) / 1000.0;
        (Standing::Open, format!("{:.0} s to go.", left.ceil()))
    } else if now <= wanted.most {
        let left = f64::from(wanted.most - now) / 1000.0;
        let words = if left < 60.0 {
            format!("Enough. {:.0} s left.", left.floor())
        } else {
            "Enough. Stop when you like.".to_owned()
        };
        (Standing::Met, words)
    } else {
        let over = f64::from(now - wanted.most) / 1000.0;
        (
            Standing::Short,
            format!("{:.0} s over. Stop when it fits.", over.ceil()),
        )
    };
    Line {
        name: "Time",
        value: format!("{}, {span} wanted", wording::clock(seconds)),
        advice: Some(advice),
        standing,
    }
}

/// The guidance of this moment, without the shots; nothing that the contract does not ask for.
#[must_use]
pub fn lines(contract: &Contract, now: &Now) -> Vec<Line> {
    let film = &contract.film;
    let mut lines = vec![time(contract, now.seconds)];
    if film.orientation != Orientation::Any {
        let fits = now
            .size
            .map(|(width, height)| film.orientation.takes(width, height));
        lines.push(Line {
            name: "Picture",
            value: film.orientation.words().to_owned(),
            advice: (fits == Some(false)).then(|| turn(film.orientation).to_owned()),
            standing: standing(fits),
        });
    }
    if film.least_light > 0 {
        let least = film.least_light;
        let fits = now.exposure.map(|exposure| percent(exposure) >= least);
        let value = match now.exposure {
            Some(exposure) => format!("{} %, {least} % wanted", percent(exposure)),
            None => format!("{least} % wanted"),
        };
        lines.push(Line {
            name: "Light",
            value,
            advice: (fits == Some(false))
                .then(|| "Turn on a lamp, or move to the window.".to_owned()),
            standing: standing(fits),
        });
    }
    if let Some(least) = film.least_sound {
        let fits = now.dbfs.map(|dbfs| dbfs.round() as i32 >= least);
        let (value, advice) = match now.dbfs {
            Some(dbfs) => (
                format!("{dbfs:.0} dB, {least} dB wanted"),
                "Speak up, or bring the microphone closer.",
            ),
            None => (
                format!("off, {least} dB wanted"),
                "Switch the sound on: this contract wants a voice.",
            ),
        };
        lines.push(Line {
            name: "Sound",
            value,
            advice: (fits != Some(true)).then(|| advice.to_owned()),
            standing: match fits {
                Some(true) => Standing::Met,
                _ => Standing::Short,
            },
        });
    }
    lines
}

const fn standing(fits: Option<bool>) -> Standing {
    match fits {
        None => Standing::Open,
        Some(true) => Standing::Met,
        Some(false) => Standing::Short,
    }
}

/// How long each shot is that a person marked the ends of, ms: from mark to mark, and the rest up to `length` seconds.
#[must_use]
pub fn marked(marks: &[f64], length: f64) -> Vec<u32> {
    let mut begin = 0.0;
    let ends = marks.iter().copied().chain([length]);
    ends.map(|end| {
        let shot = ms(end - begin);
        begin = end.max(begin);
        shot
    })
    .collect()
}

/// Mean light of a recording, per cent.
#[must_use]
pub fn light(seconds: &[Second]) -> Option<u32> {
    let known: Vec<f32> = seconds
        .iter()
        .filter_map(|second| second.exposure)
        .collect();
    (!known.is_empty()).then(|| percent(known.iter().sum::<f32>() / known.len() as f32))
}

/// Loudness of a whole recording of pieces of equal length, dB full scale: by their energy, so that pauses do not make a voice
/// quiet.
#[must_use]
pub fn sound(loudness: &[f32]) -> Option<i32> {
    let known: Vec<f64> = loudness
        .iter()
        .filter(|dbfs| dbfs.is_finite())
        .map(|dbfs| 10_f64.powf(f64::from(*dbfs) / 10.0))
        .collect();
    let energy = known.iter().sum::<f64>() / known.len().max(1) as f64;
    (!known.is_empty()).then(|| (10.0 * energy.max(1e-12).log10()).round() as i32)
}

/// What is missing, and what can be done about it: two short sentences. Nothing is a dead end, so what only falls short of a wish
/// says that the page can be made all the same.
#[must_use]
pub fn sentence(contract: &Contract, recorded: &Recorded, unmet: &Unmet) -> String {
    let wanted = contract.film.length_ms;
    match unmet {
        Unmet::TooShort(_) if recorded.size.is_none() => format!(
            "No film yet; {} are wanted. Photos alone make a page too.",
            words::length(wanted.least)
        ),
        Unmet::TooShort(by) => format!(
            "The film is {} shorter than the {} that are wanted. A little more next time, or go on as it is.",
            words::length(*by),
            words::length(wanted.least)
        ),
        Unmet::TooLong(by) => format!(
            "The film is {} longer than wanted. Only what you keep is sent, so go on.",
            words::length(*by)
        ),
        Unmet::Orientation(way) => format!(
            "{} is wanted, and this stands another way. {}",
            way.words(),
            turn(*way)
        ),
        Unmet::Dark(light) => format!(
            "It is a little dark: {light} % of light, {} % wanted. A lamp or a window helps.",
            contract.film.least_light
        ),
        Unmet::Quiet(None) => {
            "There is no sound, and a voice is wanted. Film with the sound on, or go on without."
                .to_owned()
        }
        Unmet::Quiet(Some(sound)) => format!(
            "It is a little quiet: {sound} dB, {} dB wanted. Bring the microphone closer next time.",
            contract.film.least_sound.unwrap_or_default()
        ),
        Unmet::Shot(number) => match contract.shots.get(*number) {
            Some(shot) if shot.least_ms > 0 => format!(
                "Shot {} is missing or too short: {}, at least {}.",
                number + 1,
                shot.name,
                words::length(shot.least_ms)
            ),
            Some(shot) => format!("Shot {} is missing: {}.", number + 1, shot.name),
            None => format!("Shot {} is missing.", number + 1),
        },
        Unmet::FewClips(more) => format!(
            "{} more wanted. Keep another, or take one from the timeline.",
            wording::count(*more as usize, "clip is", "clips are")
        ),
        Unmet::LongClip(at, by) => format!(
            "Clip {} is {} longer than the shop takes. Trim it to {}, or drop it.",
            at + 1,
            words::length(*by),
            words::length(contract.limits.clip_ms)
        ),
        Unmet::ManyClips(fewer) => format!(
            "{} more than wanted. Drop the weakest, or keep them.",
            wording::count(*fewer as usize, "clip", "clips")
        ),
        Unmet::ManyPhotos(fewer) => format!(
            "{} more than wanted. Drop the weakest, or keep them.",
            wording::count(*fewer as usize, "photo", "photos")
        ),
    }
}

#[cfg(test)]
mod tests {
    use domain::capture::contract::template;

    use super::*;

    fn tutorial() -> Contract {
        template::all()[3].clone()
    }

    fn line(lines: &[Line], name: &str) -> Line {
        let found = lines.iter().find(|line| line.name == name);
        found.expect(name).clone()
    }

    #[test]
    fn what_is_wanted_is_held_against_what_is_seen_and_heard() {
        let tutorial = tutorial();
        let before = lines(&tutorial, &Now::default());
        assert_eq!(line(&before, "Time").value, "0:15 to 3:00");
        assert_eq!(line(&before, "Picture").standing, Standing::Open);
        assert_eq!(line(&before, "Sound").standing, Standing::Short);
        let now = |seconds, size, exposure, dbfs| {
            let now = Now {
                seconds: Some(seconds),
                size: Some(size),
                exposure: Some(exposure),
                dbfs: Some(dbfs),
            };
            lines(&tutorial, &now)
        };
        let dark = now(4.2, (720, 1280), 0.11, -60.0);
        assert_eq!(line(&dark, "Time").advice.as_deref(), Some("11 s to go."));
        assert_eq!(
            line(&dark, "Picture").advice.as_deref(),
            Some("Turn the camera on its side.")
        );
        assert_eq!(line(&dark, "Light").value, "11 %, 20 % wanted");
        assert!(
            dark.iter()
                .skip(1)
                .all(|line| line.standing == Standing::Short && line.advice.is_some())
        );
        let good = now(150.0, (1280, 720), 0.4, -20.0);
        assert!(good.iter().all(|line| line.standing == Standing::Met));
        assert_eq!(
            line(&good, "Time").advice.as_deref(),
            Some("Enough. 30 s left.")
        );
        let over = now(181.5, (1280, 720), 0.4, -20.0);
        assert_eq!(
            line(&over, "Time").advice.as_deref(),
            Some("2 s over. Stop when it fits.")
        );
        // The free one asks for nothing but an end some time.
        assert_eq!(lines(&template::free(), &Now::default()).len(), 1);
    }

    #[test]
    fn shots_are_what_lies_between_marks() {
        assert_eq!(marked(&[], 12.0), [12_000]);
        assert_eq!(marked(&[3.0, 8.5], 12.0), [3_000, 5_500, 3_500]);
        // A mark beyond the end, or before the one before it, has no length.
        assert_eq!(marked(&[9.0, 4.0], 6.0), [9_000, 0, 0]);
    }

    #[test]
    fn light_is_a_mean_and_sound_an_energy() {
        let second = |exposure| Second {
            exposure,
            ..Second::default()
        };
        assert_eq!(
            light(&[second(Some(0.2)), second(None), second(Some(0.4))]),
            Some(30)
        );
        assert_eq!(light(&[]), None);
        assert_eq!(sound(&[-20.0, -120.0]), Some(-23));
        assert_eq!(sound(&[f32::NEG_INFINITY]), None);
        assert_eq!(sound(&[]), None);
    }

    #[test]
    fn every_point_has_a_sentence_with_a_way_on() {
        let tutorial = tutorial();
        let recorded = Recorded {
            length_ms: 9_000,
            size: Some((720, 1280)),
            light: Some(11),
            sound: Some(-60),
            shots: vec![3_000],
            clips: vec![61_500],
            photos: 9,
        };
        let said: Vec<String> = tutorial
            .unmet(&recorded)
            .iter()
            .map(|unmet| sentence(&tutorial, &recorded, unmet))
            .collect();
        assert_eq!(said.len(), 9);
        assert!(
            said.iter()
                .all(|text| text.ends_with('.') && text.len() < 140)
        );
        assert!(said[0].starts_with("The film is 6 s shorter than the 15 s"));
        assert_eq!(
            said[4],
            "Shot 2 is missing or too short: How it is done, close up, at least 5 s."
        );
        assert!(said[7].contains("Clip 1 is 1.5 s longer") && said[7].contains("Trim it to 1 min"));
        let nothing = Recorded::default();
        assert!(
            sentence(&tutorial, &nothing, &tutorial.unmet(&nothing)[0]).starts_with("No film yet")
        );
        assert!(sentence(&tutorial, &nothing, &Unmet::Shot(99)).contains("100"));
    }
}
