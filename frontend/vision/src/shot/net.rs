//! The student: a network small enough to run on every frame while filming.
//!
//! Per frame, four 3×3 convolutions shrink 48×27 to a 64-number description; beside it stand a learned colour
//! statistic (a 1×1 convolution, averaged) and the picture itself at 16×9, as it is and without its light. Boundaries show in
//! how alike frames are, so the middle of the network is similarity: each of the four descriptions is compared between a frame and its
//! neighbours, and between the pairs that lie around it (alike before and after, as round a flash, is no cut).
//! Beside the comparisons it is told how well a frame is a mixture of one before and one after it, see [`mixtures`].
//! Dilated convolutions over time turn those numbers into one score per frame.
//!
//! The idea of comparing learned and colour features over a window is TransNetV2's (Souček & Lokoč, 2020); this one is a
//! hundredth of its size: see [`MACS`].

use burn::{
    module::Module,
    nn::{
        Linear, LinearConfig, PaddingConfig1d, PaddingConfig2d,
        conv::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig},
    },
    tensor::{
        Device, Int, Tensor, TensorData, activation::relu, module::avg_pool2d, ops::AvgPoolOptions,
    },
};

pub use super::shape::{BLOCK, COMPARISONS, DESCRIPTION, MACS};
use super::shape::{
    COLOURS, COMPARED, DILATIONS, EMBEDDING, HIDDEN, MIXED, MIXTURE, OFFSETS, PAIRS, RAW, SAID,
};
use crate::frame::{BYTES, HEIGHT, Thumb, WIDTH};

/// The network. Its parameters' names are the tensor names of the weights file.
#[derive(Module, Debug)]
pub struct Student {
    colour: Conv2d,
    first: Conv2d,
    second: Conv2d,
    third: Conv2d,
    fourth: Conv2d,
    embed: Linear,
    say: Linear,
    join: Conv1d,
    time: Vec<Conv1d>,
    answer: Linear,
}

impl Student {
    /// A network with random weights.
    #[must_use]
    pub fn new(device: &Device) -> Self {
        let conv = |from: usize, to: usize, stride: usize| {
            Conv2dConfig::new([from, to], [3, 3])
                .with_stride([stride, stride])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device)
        };
        let time = |from: usize, to: usize, dilation: usize| {
            Conv1dConfig::new(from, to, 3)
                .with_dilation(dilation)
                .with_padding(PaddingConfig1d::Explicit(dilation, dilation))
                .init(device)
        };
        Self {
            colour: Conv2dConfig::new([3, COLOURS], [1, 1]).init(device),
            first: conv(3, 16, 2),
            second: conv(16, 24, 2),
            third: conv(24, 32, 1),
            fourth: conv(32, 48, 2),
            embed: LinearConfig::new(4 * 6 * 48, EMBEDDING).init(device),
            say: LinearConfig::new(EMBEDDING, SAID).init(device),
            join: time(COMPARISONS + SAID, HIDDEN, 1),
            time: DILATIONS.iter().map(|&d| time(HIDDEN, HIDDEN, d)).collect(),
            answer: LinearConfig::new(HIDDEN, 1).init(device),
        }
    }

    /// Describes frames: `[n, 3, 27, 48]` of values about −1..1 to `[n, DESCRIPTION]`.
    pub fn describe(&self, frames: Tensor<4>) -> Tensor<2> {
        let raw = avg_pool2d(
            frames.clone(),
            AvgPoolOptions::new([3, 3]).with_stride([3, 3]),
        );
        let raw = raw.flatten::<2>(1, 3);
        let colour = relu(self.colour.forward(frames.clone()));
        let colour = unit(colour.flatten::<3>(2, 3).mean_dim(2).squeeze_dim::<2>(2));
        let x = relu(self.first.forward(frames));
        let x = relu(self.second.forward(x));
        let x = relu(self.third.forward(x));
        let x = relu(self.fourth.forward(x));
        let embedding = unit(self.embed.forward(x.flatten::<2>(1, 3)));
        Tensor::cat(vec![raw, colour, embedding], 1)
    }

    /// Scores a run of described frames: `[n, DESCRIPTION]` to `[n]` logits. Frames nearer than [`BLOCK`] to an end see the
    /// end frame repeated in place of what is missing.
    pub fn score(&self, described: Tensor<2>) -> Tensor<1> {
        let embedding = embedding(described.clone());
        let compared = compare(described);
        self.score_batch(compared.unsqueeze_dim(0), embedding.unsqueeze_dim(0))
            .squeeze_dim(0)
    }

    /// The part over time, for several runs at once: comparisons `[b, n, COMPARISONS]` and embeddings `[b, n, EMBEDDING]` to
    /// logits `[b, n]`.
    pub fn score_batch(&self, compared: Tensor<3>, embedding: Tensor<3>) -> Tensor<2> {
        let said = relu(self.say.forward(embedding));
        let x = Tensor::cat(vec![compared, said], 2).swap_dims(1, 2);
        let mut x = relu(self.join.forward(x));
        for layer in &self.time {
            x = relu(layer.forward(x.clone())) + x;
        }
        self.answer.forward(x.swap_dims(1, 2)).squeeze_dim(2)
    }
}

/// The embedding's share of a description.
#[must_use]
pub fn embedding(described: Tensor<2>) -> Tensor<2> {
    described.narrow(1, RAW + COLOURS, EMBEDDING)
}

/// How far each frame is from its neighbours, and those around it from each other: `[n, DESCRIPTION]` to
/// `[n, COMPARISONS]`. It has no parameters.
#[must_use]
pub fn compare(described: Tensor<2>) -> Tensor<2> {
    let [n, _] = described.dims();
    let index = index(n, &described.device());
    let raw = described.clone().narrow(1, 0, RAW);
    let colour = described.clone().narrow(1, RAW, COLOURS);
    // |a − b|² = |a|² + |b|² − 2ab, as a mean per value; its root is a plain difference of pictures.
    let mixtures = mixtures(&raw);
    let squares = raw.clone().square().sum_dim(1);
    let far = (squares.clone() + squares.transpose() - product(raw.clone()) * 2.0) / RAW as f32;
    let far = (far.clamp_min(0.0) + 1e-4).sqrt() * 4.0;
    // Cosine similarities sit close to 1; what matters is how far below. The root spreads small distances.
    let below = |m: Tensor<2>| ((m * -1.0 + 1.0).clamp_min(0.0) + 1e-4).sqrt() * 3.0;
    let all = [
        far,
        below(product(light_free(raw))),
        below(product(colour)),
        below(product(embedding(described))),
    ];
    let all = all.map(|m| {
        m.flatten::<1>(0, 1)
            .select(0, index.clone())
            .reshape([n, COMPARED])
    });
    let mut all = Vec::from(all);
    all.push(mixtures);
    Tensor::cat(all, 1)
}

/// What tells a gradual transition from movement: each of its frames is a mixture of the picture before and the picture
/// after. `[n, RAW]` to `[n, MIXED × MIXTURE]`; per pair A, B round a frame F, as parts of how far A is from B:
///
/// 1. how far F is from the nearest point of the line from A to B: little in a dissolve, whatever is dissolved;
/// 2. the same with a point of its own for each place of the picture: little in a wipe too;
/// 3. where on the line that point is, 0–1;
/// 4. how much that share differs between places: nothing in a dissolve, much in a wipe.
fn mixtures(raw: &Tensor<2>) -> Tensor<2> {
    let [n, _] = raw.dims();
    let reach = MIXED[MIXED.len() - 1];
    let frames = raw.clone().reshape([n, 3, RAW / 3]);
    let end = |i: usize| frames.clone().narrow(0, i, 1).repeat_dim(0, reach);
    let padded = Tensor::cat(vec![end(0), frames.clone(), end(n - 1)], 0);
    let mean = |x: Tensor<3>| x.abs().reshape([n, RAW]).mean_dim(1).reshape([n, 1, 1]);
    let mut out = Vec::with_capacity(MIXED.len() * MIXTURE);
    for k in MIXED {
        let a = padded.clone().narrow(0, reach - k, n);
        let way = padded.clone().narrow(0, reach + k, n) - a.clone();
        let gone = frames.clone() - a;
        // Per place first, `[n, 1, places]`; the sums over places then give the whole picture.
        let along = (gone.clone() * way.clone()).sum_dim(1);
        let length = way.clone().square().sum_dim(1);
        let whole = (along.clone().sum_dim(2) / (length.clone().sum_dim(2) + 1e-4)).clamp(0.0, 1.0);
        let each = (along / (length.clone() + 1e-3)).clamp(0.0, 1.0);
        let scale = mean(way.clone()) + 0.02;
        let off = |share: Tensor<3>| mean(gone.clone() - way.clone() * share) / scale.clone();
        let spread = ((each.clone() - whole.clone()).abs() * length.clone()).sum_dim(2)
            / (length.sum_dim(2) + 1e-4);
        out.extend([off(whole.clone()), off(each), whole, spread]);
    }
    Tensor::cat(out, 1).reshape([n, MIXED.len() * MIXTURE])
}

/// Frames as the network takes them: `[n, 3, 27, 48]`, −1..1.
#[must_use]
pub fn input<'a>(frames: impl ExactSizeIterator<Item = &'a Thumb>, device: &Device) -> Tensor<4> {
    let n = frames.len();
    let mut values = Vec::with_capacity(n * BYTES);
    for frame in frames {
        for channel in 0..3 {
            let pixels = frame.as_bytes().chunks_exact(3);
            values.extend(pixels.map(|p| f32::from(p[channel]) / 127.5 - 1.0));
        }
    }
    Tensor::from_data(TensorData::new(values, [n, 3, HEIGHT, WIDTH]), device)
}

/// Rows to length 1.
fn unit(x: Tensor<2>) -> Tensor<2> {
    let norm = (x.clone().square().sum_dim(1) + 1e-6).sqrt();
    x / norm
}

/// The picture without what light and exposure make of it: each channel about its own mean, all of it of length 1, so that the
/// product of two is their correlation.
fn light_free(raw: Tensor<2>) -> Tensor<2> {
    let [n, _] = raw.dims();
    let channels = raw.reshape([n, 3, RAW / 3]);
    let mean = channels.clone().mean_dim(2);
    unit((channels - mean).reshape([n, RAW]))
}

/// All inner products of rows.
fn product(x: Tensor<2>) -> Tensor<2> {
    x.clone().matmul(x.transpose())
}

/// Where the comparisons of each frame stand in the flattened `[n, n]` table.
fn index(n: usize, device: &Device) -> Tensor<1, Int> {
    let last = n as i64 - 1;
    let mut out = Vec::with_capacity(n * COMPARED);
    for i in 0..n as i64 {
        let mut put =
            |a: i64, b: i64| out.push((a.clamp(0, last) * n as i64 + b.clamp(0, last)) as i32);
        for &k in &OFFSETS {
            put(i, i - k as i64);
            put(i, i + k as i64);
        }
        for &k in &PAIRS {
            put(i - k as i64, i + k as i64 - 1);
        }
    }
    let len = out.len();
    Tensor::from_data(TensorData::new(out, [len]), device)
}
