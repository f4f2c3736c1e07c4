//! Somebody before the background: a person, hands, a thing held up and turned. Large, smooth movement within a shot is what a
//! network that has only seen pans and zooms takes for a transition.

use super::{
    footage::{Footage, HEIGHT as SOURCE_HEIGHT, WIDTH as SOURCE_WIDTH},
    random::Random,
    shots::{Picture, bilinear},
};
use crate::frame::{HEIGHT, WIDTH};

/// Soft-edged ovals that move on paths of their own and carry the texture of another picture.
#[derive(Debug, Clone)]
pub struct Actor<'a> {
    texture: &'a [u8],
    parts: Vec<Part>,
}

/// One oval. Places and sizes are parts of the picture's sides.
#[derive(Debug, Clone, Copy)]
struct Part {
    centre: [f32; 2],
    size: [f32; 2],
    reach: [f32; 2],
    /// How fast it goes, radians a frame.
    pace: [f32; 2],
    phase: [f32; 4],
    /// How its size breathes: towards the camera and back.
    swell: f32,
    /// Where in the other picture its texture lies.
    patch: [f32; 2],
    soft: f32,
}

impl<'a> Actor<'a> {
    /// An actor in the texture of this footage; `None` where it has no picture.
    pub fn new(footage: &'a Footage, random: &mut Random) -> Option<Self> {
        let texture = footage.frames.first()?;
        let body = Part {
            centre: [random.between(0.25, 0.75), random.between(0.45, 1.0)],
            size: [random.between(0.1, 0.35), random.between(0.25, 0.7)],
            reach: [random.between(0.0, 0.3), random.between(0.0, 0.12)],
            ..part(random)
        };
        let mut parts = vec![body];
        if random.chance(0.3) {
            // It comes and goes: a car, somebody who walks past the camera.
            parts[0].reach[0] = random.between(0.7, 1.6);
            parts[0].size = [random.between(0.15, 0.6), random.between(0.3, 0.8)];
        }
        for _ in 0..random.below(4) {
            let size = random.between(0.05, 0.22);
            parts.push(Part {
                centre: [random.between(0.1, 0.9), random.between(0.2, 0.9)],
                size: [size, size * random.between(1.0, 2.6)],
                reach: [random.between(0.05, 0.4), random.between(0.05, 0.4)],
                ..part(random)
            });
        }
        Some(Self { texture, parts })
    }

    /// Puts the actor of frame `i` into the picture.
    pub fn apply(&self, i: f32, out: &mut Picture) {
        for part in &self.parts {
            let at: [f32; 2] = std::array::from_fn(|d| {
                let turn = part.pace[d] * i + part.phase[d];
                part.centre[d]
                    + part.reach[d]
                        * (0.65 * turn.sin() + 0.35 * (2.3 * turn + part.phase[2]).sin())
            });
            let swell = 1.0 + part.swell * (part.pace[0] * 0.7 * i + part.phase[3]).sin();
            let size = part.size.map(|s| s * swell);
            for (k, pixel) in out.iter_mut().enumerate() {
                let (u, v) = (
                    (k % WIDTH) as f32 / WIDTH as f32 - at[0],
                    (k / WIDTH) as f32 / HEIGHT as f32 - at[1],
                );
                let d = (u / size[0]).hypot(v / size[1]);
                let m = ((1.0 - d) / part.soft).clamp(0.0, 1.0);
                if m <= 0.0 {
                    continue;
                }
                let texture = bilinear(
                    self.texture,
                    (part.patch[0] + u / swell) * SOURCE_WIDTH as f32,
                    (part.patch[1] + v / swell) * SOURCE_HEIGHT as f32,
                );
                *pixel = std::array::from_fn(|c| pixel[c] * (1.0 - m) + texture[c] / 255.0 * m);
            }
        }
    }
}

fn part(random: &mut Random) -> Part {
    // Gestures take a third of a second to several.
    let pace = 0.02 * 18.0_f32.powf(random.between(0.0, 1.0));
    Part {
        centre: [0.5; 2],
        size: [0.2; 2],
        reach: [0.1; 2],
        pace: [pace, pace * random.between(0.5, 1.5)],
        phase: std::array::from_fn(|_| random.between(0.0, std::f32::consts::TAU)),
        swell: if random.chance(0.4) {
            random.between(0.0, 0.35)
        } else {
            0.0
        },
        patch: [random.between(0.3, 0.7), random.between(0.3, 0.7)],
        soft: random.between(0.08, 0.4),
    }
}
