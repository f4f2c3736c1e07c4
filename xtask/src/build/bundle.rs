//! The browser bundles: which crate, which features, which profile, which budget.

use std::fs;

use anyhow::{Context, Result};

use super::Grade;
use crate::cargo;
use crate::place::Place;
use crate::progress::{self, Lines};

/// One of the things a browser loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Bundle {
    /// The shopper's islands.
    Frontend,
    /// The creator's studio.
    Studio,
    /// The studio's worker with the networks on the CPU.
    WorkerCpu,
    /// The studio's worker with the networks on WebGPU.
    WorkerGpu,
}

impl Bundle {
    /// All of them, those that compile quickly first.
    pub(crate) const ALL: [Self; 4] = [
        Self::Frontend,
        Self::Studio,
        Self::WorkerCpu,
        Self::WorkerGpu,
    ];

    /// Those without which no page stands. The GPU worker takes longer than all of them, and the studio does without it.
    pub(crate) const FIRST: [Self; 3] = [Self::Frontend, Self::Studio, Self::WorkerCpu];

    /// The name in the manifest, without `.js` or `.wasm`.
    pub(crate) fn stem(self) -> &'static str {
        match self {
            Self::Frontend => "frontend",
            Self::Studio => "studio",
            Self::WorkerCpu => "worker_cpu",
            Self::WorkerGpu => "worker_gpu",
        }
    }

    /// The crate it is built from.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Frontend => "frontend",
            Self::Studio => "studio",
            Self::WorkerCpu | Self::WorkerGpu => "worker",
        }
    }

    /// The most it may weigh, JavaScript and WebAssembly together, in bytes with brotli.
    pub(crate) fn budget(self) -> u64 {
        match self {
            Self::Frontend => 120_000,
            Self::Studio => 500_000,
            Self::WorkerCpu => 400_000,
            Self::WorkerGpu => 2_500_000,
        }
    }

    /// The cargo profile. The two workers never share one: both are `worker.wasm`, and cargo takes the file one of
    /// them left for the other's when only the features differ.
    pub(crate) fn profile(self, grade: Grade) -> &'static str {
        match (grade.of(self), self) {
            (Grade::Dist, Self::WorkerCpu) => "worker-dist",
            (Grade::Dist, _) => "web-dist",
            (_, Self::WorkerGpu) => "web-gpu",
            _ => "web",
        }
    }

    /// The cargo arguments that choose crate, features, profile and target.
    pub(crate) fn arguments(self, grade: Grade) -> Vec<&'static str> {
        let mut arguments = vec![
            "--package",
            self.package(),
            "--lib",
            "--target",
            cargo::WASM,
            "--profile",
            self.profile(grade),
        ];
        if self == Self::WorkerGpu {
            arguments.extend(["--features", "gpu"]);
        }
        arguments
    }

    /// Compiles it; cargo knows what is still fresh. Answers the bytes that rustc wrote.
    ///
    /// # Errors
    /// When it does not compile.
    pub(crate) fn compile(self, place: &Place, grade: Grade) -> Result<Vec<u8>> {
        progress::run(
            self.stem(),
            Lines::Show,
            cargo::command(place)
                .arg("rustc")
                .args(self.arguments(grade))
                // Named, because cargo leaves link-time optimisation out where a crate is an rlib as well.
                .args(["--crate-type", "cdylib"]),
        )?;
        let file = place
            .target
            .join(cargo::WASM)
            .join(self.profile(grade))
            .join(format!("{}.wasm", self.package()));
        fs::read(&file).with_context(|| format!("cargo left no {}.", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_bundles_write_the_same_file() {
        for grade in [Grade::Dev, Grade::Test, Grade::Dist] {
            let mut files: Vec<_> = Bundle::ALL
                .iter()
                .map(|bundle| (bundle.profile(grade), bundle.package()))
                .collect();
            files.sort_unstable();
            files.dedup();
            assert_eq!(files.len(), Bundle::ALL.len());
        }
    }
}
