//! A wide view that the camera swings over: from what it showed to something else altogether, without a cut. Pictures side by
//! side with soft seams, and a path of swings and rests along them.

use super::{
    footage::{Footage, HEIGHT as SOURCE_HEIGHT, WIDTH as SOURCE_WIDTH},
    random::Random,
    shots::bilinear,
};

/// Pictures and the camera's way along them.
#[derive(Debug, Clone)]
pub struct Panorama<'a> {
    pictures: Vec<&'a [u8]>,
    /// How much of neighbouring pictures lies over each other, parts of a side.
    seam: f32,
    /// One above the other, for a tilt.
    upright: bool,
    start: f32,
    swings: Vec<Swing>,
}

/// One move of the camera: when, for how many frames, to where (sides from the first picture).
#[derive(Debug, Clone, Copy)]
struct Swing {
    at: f32,
    len: f32,
    to: f32,
}

impl<'a> Panorama<'a> {
    /// A view of these, with swings for a shot of `frames`; `None` where there are not two pictures.
    pub fn new(views: &[&'a Footage], frames: usize, random: &mut Random) -> Option<Self> {
        let pictures: Vec<&[u8]> = views
            .iter()
            .filter_map(|f| f.frames.first().map(Vec::as_slice))
            .collect();
        if pictures.len() < 2 {
            return None;
        }
        let seam = random.between(0.2, 0.6);
        let room = (pictures.len() - 1) as f32 * (1.0 - seam);
        let start = random.between(0.0, room);
        let mut swings = Vec::new();
        let mut at = random.between(0.0, 40.0);
        while at < frames as f32 {
            // Whips take a third of a second, calm pans a few.
            let len = 8.0 * 9.0_f32.powf(random.between(0.0, 1.0));
            swings.push(Swing {
                at,
                len,
                to: random.between(0.0, room),
            });
            at += len + random.between(0.0, 40.0);
        }
        Some(Self {
            pictures,
            seam,
            upright: random.chance(0.25),
            start,
            swings,
        })
    }

    /// Where the camera is at frame `i`, in texels from the first picture's left upper corner.
    pub fn offset(&self, i: f32) -> [f32; 2] {
        let mut place = self.start;
        for swing in self.swings.iter().take_while(|s| s.at < i) {
            let p = ((i - swing.at) / swing.len).min(1.0);
            place += (swing.to - place) * p * p * (3.0 - 2.0 * p);
        }
        if self.upright {
            [0.0, place * SOURCE_HEIGHT as f32]
        } else {
            [place * SOURCE_WIDTH as f32, 0.0]
        }
    }

    /// The colour at a texel, 0–255.
    pub fn texel(&self, x: f32, y: f32) -> [f32; 3] {
        let side = if self.upright {
            SOURCE_HEIGHT
        } else {
            SOURCE_WIDTH
        } as f32;
        let along = if self.upright { y } else { x };
        let step = side * (1.0 - self.seam);
        let last = self.pictures.len() - 1;
        let k = ((along / step) as usize).min(last);
        let at = |k: usize| {
            let back = k as f32 * step;
            let (x, y) = if self.upright {
                (x, y - back)
            } else {
                (x - back, y)
            };
            bilinear(self.pictures[k], x, y)
        };
        let inside = along - k as f32 * step;
        let here = at(k);
        let over = (side - step).max(1.0);
        if k == 0 || inside >= over {
            return here;
        }
        let m = (inside / over).max(0.0);
        let before = at(k - 1);
        std::array::from_fn(|c| before[c] * (1.0 - m) + here[c] * m)
    }
}
