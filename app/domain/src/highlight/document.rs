//! The highlight document: everything about a session that leaves the device beside the pictures and clips themselves.
//!
//! Its JSON Schema is `public/schema/highlight-1.json`. What is said about each picture or clip stands under the property
//! names of the IPTC Video Metadata Hub (Recommendation 1.7) where it has one, in `photoVideoMetadataIPTC`, and under
//! our own in `photoVideoMetadata_vitrine`, as its schema asks of other parties.
//!
//! [`Document::filtered`] takes out what the capture contract keeps on the device. Unknown members are refused when one is
//! read, so nothing else can ride along.

use serde::{Deserialize, Serialize};

use super::{Frames, Histogram, Reason, Shot};
use crate::{
    capture::{Metadata, Network},
    id::{MediaId, SessionId},
    invalid::one_line,
    media::Kind,
};

/// What the network for shots is called in documents.
const MODEL: &str = "shots";

/// Which schema a document follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// `public/schema/highlight-1.json`.
    #[default]
    #[serde(rename = "urn:vitrine:schema:highlight:1")]
    First,
}

/// What is known about a session and may be told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Which schema it follows.
    #[serde(rename = "$schema", default)]
    pub schema: Schema,
    /// The recording.
    pub session: SessionId,
    /// Which network judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// How many of the frames it saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<Frames>,
    /// The pictures and clips that were kept, in the order of the page.
    pub items: Vec<Item>,
    /// How often the network gave which score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histograms: Option<Histograms>,
    /// All shots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shots: Option<Vec<Shot>>,
    /// Where it was filmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What the camera and the microphone are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<Vec<String>>,
}

/// Where something was filmed, to about a kilometre: hundredths of a degree, so that no more than that can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// North of the equator, hundredths of a degree (WGS 84).
    pub north_centidegrees: i32,
    /// East of Greenwich, hundredths of a degree.
    pub east_centidegrees: i32,
}

impl Location {
    /// Rounds what a device says, in degrees; `None` for what is no place on Earth.
    #[must_use]
    pub fn from_degrees(north: f64, east: f64) -> Option<Self> {
        let is_place = north.abs() <= 90.0 && east.abs() <= 180.0;
        is_place.then(|| Self {
            north_centidegrees: (north * 100.0).round() as i32,
            east_centidegrees: (east * 100.0).round() as i32,
        })
    }
}

/// The most names of devices that are told, and the most characters of each.
pub const MOST_DEVICES: usize = 4;
/// See [`MOST_DEVICES`].
pub const LONGEST_DEVICE_NAME: usize = 100;

/// The network whose scores led to the choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// What it is called: `shots`.
    pub name: String,
    /// Where it ran, and which weights are its version.
    #[serde(flatten)]
    pub network: Network,
}

/// Scores over the whole session, to notice when a new camera or a new kind of film makes a network drift.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histograms {
    /// Of the frames, by the probability that they belong to a boundary.
    pub boundary: Histogram,
    /// Of the clips that could have been cut, by relevance.
    pub relevance: Histogram,
}

/// One picture or clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// In IPTC's words.
    #[serde(rename = "photoVideoMetadataIPTC")]
    pub iptc: Iptc,
    /// In ours.
    #[serde(rename = "photoVideoMetadata_vitrine")]
    pub own: Own,
}

/// Properties of the IPTC Video Metadata Hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Iptc {
    /// The picture or clip, as the shop names it.
    pub identifier: MediaId,
    /// The recording it was taken from.
    pub parent_id: SessionId,
    /// `video/mp4` or `image/jpeg`.
    pub media_type: String,
    /// Why it was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<AltLang>,
}

/// A text by language (XMP's Language Alternative). The studio speaks English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AltLang {
    /// In English.
    pub en: String,
}

/// What IPTC has no words for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    /// Picture or clip.
    pub kind: Kind,
    /// First frame, presentation s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<f64>,
    /// One past the last frame, presentation s; a picture's is its `start`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<f64>,
    /// How good it was found; absent for what a person picked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    /// Strongest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasons: Option<Vec<Reason>>,
}

/// A picture or clip with all that is known of it on the device.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// As the shop names it.
    pub media: MediaId,
    /// Picture or clip.
    pub kind: Kind,
    /// First frame and one past the last, presentation s; `None` for a photo taken with the shutter.
    pub span: Option<(f64, f64)>,
    /// How good it was found, where that was asked.
    pub score: Option<f32>,
    /// Strongest first.
    pub reasons: Vec<Reason>,
}

/// A session with all that is known of it on the device, once a person has decided what to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownSession {
    /// The recording.
    pub session: SessionId,
    /// Which network judged.
    pub network: Network,
    /// How many of the frames it saw.
    pub frames: Frames,
    /// The pictures and clips that were kept, in the order of the page.
    pub kept: Vec<Known>,
    /// How often the network gave which score.
    pub histograms: Histograms,
    /// All shots.
    pub shots: Vec<Shot>,
    /// Where it was filmed, where somebody let that be asked.
    pub location: Option<Location>,
    /// What the devices are called.
    pub devices: Vec<String>,
}

impl Item {
    /// All that is known, in both vocabularies.
    #[must_use]
    pub fn new(session: &SessionId, known: Known) -> Self {
        let words: Vec<&str> = known.reasons.iter().map(|r| r.words.as_str()).collect();
        Self {
            iptc: Iptc {
                identifier: known.media,
                parent_id: session.clone(),
                media_type: match known.kind {
                    Kind::Photo => "image/jpeg",
                    Kind::Clip => "video/mp4",
                }
                .to_owned(),
                description: (!words.is_empty()).then(|| AltLang {
                    en: words.join("; "),
                }),
            },
            own: Own {
                kind: known.kind,
                start: known.span.map(|span| span.0),
                end: known.span.map(|span| span.1),
                score: known.score,
                reasons: (!known.reasons.is_empty()).then_some(known.reasons),
            },
        }
    }
}

/// Names of devices as they are told: one line each, not endless.
fn named(devices: Vec<String>) -> Vec<String> {
    let short =
        |name: String| -> String { one_line(&name).chars().take(LONGEST_DEVICE_NAME).collect() };
    devices.into_iter().take(MOST_DEVICES).map(short).collect()
}

impl Document {
    /// The document of a session, with what may leave the device of it. A picture that was kept twice is in it once.
    #[must_use]
    pub fn assemble(known: KnownSession, may_leave: &Metadata) -> Self {
        let KnownSession {
            session,
            network,
            frames,
            kept,
            histograms,
            shots,
            location,
            devices,
        } = known;
        let mut items: Vec<Item> = Vec::new();
        for known in kept {
            if items.iter().all(|item| item.iptc.identifier != known.media) {
                items.push(Item::new(&session, known));
            }
        }
        Self {
            schema: Schema::First,
            session,
            model: Some(Model {
                name: MODEL.to_owned(),
                network,
            }),
            frames: Some(frames),
            items,
            histograms: Some(histograms),
            shots: Some(shots),
            location,
            devices: (!devices.is_empty()).then(|| named(devices)),
        }
        .filtered(may_leave)
    }

    /// What may leave the device of this.
    #[must_use]
    pub fn filtered(self, may_leave: &Metadata) -> Self {
        let Metadata {
            times,
            reasons,
            scores,
            model,
            histograms,
            shots,
            location,
            device_names,
        } = *may_leave;
        // Taken apart and put together, so that a new member cannot be forgotten here.
        let Self {
            schema,
            session,
            model: known_model,
            frames,
            items,
            histograms: known_histograms,
            shots: known_shots,
            location: known_location,
            devices,
        } = self;
        let item = |Item { iptc, own }| {
            let Iptc {
                identifier,
                parent_id,
                media_type,
                description,
            } = iptc;
            let Own {
                kind,
                start,
                end,
                score,
                reasons: why,
            } = own;
            // A reason's weight is a part of the score.
            let weighed = |mut reason: Reason| {
                if !scores {
                    reason.weight = 0.0;
                }
                reason
            };
            Item {
                iptc: Iptc {
                    identifier,
                    parent_id,
                    media_type,
                    description: description.filter(|_| reasons),
                },
                own: Own {
                    kind,
                    start: start.filter(|_| times),
                    end: end.filter(|_| times),
                    score: score.filter(|_| scores),
                    reasons: why
                        .filter(|_| reasons)
                        .map(|why| why.into_iter().map(weighed).collect()),
                },
            }
        };
        Self {
            schema,
            session,
            model: known_model.filter(|_| model),
            frames: frames.filter(|_| model),
            items: items.into_iter().map(item).collect(),
            histograms: known_histograms.filter(|_| histograms),
            shots: known_shots.filter(|_| shots),
            location: known_location.filter(|_| location),
            devices: devices.filter(|_| device_names),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::capture::{Engine, Weights};

    const ALL: Metadata = Metadata::ALL;

    fn known(kept: &[(&str, Kind)]) -> KnownSession {
        let item = |&(media, kind): &(&str, Kind)| Known {
            media: media.parse().expect("an id"),
            kind,
            span: Some((12.0, 15.5)),
            score: Some(0.75),
            reasons: vec![Reason {
                words: "sharp: sharper than 92 % of the session".into(),
                weight: 0.25,
            }],
        };
        KnownSession {
            session: "s-1".parse().expect("an id"),
            network: Network {
                engine: Engine::Cpu,
                weights: Some(Weights([0xbe; 6])),
            },
            frames: Frames {
                recorded: 900,
                analysed: 300,
            },
            kept: kept.iter().map(item).collect(),
            histograms: Histograms {
                boundary: Histogram([9; 10]),
                relevance: Histogram([1; 10]),
            },
            shots: vec![Shot {
                start: 0.0,
                end: 20.0,
            }],
            location: Location::from_degrees(51.507, -0.128),
            devices: vec!["Back\u{7} camera".into()],
        }
    }

    fn full() -> Document {
        Document::assemble(known(&[("m1", Kind::Photo), ("m2", Kind::Clip)]), &ALL)
    }

    #[test]
    fn what_was_kept_is_listed_once_in_the_order_of_the_page() {
        let kept = [("m2", Kind::Photo), ("m1", Kind::Clip), ("m2", Kind::Photo)];
        let document = Document::assemble(known(&kept), &ALL);
        let items: Vec<_> = document
            .items
            .iter()
            .map(|item| (item.iptc.identifier.as_str(), item.own.kind))
            .collect();
        assert_eq!(items, [("m2", Kind::Photo), ("m1", Kind::Clip)]);
        assert!(
            document
                .items
                .iter()
                .all(|item| item.iptc.parent_id == document.session)
        );
    }

    #[test]
    fn a_document_is_assembled_with_what_may_leave_and_nothing_else() {
        let kept = [("m1", Kind::Photo), ("m2", Kind::Clip)];
        for may_leave in [Metadata::default(), Metadata::NONE, ALL] {
            assert_eq!(
                Document::assemble(known(&kept), &may_leave),
                full().filtered(&may_leave)
            );
        }
        let silent = Document::assemble(known(&kept), &Metadata::NONE);
        assert_eq!(
            (silent.model, silent.frames, silent.histograms, silent.shots),
            (None, None, None, None)
        );
    }

    /// Every path to a value in a document, array positions left out.
    fn paths(value: &Value, at: &str, out: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    paths(member, &format!("{at}/{name}"), out);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| paths(value, at, out)),
            _ => {
                out.insert(at.to_owned());
            }
        }
    }

    fn all_paths(document: &Document) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        let value = serde_json::to_value(document).expect("is JSON");
        paths(&value, "", &mut out);
        out
    }

    /// What a document may hold whatever the contract says.
    const ALWAYS: [&str; 6] = [
        "/$schema",
        "/session",
        "/items/photoVideoMetadataIPTC/identifier",
        "/items/photoVideoMetadataIPTC/parentId",
        "/items/photoVideoMetadataIPTC/mediaType",
        "/items/photoVideoMetadata_vitrine/kind",
    ];

    proptest! {
        /// Only what the contract lets go is there, and all of that.
        #[test]
        fn nothing_leaves_but_what_may(times: bool, reasons: bool, scores: bool, model: bool, histograms: bool, shots: bool, location: bool, device_names: bool) {
            let may = Metadata { times, reasons, scores, model, histograms, shots, location, device_names };
            let left = full().filtered(&may);
            let mut expected: BTreeSet<String> = ALWAYS.iter().map(|&path| path.to_owned()).collect();
            let mut add = |allowed: bool, paths: &[&str]| if allowed {
                expected.extend(paths.iter().map(|&path| path.to_owned()));
            };
            let own = |name: &str| format!("/items/photoVideoMetadata_vitrine/{name}");
            add(times, &[&own("start"), &own("end")]);
            add(reasons, &["/items/photoVideoMetadataIPTC/description/en", &own("reasons/words"), &own("reasons/weight")]);
            add(scores, &[&own("score")]);
            add(model, &["/model/name", "/model/weights", "/model/engine", "/frames/recorded", "/frames/analysed"]);
            add(histograms, &["/histograms/boundary", "/histograms/relevance"]);
            add(shots, &["/shots/start", "/shots/end"]);
            add(location, &["/location/north_centidegrees", "/location/east_centidegrees"]);
            add(device_names, &["/devices"]);
            prop_assert_eq!(all_paths(&left), expected);
            let weighed = left.items.iter().flat_map(|item| item.own.reasons.iter().flatten()).any(|r| r.weight != 0.0);
            prop_assert_eq!(weighed, reasons && scores);
        }
    }

    #[test]
    fn a_place_is_told_to_a_kilometre_and_a_device_in_one_line() {
        let document = full();
        let place = document.location.expect("a place");
        assert_eq!(
            (place.north_centidegrees, place.east_centidegrees),
            (5151, -13)
        );
        assert_eq!(document.devices, Some(vec!["Back camera".to_owned()]));
        for nowhere in [(90.1, 0.0), (0.0, f64::NAN), (f64::INFINITY, 0.0)] {
            assert_eq!(Location::from_degrees(nowhere.0, nowhere.1), None);
        }
    }

    #[test]
    fn what_is_read_is_what_was_written_and_nothing_rides_along() {
        let json = serde_json::to_value(full()).expect("is JSON");
        assert_eq!(
            serde_json::from_value::<Document>(json.clone()).expect("a document"),
            full()
        );
        let mut more = json;
        more["items"][0]["photoVideoMetadataIPTC"]["locationsCreated"] = "51.5,-0.1".into();
        let refused = serde_json::from_value::<Document>(more).expect_err("a place");
        assert!(refused.to_string().contains("locationsCreated"));
    }

    /// The published schema names the same members as the types, no more and no fewer.
    #[test]
    fn the_schema_is_true() {
        let schema: Value =
            serde_json::from_str(include_str!("../../../../public/schema/highlight-1.json"))
                .expect("the schema is JSON");
        fn walk(schema: &Value, root: &Value, at: &str, out: &mut BTreeSet<String>) {
            if let Some(name) = schema["$ref"].as_str() {
                let target = root.pointer(name.trim_start_matches('#')).expect(name);
                return walk(target, root, at, out);
            }
            if let Some(items) = schema.get("items") {
                return walk(items, root, at, out);
            }
            match schema["properties"].as_object() {
                Some(members) => {
                    assert_eq!(schema["additionalProperties"], false, "{at} is closed");
                    for (name, member) in members {
                        walk(member, root, &format!("{at}/{name}"), out);
                    }
                }
                None => {
                    out.insert(at.to_owned());
                }
            }
        }
        let mut named = BTreeSet::new();
        walk(&schema, &schema, "", &mut named);
        assert_eq!(named, all_paths(&full()));
        assert_eq!(
            schema["$id"],
            serde_json::to_value(Schema::First).expect("is JSON")
        );
    }
}
