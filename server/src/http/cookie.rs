//! The two cookies of whoever signs in: the session, and the device that is known from then on.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use domain::time::UnixMs;
use services::identity::{SignedIn, Token};

use super::error::Problem;
use crate::state::Vitrine;

/// The longest value that is read, bytes; ours have 43.
const MAX_BYTES: usize = 128;

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Who is signed in.
    Session,
    /// A browser in which somebody has signed in.
    Device,
}

impl Kind {
    /// The cookie's name. `__Host-` makes browsers insist on Secure, Path=/ and no Domain; it cannot be used without https.
    const fn name(self, is_https: bool) -> &'static str {
        match (self, is_https) {
            (Self::Session, true) => "__Host-vitrine_session",
            (Self::Session, false) => "vitrine_session",
            (Self::Device, true) => "__Host-vitrine_device",
            (Self::Device, false) => "vitrine_device",
        }
    }

    /// The cookie's value, if one came.
    #[must_use]
    pub fn read(self, vitrine: &Vitrine, headers: &HeaderMap) -> Option<String> {
        let jar = CookieJar::from_headers(headers);
        jar.get(self.name(vitrine.config.public_url.is_https()))
            .map(|cookie| cookie.value().to_owned())
            .filter(|value| !value.is_empty() && value.len() <= MAX_BYTES)
    }

    fn set(self, vitrine: &Vitrine, value: &str, seconds: i64) -> Result<HeaderValue, Problem> {
        let is_https = vitrine.config.public_url.is_https();
        let text = Cookie::build((self.name(is_https), value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(is_https || !vitrine.config.public_url.is_loopback())
            .build()
            .to_string();
        HeaderValue::try_from(format!("{text}; Max-Age={}", seconds.max(0)))
            .map_err(Problem::internal)
    }
}

/// `Set-Cookie` twice: what starts a session.
///
/// # Errors
/// Internal, when a value is no cookie value.
pub fn begin(
    vitrine: &Vitrine,
    signed: &SignedIn,
    now: UnixMs,
) -> Result<[(HeaderName, HeaderValue); 2], Problem> {
    let set = |kind: Kind, token: &Token| -> Result<_, Problem> {
        let seconds = token.expires_at.0.saturating_sub(now.0) / 1000;
        Ok((
            header::SET_COOKIE,
            kind.set(vitrine, &token.value, seconds)?,
        ))
    };
    Ok([
        set(Kind::Session, &signed.session)?,
        set(Kind::Device, &signed.device)?,
    ])
}

/// `Set-Cookie` that ends a session. The device stays known.
///
/// # Errors
/// Internal, never in practice.
pub fn end(vitrine: &Vitrine) -> Result<HeaderValue, Problem> {
    Kind::Session.set(vitrine, "", 0)
}
