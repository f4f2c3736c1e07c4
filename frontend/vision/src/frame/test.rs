use proptest::prelude::*;

use super::*;

/// Straight from the definition, pixel by pixel, in f64.
fn naive(
    w: usize,
    h: usize,
    width: usize,
    height: usize,
    at: impl Fn(usize, usize) -> f64,
) -> Vec<f64> {
    let mut out = Vec::new();
    for j in 0..height {
        for i in 0..width {
            let (x0, x1) = (
                i as f64 * w as f64 / width as f64,
                (i + 1) as f64 * w as f64 / width as f64,
            );
            let (y0, y1) = (
                j as f64 * h as f64 / height as f64,
                (j + 1) as f64 * h as f64 / height as f64,
            );
            let (mut sum, mut weight) = (0.0, 0.0);
            for y in y0 as usize..(y1.ceil() as usize).min(h) {
                for x in x0 as usize..(x1.ceil() as usize).min(w) {
                    let a = (x1.min(x as f64 + 1.0) - x0.max(x as f64)).max(0.0);
                    let b = (y1.min(y as f64 + 1.0) - y0.max(y as f64)).max(0.0);
                    sum += at(x, y) * a * b;
                    weight += a * b;
                }
            }
            out.push(sum / weight);
        }
    }
    out
}

fn noise(seed: u32, i: usize) -> u8 {
    let mut x = seed ^ (i as u32).wrapping_mul(0x9E37_79B9);
    x ^= x >> 15;
    x = x.wrapping_mul(0x85EB_CA6B);
    (x >> 24) as u8
}

fn rgba_is_exact(w: usize, h: usize, pad: usize, seed: u32) -> Result<(), TestCaseError> {
    let stride = w * 4 + pad;
    let data: Vec<u8> = (0..stride * h).map(|i| noise(seed, i)).collect();
    let planes = Planes::new(
        Layout::Rgba,
        w,
        h,
        &[Plane {
            data: &data,
            stride,
        }],
    )
    .expect("fits");
    let sample = Sampler::new().sample(0.0, &planes);
    for c in 0..3 {
        let want = naive(w, h, WIDTH, HEIGHT, |x, y| {
            f64::from(data[y * stride + x * 4 + c])
        });
        for (i, want) in want.iter().enumerate() {
            let got = f64::from(sample.thumb.as_bytes()[i * 3 + c]);
            prop_assert!(
                (got - want).abs() < 1.5,
                "cell {i} channel {c}: {got} for {want}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_picture_smaller_than_the_grid_is_exact_too() {
    for w in 1..=WIDTH {
        for seed in [1, 32_795_572] {
            rgba_is_exact(w, w.div_ceil(2), 0, seed).expect("exact");
        }
    }
    rgba_is_exact(5, 1, 0, 32_795_572).expect("exact");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rgba_equals_the_definition(w in 1_usize..300, h in 1_usize..200, pad in 0_usize..9, seed: u32) {
        rgba_is_exact(w, h, pad, seed)?;
    }

    #[test]
    fn i420_and_nv12_agree(w in 1_usize..200, h in 1_usize..150, seed: u32) {
        let (cw, ch) = (w.div_ceil(2), h.div_ceil(2));
        let y: Vec<u8> = (0..w * h).map(|i| noise(seed, i)).collect();
        let u: Vec<u8> = (0..cw * ch).map(|i| noise(seed ^ 1, i)).collect();
        let v: Vec<u8> = (0..cw * ch).map(|i| noise(seed ^ 2, i)).collect();
        let uv: Vec<u8> = u.iter().zip(&v).flat_map(|(&u, &v)| [u, v]).collect();
        let i420 = Planes::new(Layout::I420, w, h, &[
            Plane { data: &y, stride: w }, Plane { data: &u, stride: cw }, Plane { data: &v, stride: cw },
        ]).expect("fits");
        let nv12 = Planes::new(Layout::Nv12, w, h, &[
            Plane { data: &y, stride: w }, Plane { data: &uv, stride: cw * 2 },
        ]).expect("fits");
        prop_assert_eq!(Sampler::new().sample(0.0, &i420), Sampler::new().sample(0.0, &nv12));
    }

    #[test]
    fn nothing_panics(w in 0_usize..70, h in 0_usize..70, stride in 0_usize..300, len in 0_usize..30_000, kind in 0..4) {
        let data = vec![7_u8; len];
        let layout = [Layout::I420, Layout::Nv12, Layout::Rgba, Layout::Bgra][kind as usize];
        let plane = Plane { data: &data, stride };
        if let Ok(planes) = Planes::new(layout, w, h, &[plane, plane, plane]) {
            let sample = Sampler::new().sample(0.0, &planes);
            prop_assert!(sample.sharpness >= 0.0);
        }
    }
}

#[test]
fn a_film_in_the_full_range_looks_as_in_the_limited_one() {
    let (w, h) = (96, 54);
    let full: Vec<u8> = (0..w * h * 3 / 2)
        .map(|i| (i * 7 / 5 % 256) as u8)
        .collect();
    let limited = full.iter().enumerate().map(|(i, &x)| {
        let x = f32::from(x);
        let y = i < w * h;
        let x = if y {
            16.0 + x * 219.0 / 255.0
        } else {
            128.0 + (x - 128.0) * 224.0 / 255.0
        };
        x.round() as u8
    });
    let limited: Vec<u8> = limited.collect();
    let see = |data: &[u8], range: bool| {
        let planes = Planes::packed(Layout::I420, w, h, data).expect("fits");
        Sampler::new().sample(0.0, &planes.full_range(range))
    };
    let (one, other) = (see(&full, true), see(&limited, false));
    let bytes = one.thumb.as_bytes().iter().zip(other.thumb.as_bytes());
    let worst = bytes.map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(2), "{worst:?}");
    assert!((one.exposure - other.exposure).abs() < 0.005);
    // Read as limited, it is another picture.
    let wrong = see(&full, false);
    assert!((one.exposure - wrong.exposure).abs() > 0.005 || wrong.clipped > one.clipped);
}

#[test]
fn bad_planes_are_refused() {
    let data = [0_u8; 100];
    let p = |stride| Plane {
        data: &data,
        stride,
    };
    assert_eq!(
        Planes::new(Layout::Rgba, 0, 4, &[p(16)]).err(),
        Some(FrameError::Size)
    );
    assert_eq!(
        Planes::new(Layout::Rgba, 5, 4, &[p(16)]).err(),
        Some(FrameError::Stride)
    );
    assert_eq!(
        Planes::new(Layout::Rgba, 5, 9, &[p(20)]).err(),
        Some(FrameError::Short)
    );
    assert_eq!(
        Planes::new(Layout::I420, 4, 4, &[p(4)]).err(),
        Some(FrameError::Missing)
    );
    assert_eq!(
        Planes::new(Layout::Rgba, 4, 16_000, &[p(usize::MAX)]).err(),
        Some(FrameError::Stride)
    );
    assert!(Planes::packed(Layout::I420, 8, 8, &data).is_ok());
}

#[test]
fn a_large_frame_is_sampled_but_close() {
    let (w, h) = (1920, 1080);
    let y: Vec<u8> = (0..w * h)
        .map(|i| ((i % w) / 8) as u8 / 2 + ((i / w) / 9) as u8)
        .collect();
    let c = vec![128_u8; w * h / 4];
    let data: Vec<u8> = y.iter().chain(&c).chain(&c).copied().collect();
    let planes = Planes::packed(Layout::I420, w, h, &data).expect("fits");
    let sample = Sampler::new().sample(0.0, &planes);
    let want = naive(w, h, WIDTH, HEIGHT, |x, j| f64::from(y[j * w + x]));
    for (i, want) in want.iter().enumerate() {
        let want = ((want - 16.0) * 255.0 / 219.0).clamp(0.0, 255.0);
        let got = f64::from(sample.thumb.as_bytes()[i * 3 + 1]);
        assert!((got - want).abs() < 2.0, "cell {i}: {got} for {want}");
    }
}

#[test]
fn signals_tell_pictures_apart() {
    let make = |f: &dyn Fn(usize, usize) -> [u8; 4]| -> Vec<u8> {
        (0..90 * 160).flat_map(|i| f(i % 160, i / 160)).collect()
    };
    let mut sampler = Sampler::new();
    let mut see = |data: &[u8]| {
        let planes = Planes::packed(Layout::Rgba, 160, 90, data).expect("fits");
        sampler.sample(0.0, &planes)
    };
    let black = see(&make(&|_, _| [0, 0, 0, 255]));
    assert_eq!(
        (black.exposure, black.clipped, black.sharpness, black.motion),
        (0.0, 1.0, 0.0, 0.0)
    );
    let white = see(&make(&|_, _| [255, 255, 255, 255]));
    assert!(white.motion > 0.99 && white.exposure > 0.99 && white.colourfulness < 0.01);
    let checks = see(&make(&|x, y| {
        if (x + y) % 2 == 0 {
            [40, 40, 40, 255]
        } else {
            [200, 200, 200, 255]
        }
    }));
    let stripes = see(&make(&|x, _| {
        if (x / 20) % 2 == 0 {
            [40, 40, 40, 255]
        } else {
            [200, 200, 200, 255]
        }
    }));
    assert!(checks.sharpness > stripes.sharpness * 4.0 && stripes.sharpness > 1.0);
    let vivid = see(&make(&|x, _| {
        if x < 80 {
            [255, 0, 0, 255]
        } else {
            [0, 0, 255, 255]
        }
    }));
    assert!(vivid.colourfulness > 100.0, "{}", vivid.colourfulness);
}
