//! Eight numbers at once, in two SIMD registers. In the browser they are named: the compiler finds them by itself for other
//! machines, and for WebAssembly it does not.

/// How many.
pub(super) const LANES: usize = 8;

#[cfg(target_arch = "wasm32")]
mod four {
    use core::arch::wasm32::{
        f32x4, f32x4_abs, f32x4_add, f32x4_extract_lane, f32x4_max, f32x4_mul, f32x4_splat,
        f32x4_sub, v128,
    };

    pub(super) type Four = v128;

    #[inline(always)]
    pub(super) fn load([a, b, c, d]: [f32; 4]) -> Four {
        f32x4(a, b, c, d)
    }

    #[inline(always)]
    pub(super) fn store(x: Four) -> [f32; 4] {
        [
            f32x4_extract_lane::<0>(x),
            f32x4_extract_lane::<1>(x),
            f32x4_extract_lane::<2>(x),
            f32x4_extract_lane::<3>(x),
        ]
    }

    #[inline(always)]
    pub(super) fn splat(x: f32) -> Four {
        f32x4_splat(x)
    }

    // Functions of our own, because an instruction cannot be handed to another function.
    macro_rules! each {
        ($name:ident, $of:ident) => {
            #[inline(always)]
            pub(super) fn $name(a: Four, b: Four) -> Four {
                $of(a, b)
            }
        };
    }

    each!(add, f32x4_add);
    each!(sub, f32x4_sub);
    each!(mul, f32x4_mul);
    each!(max, f32x4_max);

    #[inline(always)]
    pub(super) fn abs(x: Four) -> Four {
        f32x4_abs(x)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod four {
    pub(super) type Four = [f32; 4];

    #[inline(always)]
    pub(super) fn load(x: [f32; 4]) -> Four {
        x
    }

    #[inline(always)]
    pub(super) fn store(x: Four) -> [f32; 4] {
        x
    }

    #[inline(always)]
    pub(super) fn splat(x: f32) -> Four {
        [x; 4]
    }

    macro_rules! each {
        ($name:ident, $a:ident, $b:ident, $of:expr) => {
            #[inline(always)]
            pub(super) fn $name($a: Four, $b: Four) -> Four {
                let f = |$a: f32, $b: f32| $of;
                [
                    f($a[0], $b[0]),
                    f($a[1], $b[1]),
                    f($a[2], $b[2]),
                    f($a[3], $b[3]),
                ]
            }
        };
    }

    each!(add, a, b, a + b);
    each!(sub, a, b, a - b);
    each!(mul, a, b, a * b);
    each!(max, a, b, a.max(b));

    #[inline(always)]
    pub(super) fn abs(x: Four) -> Four {
        x.map(f32::abs)
    }
}

/// See the module.
#[derive(Clone, Copy)]
pub(super) struct Lanes([four::Four; 2]);

impl Lanes {
    #[inline(always)]
    pub(super) fn load(&[a, b, c, d, e, f, g, h]: &[f32; LANES]) -> Self {
        Self([four::load([a, b, c, d]), four::load([e, f, g, h])])
    }

    #[inline(always)]
    pub(super) fn store(self, to: &mut [f32; LANES]) {
        let (a, b) = (four::store(self.0[0]), four::store(self.0[1]));
        *to = [a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]];
    }

    #[inline(always)]
    pub(super) fn splat(x: f32) -> Self {
        Self([four::splat(x); 2])
    }

    #[inline(always)]
    fn with(self, other: Self, of: impl Fn(four::Four, four::Four) -> four::Four) -> Self {
        Self([of(self.0[0], other.0[0]), of(self.0[1], other.0[1])])
    }

    #[inline(always)]
    pub(super) fn add(self, other: Self) -> Self {
        self.with(other, four::add)
    }

    #[inline(always)]
    pub(super) fn sub(self, other: Self) -> Self {
        self.with(other, four::sub)
    }

    #[inline(always)]
    pub(super) fn mul(self, other: Self) -> Self {
        self.with(other, four::mul)
    }

    #[inline(always)]
    pub(super) fn max(self, other: Self) -> Self {
        self.with(other, four::max)
    }

    #[inline(always)]
    pub(super) fn abs(self) -> Self {
        Self(self.0.map(four::abs))
    }

    /// Each plus `x` times each of the other.
    #[inline(always)]
    pub(super) fn plus(self, x: f32, other: Self) -> Self {
        let x = four::splat(x);
        self.with(other, |a, b| four::add(a, four::mul(x, b)))
    }

    /// All together.
    #[inline(always)]
    pub(super) fn sum(self) -> f32 {
        let [a, b, c, d] = four::store(four::add(self.0[0], self.0[1]));
        (a + b) + (c + d)
    }
}

/// Sum over numbers in lanes, of which there are whole ones.
#[inline(always)]
pub(super) fn sum(x: &[f32], of: impl Fn(Lanes) -> Lanes) -> f32 {
    let lanes = x.as_chunks::<LANES>().0.iter().map(Lanes::load);
    lanes.fold(Lanes::splat(0.0), |sum, x| sum.add(of(x))).sum()
}

/// The same over pairs.
#[inline(always)]
pub(super) fn sums(a: &[f32], b: &[f32], of: impl Fn(Lanes, Lanes) -> Lanes) -> f32 {
    let lanes = |x| <[f32]>::as_chunks::<LANES>(x).0.iter().map(Lanes::load);
    let pairs = lanes(a).zip(lanes(b));
    pairs
        .fold(Lanes::splat(0.0), |sum, (a, b)| sum.add(of(a, b)))
        .sum()
}
