//! Hashing passwords: argon2id with the parameters of the OWASP password storage guide (19 MiB, 2 passes, 1 lane).

use std::sync::LazyLock;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use domain::identity::Password;
use tokio::sync::Semaphore;

use crate::{Error, Result};

/// Two at a time: each takes 19 MiB and a core, and a flood of sign-ins must not starve the shop.
static TURN: Semaphore = Semaphore::const_new(2);

/// Stands in where there is no password, so that an unknown handle takes as long as a wrong password.
static DECOY: LazyLock<String> = LazyLock::new(|| {
    Argon2::default()
        .hash_password(b"no shop has this password")
        .map_or_else(|_| String::new(), |hash| hash.to_string())
});

async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let _turn = TURN.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)
}

/// A PHC string of the password.
pub(super) async fn hash(password: Password) -> Result<String> {
    on_a_thread(move || {
        Argon2::default()
            .hash_password(password.reveal().as_bytes())
            .map(|hash| hash.to_string())
            .map_err(Error::internal)
    })
    .await?
}

/// Whether `password` is the one that was hashed. `None` takes the same time and is never right.
pub(super) async fn verify(password: &str, hash: Option<String>) -> Result<bool> {
    // Longer ones were never accepted, so nothing is gained by hashing them.
    let password: String = password.chars().take(200).collect();
    on_a_thread(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| DECOY.clone());
        let Ok(parsed) = PasswordHash::new(&hash) else {
            return false;
        };
        Argon2::default()
            .verify_password(password.as_bytes(), &parsed)
            .is_ok()
            && known
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_opens() {
        let hashed = hash("correct horse".parse().expect("password"))
            .await
            .expect("hash");
        assert!(
            hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hashed}"
        );
        assert!(
            verify("correct horse", Some(hashed.clone()))
                .await
                .expect("verify")
        );
        assert!(!verify("correct horsE", Some(hashed)).await.expect("verify"));
        assert!(
            !verify("no shop has this password", None)
                .await
                .expect("verify")
        );
        assert!(
            !verify("x", Some("not a hash".into()))
                .await
                .expect("verify")
        );
    }
}
