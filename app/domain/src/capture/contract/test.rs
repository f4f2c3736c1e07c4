use std::collections::BTreeSet;

use serde_json::Value;

use super::{form::ContractForm, *};
use crate::{
    highlight::document::{Document, KnownSession, Location},
    media::Kind,
};

pub(super) fn template(id: &str) -> Contract {
    let found = template::all()
        .into_iter()
        .find(|one| one.id.as_str() == id);
    found.expect("a template")
}

/// A recording that delivers all that a contract asks for.
pub(super) fn delivered(contract: &Contract) -> Recorded {
    let size = match contract.film.orientation {
        Orientation::Any | Orientation::Landscape => (1280, 720),
        Orientation::Portrait => (720, 1280),
        Orientation::Square => (720, 720),
    };
    Recorded {
        length_ms: contract.film.length_ms.least,
        size: Some(size),
        light: Some(contract.film.least_light),
        sound: contract.film.least_sound,
        shots: contract.shots.iter().map(|shot| shot.least_ms).collect(),
        clips: vec![contract.clips.length_ms.least; contract.clips.count.least as usize],
        photos: contract.most_photos,
    }
}

#[test]
fn templates_can_be_met_and_the_free_one_chooses_as_usual() {
    let all = template::all();
    for contract in &all {
        contract.check().expect("a template that can be met");
        let json = serde_json::to_string(contract).expect("is JSON");
        assert_eq!(
            serde_json::from_str::<Contract>(&json).ok().as_ref(),
            Some(contract)
        );
        assert_eq!(
            template::find(&contract.reference()).as_ref(),
            Some(contract)
        );
        assert_eq!(contract.unmet(&delivered(contract)), []);
        assert!(
            contract.id.as_str() == template::FREE || !contract.metadata.location,
            "where it was filmed stays"
        );
    }
    assert_eq!(all[0].selection(), Selection::default());
    assert_eq!(
        all[0].unmet(&Recorded::default()),
        [],
        "it requires nothing"
    );
    let later = Reference {
        version: 2,
        ..all[1].reference()
    };
    assert_eq!(template::find(&later), None);
}

#[test]
fn what_is_missing_is_named() {
    let tutorial = template("tutorial-3");
    let recorded = Recorded {
        length_ms: 12_500,
        size: Some((720, 1280)),
        light: Some(11),
        sound: None,
        // The second is too short, the one after it is long enough for it.
        shots: vec![3_000, 4_900, 5_000],
        clips: vec![2_000, 61_500],
        photos: 9,
    };
    assert_eq!(
        tutorial.unmet(&recorded),
        [
            Unmet::TooShort(2_500),
            Unmet::Orientation(Orientation::Landscape),
            Unmet::Dark(11),
            Unmet::Quiet(None),
            Unmet::Shot(2),
            Unmet::FewClips(1),
            Unmet::LongClip(1, 1_500),
            Unmet::ManyPhotos(1),
        ]
    );
    let refused: Vec<bool> = tutorial
        .unmet(&recorded)
        .iter()
        .map(Unmet::is_refused)
        .collect();
    assert_eq!(refused.iter().filter(|refused| **refused).count(), 1);
    assert_eq!(
        tutorial.unmet(&Recorded::default())[0],
        Unmet::TooShort(15_000)
    );
}

#[test]
fn a_picture_stands_one_way() {
    for (width, height, way) in [
        (1080, 1920, Orientation::Portrait),
        (1920, 1080, Orientation::Landscape),
        (1080, 1080, Orientation::Square),
        (1088, 1080, Orientation::Square),
        (0, 0, Orientation::Square),
    ] {
        let takes: Vec<Orientation> = Orientation::ALL
            .into_iter()
            .filter(|one| one.takes(width, height))
            .collect();
        assert_eq!(takes, [Orientation::Any, way], "{width} × {height}");
    }
}

fn keys(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_a_contract_does_not_take_is_refused_before_its_bytes() {
    let demo = template("demo-30");
    let usual = keys(&[
        "kind", "session", "filename", "alt", "start", "end", "contract",
    ]);
    let clip = Announced {
        kind: Kind::Clip,
        bytes: Some(64 * 1024 * 1024),
        span: Some((3.0, 18.0)),
        keys: &usual,
    };
    assert_eq!(demo.permit(&clip), Ok(()));
    let large = Announced {
        bytes: Some(64 * 1024 * 1024 + 1),
        ..clip
    };
    assert!(
        matches!(demo.permit(&large), Err(Refusal::TooLarge(why)) if why.contains("30 s demo") && why.contains("64 MB"))
    );
    let long = Announced {
        span: Some((3.0, 20.0)),
        ..clip
    };
    assert!(
        matches!(demo.permit(&long), Err(Refusal::TooLarge(why)) if why.contains("at most 15 s") && why.contains("17.0 s"))
    );
    let photo = Announced {
        kind: Kind::Photo,
        span: Some((3.0, 20.0)),
        bytes: None,
        ..clip
    };
    assert_eq!(demo.permit(&photo), Ok(()), "a photo has no length");
    let more = keys(&["kind", "gps"]);
    let told = Announced {
        keys: &more,
        ..clip
    };
    assert!(matches!(demo.permit(&told), Err(Refusal::NotAllowed(why)) if why.contains("gps")));

    let mut silent = demo.clone();
    silent.metadata = Metadata::NONE;
    assert!(matches!(silent.permit(&clip), Err(Refusal::NotAllowed(why)) if why.contains("end")));
    let mut photos = demo;
    photos.limits.clip_bytes = 0;
    assert!(
        matches!(photos.permit(&clip), Err(Refusal::NotAllowed(why)) if why.contains("no clips"))
    );
}

#[test]
fn a_document_tells_no_more_than_its_contract() {
    let known = KnownSession {
        session: "s-1".parse().expect("an id"),
        network: crate::capture::Network {
            engine: crate::capture::Engine::Cpu,
            weights: None,
        },
        frames: Default::default(),
        kept: Vec::new(),
        histograms: Default::default(),
        shots: Vec::new(),
        location: Location::from_degrees(1.0, 2.0),
        devices: vec!["Camera".into()],
    };
    let full = Document::assemble(known, &Metadata::ALL);
    let demo = template("demo-30");
    let refused = demo.permit_document(&full).expect_err("a place");
    assert!(refused.message.contains("30 s demo"), "{refused}");
    assert_eq!(
        demo.permit_document(&full.clone().filtered(&demo.metadata)),
        Ok(())
    );
    assert_eq!(template::free().permit_document(&full), Ok(()));
}

#[test]
fn references_are_read_as_they_are_written() {
    let reference: Reference = "demo-30/1".parse().expect("a reference");
    assert_eq!(reference, template("demo-30").reference());
    for wrong in [
        "",
        "demo-30",
        "demo-30/",
        "demo-30/0",
        "demo-30/+1",
        "demo-30/1000001",
        "Demo/1",
        "/1",
        "a/1/2",
        "a/99999999999",
    ] {
        assert!(wrong.parse::<Reference>().is_err(), "{wrong}");
    }
}

#[test]
fn a_form_that_cannot_be_met_says_which_field() {
    let demo = template("demo-30");
    let form = ContractForm::of(&demo);
    let wrong = |change: fn(&mut ContractForm)| {
        let mut form = form.clone();
        change(&mut form);
        form.contract(&demo).expect_err("wrong").field
    };
    assert_eq!(wrong(|form| form.name.clear()), "name");
    assert_eq!(wrong(|form| form.film_most = "1,2345".into()), "film_most");
    assert_eq!(
        wrong(|form| form.film_least = "99999999".into()),
        "film_least"
    );
    assert_eq!(wrong(|form| form.film_least = "60".into()), "film_most");
    assert_eq!(wrong(|form| form.orientation = "up".into()), "orientation");
    assert_eq!(wrong(|form| form.light = "61".into()), "light");
    assert_eq!(wrong(|form| form.sound = "loud".into()), "sound");
    assert_eq!(wrong(|form| form.shots = "A | long".into()), "shots");
    assert_eq!(wrong(|form| form.shots = "A | 46".into()), "shots");
    assert_eq!(wrong(|form| form.shots = "| 4".into()), "shots");
    assert_eq!(wrong(|form| form.clips_most = "21".into()), "clips_most");
    assert_eq!(wrong(|form| form.clip_most.clear()), "clip_most");
    assert_eq!(wrong(|form| form.reel = "0".into()), "reel");
    assert_eq!(
        wrong(|form| form.limit_clip_mb = "201".into()),
        "limit_clip_mb"
    );
    assert_eq!(
        wrong(|form| form.limit_photo_mb = "0".into()),
        "limit_photo_mb"
    );
    assert_eq!(wrong(|form| form.limit_clip_s = "2".into()), "limit_clip_s");

    // Digits of other keyboards, and a shot with a bar in its name.
    let mut typed = form;
    typed.film_most = "４５".into();
    typed.shots = "\nBefore | after | 2,5\n\nIn the hand\n".into();
    typed.sound = "−45".into();
    let saved = typed.contract(&demo).expect("can be met");
    assert_eq!(
        (
            saved.version,
            saved.film.length_ms.most,
            saved.film.least_sound
        ),
        (2, 45_000, Some(-45))
    );
    let names: Vec<(&str, u32)> = saved
        .shots
        .iter()
        .map(|shot| (shot.name.as_str(), shot.least_ms))
        .collect();
    assert_eq!(names, [("Before | after", 2_500), ("In the hand", 0)]);
}

/// The published schema names the same members as the types, no more and no fewer, and asks for all but those with defaults.
#[test]
fn the_schema_is_true() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../../../public/schema/contract-1.json"))
            .expect("the schema is JSON");
    let mut full = serde_json::to_value(template("tutorial-3")).expect("is JSON");
    full["film"]["least_sound"] = (-45).into();

    fn hold(schema: &Value, root: &Value, value: &Value, at: &str) {
        let schema = match schema["$ref"].as_str() {
            Some(name) => root.pointer(name.trim_start_matches('#')).expect(name),
            None => schema,
        };
        match value {
            Value::Object(members) => {
                assert_eq!(schema["additionalProperties"], false, "{at} is closed");
                let properties = schema["properties"].as_object().expect(at);
                let named: BTreeSet<&String> = properties.keys().collect();
                assert_eq!(named, members.keys().collect(), "{at}");
                let required = schema["required"].as_array();
                let is_required =
                    |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
                for (name, member) in members {
                    let has_default = properties[name].get("default").is_some();
                    assert_ne!(is_required(name), has_default, "{at}/{name}");
                    hold(&properties[name], root, member, &format!("{at}/{name}"));
                }
            }
            Value::Array(values) => values
                .iter()
                .for_each(|value| hold(&schema["items"], root, value, at)),
            Value::String(text) => {
                let among = schema["enum"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|one| one == text.as_str()));
                assert!(
                    among || schema["type"] == "string" || schema["const"] == text.as_str(),
                    "{at}"
                );
            }
            Value::Number(number) => {
                let number = number.as_i64().expect("whole");
                assert!(
                    schema["minimum"]
                        .as_i64()
                        .is_some_and(|least| least <= number),
                    "{at}"
                );
                assert!(
                    schema["maximum"].as_i64().is_none_or(|most| number <= most),
                    "{at}"
                );
            }
            Value::Bool(_) => {
                assert_eq!(schema["type"], "boolean", "{at}");
                let name = at.rsplit('/').next().expect("a name");
                let usual = serde_json::to_value(Metadata::default()).expect("is JSON");
                assert_eq!(schema["default"], usual[name], "{at}");
            }
            Value::Null => panic!("{at} is empty"),
        }
    }
    hold(&schema, &schema, &full, "");
    assert_eq!(
        schema["$id"],
        serde_json::to_value(Schema::First).expect("is JSON")
    );
    let most = |path: &str| {
        schema
            .pointer(path)
            .and_then(|member| member["maximum"].as_u64())
    };
    assert_eq!(
        most("/properties/limits/properties/clip_bytes"),
        Some(MAX_CLIP_BYTES)
    );
    assert_eq!(
        most("/properties/limits/properties/photo_bytes"),
        Some(MAX_PHOTO_BYTES)
    );
    assert_eq!(
        most("/properties/limits/properties/clip_ms"),
        Some(MAX_CLIP_MS)
    );
    assert_eq!(most("/properties/version"), Some(u64::from(LAST_VERSION)));
}
