//! Which metadata of a session may leave the device.

use serde::{Deserialize, Serialize};

/// Which metadata of a session may leave the device. Pictures and clips that were kept, and their names, always do. A contract
/// says what it may be at most, a person what of that it is ([`Metadata::within`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// Where in the session each picture and clip was.
    pub times: bool,
    /// Why each was chosen, in words.
    pub reasons: bool,
    /// How good each was found.
    pub scores: bool,
    /// Which network judged, where it ran, and how many of the frames it saw.
    pub model: bool,
    /// How often it gave which score over the whole session.
    pub histograms: bool,
    /// All shots of the session, also those of which nothing was kept.
    pub shots: bool,
    /// Where it was filmed, to about a kilometre.
    pub location: bool,
    /// What the camera and the microphone are called.
    pub device_names: bool,
}

/// One kind of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Item {
    /// [`Metadata::times`].
    Times,
    /// [`Metadata::reasons`].
    Reasons,
    /// [`Metadata::scores`].
    Scores,
    /// [`Metadata::model`].
    Model,
    /// [`Metadata::histograms`].
    Histograms,
    /// [`Metadata::shots`].
    Shots,
    /// [`Metadata::location`].
    Location,
    /// [`Metadata::device_names`].
    DeviceNames,
}

impl Item {
    /// All kinds, what tells most about a person last.
    pub const ALL: [Self; 8] = [
        Self::Times,
        Self::Reasons,
        Self::Scores,
        Self::Model,
        Self::Histograms,
        Self::Shots,
        Self::DeviceNames,
        Self::Location,
    ];

    /// Its name in JSON and in forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Times => "times",
            Self::Reasons => "reasons",
            Self::Scores => "scores",
            Self::Model => "model",
            Self::Histograms => "histograms",
            Self::Shots => "shots",
            Self::Location => "location",
            Self::DeviceNames => "device_names",
        }
    }
}

impl Metadata {
    /// Nothing.
    pub const NONE: Self = Self {
        times: false,
        reasons: false,
        scores: false,
        model: false,
        histograms: false,
        shots: false,
        location: false,
        device_names: false,
    };

    /// Everything there is.
    pub const ALL: Self = Self {
        times: true,
        reasons: true,
        scores: true,
        model: true,
        histograms: true,
        shots: true,
        location: true,
        device_names: true,
    };

    /// Whether this kind may leave.
    #[must_use]
    pub const fn has(&self, item: Item) -> bool {
        match item {
            Item::Times => self.times,
            Item::Reasons => self.reasons,
            Item::Scores => self.scores,
            Item::Model => self.model,
            Item::Histograms => self.histograms,
            Item::Shots => self.shots,
            Item::Location => self.location,
            Item::DeviceNames => self.device_names,
        }
    }

    /// Says whether this kind may leave.
    pub const fn set(&mut self, item: Item, may_leave: bool) {
        let member = match item {
            Item::Times => &mut self.times,
            Item::Reasons => &mut self.reasons,
            Item::Scores => &mut self.scores,
            Item::Model => &mut self.model,
            Item::Histograms => &mut self.histograms,
            Item::Shots => &mut self.shots,
            Item::Location => &mut self.location,
            Item::DeviceNames => &mut self.device_names,
        };
        *member = may_leave;
    }

    /// What both let go.
    #[must_use]
    pub fn within(&self, allowed: &Self) -> Self {
        let mut both = Self::NONE;
        for item in Item::ALL {
            both.set(item, self.has(item) && allowed.has(item));
        }
        both
    }
}

impl Default for Metadata {
    /// What a shop can use: all of what was kept, and how the model fared. Not what was filmed and not kept, and nothing about
    /// where and with what.
    fn default() -> Self {
        Self {
            times: true,
            reasons: true,
            scores: true,
            model: true,
            histograms: true,
            ..Self::NONE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_let_go_that_one_of_two_keeps() {
        for item in Item::ALL {
            let mut one = Metadata::NONE;
            one.set(item, true);
            assert!(one.has(item) && one.within(&Metadata::ALL) == one);
            assert_eq!(one.within(&Metadata::NONE), Metadata::NONE);
            assert_eq!(Metadata::ALL.within(&one), one);
            let json = serde_json::to_value(one).expect("is JSON");
            assert_eq!(json[item.as_str()], true, "its name is its member's");
        }
    }

    #[test]
    fn places_and_devices_stay_unless_switched_on() {
        let usual = Metadata::default();
        assert!(!usual.location && !usual.device_names && !usual.shots);
        assert_eq!(
            serde_json::from_str::<Metadata>("{}").expect("nothing is said"),
            usual
        );
    }
}
