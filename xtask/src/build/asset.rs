//! Files with a content hash in their name, compressed beside themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Grade;
use super::cache::Cache;

/// Hexadecimal digits of the hash in a file name: 48 bits, ample for the few dozen files of a site.
const DIGITS: usize = 12;

/// The site folder while it is made.
pub(super) struct Folder<'a> {
    root: PathBuf,
    cache: &'a Cache,
    grade: Grade,
    manifest: BTreeMap<String, String>,
    /// Paths relative to the folder, of everything this run put there.
    written: BTreeSet<String>,
}

impl<'a> Folder<'a> {
    /// Opens the folder at `root`, made when it is not there.
    pub(super) fn open(root: &Path, cache: &'a Cache, grade: Grade) -> Result<Self> {
        for name in ["pkg", "static"] {
            let path = root.join(name);
            fs::create_dir_all(&path)
                .with_context(|| format!("{} cannot be made.", path.display()))?;
        }
        Ok(Self {
            root: root.to_owned(),
            cache,
            grade,
            manifest: BTreeMap::new(),
            written: BTreeSet::new(),
        })
    }

    /// The URL path of a logical name, when it is there already.
    pub(super) fn url(&self, name: &str) -> Option<&str> {
        self.manifest.get(name).map(String::as_str)
    }

    /// Puts a file under its hashed name and into the manifest. Answers its URL path.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<String> {
        let url = self.place(name, bytes)?;
        self.manifest.insert(name.to_owned(), url.clone());
        Ok(url)
    }

    /// Puts a file under its hashed name, not into the manifest: only another file names it.
    pub(super) fn place(&mut self, name: &str, bytes: &[u8]) -> Result<String> {
        let file = format!("pkg/{}", hashed(name, bytes));
        self.write_packed(&file, bytes)?;
        Ok(format!("/{file}"))
    }

    /// Puts a file of `public/` under its own name. Trained weights are loaded under their hashed name, so that here they are
    /// not compressed as well.
    pub(super) fn add_static(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let file = format!("static/{name}");
        if name.ends_with(".bin") {
            return self.write(&file, bytes);
        }
        self.write_packed(&file, bytes)
    }

    /// Writes a file, compressed beside itself where that is worth it.
    fn write_packed(&mut self, file: &str, bytes: &[u8]) -> Result<()> {
        self.write(file, bytes)?;
        if compressible(file) {
            let quality = match self.grade {
                Grade::Dev | Grade::Test => 5,
                Grade::Dist => 11,
            };
            let br = self.cache.get(&[b"brotli", &[quality], bytes], || {
                compress::brotli(bytes, quality)
            })?;
            let gz = self
                .cache
                .get(&[b"gzip", bytes], || compress::gzip(bytes))?;
            self.write(&format!("{file}.br"), &br)?;
            self.write(&format!("{file}.gz"), &gz)?;
        }
        Ok(())
    }

    /// Takes over what an earlier run left under a logical name, when it is still there.
    pub(super) fn keep(&mut self, name: &str, url: &str) {
        let file = url.trim_start_matches('/').to_owned();
        if self.root.join(&file).is_file() {
            self.manifest.insert(name.to_owned(), url.to_owned());
            for end in ["", ".br", ".gz"] {
                self.written.insert(format!("{file}{end}"));
            }
        }
    }

    /// Raw and brotli size of a logical name, in bytes.
    pub(super) fn weigh(&self, name: &str) -> Result<(u64, u64)> {
        let url = self
            .url(name)
            .with_context(|| format!("{name} was not built."))?;
        let file = self.root.join(url.trim_start_matches('/'));
        let small = PathBuf::from(format!("{}.br", file.display()));
        Ok((fs::metadata(file)?.len(), fs::metadata(small)?.len()))
    }

    /// Writes the manifest and drops what neither this run nor the one before it (`previous`) put there: a page that
    /// was loaded just before a rebuild still finds its files.
    pub(super) fn finish(mut self, previous: &BTreeMap<String, String>) -> Result<()> {
        let json = serde_json::to_string_pretty(&self.manifest)?;
        self.write("manifest.json", json.as_bytes())?;
        if self.grade != Grade::Dist {
            for url in previous.values() {
                let file = url.trim_start_matches('/');
                for end in ["", ".br", ".gz"] {
                    self.written.insert(format!("{file}{end}"));
                }
            }
        }
        for entry in walkdir::WalkDir::new(&self.root) {
            let entry = entry?;
            let name = entry
                .path()
                .strip_prefix(&self.root)?
                .to_string_lossy()
                .replace('\\', "/");
            if entry.file_type().is_file() && !self.written.contains(&name) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Writes a file unless it is there with this content: what did not change keeps its time.
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.root.join(name);
        self.written.insert(name.to_owned());
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, bytes).with_context(|| format!("{} cannot be written.", path.display()))
    }
}

/// `models/shots.bin` → `models-shots-0123456789ab.bin`: one flat folder, so that modules find each other beside
/// themselves.
fn hashed(name: &str, bytes: &[u8]) -> String {
    let hash = blake3::hash(bytes).to_hex();
    let hash = &hash[..DIGITS];
    let flat = name.replace('/', "-");
    match flat.rsplit_once('.') {
        Some((stem, end)) => format!("{stem}-{hash}.{end}"),
        None => format!("{flat}-{hash}"),
    }
}

/// How a file of `pkg/` names another: relative, as a module specifier.
pub(super) fn beside(url: &str) -> String {
    let file = url.rsplit('/').next().unwrap_or(url);
    format!("./{file}")
}

/// Whether compression is worth it: pictures, fonts and clips are compressed already.
fn compressible(name: &str) -> bool {
    let end = name.rsplit('.').next().unwrap_or_default();
    matches!(
        end,
        "js" | "wasm" | "css" | "json" | "svg" | "txt" | "webmanifest" | "bin" | "ico"
    )
}

/// The two encodings that browsers ask for.
pub(crate) mod compress {
    use super::*;

    /// Brotli (RFC 7932) with a window of 4 MiB. `quality` is 0 to 11.
    ///
    /// # Errors
    /// None in memory; the writer's type has them.
    pub(crate) fn brotli(bytes: &[u8], quality: u8) -> Result<Vec<u8>> {
        crate::progress::alive("brotli", || {
            let mut out = Vec::new();
            let mut writer =
                brotli::CompressorWriter::new(&mut out, 1 << 16, u32::from(quality), 22);
            writer.write_all(bytes)?;
            drop(writer);
            Ok(out)
        })
    }

    /// Brotli as `dist` ships it, from the cache where it has been made before.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn cached(cache: &Cache, bytes: &[u8]) -> Result<Vec<u8>> {
        cache.get(&[b"brotli", &[11], bytes], || brotli(bytes, 11))
    }

    /// gzip (RFC 1952), without a time in its head, so that equal bytes give equal files.
    ///
    /// # Errors
    /// None in memory; the writer's type has them.
    pub(crate) fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        writer.write_all(bytes)?;
        Ok(writer.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Place;
    use std::io::Read;

    #[test]
    fn names_change_with_the_content_only() {
        let one = hashed("models/shots.bin", b"1");
        assert_eq!(one, hashed("models/shots.bin", b"1"));
        assert_ne!(one, hashed("models/shots.bin", b"2"));
        assert!(one.starts_with("models-shots-") && one.ends_with(".bin"));
        assert_eq!(one.len(), "models-shots-.bin".len() + DIGITS);
    }

    #[test]
    fn compressed_bytes_come_back() {
        let text = b"a lit case in a quiet street ".repeat(40);
        let br = compress::brotli(&text, 11).expect("compresses");
        let mut back = Vec::new();
        brotli::Decompressor::new(&br[..], 4096)
            .read_to_end(&mut back)
            .expect("is brotli");
        assert_eq!(back, text);
        let gz = compress::gzip(&text).expect("compresses");
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(&gz[..])
            .read_to_end(&mut back)
            .expect("is gzip");
        assert_eq!(back, text);
    }

    #[test]
    fn a_rebuild_keeps_the_files_of_the_build_before() {
        let home = crate::scratch::Scratch::new();
        let place = Place {
            root: home.path().into(),
            target: home.path().into(),
        };
        let cache = Cache::open(&place).expect("a cache");
        let root = home.path().join("site");
        let mut previous = BTreeMap::new();
        let mut urls = Vec::new();
        for content in ["one", "two", "three"] {
            let mut folder = Folder::open(&root, &cache, Grade::Dev).expect("opens");
            urls.push(folder.add("a.js", content.as_bytes()).expect("adds"));
            let now = folder.manifest.clone();
            folder.finish(&previous).expect("finishes");
            previous = now;
        }
        let there: Vec<bool> = urls
            .iter()
            .map(|url| root.join(&url[1..]).is_file())
            .collect();
        assert_eq!(there, [false, true, true]);
    }
}
