//! The contracts that every shop has, to film under and to make one's own from.

use super::{Bounds, Clips, Contract, Film, Limits, Orientation, Reference, Schema, WantedShot};
use crate::{
    capture::{Metadata, Selection},
    id::ContractId,
    media::{MAX_CLIP_BYTES, MAX_CLIP_MS, MAX_PHOTO_BYTES},
};

/// The identifier of [`free`].
pub const FREE: &str = "free";

const MB: u64 = 1024 * 1024;

/// A contract that asks for nothing, with what is chosen usually.
fn base(id: &str, name: &str) -> Contract {
    let usual = Selection::default();
    let ms = |seconds: f64| (seconds * 1000.0) as u32;
    Contract {
        schema: Schema::First,
        id: ContractId::try_from(id.to_owned())
            .unwrap_or_else(|_| unreachable!("a template's identifier is well formed")),
        version: 1,
        name: name.to_owned(),
        film: Film {
            length_ms: Bounds {
                least: 0,
                most: ms(crate::capture::LONGEST),
            },
            orientation: Orientation::Any,
            least_light: 0,
            least_sound: None,
        },
        shots: Vec::new(),
        clips: Clips {
            count: Bounds {
                least: usual.min_clips as u32,
                most: usual.max_clips as u32,
            },
            length_ms: Bounds {
                least: ms(usual.min_length),
                most: ms(usual.max_length),
            },
        },
        most_photos: usual.max_stills as u32,
        reel_ms: ms(usual.reel_length),
        limits: Limits {
            clip_ms: MAX_CLIP_MS as u32,
            clip_bytes: MAX_CLIP_BYTES,
            photo_bytes: MAX_PHOTO_BYTES,
        },
        // Where somebody switches them on; the studio never does by itself.
        metadata: Metadata::ALL,
    }
}

fn shot(name: &str, least_s: u32) -> WantedShot {
    WantedShot {
        name: name.to_owned(),
        least_ms: least_s * 1000,
    }
}

/// Anything, as long as it likes.
#[must_use]
pub fn free() -> Contract {
    base(FREE, "Free")
}

fn demo() -> Contract {
    let mut demo = base("demo-30", "30 s demo");
    demo.film = Film {
        length_ms: Bounds {
            least: 20_000,
            most: 45_000,
        },
        orientation: Orientation::Portrait,
        least_light: 20,
        least_sound: None,
    };
    demo.clips.count = Bounds { least: 1, most: 5 };
    demo.reel_ms = 15_000;
    demo.limits.clip_ms = 15_000;
    demo.limits.clip_bytes = 64 * MB;
    demo.metadata.location = false;
    demo
}

fn review() -> Contract {
    let mut review = base("review-90", "90 s review");
    review.film = Film {
        length_ms: Bounds {
            least: 60_000,
            most: 120_000,
        },
        orientation: Orientation::Any,
        least_light: 20,
        least_sound: Some(-45),
    };
    review.clips.count = Bounds { least: 3, most: 8 };
    review.clips.length_ms.most = 10_000;
    review.limits.clip_ms = 30_000;
    review.limits.clip_bytes = 96 * MB;
    review.metadata.location = false;
    review
}

fn tutorial() -> Contract {
    let mut tutorial = base("tutorial-3", "3-shot tutorial");
    tutorial.film = Film {
        length_ms: Bounds {
            least: 15_000,
            most: 180_000,
        },
        orientation: Orientation::Landscape,
        least_light: 20,
        least_sound: Some(-45),
    };
    tutorial.shots = vec![
        shot("What you begin with", 3),
        shot("How it is done, close up", 5),
        shot("The result, in use", 3),
    ];
    tutorial.clips.count = Bounds { least: 3, most: 6 };
    tutorial.clips.length_ms.most = 12_000;
    tutorial.limits.clip_ms = 60_000;
    tutorial.limits.clip_bytes = 128 * MB;
    tutorial.metadata.location = false;
    tutorial
}

/// All of them, [`free`] first.
#[must_use]
pub fn all() -> [Contract; 4] {
    [free(), demo(), review(), tutorial()]
}

/// The one that is meant; `None` for a contract of a shop.
#[must_use]
pub fn find(reference: &Reference) -> Option<Contract> {
    all()
        .into_iter()
        .find(|contract| contract.reference() == *reference)
}
