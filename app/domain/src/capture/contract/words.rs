//! A contract in words, the same for whoever films, manages or is shown it.

use super::{Bounds, Contract, Orientation};
use crate::capture::MetadataItem;

impl Orientation {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Any => "Any way",
            Self::Portrait => "Portrait",
            Self::Landscape => "Landscape",
            Self::Square => "Square",
        }
    }
}

impl MetadataItem {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Times => "Where in the session each picture and clip was",
            Self::Reasons => "Why each was chosen",
            Self::Scores => "How good each was found",
            Self::Model => "Which network judged",
            Self::Histograms => "How often the network gave which score",
            Self::Shots => "All shots, also those of which nothing was kept",
            Self::DeviceNames => "What the camera and the microphone are called",
            Self::Location => "Where it was filmed, to about a kilometre",
        }
    }
}

/// Milliseconds as short as they can be written: `2.5 s`, `45 s`, `2 min`, `1 min 30 s`.
#[must_use]
pub fn length(ms: u32) -> String {
    let (minutes, rest) = (ms / 60_000, ms % 60_000);
    let seconds = format!("{:.1}", f64::from(rest) / 1000.0);
    let seconds = seconds.trim_end_matches('0').trim_end_matches('.');
    match (minutes, rest) {
        (0, _) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, _) => format!("{minutes} min {seconds} s"),
    }
}

/// Two numbers as a stretch, or one where they are equal.
fn stretch(bounds: Bounds, one: impl Fn(u32) -> String) -> String {
    match bounds {
        Bounds { least, most } if least == most => one(most),
        Bounds { least: 0, most } => format!("up to {}", one(most)),
        Bounds { least, most } => format!("{} to {}", one(least), one(most)),
    }
}

fn capital(text: String) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

impl Contract {
    /// What it asks for, a short line each; the shots are not among them.
    #[must_use]
    pub fn asks(&self) -> Vec<String> {
        let mut asks = Vec::new();
        let film = &self.film;
        asks.push(capital(format!(
            "{} of film",
            stretch(film.length_ms, length)
        )));
        if film.orientation != Orientation::Any {
            asks.push(film.orientation.words().to_owned());
        }
        if film.least_light > 0 {
            asks.push(format!("Light of at least {} %", film.least_light));
        }
        if let Some(least) = film.least_sound {
            asks.push(format!("Sound of at least {least} dB"));
        }
        if self.clips.count.most > 0 {
            let count = |n: u32| n.to_string();
            let many = if self.clips.count.most == 1 {
                "clip"
            } else {
                "clips"
            };
            asks.push(capital(format!(
                "{} {many} of {}",
                stretch(self.clips.count, count),
                stretch(self.clips.length_ms, length)
            )));
        }
        match self.most_photos {
            0 => {}
            1 => asks.push("Up to 1 photo".to_owned()),
            most => asks.push(format!("Up to {most} photos")),
        }
        asks
    }

    /// What may leave the device where its creator lets it, and what stays whatever they say.
    #[must_use]
    pub fn leaves_and_stays(&self) -> (Vec<MetadataItem>, Vec<MetadataItem>) {
        MetadataItem::ALL
            .into_iter()
            .partition(|item| self.metadata.has(*item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::contract::template;

    #[test]
    fn a_contract_says_in_a_few_lines_what_it_asks_for() {
        let [free, demo, ..] = template::all();
        assert_eq!(
            demo.asks(),
            [
                "20 s to 45 s of film",
                "Portrait",
                "Light of at least 20 %",
                "1 to 5 clips of 1.5 s to 6 s",
                "Up to 8 photos"
            ]
        );
        assert_eq!(free.asks()[0], "Up to 120 min of film");
        assert!(free.leaves_and_stays().1.is_empty());
        assert_eq!(demo.leaves_and_stays().1, [MetadataItem::Location]);
        assert_eq!(length(90_000), "1 min 30 s");
        assert_eq!(length(2_500), "2.5 s");
    }
}
