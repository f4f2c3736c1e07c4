//! What the services are opened with.

use std::path::PathBuf;

/// Where things are kept and how the instance is reached.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data folder: uploads in progress, and by default the database and the media.
    pub data: PathBuf,
    /// `sqlite:…` or `postgres://…`; `None`: `vitrine.sqlite` in the data folder.
    pub database_url: Option<String>,
    /// A folder's path or `s3://bucket/prefix`; `None`: `media` in the data folder.
    pub media_url: Option<String>,
    /// How browsers reach the instance, e.g. `http://localhost:3000`: relying party of passkeys.
    pub public_url: String,
    /// Whether the test gateway takes payments.
    pub test_payments: bool,
}

impl Config {
    /// Everything in one folder, reached under `public_url`, without payments.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>, public_url: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            database_url: None,
            media_url: None,
            public_url: public_url.into(),
            test_payments: false,
        }
    }
}
