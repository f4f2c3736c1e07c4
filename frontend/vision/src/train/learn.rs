//! The training loop: AdamW on weighted cross-entropy, learning rate warmed up and cooled by a cosine.

use std::time::Instant;

use burn::{
    module::Module,
    optim::{AdamWConfig, GradientsParams},
    tensor::{Device, Tensor, TensorData, activation::relu},
};

use super::{
    footage::Footage,
    random::Random,
    sequence::{self, LENGTH, Sequence},
};
use crate::shot::net::{self, Student};

/// How to train.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Everything random comes from it.
    pub seed: u64,
    /// Optimiser steps.
    pub steps: usize,
    /// Sequences a step.
    pub batch: usize,
    /// Highest learning rate.
    pub rate: f64,
}

/// Trains a student from scratch; `say` gets a line now and then, `save` the network every 200 steps.
pub fn train(footage: &[Footage], plan: &Plan, mut say: impl FnMut(String), mut save: impl FnMut(usize, &Student)) -> Student {
    let device = Device::flex().autodiff();
    device.seed(plan.seed);
    let mut student = Student::new(&device);
    let mut optimiser = AdamWConfig::new()
        .with_weight_decay(1e-3)
        .with_epsilon(1e-8)
        .with_grad_clipping(Some(burn::grad_clipping::GradientClippingConfig::Norm(1.0)))
        .init();
    let moving: Vec<usize> = (0..footage.len()).filter(|&i| footage[i].frames.len() > 1).collect();
    let began = Instant::now();
    let mut mean = 0.0;
    let mut seeds = Random::new(plan.seed);
    for step in 0..plan.steps {
        let wanted: Vec<u64> = (0..plan.batch).map(|_| seeds.bits()).collect();
        let batch: Vec<Sequence> = wanted.iter().map(|&seed| sequence::draw(footage, &moving, seed)).collect();
        let loss = loss(&student, &batch, &device);
        mean += f64::from(loss.clone().into_scalar::<f32>());
        let gradients = GradientsParams::from_grads(loss.backward(), &student);
        student = optimiser.step(rate(step, plan), student, gradients);
        if (step + 1) % 20 == 0 {
            say(format!("step {:5}  loss {:.4}  {:.0} s", step + 1, mean / 20.0, began.elapsed().as_secs_f64()));
            mean = 0.0;
        }
        if (step + 1) % 200 == 0 {
            save(step + 1, &student);
        }
    }
    student.valid()
}

fn rate(step: usize, plan: &Plan) -> f64 {
    let warm = ((step + 1) as f64 / 50.0).min(1.0);
    let done = step as f64 / plan.steps.max(1) as f64;
    plan.rate * warm * (0.02 + 0.98 * 0.5 * (1.0 + (std::f64::consts::PI * done).cos()))
}

/// Mean weighted cross-entropy of a batch.
pub fn loss(student: &Student, batch: &[Sequence], device: &Device) -> Tensor<1> {
    let frames: Vec<_> = batch.iter().flat_map(|s| s.frames.iter()).collect();
    let described = student.describe(net::input(frames.into_iter(), device));
    let scores = (0..batch.len()).map(|i| student.score(described.clone().narrow(0, i * LENGTH, LENGTH)));
    let x = Tensor::cat(scores.collect(), 0);
    let gather = |f: &dyn Fn(&Sequence) -> &[f32]| {
        let values: Vec<f32> = batch.iter().flat_map(|s| f(s).iter().copied()).collect();
        let len = values.len();
        Tensor::<1>::from_data(TensorData::new(values, [len]), device)
    };
    let labels = gather(&|s| &s.labels);
    let weights = gather(&|s| &s.weights);
    // max(x, 0) − x·y + ln(1 + e^−|x|): cross-entropy on logits that cannot overflow.
    let each = relu(x.clone()) - x.clone() * labels + (x.abs().neg().exp() + 1.0).log();
    (each * weights.clone()).sum() / weights.sum()
}
