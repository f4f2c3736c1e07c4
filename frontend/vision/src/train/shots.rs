//! One synthetic shot: footage with a look, a movement and the disturbances that are no boundaries.

use super::{
    actor::Actor,
    footage::{Footage, HEIGHT as SOURCE_HEIGHT, WIDTH as SOURCE_WIDTH},
    panorama::Panorama,
    random::Random,
};
use crate::frame::{HEIGHT, WIDTH};

/// A picture under construction: 48×27 RGB, 0–1 and sometimes beyond.
pub type Picture = Vec<[f32; 3]>;

/// What happens within a shot without ending it.
#[derive(Debug, Clone, Copy)]
enum Disturbance {
    Flash {
        level: f32,
    },
    Whip {
        reach: f32,
        along: f32,
    },
    Occlusion {
        from: f32,
        size: [f32; 2],
        y: f32,
        rgb: [f32; 3],
    },
    Exposure {
        gain: f32,
    },
    Caption {
        fill: [f32; 3],
        top: f32,
        height: f32,
    },
    Stutter,
    Jolt {
        x: f32,
        y: f32,
    },
}

/// A disturbance with its first frame and length.
#[derive(Debug, Clone, Copy)]
struct Event {
    what: Disturbance,
    at: usize,
    len: usize,
}

/// A shot that can be drawn frame by frame.
#[derive(Debug, Clone)]
pub struct Shot<'a> {
    footage: &'a Footage,
    /// Frames of the shot.
    pub len: usize,
    start: f32,
    speed: f32,
    mirror: bool,
    zoom: f32,
    zoom_rate: f32,
    centre: [f32; 2],
    drift: [f32; 2],
    shake: f32,
    phase: [f32; 4],
    gain: [f32; 3],
    gamma: f32,
    noise: f32,
    bars: [f32; 2],
    events: Vec<Event>,
    actor: Option<Actor<'a>>,
    panorama: Option<Panorama<'a>>,
    seed: u64,
}

impl<'a> Shot<'a> {
    /// A shot of `len` frames over this footage.
    pub fn new(footage: &'a Footage, len: usize, random: &mut Random) -> Self {
        let still = footage.frames.len() == 1;
        let speed = if random.chance(0.7) {
            1.0
        } else {
            random.between(0.5, 2.2)
        };
        let room = (footage.frames.len() as f32 - len as f32 * speed).max(0.0);
        let gain = random.between(0.75, 1.25);
        let tint = if random.chance(0.3) { 0.12 } else { 0.02 };
        let moves = if still { 0.9 } else { 0.35 };
        let pace = if random.chance(0.15) { 0.02 } else { 0.005 };
        Self {
            footage,
            len,
            start: random.between(0.0, room),
            speed,
            mirror: random.chance(0.4),
            zoom: random.between(1.0, 1.7),
            zoom_rate: if random.chance(moves) {
                random.between(-0.004, 0.004)
            } else {
                0.0
            },
            centre: [random.between(0.0, 1.0), random.between(0.0, 1.0)],
            drift: if random.chance(moves) {
                [random.between(-pace, pace), random.between(-pace, pace)]
            } else {
                [0.0; 2]
            },
            shake: if random.chance(0.35) {
                random.between(0.002, 0.03)
            } else {
                0.0
            },
            phase: std::array::from_fn(|_| random.between(0.0, std::f32::consts::TAU)),
            gain: std::array::from_fn(|_| gain * (1.0 + random.between(-tint, tint))),
            gamma: random.between(0.8, 1.25),
            noise: if random.chance(0.4) {
                random.between(0.002, 0.012)
            } else {
                0.0
            },
            bars: match random.below(12) {
                0 => [0.0, random.between(0.05, 0.14)],
                1 => [random.between(0.1, 0.3), 0.0],
                _ => [0.0; 2],
            },
            events: Vec::new(),
            actor: None,
            panorama: None,
            seed: random.bits(),
        }
    }

    /// A later or earlier moment of the same footage with the same look (for a jump cut); `None` where it is too short.
    pub fn jump(&self, len: usize, random: &mut Random) -> Option<Self> {
        let room = self.footage.frames.len() as f32 - len as f32 * self.speed;
        let start = random.between(0.0, room.max(0.0));
        let ended = self.start + self.len as f32 * self.speed;
        if room < 1.0 || (start - ended).abs() < 40.0 {
            return None;
        }
        Some(Self {
            len,
            start,
            events: Vec::new(),
            seed: random.bits(),
            ..self.clone()
        })
    }

    /// Puts somebody in the texture of this footage before the background, for the whole shot.
    pub fn cast(&mut self, footage: &'a Footage, random: &mut Random) {
        self.actor = Actor::new(footage, random);
    }

    /// Swings the camera over these instead of showing its footage.
    pub fn swing(&mut self, views: &[&'a Footage], random: &mut Random) {
        self.panorama = Panorama::new(views, self.len, random);
    }

    /// Adds a disturbance within `from..to`, where there is room.
    pub fn disturb(&mut self, from: usize, to: usize, random: &mut Random) {
        let (what, len) = match random.below(9) {
            0 | 1 => (
                Disturbance::Flash {
                    level: random.between(0.35, 1.0),
                },
                random.whole(1, 4),
            ),
            2 => (
                Disturbance::Whip {
                    reach: random.between(0.5, 1.7),
                    along: random.between(-1.0, 1.0),
                },
                random.whole(6, 40),
            ),
            3 | 4 => (
                Disturbance::Occlusion {
                    from: if random.chance(0.5) { 1.0 } else { -1.0 },
                    size: [random.between(0.2, 0.8), random.between(0.4, 1.3)],
                    y: random.between(0.2, 0.8),
                    rgb: std::array::from_fn(|_| random.between(0.0, 0.9)),
                },
                random.whole(6, 40),
            ),
            5 => (
                Disturbance::Exposure {
                    gain: if random.chance(0.5) {
                        random.between(0.4, 0.75)
                    } else {
                        random.between(1.3, 2.1)
                    },
                },
                random.whole(1, 10),
            ),
            6 => (
                Disturbance::Caption {
                    fill: std::array::from_fn(|_| random.between(0.0, 1.0)),
                    top: random.between(0.0, 0.75),
                    height: random.between(0.1, 0.3),
                },
                random.whole(10, 60),
            ),
            7 => (Disturbance::Stutter, random.whole(2, 12)),
            _ => (
                Disturbance::Jolt {
                    x: random.between(-0.25, 0.25),
                    y: random.between(-0.25, 0.25),
                },
                random.whole(2, 7),
            ),
        };
        if to > from + len {
            let at = random.whole(from, to - len);
            self.events.push(Event { what, at, len });
        }
    }

    /// Whether frame `i` lies in or beside a disturbance.
    pub fn disturbed(&self, i: usize) -> bool {
        self.events
            .iter()
            .any(|e| i + 1 >= e.at && i <= e.at + e.len)
    }

    /// Draws frame `i`.
    pub fn draw(&self, i: usize) -> Picture {
        let mut at = i as f32;
        let mut jolt = [0.0_f32; 2];
        for e in self
            .events
            .iter()
            .filter(|e| (e.at..e.at + e.len).contains(&i))
        {
            let p = (i - e.at) as f32 / e.len as f32;
            match e.what {
                Disturbance::Stutter => at = e.at as f32,
                Disturbance::Jolt { x, y } => {
                    let s = (p * std::f32::consts::PI).sin();
                    jolt = [x * s, y * s];
                }
                _ => {}
            }
        }
        let mut out = self.exposed(at, jolt);
        if let Some(actor) = &self.actor {
            // It goes on where the footage does: after a jump cut it is elsewhere.
            actor.apply(self.start / self.speed + at, &mut out);
        }
        for e in &self.events {
            self.apply(e, i, &mut out);
        }
        let mut random = Random::new(self.seed ^ (i as u64) << 20);
        for pixel in &mut out {
            let n = if self.noise > 0.0 {
                random.between(-1.7, 1.7) * self.noise
            } else {
                0.0
            };
            *pixel = pixel.map(|x| (x + n).clamp(0.0, 1.0));
        }
        out
    }

    /// A frame as long as the shutter is open, half its time: only a swing blurs in it.
    fn exposed(&self, at: f32, jolt: [f32; 2]) -> Picture {
        let Some(panorama) = &self.panorama else {
            return self.shot(at, jolt);
        };
        let (a, b) = (panorama.offset(at - 0.25), panorama.offset(at + 0.25));
        if (a[0] - b[0]).abs() + (a[1] - b[1]).abs() < 1.0 {
            return self.shot(at, jolt);
        }
        let taps = [-0.25, -0.08, 0.08, 0.25].map(|d| self.shot(at + d, jolt));
        (0..WIDTH * HEIGHT)
            .map(|k| std::array::from_fn(|c| taps.iter().map(|t| t[k][c]).sum::<f32>() / 4.0))
            .collect()
    }

    /// The footage through the shot's crop, movement and look.
    fn shot(&self, at: f32, jolt: [f32; 2]) -> Picture {
        let n = self.footage.frames.len();
        let frame = ((self.start + at * self.speed) as usize).min(n - 1);
        let frame = &self.footage.frames[frame];
        let zoom = (self.zoom * (1.0 + self.zoom_rate * at)).clamp(1.0, 2.5);
        let wobble = |a: f32, b: f32, p: f32, q: f32| (at * a + p).sin() + 0.6 * (at * b + q).sin();
        let room = 1.0 - 1.0 / zoom;
        let shift = [
            self.drift[0] * at
                + jolt[0]
                + self.shake * wobble(0.31, 0.83, self.phase[0], self.phase[1]),
            self.drift[1] * at
                + jolt[1]
                + self.shake * wobble(0.27, 0.71, self.phase[2], self.phase[3]),
        ];
        let left = (self.centre[0] * room + shift[0]).clamp(0.0, room.max(0.0));
        let top = (self.centre[1] * room + shift[1]).clamp(0.0, room.max(0.0));
        let (step_x, step_y) = (
            SOURCE_WIDTH as f32 / zoom / WIDTH as f32,
            SOURCE_HEIGHT as f32 / zoom / HEIGHT as f32,
        );
        let offset = self.panorama.as_ref().map_or([0.0; 2], |p| p.offset(at));
        let mut out = Vec::with_capacity(WIDTH * HEIGHT);
        for y in 0..HEIGHT {
            let v = (y as f32 + 0.5) / HEIGHT as f32;
            for x in 0..WIDTH {
                let u = (x as f32 + 0.5) / WIDTH as f32;
                if u < self.bars[0]
                    || u > 1.0 - self.bars[0]
                    || v < self.bars[1]
                    || v > 1.0 - self.bars[1]
                {
                    out.push([0.0; 3]);
                    continue;
                }
                let column = if self.mirror { WIDTH - 1 - x } else { x };
                let (sx, sy) = (
                    left * SOURCE_WIDTH as f32 + column as f32 * step_x + offset[0],
                    top * SOURCE_HEIGHT as f32 + y as f32 * step_y + offset[1],
                );
                let mut sum = [0.0; 3];
                for (dx, dy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
                    let (sx, sy) = (sx + dx * step_x - 0.5, sy + dy * step_y - 0.5);
                    let tap = match &self.panorama {
                        Some(panorama) => panorama.texel(sx, sy),
                        None => bilinear(frame, sx, sy),
                    };
                    for c in 0..3 {
                        sum[c] += tap[c] / 4.0;
                    }
                }
                out.push(std::array::from_fn(|c| {
                    (self.gain[c] * (sum[c] / 255.0).powf(self.gamma)).clamp(0.0, 1.0)
                }));
            }
        }
        out
    }

    fn apply(&self, e: &Event, i: usize, out: &mut Picture) {
        if let Disturbance::Exposure { gain } = e.what
            && i >= e.at
        {
            let p = ((i - e.at + 1) as f32 / e.len as f32).min(1.0);
            let k = 1.0 + (gain - 1.0) * p;
            for pixel in out.iter_mut() {
                *pixel = pixel.map(|x| (x * k).min(1.0));
            }
        }
        if !(e.at..e.at + e.len).contains(&i) {
            return;
        }
        let p = (i - e.at) as f32 / e.len as f32 + 0.5 / e.len as f32;
        match e.what {
            Disturbance::Flash { level } => {
                let s = (level * (1.0 - 0.3 * (i - e.at) as f32)).max(0.0);
                for pixel in out.iter_mut() {
                    *pixel = pixel.map(|x| x + (1.0 - x) * s);
                }
            }
            Disturbance::Whip { reach, along } => whip(out, p, e.len, reach, along),
            Disturbance::Occlusion { from, size, y, rgb } => {
                let cx = if from > 0.0 {
                    -0.8 + 2.6 * p
                } else {
                    1.8 - 2.6 * p
                };
                for (k, pixel) in out.iter_mut().enumerate() {
                    let (px, py) = (
                        (k % WIDTH) as f32 / WIDTH as f32,
                        (k / WIDTH) as f32 / HEIGHT as f32,
                    );
                    let d = ((px - cx) / size[0]).powi(2) + ((py - y) / size[1]).powi(2);
                    let m = ((1.2 - d) / 0.5).clamp(0.0, 1.0);
                    *pixel = std::array::from_fn(|c| pixel[c] * (1.0 - m) + rgb[c] * m);
                }
            }
            Disturbance::Caption { fill, top, height } => {
                for (k, pixel) in out.iter_mut().enumerate() {
                    let (px, py) = (
                        (k % WIDTH) as f32 / WIDTH as f32,
                        (k / WIDTH) as f32 / HEIGHT as f32,
                    );
                    if (0.06..0.94).contains(&px) && (top..top + height).contains(&py) {
                        let text = !(k % WIDTH).is_multiple_of(3)
                            && (py - top - height / 2.0).abs() < height * 0.2;
                        *pixel = if text { fill.map(|x| 1.0 - x) } else { fill };
                    }
                }
            }
            Disturbance::Exposure { .. } | Disturbance::Stutter | Disturbance::Jolt { .. } => {}
        }
    }
}

/// The camera swings away and back: shifted along a mirrored continuation of the picture and smeared by its speed.
fn whip(out: &mut Picture, p: f32, len: usize, reach: f32, along: f32) {
    let w = WIDTH as f32;
    let shift = (p * std::f32::consts::PI).sin() * reach * w * if along > 0.0 { 1.0 } else { -1.0 };
    let speed =
        (p * std::f32::consts::PI).cos().abs() * std::f32::consts::PI / len as f32 * w * reach;
    let blur = (speed * 0.6).clamp(0.0, w / 4.0) as i32;
    let before = out.clone();
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let mut sum = [0.0; 3];
            for b in 0..=blur {
                let at = (x as i32 + shift as i32 + b).rem_euclid(2 * WIDTH as i32) as usize;
                let at = if at < WIDTH { at } else { 2 * WIDTH - 1 - at };
                let pixel = before[y * WIDTH + at];
                for c in 0..3 {
                    sum[c] += pixel[c];
                }
            }
            out[y * WIDTH + x] = sum.map(|s| s / (blur + 1) as f32);
        }
    }
}

pub(super) fn bilinear(frame: &[u8], x: f32, y: f32) -> [f32; 3] {
    let x = x.clamp(0.0, SOURCE_WIDTH as f32 - 1.001);
    let y = y.clamp(0.0, SOURCE_HEIGHT as f32 - 1.001);
    let (x0, y0) = (x as usize, y as usize);
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    std::array::from_fn(|c| {
        let at =
            |dx: usize, dy: usize| f32::from(frame[((y0 + dy) * SOURCE_WIDTH + x0 + dx) * 3 + c]);
        (at(0, 0) * (1.0 - fx) + at(1, 0) * fx) * (1.0 - fy)
            + (at(0, 1) * (1.0 - fx) + at(1, 1) * fx) * fy
    })
}
