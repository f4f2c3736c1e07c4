//! The fuzz target of films, for a moment and from seeds that are the same in every run; `frontend/worker/fuzz` drives it for as long
//! as somebody likes.

use std::path::Path;

#[path = "../../fuzz/film.rs"]
mod film;

/// Another number each time. SplitMix64 (Steele, Lea and Flood, 2014).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed % end.max(1) as u64) as usize
    }
}

/// Damages bytes as files are damaged: letters changed, lengths made absurd, pieces cut out, doubled, moved, or the end lost.
fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        let length = numbers.below(64).min(bytes.len() - at);
        match numbers.below(7) {
            0 => bytes[at..at + length.min(1)].fill(numbers.below(256) as u8),
            1 => bytes[at..at + length.min(4)].fill(0xff),
            2 => bytes[at..at + length.min(8)].fill(0),
            3 => drop(bytes.drain(at..at + length)),
            4 => {
                let piece = bytes[at..at + length].to_vec();
                let to = numbers.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            5 => bytes.truncate(at.max(1)),
            _ => bytes[at..at + length].reverse(),
        }
        if bytes.is_empty() {
            return;
        }
    }
}

#[test]
fn no_film_makes_the_reader_fall_over() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/film");
    let mut files: Vec<_> = std::fs::read_dir(&seeds)
        .expect("the seeds")
        .map(|entry| entry.expect("a seed").path())
        .collect();
    files.sort();
    assert!(files.len() >= 6, "{files:?}");
    let mut numbers = Numbers(1);
    for file in files {
        let seed = std::fs::read(&file).expect("a seed");
        film::read(&seed);
        for _ in 0..2000 {
            let mut bytes = seed.clone();
            damage(&mut bytes, &mut numbers);
            film::read(&bytes);
        }
    }
}
