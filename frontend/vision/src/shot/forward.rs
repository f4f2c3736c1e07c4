//! The student's forward pass written out for the CPU: what [`Student`](super::net::Student) computes, without tensors.
//!
//! A tensor library builds a table of windows for every convolution of every frame and multiplies tables through one kernel for all
//! shapes. Here each layer is one loop over what lies in the cache: pixels by channels, some pixels and eight channels at a time, so that
//! sums stay in registers and eight lanes become two SIMD registers. Of the comparisons only those are made that a score needs.
//! A test holds it against the network it stands for.

use super::{
    lanes::{LANES, Lanes, sum, sums},
    shape::{
        BLOCK, COLOURS, COMPARED, COMPARISONS, DESCRIPTION, DILATIONS, EMBEDDING, HIDDEN, MIXED,
        MIXTURE, OFFSETS, PAIRS, RAW, SAID,
    },
};
use crate::{
    frame::{HEIGHT, Thumb, WIDTH},
    weights::{Table, WeightsError},
};

/// Places of the small picture.
const PLACES: usize = RAW / 3;

/// How far the part over time looks to each side.
const SIDE: usize = 1 + DILATIONS[0] + DILATIONS[1] + DILATIONS[2];
/// Frames that are compared for a block of answers.
const ROWS: usize = BLOCK + 2 * SIDE;
/// The first of them.
const FIRST: usize = BLOCK - SIDE;

/// What is known of one frame.
pub(super) type Description = [f32; DESCRIPTION];

/// Weights of a layer that multiplies runs of `RUN` numbers: for each eight outputs, each part of the input that lies in one
/// piece, each number of it, eight weights.
struct Layer<const RUN: usize> {
    weights: Vec<[Lanes; RUN]>,
    bias: Vec<Lanes>,
    parts: usize,
}

impl<const RUN: usize> Layer<RUN> {
    /// `weight(out, part, i)` is what output `out` has of number `i` of a part.
    fn new(bias: &[f32], parts: usize, weight: impl Fn(usize, usize, usize) -> f32) -> Self {
        let bias = bias.as_chunks::<LANES>().0;
        let mut weights = vec![[Lanes::splat(0.0); RUN]; bias.len() * parts];
        for (at, run) in weights.iter_mut().enumerate() {
            let (group, part) = (at / parts, at % parts);
            for (i, lanes) in run.iter_mut().enumerate() {
                let of = |lane| weight(group * LANES + lane, part, i);
                *lanes = Lanes::load(&std::array::from_fn(of));
            }
        }
        let bias = bias.iter().map(Lanes::load).collect();
        Self {
            weights,
            bias,
            parts,
        }
    }

    /// Outputs of `PIXELS` places at once, each to `put(pixel, first output, values)`; part `k` of a place's input begins at
    /// `at(pixel, k)` in `from`.
    #[inline(always)]
    fn run<const PIXELS: usize>(
        &self,
        from: &[f32],
        at: impl Fn(usize, usize) -> usize,
        mut put: impl FnMut(usize, usize, Lanes),
    ) {
        for (group, weights) in self.weights.chunks_exact(self.parts).enumerate() {
            let mut sums = [self.bias[group]; PIXELS];
            for (part, weights) in weights.iter().enumerate() {
                let runs: [&[f32; RUN]; PIXELS] = std::array::from_fn(|pixel| {
                    from[at(pixel, part)..].first_chunk().unwrap_or(&[0.0; RUN])
                });
                for (i, w) in weights.iter().enumerate() {
                    for (sum, run) in sums.iter_mut().zip(&runs) {
                        *sum = sum.plus(run[i], *w);
                    }
                }
            }
            for (pixel, sum) in sums.into_iter().enumerate() {
                put(pixel, group * LANES, sum);
            }
        }
    }
}

/// A picture of numbers, channels innermost, with a border of zeros one wide.
struct Picture {
    width: usize,
    channels: usize,
    values: Vec<f32>,
}

impl Picture {
    fn new(width: usize, height: usize, channels: usize) -> Self {
        Self {
            width,
            channels,
            values: vec![0.0; (width + 2) * (height + 2) * channels],
        }
    }

    /// Where the pixel that is `x` right of and `y` below the border's corner begins.
    const fn at(&self, x: usize, y: usize) -> usize {
        (y * (self.width + 2) + x) * self.channels
    }
}

/// A 3×3 convolution with a border, `PIXELS` places of a row at a time, and what is below zero made zero.
#[inline(always)]
fn convolve<const RUN: usize, const PIXELS: usize>(
    layer: &Layer<RUN>,
    from: &Picture,
    stride: usize,
    to: &mut Picture,
    height: usize,
) {
    for y in 0..height {
        for x in (0..to.width).step_by(PIXELS) {
            let base = to.at(x + 1, y + 1);
            let (channels, values) = (to.channels, &mut to.values);
            layer.run::<PIXELS>(
                &from.values,
                |pixel, part| from.at((x + pixel) * stride, y * stride + part),
                |pixel, first, sums| {
                    let at = base + pixel * channels + first;
                    put(&mut values[at..], positive(sums));
                },
            );
        }
    }
}

/// Buffers for one frame, kept.
struct Buffers {
    input: Picture,
    first: Picture,
    second: Picture,
    third: Picture,
}

/// The network, its weights laid out for these loops.
pub(super) struct Forward {
    colour: [[Lanes; 4]; COLOURS / LANES],
    first: Layer<9>,
    second: Layer<48>,
    third: Layer<72>,
    fourth: Layer<96>,
    embed: Layer<1152>,
    say: Layer<EMBEDDING>,
    join: Layer<{ 3 * (COMPARISONS + SAID) }>,
    time: Vec<Layer<HIDDEN>>,
    answer: [f32; HIDDEN],
    bias: f32,
    buffers: Buffers,
}

const LAST: usize = 4 * 6 * 48;

impl Forward {
    /// Lays out the weights of a file's table.
    ///
    /// # Errors
    /// [`WeightsError::Tensor`] with the first that is absent or has another shape.
    pub(super) fn new(table: &Table) -> Result<Self, WeightsError> {
        let get = |name: &str, shape: &[usize]| -> Result<&[f32], WeightsError> {
            match table.get(name) {
                Some((there, values)) if there == shape => Ok(values),
                _ => Err(WeightsError::Tensor(name.to_owned())),
            }
        };
        // Weights are [out][in][row][column]; a run is a row of three pixels, channels innermost.
        fn conv<'a, const RUN: usize>(
            get: &impl Fn(&str, &[usize]) -> Result<&'a [f32], WeightsError>,
            name: &str,
            to: usize,
        ) -> Result<Layer<RUN>, WeightsError> {
            let from = RUN / 3;
            let w = get(&format!("{name}.weight"), &[to, from, 3, 3])?;
            let bias = get(&format!("{name}.bias"), &[to])?;
            Ok(Layer::new(bias, 3, |out, row, i| {
                w[((out * from + i % from) * 3 + row) * 3 + i / from]
            }))
        }
        // Weights are [out][in][tap].
        let time = |i: usize| -> Result<Layer<HIDDEN>, WeightsError> {
            let w = get(&format!("time.{i}.weight"), &[HIDDEN, HIDDEN, 3])?;
            let bias = get(&format!("time.{i}.bias"), &[HIDDEN])?;
            Ok(Layer::new(bias, 3, |out, tap, i| {
                w[(out * HIDDEN + i) * 3 + tap]
            }))
        };
        let colour = get("colour.weight", &[COLOURS, 3, 1, 1])?;
        let colour_bias = get("colour.bias", &[COLOURS])?;
        let embed = get("embed.weight", &[LAST, EMBEDDING])?;
        let say = get("say.weight", &[EMBEDDING, SAID])?;
        let wide = COMPARISONS + SAID;
        let join = get("join.weight", &[HIDDEN, wide, 3])?;
        let answer = get("answer.weight", &[HIDDEN, 1])?;
        Ok(Self {
            colour: std::array::from_fn(|group| {
                std::array::from_fn(|k| {
                    Lanes::load(&std::array::from_fn(|lane| {
                        let out = group * LANES + lane;
                        if k < 3 {
                            colour[out * 3 + k]
                        } else {
                            colour_bias[out]
                        }
                    }))
                })
            }),
            first: conv(&get, "first", 16)?,
            second: conv(&get, "second", 24)?,
            third: conv(&get, "third", 32)?,
            fourth: conv(&get, "fourth", 48)?,
            // Its input is [channel][place] there and [place][channel] here.
            embed: Layer::new(get("embed.bias", &[EMBEDDING])?, 1, |out, _, i| {
                embed[((i % 48) * 24 + i / 48) * EMBEDDING + out]
            }),
            say: Layer::new(get("say.bias", &[SAID])?, 1, |out, _, i| {
                say[i * SAID + out]
            }),
            join: Layer::new(get("join.bias", &[HIDDEN])?, 1, |out, _, i| {
                join[(out * wide + i % wide) * 3 + i / wide]
            }),
            time: (0..DILATIONS.len()).map(time).collect::<Result<_, _>>()?,
            answer: std::array::from_fn(|i| answer[i]),
            bias: get("answer.bias", &[1])?[0],
            buffers: Buffers {
                input: Picture::new(WIDTH, HEIGHT, 3),
                first: Picture::new(24, 14, 16),
                second: Picture::new(12, 7, 24),
                third: Picture::new(12, 7, 32),
            },
        })
    }

    /// Describes frames, one after the other.
    pub(super) fn describe<'a>(
        &mut self,
        frames: impl Iterator<Item = &'a Thumb>,
    ) -> Vec<Description> {
        let mut out = Vec::new();
        let mut last: Vec<f32> = Vec::new();
        for frame in frames {
            let mut description = [0.0; DESCRIPTION];
            self.look(frame, &mut description, &mut last);
            out.push(description);
        }
        const AT_ONCE: usize = 4;
        // A run of all frames for each eight outputs: the weights are more than a cache holds.
        let frames = out.len();
        last.resize(frames.next_multiple_of(AT_ONCE) * LAST, 0.0);
        for from in (0..frames).step_by(AT_ONCE) {
            self.embed.run::<AT_ONCE>(
                &last,
                |frame, _| (from + frame) * LAST,
                |frame, first, sums| {
                    if let Some(to) = out.get_mut(from + frame) {
                        put(&mut to[RAW + COLOURS + first..], sums);
                    }
                },
            );
        }
        for description in &mut out {
            unit(&mut description[RAW + COLOURS..]);
        }
        out
    }

    /// All of a description but the embedding, whose input is appended to `last`.
    fn look(&mut self, frame: &Thumb, description: &mut Description, last: &mut Vec<f32>) {
        let Buffers {
            input,
            first,
            second,
            third,
        } = &mut self.buffers;
        for (y, row) in frame.as_bytes().chunks_exact(WIDTH * 3).enumerate() {
            let at = input.at(1, y + 1);
            for (to, &from) in input.values[at..at + WIDTH * 3].iter_mut().zip(row) {
                *to = f32::from(from) / 127.5 - 1.0;
            }
        }
        for y in 0..9 {
            for x in 0..16 {
                let mut sum = [0.0; 3];
                for (dy, dx) in (0..9).map(|i| (i / 3, i % 3)) {
                    let at = input.at(1 + x * 3 + dx, 1 + y * 3 + dy);
                    for (sum, value) in sum.iter_mut().zip(&input.values[at..]) {
                        *sum += value;
                    }
                }
                for (channel, sum) in sum.into_iter().enumerate() {
                    description[channel * PLACES + y * 16 + x] = sum / 9.0;
                }
            }
        }
        let mut colour = [Lanes::splat(0.0); COLOURS / LANES];
        for y in 0..HEIGHT {
            let at = input.at(1, y + 1);
            for pixel in input.values[at..at + WIDTH * 3].as_chunks::<3>().0 {
                for (sum, [r, g, b, bias]) in colour.iter_mut().zip(&self.colour) {
                    let x = bias
                        .plus(pixel[0], *r)
                        .plus(pixel[1], *g)
                        .plus(pixel[2], *b);
                    *sum = sum.add(positive(x));
                }
            }
        }
        let to = &mut description[RAW..RAW + COLOURS];
        for (to, sum) in to.as_chunks_mut().0.iter_mut().zip(colour) {
            sum.mul(Lanes::splat(1.0 / (WIDTH * HEIGHT) as f32))
                .store(to);
        }
        unit(to);
        convolve::<9, 6>(&self.first, input, 2, first, 14);
        convolve::<48, 6>(&self.second, first, 2, second, 7);
        convolve::<72, 6>(&self.third, second, 1, third, 7);
        let at = last.len();
        last.resize(at + LAST, 0.0);
        for y in 0..4 {
            self.fourth.run::<6>(
                &third.values,
                |pixel, part| third.at(pixel * 2, y * 2 + part),
                |pixel, first, sums| {
                    put(
                        &mut last[at + (y * 6 + pixel) * 48 + first..],
                        positive(sums),
                    );
                },
            );
        }
    }

    /// Scores the middle one of three described blocks, 0–1.
    pub(super) fn score(&self, described: [&[Description]; 3]) -> Vec<f32> {
        let described: Vec<&Description> = described.into_iter().flatten().collect();
        let free: Vec<[f32; RAW]> = described.iter().map(|d| light_free(d)).collect();
        let wide = COMPARISONS + SAID;
        let mut x = vec![0.0; ROWS * wide];
        for (row, out) in x.chunks_exact_mut(wide).enumerate() {
            let at = FIRST + row;
            let mut pairs = [(0, 0); COMPARED];
            for (to, &k) in pairs.chunks_exact_mut(2).zip(&OFFSETS) {
                to.copy_from_slice(&[(at, at - k), (at, at + k)]);
            }
            for (to, &k) in pairs[2 * OFFSETS.len()..].iter_mut().zip(&PAIRS) {
                *to = (at - k, at + k - 1);
            }
            let spread = |x: f32, factor: f32| (x.max(0.0) + 1e-4).sqrt() * factor;
            for (i, &(a, b)) in pairs.iter().enumerate() {
                let (one, other) = (described[a], described[b]);
                let far = distance(&one[..RAW], &other[..RAW]) / RAW as f32;
                out[i] = spread(far, 4.0);
                out[COMPARED + i] = spread(1.0 - product(&free[a], &free[b]), 3.0);
                let part = RAW..RAW + COLOURS;
                out[2 * COMPARED + i] =
                    spread(1.0 - product(&one[part.clone()], &other[part]), 3.0);
                let part = RAW + COLOURS..DESCRIPTION;
                out[3 * COMPARED + i] =
                    spread(1.0 - product(&one[part.clone()], &other[part]), 3.0);
            }
            for (to, &k) in out[4 * COMPARED..].chunks_exact_mut(MIXTURE).zip(&MIXED) {
                to.copy_from_slice(&mixture(
                    described[at - k],
                    described[at],
                    described[at + k],
                ));
            }
        }
        const AT_ONCE: usize = 2;
        let embeddings: Vec<f32> = described[FIRST..FIRST + ROWS]
            .iter()
            .flat_map(|d| &d[RAW + COLOURS..])
            .copied()
            .collect();
        for row in (0..ROWS).step_by(AT_ONCE) {
            self.say.run::<AT_ONCE>(
                &embeddings,
                |frame, _| (row + frame) * EMBEDDING,
                |frame, first, sums| {
                    let at = (row + frame) * wide + COMPARISONS + first;
                    put(&mut x[at..], positive(sums));
                },
            );
        }
        // Each convolution leaves out the frames at the ends that it does not see whole.
        const FRAMES: usize = 4;
        let mut rows = ROWS - 2;
        let mut hidden = vec![0.0; rows * HIDDEN];
        for row in (0..rows).step_by(FRAMES) {
            self.join.run::<FRAMES>(
                &x,
                |frame, _| (row + frame) * wide,
                |frame, first, sums| {
                    let at = (row + frame) * HIDDEN + first;
                    put(&mut hidden[at..], positive(sums));
                },
            );
        }
        for (layer, dilation) in self.time.iter().zip(DILATIONS) {
            rows -= 2 * dilation;
            // The way round the layer.
            let mut next = hidden[dilation * HIDDEN..][..rows * HIDDEN].to_vec();
            for row in (0..rows).step_by(FRAMES) {
                layer.run::<FRAMES>(
                    &hidden,
                    |frame, tap| (row + frame + tap * dilation) * HIDDEN,
                    |frame, first, sums| {
                        let to = &mut next[(row + frame) * HIDDEN + first..];
                        if let Some(to) = to.first_chunk_mut() {
                            Lanes::load(to).add(positive(sums)).store(to);
                        }
                    },
                );
            }
            hidden = next;
        }
        let answers = hidden.as_chunks::<HIDDEN>().0.iter();
        answers
            .map(|hidden| 1.0 / (1.0 + (-product(hidden, &self.answer) - self.bias).exp()))
            .collect()
    }
}

/// Writes to the front of a slice.
#[inline(always)]
fn put(to: &mut [f32], lanes: Lanes) {
    if let Some(to) = to.first_chunk_mut() {
        lanes.store(to);
    }
}

#[inline(always)]
fn positive(x: Lanes) -> Lanes {
    x.max(Lanes::splat(0.0))
}

/// How far the frame is from being a mixture of two others, as `net::mixtures` has it.
fn mixture(a: &Description, frame: &Description, b: &Description) -> [f32; MIXTURE] {
    const PARTS: usize = PLACES / LANES;
    let zero = Lanes::splat(0.0);
    let at = |d: &Description, channel: usize, part: usize| {
        d[channel * PLACES + part * LANES..]
            .first_chunk()
            .map_or(zero, Lanes::load)
    };
    // Eight places, all channels: how far it is from A to B, and how far from A to the frame.
    let steps = |part: usize| -> [(Lanes, Lanes); 3] {
        std::array::from_fn(|channel| {
            let a = at(a, channel, part);
            (at(b, channel, part).sub(a), at(frame, channel, part).sub(a))
        })
    };
    let (mut along, mut length) = ([zero; PARTS], [zero; PARTS]);
    let (mut all_along, mut all_length) = (zero, zero);
    for part in 0..PARTS {
        for (way, gone) in steps(part) {
            along[part] = along[part].add(gone.mul(way));
            length[part] = length[part].add(way.mul(way));
        }
        all_along = all_along.add(along[part]);
        all_length = all_length.add(length[part]);
    }
    let total = all_length.sum() + 1e-4;
    let whole = (all_along.sum() / total).clamp(0.0, 1.0);
    let (mut off_whole, mut off_each, mut step, mut apart) = (zero, zero, zero, zero);
    for part in 0..PARTS {
        let (mut share, mut length_here) = ([0.0; LANES], [0.0; LANES]);
        along[part].store(&mut share);
        length[part].store(&mut length_here);
        for (share, length) in share.iter_mut().zip(length_here) {
            *share = (*share / (length + 1e-3)).clamp(0.0, 1.0);
        }
        let each = Lanes::load(&share);
        for (way, gone) in steps(part) {
            step = step.add(way.abs());
            off_whole = off_whole.add(gone.sub(way.mul(Lanes::splat(whole))).abs());
            off_each = off_each.add(gone.sub(way.mul(each)).abs());
        }
        apart = apart.add(each.sub(Lanes::splat(whole)).abs().mul(length[part]));
    }
    let mean = |x: Lanes| x.sum() / RAW as f32;
    let scale = mean(step) + 0.02;
    [
        mean(off_whole) / scale,
        mean(off_each) / scale,
        whole,
        apart.sum() / total,
    ]
}

/// The picture, each channel about its own mean, all of it of length 1.
fn light_free(description: &Description) -> [f32; RAW] {
    let mut out = [0.0; RAW];
    for (to, from) in out
        .chunks_exact_mut(PLACES)
        .zip(description.chunks_exact(PLACES))
    {
        let mean = sum(from, |x| x) / PLACES as f32;
        for (to, from) in to.iter_mut().zip(from) {
            *to = from - mean;
        }
    }
    unit(&mut out);
    out
}

/// To length 1.
fn unit(x: &mut [f32]) {
    let norm = (sum(x, |x| x.mul(x)) + 1e-6).sqrt();
    for x in x {
        *x /= norm;
    }
}

fn product(a: &[f32], b: &[f32]) -> f32 {
    sums(a, b, Lanes::mul)
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    sums(a, b, |a, b| {
        let way = a.sub(b);
        way.mul(way)
    })
}
