use std::path::PathBuf;

use burn::tensor::{Device, Tensor, activation::sigmoid};

use super::{
    STEP, checkpoint, cuts,
    net::{Network, WINDOW},
    untaught, weights,
};
use crate::{
    device::{self, Device as Place},
    eval::run::block,
    frame::{Thumb, WIDTH},
    weights::WeightsError,
};

/// What the published network answers in PyTorch to [`film`], by `reference/transnet.py`: both heads a line, after the sigmoid.
const GOLDEN: &str = include_str!("golden.txt");

/// Scenes as the reference draws them: a cut before frame 40 and a dissolve over frames 80 to 91.
fn film() -> Vec<Thumb> {
    let wave = |n: i32| (n.rem_euclid(510) - 255).abs();
    let scene = |s: i32, t: i32, x: i32, y: i32, c: i32| {
        let across = wave(x * (5 + 4 * s) + t * (1 + s) + c * 90 * (s + 1));
        let down = wave(y * (17 - 3 * s) + c * 60 + s * 140);
        (across + down) / 2
    };
    let value = |t: i32, x: i32, y: i32, c: i32| match t {
        ..40 => scene(0, t, x, y, c),
        40..80 => scene(1, t, x, y, c),
        80..92 => {
            let share = t - 79;
            (scene(1, t, x, y, c) * (13 - share) + scene(2, t, x, y, c) * share) / 13
        }
        _ => scene(2, t, x, y, c),
    };
    let frame = |t: i32| {
        let mut thumb = Thumb::filled([0; 3]);
        for (i, byte) in (0..).zip(thumb.as_bytes_mut()) {
            let (pixel, c) = (i / 3, i % 3);
            *byte = value(t, pixel % WIDTH as i32, pixel / WIDTH as i32, c) as u8;
        }
        thumb
    };
    (0..WINDOW as i32).map(frame).collect()
}

/// The published checkpoint, where `cargo xtask` has fetched it.
fn published() -> Option<PathBuf> {
    let file = std::env::var_os("VITRINE_TRANSNET").map(PathBuf::from);
    if file.is_none() {
        eprintln!(
            "TRANSNETV2 NOT TESTED: set VITRINE_TRANSNET to its checkpoint (cargo xtask test does where it can fetch it)"
        );
    }
    file
}

/// Both heads, after the sigmoid.
fn answers(network: &Network, film: &[Thumb], device: &Device) -> Vec<[f32; 2]> {
    let [single, many] = network.forward(&[film], device);
    let values = |x: Tensor<2>| -> Vec<f32> { sigmoid(x).into_data().iter::<f32>().collect() };
    let (single, many) = (values(single), values(many));
    single.into_iter().zip(many).map(|(a, b)| [a, b]).collect()
}

#[test]
fn it_answers_as_the_published_network_does_in_pytorch() {
    let Some(file) = published() else { return };
    let golden: Vec<[f32; 2]> = GOLDEN
        .lines()
        .map(|line| {
            let (a, b) = line.split_once(' ').expect("two numbers a line");
            [a, b].map(|x| x.parse().expect("a number"))
        })
        .collect();
    let device = device::cpu().tensors().expect("flex");
    let film = film();
    let full = checkpoint::read(&file, &device).expect("the checkpoint reads");
    let ours = answers(&full, &film, &device);
    assert_eq!(ours.len(), golden.len());
    for (i, (ours, golden)) in ours.iter().zip(&golden).enumerate() {
        for (a, b) in ours.iter().zip(golden) {
            assert!((a - b).abs() < 1e-4, "frame {i}: {ours:?} for {golden:?}");
        }
    }
    // Half precision moves scores a little and no decision.
    let half = weights::read(&weights::write(&full), &device).expect("whole");
    let half = answers(&half, &film, &device);
    let decide = |answers: &[[f32; 2]], head: usize| {
        let scores: Vec<(f64, f32)> = answers.iter().map(|a| (0.0, a[head])).collect();
        let above: Vec<bool> = scores.iter().map(|s| s.1 > 0.5).collect();
        (cuts(&scores), above)
    };
    for head in 0..2 {
        assert_eq!(decide(&half, head), decide(&golden, head));
    }
    assert_eq!(decide(&half, 0).0, [40, 86]);
    let far = half.iter().flatten().zip(golden.iter().flatten());
    let far = far.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(far < 0.02, "half precision is {far} away");
}

#[test]
fn every_frame_is_answered_once_and_in_order() {
    let mut detector = super::Detector::new(&untaught(), &device::cpu()).expect("whole");
    let film = film();
    for n in [0, STEP + 1] {
        let mut scores = Vec::new();
        for (i, frame) in film.iter().take(n).enumerate() {
            scores.extend(block(detector.push(i as f64, frame)));
        }
        scores.extend(block(detector.finish()));
        let times: Vec<f64> = scores.iter().map(|s| s.0).collect();
        assert_eq!(times, (0..n).map(|i| i as f64).collect::<Vec<_>>());
    }
}

#[test]
fn a_lost_device_answers_every_frame_with_no_boundary() {
    let film = film();
    let mut detector = super::Detector::new(&untaught(), &Place::that_fails()).expect("whole");
    let mut scores = Vec::new();
    for (i, frame) in film.iter().enumerate() {
        scores.extend(block(detector.push(i as f64, frame)));
        // What would wait for the first full window is answered when that fails, and what comes later at once.
        let seen = i + 1 + super::MARGIN;
        let answered = if seen < WINDOW { 0 } else { i + 1 };
        assert_eq!(scores.len(), answered, "frame {i}");
        assert_eq!(detector.lost(), seen >= WINDOW);
    }
    scores.extend(block(detector.finish()));
    let none: Vec<(f64, f32)> = (0..film.len()).map(|i| (i as f64, 0.0)).collect();
    assert_eq!(scores, none);
}

#[test]
fn a_damaged_file_is_refused() {
    let mut bytes = untaught();
    let refused = |bytes: &[u8]| super::Detector::new(bytes, &device::cpu()).err();
    assert_eq!(refused(&[]), Some(WeightsError::Missing));
    // The student's file is another network's.
    let student = include_bytes!("../../../../public/models/shots.bin");
    assert_eq!(refused(student), Some(WeightsError::Format));
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert_eq!(refused(&bytes), Some(WeightsError::Corrupt));
}

#[test]
fn a_file_that_is_no_checkpoint_is_refused() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../public/models/shots.bin");
    let error = checkpoint::convert(file.as_ref()).expect_err("no checkpoint");
    assert!(error.contains("not the checkpoint"), "{error}");
}

#[test]
fn a_shot_begins_after_the_peak_of_a_run() {
    let scores = |values: &[f32]| -> Vec<(f64, f32)> { values.iter().map(|&x| (0.0, x)).collect() };
    let found = |values: &[f32]| cuts(&scores(values));
    assert_eq!(found(&[]), [0; 0]);
    assert_eq!(found(&[0.5, 0.5]), [0; 0]);
    assert_eq!(found(&[0.1, 0.9, 0.1]), [2]);
    assert_eq!(found(&[0.6, 0.7, 0.7, 0.6, 0.2, 0.8, 0.9]), [2]);
    assert_eq!(found(&[0.1, 0.9, 0.8]), [2]);
}
