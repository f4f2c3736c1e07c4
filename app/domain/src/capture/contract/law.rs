//! Laws of contracts, and damaged ones.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{
    form::ContractForm,
    test::{delivered, template},
    *,
};
use crate::media::Kind;

fn bounds(least: impl Strategy<Value = u32>, most: u32) -> impl Strategy<Value = Bounds> {
    least.prop_flat_map(move |least| {
        (Just(least), least..=most).prop_map(|(least, most)| Bounds { least, most })
    })
}

/// Contracts that can be met.
fn any_contract() -> impl Strategy<Value = Contract> {
    let film = (
        bounds(0_u32..60_000, 7_200_000),
        proptest::sample::select(Orientation::ALL.to_vec()),
        0_u32..=60,
        proptest::option::of(-90_i32..=-10),
    );
    let shots = proptest::collection::vec(("[a-zß茶 ]{0,30}[a-z]", 0_u32..3_000), 0..6);
    let clips = (
        bounds(0_u32..5, 20).prop_filter("some clips", |count| count.most > 0),
        bounds(500_u32..5_000, 60_000),
    );
    let may = proptest::collection::vec(any::<bool>(), 8);
    (
        "[a-z0-9]{1,26}",
        1..LAST_VERSION,
        "[A-Za-z茶]{1,60}",
        film,
        shots,
        clips,
        0_u32..=20,
        may,
    )
        .prop_map(
            |(
                id,
                version,
                name,
                (length_ms, orientation, least_light, least_sound),
                shots,
                (count, length),
                most_photos,
                may,
            )| {
                let shots: Vec<WantedShot> = shots
                    .into_iter()
                    .map(|(name, least_ms)| WantedShot {
                        name: one_line(&name),
                        least_ms,
                    })
                    .collect();
                let together: u32 = shots.iter().map(|shot| shot.least_ms).sum();
                let mut metadata = Metadata::NONE;
                for (item, may) in crate::capture::MetadataItem::ALL.into_iter().zip(may) {
                    metadata.set(item, may);
                }
                Contract {
                    schema: Schema::First,
                    id: id.parse().expect("an id"),
                    version,
                    name,
                    film: Film {
                        length_ms: Bounds {
                            least: length_ms.least,
                            most: length_ms.most.max(together).max(1),
                        },
                        orientation,
                        least_light,
                        least_sound,
                    },
                    shots,
                    clips: Clips {
                        count,
                        length_ms: length,
                    },
                    most_photos,
                    reel_ms: length.least.max(30_000),
                    limits: Limits {
                        clip_ms: 120_000,
                        clip_bytes: 1024 * 1024,
                        photo_bytes: 1024 * 1024,
                    },
                    metadata,
                }
            },
        )
}

fn any_recorded() -> impl Strategy<Value = Recorded> {
    (
        0_u32..200_000,
        proptest::option::of((1_u32..4000, 1_u32..4000)),
        proptest::option::of(0_u32..=100),
        proptest::option::of(-120_i32..0),
        proptest::collection::vec(0_u32..30_000, 0..8),
        proptest::collection::vec(0_u32..200_000, 0..25),
        0_u32..30,
    )
        .prop_map(
            |(length_ms, size, light, sound, shots, clips, photos)| Recorded {
                length_ms,
                size,
                light,
                sound,
                shots,
                clips,
                photos,
            },
        )
}

proptest! {
    #[test]
    fn what_is_written_is_read(contract in any_contract()) {
        prop_assert_eq!(contract.check(), Ok(()));
        let json = serde_json::to_string(&contract).expect("is JSON");
        prop_assert_eq!(&serde_json::from_str::<Contract>(&json).expect("reads"), &contract);
        // The form shows all of it: saved unchanged, only the version is another.
        let saved = ContractForm::of(&contract).contract(&contract);
        prop_assert_eq!(saved, Ok(Contract { version: contract.version + 1, ..contract }));
    }

    #[test]
    fn what_is_asked_for_is_enough(contract in any_contract()) {
        prop_assert_eq!(contract.unmet(&delivered(&contract)), []);
    }

    /// A film that goes on never loses a shot or its length, and what more light or sound brings is never a fault.
    #[test]
    fn more_is_never_less(contract in any_contract(), recorded in any_recorded(), longer in 0_u32..30_000) {
        let before = contract.unmet(&recorded);
        let mut more = recorded.clone();
        more.shots.push(longer);
        more.light = recorded.light.map(|light| light + 1);
        more.sound = recorded.sound.map(|sound| sound + 1);
        for point in contract.unmet(&more) {
            let has = |matches: fn(&Unmet) -> bool| before.iter().any(matches);
            match point {
                Unmet::Shot(number) => prop_assert!(before.contains(&Unmet::Shot(number))),
                Unmet::Dark(_) => prop_assert!(has(|point| matches!(point, Unmet::Dark(_)))),
                Unmet::Quiet(_) => prop_assert!(has(|point| matches!(point, Unmet::Quiet(_)))),
                other => prop_assert!(before.contains(&other)),
            }
        }
        prop_assert!(contract.shots_done(&more.shots) >= contract.shots_done(&recorded.shots));
    }

    /// What no point says against is what the server takes.
    #[test]
    fn kept_clips_without_a_complaint_are_permitted(contract in any_contract(), recorded in any_recorded()) {
        let none = BTreeSet::new();
        let unmet = contract.unmet(&recorded);
        for (at, length) in recorded.clips.iter().enumerate() {
            let complained = unmet.iter().any(|point| matches!(point, Unmet::LongClip(clip, _) if *clip == at));
            let announced = Announced { kind: Kind::Clip, bytes: Some(1), span: Some((5.0, 5.0 + f64::from(*length) / 1000.0)), keys: &none };
            if !complained {
                prop_assert_eq!(contract.permit(&announced), Ok(()));
            }
        }
    }

    #[test]
    fn typed_nonsense_is_survived(a in ".{0,20}", b in ".{0,20}", c in "[0-9.,|\\n a-z]{0,60}") {
        let demo = template("demo-30");
        let form = ContractForm { film_most: a.clone(), light: b.clone(), shots: c, reel: a, sound: b, ..ContractForm::of(&demo) };
        if let Ok(contract) = form.contract(&demo) {
            prop_assert_eq!(contract.check(), Ok(()));
        }
    }
}
