//! How steadily the camera is held: the shake of its path from picture to picture.
//!
//! The path is estimated by integral projections: each of nine tiles of the 160×90 luma is summed to a profile along x and
//! one along y, and two pictures' profiles are matched, first by whole pixels, then to a part of one by least squares on
//! their gradient (Crawford, Denman, Kelly, Pitié, Kokaram: "Gradient based dominant motion estimation with integral
//! projections for real time video stabilisation", ICIP 2004). Several tiles instead of one picture cope with what moves in
//! front of the camera ("Real-time global motion estimation for video stabilization", Real-Time Image and Video Processing
//! 2009): the median of their answers is the camera's.
//!
//! Shake is the path's second derivative. A camera that stands, slides or swings evenly has none: such are the paths that
//! a stabiliser aims at (Grundmann, Kwatra, Essa: "Auto-directed video stabilization with robust L1 optimal camera paths",
//! CVPR 2011). It does not depend on the frame rate beyond what a slower one cannot see.
//!
//! Whole numbers, and of fractions only what IEEE 754 rounds alike everywhere: native and wasm agree to the last digit.

use super::signal::{LUMA_HEIGHT, LUMA_WIDTH};

/// Tiles along one side.
const SIDE: usize = 3;
const TILES: usize = SIDE * SIDE;
/// Size of a tile, pixels; a column at the right edge is left out.
const WIDE: usize = LUMA_WIDTH / SIDE;
const HIGH: usize = LUMA_HEIGHT / SIDE;
/// Furthest movement found between two pictures, pixels: 7.5 % of the width, 7.8 % of the height.
const REACH_X: usize = 12;
const REACH_Y: usize = 7;
/// A tile has something to see movement by where its mean luma changes by this much a pixel (root mean square), 8-bit units:
/// above what sensor noise leaves in the mean of a line.
const TEXTURE: f64 = 0.4;
/// Share of a profile's variance that a match may leave unexplained. More is another picture.
const UNLIKE: f64 = 0.2;
/// Fewest tiles with texture that say anything about a camera.
const FEWEST: usize = 3;
/// Pictures closer in time than this are not compared, s: twice the frames a second would see twice the noise.
const NEAREST: f64 = 0.025;
/// The same picture again within this time is a repeated frame, s; after it, a camera that stands.
const REPEAT: f64 = 0.095;
/// Over a gap longer than this nothing is known of the path, s.
const FURTHEST: f64 = 0.5;
/// Shake is averaged over about this time, s.
const MEMORY: f64 = 0.2;
/// Shake at which stability is one half, picture widths per s²: as a swing of 0.5 % of the width four times a second has.
const HALF: f64 = 2.0;

/// Sums of luma along the lines of each tile.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Profiles {
    columns: [[i32; WIDE]; TILES],
    rows: [[i32; HIGH]; TILES],
}

impl Profiles {
    fn new(luma: &[u8]) -> Box<Self> {
        let mut out = Box::new(Self {
            columns: [[0; WIDE]; TILES],
            rows: [[0; HIGH]; TILES],
        });
        for (y, line) in luma.chunks_exact(LUMA_WIDTH).take(SIDE * HIGH).enumerate() {
            for (x, part) in line.chunks_exact(WIDE).take(SIDE).enumerate() {
                let tile = y / HIGH * SIDE + x;
                let mut sum = 0;
                for (column, &pixel) in out.columns[tile].iter_mut().zip(part) {
                    *column += i32::from(pixel);
                    sum += i32::from(pixel);
                }
                out.rows[tile][y % HIGH] = sum;
            }
        }
        out
    }

    /// How far the picture has moved since an earlier one, pixels in x and y; `None` where it is another picture.
    fn moved(&self, before: &Self) -> Option<(f64, f64)> {
        let x =
            median((0..TILES).map(|i| shift(&before.columns[i], &self.columns[i], REACH_X, HIGH)))?;
        let y = median((0..TILES).map(|i| shift(&before.rows[i], &self.rows[i], REACH_Y, WIDE)))?;
        Some((x, y))
    }
}

/// What one tile says of the movement.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    /// Nothing to see movement by.
    Flat,
    /// It shows something else.
    Other,
    /// By so many pixels.
    Moved(f64),
}

/// The median movement; 0 where there is nothing to see it by, `None` where most tiles show something else.
fn median(answers: impl Iterator<Item = Answer>) -> Option<f64> {
    let mut found = [0.0; TILES];
    let (mut textured, mut n) = (0, 0);
    for answer in answers {
        if answer != Answer::Flat {
            textured += 1;
        }
        if let Answer::Moved(by) = answer {
            found[n] = by;
            n += 1;
        }
    }
    if textured < FEWEST {
        return Some(0.0);
    }
    if 2 * n < textured {
        return None;
    }
    let found = &mut found[..n];
    found.sort_by(f64::total_cmp);
    Some((found[(n - 1) / 2] + found[n / 2]) / 2.0)
}

/// Sums over the pairs of two profiles that lie on one another.
#[derive(Default)]
struct Sums {
    n: f64,
    /// Differences, and their squares.
    e: i64,
    ee: i64,
}

impl Sums {
    /// Of `b`, moved back by `by`, and `a`.
    fn new(a: &[i32], b: &[i32], by: isize) -> Self {
        let a = &a[by.min(0).unsigned_abs()..];
        let b = &b[by.max(0).unsigned_abs()..];
        let mut out = Self {
            n: a.len().min(b.len()) as f64,
            ..Self::default()
        };
        for (&a, &b) in a.iter().zip(b) {
            let e = i64::from(a - b);
            out.e += e;
            out.ee += e * e;
        }
        out
    }

    /// Variance of the differences: a change of light alone is none.
    fn variance(&self) -> f64 {
        let mean = self.e as f64 / self.n;
        self.ee as f64 / self.n - mean * mean
    }
}

/// How far profile `b` has moved against `a`, each the sum of `lines` lines.
fn shift(a: &[i32], b: &[i32], reach: usize, lines: usize) -> Answer {
    let (mut best, mut least) = (0, f64::INFINITY);
    for far in 0..=reach as isize {
        for by in [far, -far] {
            let cost = Sums::new(a, b, by).variance();
            if cost < least {
                (best, least) = (by, cost);
            }
        }
    }
    let a = &a[best.min(0).unsigned_abs()..];
    let b = &b[best.max(0).unsigned_abs()..];
    // Four times the mean of both gradients: exact to the second order, however the two lie to one another.
    let (mut n, mut sums) = (0.0, [0_i64; 8]);
    for (a, b) in a.windows(3).zip(b.windows(3)) {
        let slope = i64::from(a[2] - a[0] + b[2] - b[0]);
        let (level, off) = (i64::from(a[1]), i64::from(a[1] - b[1]));
        n += 1.0;
        for (sum, term) in sums.iter_mut().zip([
            slope,
            level,
            off,
            slope * slope,
            level * level,
            slope * level,
            slope * off,
            level * off,
        ]) {
            *sum += term;
        }
    }
    let [g, s, e, gg, ss, gs, ge, se] = sums.map(|sum| sum as f64);
    // About the means, so that a light that is added counts for nothing.
    let (gg, ss, gs) = (gg - g * g / n, ss - s * s / n, gs - g * s / n);
    let (ge, se) = (ge - g * e / n, se - s * e / n);
    let texture = 4.0 * TEXTURE * lines as f64;
    if gg < n * texture * texture {
        return Answer::Flat;
    }
    if least > UNLIKE * (ss / n) {
        return Answer::Other;
    }
    // Least squares for movement and for a light that is multiplied at once.
    let determinant = gg * ss - gs * gs;
    let part = if determinant > 0.05 * gg * ss {
        4.0 * (ge * ss - se * gs) / determinant
    } else {
        4.0 * ge / gg
    };
    Answer::Moved(best as f64 + part.clamp(-1.0, 1.0))
}

/// The camera's path so far, as much of it as the next picture needs.
#[derive(Debug, Default)]
pub(super) struct Path {
    last: Option<(f64, Box<Profiles>)>,
    /// Velocity into the last picture, pixels per s, and the time it was measured over, s.
    velocity: Option<(f64, f64, f64)>,
    /// Shake of late, picture widths per s².
    shake: Option<f64>,
}

impl Path {
    /// Takes in a picture's luma, [`LUMA_WIDTH`]×[`LUMA_HEIGHT`], at presentation time `t` (s), and answers stability: 1 on a
    /// tripod, 0.5 where shake is [`HALF`]. `None` until three pictures of one shot were seen.
    pub(super) fn push(&mut self, t: f64, luma: &[u8]) -> Option<f32> {
        let step = self.last.as_ref().map(|(last, _)| t - last);
        if step.is_some_and(|step| (0.0..NEAREST).contains(&step)) {
            return self.stability();
        }
        let now = Profiles::new(luma);
        let Some(((_, before), dt)) = self.last.as_ref().zip(step) else {
            self.last = Some((t, now));
            return None;
        };
        if (0.0..REPEAT).contains(&dt) && *before == now {
            return self.stability();
        }
        let moved = (0.0..FURTHEST)
            .contains(&dt)
            .then(|| now.moved(before))
            .flatten();
        self.last = Some((t, now));
        let Some((x, y)) = moved else {
            (self.velocity, self.shake) = (None, None);
            return None;
        };
        let (x, y) = (x / dt, y / dt);
        if let Some((vx, vy, earlier)) = self.velocity.replace((x, y, dt)) {
            let (ax, ay) = (x - vx, y - vy);
            let pixels = (ax * ax + ay * ay).sqrt() / (0.5 * (dt + earlier));
            let shake = pixels / LUMA_WIDTH as f64;
            let before = self.shake.unwrap_or(shake);
            self.shake = Some(before + (shake - before) * (dt / (dt + MEMORY)));
        }
        self.stability()
    }

    fn stability(&self) -> Option<f32> {
        self.shake.map(|shake| {
            let share = shake / HALF;
            (1.0 / (1.0 + share * share)) as f32
        })
    }
}

#[cfg(test)]
mod test;
