//! The training loop: AdamW on weighted cross-entropy, learning rate warmed up and cooled by a cosine.

use std::time::Instant;

use burn::{
    grad_clipping::GradientClippingConfig,
    module::Module,
    optim::{AdamWConfig, GradientsParams},
    tensor::{Device, Tensor, TensorData, activation::relu},
};

use super::{
    footage::Footage,
    random::Random,
    sequence::{self, LENGTH, Sequence},
};
use crate::{
    frame::Thumb,
    shot::{
        WeightsError,
        net::{self, Student},
        weights,
    },
};

/// How to train.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Plan {
    /// Everything random comes from it.
    pub seed: u64,
    /// Sequences described once for the first stage.
    pub drawn: usize,
    /// Optimiser steps of the first stage: only the part over time learns, on descriptions by random convolutions.
    pub first: usize,
    /// Optimiser steps of the second stage: all of it learns, on new sequences.
    pub steps: usize,
    /// Sequences a step of the second stage.
    pub batch: usize,
    /// Highest learning rate.
    pub rate: f64,
    /// Sequences of the second stage that a teacher scores. They are drawn and scored once; one of them is in every batch.
    pub soft: usize,
}

/// What a teacher says of a run of frames: see [`Sequence::soften`].
pub type Teacher<'a> = &'a dyn Fn(&[Thumb]) -> Vec<[f32; 2]>;

/// Sequences a step of the first stage.
const FIRST_BATCH: usize = 16;

/// Tells the seeds of sequences that a teacher scores from those of all others.
const SOFT: u64 = 0x736f_6674;

/// Trains a student, `from` these weights or from scratch; `say` gets a line now and then, `save` the network every 100
/// steps of the second stage.
///
/// # Errors
/// [`WeightsError`] when the weights to go on from cannot be used.
pub fn train(
    footage: &[Footage],
    plan: &Plan,
    from: Option<&[u8]>,
    teacher: Option<Teacher<'_>>,
    mut say: impl FnMut(String),
    mut save: impl FnMut(&Student),
) -> Result<Student, WeightsError> {
    let device = Device::flex().autodiff();
    device.seed(plan.seed);
    let mut student = match from {
        Some(bytes) => weights::read(bytes, &device)?,
        None => Student::new(&device),
    };
    let mut random = Random::new(plan.seed);
    let moving: Vec<usize> = (0..footage.len())
        .filter(|&i| footage[i].frames.len() > 1)
        .collect();
    let draw = |seed: u64| sequence::draw(footage, &moving, seed);
    if plan.first > 0 {
        student = first_stage(student, plan, &mut random, &draw, &mut say);
        save(&student);
    }
    let soft = match teacher {
        Some(teacher) => softened(plan, teacher, &draw, &mut say),
        None => Vec::new(),
    };
    let mut optimiser = optimiser();
    let began = Instant::now();
    let mut mean = 0.0;
    let mut wanted = || -> Vec<u64> { (0..plan.batch).map(|_| random.bits()).collect() };
    let mut ahead: Vec<Sequence> = wanted().into_iter().map(draw).collect();
    for step in 0..plan.steps {
        let mut batch = ahead;
        if let (Some(last), false) = (batch.last_mut(), soft.is_empty()) {
            last.clone_from(&soft[step % soft.len()]);
        }
        let next = wanted();
        // The next batch is drawn while this one is learnt from.
        let (loss, gradients, drawn) = std::thread::scope(|scope| {
            let drawing = scope.spawn(|| next.into_iter().map(draw).collect::<Vec<_>>());
            let loss = loss(&student, &batch, &device);
            let gradients = loss.backward();
            (loss.into_scalar::<f32>(), gradients, drawing.join())
        });
        ahead = drawn.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        mean += f64::from(loss);
        let gradients = GradientsParams::from_grads(gradients, &student);
        student = optimiser.step(rate(step, plan.steps, plan.rate), student, gradients);
        if (step + 1) % 20 == 0 {
            say(format!(
                "step {:5}  loss {:.4}  {:.0} s",
                step + 1,
                mean / 20.0,
                began.elapsed().as_secs_f64()
            ));
            mean = 0.0;
        }
        if (step + 1) % 100 == 0 {
            save(&student);
        }
    }
    Ok(student.valid())
}

/// Sequences whose labels a teacher has shifted.
fn softened(
    plan: &Plan,
    teacher: Teacher<'_>,
    draw: &impl Fn(u64) -> Sequence,
    say: &mut impl FnMut(String),
) -> Vec<Sequence> {
    // Seeds of its own: with a teacher and without one, all other sequences are the same.
    let mut random = Random::new(plan.seed ^ SOFT);
    let mut out = Vec::with_capacity(plan.soft);
    for i in 0..plan.soft {
        let mut sequence = draw(random.bits());
        let scores = teacher(&sequence.frames);
        sequence.soften(&scores);
        out.push(sequence);
        if (i + 1) % 10 == 0 {
            say(format!("the teacher scored {} of {}", i + 1, plan.soft));
        }
    }
    out
}

fn optimiser() -> burn::optim::ModuleOptimizer {
    AdamWConfig::new()
        .with_weight_decay(1e-3)
        .with_epsilon(1e-8)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(1.0)))
        .init()
}

/// What the first stage keeps of a sequence.
struct Described {
    /// `[LENGTH, COMPARISONS]` and `[LENGTH, EMBEDDING]`, as plain numbers: a tensor would keep alive all that it was made of.
    compared: Vec<f32>,
    embedding: Vec<f32>,
    labels: Vec<f32>,
    weights: Vec<f32>,
}

/// The convolutions are a hundred times the work of the part over time; random ones already tell pictures apart. So
/// sequences are described once and the part over time learns from them before anything else.
fn first_stage(
    mut student: Student,
    plan: &Plan,
    random: &mut Random,
    draw: &impl Fn(u64) -> Sequence,
    say: &mut impl FnMut(String),
) -> Student {
    let plain = Device::flex();
    let fixed = student.valid().fork(&plain);
    let mut all: Vec<Described> = Vec::new();
    for i in 0..plan.drawn {
        let sequence = draw(random.bits());
        let described = fixed.describe(net::input(sequence.frames.iter(), &plain));
        all.push(Described {
            embedding: values(net::embedding(described.clone())),
            compared: values(net::compare(described)),
            labels: sequence.labels,
            weights: sequence.weights,
        });
        if (i + 1) % 50 == 0 {
            say(format!("described {} of {} sequences", i + 1, plan.drawn));
        }
    }
    let device = Device::flex().autodiff();
    let mut optimiser = optimiser();
    // One in ten is held back, to see what is learnt and not remembered.
    let held = (plan.drawn / 10).max(1);
    let mut mean = 0.0;
    for step in 0..plan.first {
        let picked: Vec<usize> = (0..FIRST_BATCH)
            .map(|_| held + random.below(all.len() - held))
            .collect();
        let loss = first_loss(&student, picked.iter().map(|&i| &all[i]), &device);
        mean += f64::from(loss.clone().into_scalar::<f32>());
        let gradients = GradientsParams::from_grads(loss.backward(), &student);
        student = optimiser.step(rate(step, plan.first, plan.rate), student, gradients);
        if (step + 1) % 50 == 0 {
            let check = first_loss(&student, all.iter().take(held), &device).into_scalar::<f32>();
            say(format!(
                "first stage, step {:5}  loss {:.4}  held back {check:.4}",
                step + 1,
                mean / 50.0
            ));
            mean = 0.0;
        }
    }
    student
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn first_loss<'a>(
    student: &Student,
    of: impl Iterator<Item = &'a Described> + Clone,
    device: &Device,
) -> Tensor<1> {
    let stack = |f: fn(&Described) -> &Vec<f32>| {
        let values: Vec<f32> = of.clone().flat_map(|d| f(d).iter().copied()).collect();
        let (runs, wide) = (of.clone().count(), values.len() / LENGTH);
        let shape = [runs, LENGTH, wide / runs.max(1)];
        Tensor::<3>::from_data(TensorData::new(values, shape), device)
    };
    let x = student.score_batch(stack(|d| &d.compared), stack(|d| &d.embedding));
    let gather = |f: fn(&Described) -> &Vec<f32>| {
        let values: Vec<f32> = of.clone().flat_map(|d| f(d).iter().copied()).collect();
        let len = values.len();
        Tensor::<1>::from_data(TensorData::new(values, [len]), device)
    };
    cross_entropy(
        x.flatten(0, 1),
        gather(|d| &d.labels),
        gather(|d| &d.weights),
    )
}

fn rate(step: usize, steps: usize, most: f64) -> f64 {
    let warm = ((step + 1) as f64 / 30.0).min(1.0);
    let done = step as f64 / steps.max(1) as f64;
    most * warm * (0.02 + 0.98 * 0.5 * (1.0 + (std::f64::consts::PI * done).cos()))
}

/// Mean weighted cross-entropy of a batch.
pub fn loss(student: &Student, batch: &[Sequence], device: &Device) -> Tensor<1> {
    let frames: Vec<_> = batch.iter().flat_map(|s| s.frames.iter()).collect();
    let described = student.describe(net::input(frames.into_iter(), device));
    let scores =
        (0..batch.len()).map(|i| student.score(described.clone().narrow(0, i * LENGTH, LENGTH)));
    let x = Tensor::cat(scores.collect(), 0);
    let gather = |f: fn(&Sequence) -> &Vec<f32>| {
        let values: Vec<f32> = batch.iter().flat_map(|s| f(s).iter().copied()).collect();
        let len = values.len();
        Tensor::<1>::from_data(TensorData::new(values, [len]), device)
    };
    cross_entropy(x, gather(|s| &s.labels), gather(|s| &s.weights))
}

/// max(x, 0) − x·y + ln(1 + e^−|x|): cross-entropy on logits that cannot overflow, as a weighted mean.
fn cross_entropy(x: Tensor<1>, labels: Tensor<1>, weights: Tensor<1>) -> Tensor<1> {
    let each = relu(x.clone()) - x.clone() * labels + (x.abs().neg().exp() + 1.0).log();
    (each * weights.clone()).sum() / weights.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::footage::{self, Wanted};

    /// On footage the trainer makes itself, as where the shared data is absent.
    #[test]
    fn a_seed_trains_the_same_weights_again_and_another_seed_others() {
        let nowhere = Wanted {
            data: "no/such/folder".into(),
            exclude: Vec::new(),
        };
        let (footage, manifest) = footage::load(&nowhere, 1).expect("ffmpeg makes footage");
        assert_eq!(footage::load(&nowhere, 1).expect("again").1, manifest);
        let plan = Plan {
            seed: 1,
            drawn: 20,
            first: 2,
            steps: 2,
            batch: 1,
            rate: 1e-3,
            soft: 1,
        };
        let teacher = |frames: &[Thumb]| vec![[0.5; 2]; frames.len()];
        let trained = |plan: &Plan, teacher: Option<Teacher<'_>>| {
            let student =
                train(&footage, plan, None, teacher, |_| (), |_| ()).expect("from nothing");
            weights::hash(&weights::write(&student)).expect("whole")
        };
        let once = trained(&plan, None);
        assert_eq!(trained(&plan, None), once);
        assert_ne!(trained(&Plan { seed: 2, ..plan }, None), once);
        assert_ne!(trained(&plan, Some(&teacher)), once, "a teacher is heard");
    }
}
