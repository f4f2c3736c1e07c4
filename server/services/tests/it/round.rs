//! How often a test repeats what it is about, and where it draws its faults from: `cargo xtask soak` says both.

/// A round of a test. The same seed draws the same faults.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    seed: u64,
}

impl Round {
    /// A number below `end`, another one for each `salt`. SplitMix64 (Steele, Lea and Flood, 2014).
    pub(crate) fn below(self, end: usize, salt: u64) -> usize {
        let mut mixed = self
            .seed
            .wrapping_add(salt.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let end = u64::try_from(end).expect("fits");
        usize::try_from(mixed % end).expect("fits")
    }
}

/// The rounds of a test: as many as a soak wants, else `usual`.
pub(crate) fn rounds(usual: u64) -> impl Iterator<Item = Round> {
    let first = number("VITRINE_SOAK_SEED").unwrap_or(1);
    let count = number("VITRINE_SOAK_ROUNDS").unwrap_or(usual);
    (0..count).map(move |round| Round {
        seed: first.wrapping_add(round),
    })
}

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a whole number"))
}
