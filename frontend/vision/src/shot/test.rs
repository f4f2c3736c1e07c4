use std::{
    future::Future,
    pin::pin,
    sync::LazyLock,
    task::{Context, Poll, Waker},
};

#[cfg(feature = "flex")]
use burn::tensor::{Tensor, activation::sigmoid};
use domain::{
    capture::Engine,
    highlight::{Boundary, Moment, boundaries},
};

use super::{
    Detector, Network, Score, WeightsError,
    plain::{Look, Plain},
    rules::{Seen, join},
    shape::MACS,
    weights,
};
#[cfg(feature = "flex")]
use super::{
    net::{self, Student},
    shape::BLOCK,
};
#[cfg(all(feature = "flex", feature = "transnet"))]
use crate::transnet;
use crate::{
    device::{self, Device},
    frame::{HEIGHT, Thumb, WIDTH},
};

/// Read and not built in, so that new weights need no new build.
static SHIPPED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../public/models/shots.bin");
    std::fs::read(path).expect("the shipped weights are there")
});

pub(super) fn block<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(out) = future.as_mut().poll(&mut context) {
            return out;
        }
    }
}

/// A picture of scene `k` at frame `i`: two colours, stripes or discs that drift.
pub(super) fn scene(k: usize, i: usize) -> [[f32; 3]; WIDTH * HEIGHT] {
    let colours = [
        [[0.1, 0.2, 0.6], [0.9, 0.8, 0.3]],
        [[0.8, 0.2, 0.2], [0.1, 0.1, 0.1]],
        [[0.2, 0.6, 0.3], [0.9, 0.9, 0.9]],
        [[0.6, 0.5, 0.4], [0.2, 0.1, 0.3]],
        [[0.9, 0.6, 0.7], [0.1, 0.5, 0.6]],
        [[0.15, 0.15, 0.2], [0.7, 0.7, 0.2]],
    ][k % 6];
    std::array::from_fn(|p| {
        let (x, y) = ((p % WIDTH) as f32, (p / WIDTH) as f32);
        let drift = i as f32 * 0.15;
        let m: f32 = match k % 3 {
            0 => {
                let d = (x - 14.0 - drift).hypot(y - 13.0);
                (9.0 + k as f32 - d).clamp(0.0, 1.0)
            }
            1 => ((x * 0.2 + y * 0.35 + drift * 0.3).sin() * 2.0 + 0.5).clamp(0.0, 1.0),
            _ => ((y - 12.0 + (x * 0.15 + drift * 0.2).cos() * 5.0) * 0.5).clamp(0.0, 1.0),
        };
        std::array::from_fn(|c| colours[0][c] * (1.0 - m) + colours[1][c] * m)
    })
}

pub(super) fn thumb(picture: &[[f32; 3]]) -> Thumb {
    let bytes: Vec<u8> = picture
        .iter()
        .flatten()
        .map(|x| (x * 255.0) as u8)
        .collect();
    Thumb::from_bytes(&bytes).expect("48×27")
}

/// A picture without colour, of this luma (0–255) in each cell.
pub(super) fn grey(luma: impl Fn(usize) -> f32) -> Thumb {
    let mut thumb = Thumb::filled([0; 3]);
    for (i, pixel) in thumb.as_bytes_mut().chunks_exact_mut(3).enumerate() {
        pixel.fill(luma(i).clamp(0.0, 255.0) as u8);
    }
    thumb
}

/// Six scenes of 45 frames: hard cuts at 45, 90, 135 and 225, and a dissolve over 172–188.
fn film() -> Vec<(f64, Thumb)> {
    (0..270)
        .map(|i| {
            let k = i / 45;
            let a = scene(k, i);
            let picture = if (172..=188).contains(&i) {
                let p = (i - 171) as f32 / 18.0;
                let (a, b) = (scene(3, i), scene(4, i));
                std::array::from_fn(|n| std::array::from_fn(|c| a[n][c] * (1.0 - p) + b[n][c] * p))
            } else {
                a
            };
            (i as f64 / 30.0, thumb(&picture))
        })
        .collect()
}

const CUTS: [f64; 4] = [45.0 / 30.0, 90.0 / 30.0, 135.0 / 30.0, 225.0 / 30.0];
const DISSOLVE: (f64, f64) = (172.0 / 30.0, 189.0 / 30.0);

fn run(detector: &mut Detector, film: &[(f64, Thumb)]) -> Vec<Score> {
    let mut out = Vec::new();
    for (t, thumb) in film {
        out.extend(block(detector.push(*t, thumb)));
    }
    out.extend(block(detector.finish()));
    out
}

pub(super) fn decided(scores: &[Score]) -> Vec<Boundary> {
    let moments: Vec<Moment> = scores
        .iter()
        .map(|&(t, boundary)| Moment {
            t,
            boundary,
            motion: 0.0,
            sharpness: 0.0,
            exposure: 0.5,
            clipped: 0.0,
            colourfulness: 0.0,
            stability: None,
            layout: None,
        })
        .collect();
    boundaries(&moments)
}

fn finds_the_cuts(found: &[Boundary]) -> bool {
    let near = |t: f64| found.iter().any(|b| (b.start - t).abs() < 0.035);
    CUTS.iter().all(|&t| near(t))
}

/// By overlap, with a span that is not longer than a dissolve can be.
fn finds_the_dissolve(found: &[Boundary]) -> bool {
    let over = |b: &Boundary| b.start < DISSOLVE.1 && b.end > DISSOLVE.0;
    found.iter().any(|b| over(b) && b.end - b.start < 1.5)
}

/// What frame differences say of a film.
pub(super) fn looks(film: &[(f64, Thumb)]) -> Vec<Look> {
    let mut plain = Plain::default();
    let mut out: Vec<Look> = film.iter().filter_map(|(_, f)| plain.push(f)).collect();
    out.extend(plain.finish());
    out
}

/// The network's own scores, with nothing joined to them.
fn network_alone(film: &[(f64, Thumb)]) -> Vec<Score> {
    let mut detector = Detector::new(&SHIPPED, device::cpu()).expect("whole");
    let mut network = detector.network.take().expect("it has a network");
    let mut out = Vec::new();
    for (t, thumb) in film {
        out.extend(block(network.push(*t, thumb)));
    }
    out.extend(block(network.finish()));
    out
}

#[test]
fn the_shipped_network_finds_what_a_constant_does_not() {
    let film = film();
    let mut detector =
        Detector::new(&SHIPPED, device::cpu()).expect("the shipped weights are whole");
    assert_eq!(detector.engine(), Engine::Cpu);
    let scores = run(&mut detector, &film);
    let found = decided(&scores);
    assert!(
        finds_the_cuts(&found) && finds_the_dissolve(&found) && found.len() == 5,
        "{found:?}"
    );
    // Differences alone find the cuts, so the dissolve is what tells a network from a constant.
    let looks = looks(&film);
    for k in 0..=100 {
        let constant = k as f32 / 100.0;
        let replaced = scores.iter().zip(&looks);
        let replaced: Vec<Score> = replaced
            .map(|(s, &l)| {
                (
                    s.0,
                    join(
                        constant,
                        Seen {
                            look: l,
                            ..Seen::default()
                        },
                    ),
                )
            })
            .collect();
        assert!(
            !finds_the_dissolve(&decided(&replaced)),
            "a network that always says {constant} must fail"
        );
    }
}

/// The network's scores of [`film`] as they were when the weights were shipped. After a wanted change of the weights or of the
/// arithmetic they are written anew: `VITRINE_WRITE_GOLDEN=1 cargo test -p vision golden_scores`.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/shot/golden.txt");

#[test]
fn the_arithmetic_gives_the_golden_scores() {
    let scores = network_alone(&film());
    if std::env::var_os("VITRINE_WRITE_GOLDEN").is_some() {
        let text: String = scores.iter().map(|s| format!("{:.5}\n", s.1)).collect();
        std::fs::write(GOLDEN, text).expect("golden.txt can be written");
    }
    let golden = std::fs::read_to_string(GOLDEN).expect("golden.txt is there");
    let golden: Vec<f32> = golden
        .lines()
        .map(|l| l.parse().expect("a number a line"))
        .collect();
    assert_eq!(golden.len(), scores.len());
    for (i, (score, golden)) in scores.iter().zip(golden).enumerate() {
        assert!(
            (score.1 - golden).abs() < 1e-3,
            "frame {i}: {} for {golden}",
            score.1
        );
    }
}

#[test]
fn every_frame_is_answered_once_and_in_order() {
    let film = film();
    for n in [0, 1, 2, 31, 32, 33, 64, 65, 100] {
        let mut detector = Detector::new(&SHIPPED, device::cpu()).expect("whole");
        // Twice: a finished detector is as new.
        let first = run(&mut detector, &film[..n]);
        let second = run(&mut detector, &film[..n]);
        let times: Vec<f64> = film[..n].iter().map(|f| f.0).collect();
        assert_eq!(first.iter().map(|s| s.0).collect::<Vec<_>>(), times);
        assert_eq!(first, second);
        assert!(first.iter().all(|s| (0.0..=1.0).contains(&s.1)));
        let plain = run(&mut Detector::plain(), &film[..n]);
        assert_eq!(plain.iter().map(|s| s.0).collect::<Vec<_>>(), times);
    }
}

/// What runs on the CPU is written out by hand: here it is held against the network that was trained.
#[cfg(feature = "flex")]
#[test]
fn streaming_equals_one_run_of_the_trained_network_over_all() {
    let film = &film()[..150];
    let device = device::cpu();
    let student = weights::read(&SHIPPED, &device.tensors().expect("flex")).expect("whole");
    let first = std::iter::repeat_n(&film[0].1, BLOCK);
    let last = std::iter::repeat_n(&film[149].1, BLOCK);
    let all: Vec<&Thumb> = first.chain(film.iter().map(|f| &f.1)).chain(last).collect();
    let described = student.describe(net::input(
        all.into_iter(),
        &device.tensors().expect("flex"),
    ));
    let scores: Tensor<1> = sigmoid(student.score(described)).narrow(0, BLOCK, 150);
    let want: Vec<f32> = scores.into_data().iter::<f32>().collect();
    let got = network_alone(film);
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(&want).enumerate() {
        assert!(
            (got.1 - want).abs() < 1e-4,
            "frame {i}: {} for {want}",
            got.1
        );
    }
}

#[test]
fn a_lost_gpu_costs_no_frame() {
    let film = film();
    let want = run(
        &mut Detector::new(&SHIPPED, device::cpu()).expect("whole"),
        &film,
    );
    let lost = Device::that_fails();
    let mut detector = Detector::new(&SHIPPED, lost).expect("whole");
    assert_eq!(detector.engine(), Engine::Gpu);
    let got = run(&mut detector, &film);
    assert_eq!(detector.engine(), Engine::Cpu);
    assert_eq!(got, want);
}

#[test]
fn a_gpu_lost_on_the_way_costs_no_frame() {
    let film = film();
    let want = run(
        &mut Detector::new(&SHIPPED, device::cpu()).expect("whole"),
        &film,
    );
    let mut detector = Detector::new(&SHIPPED, device::cpu()).expect("whole");
    let mut got = Vec::new();
    for (i, (t, thumb)) in film.iter().enumerate() {
        if i == 130
            && let Some(network) = &mut detector.network
        {
            let network: &mut Network = network;
            network.device = Device::that_fails();
        }
        got.extend(block(detector.push(*t, thumb)));
    }
    got.extend(block(detector.finish()));
    assert_eq!(got, want);
}

/// With TransNetV2 beside it, whose weights are random.
#[cfg(all(feature = "flex", feature = "transnet"))]
#[test]
fn a_second_network_can_only_raise_scores_and_costs_no_frame() {
    let film = film();
    let new = || Detector::new(&SHIPPED, device::cpu()).expect("whole");
    let mut both = new();
    both.add_transnet(&transnet::untaught(), &device::cpu())
        .expect("whole");
    assert_eq!(both.engine(), Engine::Precise);
    // Twice, for it is as new after a session.
    for n in [1, 130] {
        let alone = run(&mut new(), &film[..n]);
        let got = run(&mut both, &film[..n]);
        assert_eq!(got.len(), n);
        for (one, other) in alone.iter().zip(&got) {
            assert_eq!(one.0, other.0);
            assert!(one.1 <= other.1, "{one:?} {other:?}");
        }
    }
}

#[cfg(all(feature = "flex", feature = "transnet"))]
#[test]
fn where_the_second_network_is_lost_the_first_goes_on() {
    let film = film();
    let mut detector = Detector::new(&SHIPPED, device::cpu()).expect("whole");
    let want = run(&mut detector, &film);
    detector
        .add_transnet(&transnet::untaught(), &Device::that_fails())
        .expect("whole");
    assert_eq!(detector.engine(), Engine::Precise);
    assert_eq!(run(&mut detector, &film), want);
    assert_eq!(detector.engine(), Engine::Cpu);
}

#[test]
fn plain_differences_find_cuts_and_ignore_stillness() {
    let scores = run(&mut Detector::plain(), &film());
    for t in CUTS {
        let score = scores
            .iter()
            .find(|s| (s.0 - t).abs() < 1e-6)
            .map_or(0.0, |s| s.1);
        assert!(score >= 0.5, "{score} at {t}");
    }
    let still = vec![(0.0, Thumb::filled([90; 3])); 50];
    assert!(
        run(&mut Detector::plain(), &still)
            .iter()
            .all(|s| s.1 == 0.0)
    );
}

/// A still of scene 0 for 40 frames, with `change` applied to frames from the twentieth on.
#[cfg(feature = "flex")]
#[test]
fn a_frame_of_a_dissolve_is_a_mixture_and_one_of_a_movement_is_not() {
    let device = device::cpu().tensors().expect("flex");
    let student = Student::new(&device);
    // Of 41 frames the middle one, against those 15 before and after it.
    let middle = |film: Vec<Thumb>| -> Vec<f32> {
        let described = student.describe(net::input(film.iter(), &device));
        let row = net::compare(described).narrow(0, 20, 1);
        let row: Vec<f32> = row.into_data().iter::<f32>().collect();
        row[row.len() - 8..row.len() - 4].to_vec()
    };
    let film = |picture: &dyn Fn(usize) -> Vec<[f32; 3]>| -> Vec<Thumb> {
        (0..41).map(|i| thumb(&picture(i))).collect()
    };
    let dissolve = middle(film(&|i| {
        let p = ((i as f32 - 12.0) / 16.0).clamp(0.0, 1.0);
        let (a, b) = (scene(0, 0), scene(4, 0));
        let mixed = a.iter().zip(&b);
        mixed
            .map(|(a, b)| std::array::from_fn(|c| a[c] * (1.0 - p) + b[c] * p))
            .collect()
    }));
    let wipe = middle(film(&|i| {
        let edge = (i as f32 - 12.0) / 16.0 * WIDTH as f32;
        let (a, b) = (scene(0, 0), scene(4, 0));
        let at = |k: usize| {
            if ((k % WIDTH) as f32) < edge {
                b[k]
            } else {
                a[k]
            }
        };
        (0..WIDTH * HEIGHT).map(at).collect()
    }));
    let movement = middle(film(&|i| scene(0, 8 * i).to_vec()));
    assert!(dissolve[0] < 0.05 && dissolve[3] < 0.1, "{dissolve:?}");
    assert!((dissolve[2] - 0.5).abs() < 0.05, "{dissolve:?}");
    assert!(wipe[0] > 0.2 && wipe[1] < 0.1 && wipe[3] > 0.3, "{wipe:?}");
    assert!(movement[0] > 0.3 && movement[1] > 0.15, "{movement:?}");
}

#[cfg(feature = "flex")]
#[test]
fn weights_that_are_written_come_back() {
    let device = device::cpu().tensors().expect("flex");
    let bytes = weights::write(&Student::new(&device));
    let again = weights::write(&weights::read(&bytes, &device).expect("whole"));
    assert_eq!(bytes, again);
    assert_eq!(bytes.len(), SHIPPED.len());
}

#[test]
fn damaged_weights_are_refused() {
    let bytes = &*SHIPPED;
    let refused = |bytes: &[u8]| weights::forward(bytes).err();
    assert_eq!(refused(&[]), Some(WeightsError::Missing));
    assert_eq!(refused(b"<!doctype html>"), Some(WeightsError::Format));
    assert_eq!(refused(&bytes[..40]), Some(WeightsError::Corrupt));
    assert_eq!(
        refused(&bytes[..bytes.len() - 1]),
        Some(WeightsError::Corrupt)
    );
    for at in [12, 44, 60, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        assert_eq!(refused(&damaged), Some(WeightsError::Corrupt), "byte {at}");
    }
    let mut newer = bytes.clone();
    newer[8] = 9;
    assert_eq!(refused(&newer), Some(WeightsError::Format));
    // A right hash over a wrong table.
    let rehash = |body: &[u8]| {
        let mut out = bytes[..12].to_vec();
        out.extend(blake3::hash(body).as_bytes());
        out.extend(body);
        out
    };
    assert_eq!(refused(&rehash(&[255; 4])), Some(WeightsError::Format));
    assert!(matches!(
        refused(&rehash(&[0; 4])),
        Some(WeightsError::Tensor(_))
    ));
    assert!(matches!(
        Detector::new(&[], device::cpu()),
        Err(WeightsError::Missing)
    ));
}

const _: () = assert!(MACS <= 5_000_000, "too much work a frame");

#[test]
fn it_is_as_small_as_it_must_be() {
    assert!(SHIPPED.len() <= 600_000, "{}", SHIPPED.len());
}
