//! Where which colours lie in a thumbnail: see [`ColourLayout`].

use std::{f32::consts::PI, sync::LazyLock};

use domain::highlight::ColourLayout;

use super::{HEIGHT, Thumb, WIDTH};

/// Frequencies kept across and down.
const FREQUENCIES: usize = 3;

/// (across, down) in zigzag order; luma has all six, Cb and Cr the first three.
const ZIGZAG: [(usize, usize); 6] = [(0, 0), (1, 0), (0, 1), (0, 2), (1, 1), (2, 0)];

/// Cosines of the DCT-II, so scaled that a constant picture gives its value and a cosine its amplitude.
struct Waves {
    across: [[f32; WIDTH]; FREQUENCIES],
    down: [[f32; HEIGHT]; FREQUENCIES],
}

static WAVES: LazyLock<Waves> = LazyLock::new(|| Waves {
    across: std::array::from_fn(|k| std::array::from_fn(|i| wave(k, i, WIDTH))),
    down: std::array::from_fn(|k| std::array::from_fn(|i| wave(k, i, HEIGHT))),
});

fn wave(k: usize, i: usize, n: usize) -> f32 {
    let scale = if k == 0 { 1.0 } else { 2.0 } / n as f32;
    scale * (PI / n as f32 * (i as f32 + 0.5) * k as f32).cos()
}

/// The layout of a thumbnail.
pub(super) fn of(thumb: &Thumb) -> ColourLayout {
    // [channel][across][down], luma, Cb and Cr from −1 to 1.
    let mut found = [[[0.0_f32; FREQUENCIES]; FREQUENCIES]; 3];
    for (y, row) in thumb.as_bytes().chunks_exact(3 * WIDTH).enumerate() {
        let mut along = [[0.0_f32; FREQUENCIES]; 3];
        for (x, p) in row.chunks_exact(3).enumerate() {
            let [r, g, b] = [p[0], p[1], p[2]].map(|c| f32::from(c) / 127.5 - 1.0);
            let luma = super::signal::luma(r, g, b);
            let ycc = [luma, (b - luma) / 1.772, (r - luma) / 1.402];
            for (along, value) in along.iter_mut().zip(ycc) {
                for (sum, wave) in along.iter_mut().zip(&WAVES.across) {
                    *sum += wave[x] * value;
                }
            }
        }
        for (found, along) in found.iter_mut().zip(along) {
            for (found, along) in found.iter_mut().zip(along) {
                for (sum, wave) in found.iter_mut().zip(&WAVES.down) {
                    *sum += wave[y] * along;
                }
            }
        }
    }
    let kept = [(0, 6), (1, 3), (2, 3)];
    let mut coefficients = kept.into_iter().flat_map(|(channel, n)| {
        let of = move |&(across, down): &(usize, usize)| found[channel][across][down];
        ZIGZAG[..n].iter().map(of)
    });
    ColourLayout(std::array::from_fn(|_| {
        let x = coefficients.next().unwrap_or(0.0).clamp(-1.0, 1.0);
        (x * 127.0).round() as i8
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(paint: impl Fn(usize, usize) -> [u8; 3]) -> [i8; 12] {
        let mut thumb = Thumb::filled([0; 3]);
        for (i, pixel) in thumb.as_bytes_mut().chunks_exact_mut(3).enumerate() {
            pixel.copy_from_slice(&paint(i % WIDTH, i / WIDTH));
        }
        of(&thumb).0
    }

    #[test]
    fn one_colour_is_its_means_and_nothing_else() {
        assert_eq!(painted(|_, _| [255; 3])[0], 127);
        assert_eq!(painted(|_, _| [0; 3])[0], -127);
        // Red of BT.601: luma 0.299, Cb −0.169, Cr 0.5 of full scale.
        let red = painted(|_, _| [255, 0, 0]);
        assert_eq!((red[0], red[6], red[9]), (-51, -43, 127));
        for i in [1, 2, 3, 4, 5, 7, 8, 10, 11] {
            assert_eq!(red[i], 0, "{red:?}");
        }
    }

    #[test]
    fn a_cosine_is_its_amplitude_at_its_place() {
        let cosine =
            |k: usize, i: usize, n: usize| (PI / n as f32 * (i as f32 + 0.5) * k as f32).cos();
        for (at, &(across, down)) in ZIGZAG.iter().enumerate().skip(1) {
            let found = painted(|x, y| {
                let c = cosine(across, x, WIDTH) * cosine(down, y, HEIGHT);
                [(127.5 + 100.0 * c).round() as u8; 3]
            });
            for (i, &value) in found[..6].iter().enumerate() {
                let want = if i == at { 100 } else { 0 };
                assert!((i32::from(value) - want).abs() <= 1, "{at}: {found:?}");
            }
            assert!(found[6..].iter().all(|&c| c.abs() <= 1), "{found:?}");
        }
    }

    #[test]
    fn sides_have_signs() {
        let bright_left = painted(|x, _| if x < WIDTH / 2 { [220; 3] } else { [30; 3] });
        let bright_top = painted(|_, y| if y < HEIGHT / 2 { [220; 3] } else { [30; 3] });
        assert!(
            bright_left[1] > 80 && bright_left[2] == 0,
            "{bright_left:?}"
        );
        assert!(bright_top[2] > 80 && bright_top[1] == 0, "{bright_top:?}");
    }
}
