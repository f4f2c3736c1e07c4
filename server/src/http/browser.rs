//! The browser that asks, as sign-in knows it.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use domain::identity::device::browser_name;
use services::identity;

use super::{client::Client, cookie};
use crate::state::Vitrine;

/// The longest `User-Agent` that is read, bytes.
const MAX_USER_AGENT: usize = 1024;

/// Address, device cookie and name of the browser.
#[derive(Debug, Clone)]
pub struct Browser(pub identity::Browser);

impl FromRequestParts<Vitrine> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, vitrine: &Vitrine) -> Result<Self, Infallible> {
        let Client(ip) = Client::from_request_parts(parts, vitrine).await?;
        let user_agent = parts
            .headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .filter(|text| text.len() <= MAX_USER_AGENT)
            .unwrap_or_default();
        Ok(Self(identity::Browser {
            ip,
            device: cookie::Kind::Device.read(vitrine, &parts.headers),
            name: browser_name(user_agent),
        }))
    }
}
