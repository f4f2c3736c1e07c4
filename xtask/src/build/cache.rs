//! Results of slow steps, found again by the hash of what went in.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::place::Place;

/// How long a result stays. One that is still wanted then is made again.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A folder of results under the target folder.
#[derive(Debug)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// Opens the cache of this target folder.
    ///
    /// # Errors
    /// When its folder cannot be made.
    pub(crate) fn open(place: &Place) -> Result<Self> {
        let root = place.target.join("site-cache");
        fs::create_dir_all(&root).with_context(|| format!("{} cannot be made.", root.display()))?;
        Ok(Self { root })
    }

    /// The bytes that `make` gives for these inputs, from an earlier run where there was one. `inputs` must name
    /// everything the result depends on: tool, version, settings, content.
    ///
    /// # Errors
    /// Those of `make`, and those of the disk.
    pub(crate) fn get(
        &self,
        inputs: &[&[u8]],
        make: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let file = self.root.join(key(inputs));
        if let Ok(bytes) = fs::read(&file) {
            return Ok(bytes);
        }
        let bytes = make()?;
        // Written beside and renamed, so that a run cut short leaves no half result.
        let draft = file.with_extension(format!("{}.draft", std::process::id()));
        fs::write(&draft, &bytes)
            .with_context(|| format!("{} cannot be written.", draft.display()))?;
        fs::rename(&draft, &file)?;
        Ok(bytes)
    }

    /// Drops results that are a month old.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn prune(&self) -> Result<()> {
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let age = entry
                .metadata()?
                .modified()
                .unwrap_or(SystemTime::UNIX_EPOCH)
                .elapsed();
            if age.is_ok_and(|age| age > KEPT) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// The name of a result: each input with its length, so that no two lists of inputs meet.
fn key(inputs: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    for input in inputs {
        hasher.update(&(input.len() as u64).to_le_bytes());
        hasher.update(input);
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (crate::scratch::Scratch, Cache) {
        let folder = crate::scratch::Scratch::new();
        let place = Place {
            root: folder.path().into(),
            target: folder.path().into(),
        };
        let cache = Cache::open(&place).expect("a cache");
        (folder, cache)
    }

    #[test]
    fn makes_once() {
        let (_folder, cache) = cache();
        let first = cache.get(&[b"a"], || Ok(b"one".to_vec())).expect("made");
        let second = cache.get(&[b"a"], || Ok(b"two".to_vec())).expect("found");
        assert_eq!(
            (first.as_slice(), second.as_slice()),
            (&b"one"[..], &b"one"[..])
        );
        let other = cache.get(&[b"b"], || Ok(b"two".to_vec())).expect("made");
        assert_eq!(other, b"two");
    }

    #[test]
    fn keeps_nothing_of_a_failure() {
        let (_folder, cache) = cache();
        assert!(cache.get(&[b"a"], || anyhow::bail!("no")).is_err());
        assert_eq!(cache.get(&[b"a"], || Ok(vec![1])).expect("made"), [1]);
    }

    #[test]
    fn inputs_do_not_run_together() {
        assert_ne!(key(&[b"ab", b"c"]), key(&[b"a", b"bc"]));
    }
}
