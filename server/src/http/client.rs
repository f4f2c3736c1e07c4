//! The address of the client: the other end of the socket, or what a trusted proxy says of it.

use std::net::IpAddr;

use axum::{extract::FromRequestParts, http::request::Parts};
use services::rate_limit::household;

use super::forwarded;
use crate::state::Vitrine;

/// The address that a request comes from, for rate limits: its [`household`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client(pub IpAddr);

impl FromRequestParts<Vitrine> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        vitrine: &Vitrine,
    ) -> Result<Self, Self::Rejection> {
        let peer = forwarded::peer(&parts.extensions);
        let found = forwarded::read(&vitrine.config.proxies, peer, &parts.headers);
        Ok(Self(household(found.client)))
    }
}
