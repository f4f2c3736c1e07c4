//! Why a service could not do what it was asked.

use domain::invalid::Invalid;

/// Every failure a service can answer with. All but the detail of [`Error::Internal`] are whole sentences for the person
/// who asked: what happened and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is another shop's.
    #[error("{0}")]
    NotFound(String),
    /// It was there once and cannot be used any more.
    #[error("{0}")]
    Gone(String),
    /// Who asked may not do this.
    #[error("{0}")]
    Denied(String),
    /// Who asked could do this before, and cannot any more: signed out, revoked or expired meanwhile.
    #[error("{0}")]
    Revoked(String),
    /// It is not signed by who may send it.
    #[error("{0}")]
    Unsigned(String),
    /// It does not fit what is there now.
    #[error("{0}")]
    Conflict(String),
    /// It was changed since whoever asks read it; nothing was written.
    #[error("{0}")]
    Changed(String),
    /// The bytes are not those that were announced (tus checksum).
    #[error("{0}")]
    Checksum(String),
    /// A field of the input is wrong.
    #[error("{message}")]
    Invalid {
        /// The name of the form field.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// More bytes than are taken.
    #[error("{0}")]
    TooLarge(String),
    /// Too many tries.
    #[error("{message}")]
    Limited {
        /// How long to wait.
        message: String,
        /// The same in seconds, for `Retry-After`.
        retry_after_s: u64,
    },
    /// Not possible at the moment.
    #[error("{0}")]
    Unavailable(String),
    /// The disk is full. What was stored stays.
    #[error("{0}")]
    Full(String),
    /// A fault of ours; the detail is for the log only.
    #[error("internal: {0}")]
    Internal(String),
}

/// What services answer with.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The HTTP status that says the same (RFC 9110; 507: RFC 4918; 460: tus checksum extension).
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotFound(_) => 404,
            Self::Gone(_) => 410,
            Self::Denied(_) => 403,
            Self::Revoked(_) => 401,
            Self::Unsigned(_) => 400,
            Self::Conflict(_) | Self::Changed(_) => 409,
            Self::Checksum(_) => 460,
            Self::Invalid { .. } => 422,
            Self::TooLarge(_) => 413,
            Self::Limited { .. } => 429,
            Self::Unavailable(_) => 503,
            Self::Full(_) => 507,
            Self::Internal(_) => 500,
        }
    }

    /// A word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::Gone(_) => "gone",
            Self::Denied(_) => "denied",
            Self::Revoked(_) => "revoked",
            Self::Unsigned(_) => "unsigned",
            Self::Conflict(_) => "conflict",
            Self::Changed(_) => "changed",
            Self::Checksum(_) => "checksum_mismatch",
            Self::Invalid { .. } => "invalid",
            Self::TooLarge(_) => "too_large",
            Self::Limited { .. } => "rate_limited",
            Self::Unavailable(_) => "unavailable",
            Self::Full(_) => "disk_full",
            Self::Internal(_) => "internal",
        }
    }

    /// The sentence for the person; never the detail of an internal fault.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Internal(_) => {
                "Something went wrong on our side. Try again in a moment.".to_owned()
            }
            other => other.to_string(),
        }
    }

    pub(crate) fn internal(detail: impl std::fmt::Display) -> Self {
        Self::Internal(detail.to_string())
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid {
            field: invalid.field,
            message: invalid.message,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                Self::Unavailable("The shop is very busy. Try again in a moment.".to_owned())
            }
            // SQLITE_FULL and PostgreSQL's disk_full (53100).
            sqlx::Error::Database(database) if matches!(database.code().as_deref(), Some("13" | "53100")) => {
                Self::Full("The disk of this shop is full. Nothing was changed; free some space and try again.".to_owned())
            }
            sqlx::Error::Database(database) if matches!(database.code().as_deref(), Some("5" | "261" | "517")) => {
                Self::Unavailable("The shop is very busy. Try again in a moment.".to_owned())
            }
            _ => Self::internal(format!("database: {error}")),
        }
    }
}

impl From<domain::checkout::Refused> for Error {
    fn from(refused: domain::checkout::Refused) -> Self {
        Self::Conflict(refused.to_string())
    }
}
