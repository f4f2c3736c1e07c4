//! The site folder: what browsers load, under names that change with the content.
//!
//! `manifest.json` maps logical names (`frontend.js`, `shop.css`, `models/shots.bin`) to URL paths. Everything
//! under `pkg/` carries a content hash and lies there raw, as `.br` and as `.gz`; `static/` is `public/` under its own names, text
//! compressed the same way.

mod asset;
mod bindgen;
mod boot;
pub(crate) mod bundle;
mod cache;
mod font;
pub(crate) mod optimise;
mod service_worker;
mod sheet;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use asset::Folder;
pub(crate) use asset::compress;
use bundle::Bundle;
pub(crate) use cache::Cache;

use crate::install;
use crate::model;
use crate::place::Place;
use crate::progress::{say, step};

/// The name of the CPU worker in the manifest.
const CPU: &str = "worker_cpu.wasm";

/// How much work a site is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grade {
    /// For `serve`: quick to build.
    Dev,
    /// For `test`: as it ships, and then it need not be built twice to be weighed as well. But for the GPU worker, whose link-time
    /// optimisation takes ten minutes.
    Test,
    /// For `dist` and `bench bundles`: small to load.
    Dist,
}

impl Grade {
    /// How one bundle of a site of this grade is built: [`Grade::Dev`] or [`Grade::Dist`].
    fn of(self, bundle: Bundle) -> Self {
        match self {
            Self::Test if bundle == Bundle::WorkerGpu => Self::Dev,
            Self::Test => Self::Dist,
            Self::Dev | Self::Dist => self,
        }
    }

    /// Whether a bundle of it is as small as one that ships.
    pub(crate) fn small(self, bundle: Bundle) -> bool {
        self.of(bundle) == Self::Dist
    }
}

/// What `cargo xtask build` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Build small instead of quickly: link-time optimisation, wasm-opt, full compression
    #[arg(long)]
    dist: bool,
    /// Build only these bundles (frontend, studio, worker_cpu, worker_gpu); the others stay as they are
    #[arg(long, value_delimiter = ',')]
    only: Vec<Bundle>,
}

/// Builds the site folder and says where it is.
///
/// # Errors
/// When something is missing that cannot be installed, or does not compile.
pub(crate) fn run(place: &Place, args: &Args) -> Result<()> {
    let grade = if args.dist { Grade::Dist } else { Grade::Dev };
    let only = if args.only.is_empty() {
        Bundle::ALL.to_vec()
    } else {
        args.only.clone()
    };
    let folder = site(place, grade, &only)?;
    say(format_args!("The site is in {}", folder.display()));
    Ok(())
}

/// One bundle, ready to be served.
#[derive(Debug)]
pub(crate) struct Built {
    /// The JavaScript half: an ES module whose default export takes the URL of the other half.
    pub(crate) js: Vec<u8>,
    /// The WebAssembly half.
    pub(crate) wasm: Vec<u8>,
    /// JavaScript snippets that the module imports: (path as imported, content).
    pub(crate) snippets: Vec<(String, Vec<u8>)>,
}

/// Compiles one bundle and makes what a browser loads of it.
///
/// # Errors
/// When it does not compile, or a tool refuses its output.
pub(crate) fn built(place: &Place, cache: &Cache, bundle: Bundle, grade: Grade) -> Result<Built> {
    let grade = grade.of(bundle);
    let wasm = bundle.compile(place, grade)?;
    let mut built = bindgen::bind(cache, bundle, grade, &wasm)?;
    if grade == Grade::Dist {
        built.wasm = optimise::optimise(place, cache, bundle, &built.wasm)?;
    }
    Ok(built)
}

/// Builds the site folder of a grade. Bundles that are not in `only` keep what an earlier run left, if anything; but the GPU worker
/// stays only beside the CPU worker it was built with, for the page speaks to both in the same messages.
///
/// # Errors
/// As [`run`]; and when the GPU worker alone was built and meanwhile the CPU worker became another.
pub(crate) fn site(place: &Place, grade: Grade, only: &[Bundle]) -> Result<PathBuf> {
    step("the site", || {
        install::wasm_target(place)?;
        install::npm(place)?;
        fs::create_dir_all(&place.target)?;
        let root = place.target.join(match grade {
            Grade::Dev => "site",
            Grade::Test => "site-test",
            Grade::Dist => "site-dist",
        });
        let cache = Cache::open(place)?;
        let cpu_before = manifest(&root).remove(CPU);
        let mut bundles = Vec::new();
        for bundle in only {
            let stem = bundle.stem();
            // Two builds of one bundle at once would read each other's half-written files.
            let _compiling = lock(place, stem)?;
            bundles.push(step(&format!("bundle {stem}"), || {
                Ok((*bundle, built(place, &cache, *bundle, grade)?))
            })?);
        }
        // Two that write at once would take each other's files for leftovers. While bundles compile others may write: the GPU worker
        // takes minutes.
        let _writing = lock(place, "site")?;
        let previous = manifest(&root);
        let mut folder = Folder::open(&root, &cache, grade)?;
        for (bundle, built) in bundles {
            add_bundle(&mut folder, bundle, built)?;
        }
        for bundle in Bundle::ALL.iter().filter(|bundle| !only.contains(bundle)) {
            let changed = folder
                .url(CPU)
                .is_some_and(|cpu| Some(cpu) != previous.get(CPU).map(String::as_str));
            if *bundle == Bundle::WorkerGpu && changed {
                continue;
            }
            let stem = bundle.stem();
            for name in [format!("{stem}.js"), format!("{stem}.wasm")] {
                if let Some(url) = previous.get(&name) {
                    folder.keep(&name, url);
                }
            }
        }
        if only.contains(&Bundle::WorkerGpu) && !only.contains(&Bundle::WorkerCpu) {
            ensure!(
                folder.url(CPU) == cpu_before.as_deref(),
                "The CPU worker was built anew while the GPU worker was; build that once more."
            );
        }
        boot::add(place, &mut folder)?;
        add_public(&place.at("public"), &mut folder)?;
        if grade != Grade::Test {
            add_published(place, &mut folder)?;
        }
        font::add(place, &cache, &mut folder)?;
        sheet::add(place, &mut folder)?;
        service_worker::add(place, &mut folder)?;
        folder.finish(&previous)?;
        cache.prune()?;
        Ok(root)
    })
}

/// Takes a lock of the target folder; it is given back with the value.
fn lock(place: &Place, name: &str) -> Result<File> {
    let file = File::create(place.target.join(format!("{name}.lock")))?;
    file.lock()
        .with_context(|| format!("The lock {name} in the target folder cannot be taken."))?;
    Ok(file)
}

/// The manifest an earlier run left, empty when there is none.
pub(crate) fn manifest(root: &Path) -> BTreeMap<String, String> {
    fs::read(root.join("manifest.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Puts a bundle's files into the folder, snippets first, because the module names them.
fn add_bundle(folder: &mut Folder<'_>, bundle: Bundle, built: Built) -> Result<()> {
    let stem = bundle.stem();
    let mut js =
        String::from_utf8(built.js).context("wasm-bindgen wrote JavaScript that is not UTF-8.")?;
    for (path, content) in built.snippets {
        let name = format!("{stem}-snippet.js");
        let url = folder.place(&name, &content)?;
        js = js.replace(&format!("./{path}"), &asset::beside(&url));
    }
    folder.add(&format!("{stem}.wasm"), &built.wasm)?;
    folder.add(&format!("{stem}.js"), js.as_bytes())?;
    let (raw, small) = folder.weigh(&format!("{stem}.wasm"))?;
    say(format_args!(
        "  {stem}.wasm: {} kB, {} kB with brotli",
        raw / 1000,
        small / 1000
    ));
    Ok(())
}

/// Adds the weights that `cargo xtask models` has fetched, for precise analysis on a graphics chip. Without them a site has none; one for
/// tests never has, so that it is the same wherever it is built.
fn add_published(place: &Place, folder: &mut Folder<'_>) -> Result<()> {
    if let Ok(bytes) = fs::read(place.target.join(model::TRANSNET)) {
        folder.add(model::TRANSNET, &bytes)?;
    }
    Ok(())
}

/// Copies `public/` to `static/`, and gives each file a hashed name as well.
fn add_public(public: &Path, folder: &mut Folder<'_>) -> Result<()> {
    for entry in walkdir::WalkDir::new(public).sort_by_file_name() {
        let entry = entry.context("`public/` cannot be read.")?;
        if entry.file_type().is_file() {
            let name = entry
                .path()
                .strip_prefix(public)?
                .to_string_lossy()
                .replace('\\', "/");
            let bytes = fs::read(entry.path())?;
            folder.add_static(&name, &bytes)?;
            folder.add(&name, &bytes)?;
        }
    }
    Ok(())
}
