//! The network of TransNetV2 (Souček & Lokoč, "TransNet V2: An effective deep network architecture for fast shot transition
//! detection", arXiv:2008.04838), as its published weights have it.
//!
//! Three stages of two blocks each ([`Block`]: convolutions over space, then over time at four dilations) halve the picture
//! three times. Beside what is left of it stand two views of how alike frames are, each frame compared with the 50
//! before and after it: of the stages' means, projected ([`Network::likeness`]), and of colour histograms ([`colours`]). A dense layer
//! joins them, and two heads answer for every frame.
//!
//! What differs from the paper's drawing changes no number beyond rounding: a 3×1×1 convolution over time is three 1×1 convolutions of
//! shifted frames, the four dilations share one convolution over space that is as wide as the four, and the batch
//! normalisation of a block, which is fixed after training, is folded into its weights.

use burn::{
    module::Module,
    nn::{
        Linear, LinearConfig, PaddingConfig2d,
        conv::{Conv2d, Conv2dConfig},
    },
    tensor::{
        Device, Tensor, TensorData, activation::relu, module::avg_pool2d, ops::AvgPoolOptions,
    },
};

use crate::frame::{HEIGHT, Thumb, WIDTH};

/// Frames the network was trained to see at once.
pub(super) const WINDOW: usize = 100;
/// How far the frames of a block's four branches are apart.
pub(super) const DILATIONS: [usize; 4] = [1, 2, 4, 8];
/// Filters per branch, by stage.
pub(super) const FILTERS: [usize; 3] = [16, 32, 64];
/// How many frames to each side a frame is compared with.
const REACH: usize = 50;
const LOOKUP: usize = 2 * REACH + 1;
const BINS: usize = 512;
/// Length of the projection in which frames are compared, and of what each comparison comes to.
const WIDE: usize = 128;
const DENSE: usize = 1024;
/// A picture after three halvings: 3×6.
const LEFT: usize = (HEIGHT / 8) * (WIDTH / 8);

/// The network. Its parameters' names are the tensor names of the weights file.
#[derive(Module, Debug)]
pub(super) struct Network {
    stages: Vec<Stage>,
    project: Linear,
    likeness: Linear,
    colours: Linear,
    dense: Linear,
    single: Linear,
    many: Linear,
}

/// Two blocks, the first one's answer added to the second's, and the picture halved.
#[derive(Module, Debug)]
struct Stage {
    first: Block,
    second: Block,
}

/// Stacked dilated (2+1)D convolutions: over space for all branches together, then each branch over time.
#[derive(Module, Debug)]
struct Block {
    space: Conv2d,
    time: Vec<Branch>,
}

/// A convolution over time with kernel 3: what it takes of an earlier frame, of the frame itself, and of a later one.
#[derive(Module, Debug)]
struct Branch {
    before: Conv2d,
    now: Conv2d,
    after: Conv2d,
}

impl Network {
    /// A network with random weights.
    #[must_use]
    pub(super) fn new(device: &Device) -> Self {
        let linear = |from: usize, to: usize| LinearConfig::new(from, to).init(device);
        let joined = FILTERS.map(|f| f * DILATIONS.len());
        let stages = FILTERS.iter().enumerate().map(|(i, &filters)| {
            let from = i.checked_sub(1).map_or(3, |before| joined[before]);
            Stage::new(from, filters, device)
        });
        Self {
            stages: stages.collect(),
            project: linear(joined.iter().sum(), WIDE),
            likeness: linear(LOOKUP, WIDE),
            colours: linear(LOOKUP, WIDE),
            dense: linear(2 * WIDE + joined[2] * LEFT, DENSE),
            single: linear(DENSE, 1),
            many: linear(DENSE, 1),
        }
    }

    /// Scores windows of frames, at least one, all of the same length; [`WINDOW`] is what it was trained for.
    ///
    /// Logits of the two heads, `[b, t]` each: that a frame is the one at which a transition is marked, for a cut the last of
    /// the old shot; and that it belongs to a transition.
    pub(super) fn forward(&self, windows: &[&[Thumb]], device: &Device) -> [Tensor<2>; 2] {
        let b = windows.len();
        let t = windows.iter().map(|w| w.len()).min().unwrap_or_default();
        let mut x = input(windows, t, device);
        let mut means = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            x = stage.forward(x, t);
            let [n, c, h, w] = x.dims();
            let mean = x.clone().reshape([n, c, h * w]).mean_dim(2);
            means.push(mean.reshape([b, t, c]));
        }
        let [_, c, h, w] = x.dims();
        // The dense layer was trained on values with the channel last.
        let picture = x.permute([0, 2, 3, 1]).reshape([b, t, h * w * c]);
        let likeness = self.likeness(Tensor::cat(means, 2));
        let colours = relu(
            self.colours
                .forward(neighbours(colours(windows, t, device))),
        );
        let all = Tensor::cat(vec![colours, likeness, picture], 2);
        let all = relu(self.dense.forward(all));
        [
            self.single.forward(all.clone()).squeeze_dim(2),
            self.many.forward(all).squeeze_dim(2),
        ]
    }

    /// How alike the frames are in what the stages make of them: `[b, t, channels]` to `[b, t, WIDE]`.
    fn likeness(&self, means: Tensor<3>) -> Tensor<3> {
        let projected = unit(self.project.forward(means));
        relu(self.likeness.forward(neighbours(projected)))
    }
}

impl Stage {
    fn new(from: usize, filters: usize, device: &Device) -> Self {
        Self {
            first: Block::new(from, filters, device),
            second: Block::new(filters * DILATIONS.len(), filters, device),
        }
    }

    /// `[b·t, from, h, w]` to `[b·t, 4·filters, h/2, w/2]`.
    fn forward(&self, x: Tensor<4>, t: usize) -> Tensor<4> {
        let first = relu(self.first.forward(x, t));
        let x = relu(self.second.forward(first.clone(), t)) + first;
        avg_pool2d(x, AvgPoolOptions::new([2, 2]).with_stride([2, 2]))
    }
}

impl Block {
    fn new(from: usize, filters: usize, device: &Device) -> Self {
        let between = 2 * filters;
        let point = |bias: bool| {
            Conv2dConfig::new([between, filters], [1, 1])
                .with_bias(bias)
                .init(device)
        };
        Self {
            space: Conv2dConfig::new([from, between * DILATIONS.len()], [3, 3])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .with_bias(false)
                .init(device),
            time: DILATIONS
                .iter()
                .map(|_| Branch {
                    before: point(false),
                    now: point(true),
                    after: point(false),
                })
                .collect(),
        }
    }

    /// `[b·t, from, h, w]` to `[b·t, 4·filters, h, w]`, before any activation.
    fn forward(&self, x: Tensor<4>, t: usize) -> Tensor<4> {
        let wide = self.space.forward(x);
        let each = wide.dims()[1] / DILATIONS.len();
        let branches = self.time.iter().zip(DILATIONS).enumerate();
        let branches = branches.map(|(i, (branch, dilation))| {
            branch.forward(wide.clone().narrow(1, i * each, each), t, dilation)
        });
        Tensor::cat(branches.collect(), 1)
    }
}

impl Branch {
    fn forward(&self, x: Tensor<4>, t: usize, dilation: usize) -> Tensor<4> {
        let now = self.now.forward(x.clone());
        if dilation >= t {
            return now;
        }
        let dims = now.dims();
        let [n, c, h, w] = dims;
        let by_time = |x: Tensor<4>| -> Tensor<3> { x.reshape([n / t, t, c * h * w]) };
        // Beyond the window's ends there is nothing, which is 0.
        let nothing = Tensor::<3>::zeros([n / t, dilation, c * h * w], &x.device());
        let before = by_time(self.before.forward(x.clone())).narrow(1, 0, t - dilation);
        let after = by_time(self.after.forward(x)).narrow(1, dilation, t - dilation);
        let before = Tensor::cat(vec![nothing.clone(), before], 1);
        let after = Tensor::cat(vec![after, nothing], 1);
        (by_time(now) + before + after).reshape(dims)
    }
}

/// Pictures as the network takes them: `[b·t, 3, 27, 48]`, 0–1.
fn input(windows: &[&[Thumb]], t: usize, device: &Device) -> Tensor<4> {
    let mut values = Vec::with_capacity(windows.len() * t * 3 * HEIGHT * WIDTH);
    for frame in windows.iter().flat_map(|w| w.iter().take(t)) {
        for channel in 0..3 {
            let pixels = frame.as_bytes().chunks_exact(3);
            values.extend(pixels.map(|p| f32::from(p[channel]) / 255.0));
        }
    }
    let shape = [windows.len() * t, 3, HEIGHT, WIDTH];
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Colour histograms of length 1, `[b, t, BINS]`: eight levels of each channel.
fn colours(windows: &[&[Thumb]], t: usize, device: &Device) -> Tensor<3> {
    let mut values = Vec::with_capacity(windows.len() * t * BINS);
    for frame in windows.iter().flat_map(|w| w.iter().take(t)) {
        let mut counts = [0_u16; BINS];
        for p in frame.as_bytes().chunks_exact(3) {
            let level = |channel: usize| usize::from(p[channel] >> 5);
            counts[level(0) * 64 + level(1) * 8 + level(2)] += 1;
        }
        let square: u32 = counts.iter().map(|&n| u32::from(n).pow(2)).sum();
        let length = (square as f32).sqrt();
        values.extend(counts.map(|n| f32::from(n) / length));
    }
    Tensor::from_data(TensorData::new(values, [windows.len(), t, BINS]), device)
}

/// Inner products of each frame with those up to [`REACH`] before and after it, 0 where there is none:
/// `[b, t, length]` to `[b, t, LOOKUP]`.
fn neighbours(x: Tensor<3>) -> Tensor<3> {
    let [b, t, _] = x.dims();
    let all = x.clone().matmul(x.swap_dims(1, 2));
    let nothing = Tensor::zeros([b, t, REACH], &all.device());
    let all = Tensor::cat(vec![nothing.clone(), all, nothing], 2);
    // Row i holds what belongs to it from column i on: read as one row, each begins one value later than the row's own length.
    let width = t + 2 * REACH;
    let flat = all.reshape([b, t * width]);
    let more = Tensor::zeros([b, t], &flat.device());
    let sheared = Tensor::cat(vec![flat, more], 1).reshape([b, t, width + 1]);
    sheared.narrow(2, 0, LOOKUP)
}

/// Rows to length 1.
fn unit(x: Tensor<3>) -> Tensor<3> {
    let length = x.clone().square().sum_dim(2).sqrt().clamp_min(1e-12);
    x / length
}
