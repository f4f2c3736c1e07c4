//! A run of synthetic frames with its labels.

use super::{
    footage::Footage,
    random::Random,
    shots::{Picture, Shot},
};
use crate::frame::{BYTES, HEIGHT, Thumb, WIDTH};

/// Frames of a training sequence.
pub const LENGTH: usize = 128;

/// Frames, and per frame what the network should say and how much it counts.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// The pictures.
    pub frames: Vec<Thumb>,
    /// 1 on the first frame of a new shot and on every mixed frame, else 0.
    pub labels: Vec<f32>,
    /// Weight of each frame in the loss.
    pub weights: Vec<f32>,
}

/// How much a teacher's scores count beside what was made.
const TEACHER: f32 = 0.3;

impl Sequence {
    /// Mixes a teacher's answers into the labels (soft labels: Hinton, Vinyals & Dean, arXiv:1503.02531). Of each frame, 0–1: that it
    /// is the last before a cut or the middle of a gradual; and that it belongs to a transition.
    pub fn soften(&mut self, scores: &[[f32; 2]]) {
        for i in 1..self.labels.len().min(scores.len()) {
            let begins = scores[i - 1][0];
            // Of single frames only a gradual's are marked by the second.
            let gradual = self.labels[i] > 0.5 && self.weights[i] < CUT_WEIGHT;
            let score = if gradual {
                begins.max(scores[i][1])
            } else {
                begins
            };
            self.labels[i] += TEACHER * (score - self.labels[i]);
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Join {
    Cut,
    Dissolve,
    Fade([f32; 3]),
    Wipe { angle: f32, soft: f32, iris: bool },
    Push { x: i32, y: i32 },
}

/// A cut counts for more than one frame among a hundred would; a frame of a gradual for less, they come in dozens.
const CUT_WEIGHT: f32 = 6.0;
const GRADUAL_WEIGHT: f32 = 1.5;
const DISTURBED_WEIGHT: f32 = 2.0;
/// The end frames of a gradual look clean; nobody need be sure of them.
const EDGE_WEIGHT: f32 = 0.3;

/// Draws a sequence from a seed.
#[must_use]
pub fn draw(footage: &[Footage], moving: &[usize], seed: u64) -> Sequence {
    let mut random = Random::new(seed);
    let random = &mut random;
    let quiet = random.chance(0.2);
    let mut shots: Vec<Shot<'_>> = Vec::new();
    let mut joins: Vec<(Join, usize)> = Vec::new();
    let mut starts = vec![0_usize];
    let mut total = 0;
    // Some frames more than needed, so that the window may begin anywhere.
    while total < LENGTH + 60 {
        let len = if quiet {
            LENGTH + 80
        } else {
            random.whole(28, 110)
        };
        let last = shots.last();
        let jump = match last {
            Some(last) if random.chance(0.15) => last.jump(len, random),
            _ => None,
        };
        let (join, mixed) = if last.is_none() || jump.is_some() {
            (Join::Cut, 0)
        } else {
            join(random)
        };
        let shot = jump.unwrap_or_else(|| {
            let i = if random.chance(0.6) {
                moving.get(random.below(moving.len())).copied().unwrap_or(0)
            } else {
                random.below(footage.len())
            };
            let mut shot = Shot::new(&footage[i], len, random);
            if random.chance(if quiet { 0.4 } else { 0.12 }) {
                let views: Vec<&Footage> = (0..random.whole(2, 4))
                    .map(|_| &footage[random.below(footage.len())])
                    .collect();
                shot.swing(&views, random);
            }
            if random.chance(if quiet { 0.5 } else { 0.3 }) {
                shot.cast(&footage[random.below(footage.len())], random);
            }
            shot
        });
        let Some(last) = last else {
            total = shot.len;
            shots.push(shot);
            continue;
        };
        // Two shots that look the same have no boundary to find.
        if difference(&last.draw(last.len - 1), &shot.draw(0))
            < if matches!(join, Join::Cut) {
                0.03
            } else {
                0.04
            }
        {
            continue;
        }
        let mixed = mixed.min(last.len / 3).min(shot.len / 3);
        starts.push(total - mixed);
        total = total - mixed + shot.len;
        joins.push((join, mixed));
        shots.push(shot);
    }
    for k in 0..shots.len() {
        let before = if k == 0 { 0 } else { joins[k - 1].1 };
        let after = joins.get(k).map_or(0, |j| j.1);
        let (from, to) = (before + 6, shots[k].len.saturating_sub(after + 6));
        for _ in 0..if quiet { 4 } else { random.below(3) } {
            shots[k].disturb(from, to, random);
        }
    }
    window(&shots, &starts, &joins, total, random)
}

fn join(random: &mut Random) -> (Join, usize) {
    let len = if random.chance(0.5) {
        random.whole(3, 14)
    } else {
        random.whole(8, 32)
    };
    match random.below(100) {
        0..=41 => (Join::Cut, 0),
        42..=63 => (Join::Dissolve, len),
        64..=70 => (Join::Fade([0.0; 3]), len),
        71..=74 => (Join::Fade([1.0; 3]), len),
        75..=89 => (
            Join::Wipe {
                // Most are level or upright.
                angle: if random.chance(0.5) {
                    random.below(4) as f32 * std::f32::consts::FRAC_PI_2
                } else {
                    random.between(0.0, std::f32::consts::TAU)
                },
                soft: if random.chance(0.3) {
                    0.02
                } else {
                    random.between(0.02, 0.3)
                },
                iris: random.chance(0.2),
            },
            len,
        ),
        _ => {
            let (x, y) = [(1, 0), (-1, 0), (0, 1), (0, -1)][random.below(4)];
            (Join::Push { x, y }, random.whole(4, 18))
        }
    }
}

fn window(
    shots: &[Shot<'_>],
    starts: &[usize],
    joins: &[(Join, usize)],
    total: usize,
    random: &mut Random,
) -> Sequence {
    let mut out = Sequence {
        frames: Vec::new(),
        labels: Vec::new(),
        weights: Vec::new(),
    };
    // Recordings drop and repeat frames.
    let dropping = if random.chance(0.15) {
        random.between(0.05, 0.4)
    } else {
        0.0
    };
    let repeating = if random.chance(0.1) {
        random.between(0.05, 0.3)
    } else {
        0.0
    };
    let bars = Bars::draw(random);
    let mut i = random.below(total.saturating_sub(LENGTH + 50) + 1);
    let mut pending: Option<f32> = None;
    while out.frames.len() < LENGTH && i < total {
        let (label, weight) = label(shots, starts, joins, i);
        if random.chance(dropping) {
            // A boundary whose frame is lost begins with the next.
            if label > 0.0 && weight > GRADUAL_WEIGHT {
                pending = Some(weight);
            }
            i += 1;
            continue;
        }
        let frame = pack(&bars.frame(&compose(shots, starts, joins, i)));
        let (label, weight) = pending.take().map_or((label, weight), |w| (1.0, w));
        let again = random.chance(repeating);
        out.frames.push(frame.clone());
        out.labels.push(label);
        out.weights.push(weight);
        if again && out.frames.len() < LENGTH {
            out.frames.push(frame);
            let gradual = label > 0.0 && weight < CUT_WEIGHT;
            out.labels.push(if gradual { label } else { 0.0 });
            out.weights.push(weight.min(DISTURBED_WEIGHT));
        }
        i += 1;
    }
    while out.frames.len() < LENGTH {
        let last = out
            .frames
            .last()
            .cloned()
            .unwrap_or_else(|| Thumb::filled([0; 3]));
        out.frames.push(last);
        out.labels.push(0.0);
        out.weights.push(0.0);
    }
    out
}

/// Black bars round a whole film: a wide one in a tall frame, or the other way round. They stay through every transition.
#[derive(Debug, Clone, Copy)]
struct Bars {
    /// Columns and rows of black at each side.
    columns: usize,
    rows: usize,
}

impl Bars {
    fn draw(random: &mut Random) -> Self {
        let (columns, rows) = match random.below(20) {
            // 16:9 in 4:3, and what is wider still.
            0 | 1 => (0, random.whole(2, 5)),
            // 4:3 in 16:9, or a phone held upright.
            2 => (random.whole(4, 8), 0),
            3 => (random.whole(12, 17), 0),
            _ => (0, 0),
        };
        Self { columns, rows }
    }

    /// The picture squeezed between the bars, each place the mean of what falls there.
    fn frame(self, picture: &Picture) -> Picture {
        if self.columns == 0 && self.rows == 0 {
            return picture.clone();
        }
        let (wide, high) = (WIDTH - 2 * self.columns, HEIGHT - 2 * self.rows);
        let mut out = vec![[0.0; 3]; WIDTH * HEIGHT];
        for y in 0..high {
            for x in 0..wide {
                let (left, right) = (x * WIDTH / wide, ((x + 1) * WIDTH).div_ceil(wide));
                let (top, bottom) = (y * HEIGHT / high, ((y + 1) * HEIGHT).div_ceil(high));
                let mut sum = [0.0; 3];
                for v in top..bottom {
                    for pixel in &picture[v * WIDTH + left..v * WIDTH + right] {
                        for (sum, c) in sum.iter_mut().zip(pixel) {
                            *sum += c;
                        }
                    }
                }
                let n = ((right - left) * (bottom - top)) as f32;
                out[(y + self.rows) * WIDTH + x + self.columns] = sum.map(|s| s / n);
            }
        }
        out
    }
}

fn label(shots: &[Shot<'_>], starts: &[usize], joins: &[(Join, usize)], i: usize) -> (f32, f32) {
    for (k, &(_, mixed)) in joins.iter().enumerate() {
        let at = starts[k + 1];
        if mixed == 0 && i == at {
            return (1.0, CUT_WEIGHT);
        }
        if (at..at + mixed).contains(&i) {
            let edge = i == at || i + 1 == at + mixed;
            return (
                1.0,
                if edge && mixed > 3 {
                    EDGE_WEIGHT
                } else {
                    GRADUAL_WEIGHT
                },
            );
        }
        if mixed > 3 && (i + 1 == at || i == at + mixed) {
            return (0.0, EDGE_WEIGHT);
        }
    }
    let mut disturbed = false;
    for (shot, &at) in shots.iter().zip(starts) {
        if (at..at + shot.len).contains(&i) {
            disturbed |= shot.disturbed(i - at);
        }
    }
    (0.0, if disturbed { DISTURBED_WEIGHT } else { 1.0 })
}

fn compose(shots: &[Shot<'_>], starts: &[usize], joins: &[(Join, usize)], i: usize) -> Picture {
    let live = |k: usize| (starts[k]..starts[k] + shots[k].len).contains(&i);
    let Some(k) = (0..shots.len()).find(|&k| live(k)) else {
        return vec![[0.0; 3]; WIDTH * HEIGHT];
    };
    let a = shots[k].draw(i - starts[k]);
    if k + 1 >= shots.len() || !live(k + 1) {
        return a;
    }
    let b = shots[k + 1].draw(i - starts[k + 1]);
    let (join, mixed) = joins[k];
    let p = (i - starts[k + 1] + 1) as f32 / (mixed + 1) as f32;
    mix(join, &a, &b, p)
}

fn mix(join: Join, a: &Picture, b: &Picture, p: f32) -> Picture {
    let blend =
        |a: [f32; 3], b: [f32; 3], m: f32| std::array::from_fn(|c| a[c] * (1.0 - m) + b[c] * m);
    (0..WIDTH * HEIGHT)
        .map(|i| {
            let (x, y) = (
                (i % WIDTH) as f32 / WIDTH as f32,
                (i / WIDTH) as f32 / HEIGHT as f32,
            );
            match join {
                Join::Cut => b[i],
                Join::Dissolve => blend(a[i], b[i], p),
                Join::Fade(to) if p < 0.5 => blend(a[i], to, 2.0 * p),
                Join::Fade(to) => blend(to, b[i], 2.0 * p - 1.0),
                Join::Wipe { angle, soft, iris } => {
                    let d = if iris {
                        (x - 0.5).hypot(y - 0.5) / 0.7072
                    } else {
                        ((x - 0.5) * angle.cos() + (y - 0.5) * angle.sin()) / 1.42 + 0.5
                    };
                    blend(a[i], b[i], ((p * (1.0 + soft) - d) / soft).clamp(0.0, 1.0))
                }
                Join::Push { x: dx, y: dy } => {
                    let (w, h) = (WIDTH as i32, HEIGHT as i32);
                    let (sx, sy) = (
                        (p * w as f32).round() as i32 * dx,
                        (p * h as f32).round() as i32 * dy,
                    );
                    let (px, py) = ((i % WIDTH) as i32 + sx, (i / WIDTH) as i32 + sy);
                    let inside = (0..w).contains(&px) && (0..h).contains(&py);
                    let at = (py.rem_euclid(h) * w + px.rem_euclid(w)) as usize;
                    if inside { a[at] } else { b[at] }
                }
            }
        })
        .collect()
}

fn pack(picture: &Picture) -> Thumb {
    let mut bytes = [0_u8; BYTES];
    for (out, pixel) in bytes.chunks_exact_mut(3).zip(picture) {
        for (out, x) in out.iter_mut().zip(pixel) {
            *out = (x * 255.0 + 0.5) as u8;
        }
    }
    Thumb::from_bytes(&bytes).unwrap_or_else(|| Thumb::filled([0; 3]))
}

fn difference(a: &Picture, b: &Picture) -> f32 {
    let sum: f32 = a
        .iter()
        .zip(b)
        .map(|(a, b)| (0..3).map(|c| (a[c] - b[c]).abs()).sum::<f32>())
        .sum();
    sum / (3 * a.len()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_teacher_shifts_labels_towards_what_it_says() {
        let mut sequence = Sequence {
            frames: vec![Thumb::filled([0; 3]); 6],
            labels: vec![0.0, 0.0, 1.0, 0.0, 1.0, 0.0],
            weights: vec![1.0, 1.0, CUT_WEIGHT, 1.0, GRADUAL_WEIGHT, 1.0],
        };
        let mut scores = vec![[0.0; 2]; 6];
        // It sees the cut, half of the gradual, and a boundary where there is none.
        scores[1] = [1.0, 1.0];
        scores[4] = [0.5, 0.5];
        sequence.soften(&scores);
        let want = [0.0, 0.0, 1.0, 0.0, 1.0 - 0.5 * TEACHER, 0.5 * TEACHER];
        for (label, want) in sequence.labels.iter().zip(want) {
            assert!((label - want).abs() < 1e-6, "{:?}", sequence.labels);
        }
    }

    #[test]
    fn bars_are_black_and_the_film_between_them_is_whole() {
        // Brighter to the right and to the bottom.
        let picture: Picture = (0..WIDTH * HEIGHT)
            .map(|i| [(i % WIDTH) as f32 / 100.0 + (i / WIDTH) as f32 / 100.0; 3])
            .collect();
        for bars in [(0, 4), (15, 0), (0, 0)].map(|(columns, rows)| Bars { columns, rows }) {
            let frame = bars.frame(&picture);
            for (i, pixel) in frame.iter().enumerate() {
                let (x, y) = (i % WIDTH, i / WIDTH);
                let inside = (bars.columns..WIDTH - bars.columns).contains(&x)
                    && (bars.rows..HEIGHT - bars.rows).contains(&y);
                assert!(inside || *pixel == [0.0; 3], "{bars:?} at {x}, {y}");
            }
            let at = |x: usize, y: usize| frame[y * WIDTH + x][0];
            let (left, top) = (bars.columns, bars.rows);
            let (right, bottom) = (WIDTH - 1 - left, HEIGHT - 1 - top);
            assert!((at(left, top) - picture[0][0]).abs() < 0.02, "{bars:?}");
            assert!((at(right, bottom) - 0.73).abs() < 0.02, "{bars:?}");
        }
    }
}
