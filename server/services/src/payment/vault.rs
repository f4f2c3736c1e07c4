//! Secrets at rest: ChaCha20-Poly1305 (RFC 8439) under the instance's key.
//!
//! The key is a variable of the environment, or a file in the data folder that only its owner may read. Whoever has the
//! database alone has no processor's key.

use std::{fmt, io::Write, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::{Config, Error, Random, Result};

/// The file in the data folder.
const FILE: &str = "secret.key";
/// The least that a key of the environment has, characters.
const LEAST: usize = 32;
/// What a sealed secret begins with: which way of sealing it was.
const VERSION: &str = "1.";

/// A text that is written to no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(Self::new(text))
    }
}

/// Seals and opens secrets.
pub(crate) struct Vault(LessSafeKey);

impl Vault {
    /// Opens the vault of an instance, and makes its key where there is none.
    ///
    /// # Errors
    /// `Unavailable` when the key is too short or its file cannot be read or made.
    pub(crate) fn open(config: &Config, random: &Random) -> Result<Self> {
        let text = match &config.secret_key {
            Some(secret) if secret.reveal().trim().len() < LEAST => {
                return Err(Error::Unavailable(format!(
                    "VITRINE_SECRET_KEY is shorter than {LEAST} characters. Give all processes of this shop the same long random text."
                )));
            }
            Some(secret) => secret.clone(),
            None => Secret::new(key_file(&config.data, random)?),
        };
        Self::of(text.reveal().trim())
    }

    fn of(text: &str) -> Result<Self> {
        let key = blake3::derive_key("vitrine 2026-11-28 secrets at rest", text.as_bytes());
        UnboundKey::new(&CHACHA20_POLY1305, &key)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| Error::internal("the instance's key cannot be used"))
    }

    /// Seals `secret`, which only opens again for `subject`.
    pub(crate) fn seal(&self, random: &Random, subject: &str, secret: &str) -> Result<String> {
        let nonce: [u8; NONCE_LEN] = random.nonce()?;
        let mut bytes = secret.as_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(subject),
                &mut bytes,
            )
            .map_err(|_| Error::internal("a secret cannot be sealed"))?;
        let mut sealed = nonce.to_vec();
        sealed.extend(bytes);
        Ok(format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Opens what was sealed for `subject`.
    ///
    /// # Errors
    /// `Unavailable` when it was sealed with another key or for something else, or was changed.
    pub(crate) fn open_sealed(&self, subject: &str, sealed: &str) -> Result<Secret> {
        let open = || -> Option<String> {
            let mut bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(VERSION)?).ok()?;
            if bytes.len() < NONCE_LEN {
                return None;
            }
            let mut rest = bytes.split_off(NONCE_LEN);
            let nonce = Nonce::try_assume_unique_for_key(&bytes).ok()?;
            let plain = self
                .0
                .open_in_place(nonce, Aad::from(subject), &mut rest)
                .ok()?;
            String::from_utf8(plain.to_vec()).ok()
        };
        open().map(Secret).ok_or_else(|| {
            Error::Unavailable(
                "The keys of the payment processor cannot be read: this instance has another secret key than the one they were stored with. \
                 Put secret.key back into the data folder (or VITRINE_SECRET_KEY), or enter the keys again under Payments."
                    .to_owned(),
            )
        })
    }
}

/// The text of the key's file, made now where it is missing.
fn key_file(data: &Path, random: &Random) -> Result<String> {
    let file = data.join(FILE);
    let failed = |error: std::io::Error| {
        Error::Unavailable(format!(
            "The secret key {} cannot be read or made: {error}. Correct its rights, or set VITRINE_SECRET_KEY.",
            file.display()
        ))
    };
    match std::fs::read_to_string(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        read => return read.map_err(failed),
    }
    let new = data.join(format!("{FILE}.{}", random.token()?));
    write_private(&new, &random.token()?).map_err(failed)?;
    // A link fails where another process was quicker, and its key counts.
    let linked = std::fs::hard_link(&new, &file);
    let removed = std::fs::remove_file(&new);
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(failed(error));
        }
        _ => removed.map_err(failed)?,
    }
    std::fs::File::open(data)
        .and_then(|folder| folder.sync_all())
        .map_err(failed)?;
    std::fs::read_to_string(&file).map_err(failed)
}

/// Writes a file that only its owner may read; it is on the disk when this returns.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_what_it_was_sealed_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config::new(folder.path(), "http://localhost");
        let vault = Vault::open(&config, &Random::System).expect("a vault");
        let sealed = vault
            .seal(&Random::System, "a1", "sk_test_1")
            .expect("sealed");
        assert!(!sealed.contains("sk_test"));
        let again = Vault::open(&config, &Random::System).expect("the same key");
        assert_eq!(
            again.open_sealed("a1", &sealed).expect("open").reveal(),
            "sk_test_1"
        );
        assert!(
            again.open_sealed("a2", &sealed).is_err(),
            "another account's"
        );
        let mut changed = sealed.clone();
        changed.replace_range(4..5, if &sealed[4..5] == "A" { "B" } else { "A" });
        assert!(again.open_sealed("a1", &changed).is_err(), "changed");
        for nonsense in ["", "1.", "1.AAAA", "2.AAAA", "1.§"] {
            assert!(again.open_sealed("a1", nonsense).is_err(), "{nonsense}");
        }
        let other = Vault::of("another key that is long enough, too").expect("a vault");
        assert!(matches!(
            other.open_sealed("a1", &sealed),
            Err(Error::Unavailable(_))
        ));
        assert_eq!(
            std::fs::read_dir(folder.path()).expect("folder").count(),
            1,
            "nothing is left over"
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config::new(folder.path(), "http://localhost");
        Vault::open(&config, &Random::System).expect("a vault");
        let metadata = std::fs::metadata(folder.path().join(FILE)).expect("the key");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_of_the_environment_is_long_and_makes_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::new(folder.path(), "http://localhost");
        config.secret_key = Some(Secret::new("short"));
        assert!(matches!(
            Vault::open(&config, &Random::System),
            Err(Error::Unavailable(_))
        ));
        config.secret_key = Some(Secret::new("thirty-two characters at the least"));
        assert!(!format!("{config:?}").contains("thirty-two"));
        Vault::open(&config, &Random::System).expect("a vault");
        assert_eq!(std::fs::read_dir(folder.path()).expect("folder").count(), 0);
    }
}
